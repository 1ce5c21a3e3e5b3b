"""Indices on a schedule: cells of the days that were marked, and every period in which those days count.

A mark says that facts came to a day of an organisation. Its cell is computed anew from all its facts, and then the
periods around it; where what stands was changed, all later ones too. A run that is missed, doubled, overlapped or cut
short leaves its marks for the next, and what the next one computes is the same. Round trips grow with the days that
were marked, never with facts or cases. This module must not know any indicator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain.calendar import ONE_DAY, Calendar, legal_day
from chalicelib.domain.indices import cell as counting
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices import tally
from chalicelib.domain.indices.period import Period, Span
from chalicelib.services import closing, publishing, registry
from chalicelib.services.publishing import Order
from chalicelib.store import cells, facts, indices, marks, quarantine
from chalicelib.store.marks import Mark

DAYS = facts.COMPUTE_INDICES
SINCE = f"{DAYS}#since"  # from such a day on what stands was changed
ENOUGH_SECONDS = 240  # for the periods of a whole province, many times over
_ATTEMPTS = 3  # others may publish meanwhile


@dataclass(frozen=True, slots=True)
class Computed:
    """What one run did: cells that were computed anew, periods that were published, and whether it came to the end of
    what was marked."""

    cells: int
    periods: int
    finished: bool


def compute(now: datetime, left: Callable[[], float]) -> Computed:
    """Computes what is marked at `now` and publishes it, as long as `left` (seconds) gives ENOUGH_SECONDS; the rest in
    the next run."""
    today = legal_day(now)
    done, finished = _recompute(left)
    since = list(marks.listed(SINCE))
    days = {_day(mark) for mark in done}
    fresh = not indices.editions([periods.of(today, Span.day)])
    first = min((date.fromisoformat(mark.place) for mark in since), default=None)
    horizon = max([today, *days])
    wanted = _around(days) | (_today(today) if fresh else set()) | (_later(first, horizon) if first else set())
    if wanted and not _published(Order(wanted, horizon, now, quarantine.count())):
        return Computed(len(done), 0, finished=False)
    for mark in (*done, *since):
        marks.remove(mark)
    if fresh and finished:
        closing.close_due(today, now)
    return Computed(len(done), len(wanted), finished)


def _recompute(left: Callable[[], float]) -> tuple[list[Mark], bool]:
    """The cells of marked days; gives the marks that were done, and whether there was time for all. What stands from
    a day on is marked before its cell is kept, so that nobody who dies in between leaves it unsaid."""
    done, calendar = list[Mark](), registry.current_calendar()
    for mark in marks.listed(DAYS):
        if left() < ENOUGH_SECONDS:
            return done, False
        if _replaced(mark, calendar):
            done.append(mark)
    return done, True


def _replaced(mark: Mark, calendar: Calendar) -> bool:
    organisation, day = mark.place.partition("#")[0], _day(mark)
    kept = cells.one(organisation, day)
    counts = counting.of_facts(facts.of_day(organisation, day), calendar)
    if kept.counts == counts:
        return True  # it was kept by a run that died before it had published
    if tally.stocks(kept.counts) != tally.stocks(counts):
        marks.put([(SINCE, day.isoformat())])
    return cells.replace(kept, counts)


def _published(order: Order) -> bool:
    return any(publishing.publish(order) for _ in range(_ATTEMPTS))


def _around(days: set[date]) -> set[Period]:
    """The periods around each day."""
    return {one for day in days for one in periods.all_of(day)}


def _today(today: date) -> set[Period]:
    """What the first run of a day publishes, whether facts came or not: what falls due by the clock alone shows then.
    What the last run before saw while it went on is computed once more, as it ended, and where runs were missed, every
    longer period since."""
    last = indices.latest(Span.day, periods.of(today, Span.day))
    since = periods.parse(last.period).first if last else today
    return {*periods.all_of(since), *_long(since, today), *periods.all_of(today)}


def _later(since: date, horizon: date) -> set[Period]:
    """The periods in which what stands was changed: days and weeks that were ever computed, and every longer one,
    because from month to month it is carried on."""
    short = (
        periods.parse(name)
        for span in (Span.day, Span.week)
        for name in indices.computed(periods.of(since, span), periods.of(horizon, span))
    )
    return {*short, *_long(since, horizon)}


def _long(since: date, horizon: date) -> Iterator[Period]:
    for span in (Span.month, Span.quarter, Span.half, Span.year):
        one = periods.of(since, span)
        while one.first <= horizon:
            yield one
            one = periods.of(one.last + ONE_DAY, span)


def _day(mark: Mark) -> date:
    return date.fromisoformat(mark.place.partition("#")[2])
