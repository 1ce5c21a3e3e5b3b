"""Tables of dataclass values that cannot leave a field out: what no column tells gets a column of its own.

A field that is added to a state or an action appears in the pages by itself, under its name in the glossary; a value
of a kind that nobody thought of raises TypeError. This module must not know which dataclasses there are.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from infra.reference import markdown
from infra.reference.glossary import Glossary

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """`show` gives the cell of a row; `fields` are those of the row that it tells."""

    heading: str
    fields: tuple[str, ...]
    show: Callable[[R], str]


def of(rows: Sequence[R], columns: Sequence[Column[R]], words: Glossary) -> str:
    """A table of `rows` by `columns`, and a column more for each field that none of them tells."""
    told = {name for column in columns for name in column.fields}
    others = _untold(rows[0], told) if rows else ()
    headings = [column.heading for column in columns] + [f"{words.heading(name)} `{name}`" for name in others]
    cells = [
        [column.show(row) for column in columns] + [value(getattr(row, name), words) for name in others] for row in rows
    ]
    return markdown.table(headings, cells)


def rest(found: DataclassInstance, told: Collection[str], words: Glossary) -> list[str]:
    """What `found` says in fields other than `told`, each with its name."""
    said = ((name, value(getattr(found, name), words)) for name in _untold(found, told))
    return [f"{words.heading(name)}：{text}" for name, text in said if text]


def value(found: Any, words: Glossary) -> str:
    """Any value as a cell: "" for what is empty or false, codes with their Chinese where the glossary has it."""
    if found is None or found is False or found in ("", (), [], frozenset()):
        return ""
    if found is True:
        return "是"
    if isinstance(found, str):
        return words.guess(found) if re.fullmatch(r"[a-z][a-z_]*", found) else str(found)
    if isinstance(found, int):
        return str(found)
    if isinstance(found, Mapping):
        return "；".join(f"{words.heading(name)}：{value(part, words)}" for name, part in found.items())
    if isinstance(found, Set):
        return "、".join(sorted(value(part, words) for part in found))
    if isinstance(found, Sequence):
        return "、".join(value(part, words) for part in found)
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return "；".join(rest(found, (), words))
    raise TypeError(f"infra/reference/tables.py does not know how to show a {type(found).__name__}")


def _untold(row: DataclassInstance, told: Collection[str]) -> list[str]:
    return [field.name for field in dataclasses.fields(row) if field.name not in told]
