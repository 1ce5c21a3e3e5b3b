"""Cells as they are kept: one item for each organisation and day, a month beside each other, so that a month is one
query a megabyte. No other module touches the table.

A cell is replaced under the version that was seen before its facts were read, so that of two who compute it at once
the one who read later wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.indices.tally import Tally
from chalicelib.store.connection import share
from chalicelib.store.failures import ConditionFailed, guarded, persistently
from chalicelib.store.packing import pack, unpack

_DAY = len("2026-03-02")


@dataclass(frozen=True, slots=True)
class Cell:
    """One organisation's day; `version` is 0 where none is kept."""

    organisation: str
    day: date
    counts: Tally
    version: int


class CellRow(Model):
    """The row; `counts` is compressed JSON."""

    class Meta:
        table_name = settings.current().cells_table
        billing_mode = "PAY_PER_REQUEST"

    month = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True, attr_name="day_org")
    version = NumberAttribute(attr_name="v")
    counts = BinaryAttribute(legacy_encoding=False, attr_name="d")


share(CellRow)


def one(organisation: str, day: date) -> Cell:
    """The cell of an organisation's day, an empty one where none is kept."""
    try:
        with guarded():
            return cell(CellRow.get(_month(day), _place(organisation, day), consistent_read=True))
    except CellRow.DoesNotExist:
        return Cell(organisation, day, {}, 0)


def between(first: date, last: date) -> Iterator[Cell]:
    """The cells of days of one month, by day and organisation. A page is read when it is come to."""
    places = CellRow.place.between(f"{first.isoformat()}#", f"{last.isoformat()}$")  # "$" comes after "#"
    with guarded():
        for row in CellRow.query(_month(first), places, consistent_read=True):
            yield cell(row)


def below(scope: str, day: date, after: str = "") -> list[Cell]:
    """The cells of a day of those whose codes begin with `scope`, from the organisation `after` on; one read a
    megabyte."""
    places = CellRow.place.between(_place(after or scope, day), _place(scope, day) + ":")  # ":" comes after "9"
    with guarded():
        return [cell(row) for row in CellRow.query(_month(day), places)]


def replace(seen: Cell, counts: Tally) -> bool:
    """Keeps other counts in the place of those that were seen; False where somebody else did meanwhile."""
    row = CellRow(_month(seen.day), _place(seen.organisation, seen.day), version=seen.version + 1, counts=pack(counts))
    unchanged = CellRow.version == seen.version if seen.version else CellRow.version.does_not_exist()
    try:
        persistently(lambda: row.save(condition=unchanged))
    except ConditionFailed:
        return False
    return True


def cell(row: CellRow) -> Cell:
    """The cell that a row holds."""
    day, organisation = row.place[:_DAY], row.place[_DAY + 1 :]
    return Cell(organisation, date.fromisoformat(day), unpack(row.counts), int(row.version))


def _month(day: date) -> str:
    return day.isoformat()[:7]


def _place(organisation: str, day: date) -> str:
    return f"{day.isoformat()}#{organisation}"
