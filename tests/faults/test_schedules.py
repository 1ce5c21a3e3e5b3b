"""Two hundred schedules of two to five clients, under every trouble; `make soak` plays three thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Elsewhere
from tests.faults.planted import BUGS, Bug, plant
from tests.faults.schedules import search, told_by

SEEDS = (1, 2, 3, 4)
SCHEDULES = 50


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_what_must_hold_holds(seed: int, in_town: Elsewhere) -> None:
    outcome = in_town(search, seed, SCHEDULES)
    print(f"seed {seed}: {outcome.played} schedules, {dict(outcome.tally)}")
    assert outcome.found is None, f"seed {seed}\n{outcome.found}"
    assert outcome.played >= SCHEDULES
    assert outcome.tally["acknowledged"] > outcome.played


def test_a_schedule_is_the_same_whenever_it_is_played(in_town: Elsewhere) -> None:
    numbers = [3, 3, *([1, 2, 0, 3, 4, 1] * 40)]
    first, again = in_town(told_by, numbers), in_town(told_by, numbers)
    assert first == again
    assert len(first) > 20


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_bug_that_the_soak_plants_still_has_its_place(bug: Bug, tmp_path: Path) -> None:
    plant(bug, tmp_path)
    for change in bug.changes:
        assert change.new in (tmp_path / change.file).read_text(encoding="utf-8")
