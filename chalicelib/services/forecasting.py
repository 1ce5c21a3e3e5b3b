"""Forecasts every night: what was, from cells; what is open, from queues; and from both each organisation's outlook.

A day is forecast once: when all of it is kept it is noted, and a run that finds it noted does nothing, so one that is
doubled changes nothing and one that died is done again from the start. Round trips: a query for each megabyte of a
year's cells, one for each organisation's queue and page of it, one for each hundred open cases, and a write for each
twenty-five organisations. This module must not know how a chance is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from chalicelib.domain import stock, track
from chalicelib.domain.calendar import ONE_DAY, legal_day
from chalicelib.domain.forecast import outlook, week
from chalicelib.domain.forecast.chance import Open
from chalicelib.domain.forecast.method import Method
from chalicelib.domain.forecast.outlook import Seen
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices.period import Span
from chalicelib.domain.indices.sums import LEVELS
from chalicelib.domain.track import TRACK
from chalicelib.forecasts import in_force
from chalicelib.services import casework, registry
from chalicelib.services.casework import Known
from chalicelib.store import cases, cells, forecasts
from chalicelib.store.books import LONGEST_BATCH, NO_DUE, Queued
from chalicelib.store.forecasts import Day

RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Made:
    """What one run made: outlooks of organisations, from how many open cases."""

    outlooks: int
    cases: int


def forecast(now: datetime) -> Made:
    """Makes the forecast of today, unless it is there."""
    today = legal_day(now)
    if forecasts.days(today, today):
        return Made(0, 0)
    method = in_force(today)
    past = _past(today, method)
    seen = Seen(now, past.since)
    for known in _open_cases(seen):
        _look(known, seen)
    made = outlook.outlooks(seen, past.tracks, past.received, registry.current_calendar(), method)
    forecasts.put(today, made)
    forecasts.note(Day(today, now, method.ref))
    return Made(len(made), sum(len(each) for each in seen.cases.values()))


@dataclass(slots=True)
class _Past:
    """What the cells of a stretch count, by organisation: tracks, and cases that came, by the name of their day."""

    since: date
    tracks: dict[str, dict[str, int]] = field(default_factory=dict)
    received: dict[str, dict[str, int]] = field(default_factory=dict)


def _past(today: date, method: Method) -> _Past:
    past, weeks = _Past(method.looks_back(today)), week.earliest(today, method)
    for month in _months(min(past.since, weeks), today):
        for cell in cells.between(*month):
            if cell.day >= past.since:
                own = past.tracks.setdefault(cell.organisation, {})
                for name, count in cell.counts.items():
                    if name.startswith(TRACK):
                        own[name] = own.get(name, 0) + count
            if weeks <= cell.day < today and cell.counts.get(RECEIVED):
                past.received.setdefault(cell.organisation, {})[cell.day.isoformat()] = cell.counts[RECEIVED]
    return past


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The first and last day of each month between, or as much of it as lies between."""
    while first <= last:
        month = periods.of(first, Span.month)
        yield first, min(month.last, last)
        first = month.last + ONE_DAY


def _open_cases(seen: Seen) -> Iterator[Known]:
    """Every open case under a date; of those under none it is noted that they are there."""
    for code in registry.current("organisation"):
        known = registry.find_organisation(code)
        if known is None or known.level not in LEVELS:
            continue  # a window holds no case
        after: Mapping[str, Any] | None = None
        while True:
            rows, after = cases.BOOK.desk(code, first=0, last=NO_DUE, after=after, most=LONGEST_BATCH)
            yield from _heads(code, rows, seen)
            if after is None:
                break


def _heads(holder: str, rows: list[Queued], seen: Seen) -> Iterator[Known]:
    waiting = [row for row in rows if not _closed(row)]
    for row in waiting:
        if row.due is None:
            seen.undated(row.id, holder)
    found = casework.find_many({row.id for row in waiting if row.due}, cases.BOOK)
    for _, head in sorted(found.items()):
        if isinstance(head, Known) and head.case.closed_at is None:
            yield head


def _closed(row: Queued) -> bool:
    return registry.law(row.item).procedure.states[row.state].closed


def _look(known: Known, seen: Seen) -> None:
    case, bound = known.case, stock.bound(known.case, known.law)
    if bound is None:
        seen.undated(case.id, case.handler)
        return
    item = case.item.rpartition("@")[0]
    one = Open(case.id, case.handler, item, case.state, bound)
    states = track.states(case, known.law) if bound.last < seen.at else ()
    seen.case(one, states)
