"""What state an alarm is in, given what its last query came to in each of the latest periods: CloudWatch's own rule,
so that alarms can be looked at before anything is deployed.

CloudWatch looks a few periods further back where some are missing; here a period that is missing is what the alarm
says that it means. Pure. This module must not know any metric.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.watch.alarm import Alarm, Missing

_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class State(StrEnum):
    """As CloudWatch calls them."""

    alarm = "ALARM"
    ok = "OK"
    unclear = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A state, with how many of the periods breach, how many have no data, and the latest value that there is."""

    state: State
    breaching: int
    missing: int
    latest: float | None


def judged(alarm: Alarm, values: Sequence[float | None]) -> Judgement:
    """The state of an alarm; `values`, the latest last, None where there are no data, reach as far back as is known.
    An alarm that keeps its state over silence is judged by the latest periods that have data."""
    known = [value for value in values if value is not None]
    window = known[-alarm.periods :] if alarm.missing is Missing.keep else list(values[-alarm.periods :])
    missing = sum(value is None for value in window) + max(alarm.periods - len(window), 0)
    breaches = _BREACHES[alarm.comparison]
    breaching = sum(value is not None and breaches(value, alarm.threshold) for value in window)
    counted = breaching + (missing if alarm.missing is Missing.breaching else 0)
    state = State.alarm if counted >= alarm.datapoints else State.ok
    if alarm.missing is Missing.keep and not window:
        state = State.unclear
    return Judgement(state, breaching, missing, known[-1] if known else None)


def joint(parts: Sequence[State]) -> State:
    """The state of alarms that must speak at once."""
    if all(part is State.alarm for part in parts):
        return State.alarm
    return State.unclear if State.unclear in parts and State.ok not in parts else State.ok
