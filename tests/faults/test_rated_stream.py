"""Scenarios of the stream of ratings: facts and follow-up orders come out the same, once each."""

from __future__ import annotations

from tests.faults import rated_stream
from tests.faults.conftest import Elsewhere

SCENARIOS = 25


def test_facts_and_orders_of_ratings_are_those_of_a_run_without_faults(in_town: Elsewhere) -> None:
    outcome = in_town(rated_stream.searched, 1, SCENARIOS)
    print(f"{outcome.played} scenarios, {dict(outcome.tally)}")
    assert outcome.found is None, f"\n{outcome.found}"
    assert outcome.played >= SCENARIOS
    assert outcome.tally["quarantined"] > 0
    assert outcome.tally["dead letters"] > 0
