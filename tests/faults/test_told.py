"""Scenarios of the stream of orders over the real reaction to complaints: nothing is lost and nothing doubled."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults import told
from tests.faults.conftest import Elsewhere

SCENARIOS = 12


@pytest.mark.parametrize("seed", [1, 2])
def test_what_follows_from_complaints_is_that_of_a_run_without_faults(seed: int, in_town: Elsewhere) -> None:
    outcome = in_town(told.searched, seed, SCENARIOS)
    print(f"seed {seed}: {outcome.played} scenarios, {dict(outcome.tally)}")
    assert outcome.found is None, f"seed {seed}\n{outcome.found}"
    assert outcome.played >= SCENARIOS
    happened = Counter(outcome.tally)
    assert happened["quarantined"] > 0
    assert happened["dead letters"] > 0
