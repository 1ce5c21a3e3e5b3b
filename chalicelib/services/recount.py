"""Deadlines counted anew when the calendar of a year was published: a step of the platform's own in each case or order
whose procedure has one.

So a date that moved has its reason in the history, and queue, explanation and warnings follow it like any other date.
This module must not change a date that was never provisional.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import clocks
from chalicelib.domain.case import Case
from chalicelib.services import casework, orders, registry
from chalicelib.store import cases, deadlines
from chalicelib.store import orders as books
from chalicelib.store.deadlines import SHARDS

MOST_A_SHARD = 1_000  # subjects of one shard in one run; the rest in the next
ACTION = "recalculate"


@dataclass(frozen=True, slots=True)
class Recounted:
    """What one run saw: clocks that wait for a calendar, and cases and orders whose dates it counted anew."""

    waiting: int
    moved: int


def recount(now: datetime) -> Recounted:
    """Counts anew the provisional dates that the calendar of now settles; at most MOST_A_SHARD of each shard."""
    waiting = moved = 0
    for shard in range(SHARDS):
        for subject, _ in deadlines.provisional(shard, MOST_A_SHARD):
            waiting += 1
            moved += _recounted(subject, now)
    return Recounted(waiting, moved)


def _recounted(subject: str, now: datetime) -> bool:
    book, known = cases.BOOK, casework.find(subject, cases.BOOK)
    if known is None:
        book, known = books.BOOK, casework.find(subject, books.BOOK)
    if known is None or not _settled(known.case) or known.law.procedure.find(ACTION, known.case.state) is None:
        return False
    years = ", ".join(f"{entry.id}@{entry.version}" for entry in registry.entries("calendar")[-2:])
    evidence = {"reason": f"日历已公布，期限重算 calendar {years}"}
    cause = f"{subject} {known.case.version} {years}"
    return orders.act_as_platform(subject, ACTION, evidence, cause=cause, now=now, book=book) is not None


def _settled(case: Case) -> bool:
    """Whether a provisional date of the case would be another, or no longer provisional, under the calendar of now."""
    calendar = registry.current_calendar()
    running = [clock for clock in case.clocks.values() if clock.stopped is None]
    for clock in running:
        known = case.dues.get(clock.name)
        if known is not None and known.provisional and clocks.due(clock, calendar) != known:
            return True
    return False
