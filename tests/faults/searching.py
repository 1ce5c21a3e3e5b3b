"""The search for a play that breaks something, whatever is played: Hypothesis draws its numbers and makes them few and
small. This module must not know what the numbers mean."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tests.faults.schedules import Found, Outcome, numbered
from tests.faults.stage import Pick, Violation

Perform = Callable[[Pick, Counter[str], list[str]], None]  # plays one; Violation when something does not hold


def search(start: int, scenarios: int, perform: Perform) -> Outcome:
    """Up to so many scenarios from this seed; stops at the first that breaks something and makes it small."""
    outcome = Outcome(start)

    @seed(start)
    @settings(
        max_examples=scenarios,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(st.data())
    def play(data: DataObject) -> None:
        with _noted(outcome) as (numbers, tally, told):

            def pick(options: int) -> int:
                numbers.append(data.draw(st.integers(0, options - 1)))
                return numbers[-1]

            perform(pick, tally, told)

    with contextlib.suppress(Violation):
        play()
    return outcome


def replay(numbers: Sequence[int], perform: Perform) -> tuple[Found | None, list[str]]:
    """Play the scenario of these numbers: what it broke, or None; and what happened."""
    told: list[str] = []
    try:
        perform(numbered(numbers), Counter(), told)
    except Violation as violation:
        return Found(list(numbers), str(violation), told), told
    return None, told


@contextlib.contextmanager
def _noted(outcome: Outcome) -> Iterator[tuple[list[int], Counter[str], list[str]]]:
    numbers, tally, told = list[int](), Counter[str](), list[str]()
    try:
        yield numbers, tally, told
    except Violation as violation:
        while numbers and not numbers[-1]:
            numbers.pop()
        outcome.found = Found(numbers, str(violation), told)
        raise
    if outcome.found is None:
        outcome.played += 1
        outcome.tally += tally
