"""The progress of centres: whatever was told and corrected, facts add up to what was told last; dates decide who is
late."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.construction import plan
from chalicelib.domain import construction
from chalicelib.domain.construction import Centre, Reached
from chalicelib.domain.fact import Fact
from chalicelib.domain.indices import cell, tally
from chalicelib.errors import BrokenDefinition
from tests.support.published import calendar

PLAN = plan()
TODAY = date(2026, 3, 2)
PILOT, OTHER, PROVINCE, STATION = "330203", "330402", "330000", "33020301"


def told(code: str, *stages: tuple[str, date]) -> Centre:
    document = {"stages": [{"stage": stage, "since": day.isoformat(), "document": "x"} for stage, day in stages]}
    return construction.parse(PLAN, code, document, TODAY)


@st.composite
def centres(draw: st.DrawFn) -> Centre:
    days = sorted(draw(st.sets(st.dates(date(2022, 1, 1), date(2024, 1, 1)), min_size=1, max_size=5)))
    stages, before = [], ""
    for day in days:
        before = draw(st.sampled_from([stage for stage in PLAN.stages if stage != before]))
        stages.append((before, day))
    return told(PILOT, *stages)


@given(st.lists(centres(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_facts_of_all_versions_add_up_to_the_last_in_whatever_order_they_come(
    versions: list[Centre], chance: Any
) -> None:
    facts: list[Fact] = []
    for number, version in enumerate(versions, start=1):
        facts += construction.facts_of(PLAN, versions[number - 2] if number > 1 else None, version, number)
    facts += chance.choices(facts, k=3)  # delivered twice
    chance.shuffle(facts)
    last = versions[-1]
    for day in (step.since + timedelta(days=days) for step in last.steps for days in (-1, 0)):
        own = [fact for fact in facts if fact.day <= day]
        by_place: dict[str, list[Fact]] = {}
        for fact in own:
            by_place.setdefault(fact.place, []).append(fact)
        counts = tally.settled(tally.total(cell.of_facts(each, calendar()) for each in by_place.values()), day)
        standing = {name: counts.get(f"centres/{name}", 0) for name in PLAN.stages}
        stage = last.stage(day)
        assert standing == {name: int(stage is not None and stage.code == name) for name in PLAN.stages}
        assert counts.get("centres/reported", 0) == int(stage is not None)


def test_a_centre_is_late_from_the_day_after_its_own_date() -> None:
    assert [PLAN.due(code) for code in (PILOT, OTHER, PROVINCE, STATION)] == [
        date(2022, 12, 31),
        date(2023, 6, 30),
        date(2023, 6, 30),
        None,
    ]
    for begun, late, days in ((date(2022, 12, 31), 0, 0), (date(2023, 1, 1), 1, 1)):
        (fact,) = construction.facts_of(PLAN, None, told(PILOT, ("operating", begun)), 1)
        assert (fact.day, fact.data["late"], fact.data["days"]) == (begun, late, days)
    (listed,) = construction.facts_of(PLAN, None, told(PILOT, ("listed", date(2022, 6, 1))), 1)
    counts = cell.of_facts([listed], calendar())
    assert "centres/listed/overdue" not in tally.settled(counts, date(2022, 12, 31))
    assert tally.settled(counts, date(2023, 1, 1))["centres/listed/overdue"] == 1


@pytest.mark.parametrize(
    ("share", "due", "operating", "needed", "gap"),
    [("1", 11, 11, 11, 0), ("0.50", 7, 3, 4, 1), ("0.50", 8, 4, 4, 0), ("0.50", 1, 0, 1, 1)],
)
def test_a_share_of_centres_is_rounded_up(share: str, due: int, operating: int, needed: int, gap: int) -> None:
    target = next(one for one in PLAN.targets if one.share == Fraction(share))
    found = Reached(target, due, operating, in_force=True)
    assert (found.needed, found.gap) == (needed, gap)


def test_targets_cover_the_cities_that_the_guidance_names() -> None:
    covered = {
        one.code: [code for code in (PILOT, OTHER, PROVINCE, "330600") if one.covers(code)] for one in PLAN.targets
    }
    assert covered == {
        "pilot_cities": [PILOT, "330600"],
        "other_cities": [OTHER],
        "whole_province": [PILOT, OTHER, PROVINCE, "330600"],
    }


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"stages": []},
        {"stages": [{"stage": "listed", "since": "2026-03-03", "document": "x"}]},
        {"stages": [{"stage": "listed", "since": "soon", "document": "x"}]},
        {"stages": [{"stage": "listed", "since": "2022-01-01", "document": " "}]},
        {"stages": [{"stage": "flying", "since": "2022-01-01", "document": "x"}]},
    ],
)
def test_what_does_not_hold_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BrokenDefinition, match=r"centre 330203\.stages"):
        construction.parse(PLAN, PILOT, document, TODAY)


def test_a_plan_that_does_not_hold_is_refused() -> None:
    with pytest.raises(BrokenDefinition):
        construction.parse_plan({"name": "x", "version": 1, "stages": [], "tasks": [], "targets": []})


@pytest.mark.parametrize("wrong", [{"share": "2"}, {"share": "half"}, {"by": "soon"}])
def test_a_target_that_does_not_hold_is_refused(wrong: dict[str, str]) -> None:
    stages = [{"code": "running", "name": {"zh": "运行", "en": "running"}, "operates": True}]
    target = {"code": "all", "share": "0.5", "by": "2022-12-31", **wrong}
    with pytest.raises(BrokenDefinition, match="target all"):
        construction.parse_plan({"name": "x", "version": 1, "stages": stages, "tasks": [], "targets": [target]})
