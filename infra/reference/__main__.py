"""`python -m infra.reference write` writes docs/openapi.json and docs/reference/, `check` compares them.

The OpenAPI document is what `GET /v1/openapi.json` answers on a local cloud.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from pathlib import Path
from typing import Any

from infra.local.cloud import LocalCloud
from infra.reference import files
from infra.reference.pages import OPENAPI, MissingWords, pages

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_DIFFERENT = """生成的文档与来源不符，请执行 make docs，并一并提交。
The generated documents are not what the sources say; run `make docs` and commit what it writes:"""
_MISSING = """以下用词不在 docs/glossary.md 中，请先补入：
These words are not in docs/glossary.md; a domain word stands there or is not used:"""


def main(arguments: list[str] | None = None) -> int:
    """Write or compare; gives the exit status: 1 for a difference or a word that the glossary does not have."""
    parser = argparse.ArgumentParser(prog="python -m infra.reference", description=__doc__)
    parser.add_argument("what", choices=("write", "check"))
    given = parser.parse_args(arguments)
    try:
        wanted = pages(ROOT, _document())
    except MissingWords as missing:
        print("\n  ".join([_MISSING, *missing.words]), file=sys.stderr)
        return 1
    if given.what == "write":
        files.write(DOCS, wanted)
    elif different := files.different(DOCS, wanted):
        print("\n  ".join([_DIFFERENT, *(f"docs/{path}" for path in different)]), file=sys.stderr)
        return 1
    return 0


def _document() -> dict[str, Any]:
    """What the route answers; the log lines of the request are nobody's business here."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.closing(LocalCloud.start()) as cloud:
        document: dict[str, Any] = cloud.request("GET", f"/v1/{OPENAPI}").json()
    return document


if __name__ == "__main__":
    sys.exit(main())
