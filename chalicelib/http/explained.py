"""Deadlines as they are shown: each clock with the rows that lead to its date. This module must not decide anything."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.clocks import LIGHT_TEXTS, Clock, Light
from chalicelib.domain.explanation import REASON_TEXTS, Span
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.http.fields import Deadline, Names, Shown, Time, deadline
from chalicelib.services.explaining import Explained


class PauseOut(Shown):
    """A time during which a clock stood still, and why."""

    kind: str
    name: Names
    start: Time
    end: Time | None


class DayOut(Shown):
    """One row of an explanation: a day, or for hour limits a stretch."""

    day: str
    start: Time | None
    end: Time | None
    kind: str | None
    counted: bool
    number: int | None
    reason: str
    text: Names


class ClockOut(Shown):
    """One clock and how it came to its date. `limit` null: the date was told by another system."""

    clock: str
    start: Time
    limit: int | None
    unit: str | None
    basis: str
    extension: int | None
    pauses: list[PauseOut]
    stopped: Time | None
    deadline: Deadline
    light: Light
    light_name: Names
    days: list[DayOut]


class ExplainedOut(Shown):
    """Every clock of a case, explained day by day."""

    case_id: str
    version: int
    clocks: list[ClockOut]


def clock(found: Explained) -> ClockOut:
    """One clock with its explanation."""
    told = found.clock.told is not None
    limit = found.clock.limit
    return ClockOut(
        clock=found.clock.name,
        start=found.clock.start,
        limit=None if told else limit.amount,
        unit=None if told else limit.unit,
        basis=limit.basis,
        extension=found.clock.extension.amount if found.clock.extension else None,
        pauses=_pauses(found.clock),
        stopped=found.clock.stopped,
        deadline=deadline(found.due),
        light=found.light,
        light_name=Names(zh=LIGHT_TEXTS[found.light]["zh-CN"], en=LIGHT_TEXTS[found.light]["en"]),
        days=[_row(row) for row in found.rows],
    )


def _pauses(found: Clock) -> list[PauseOut]:
    return [
        PauseOut(
            kind=pause.kind,
            name=Names(zh=PAUSE_CLASSES[pause.kind].zh, en=PAUSE_CLASSES[pause.kind].en),
            start=pause.start,
            end=pause.end,
        )
        for pause in found.pauses
    ]


def _row(row: Any) -> DayOut:
    span = isinstance(row, Span)
    text = REASON_TEXTS[row.reason]
    return DayOut(
        day=row.day.isoformat(),
        start=row.start if span else None,
        end=row.end if span else None,
        kind=None if span else row.kind,
        counted=row.counted,
        number=None if span else row.number,
        reason=row.reason,
        text=Names(zh=text["zh-CN"], en=text["en"]),
    )
