"""The page of guards (办理条件): what a step asks beyond its row of the table, each with the article it rests on.

The text is the guard's own docstring. This module must not add to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from chalicelib.domain.guards import GUARDS
from chalicelib.domain.procedure import Procedure
from infra.reference import glossary, markdown, procedures
from infra.reference.glossary import Glossary
from infra.reference.markdown import BREAK

PATH = "guards.md"
TITLE = "办理条件 Guards"
_INTRO = "步骤在状态、岗位和必填项之外还要满足的条件 · What a step must meet beside state, post and what it demands."


def page(found: Iterable[Procedure], words: Glossary) -> str:
    """The page of every guard, with the steps that ask it."""
    tables = tuple(found)
    rows = [
        (
            f"{markdown.anchor(name)}{words.shown(name, glossary.DEMANDS)}",
            markdown.prose(inspect.getdoc(guard) or ""),
            BREAK.join(filter(None, (_steps(name, each) for each in tables))),
        )
        for name, guard in GUARDS.items()
    ]
    return markdown.page(TITLE, "README.md", _INTRO, markdown.table(("条件 Guard", "规则 Rule", "用于 Asked by"), rows))


def _steps(guard: str, procedure: Procedure) -> str:
    asked = dict.fromkeys(row.text.zh for row in procedure.actions if guard in row.guards)
    return f"[{procedure.ref}]({procedures.path(procedure)})：{'、'.join(asked)}" if asked else ""
