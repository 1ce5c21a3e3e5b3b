"""All that is generated, by its path under docs/: the OpenAPI document and the pages of the reference.

Pages are functions of the sources; this module must not write files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chalicelib.domain.authority import Line
from chalicelib.procedures import all_procedures
from infra import policies
from infra.reference import glossary, guards, items, markdown, orders, procedures, refusals, rights, routes, rules

OPENAPI = "openapi.json"
FOLDER = "reference"
_INTRO = """\
这些页面由代码和数据自身的声明生成：程序、事项、办理条件、接口、错误码。改动其中任何一项后请执行 `make docs`，
`make check` 会核对。

These pages are made from what code and data declare. After a change to a procedure, an item, a guard, a route or a
refusal run `make docs`; `make check` compares."""


class MissingWords(Exception):  # noqa: N818  it says which
    """`words` are those that the sources use and docs/glossary.md does not have."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = sorted(words)
        super().__init__(", ".join(self.words))


def pages(root: Path, document: Mapping[str, Any]) -> dict[str, str]:
    """The text of every generated file. `document` is the OpenAPI document. Raises MissingWords."""
    words = glossary.parse((root / "docs" / "glossary.md").read_text(encoding="utf-8"))
    catalogue = items.read(root / "infra" / "registry")
    tables = list(all_procedures().values())
    found = {procedures.path(each): procedures.page(each, words) for each in tables}
    found[orders.PATH] = orders.page(words)
    found[guards.PATH] = guards.page(tables, words)
    found[items.PATH] = items.overview(catalogue, words)
    found |= {items.path(line): items.page(line, catalogue, words) for line in Line}
    found[rules.PATH] = rules.page(words)
    found[routes.PATH] = routes.page(document)
    found[refusals.PATH] = refusals.page()
    found[rights.PATH] = rights.page(policies.read(root / policies.DIRECTORY.name))
    found["README.md"] = _index(found)
    if words.missing:
        raise MissingWords(words.missing)
    return {OPENAPI: _json(document), **{f"{FOLDER}/{path}": text for path, text in found.items()}}


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _index(found: Mapping[str, str]) -> str:
    links = [f"{'  ' * (path.startswith('items/'))}- [{_title(text)}]({path})" for path, text in found.items()]
    whole = f"- [OpenAPI 3.1](../{OPENAPI})"
    return markdown.page("参考 Reference", "", _INTRO, "\n".join([*links, whole]))


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ")
