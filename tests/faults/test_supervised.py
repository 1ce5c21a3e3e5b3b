"""Three hundred scenarios of the stream of cases over the real reaction: nothing is lost and nothing doubled."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults import supervised
from tests.faults.conftest import Elsewhere
from tests.faults.streams import Mishap

SEEDS = (1, 2, 3, 4)
SCENARIOS = 75
HAPPENS = ("quarantined", "dead letters", "redriven", "sweeps beside others", "sweeps missed")


@pytest.mark.parametrize("seed", SEEDS)
def test_facts_findings_deadlines_and_orders_are_those_of_a_run_without_faults(seed: int, in_town: Elsewhere) -> None:
    outcome = in_town(supervised.searched, seed, SCENARIOS)
    print(f"seed {seed}: {outcome.played} scenarios, {dict(outcome.tally)}")
    assert outcome.found is None, f"seed {seed}\n{outcome.found}"
    assert outcome.played >= SCENARIOS
    happened = Counter(outcome.tally)
    for each in (*HAPPENS, *(mishap.name for mishap in list(Mishap)[1:])):
        assert happened[each] > 0, each
