"""Scores: how a forecast came out beside the plain ways; and methods, read strictly."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chalicelib.forecasts
from chalicelib.domain.forecast import method, score
from chalicelib.domain.forecast.score import Told
from chalicelib.errors import BrokenDefinition
from chalicelib.forecasts import all_methods, in_force

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
HALF = Fraction(1, 2)
FILE = Path(chalicelib.forecasts.__file__).with_name("outlook-1.toml")


def told(number: int, chance: float, late: bool | None) -> Told:
    return Told(str(number), FIRST + timedelta(days=number), chance, late)


def test_the_flagged_are_held_against_as_many_due_soonest() -> None:
    found = score.of_cases(
        [told(1, 0.1, False), told(2, 0.2, False), told(3, 0.9, True), told(4, 0.5, True), told(5, 0.4, True)], HALF
    )
    assert {name: found.get(name, 0) for name in ("cases", "late", "flagged", "flagged/late", "soonest/late")} == {
        "cases": 5,
        "late": 3,
        "flagged": 2,
        "flagged/late": 2,
        "soonest/late": 0,
    }
    assert score.brier(found) == pytest.approx((0.01 + 0.04 + 0.01 + 0.25 + 0.36) / 5)
    assert score.share(found, "flagged/late", "late") == pytest.approx(2 / 3)


def test_what_is_not_decided_is_told_and_left_out() -> None:
    assert score.of_cases([told(1, 0.9, None)], HALF) == {"undecided": 1}
    assert score.brier({}) is None
    assert score.share({}, "late", "cases") is None


def test_a_week_is_held_against_the_week_before() -> None:
    found = score.of_week(12, (9.6, 8, 11), last_week=15)
    assert found == {"weeks": 1, "came": 12, "came/forecast": 10, "came/missed": 2, "came/missed/last_week": 3}
    assert score.of_week(8, (9.6, 8, 11), last_week=8)["came/within"] == 1


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from((True, False, None))), max_size=30), st.randoms())
def test_a_score_does_not_depend_on_the_order(cases: list[tuple[float, bool | None]], random: Any) -> None:
    found = [told(number, *each) for number, each in enumerate(cases)]
    turned = random.sample(found, len(found))
    assert score.of_cases(found, HALF) == score.of_cases(turned, HALF)
    counts = score.of_cases(found, HALF)
    assert counts.get("flagged/late", 0) <= min(counts.get("flagged", 0), counts.get("late", 0))
    assert counts.get("cases", 0) + counts.get("undecided", 0) == len(found)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"months": 0}, "months"),
        ({"minimum": "30"}, "minimum"),
        ({"flagged": "1.5"}, "flagged"),
        ({"fade": 0.7}, "fade"),
        ({"within": "most"}, "within"),
        ({"weeks_needed": 9}, "weeks_needed"),
        ({"since": "2019"}, "since"),
        ({"wait": 1000}, "wait"),
        ({"other": 1}, "other"),
    ],
)
def test_a_method_is_read_strictly(change: dict[str, Any], named: str) -> None:
    with pytest.raises(BrokenDefinition, match=named):
        method.parse({**tomllib.loads(FILE.read_text(encoding="utf-8")), **change})


def test_the_method_in_force_is_one_of_those_that_ship() -> None:
    assert in_force(date(2000, 1, 1)) is in_force(date(2026, 3, 2)) is all_methods()["outlook@1"]
