"""A log as it stood on a day: what was closed before it, what was open, and what became of that later.

On a cut-off day nothing is known but what the log tells of the time before it: dates are those that the steps until
then give, and a case that was open then is open. Only scoring looks further. This module must not forecast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from chalicelib.domain import track
from chalicelib.domain.calendar import Calendar, legal_day, start_of_day
from chalicelib.domain.forecast.chance import Open
from chalicelib.domain.indices import tally
from chalicelib.domain.supervision.timeline import Term
from chalicelib.domain.track import Bound, Moment
from infra.audit.timelines import Reader
from infra.logs import calendars
from infra.logs.log import Log, LoggedCase

UNIT = "000000"  # a log is looked at as one unit
ITEM = "all"  # and as one item
SHANGHAI_ZONE = "Asia/Shanghai"
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Lived:
    """A case of a log with its limit as it came out in the end; `counts`: what its track counts once it is closed."""

    case: LoggedCase
    begun: datetime
    ended: datetime | None
    last: datetime | None
    counts: Mapping[str, int]

    def late(self, told_until: datetime) -> bool | None:
        """Whether it came after the day of its date; None where the log ends before that day is over."""
        if self.last is None or legal_day(self.last) >= legal_day(told_until):
            return None
        return self.ended is None or legal_day(self.ended) > legal_day(self.last)


@dataclass(frozen=True, slots=True)
class Standing:
    """A case that is open and in time on a cut-off day, and whether it came to be late."""

    case: Open
    late: bool | None


@dataclass(frozen=True)
class Lives:
    """The cases of a log under one of its limits (`clock`), counted by `calendar`; `weekdays`: by which people came, of
    a log from elsewhere plain weeks, because nobody there keeps the published holidays."""

    log: Log
    clock: str
    calendar: Calendar
    weekdays: Calendar
    until: datetime
    cases: list[Lived]

    @cached_property
    def begun(self) -> date:
        """The day of the first case."""
        return min(legal_day(each.begun) for each in self.cases)

    @cached_property
    def last_begun(self) -> date:
        """The day of the last case; after it the log only tells how cases ended."""
        return max(legal_day(each.begun) for each in self.cases)

    @cached_property
    def came(self) -> Counter[date]:
        """How many cases came on each day."""
        return Counter(legal_day(each.begun) for each in self.cases)

    def days(self, every: int) -> Iterator[date]:
        """Cut-off days: from a quarter of the log on, at most a year, every so many days."""
        day = self.begun + min(_YEAR, (legal_day(self.until) - self.begun) / 4)
        while day < legal_day(self.until):
            yield day
            day += timedelta(days=every)

    def known(self, day: date, since: date) -> tuple[dict[str, int], list[Standing]]:
        """What tracks count on a day, of cases decided since, and the cases that are open and in time."""
        at, counts, standing = start_of_day(day), list[Mapping[str, int]](), list[Standing]()
        for each in self.cases:
            if each.begun >= at:
                continue
            closed = each.ended is not None and each.ended < at
            if closed and each.ended and each.last and legal_day(each.ended) >= since:
                counts.append(each.counts)
            if not closed and (case := _until(each.case, at)) and (last := self._last(case, at)):
                if last >= at:
                    standing.append(Standing(_open(case, each.begun, last), each.late(self.until)))
                elif legal_day(last) >= since:
                    counts.append(_counts(case, Bound(each.begun, last), at))
        return tally.total(counts), standing

    def _last(self, case: LoggedCase, at: datetime) -> datetime | None:
        term = _term(Reader(self.log, self.calendar, at), case, self.clock)
        return term.last if term else None


def lives(log: Log, clock: str | None = None) -> Lives:
    """The cases of a log under a limit, its own or the one that most of its cases have. ValueError where it has none of
    that name, or none at all."""
    until = log.as_of
    if until is None:
        raise ValueError("nothing in the log has a time")
    days = calendars.of(log.mapping)
    reader = Reader(log, days, until)
    having = Counter(term.clock for case in log.cases for term in reader.timeline(case).terms)
    found = clock or next((name for name, _ in having.most_common(1)), None)
    if found is None or found not in having:
        raise ValueError(f"no case has the limit {clock!r}" if clock else "no case has a limit")
    cases = [one for case in log.cases if (one := _lived(reader, case, found))]
    return Lives(log, found, days, _weekdays(log, days), until, cases)


def _weekdays(log: Log, days: Calendar) -> Calendar:
    here = log.mapping.timezone.key == SHANGHAI_ZONE
    return days if here else calendars.of(log.mapping.model_copy(update={"calendar": "weekdays"}))


def _lived(reader: Reader, case: LoggedCase, clock: str) -> Lived | None:
    term = _term(reader, case, clock)
    if term is None or not case.places:
        return None
    begun, counts = term.since or case.places[0], dict[str, int]()
    if term.ended and term.last:
        counts = _counts(case, Bound(begun, term.last), term.ended)
    return Lived(case, begun, term.ended, term.last, counts)


def _term(reader: Reader, case: LoggedCase, clock: str) -> Term | None:
    return next((term for term in reader.timeline(case).terms if term.clock == clock), None)


def _until(case: LoggedCase, at: datetime) -> LoggedCase | None:
    """A case with what had happened by then; None where nothing had."""
    kept = [(deed, place) for deed, place in zip(case.deeds, case.places, strict=True) if place < at]
    if not kept:
        return None
    return replace(case, deeds=tuple(deed for deed, _ in kept), places=tuple(place for _, place in kept), end=None)


def _moments(case: LoggedCase) -> Sequence[Moment]:
    """Where a case stood since when: after which of its steps, as the mapping calls them."""
    return [(place, deed.node) for deed, place in zip(case.deeds, case.places, strict=True) if deed.node]


def _counts(case: LoggedCase, bound: Bound, until: datetime) -> dict[str, int]:
    late = legal_day(until) > legal_day(bound.last)
    text = track.text(_moments(case), bound, min(until, bound.last))
    return dict(track.counted(ITEM, text, late))


def _open(case: LoggedCase, begun: datetime, last: datetime) -> Open:
    return Open(case.id, UNIT, ITEM, _moments(case)[-1][1], Bound(begun, last))
