"""Scores, weights, shrinkage, ranks and contributions: the arithmetic of an index, by hand and as properties."""

from __future__ import annotations

import tomllib
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.indices import index, indicator
from chalicelib.domain.indices.index import NO_CASES, NOT_POOLED, Peers, Value
from chalicelib.errors import BrokenDefinition
from chalicelib.indicators import all_formulas, in_force
from tests.support.published import ROOT

FORMULA = all_formulas()["core@1"]
ONLINE, LATE = FORMULA.indicators["online_rate"], FORMULA.indicators["overdue_rate"]


@st.composite
def counts(draw: st.DrawFn) -> dict[str, int]:
    """Counts as they may be: of each indicator its denominators, and no more in the numerator."""
    found = {"kind/node": 1, "kind/rating": draw(st.integers(0, 1)), "items": 3}
    for one in FORMULA.indicators.values():
        for name in (*one.denominator, *one.numerator):
            found.setdefault(name.lstrip("-"), draw(st.integers(0, 60)))
    return found


@pytest.mark.parametrize(
    ("value", "points"), [("0", "0"), ("0.40", "0"), ("0.625", "50"), ("0.85", "100"), ("1", "100")]
)
def test_a_score_goes_straight_from_floor_to_target(value: str, points: str) -> None:
    assert ONLINE.score(Fraction(value)) == Fraction(points)


@pytest.mark.parametrize(("value", "points"), [("0", "100"), ("0.05", "50"), ("0.10", "0"), ("0.5", "0")])
def test_where_less_is_better_the_score_is_mirrored(value: str, points: str) -> None:
    assert LATE.score(Fraction(value)) == Fraction(points)


def test_few_cases_are_drawn_to_the_peers_and_many_are_not() -> None:
    peers = Peers({"fit": 1000, "fit/online": 700}, {"kind/node": 1})

    def score(received: int, online: int) -> Fraction:
        found = index.value(ONLINE, {"fit": received, "fit/online": online}, peers)
        assert found.score is not None
        return Fraction(found.score, 100)

    shrunk = (2 + Fraction(7, 10) * 30) / (2 + 30)
    assert score(2, 2) == round(ONLINE.score(shrunk), 2)
    assert score(2, 2) < 100
    assert score(20_000, 20_000) == 100


def test_what_is_not_pooled_and_what_has_no_cases_are_told_apart_and_leave_the_index() -> None:
    found = index.standing(FORMULA, {"received": 40, "fit": 40, "fit/online": 40}, Peers({}, {"kind/node": 1}))
    assert found.values["satisfied_rate"].why == NOT_POOLED
    assert found.values["in_time_rate"].why == NO_CASES
    assert sum(index.shares(FORMULA, found.values).values()) == 1
    assert set(index.shares(FORMULA, found.values)) == {"online_rate", "mobile_rate", "unified_rate", "anomaly_rate"}


def test_nothing_measured_is_no_index() -> None:
    found = index.standing(FORMULA, {}, Peers({}, {}))
    assert (found.index, found.band) == (None, None)


@pytest.mark.parametrize(
    ("points", "band"), [(9000, index.GREEN), (8999, index.YELLOW), (8000, index.YELLOW), (7999, index.RED)]
)
def test_bands_begin_where_the_formula_says(points: int, band: str) -> None:
    assert index.band(points, FORMULA) == band


def test_equals_share_a_rank_and_the_next_is_left_out() -> None:
    assert index.ranks({"a": 90, "b": 95, "c": 90, "d": 80, "e": None}) == {"b": 1, "a": 2, "c": 2, "d": 4}


@given(counts(), counts())
def test_contributions_sum_to_the_change_as_it_is_shown(now: dict[str, int], then: dict[str, int]) -> None:
    new, old = (index.standing(FORMULA, each, Peers(each, each)) for each in (now, then))
    if new.index is not None and old.index is not None:
        added = index.contributions(FORMULA, new.values, old.values)
        assert sum(added.values()) == new.index - old.index


@given(counts())
def test_an_index_lies_between_its_scores(found: dict[str, int]) -> None:
    one = index.standing(FORMULA, found, Peers(found, found))
    scores = [value.score for code, value in one.values.items() if code in index.shares(FORMULA, one.values)]
    known = [score for score in scores if score is not None]
    assert one.index is None or min(known) <= one.index <= max(known)


def test_rounding_is_half_up() -> None:
    assert [index.hundredths(Fraction(each)) for each in ("0.005", "0.0049", "99.785", "1")] == [1, 0, 9979, 100]


def test_the_satisfaction_of_shengzhou_2024_comes_to_what_it_published() -> None:
    """嵊州 2024: 80 955 of 81 129 are 99.79 %."""
    satisfied = Value(80_955, 81_129).ratio
    assert satisfied is not None
    assert index.hundredths(satisfied * 100) == 9979


# Formulas as data


def table() -> dict[str, Any]:
    """The table of the formula, a fresh copy."""
    return tomllib.loads((Path(ROOT) / "chalicelib/indicators/core-1.toml").read_text(encoding="utf-8"))


def test_the_formula_in_force_is_the_latest_that_has_begun() -> None:
    assert in_force(date(2026, 3, 31)).ref == "core@1"
    assert in_force(date(1999, 1, 1)).ref == "core@1"


BROKEN: list[tuple[str, Any, str]] = [
    ("code", "Online", "lower-case"),
    ("numerator", ["items/online"], "never mixed"),
    ("numerator", [], "names of counts"),
    ("direction", "sideways", "not one of"),
    ("target", "0.1", "side of the floor"),
    ("target", "85 %", "share from"),
    ("weight", "0.5", "sum to 1"),
    ("strength", -1, "whole number"),
    ("name", {"zh": "网办率"}, "zh and en"),
    ("basis", " ", "text is needed"),
    ("code", "mobile_rate", "twice"),
    ("colour", "red", "unknown or missing: colour"),
]


@pytest.mark.parametrize(("key", "value", "says"), BROKEN)
def test_a_broken_formula_is_refused_and_the_place_is_named(key: str, value: Any, says: str) -> None:
    data = table()
    data["indicators"][0][key] = value
    with pytest.raises(BrokenDefinition, match=says):
        indicator.parse(data)


@pytest.mark.parametrize(("key", "value"), [("bands", [80, 90]), ("bands", [80]), ("minimum", "many"), ("extra", 1)])
def test_a_broken_head_is_refused(key: str, value: Any) -> None:
    with pytest.raises(BrokenDefinition):
        indicator.parse({**table(), key: value})
