"""Periods (统计周期): a day, an ISO week, a month, a quarter, half a year, a year. This module must not know what is
counted in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from enum import StrEnum
from functools import lru_cache

ONE_DAY = timedelta(days=1)


class Span(StrEnum):
    """How long a period is."""

    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    half = "half"
    year = "year"


_MONTHS = {Span.month: 1, Span.quarter: 3, Span.half: 6, Span.year: 12}
_FORMS: tuple[tuple[Span, re.Pattern[str]], ...] = (
    (Span.day, re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)),
    (Span.week, re.compile(r"(\d{4})-W(\d{2})", re.ASCII)),
    (Span.month, re.compile(r"(\d{4})-(\d{2})", re.ASCII)),
    (Span.quarter, re.compile(r"(\d{4})-Q([1-4])", re.ASCII)),
    (Span.half, re.compile(r"(\d{4})-H([12])", re.ASCII)),
    (Span.year, re.compile(r"(\d{4})", re.ASCII)),
)
FORMS = "2026-03-02, 2026-W10, 2026-03, 2026-Q1, 2026-H1, 2026"


@dataclass(frozen=True, slots=True)
class Period:
    """A period by its name ("2026-W10"), with its first and last day."""

    name: str
    span: Span
    first: date
    last: date

    @property
    def key(self) -> str:
        """Its name with its length, by which it is kept: those of one length stand in the order of time."""
        return f"{self.span}#{self.name}"


@lru_cache(maxsize=4096)
def parse(name: str) -> Period:
    """The period of a name in one of FORMS; ValueError where it is none of them or there is no such day, week or
    month."""
    for span, form in _FORMS:
        found = form.fullmatch(name)
        if found:
            numbers = [int(each) for each in found.groups()]
            if not MINYEAR < numbers[0] < MAXYEAR:
                break
            return _READ[span](*numbers)
    raise ValueError(f"{name!r} is not a period; one reads {FORMS}")


def of(day: date, span: Span) -> Period:
    """The period of a length that a day lies in."""
    match span:
        case Span.day:
            return _day(day.year, day.month, day.day)
        case Span.week:
            year, week, _ = day.isocalendar()
            return _week(year, week)
        case _:
            return _months(span)(day.year, (day.month - 1) // _MONTHS[span] + 1)


def all_of(day: date) -> tuple[Period, ...]:
    """The six periods that a day lies in, the shortest first."""
    return tuple(of(day, span) for span in Span)


def before(period: Period) -> Period:
    """The period of the same length before."""
    return of(period.first - ONE_DAY, period.span)


def year_before(period: Period) -> Period:
    """The same period of last year: by its name, a day by its date (29 February: the 28th), a week by its number (the
    53rd: the last)."""
    year = period.first.year - 1
    match period.span:
        case Span.day:
            return of(_same_day(period.first, year), Span.day)
        case Span.week:
            year, week = period.first.isocalendar()[0] - 1, period.first.isocalendar()[1]
            return of(min(date.fromisocalendar(year, min(week, 52), 1), date(year, 12, 31)), Span.week)
        case _:
            return of(date(year, period.first.month, 1), period.span)


def months(period: Period) -> tuple[Period, ...]:
    """The months in which a period lies: itself, its parts, or the one or two around it."""
    found = [of(period.first, Span.month)]
    while found[-1].last < period.last:
        found.append(of(found[-1].last + ONE_DAY, Span.month))
    return tuple(found)


def _same_day(day: date, year: int) -> date:
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)


def _day(year: int, month: int, day: int) -> Period:
    found = date(year, month, day)
    return Period(found.isoformat(), Span.day, found, found)


def _week(year: int, week: int) -> Period:
    first = date.fromisocalendar(year, week, 1)
    return Period(f"{year:04d}-W{week:02d}", Span.week, first, first + timedelta(days=6))


def _months(span: Span) -> Callable[..., Period]:
    length, mark = _MONTHS[span], {Span.quarter: "-Q", Span.half: "-H"}.get(span, "-")

    def read(year: int, number: int = 1) -> Period:
        first = date(year, (number - 1) * length + 1, 1)
        years, month = divmod(first.year * 12 + first.month - 1 + length, 12)
        number_text = f"{number:02d}" if span is Span.month else str(number)
        name = f"{year:04d}" if span is Span.year else f"{year:04d}{mark}{number_text}"
        return Period(name, span, first, date(years, month + 1, 1) - ONE_DAY)

    return read


_READ: dict[Span, Callable[..., Period]] = {
    Span.day: _day,
    Span.week: _week,
    **{span: _months(span) for span in _MONTHS},
}
