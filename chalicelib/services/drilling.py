"""The facts behind a number (下钻): from an indicator of a period down to what happened, page by page.

A page reads so many days and no more, however large the period; it may be short and still go on. What each fact counts
is told beside it, so that the facts can be added up to the number. This module must not write and must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Identity
from chalicelib.domain.calendar import ONE_DAY, legal_day
from chalicelib.domain.fact import Fact
from chalicelib.domain.indices import cell as counting
from chalicelib.domain.indices import tally
from chalicelib.domain.indices.indicator import ITEMS, Indicator
from chalicelib.domain.indices.tally import Tally
from chalicelib.errors import FieldError, InvalidInput, NotFound
from chalicelib.services import boards, registry
from chalicelib.services.boards import Sheet
from chalicelib.store import cells, facts
from chalicelib.store.cells import Cell

READS_A_PAGE = 40


@dataclass(frozen=True, slots=True)
class Behind:
    """A fact, and what it counts of an indicator."""

    fact: Fact
    counts: Tally


@dataclass(frozen=True, slots=True)
class Page:
    """Facts by day, organisation and name, and where they go on; `sheet` has the number itself."""

    sheet: Sheet
    indicator: Indicator
    rows: tuple[Behind, ...]
    after: Mapping[str, Any] | None


def behind(
    name: str, code: str, indicator: str, *, identity: Identity, after: Mapping[str, Any] | None, most: int
) -> Page:
    """One page of the facts that an indicator of an organisation and all below it was counted from in a period."""
    sheet = boards.sheet(name, code, identity=identity)
    one = boards.indicator(sheet.board.formula, indicator)
    if one.family == ITEMS:
        raise NotFound(
            "该指标按事项目录计算，没有办件记录；见 /v1/items",
            "this indicator is counted from the catalogue and not from facts; see /v1/items",
        )
    page = _Page(one, most)
    last = min(sheet.board.period.last, legal_day(sheet.board.edition.as_of))
    day = max(_day(after) or sheet.board.period.first, sheet.board.period.first)
    scope = organisations.scope(code)
    while day <= last and page.goes_on():
        at = str(after["o"]) if after and _day(after) == day else ""
        page.read(cells.below(scope, day, at), after if at else None)
        day += ONE_DAY
    return Page(
        sheet, one, tuple(page.rows), page.after or ({"d": day.isoformat(), "o": "", "f": ""} if day <= last else None)
    )


class _Page:
    def __init__(self, indicator: Indicator, most: int) -> None:
        self._names = {name.lstrip("-") for name in (*indicator.numerator, *indicator.denominator)}
        self._most = most
        self._reads = 0
        self._calendar = registry.current_calendar()
        self.rows: list[Behind] = []
        self.after: Mapping[str, Any] | None = None

    def goes_on(self) -> bool:
        """Whether there is room for another day."""
        return self.after is None and self._reads < READS_A_PAGE and len(self.rows) < self._most

    def read(self, found: list[Cell], after: Mapping[str, Any] | None) -> None:
        """The facts of a day's cells, from a fact on; notes where to go on when the page is full."""
        self._reads += 1
        for cell in found:
            if not self._of(cell.counts):
                continue
            begun = str(after["f"]) if after and after["o"] == cell.organisation else ""
            if self._reads >= READS_A_PAGE:
                self.after = _after(cell.organisation, cell.day, begun)
                return
            self._reads += 1
            for each in self._facts(cell.organisation, cell.day):
                if each.fact.name <= begun:
                    continue
                if len(self.rows) == self._most:
                    last = self.rows[-1].fact
                    name = last.name if last.place == each.fact.place else ""
                    self.after = _after(cell.organisation, cell.day, name)
                    return
                self.rows.append(each)

    def _facts(self, organisation: str, day: date) -> Iterator[Behind]:
        for fact in counting.latest(facts.of_day(organisation, day)):
            counts = self._of(counting.of_fact(fact, self._calendar))
            if counts:
                yield Behind(fact, counts)

    def _of(self, counts: Tally) -> dict[str, int]:
        """Of counts those that the indicator is made of; of a stock what came and went."""
        return {name: count for name, count in counts.items() if name in self._names or self._moves(name)}

    def _moves(self, name: str) -> bool:
        stock = name.removeprefix(tally.STOCK).rpartition("/")[0]
        return name.startswith(tally.STOCK) and not self._names.isdisjoint({stock, f"{stock}/overdue"})


def _after(organisation: str, day: date, name: str) -> Mapping[str, Any]:
    return {"d": day.isoformat(), "o": organisation, "f": name}


def _day(after: Mapping[str, Any] | None) -> date | None:
    """The day that a cursor names; InvalidInput where it names none."""
    try:
        return date.fromisoformat(str(after["d"])) if after else None
    except ValueError as error:
        told = FieldError(
            "cursor", "unknown_cursor", "游标无效，请使用上一页返回的 next", "pass back the `next` of the page before"
        )
        raise InvalidInput(errors=[told]) from error
