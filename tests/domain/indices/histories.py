"""Random histories as facts: cases of many organisations over some months, in any order, late, and more than once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from chalicelib.domain import fact
from chalicelib.domain.fact import Fact, Value
from tests.support.random_cases import walks

PLACES = ("330203", "330205", "330200", "330100", "330102", "33020301", "33020302", "33010201", "330000")
FIRST = date(2026, 1, 15)


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """The facts of some cases, each moved to a day and organisation of its own, and of some ratings."""
    found: list[Fact] = []
    for number in range(draw(st.integers(0, 4))):
        walk = draw(walks())
        place = draw(st.sampled_from(PLACES))
        days = timedelta(days=draw(st.integers(0, 60)))
        for before, after in zip((None, *walk.versions), walk.versions, strict=False):
            for each in fact.of_step(before, after, walk.law):
                here = each.organisation if each.kind == "transferred_in" else place
                found.append(replace(each, organisation=here, day=each.day + days, id=f"{number}-{each.id}"))
    return found + draw(st.lists(ratings(), max_size=4))


@st.composite
def ratings(draw: st.DrawFn) -> Fact:
    """One rating, counted or not."""
    day = FIRST + timedelta(days=draw(st.integers(0, 300)))
    level = draw(st.sampled_from(("very_satisfied", "satisfied", "dissatisfied", "very_dissatisfied")))
    data: dict[str, Value] = {"counted": draw(st.integers(0, 1)), "why": "active", "level": level, "channel": "web"}
    id = str(draw(st.integers(0, 5)))
    return Fact(draw(st.sampled_from(PLACES)), day, "rating", id, data, draw(st.integers(0, 2)))


def delivered(data: st.DataObject, facts: Sequence[Fact]) -> list[Fact]:
    """The same facts in another order, some of them more than once."""
    twice = data.draw(st.lists(st.sampled_from(facts), max_size=5)) if facts else []
    return data.draw(st.permutations([*facts, *twice]))
