"""Cross-case rules on a schedule: judges what is over and was marked, and keeps what they see.

A mark says that facts came to a day of an organisation. The day is judged once it is over, with the days around it in
which it counts, and leaves marks for its month and for the months that are compared with it; those are judged, all
organisations beside each other, once they are over. A fact that comes late marks again, so a run that was missed,
doubled, overlapped or cut short comes to the same. Round trips grow with what was marked, never with what is stored.

What was found stays as it was first seen: facts that come later may make it graver, lighter or (a correction) gone, and
then its order is where that is said. This module must not know any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from chalicelib.domain.calendar import legal_day
from chalicelib.domain.supervision.rule import Finding
from chalicelib.domain.supervision.spans import Months, month_of
from chalicelib.services import spans, supervision
from chalicelib.services.spans import Seen
from chalicelib.store import facts, findings, marks
from chalicelib.store.marks import Mark

DAYS = facts.COMPARE_UNITS
MONTHS = f"{DAYS}#month"
ENOUGH_SECONDS = 60  # a piece of work is begun with so much left: marked days of one month, or a family's month


@dataclass(frozen=True, slots=True)
class Compared:
    """What one run did: days and months of organisations that were judged, what was seen in them (again, too), and
    whether it came to the end of what was marked."""

    days: int
    months: int
    seen: int
    finished: bool


def compare(now: datetime, left: Callable[[], float]) -> Compared:
    """Judges what is marked and over at `now`, as long as `left` (seconds) gives ENOUGH_SECONDS; the rest in the next
    run."""
    run = _Run(legal_day(now), left)
    finished = run.judge_days() and run.judge_months()
    return Compared(run.days, run.months, run.seen, finished)


@dataclass(slots=True)
class _Run:
    today: date
    left: Callable[[], float]
    days: int = 0
    months: int = 0
    seen: int = 0

    def judge_days(self) -> bool:
        """The marked days that are over, those of an organisation's month at a time; False where there was not the
        time."""
        for place, listed in groupby(marks.listed(DAYS), key=lambda mark: mark.place[: -len("-dd")]):
            organisation = place.partition("#")[0]
            marked = {mark: date.fromisoformat(mark.place.partition("#")[2]) for mark in listed}
            due = {mark: day for mark, day in marked.items() if day < self.today}
            if not due:
                continue
            if self.left() < ENOUGH_SECONDS:
                return False
            facts.note_days(organisation, due.values())
            self._keep(spans.of_days(facts, organisation, set(due.values()), self.today))
            marks.put((MONTHS, f"{month:%Y-%m}#{organisation}") for month in _speaking(due.values()))
            _remove(due)
            self.days += len(due)
        return True

    def judge_months(self) -> bool:
        """The marked months that are over, organisations beside each other at once; False where there was not the
        time."""
        due, counted = marks.listed(MONTHS, before=f"{self.today:%Y-%m}"), Months()
        for month, listed in groupby(due, key=lambda mark: mark.place.partition("#")[0]):
            left = {mark.place.partition("#")[2]: mark for mark in listed}
            while left:
                if self.left() < ENOUGH_SECONDS:
                    return False
                family = spans.beside(next(iter(left)))
                self._keep(spans.of_month(facts, family, date.fromisoformat(f"{month}-01"), counted))
                judged = [left.pop(organisation) for organisation in family if organisation in left]
                _remove(judged)
                self.months += len(judged)
        return True

    def _keep(self, seen: Iterable[Seen]) -> None:
        for each in seen:
            self.seen += 1
            keep(each)


def keep(seen: Seen) -> None:
    """Keeps what was seen, its fact and its order; where it was seen before, what was kept then."""
    finding = seen.finding
    kept = finding if findings.put(finding) else _kept(finding)
    supervision.settle([supervision.of_cross_case(kept, seen.known)])


def _kept(finding: Finding) -> Finding:
    return findings.one(finding.subject, finding.key) or finding


def _speaking(days: Iterable[date]) -> Sequence[date]:
    """The months in whose judgement these days count: their own, and those that are compared with it."""
    own = {month_of(day) for day in days}
    return sorted({month_of(month, later) for month in own for later in range(spans.rulebook().months_before + 1)})


def _remove(judged: Iterable[Mark]) -> None:
    for mark in judged:
        marks.remove(mark)
