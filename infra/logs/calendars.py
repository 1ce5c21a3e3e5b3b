"""The calendar that a mapping names, by which the days of a log are counted. This module must not read logs."""

from __future__ import annotations

from datetime import date
from functools import cache

from chalicelib.domain.calendar import Calendar, CalendarYear
from infra.local.load_registry import published_calendar
from infra.logs.mapping import DaysOff, LogMap


def of(mapping: LogMap) -> Calendar:
    """The calendar that a mapping names: the published years of the registry, plain weeks, or a list of its own."""
    if mapping.calendar == "published":
        return published_calendar()
    own = mapping.calendar if isinstance(mapping.calendar, DaysOff) else DaysOff()
    return _weeks(own.off, own.work)


@cache
def _weeks(off: tuple[date, ...], work: tuple[date, ...]) -> Calendar:
    """Monday to Friday in every year, but for these days."""
    years = range(1980, 2101)
    return Calendar({year: CalendarYear(year, _in(off, year), _in(work, year), 1, "of the log") for year in years})


def _in(days: tuple[date, ...], year: int) -> frozenset[date]:
    return frozenset(day for day in days if day.year == year)
