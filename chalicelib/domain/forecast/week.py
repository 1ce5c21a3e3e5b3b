"""What the seven days from today bring an organisation (负荷预测): cases that come, that fall due, that will be late.

What comes is told by earlier weeks that are put together day by day, each from a day of the same kind under the working
calendar and, where there are enough, of the same weekday: so a week with a holiday is compared with days off. Later
weeks weigh more (exponential smoothing, Brown 1959). This module must not know cases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from statistics import NormalDist, fmean

from chalicelib.domain.calendar import Calendar
from chalicelib.domain.forecast.method import Method

DAYS = 7
Alike = tuple[tuple[date, ...], ...]  # for each of seven days the earlier ones like it
_MORE_WEEKS = 4  # looked through for days of a kind that is rare


@dataclass(frozen=True, slots=True)
class Expected:
    """How many are expected, and between which two numbers it should lie in the method's share of weeks."""

    value: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Coming:
    """What comes in a week: together, each day by itself, and on how many earlier weeks it rests."""

    expected: Expected
    by_day: tuple[float, ...]
    weeks: int


@dataclass(frozen=True, slots=True)
class Risk:
    """What the chances of some cases add up to: the mean of how many will be late, and its variance; `unknown`: cases
    without a chance, which are in neither. Risks of different cases can be added."""

    mean: float = 0.0
    variance: float = 0.0
    unknown: int = 0

    def __add__(self, other: Risk) -> Risk:
        return Risk(self.mean + other.mean, self.variance + other.variance, self.unknown + other.unknown)


def days_of(first: date) -> tuple[date, ...]:
    """The seven days from `first` on."""
    return tuple(first + timedelta(days=number) for number in range(DAYS))


def days_before(first: date) -> tuple[date, ...]:
    """The seven days before `first`."""
    return days_of(first - timedelta(days=DAYS))


def earliest(first: date, method: Method) -> date:
    """The earliest day that is looked at for the week from `first` on."""
    return first - timedelta(days=DAYS * (method.weeks + _MORE_WEEKS))


def alike(first: date, begun: date, calendar: Calendar, method: Method) -> Alike | None:
    """For each day of the week from `first` on the earlier days like it, the latest first, of as many weeks for each;
    `begun`: the first day of which anything is known. None where too few weeks are known."""
    known = [first - timedelta(days=n) for n in range(1, (first - max(begun, earliest(first, method))).days + 1)]
    found = [_like(day, known, calendar, method) for day in days_of(first)]
    weeks = min(method.weeks, *(len(days) for days in found))
    if weeks < method.weeks_needed or len(known) < method.weeks_needed * DAYS:
        return None
    return tuple(tuple(days[:weeks]) for days in found)


def coming(counts: Mapping[date, int], like: Alike, method: Method) -> Coming:
    """What comes in a week, from what came on the days like its own."""
    totals = [sum(counts.get(day, 0) for day in days) for days in zip(*like, strict=True)]
    weights = [float(method.fade) ** number for number in range(len(totals))]
    by_day = tuple(fmean([counts.get(day, 0) for day in days], weights) for days in like)
    return Coming(Expected(sum(by_day), *_between(totals, method.within)), by_day, len(totals))


def _like(day: date, known: Sequence[date], calendar: Calendar, method: Method) -> list[date]:
    """Earlier days like this one, the latest first: on that weekday, or on any where those are too few."""
    works = calendar.is_working_day(day)
    kind = [each for each in known if calendar.is_working_day(each) == works]
    same = [each for each in kind if each.weekday() == day.weekday()]
    return same if len(same) >= method.weeks_needed else kind


def risk(chances: Iterable[float | None]) -> Risk:
    """What independent chances add up to."""
    found = Risk()
    for chance in chances:
        found += Risk(unknown=1) if chance is None else Risk(chance, chance * (1 - chance))
    return found


def late(found: Risk, within: Fraction) -> Expected:
    """How many will be late, with the interval of a sum of independent chances (normal approximation)."""
    reach = NormalDist().inv_cdf((1 + float(within)) / 2) * math.sqrt(found.variance)
    return Expected(found.mean, max(math.floor(found.mean - reach), 0), math.ceil(found.mean + reach))


def _between(totals: Sequence[int], within: Fraction) -> tuple[int, int]:
    """Two of the numbers such that at least the share `within` of all lies between them, as many left out on either
    side."""
    ordered = sorted(totals)
    out = int((1 - within) * len(ordered) / 2)
    return ordered[out], ordered[-1 - out]
