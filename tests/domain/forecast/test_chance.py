"""The chance of being late: counted from those who stood where a case stands, the closest beside the wider."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import track
from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.forecast import chance
from chalicelib.domain.forecast.chance import ANY, Open, Past
from chalicelib.domain.track import Bound
from chalicelib.forecasts import all_methods

NOW = datetime(2026, 3, 2, 2, 40, tzinfo=SHANGHAI)
METHOD = all_methods()["outlook@1"]
STATION, COUNTY, CITY, PROVINCE, OTHER = "33020301", "330203", "330200", "330000", "330105"
WHOLE = "accepted/20"
PLACES = st.sampled_from((STATION, COUNTY, OTHER, "33010501"))
Case = tuple[str, str, str, bool]  # organisation, item, track, late
TRACKS = st.sampled_from((WHOLE, "accepted/3,reviewed/17"))
CASES = st.lists(st.tuples(PLACES, st.sampled_from(("hotel", "permit")), TRACKS, st.booleans()), max_size=60)


def past(*cases: Case) -> Past:
    own: dict[str, dict[str, int]] = {}
    for organisation, item, text, late in cases:
        counts = own.setdefault(organisation, {})
        for name, count in track.counted(item, text, late):
            counts[name] = counts.get(name, 0) + count
    return chance.past([own])


def case(organisation: str = STATION, item: str = "hotel", state: str = "accepted", gone: float = 0.5) -> Open:
    begun = NOW - timedelta(days=20) * gone
    return Open("1", organisation, item, state, Bound(begun, begun + timedelta(days=20)))


def value(one: Open, known: Past, minimum: int = 30) -> float | None:
    return chance.of_case(one, NOW, known, replace(METHOD, minimum=minimum)).value


def test_the_closest_group_is_weighed_against_the_wider_ones() -> None:
    here = [(STATION, "hotel", WHOLE, True)] * 10
    there = [(OTHER, "hotel", WHOLE, False)] * 30
    known = past(*here, *there)
    # 10 of 40 in the province, by state and item as well; 10 of 10 at the city, the county and the station.
    expected = _weighed((10, 40), (10, 40), (10, 40), (10, 10), (10, 10), (10, 10))
    assert value(case(), known) == pytest.approx(float(expected))
    assert value(case(OTHER), known) == pytest.approx(float(_weighed((10, 40), (10, 40), (10, 40), (0, 30), (0, 30))))


def _weighed(first: tuple[int, int], *others: tuple[int, int]) -> Fraction:
    found = Fraction(*first)
    for late, number in others:
        found = (late + 20 * found) / (number + 20)
    return found


def test_where_too_few_ever_stood_there_is_no_chance_and_that_is_said() -> None:
    known = past(*[(STATION, "hotel", "accepted/5", False)] * 29)
    assert value(case(gone=0.1), known) is None
    assert value(case(gone=0.1), past(*[(STATION, "hotel", "accepted/5", False)] * 30)) == 0.0
    one = chance.of_case(case(gone=0.9), NOW, known, METHOD)
    assert (one.value, chance.grounds(one, known, METHOD).groups) == (None, ())
    assert value(case(), past()) is None


def test_the_grounds_name_the_closest_group_that_is_large_enough() -> None:
    known = past(*[(STATION, "hotel", "accepted/8", False)] * 29, *[(COUNTY, "hotel", WHOLE, True)] * 5)
    one = chance.of_case(case(gone=0.31), NOW, known, METHOD)
    found = chance.grounds(one, known, METHOD)
    assert [(each.organisation, each.item, each.state) for each in found.groups] == [
        (PROVINCE, ANY, ANY),
        (PROVINCE, ANY, "accepted"),
        (PROVINCE, "hotel", "accepted"),
        (CITY, "hotel", "accepted"),
        (COUNTY, "hotel", "accepted"),
        (STATION, "hotel", "accepted"),
    ]
    assert found.named == 4  # of the station there are 29
    assert (found.groups[4].cases, found.groups[4].late, found.half) == (34, 5, 8)
    late = past(*[(STATION, "hotel", WHOLE, True)] * 30)
    assert chance.grounds(one, late, METHOD).half is None


@given(CASES, st.sampled_from((STATION, COUNTY, OTHER)), st.sampled_from(("accepted", "reviewed")), st.floats(0, 0.99))
def test_a_chance_is_a_share_and_grows_with_every_late_case_in_its_place(
    cases: list[Case], organisation: str, state: str, gone: float
) -> None:
    one = case(organisation, state=state, gone=gone)
    first, later = value(one, past(*cases), minimum=1), value(one, past(*cases, *_standing(one)), minimum=1)
    assert first is None or 0 <= first <= 1
    assert later is not None
    assert later >= (first or 0) - 1e-12


def _standing(one: Open) -> list[Case]:
    return [(one.organisation, one.item, f"{one.state}/20", True)]


@given(CASES, st.randoms())
def test_the_order_in_which_cases_came_is_nothing_to_a_chance(cases: list[Case], random: object) -> None:
    turned = sorted(cases, key=lambda each: hash((each, id(random))))
    assert value(case(), past(*turned), minimum=1) == value(case(), past(*cases), minimum=1)


def test_the_greatest_chance_comes_first_then_what_is_due_first_and_what_has_none_last() -> None:
    known = past(*[(STATION, "hotel", "accepted/10", False)] * 30, *[(STATION, "hotel", WHOLE, True)] * 30)
    cases = [replace(case(gone=gone), id=str(gone)) for gone in (0.1, 0.11, 0.6, 0.95)]
    stranger = replace(case(OTHER, "permit", "reviewed", 0.2), id="few")
    found = [chance.of_case(one, NOW, known, METHOD) for one in (*cases, stranger)]
    few = chance.Chance(stranger, 4, None)
    ordered = sorted([*found[:-1], few], key=chance.order)
    assert [one.case.id for one in ordered] == ["0.95", "0.6", "0.11", "0.1", "few"]
