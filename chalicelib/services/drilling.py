"""The facts behind a number (下钻): from an indicator of a period down to what happened, page by page.

Of an indicator that is made of a stock (存量) the facts before the period follow its own, the latest days first, as
far back as anything stood. A page reads so often and no more, however large the period; it may be short and still go
on. What each fact counts is told beside it, so that the facts can be added up to the number. This module must not write
and must not know HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Identity
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.fact import Fact
from chalicelib.domain.indices import cell as counting
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices import tally
from chalicelib.domain.indices.indicator import ITEMS, Indicator
from chalicelib.domain.indices.period import Period, Span
from chalicelib.domain.indices.tally import Tally
from chalicelib.errors import FieldError, InvalidInput, NotFound
from chalicelib.services import boards, registry
from chalicelib.services.boards import Sheet
from chalicelib.store import cells, facts, indices
from chalicelib.store.cells import Cell

READS_A_PAGE = 40
_TO_OPEN = 3  # reads before the facts of a day: what its month comes to (two), and its cells


@dataclass(frozen=True, slots=True)
class Behind:
    """A fact, and what it counts of an indicator."""

    fact: Fact
    counts: Tally


@dataclass(frozen=True, slots=True)
class Page:
    """Facts by day (see `behind`), organisation and name, and where they go on; `sheet` has the number itself."""

    sheet: Sheet
    indicator: Indicator
    rows: tuple[Behind, ...]
    after: Mapping[str, Any] | None


def behind(
    name: str, code: str, indicator: str, *, identity: Identity, after: Mapping[str, Any] | None, most: int
) -> Page:
    """One page of the facts that an indicator of an organisation and all below it was counted from: those of the
    period, from its first day on; then, of an indicator that is made of a stock, those before it that moved the stock,
    from the latest day back to a month at whose end nothing stood. All together they add up to what the indicator is
    when the period ends. InvalidInput of a cursor that leads to no such day, or out of the organisation."""
    sheet = boards.sheet(name, code, identity=identity)
    one = boards.indicator(sheet.board.formula, indicator)
    if one.family == ITEMS:
        raise NotFound(
            "该指标按事项目录计算，没有办件记录；见 /v1/items",
            "this indicator is counted from the catalogue and not from facts; see /v1/items",
        )
    first, last = sheet.board.period.first, min(sheet.board.period.last, legal_day(sheet.board.edition.as_of))
    scope, page = organisations.scope(code), _Page(code, one, first, last, most)
    for day in _from(after, scope, _days(first, last, page.stands)):
        if page.full:
            return Page(sheet, one, tuple(page.rows), page.after or _after("", day, ""))
        if page.over(day):
            break
        if not page.happened(day):
            continue
        begun = after if after and after["o"] and after["d"] == day.isoformat() else None
        page.read(cells.below(scope, day, begun["o"] if begun else ""), begun)
    return Page(sheet, one, tuple(page.rows), page.after)


def _days(first: date, last: date, stands: bool) -> list[date]:
    """The days of a period in their order; then those before it, of which only what stands is told, from the latest
    back to the first that was ever computed."""
    ever = indices.computed(periods.of(date.min, Span.day), periods.of(first, Span.day), most=1) if stands else []
    since = date.fromisoformat(ever[0]).toordinal() if ever else first.toordinal()
    numbers = [*range(first.toordinal(), last.toordinal() + 1), *range(first.toordinal() - 1, since - 1, -1)]
    return [date.fromordinal(number) for number in numbers]


def _from(after: Mapping[str, Any] | None, scope: str, days: Sequence[date]) -> Sequence[date]:
    """The days from the one on that a cursor names; InvalidInput where it names none of them, or an organisation that
    does not lie in the scope."""
    if after is None:
        return days
    named = {day.isoformat(): number for number, day in enumerate(days)}
    if after["d"] in named and (after["o"] == "" or re.fullmatch(rf"{scope}\d*", after["o"], re.ASCII)):
        return days[named[after["d"]] :]
    told = FieldError(
        "cursor", "unknown_cursor", "游标无效，请使用上一页返回的 next", "pass back the `next` of the page before"
    )
    raise InvalidInput(errors=[told])


class _Page:
    """A page that grows. `first` and `last` are the period's days: what happened counts on them alone, and a stock as
    it is looked at when the last ends."""

    def __init__(self, code: str, indicator: Indicator, first: date, last: date, most: int) -> None:
        self._code = code
        self._month: tuple[Period, Tally | None] | None = None
        self._names = {name.lstrip("-") for name in (*indicator.numerator, *indicator.denominator)}
        self._first, self._last = first, last
        self._most = most
        self._reads = 0
        self._calendar = registry.current_calendar()
        self.rows: list[Behind] = []
        self.after: Mapping[str, Any] | None = None

    @property
    def stands(self) -> bool:
        """Whether the indicator is made of a stock."""
        return any(counting.stands(name) for name in self._names)

    @property
    def full(self) -> bool:
        """Whether there is no room for another day."""
        return self.after is not None or self._reads + _TO_OPEN > READS_A_PAGE or len(self.rows) >= self._most

    def happened(self, day: date) -> bool:
        """Whether anything was counted in the month of a day, so that years without facts are passed over."""
        _, counts = self._month_of(day)
        return counts is not None and bool(tally.flows(counts))

    def over(self, day: date) -> bool:
        """Whether nothing stood when the month of a day ended, before the period: what came until then had gone."""
        month, counts = self._month_of(day)
        return month.last < self._first and counts is not None and not self._of(counts, month.last)

    def _month_of(self, day: date) -> tuple[Period, Tally | None]:
        month = periods.of(day, Span.month)
        if self._month is None or self._month[0] != month:
            self._reads += 2
            self._month = month, boards.counts(month, self._code)
        return self._month

    def read(self, found: list[Cell], after: Mapping[str, Any] | None) -> None:
        """The facts of a day's cells, from a fact on; notes where to go on when the page is full."""
        self._reads += 1
        for cell in found:
            if not self._of(cell.counts, cell.day):
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
            counts = self._of(counting.of_fact(fact, self._calendar), day)
            if counts:
                yield Behind(fact, counts)

    def _of(self, counts: Tally, day: date) -> dict[str, int]:
        """Of a day's counts those that the indicator is made of; of a stock what came and went."""
        told = counts if day >= self._first else tally.stocks(counts)
        return {name: count for name, count in told.items() if self._makes(name)}

    def _makes(self, name: str) -> bool:
        return not self._names.isdisjoint(tally.settled({name: 1}, self._last))


def _after(organisation: str, day: date, name: str) -> Mapping[str, Any]:
    return {"d": day.isoformat(), "o": organisation, "f": name}
