"""What a report (月报) holds: one organisation's assessment, what lies open and late, work orders, ratings, centres.

A report is made of published numbers alone; no personal data is in them. This module must not know how it looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.calendar import legal_day
from chalicelib.domain.indices import tally
from chalicelib.domain.indices.board import Rows
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.item import Text
from chalicelib.domain.order import KINDS
from chalicelib.services import assessing
from chalicelib.services.assessing import Assessment, Line
from chalicelib.services.boards import Sheet

MOVERS = 3  # indicators that are named in either direction


@dataclass(frozen=True, slots=True)
class Orders:
    """Work orders of one kind in a period: opened, closed with a date, of those late; at its end open, and overdue."""

    name: Text
    opened: int
    closed: int
    late: int
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Report:
    """One organisation in a period. `edition`: 1 as it was closed, one more for each correction since; None on request.
    `counts`: with stocks as they stand at the end."""

    assessment: Assessment
    edition: int | None
    counts: Tally
    orders: Sequence[Orders]

    @property
    def sheet(self) -> Sheet:
        """The sheet that it is made of."""
        return self.assessment.sheet

    @property
    def at(self) -> date:
        """The last day that it tells of."""
        return min(self.sheet.board.period.last, legal_day(self.sheet.board.edition.as_of))

    def movers(self, sign: int) -> list[Line]:
        """The indicators that raised (1) or lowered (-1) the index most since the period before."""
        moved = [line for line in self.assessment.lines if line.added and line.added * sign > 0]
        return sorted(moved, key=lambda line: -abs(line.added or 0))[:MOVERS]


def of(sheet: Sheet, peers: Rows, edition: int | None = None) -> Report:
    """The report of a sheet beside the rows of its level."""
    found = assessing.of(sheet, peers)
    at = min(sheet.board.period.last, legal_day(sheet.board.edition.as_of))
    counts = tally.settled(sheet.row.counts, at)
    return Report(found, edition, counts, tuple(_orders(counts)))


def _orders(counts: Tally) -> Iterator[Orders]:
    for ref, kind in KINDS.items():
        found = tally.part(counts, f"orders/{ref.partition('@')[0]}/")
        if found:
            yield Orders(
                kind.name,
                opened=found.get("submit", 0),
                closed=found.get("due", 0),
                late=found.get("due/late", 0),
                open=found.get("open", 0),
                overdue=found.get("open/overdue", 0),
            )
