"""One schedule from a list of numbers, and the search for one that breaks something.

Hypothesis draws the numbers and makes those of a failing schedule as few and small as it can; without Hypothesis the
same list plays the same run. 0 is always the choice of an undisturbed run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from tests.faults import clients, invariants
from tests.faults.clients import Ledger
from tests.faults.stage import Actor, Pick, Stage, Violation, Weather
from tests.faults.town import BEGINNINGS, town
from tests.faults.troubles import STORMS, WRITES, possible
from tests.support.wire import Call, Trouble

MOST_TROUBLES = 5
TROUBLES = tuple(Trouble)[1:]


@dataclass(slots=True)
class Found:
    """A schedule that broke something: its numbers, what broke, and what happened."""

    numbers: list[int]
    violation: str
    told: list[str]

    def __str__(self) -> str:
        return "\n".join([f"{self.violation}", f"schedule {self.numbers}", *self.told])


@dataclass(slots=True)
class Outcome:
    """What a search did: how many schedules held, what happened in them, and what it found (None: nothing)."""

    seed: int
    played: int = 0
    tally: Counter[str] = field(default_factory=Counter)
    found: Found | None = None


def perform(pick: Pick, tally: Counter[str], told: list[str]) -> None:
    """Play one schedule and look at what it left. Violation when something does not hold."""
    here = town()
    name = tuple(BEGINNINGS)[pick(len(BEGINNINGS))]
    beginning = here.begin(name)
    told.append(f"beginning: {name}")
    stage = Stage(pick, here.cloud.clock, chosen(pick, pick(MOST_TROUBLES + 1)), told=told, tally=tally)
    ledger = Ledger()
    with here.overheard():
        clients.cast(here, ledger, stage, beginning.case)
        stage.play()
        invariants.hold(here, ledger, beginning.tables)
    tally["acknowledged"] += sum(bool(entry.acknowledged) for entry in ledger.entries)
    tally["refused"] += sum(not entry.acknowledged for entry in ledger.entries)
    tally["answers"] += len(ledger.answers)


def chosen(pick: Pick, most: int) -> Weather:
    """Trouble at every second write and every sixth read or so, at most `most` times; it may last for the rest of a
    client's attempt."""
    left = [most]

    def weather(actor: Actor, call: Call) -> Trouble:
        if actor.storm is not Trouble.calm:
            return actor.storm if possible(actor.storm, call) else Trouble.calm
        odds = 2 if call.operation in WRITES else 6
        if not left[0] or pick(odds) < odds - 1:
            return Trouble.calm
        left[0] -= 1
        single = [trouble for trouble in TROUBLES if possible(trouble, call)]
        lasting = [trouble for trouble in STORMS if possible(trouble, call)]
        number = pick(len(single) + len(lasting))
        if number < len(single):
            return single[number]
        actor.storm = lasting[number - len(single)]
        return actor.storm

    return weather


def numbered(numbers: Sequence[int]) -> Pick:
    """Choices from a list, 0 where it ends."""
    left = list(numbers)
    return lambda options: left.pop(0) % options if left else 0


def replay(numbers: Sequence[int]) -> Found | None:
    """Play the schedule of these numbers: what it broke, or None."""
    told: list[str] = []
    try:
        perform(numbered(numbers), Counter(), told)
    except Violation as violation:
        return Found(list(numbers), str(violation), told)
    return None


def told_by(numbers: Sequence[int]) -> list[str]:
    """What happens in the schedule of these numbers."""
    told: list[str] = []
    perform(numbered(numbers), Counter(), told)
    return told


def search(start: int, schedules: int) -> Outcome:
    """Up to `schedules` schedules from this seed; stops at the first that breaks something and shrinks it."""
    outcome = Outcome(start)

    @seed(start)
    @settings(
        max_examples=schedules,
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
        _play(outcome, data)

    try:
        play()
    except Violation:
        assert outcome.found
    return outcome


def _play(outcome: Outcome, data: DataObject) -> None:
    numbers: list[int] = []
    told: list[str] = []

    def pick(options: int) -> int:
        numbers.append(data.draw(_below(options)))
        return numbers[-1]

    tally = Counter[str]()
    try:
        perform(pick, tally, told)
    except Violation as violation:
        while numbers and not numbers[-1]:
            numbers.pop()
        outcome.found = Found(numbers, str(violation), told)
        raise
    if outcome.found is None:
        outcome.played += 1
        outcome.tally += tally


@cache
def _below(options: int) -> SearchStrategy[int]:
    return st.integers(0, options - 1)
