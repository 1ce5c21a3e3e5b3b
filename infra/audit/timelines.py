"""A case of a log as a timeline, so that the rules of supervision can be asked of it.

What the log does not say stays unknown, and a rule that needs it says so. This module must not judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import clocks
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.clocks import MOST, Clock, Limit, Pause, Unit
from chalicelib.domain.supervision.of_case import effect
from chalicelib.domain.supervision.timeline import Event, Term, Timeline
from chalicelib.procedures import all_procedures
from infra.logs.log import Deed, Log, LoggedCase
from infra.logs.mapping import LimitRow
from infra.logs.stamps import Stamp, Unreadable


def _closing(name: str) -> frozenset[str]:
    procedure = all_procedures()[name]
    return frozenset(row.name for row in procedure.actions if effect(procedure, row).closes)


CLOSING = _closing("permit@1") | {"settle"}  # by which observed cases are kept here
INSTANT = CLOSING | _closing("instant@1")
DUE = "promised"  # the clock of a date that a source gives for the whole case
_WAITS = "special"


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes timelines of the cases of one log; `at`: the instant up to which it tells."""

    log: Log
    calendar: Calendar
    at: datetime

    def timeline(self, case: LoggedCase) -> Timeline:
        """The timeline of `case`."""
        mapping = self.log.mapping
        last = closing(case, mapping.form)
        ended = last.at if last else None
        return Timeline(
            case_id=case.id,
            organisation=case.organisation or mapping.source,
            at=self.at,
            events=tuple([_event(deed) for deed in case.deeds]),
            terms=tuple(self._terms(case, last)),
            form=mapping.form,
            channel=case.channel,
            applicant=case.applicant or None,
            ended=ended.at if ended else None,
            observed=True,
            told=mapping.told(),
        )

    def _terms(self, case: LoggedCase, last: Deed | None) -> Iterator[Term]:
        """The limits of a case; none that ended nobody knows when."""
        ended = last.at if last else None
        if case.due and (last is None or ended):
            whole = case.due.whole_day or bool(ended and ended.whole_day)
            yield Term(DUE, case.due.last, ended.at if ended else None, whole)
        for row in self.log.mapping.limit:
            term = self._term(case, row, last)
            if term:
                yield term

    def _term(self, case: LoggedCase, row: LimitRow, last: Deed | None) -> Term | None:
        """A limit of a mapping, from the first step that begins it to the first after it that meets it, or to the end
        of the case, after which no clock runs; None where it never began, or the log does not say how long it is or
        when it ended."""
        place = _place(case.deeds, {row.since} if row.since else {"submit"}, 0)
        begun = case.deeds[place].at if place is not None else None
        if place is None or begun is None:
            return None
        met = _place(case.deeds, set(row.to), place + 1)
        ends = [deed for deed in (case.deeds[met] if met is not None else None, last) if deed]
        if any(deed.at is None for deed in ends):
            return None
        until = min((deed.at for deed in ends if deed.at), key=lambda stamp: stamp.at, default=None)
        paused = tuple(_pauses(case.deeds[place : None if met is None else met + 1], row))
        due = self._due(case, row, begun, paused)
        if due is None:
            return None
        whole = due.whole_day or bool(until and until.whole_day)
        waiting = paused[-1].start if paused and paused[-1].end is None else None
        stands_still = not row.due_column and until is None and waiting is not None and waiting <= due.last
        return Term(row.name, None if stands_still else due.last, until.at if until else None, whole, since=begun.at)

    def _due(self, case: LoggedCase, row: LimitRow, begun: Stamp, paused: tuple[Pause, ...]) -> Stamp | None:
        if row.due_column:
            return self._told(row.due_column, case.figures[row.due_column])
        amount = row.amount
        if amount is None:
            amount = self._amount(row.amount_column or "", case.figures[row.amount_column or ""])
        if amount is None:
            return None
        over = tuple(pause for pause in paused if pause.end is not None)
        clock = Clock(row.name, begun.at, Limit(amount, row.unit), pauses=over)
        due = clocks.due(clock, self.calendar)
        hours = row.unit is Unit.hour
        return Stamp(due.last, whole_day=not hours or begun.whole_day) if due else None

    def _told(self, column: str, text: str) -> Stamp | None:
        if not text:
            return None
        try:
            due = self.log.mapping.clock(self.at).due(text)
        except Unreadable as wrong:
            self.log.unplaced["limit", text, f"{column} {wrong}"] += 1
            return None
        return Stamp(due.at, True) if self.log.mapping.due_by == "day" else due

    def _amount(self, column: str, text: str) -> int | None:
        """A number of units; 2.0 is one, 2.9 is none."""
        if not text:
            return None
        whole, _, rest = text.partition(".")
        if whole.isdecimal() and not rest.strip("0") and int(whole) <= MOST:
            return int(whole)
        self.log.unplaced["limit", text, f"{column} is no whole number from 0 to {MOST}"] += 1
        return None


def closing(case: LoggedCase, form: str | None) -> Deed | None:
    """What closed a case, its end or the first step that closes it; None while it is open. It may have no time that
    anybody knows."""
    closes = INSTANT if form == "instant" else CLOSING
    return next((deed for deed in case.deeds if deed.node in closes), None)


def _event(deed: Deed) -> Event:
    return Event(
        deed.node,
        deed.at.at if deed.at else None,
        deed.actor or None,
        deed.evidence,
        deed.label,
        _seat(deed),
        bool(deed.at and deed.at.whole_day),
        deed.account is not None,
    )


def _seat(deed: Deed) -> str | None:
    seat = deed.evidence.get("seat")
    return seat if isinstance(seat, str) else None


def _place(deeds: tuple[Deed, ...], nodes: set[str], start: int) -> int | None:
    return next((number for number in range(start, len(deeds)) if deeds[number].node in nodes), None)


def _pauses(deeds: tuple[Deed, ...], row: LimitRow) -> Iterator[Pause]:
    """The stretches from a step at which the limit stands still to the next step that is another."""
    since: datetime | None = None
    for deed in deeds:
        if deed.at is None:
            continue
        if since is not None and deed.node not in row.stands_still:
            yield Pause(_WAITS, since, max(deed.at.at, since))
            since = None
        elif since is None and deed.node in row.stands_still:
            since = deed.at.at
    if since is not None:
        yield Pause(_WAITS, since)
