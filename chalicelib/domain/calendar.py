"""The working calendar of Shanghai time: which days count, enumerated year by year as published.

Rest days in China cannot be computed: each November the State Council's office issues the next year's days
off (放假) and the weekend days worked in return (调休上班). This module holds those years as values and
counts in them. It must not read tables, files or clocks, and must not take a year for published that is
not: such a year is counted by its fixed holidays, and every date in it is called provisional.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from chalicelib.errors import BrokenDefinition

# A fixed offset is exact: China has kept no summer time since 1991, and Lambda need not ship tzdata.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

ONE_DAY = timedelta(days=1)

# 全国年节及纪念日放假办法 (2024 revision) art. 2: the holidays that fall on the same date every year, as
# (month, day). 春节, 清明, 端午 and 中秋 follow the lunar calendar and are known only from the notice.
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})

_FIRST_INSTANT = time(0, 0, tzinfo=SHANGHAI)
_LAST_INSTANT = time(23, 59, 59, 999999, SHANGHAI)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ENTRY_KEYS = frozenset({"document", "off", "work"})


class DayKind(StrEnum):
    """What a day is to someone who counts: `working` and `make_up` count as working days."""

    working = "working"
    make_up = "make_up"
    weekend = "weekend"
    holiday = "holiday"


DAY_KIND_TEXTS: Mapping[DayKind, Mapping[str, str]] = MappingProxyType(
    {
        DayKind.working: {"zh-CN": "工作日", "en": "working day"},
        DayKind.make_up: {"zh-CN": "调休上班", "en": "make-up working day"},
        DayKind.weekend: {"zh-CN": "周末休息", "en": "weekend"},
        DayKind.holiday: {"zh-CN": "法定节假日放假", "en": "public holiday"},
    }
)


def refuse_naive(at: datetime) -> None:
    """ValueError if `at` has no offset: read as local time it would mean another day on another machine."""
    if at.utcoffset() is None:
        raise ValueError(f"naive datetime {at.isoformat()}: a time needs its offset")


def legal_day(at: datetime) -> date:
    """The date in Asia/Shanghai on which `at` happens. ValueError for a naive datetime."""
    if at.tzinfo is SHANGHAI:
        return at.date()
    refuse_naive(at)
    return at.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """00:00 of `day` in Asia/Shanghai, aware."""
    return datetime.combine(day, _FIRST_INSTANT)


def end_of_day(day: date) -> datetime:
    """The last instant of `day` in Asia/Shanghai, aware: a last day ends at 24:00 (民法典 art. 203)."""
    return datetime.combine(day, _LAST_INSTANT)


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year as published. `off`: every day of the holiday blocks, weekend days in them included.
    `work`: Saturdays and Sundays worked in return. `document`: title of the notice (通知) behind it."""

    year: int
    off: frozenset[date]
    work: frozenset[date]
    version: int
    document: str

    def __hash__(self) -> int:
        """By year and version: counting looks a year up at every turn, and to hash all its days would cost more than
        the counting."""
        return hash((self.year, self.version))


@dataclass(frozen=True, slots=True)
class Calendar:
    """The published years by number. Counting past the year 9999 raises OverflowError."""

    years: Mapping[int, CalendarYear]

    def published(self, year: int) -> bool:
        """Whether the days off of `year` have been published and entered."""
        return year in self.years

    def day_kind(self, day: date) -> DayKind:
        """What `day` is. In a year not published: Monday to Friday without `FIXED_HOLIDAYS`."""
        entry = self.years.get(day.year)
        if entry is None:
            off, make_up = (day.month, day.day) in FIXED_HOLIDAYS, False
        else:
            off, make_up = day in entry.off, day in entry.work
        if off:
            return DayKind.holiday
        if make_up:
            return DayKind.make_up
        return DayKind.working if day.weekday() < 5 else DayKind.weekend

    def is_working_day(self, day: date) -> bool:
        """Whether `day` counts as a working day (工作日): 行政许可法 art. 82 excludes statutory holidays."""
        return _works(day, self.years.get(day.year))

    def working_day_after(self, start: date, n: int) -> date:
        """The n-th working day after `start`; `start` itself never counts (民法典 art. 201).

        n = 0 gives `start` if it is a working day, else the first working day after it (民法典 art. 203).
        ValueError for a negative n.
        """
        return self.last_day(start, n)

    def last_day(self, start: date, n: int, *, every_day: bool = False, gaps: Sequence[tuple[date, date]] = ()) -> date:
        """The day on which `n` days after `start` end: working days, or with `every_day` calendar days.

        Days inside `gaps` (first and last day, both included) do not count. A last day that is a rest day
        moves to the next working day outside the gaps (民法典 art. 203). ValueError for a negative n.
        """
        if n < 0:
            raise ValueError(f"cannot count {n} days: the number must be 0 or more")
        day, left = start, n
        for first, last in sorted(gaps):
            before = self._days_between(day, first - ONE_DAY, every_day)
            if left <= before:
                break
            day, left = max(day, last), left - before
        day = self._forth(day, left, every_day) if n else start
        while not self.is_working_day(day) or (gaps and _inside(gaps, day)):
            day += ONE_DAY
        return day

    def working_day_before(self, day: date) -> date:
        """The last working day before `day`."""
        day -= ONE_DAY
        while not self.is_working_day(day):
            day -= ONE_DAY
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after `start`, up to and including `end`; 0 where `end` is not later."""
        if end <= start:
            return 0
        years = sum(len(self._working_days(year)) for year in range(start.year, end.year))
        into_last, into_first = (bisect_right(self._working_days(day.year), day) for day in (end, start))
        return years + into_last - into_first

    def provisional(self, start: date, end: date) -> bool:
        """Whether any day from `start` to `end`, both included, lies in a year not published."""
        return any(year not in self.years for year in range(start.year, end.year + 1))

    def coverage_ends(self) -> date:
        """The last day of the last published year; `date.min` where no year is published."""
        return date(max(self.years), 12, 31) if self.years else date.min

    def _working_days(self, year: int) -> Sequence[date]:
        return _working_days(year, self.years.get(year))

    def _days_between(self, start: date, end: date, every_day: bool) -> int:
        return max((end - start).days, 0) if every_day else self.working_days_between(start, end)

    def _forth(self, start: date, n: int, every_day: bool) -> date:
        """The n-th day after `start`, n at least 1."""
        if every_day:
            return start + timedelta(days=n)
        year, days = start.year, self._working_days(start.year)
        place = bisect_right(days, start) + n - 1
        while place >= len(days):
            place -= len(days)
            year, days = year + 1, self._working_days(year + 1)
        return days[place]


def parse_year(year: int, data: Mapping[str, object], *, version: int = 1) -> CalendarYear:
    """The year that a registry entry describes: `{"document": title, "off": [...], "work": [...]}`.

    Days are ISO dates ("2026-02-14") or dates, each in `year` and listed once. BrokenDefinition names the
    place: an unknown or missing key, an empty title, a day that is no date, of another year, listed twice,
    both off and worked, or a make-up day that is not a Saturday or Sunday.
    """
    place = f"calendar {year}"
    if set(data) != _ENTRY_KEYS:
        wrong = sorted(set(data) ^ _ENTRY_KEYS)
        raise BrokenDefinition(f"{place}: unknown or missing: {', '.join(wrong)}")
    document = data["document"]
    if not isinstance(document, str) or not document.strip():
        raise BrokenDefinition(f"{place}: document: the title of the issuing document is required")
    off = _days(year, data["off"], f"{place}: off")
    work = _days(year, data["work"], f"{place}: work")
    for day in sorted(work):
        if day.weekday() < 5:
            raise BrokenDefinition(f"{place}: work: {day} is no Saturday or Sunday, so it needs no make-up")
        if day in off:
            raise BrokenDefinition(f"{place}: work: {day} is also off")
    return CalendarYear(year, off, work, version, document.strip())


def require_complete(year: CalendarYear) -> None:
    """BrokenDefinition unless the year holds what every notice does: 元旦, 劳动节, three days of 国庆, and at least
    three of 春节. A year that is published is final, so a slip here would give wrong deadlines without a word."""
    fixed = [date(year.year, month, day) for month, day in ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))]
    absent = [day.isoformat() for day in fixed if day not in year.off]
    if absent:
        raise BrokenDefinition(f"calendar {year.year}: off: {', '.join(absent)} must be among the days off")
    festival = [day for day in year.off if date(year.year, 1, 20) < day < date(year.year, 3, 1)]
    if len(festival) < 3:
        raise BrokenDefinition(f"calendar {year.year}: off: the days of 春节 are missing")


def _works(day: date, entry: CalendarYear | None) -> bool:
    if day.weekday() >= 5:
        return entry is not None and day in entry.work
    if entry is None:
        return (day.month, day.day) not in FIXED_HOLIDAYS
    return day not in entry.off


@lru_cache(maxsize=64)
def _working_days(year: int, entry: CalendarYear | None) -> Sequence[date]:
    """The working days of a year in order, so that counting is looking up a place."""
    if year > MAXYEAR:
        raise OverflowError(f"no calendar reaches the year {year}")
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in days if _works(day, entry))


def _inside(gaps: Sequence[tuple[date, date]], day: date) -> bool:
    return any(first <= day <= last for first, last in gaps)


def _days(year: int, values: object, place: str) -> frozenset[date]:
    if not isinstance(values, list | tuple):
        raise BrokenDefinition(f"{place}: a list of dates is required")
    days: set[date] = set()
    for index, value in enumerate(values):
        day = _day(value, f"{place}[{index}]")
        if day.year != year:
            raise BrokenDefinition(f"{place}[{index}]: {day} is not in {year}")
        if day in days:
            raise BrokenDefinition(f"{place}[{index}]: {day} is listed twice")
        days.add(day)
    return frozenset(days)


def _day(value: object, place: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    # fromisoformat alone would also take "20260214" and "2026-W07-6", which a reader may misread
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise BrokenDefinition(f"{place}: {value!r} is not a date like 2026-02-14")
