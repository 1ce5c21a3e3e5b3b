"""However long trouble lasts, within eight seconds by the clock there is an answer, and it is safe to come again."""

from __future__ import annotations

from functools import partial

import pytest

from chalicelib import settings
from tests.faults.alone import DEEDS
from tests.faults.conftest import Elsewhere
from tests.faults.endless import at_last, left, never_ending, outside_requests, reading
from tests.faults.silence import ENVIRONMENT, REQUESTS, asked
from tests.support.wire import Trouble

PATIENCE = 8  # seconds within which everybody has an answer
BUDGET = 7
ENDLESS = (
    Trouble.throttled, Trouble.limited, Trouble.broken, Trouble.broken_after, Trouble.foreign, Trouble.contended,
    Trouble.in_progress, Trouble.mixed, Trouble.unsent, Trouble.unanswered, Trouble.late,
)  # fmt: skip
TRANSACTIONS = (Trouble.in_progress, Trouble.mixed)  # what can happen to a transaction only
RETRIED = (Trouble.throttled, Trouble.broken, Trouble.broken_after, Trouble.foreign, Trouble.unsent, Trouble.unanswered)


@pytest.mark.parametrize("name", DEEDS)
@pytest.mark.parametrize("trouble", ENDLESS)
def test_what_never_ends_is_told_within_eight_seconds_and_the_repeat_is_done_once(
    trouble: Trouble, name: str, in_town: Elsewhere
) -> None:
    outcome = in_town(never_ending, name, trouble)
    assert outcome.longest < PATIENCE
    assert outcome.refused == outcome.runs
    assert outcome.runs or trouble in TRANSACTIONS


@pytest.mark.parametrize("name", DEEDS)
@pytest.mark.parametrize("trouble", RETRIED)
def test_what_is_answered_at_the_last_attempt_only_is_done_or_told_within_eight_seconds(
    trouble: Trouble, name: str, in_town: Elsewhere
) -> None:
    outcome = in_town(at_last, name, trouble)
    assert outcome.longest < PATIENCE
    assert outcome.runs


@pytest.mark.parametrize("name", DEEDS)
def test_what_is_answered_when_nobody_expects_it_any_more_is_done_or_told_within_eight_seconds(
    name: str, in_town: Elsewhere
) -> None:
    outcome = in_town(never_ending, name, Trouble.slow)
    assert outcome.longest < PATIENCE
    assert 0 < outcome.refused < outcome.runs


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (Trouble.throttled, "never ending"),
        (Trouble.throttled, "at last"),
        (Trouble.unanswered, "never ending"),
        (Trouble.unanswered, "at last"),
        (Trouble.slow, "never ending"),
    ],
)
def test_every_route_that_reads_answers_within_eight_seconds(trouble: Trouble, kind: str, in_town: Elsewhere) -> None:
    outcomes = in_town(reading, trouble, kind)
    for route, outcome in outcomes.items():
        assert outcome.longest < PATIENCE, route
        assert outcome.refused == outcome.runs or trouble is Trouble.slow or kind == "at last", route
    assert len(outcomes) >= 10


def test_the_budget_runs_from_when_the_request_came_and_ends_before_its_lambda(in_town: Elsewhere) -> None:
    assert in_town(left, 25, 0) == BUDGET
    assert in_town(left, 25, 3) == BUDGET - 3
    assert in_town(left, 5, 1) == 3.5  # half a second is for the answer


def test_a_lambda_that_ends_sooner_has_answered_by_then(in_town: Elsewhere) -> None:
    outcome = in_town(never_ending, "intake", Trouble.unanswered, 4)
    assert outcome.longest < 4
    assert outcome.refused == outcome.runs


def test_a_schedule_has_the_attempts_of_each_call_and_no_budget(in_town: Elsewhere) -> None:
    assert in_town(outside_requests, Trouble.unanswered) == 3


@pytest.mark.parametrize("name", REQUESTS)
def test_on_a_real_line_and_by_the_real_clock_silence_is_told_within_eight_seconds(
    name: str, in_silence: Elsewhere
) -> None:
    status, retry_after, seconds = in_silence(asked, name)
    print(f"{name}: {seconds:.1f} s")
    assert (status, retry_after) == (503, "5")
    assert 2 <= seconds < PATIENCE  # two: it did wait for an answer


def test_a_stage_may_give_its_requests_less(in_silence: Elsewhere) -> None:
    status, _, seconds = in_silence(partial(asked, REQUEST_SECONDS="4"), "reading")
    assert status == 503
    assert 2 <= seconds < 4


def test_a_budget_that_is_not_set_is_seven_seconds() -> None:
    assert settings.load(ENVIRONMENT).request_seconds == BUDGET
    assert settings.load({**ENVIRONMENT, "REQUEST_SECONDS": "24"}).request_seconds == 24


@pytest.mark.parametrize("text", ["", "3", "25", "7.5", "-7", "1e1", "٧"])
def test_a_budget_that_is_none_is_named(text: str) -> None:
    with pytest.raises(settings.BadSetting, match="REQUEST_SECONDS"):
        settings.load({**ENVIRONMENT, "REQUEST_SECONDS": text})
