"""The diagrams of procedures are their tables: every state, every step, and nothing else.

Diagrams are read by a small strict reader of our own, and compared with the TOML tables, not with what the generator
made of them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.procedures import all_procedures
from infra.reference.diagram import diagram
from tests.support import published

FILES = sorted(published.PROCEDURES.glob("*.toml"))

_TEXT = r"[^\s:;#%<>{}\"][^:;#%<>{}\"\n]*"  # what Mermaid reads as one label
_BOX = re.compile(rf"    ([a-z_]+): ({_TEXT})")
_ARROW = re.compile(rf"    (\[\*\]|[a-z_]+) --> (\[\*\]|[a-z_]+)(?:: ({_TEXT}))?")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A state diagram: each state's title, the steps inside its box, and the arrows with their labels."""

    titles: dict[str, str]
    inside: Counter[tuple[str, str]]
    arrows: Counter[tuple[str, str, str]]


def read(block: str) -> Drawn:
    """The diagram of a code block; whatever Mermaid might read otherwise is refused."""
    fence, kind, *lines, end = block.splitlines()
    assert (fence, kind, end) == ("```mermaid", "stateDiagram-v2", "```")
    drawn = Drawn({}, Counter(), Counter())
    for line in lines:
        if box := _BOX.fullmatch(line):
            if box[1] in drawn.titles:
                drawn.inside[box[1], box[2]] += 1
            drawn.titles.setdefault(box[1], box[2])
        else:
            arrow = _ARROW.fullmatch(line)
            assert arrow, f"Mermaid would not read: {line!r}"
            drawn.arrows[arrow[1], arrow[2], arrow[3] or ""] += 1
    named = {end for source, target, _ in drawn.arrows for end in (source, target)}
    assert named - {"[*]"} <= set(drawn.titles)
    return drawn


def tabled(table: dict[str, Any]) -> Drawn:
    """What the diagram of a table must show."""
    titles = {name: entry["zh"] for name, entry in table["states"].items()}
    finals = [name for name, entry in table["states"].items() if entry.get("final")]
    drawn = Drawn(titles, Counter(), Counter((name, "[*]", "") for name in finals))
    for row in table["actions"]:
        for source in row["from"] or ["[*]"]:
            if "to" not in row:
                drawn.inside[source, f"↻ {row['zh']}"] += 1
            for target in targets(table, row, source):
                drawn.arrows[source, target, row["zh"]] += 1
    return drawn


def targets(table: dict[str, Any], row: dict[str, Any], source: str) -> list[str]:
    if row.get("to") != "back":
        return [row["to"]] if "to" in row else []
    return sorted({before for other in table["actions"] if other.get("to") == source for before in other["from"]})


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_diagram_shows_every_state_and_every_step_as_the_table_has_them(file: Path) -> None:
    table = published.read(file)
    assert read(diagram(all_procedures()[f"{table['name']}@{table['version']}"])) == tabled(table)


def test_what_mermaid_would_misread_is_not_drawn() -> None:
    permit = all_procedures()["permit@1"]
    received = permit.states["received"]
    for text in ("已收件: 待审", "已收件; 待审", "#1", "", "a\nb"):
        changed = replace(received, text=replace(received.text, zh=text))
        with pytest.raises(ValueError, match="misread"):
            diagram(replace(permit, states={**permit.states, "received": changed}))
    with pytest.raises(ValueError, match="misread"):
        diagram(replace(permit, states={**permit.states, "note": received}))
