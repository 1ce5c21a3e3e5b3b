"""The ladder of a clock: yellow before it runs out, red after, and red for three working days to the level above.

Each rung is reached once in the life of a clock, at an instant that follows from the clock and the calendar, whoever
looks and whenever. A clock that stands still reaches none. This module must not keep anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.domain import clocks
from chalicelib.domain.calendar import ONE_DAY, Calendar, start_of_day
from chalicelib.domain.case import Case
from chalicelib.domain.clocks import Clock, Due
from chalicelib.domain.supervision.rule import Fact, Finding

YELLOW, RED, ESCALATED, WITHDRAWN = "W01", "W02", "W03", "W04"
_AFTER = timedelta(seconds=1)  # the last instant itself is in time


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of a clock, and when it is reached."""

    rule: str
    at: datetime


def rungs(clock: Clock, due: Due, calendar: Calendar, days: int) -> Iterator[Rung]:
    """The rungs of a clock that is due at `due`, in their order."""
    return (Rung(rule, when(rule, clock, due, calendar, days)) for rule in (YELLOW, RED, ESCALATED))


def when(rule: str, clock: Clock, due: Due, calendar: Calendar, days: int) -> datetime:
    """When a clock that is due at `due` reaches a rung. W03 is `days` working days after the due day; a provisional
    date, which a calendar may still move, counts calendar days."""
    if rule == YELLOW:
        return max(clocks.warning_before(clock, due, calendar), clock.start)
    if rule == RED:
        return due.last.replace(microsecond=0) + _AFTER
    return start_of_day(_after(due, calendar, days) + ONE_DAY)


def occurrence(case: Case, clock: Clock, due: Due) -> str:
    """What makes a rung one within its case: the clock; for a stage also its state and since when it counts; a
    provisional date apart from the one that will replace it."""
    name = f"stage:{case.state}:{int(clock.start.timestamp())}" if clock.name == "stage" else clock.name
    return f"{name}~" if due.provisional else name


def reached(case: Case, calendar: Calendar, days: int, until: datetime) -> Iterator[Finding]:
    """The rungs that the running clocks of `case` have reached by `until`, its state being what it is since its last
    step; found at whoever holds it, because that is who is late. Asked before each step, and of what is still open, it
    finds every rung that was ever reached."""
    for clock in case.clocks.values():
        due = case.dues.get(clock.name)
        if clock.stopped is not None or due is None:
            continue
        for rung in rungs(clock, due, calendar, days):
            if rung.at <= until:
                evidence = _evidence(clock, due)
                yield Finding(rung.rule, case.id, case.holder, rung.at, occurrence(case, clock, due), evidence)
            elif rung.rule == RED:
                break  # nor is what comes after it


def withdrawn(before: Case, after: Case, calendar: Calendar, days: int) -> Iterator[Finding]:
    """What a calendar that was published takes back: each rung reached on a provisional date that the new date, which
    the last step of `after` set, has not reached yet."""
    at = after.nodes[-1].at
    for finding in reached(before, calendar, days, at):
        name = str(finding.evidence["clock"])
        due, old = after.dues.get(name), before.dues[name]
        if old is None or not old.provisional or due is None or due == old:
            continue
        later = {rung.rule for rung in rungs(after.clocks[name], due, calendar, days) if rung.at > at}
        if finding.rule in later:
            evidence = {**finding.evidence, "withdrawn": finding.key, "now": int(due.last.timestamp())}
            yield Finding(WITHDRAWN, after.id, finding.organisation, at, finding.key, evidence)


def next_rung(case: Case, name: str, calendar: Calendar, days: int, after: datetime) -> datetime | None:
    """When a clock of `case` reaches its next rung after `after`; None where none is to come or it stands still."""
    clock, due = case.clocks.get(name), case.dues.get(name)
    if clock is None or clock.stopped is not None or due is None:
        return None
    return min((rung.at for rung in rungs(clock, due, calendar, days) if rung.at > after), default=None)


def _after(due: Due, calendar: Calendar, days: int) -> date:
    return due.day + timedelta(days=days) if due.provisional else calendar.working_day_after(due.day, days)


def _evidence(clock: Clock, due: Due) -> Mapping[str, Fact]:
    return {"clock": clock.name, "due": int(due.last.timestamp()), "limit": f"{clock.total} {clock.limit.unit}"}
