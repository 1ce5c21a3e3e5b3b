"""What cross-case rules see in the facts of organisations: of days, of several days, of months beside others.

A stretch is judged for each day on which something happened, and for each month in which something did, or in the
months that it is compared with. What is seen is a function of the facts and the calendar, whoever asks and whenever.
Facts are read a day at a time, from a `Source`; no more than one organisation's stretch is held. This module must not
write and must not choose what is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from chalicelib.domain import organisation as organisations
from chalicelib.domain.calendar import ONE_DAY
from chalicelib.domain.fact import Fact
from chalicelib.domain.supervision.judging import judge_span
from chalicelib.domain.supervision.rule import Finding, Rule
from chalicelib.domain.supervision.sightings import over
from chalicelib.domain.supervision.span import (
    DAY,
    DAYS,
    MONTH,
    CaseFact,
    RatingFact,
    Span,
    Tally,
    ends_a_row,
    of_facts,
    ratings_of,
    tally,
)
from chalicelib.rules import all_rules
from chalicelib.services import registry


class Source(Protocol):
    """Where facts are read."""

    def cases_of_day(self, organisation: str, day: date, /) -> Sequence[Fact]:
        """The steps and findings of cases of an organisation's day; more does no harm."""

    def ratings_of_day(self, organisation: str, day: date, /) -> Sequence[Fact]:
        """The ratings of an organisation's day; more does no harm."""

    def days_between(self, organisation: str, first: date, last: date, /) -> Sequence[date]:
        """The days on which it has facts that a rule looks at, in their order."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule saw, and since when it could be known: the stretch is over and what came late has come."""

    finding: Finding
    known: datetime


@dataclass(frozen=True, slots=True)
class _Read:
    """Facts of a stretch, and when the latest of them came to be known here, where it says."""

    facts: tuple[CaseFact, ...]
    known: datetime


Months = dict[tuple[str, date], tuple[Tally, datetime]]  # by organisation and first day: counts, and known since when
_NEVER = datetime.min.replace(tzinfo=UTC)


def window() -> int:
    """The days that the longest rule for several days looks at, the last one included."""
    return max((rule.parameters["days"] for rule in _rules(DAYS) if "days" in rule.parameters), default=1)


def months_before() -> int:
    """How many months before the rules for a month compare with."""
    return max((rule.parameters["months"] for rule in _rules(MONTH) if "months" in rule.parameters), default=0)


def month_of(day: date, later: int = 0) -> date:
    """The first day of the month of `day`, or of the month so many later (negative: before)."""
    years, month = divmod(day.year * 12 + day.month - 1 + later, 12)
    return date(years, month + 1, 1)


def beside(code: str) -> list[str]:
    """An organisation and those of its level under the same parent, whether they are still active or not."""
    family = organisations.parent(code), organisations.level(code)
    known = {code, *registry.current("organisation")}
    return sorted(each for each in known if (organisations.parent(each), organisations.level(each)) == family)


def of_days(source: Source, organisation: str, changed: Collection[date], until: date) -> Iterator[Seen]:
    """What is seen in the stretches before `until` in which a changed day counts: the day itself, and the days that end
    with a day on which something happened."""
    reach = timedelta(days=window() - 1)
    present = source.days_between(organisation, min(changed) - reach, min(max(changed) + reach, until - ONE_DAY))
    read: dict[date, _Read] = {}
    for last in present:
        first = last - reach
        if not any(first <= day <= last for day in changed):
            continue
        read = {day: kept for day, kept in read.items() if day >= first}
        own = read.get(last) or _day(source, organisation, last)
        if last in changed:
            ratings = _ratings(source, organisation, [last])
            yield from _judged(Span(organisation, DAY, last, last, own.facts, ratings), own.known)
        if ends_a_row(own.facts):
            row = [day for day in present if first <= day <= last]
            read = {day: read.get(day) or _day(source, organisation, day) for day in row[:-1]} | {last: own}
            facts = tuple(fact for day in row for fact in read[day].facts)
            yield from _judged(Span(organisation, DAYS, first, last, facts), max(each.known for each in read.values()))


def of_month(source: Source, family: Sequence[str], month: date, months: Months) -> Iterator[Seen]:
    """What is seen in a month (its first day) at organisations that stand beside each other. `months` is what was
    counted of months before, and grows: several months in a row read each of them once."""
    counted: dict[str, tuple[Span, datetime]] = {}
    rules = _rules(MONTH)
    for organisation in family:
        found = _month(source, organisation, month, months)
        if found is not None:
            whole, known = found
            yield from _judged(whole, known, [rule for rule in rules if "peers" not in rule.parameters])
            counted[organisation] = replace(whole, facts=(), ratings=None, counted=whole.tally), known
    for organisation, (own, known) in counted.items():
        peers = tuple(span.tally for code, (span, _) in counted.items() if code != organisation)
        since = max(known, *(late for _, late in counted.values()))
        yield from _judged(replace(own, peers=peers), since, [rule for rule in rules if "peers" in rule.parameters])


def _month(source: Source, organisation: str, month: date, months: Months) -> tuple[Span, datetime] | None:
    """The month of an organisation beside its months before, as far as it has an unbroken row of them; None where it
    has neither."""
    before = [month_of(month, -number) for number in range(1, months_before() + 1)]
    last = month_of(month, 1) - ONE_DAY
    days = source.days_between(organisation, min([month, *before]), last)
    own = _stretch(source, organisation, [day for day in days if day >= month])
    months[organisation, month] = tally(own.facts), own.known
    known, earlier = own.known, list[Tally]()
    for first in before:
        if (organisation, first) not in months:
            read = _stretch(source, organisation, [day for day in days if month_of(day) == first])
            months[organisation, first] = tally(read.facts), read.known
        counts, late = months[organisation, first]
        if not any(counts.values()):
            break
        earlier.append(counts)
        known = max(known, late)
    ratings = _ratings(source, organisation, [day for day in days if day >= month])
    if not own.facts and not ratings and not earlier:
        return None
    return Span(organisation, MONTH, month, last, own.facts, ratings, tuple(earlier)), known


def _ratings(source: Source, organisation: str, days: Sequence[date]) -> tuple[RatingFact, ...]:
    return ratings_of(fact for day in days for fact in source.ratings_of_day(organisation, day))


def _stretch(source: Source, organisation: str, days: Sequence[date]) -> _Read:
    read = [_day(source, organisation, day) for day in days]
    facts = tuple(fact for each in read for fact in each.facts)
    return _Read(facts, max((each.known for each in read), default=_NEVER))


def _day(source: Source, organisation: str, day: date) -> _Read:
    rows = source.cases_of_day(organisation, day)
    recorded = [at for fact in rows if isinstance(at := fact.data.get("recorded_at"), int)]
    known = datetime.fromtimestamp(max(recorded), tz=UTC) if recorded else _NEVER
    return _Read(of_facts(rows), known)


def _judged(span: Span, known: datetime, rules: Sequence[Rule] | None = None) -> Iterator[Seen]:
    wanted = _rules(span.period) if rules is None else rules
    since = max(known, over(span.last))
    for finding in judge_span(span, registry.current_calendar(), wanted).findings:
        yield Seen(finding, since)


def _rules(period: str) -> list[Rule]:
    """The cross-case rules in force for a period."""
    return [rule for rule in all_rules().values() if rule.period == period and rule.disabled is None]
