"""What cross-case rules see at organisations: of days, of several days, of months beside others.

A stretch is judged for each day on which something happened, and for each month in which something did, or in the
months that it is compared with. What is seen is a function of what happened and of the rulebook, whoever asks and
whenever. It is read a day at a time, from a `Source`; no more than one organisation's stretch is held. This module must
not choose what is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from chalicelib.domain.calendar import ONE_DAY, Calendar
from chalicelib.domain.supervision.judging import Judgement, judge_span
from chalicelib.domain.supervision.rule import Rule
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
    tally,
)

NEVER = datetime.min.replace(tzinfo=UTC)
Months = dict[tuple[str, date], tuple[Tally, datetime]]  # by organisation and first day: counts, and known since when


@dataclass(frozen=True, slots=True)
class Read:
    """What happened in a stretch, and when the latest of it came to be known, where it says. `ratings` None: none are
    pooled."""

    facts: tuple[CaseFact, ...]
    known: datetime = NEVER
    ratings: tuple[RatingFact, ...] | None = None


class Source(Protocol):
    """Where it is read what happened."""

    def day(self, organisation: str, day: date, /) -> Read:
        """An organisation's day, as far as a rule looks at it."""

    def days_between(self, organisation: str, first: date, last: date, /) -> Sequence[date]:
        """The days on which something happened at which a rule looks, in their order."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What some rules say of one stretch, and since when it could be known: it is over and what came late has come."""

    judgement: Judgement
    known: datetime


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The cross-case rules that are asked, by which calendar."""

    rules: tuple[Rule, ...]
    calendar: Calendar

    def of(self, period: str) -> list[Rule]:
        """Those in force for a period."""
        return [rule for rule in self.rules if rule.period == period and rule.disabled is None]

    @property
    def window(self) -> int:
        """The days that the longest rule for several days looks at, the last one included."""
        return max((rule.parameters["days"] for rule in self.of(DAYS) if "days" in rule.parameters), default=1)

    @property
    def months_before(self) -> int:
        """How many months before the rules for a month compare with."""
        return max((rule.parameters["months"] for rule in self.of(MONTH) if "months" in rule.parameters), default=0)

    def judge(self, span: Span, known: datetime, rules: Sequence[Rule] | None = None) -> Judged:
        """What the rules for such a stretch, or `rules` of them, say of it."""
        wanted = self.of(span.period) if rules is None else rules
        return Judged(judge_span(span, self.calendar, wanted), max(known, over(span.last)))


def month_of(day: date, later: int = 0) -> date:
    """The first day of the month of `day`, or of the month so many later (negative: before)."""
    years, month = divmod(day.year * 12 + day.month - 1 + later, 12)
    return date(years, month + 1, 1)


def of_days(
    source: Source, organisation: str, changed: Collection[date], until: date, book: Rulebook
) -> Iterator[Judged]:
    """The stretches before `until` in which a changed day counts: the day itself, and the days that end with a day on
    which something happened."""
    reach = timedelta(days=book.window - 1)
    present = source.days_between(organisation, min(changed) - reach, min(max(changed) + reach, until - ONE_DAY))
    read: dict[date, Read] = {}
    for last in present:
        first = last - reach
        if not any(first <= day <= last for day in changed):
            continue
        read = {day: kept for day, kept in read.items() if day >= first}
        own = read.get(last) or source.day(organisation, last)
        if last in changed:
            yield book.judge(Span(organisation, DAY, last, last, own.facts, own.ratings), own.known)
        if ends_a_row(own.facts):
            row = [day for day in present if first <= day <= last]
            read = {day: read.get(day) or source.day(organisation, day) for day in row[:-1]} | {last: own}
            whole = _joined([read[day] for day in row])
            yield book.judge(Span(organisation, DAYS, first, last, whole.facts, whole.ratings), whole.known)


def of_month(source: Source, family: Sequence[str], month: date, months: Months, book: Rulebook) -> Iterator[Judged]:
    """A month (its first day) at organisations that stand beside each other. `months` is what was counted of months
    before, and grows: several months in a row read each of them once."""
    counted: dict[str, tuple[Span, datetime]] = {}
    rules = book.of(MONTH)
    for organisation in family:
        found = _month(source, organisation, month, months, book)
        if found is not None:
            whole, known = found
            yield book.judge(whole, known, [rule for rule in rules if "peers" not in rule.parameters])
            counted[organisation] = replace(whole, facts=(), counted=whole.tally), known
    for organisation, (own, known) in counted.items():
        peers = tuple(span.tally for code, (span, _) in counted.items() if code != organisation)
        since = max(known, *(late for _, late in counted.values()))
        yield book.judge(replace(own, peers=peers), since, [rule for rule in rules if "peers" in rule.parameters])


def _month(
    source: Source, organisation: str, month: date, months: Months, book: Rulebook
) -> tuple[Span, datetime] | None:
    """The month of an organisation beside its months before, as far as it has an unbroken row of them; None where it
    has neither."""
    before = [month_of(month, -number) for number in range(1, book.months_before + 1)]
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
    if not own.facts and not own.ratings and not earlier:
        return None
    return Span(organisation, MONTH, month, last, own.facts, own.ratings, earlier=tuple(earlier)), known


def _stretch(source: Source, organisation: str, days: Sequence[date]) -> Read:
    return _joined([source.day(organisation, day) for day in days])


def _joined(days: Sequence[Read]) -> Read:
    pooled = [each.ratings for each in days if each.ratings is not None]
    return Read(
        tuple(fact for each in days for fact in each.facts),
        max((each.known for each in days), default=NEVER),
        tuple(rating for ratings in pooled for rating in ratings) if pooled else None,
    )
