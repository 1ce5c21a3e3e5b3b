"""Tracks: in which state a case was each time a further twentieth of its limit was gone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import stock, track
from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.track import PARTS, Bound, Moment
from tests.support.random_cases import Walk, walks

BEGUN = datetime(2026, 3, 2, tzinfo=SHANGHAI)
DAY = timedelta(days=1)
TWENTY = Bound(BEGUN, BEGUN + 20 * DAY)  # a day each part
STATES: list[Moment] = [(BEGUN - DAY, "received"), (BEGUN, "accepted"), (BEGUN + 4.5 * DAY, "reviewed")]


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "accepted/1"),  # closed in the moment in which it began: it was there once
        (1, "accepted/1"),
        (1.01, "accepted/2"),
        (4.6, "accepted/5"),
        (5.1, "accepted/5,reviewed/1"),
        (20, "accepted/5,reviewed/15"),
        (33, "accepted/5,reviewed/15"),
    ],
)
def test_a_track_tells_where_a_case_was_until_it_was_closed(days: float, text: str) -> None:
    assert track.text(STATES, TWENTY, BEGUN + days * DAY) == text


def test_a_limit_that_gives_no_time_has_no_track() -> None:
    assert track.text(STATES, Bound(BEGUN, BEGUN), BEGUN + DAY) == ""
    assert Bound(BEGUN, BEGUN).part(BEGUN - DAY) == PARTS
    assert dict(track.counted("hotel-licence", "", late=False)) == {}


def test_a_track_counts_each_part_once_and_once_more_where_it_was_late() -> None:
    counts = dict(track.counted("hotel-licence", "accepted/1,reviewed/2", late=True))
    names = ["accepted/0", "reviewed/1", "reviewed/2"]
    assert counts == {f"track/hotel-licence/{name}{late}": 1 for name in names for late in ("", "/late")}
    assert set(dict(track.counted("x", "accepted/1", late=False))) == {"track/x/accepted/0"}


@given(st.floats(-30, 60, allow_nan=False), st.integers(1, 100))
def test_parts_grow_with_time_from_none_to_all(days: float, length: int) -> None:
    bound = Bound(BEGUN, BEGUN + length * DAY)
    part = bound.part(BEGUN + days * DAY)
    assert 0 <= part <= PARTS
    assert part <= bound.part(BEGUN + (days + 1) * DAY)
    assert (part == PARTS) == (BEGUN + days * DAY >= bound.last)


@given(walks())
def test_a_case_that_closes_tells_its_track_and_whether_it_was_late_alike(walk: Walk) -> None:
    """What the closing step's fact says and what is asked of the history later agree."""
    for before, after in zip((None, *walk.versions), walk.versions, strict=False):
        told = dict(stock.outcome(before, after, walk.law))
        if "closes" not in told:
            continue
        assert stock.came_late(after, walk.law, after.nodes[-1].at) == bool(told.get("late", 0))
        if "track" in told:
            runs = [run.split("/") for run in str(told["track"]).split(",")]
            assert {state for state, _ in runs} <= set(walk.law.procedure.states)
            assert 1 <= sum(int(parts) for _, parts in runs) <= PARTS
            if told["late"]:
                assert sum(int(parts) for _, parts in runs) == PARTS
