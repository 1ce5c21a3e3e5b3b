"""Every point of death, enumerated; and troubles that never end."""

from __future__ import annotations

import pytest

from tests.faults.conftest import InTown
from tests.faults.crashes import DEEDS, enumerate_crashes, never_ending
from tests.faults.troubles import Trouble

PATIENCE = 8  # seconds in which a client is told to come again
GATEWAY = 29  # seconds after which API Gateway tells it so itself


@pytest.mark.parametrize("name", DEEDS)
def test_wherever_it_dies_once_or_twice_the_retry_ends_where_the_undisturbed_run_does(
    name: str, in_town: InTown
) -> None:
    runs = in_town(enumerate_crashes, name)
    print(f"{name}: {runs} runs")
    assert runs >= 50


@pytest.mark.parametrize("name", DEEDS)
@pytest.mark.parametrize(
    "trouble",
    [Trouble.throttled, Trouble.limited, Trouble.broken, Trouble.contended, Trouble.in_progress, Trouble.unsent],
)
def test_what_never_ends_is_told_within_eight_seconds_and_nothing_is_half_done(
    trouble: Trouble, name: str, in_town: InTown
) -> None:
    longest, runs = in_town(never_ending, name, trouble)
    assert longest <= PATIENCE
    assert runs or trouble is Trouble.in_progress  # only a transaction can be in progress


@pytest.mark.parametrize("name", DEEDS)
def test_answers_that_never_come_are_told_before_the_gateway_gives_up(name: str, in_town: InTown) -> None:
    longest, _ = in_town(never_ending, name, Trouble.unanswered)
    assert longest < GATEWAY
