"""Schedules of devices that file the same at once: nothing is lost, nothing doubled, nothing open twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults import filings
from tests.faults.conftest import Elsewhere

SCHEDULES = 60


@pytest.mark.parametrize("seed", [1, 2])
def test_each_filing_is_kept_once_whoever_files_meanwhile_and_whatever_befalls_it(
    seed: int, in_town: Elsewhere
) -> None:
    outcome = in_town(filings.searched, seed, SCHEDULES)
    print(f"seed {seed}: {outcome.played} schedules, {dict(outcome.tally)}")
    assert outcome.found is None, f"seed {seed}\n{outcome.found}"
    assert outcome.played >= SCHEDULES
    happened = Counter(outcome.tally)
    assert all(happened[name] for name in ("filed", "joined", "closed", "duplicates"))
