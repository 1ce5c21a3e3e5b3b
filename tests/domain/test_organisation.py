"""The organisation tree is in the digits: levels, scopes, parents and seats, for the published codes and for any."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import organisation
from chalicelib.domain.organisation import Level, area, level, parent, parse, scope, seat, within
from chalicelib.errors import BrokenDefinition
from tests.support.published import codes, organisations

PUBLISHED = codes()
two = st.integers(1, 99).map("{:02d}".format)
few = st.sampled_from(["01", "02", "10", "11"])  # few enough that random codes are each other's kin


@st.composite
def any_code(draw: st.DrawFn, digits: st.SearchStrategy[str] = few) -> str:
    """A code of any level; windows of stations and of centres at every level."""
    province, city, county, station, window = ("33", *(draw(digits) for _ in range(4)))
    centre = draw(
        st.sampled_from([f"{province}0000", f"{province}{city}00", f"{province}{city}{county}"]),
    )
    return draw(st.sampled_from([centre, f"{centre}00{window}", f"{centre}{station}", f"{centre}{station}{window}"]))


def above(code: str) -> list[str]:
    """The code and everything above it, upwards."""
    chain = [code]
    while (upper := parent(chain[-1])) is not None:
        chain.append(upper)
    return chain


@pytest.mark.parametrize(
    ("code", "expected", "prefix", "upper", "acts_for"),
    [
        ("330000", Level.province, "33", None, "330000"),
        ("330200", Level.city, "3302", "330000", "330200"),
        ("330203", Level.county, "330203", "330200", "330203"),
        ("33020301", Level.station, "33020301", "330203", "33020301"),
        ("3302030101", Level.window, "3302030101", "33020301", "33020301"),
        ("3302030001", Level.window, "330203#01", "330203", "330203"),
        ("3302000001", Level.window, "3302#01", "330200", "330200"),
        ("3300000001", Level.window, "33#01", "330000", "330000"),
    ],
)
def test_a_code_says_its_level_scope_parent_and_seat(
    code: str, expected: Level, prefix: str, upper: str | None, acts_for: str
) -> None:
    assert (level(code), scope(code), parent(code), seat(code)) == (expected, prefix, upper, acts_for)
    assert area(code) == code[:6]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "33",
        "33020",
        "3302031",
        "330203011",
        "33020301011",
        "33020a",
        " 330203",
        "330203\n",
        "３３０２０３",
    ],
)
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="is not an organisation code"):
        level(code)


def test_every_published_code_has_the_level_that_its_entry_says() -> None:
    assert {entry["code"]: entry["level"] for entry in organisations()} == {
        code: level(code).value for code in PUBLISHED
    }


@pytest.mark.parametrize("code", PUBLISHED)
def test_every_published_code_stands_below_those_above_it_and_below_no_other(code: str) -> None:
    chain = above(code)
    assert chain[-1] == "330000"
    assert set(chain) <= set(PUBLISHED)
    assert {upper for upper in PUBLISHED if within(code, upper)} == set(chain)
    assert seat(code) in chain


@given(any_code(two))
def test_any_code_stands_below_itself_and_each_parent_one_level_up(code: str) -> None:
    chain = above(code)
    assert chain[-1] == "330000"
    assert all(within(code, upper) for upper in chain)
    assert len({level(each) for each in chain}) == len(chain)


@given(any_code(), any_code())
def test_below_means_that_the_upper_is_one_of_those_above(code: str, upper: str) -> None:
    assert within(code, upper) == (upper in above(code))


@given(any_code(), any_code(), any_code())
def test_below_what_is_below_is_below(low: str, middle: str, high: str) -> None:
    if within(low, middle) and within(middle, high):
        assert within(low, high)


@given(any_code(), any_code())
def test_siblings_never_stand_below_each_other(one: str, other: str) -> None:
    if one != other and parent(one) == parent(other):
        assert not within(one, other)
        assert not within(other, one)


@given(any_code())
def test_a_seat_has_its_own_name_and_is_no_window(code: str) -> None:
    assert level(seat(code)) is not Level.window
    assert seat(seat(code)) == seat(code)
    assert within(code, seat(code))


def test_every_published_entry_parses() -> None:
    for entry in organisations():
        found = parse(entry)
        assert (found.code, found.level.value, found.zh) == (entry["code"], entry["level"], entry["name"]["zh"])
        assert (found.active, found.sample) == (True, entry.get("sample", False))


GOOD: dict[str, Any] = {"code": "330203", "level": "county", "name": {"zh": "海曙", "en": "Haishu"}}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"code": "3302"}, "organisation code:"),
        ({"code": None}, "organisation code:"),
        ({"code": "33020300", "level": "station"}, "organisation 33020300.code: 00 stands for the centre itself"),
        ({"level": "city"}, "organisation 330203.level: the digits say county"),
        ({"name": {"zh": "海曙"}}, "organisation 330203.name:"),
        ({"name": {}}, "organisation 330203.name:"),
    ],
)
def test_a_broken_entry_is_refused_and_the_place_is_named(change: dict[str, Any], place: str) -> None:
    with pytest.raises(BrokenDefinition, match=place):
        parse(GOOD | change)


def test_a_closed_organisation_says_so() -> None:
    assert organisation.parse(GOOD | {"status": "closed"}).active is False
