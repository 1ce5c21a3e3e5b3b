"""Scores forecasts once what they said has come out: of cases by their histories as they are now, of what came by
cells.

A forecast waits as long as its method says, then it is scored and that is noted; where nights were missed, those of
two weeks are made up for. Again it comes to the same. Round trips: a query for each megabyte of the forecast and of
seven days' cells, one for each hundred cases, and a write for each twenty-five organisations. This module must not
forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from chalicelib.domain import stock
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.forecast import score as scores
from chalicelib.domain.forecast import week
from chalicelib.domain.forecast.chance import Chance
from chalicelib.domain.forecast.method import Method
from chalicelib.domain.forecast.outlook import Week
from chalicelib.domain.forecast.score import Told
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices import sums, tally
from chalicelib.domain.indices.period import Span
from chalicelib.domain.indices.sums import Book
from chalicelib.domain.indices.tally import Tally
from chalicelib.forecasts import all_methods
from chalicelib.services import casework
from chalicelib.services.casework import Known
from chalicelib.store import cases, cells, forecasts
from chalicelib.store.books import LONGEST_BATCH
from chalicelib.store.forecasts import Day

_MISSED = timedelta(days=14)
RECEIVED = "received"


def score(now: datetime) -> int:
    """Scores every forecast that has waited long enough and was not scored; gives how many."""
    today, scored = legal_day(now), 0
    for one in forecasts.days(today - forecasts.KEPT, today):
        method = all_methods()[one.method]
        ripe = one.day + timedelta(days=method.wait)
        if one.scored is None and ripe <= today <= ripe + _MISSED:
            forecasts.put_scores(one.day, _scores(one, method, now).items())
            forecasts.note(replace(one, scored=now))
            scored += 1
    return scored


def _scores(one: Day, method: Method, now: datetime) -> Mapping[str, Tally]:
    """How the forecast of a day came out, by organisation."""
    weeks, chances = dict[str, Week](), list[Chance]()
    for each in forecasts.below(one.day):
        weeks[each.organisation] = each.week
        chances += [chance for chance in each.cases if chance.value is not None]
    own: dict[str, list[Told]] = {}
    for chance, late in _outcomes(chances, now):
        told = Told(chance.case.id, chance.case.bound.last, chance.value or 0.0, late)
        own.setdefault(chance.case.organisation, []).append(told)
    of_cases = sums.up_the_tree({code: scores.of_cases(told, method.flagged) for code, told in own.items()})
    came = _came(one.day)
    return {
        code: tally.total([of_cases.get(code, {}), _of_week(here, came.get(code, {}))]) for code, here in weeks.items()
    }


def _outcomes(chances: Sequence[Chance], now: datetime) -> Iterator[tuple[Chance, bool | None]]:
    """Each case with whether it was late, None where that is not known yet or its steps do not add up."""
    for start in range(0, len(chances), LONGEST_BATCH):
        some = chances[start : start + LONGEST_BATCH]
        heads = casework.find_many({one.case.id for one in some}, cases.BOOK)
        for one in some:
            head = heads.get(one.case.id)
            yield one, stock.came_late(head.case, head.law, now) if isinstance(head, Known) else None


def _came(first: date) -> Book:
    """How many cases came in the week from `first` on, with all below."""
    found: dict[str, dict[str, int]] = {}
    for cell in _cells(week.days_of(first)):
        if cell.counts.get(RECEIVED):
            own = found.setdefault(cell.organisation, {})
            own[RECEIVED] = own.get(RECEIVED, 0) + cell.counts[RECEIVED]
    return sums.up_the_tree(found)


def _cells(days: Sequence[date]) -> Iterator[cells.Cell]:
    for month in dict.fromkeys(periods.of(day, Span.month) for day in days):
        yield from cells.between(max(month.first, days[0]), min(month.last, days[-1]))


def _of_week(here: Week, came: Tally) -> Tally:
    if here.coming is None:
        return {}
    expected = here.coming.expected
    return scores.of_week(came.get(RECEIVED, 0), (expected.value, expected.low, expected.high), here.last_week)
