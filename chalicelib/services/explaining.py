"""Explaining: what the clocks of a case say, and how they came to that day by day, for those who may see it.

This module must not write and must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import clocks, explanation
from chalicelib.domain.authority import Identity
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.clocks import Clock, Light
from chalicelib.domain.explanation import Span, Step
from chalicelib.services import casework, registry
from chalicelib.services.casework import Known


@dataclass(frozen=True, slots=True)
class Explained:
    """One clock: what it says now, and how it came to that day by day."""

    clock: Clock
    due: clocks.Due | None
    light: Light
    rows: tuple[Step | Span, ...]


def deadline(case_id: str, identity: Identity, now: datetime) -> tuple[Known, tuple[Explained, ...]]:
    """Every clock of the case as it stands at `now`, explained day by day under the calendar of today."""
    known = casework.visible(case_id, identity, now)
    calendar = registry.current_calendar()
    return known, tuple(explained(clock, calendar, now) for clock in known.case.clocks.values())


def explained(clock: Clock, calendar: Calendar, now: datetime) -> Explained:
    """One clock with due, light and explanation."""
    return Explained(
        clock,
        clocks.due(clock, calendar),
        clocks.light(clock, calendar, now),
        explanation.explain(clock, calendar),
    )
