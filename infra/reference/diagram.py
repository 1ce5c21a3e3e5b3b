"""A procedure as a Mermaid state diagram, which GitHub and most viewers draw.

Steps that leave the state as it is stand inside its box, behind a ↻, so that the arrows show the way of a case and
nothing else. What Mermaid would misread is refused: its labels end at : ; and # and some words are its own. This module
must not add anything that the table does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.domain.procedure import BACK, Action, Procedure

STAYS = "↻ "
EDGE = "[*]"  # before intake, and after a final state
_RESERVED = {"as", "class", "classdef", "click", "default", "direction", "note", "scale", "state", "style"}


def diagram(procedure: Procedure) -> str:
    """The diagram in its code block. Raises ValueError for a name or text that Mermaid would not take."""
    lines = ["stateDiagram-v2"]
    for name, state in procedure.states.items():
        lines.append(f"{_id(name)}: {_label(state.text.zh)}")
        lines += [f"{name}: {STAYS}{_label(row.text.zh)}" for row in procedure.actions if _stays(row, name)]
    lines += [f"{source} --> {target}: {_label(row.text.zh)}" for source, target, row in _ways(procedure)]
    lines += [f"{name} --> {EDGE}" for name, state in procedure.states.items() if state.final]
    return "\n".join(["```mermaid", lines[0], *(f"    {line}" for line in lines[1:]), "```"])


def _stays(row: Action, state: str) -> bool:
    return row.target is None and state in row.sources


def _ways(procedure: Procedure) -> Iterator[tuple[str, str, Action]]:
    """Every way from a state to another, in the table's order; `back` leads to wherever the pause can have begun."""
    for row in procedure.actions:
        if not row.sources:
            yield EDGE, procedure.initial, row
        for source in procedure.states:
            if source in row.sources and row.target is not None:
                for target in _targets(procedure, row.target, source):
                    yield source, target, row


def _targets(procedure: Procedure, target: str, source: str) -> list[str]:
    if target != BACK:
        return [target]
    begun = {state for row in procedure.actions if row.target == source for state in row.sources}
    return [state for state in procedure.states if state in begun]


def _id(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z_]*", name) or name in _RESERVED:
        raise ValueError(f"a state called {name!r} cannot be drawn: Mermaid would misread the name")
    return name


def _label(text: str) -> str:
    if not re.fullmatch(r"[\w（）()、，。·/ ]+", text):
        raise ValueError(f"{text!r} cannot be drawn: Mermaid would misread one of its characters")
    return text
