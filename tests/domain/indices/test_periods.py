"""Periods and histograms."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.indices import histogram, period
from chalicelib.domain.indices.period import Span

DAYS = st.dates(date(1971, 1, 1), date(2199, 12, 31))


@given(DAYS, st.sampled_from(Span))
def test_a_day_lies_in_its_period_and_a_period_is_called_what_it_reads(day: date, span: Span) -> None:
    found = period.of(day, span)
    assert found.first <= day <= found.last
    assert period.parse(found.name) == found
    assert period.of(found.first, span) == period.of(found.last, span) == found


@given(DAYS, st.sampled_from(Span))
def test_the_period_before_ends_where_this_one_begins(day: date, span: Span) -> None:
    found = period.of(day, span)
    assert period.before(found).last + timedelta(days=1) == found.first
    assert period.before(found).key < found.key


@given(DAYS, st.sampled_from(Span))
def test_the_same_period_of_last_year_is_one_of_last_year(day: date, span: Span) -> None:
    found, then = period.of(day, span), period.year_before(period.of(day, span))
    assert (then.span, then.name[:4]) == (span, f"{int(found.name[:4]) - 1:04d}")


@given(DAYS, st.sampled_from(Span))
def test_months_cover_a_period(day: date, span: Span) -> None:
    found = period.of(day, span)
    months = period.months(found)
    assert months[0].first <= found.first
    assert found.last <= months[-1].last
    if span not in (Span.day, Span.week):
        assert (months[0].first, months[-1].last) == (found.first, found.last)


@pytest.mark.parametrize("name", ["2026-13", "2026-02-30", "2026-W54", "2026-Q5", "26-03", "2026-3", "0000", "9999-01"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"2026-W10|month must|day (is|must)|week"):
        period.parse(name)


@given(st.integers(0, 3_000_000_000))
def test_what_stands_for_a_class_is_within_two_percent_of_every_time_in_it(seconds: int) -> None:
    found = histogram.middle(histogram.class_of(seconds))
    assert abs(found - seconds) <= histogram.ERROR * seconds


@given(st.lists(st.integers(1, 10_000_000), min_size=1), st.lists(st.integers(1, 10_000_000)))
def test_a_quantile_of_added_histograms_is_within_two_percent(one: list[int], other: list[int]) -> None:
    counts: dict[int, int] = {}
    for seconds in (*one, *other):
        counts[histogram.class_of(seconds)] = counts.get(histogram.class_of(seconds), 0) + 1
    times = sorted([*one, *other])
    for share in (Fraction(1, 2), Fraction(9, 10), Fraction(1)):
        exact = times[-(-share.numerator * len(times) // share.denominator) - 1]
        found = histogram.quantile(counts, share)
        assert found is not None
        assert abs(histogram.middle(found) - exact) <= histogram.ERROR * exact


def test_nothing_has_no_quantile() -> None:
    assert histogram.quantile({}, Fraction(1, 2)) is None
