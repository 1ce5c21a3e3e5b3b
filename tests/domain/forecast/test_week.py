"""A week looked ahead: what comes by earlier weeks of the same kind of days, what will be late by chances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calendar import Calendar
from chalicelib.domain.forecast import week
from chalicelib.domain.forecast.method import Method
from chalicelib.domain.forecast.week import Coming, Risk
from chalicelib.forecasts import all_methods
from tests.support.published import calendar

METHOD = all_methods()["outlook@1"]
MONDAY = date(2026, 6, 1)
BEGUN = date(2026, 1, 1)
CHANCES = st.lists(st.floats(0, 1), max_size=40)


def coming(came: Mapping[date, int], first: date, begun: date, days: Calendar, method: Method) -> Coming | None:
    like = week.alike(first, begun, days, method)
    return week.coming(came, like, method) if like else None


def counts(first: date, by_weekday: tuple[int, ...]) -> Mapping[date, int]:
    """The same on each weekday of many weeks before `first`."""
    days = (first - timedelta(days=number) for number in range(1, 150))
    return {day: by_weekday[day.weekday()] for day in days}


def test_what_is_always_the_same_is_expected_to_be_the_same() -> None:
    found = coming(counts(MONDAY, (9, 7, 7, 7, 5, 2, 1)), MONDAY, BEGUN, calendar(), METHOD)
    assert found is not None
    assert found.by_day == pytest.approx((9, 7, 7, 7, 5, 2, 1), abs=0.9)  # 1 May and its make-up day are others' days
    assert found.weeks == 8
    assert found.expected.low <= found.expected.value <= found.expected.high


def test_days_off_are_compared_with_days_off_and_make_up_days_with_working_days() -> None:
    """From 1 October 2026 everybody is off until the 7th; Saturday the 10th is worked."""
    before, after = (_worked(first) for first in (date(2026, 9, 28), date(2026, 10, 5)))
    assert before == pytest.approx((10, 10, 10, 0, 0, 0, 0))
    assert after == pytest.approx((0, 0, 0, 10, 10, 10, 0))


def _worked(first: date) -> tuple[float, ...]:
    """What is expected where ten came on every working day and nothing on others."""
    known = {day: count for day, count in counts(first, (10,) * 7).items() if calendar().is_working_day(day)}
    found = coming(known, first, BEGUN, calendar(), METHOD)
    assert found is not None
    return found.by_day


def test_later_weeks_weigh_more() -> None:
    rising = {MONDAY - timedelta(days=number): 8 - (number - 1) // 7 for number in range(1, 57)}
    found = coming(rising, MONDAY, BEGUN, calendar(), METHOD)
    even = coming(rising, MONDAY, BEGUN, calendar(), replace(METHOD, fade=Fraction(99, 100)))
    assert found is not None
    assert even is not None
    assert found.expected.value > even.expected.value


def test_too_few_weeks_are_no_ground() -> None:
    often = counts(MONDAY, (9, 9, 9, 9, 9, 9, 9))
    assert coming(often, MONDAY, MONDAY - timedelta(days=27), calendar(), METHOD) is None
    assert coming(often, MONDAY, MONDAY - timedelta(days=35), calendar(), METHOD) is not None
    assert coming({}, MONDAY, MONDAY, calendar(), METHOD) is None


def test_a_week_in_which_nothing_ever_came_expects_nothing() -> None:
    found = coming({}, MONDAY, BEGUN, calendar(), METHOD)
    assert found is not None
    assert (found.expected.value, found.expected.low, found.expected.high) == (0, 0, 0)


@given(st.lists(st.integers(0, 50), min_size=150, max_size=150), st.integers(0, 30))
def test_days_add_up_to_the_week_and_it_lies_between_the_least_and_the_most(came: list[int], shift: int) -> None:
    first = MONDAY + timedelta(days=shift)
    known = {first - timedelta(days=number + 1): count for number, count in enumerate(came)}
    found = coming(known, first, BEGUN, calendar(), METHOD)
    assert found is not None
    assert sum(found.by_day) == pytest.approx(found.expected.value)
    assert found.expected.low <= found.expected.value + 1e-9
    assert found.expected.value <= found.expected.high + 1e-9


@given(CHANCES, CHANCES)
def test_risks_of_different_cases_can_be_added(some: list[float], others: list[float]) -> None:
    both = week.risk([*some, *others])
    added = week.risk(some) + week.risk(others)
    assert (both.mean, both.variance) == pytest.approx((added.mean, added.variance))
    found = week.late(both, METHOD.within)
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value <= found.high + 1e-9


def test_what_is_certain_has_no_interval() -> None:
    found = week.late(week.risk([1.0, 1.0, 0.0]), METHOD.within)
    assert (found.value, found.low, found.high) == (2, 2, 2)
    assert week.late(Risk(), METHOD.within).high == 0
    assert week.risk([0.5, None]) == Risk(0.5, 0.25, 1)
