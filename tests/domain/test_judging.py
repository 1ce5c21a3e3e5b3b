"""The state of an alarm follows from its periods, and silence means what the alarm says that it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.watch.alarm import Alarm, Missing, one
from infra.watch.catalogue import Metric
from infra.watch.judging import Judgement, State, joint, judged

ALARM = Alarm(
    "a", "a", "某", "a", one(Metric("Own", "M"), "Sum"), 5, Missing.fine, "nothing happened", periods=3, datapoints=2
)
Values = list[float | None]


@pytest.mark.parametrize(
    ("missing", "values", "state"),
    [
        (Missing.fine, [6, 6, 0], State.alarm),
        (Missing.fine, [6, 0, 0], State.ok),
        (Missing.fine, [5, 5, 5], State.ok),  # greater, and not equal
        (Missing.fine, [9, 9, 0, 0, 6], State.ok),  # what is further back is over
        (Missing.fine, [None, None, None], State.ok),
        (Missing.fine, [6, None, 6], State.alarm),
        (Missing.breaching, [None, None, 0], State.alarm),
        (Missing.breaching, [None, 0, 0], State.ok),
        (Missing.breaching, [0], State.alarm),  # the run is younger than its periods
        (Missing.keep, [6, 6, 0, None, None, None], State.alarm),
        (Missing.keep, [6, 0, 0, None], State.ok),
        (Missing.keep, [None, None, None], State.unclear),
    ],
)
def test_an_alarm_speaks_where_enough_of_its_periods_breach(missing: Missing, values: Values, state: State) -> None:
    assert judged(replace(ALARM, missing=missing), values).state is state


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", 1),
        ("GreaterThanOrEqualToThreshold", 2),
        ("LessThanThreshold", 1),
        ("LessThanOrEqualToThreshold", 2),
    ],
)
def test_a_judgement_says_how_many_breach_how_many_are_missing_and_what_came_last(
    comparison: str, breaching: int
) -> None:
    assert judged(replace(ALARM, comparison=comparison), [4, 5, 6]).breaching == breaching
    assert judged(replace(ALARM, comparison=comparison), [None, None, 7]) == Judgement(
        State.ok, int("Greater" in comparison), 2, 7
    )


def test_joint_alarms_speak_at_once() -> None:
    assert joint([State.alarm, State.alarm]) is State.alarm
    assert joint([State.alarm, State.ok]) is State.ok
    assert joint([State.alarm, State.unclear]) is State.unclear
