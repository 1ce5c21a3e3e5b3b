"""Outlooks: what a night sees of open cases, added up the tree, with each unit's own cases."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.forecast import outlook
from chalicelib.domain.forecast.chance import Open
from chalicelib.domain.forecast.outlook import MOST_CASES, Outlook, Seen
from chalicelib.domain.track import Bound
from chalicelib.forecasts import all_methods
from tests.support.published import calendar

NOW = datetime(2026, 3, 2, 2, 40, tzinfo=SHANGHAI)
DAY = timedelta(days=1)
METHOD = all_methods()["outlook@1"]
UNITS = ("33020301", "330203", "33020501", "330100")
CASES = st.lists(st.tuples(st.sampled_from(UNITS), st.integers(-400, 30)), max_size=40)


def opened(id: str, organisation: str, due: float) -> Open:
    last = NOW + due * DAY
    return Open(id, organisation, "hotel", "accepted", Bound(last - 20 * DAY, last))


def seen(cases: list[tuple[str, int]]) -> Seen:
    found = Seen(NOW, METHOD.looks_back(date(2026, 3, 2)))
    for number, (organisation, due) in enumerate(cases):
        one = opened(str(number), organisation, due + 0.5)
        found.case(one, [(one.bound.since, "accepted")])
    return found


def made(found: Seen) -> dict[str, Outlook]:
    outlooks = outlook.outlooks(found, {}, {}, calendar(), METHOD)
    return {one.organisation: one for one in outlooks}


@given(CASES)
def test_what_stands_adds_up_the_tree_and_each_case_is_told_by_its_own_unit(cases: list[tuple[str, int]]) -> None:
    found = made(seen(cases))
    if not cases:
        assert found == {}
        return
    whole = found["330000"].week
    in_time = [due for _, due in cases if due >= 0]
    assert (whole.open, whole.overdue, whole.undated) == (len(cases), len(cases) - len(in_time), 0)
    assert whole.due == tuple(in_time.count(number) for number in range(7))
    cities = [found[code].week.open for code in ("330200", "330100") if code in found]
    assert sum(cities) == whole.open
    told = sorted(one.case.id for each in found.values() for one in each.cases)
    assert told == sorted(str(number) for number, (_, due) in enumerate(cases) if due >= 0)
    for each in found.values():
        assert {one.case.organisation for one in each.cases} <= {each.organisation}
        assert each.grounds.keys() == {one.place for one in each.cases}


def test_a_case_that_is_met_twice_counts_once() -> None:
    found = seen([("330203", 3), ("330203", -3)])
    for number, due in enumerate((3.5, -2.5)):
        found.case(opened(str(number), "330205", due), [])
    found.undated("0", "330203")
    found.undated("9", "330203")
    found.undated("9", "330200")
    week = made(found)["330203"].week
    assert (week.open, week.overdue, week.undated) == (3, 1, 1)


def test_overdue_cases_are_late_ones_for_a_year() -> None:
    found = seen([("330203", -1)] * 30 + [("330203", -380)] * 30 + [("330203", 1)])
    (case,) = made(found)["330203"].cases
    assert case.value == 1.0
    assert made(found)["330203"].grounds[case.place].groups[0].cases == 30
    week = made(found)["330200"].week
    assert (week.late.value, week.late.low, week.late.high, week.unknown) == (1, 1, 1, 0)


def test_of_very_many_cases_those_with_the_greatest_chance_are_kept() -> None:
    cases = [("330203", 5)] * MOST_CASES + [("330203", 1)]
    one = made(seen([("330203", -1)] * 30 + cases))["330203"]
    assert (len(one.cases), one.left_out) == (MOST_CASES, 1)
    assert one.cases[0].case.bound.last == NOW + 1.5 * DAY
    assert one.week.late.value == pytest.approx(MOST_CASES + 1)
