"""What happened in a log to the cases of each unit, day by day, for the rules that look at many cases.

Units beside each other are those of one level under one parent, or, where a log names them otherwise, all of it. This
module must not judge.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from chalicelib.domain import organisation
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.supervision import spans
from chalicelib.domain.supervision.rule import Finding
from chalicelib.domain.supervision.span import LOOKED_AT, CaseFact
from chalicelib.domain.supervision.spans import Judged, Months, Read, Rulebook, month_of
from chalicelib.domain.supervision.timeline import Timeline


@dataclass(slots=True)
class Units:
    """The units of one log; a `spans.Source`."""

    facts: dict[str, dict[date, list[CaseFact]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    _days: dict[str, list[date]] = field(default_factory=dict)

    def add(self, line: Timeline, item: str | None, findings: Iterable[Finding]) -> None:
        """One case: those of its steps and findings at which a rule looks."""
        days = self.facts[line.organisation]
        for event in line.events:
            if event.at is not None and event.node in LOOKED_AT:
                day = legal_day(event.at)
                days[day].append(
                    CaseFact(
                        line.case_id,
                        line.organisation,
                        day,
                        event.node,
                        None if event.whole_day else event.at,
                        event.actor,
                        item,
                        line.applicant,
                        None,
                        line.channel,
                        event.automatic,
                    )
                )
        for finding in findings:
            if finding.rule in LOOKED_AT:
                day = legal_day(finding.at)
                days[day].append(CaseFact(line.case_id, line.organisation, day, finding.rule, finding.at))

    def judged(self, until: date, book: Rulebook) -> Iterator[Judged]:
        """Every stretch that is over at `until`."""
        self._days = {unit: sorted(days) for unit, days in self.facts.items() if days}
        for unit, days in sorted(self._days.items()):
            yield from spans.of_days(self, unit, set(days), until, book)
        if not self._days:
            return
        first, months = min(days[0] for days in self._days.values()), Months()
        for family in _families(self._days):
            month = month_of(first)
            while month < month_of(until):
                yield from spans.of_month(self, family, month, months, book)
                month = month_of(month, 1)

    def day(self, organisation: str, day: date, /) -> Read:
        """An organisation's day."""
        return Read(tuple(self.facts[organisation][day]))

    def days_between(self, organisation: str, first: date, last: date, /) -> Sequence[date]:
        """Its days on which something happened."""
        days = self._days.get(organisation, [])
        return days[bisect_left(days, first) : bisect_right(days, last)]


def _families(units: Iterable[str]) -> list[list[str]]:
    found: dict[object, list[str]] = defaultdict(list)
    for unit in sorted(units):
        found[_family(unit)].append(unit)
    return list(found.values())


def _family(unit: str) -> object:
    try:
        return organisation.parent(unit), organisation.level(unit)
    except ValueError:  # a name of another system
        return None
