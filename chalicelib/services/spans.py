"""The stretches that cross-case rules look at, over the facts that are kept and under the catalogue in force.

What is seen in them is said by `chalicelib.domain.supervision.spans`. This module must not write and must not choose
what is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from chalicelib.domain import organisation as organisations
from chalicelib.domain.fact import Fact
from chalicelib.domain.supervision import spans
from chalicelib.domain.supervision.rule import Finding
from chalicelib.domain.supervision.span import of_facts, ratings_of
from chalicelib.domain.supervision.spans import NEVER, Judged, Months, Read, Rulebook
from chalicelib.rules import all_rules
from chalicelib.services import registry


class Pool(Protocol):
    """Where facts lie."""

    def cases_of_day(self, organisation: str, day: date, /) -> Sequence[Fact]:
        """The steps and findings of cases of an organisation's day; more does no harm."""

    def ratings_of_day(self, organisation: str, day: date, /) -> Sequence[Fact]:
        """The ratings of an organisation's day; more does no harm."""

    def days_between(self, organisation: str, first: date, last: date, /) -> Sequence[date]:
        """The days on which it has facts that a rule looks at, in their order."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule saw, and since when it could be known."""

    finding: Finding
    known: datetime


@dataclass(frozen=True, slots=True)
class _Source:
    pool: Pool

    def day(self, organisation: str, day: date, /) -> Read:
        rows = self.pool.cases_of_day(organisation, day)
        recorded = [at for fact in rows if isinstance(at := fact.data.get("recorded_at"), int)]
        known = datetime.fromtimestamp(max(recorded), tz=UTC) if recorded else NEVER
        return Read(of_facts(rows), known, ratings_of(self.pool.ratings_of_day(organisation, day)))

    def days_between(self, organisation: str, first: date, last: date, /) -> Sequence[date]:
        return self.pool.days_between(organisation, first, last)


def rulebook() -> Rulebook:
    """The catalogue in force, by the calendar of now."""
    return Rulebook(tuple(all_rules().values()), registry.current_calendar())


def beside(code: str) -> list[str]:
    """An organisation and those of its level under the same parent, whether they are still active or not."""
    family = organisations.parent(code), organisations.level(code)
    known = {code, *registry.current("organisation")}
    return sorted(each for each in known if (organisations.parent(each), organisations.level(each)) == family)


def of_days(pool: Pool, organisation: str, changed: Collection[date], until: date) -> Iterator[Seen]:
    """What is seen in the stretches before `until` in which a changed day counts."""
    return _seen(spans.of_days(_Source(pool), organisation, changed, until, rulebook()))


def of_month(pool: Pool, family: Sequence[str], month: date, months: Months) -> Iterator[Seen]:
    """What is seen in a month (its first day) at organisations that stand beside each other."""
    return _seen(spans.of_month(_Source(pool), family, month, months, rulebook()))


def _seen(judged: Iterable[Judged]) -> Iterator[Seen]:
    return (Seen(finding, each.known) for each in judged for finding in each.judgement.findings)
