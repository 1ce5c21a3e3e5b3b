"""Facts, findings, cells and indices computed once more from all cases, orders, ratings and centres, and compared with
what is kept.

An operator's tool, never a function: it reads whole tables, a page at a time. `compare` changes nothing; `repair` puts
what is missing or different, which is what following the streams from their start would put. It must not delete: what
is kept and follows from nothing is told, for somebody to look at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.domain.calendar import ONE_DAY, legal_day
from chalicelib.domain.rating import Rating, Way
from chalicelib.domain.supervision.rule import Finding
from chalicelib.domain.supervision.sightings import over
from chalicelib.domain.supervision.span import MONTH
from chalicelib.domain.supervision.spans import Months, month_of
from chalicelib.rules import all_rules
from chalicelib.services import casework, centres, comparing, finishing, rating_loop, spans, supervision
from chalicelib.store import books, cases, facts, findings, orders, ratings, registry
from chalicelib.store.registry import Entry
from infra import ledger, recounted
from infra.ledger import Ledger, Names

_BY_HAND = (Way.own, Way.here)  # what somebody gave who was invited to rate
_BOOKS = {supervision.CASES: cases.BOOK, supervision.ORDERS: orders.BOOK}


@dataclass(frozen=True, slots=True)
class Compared:
    """How many cases, orders, ratings and centres were read, how many facts and findings follow from them, how many
    cells and periods of indices were laid beside those that are kept, and the names of those that are missing, are kept
    otherwise, or follow from nothing. `pending`: days whose cells wait to be computed; while there are any, no period
    is compared. `superseded`: cross-case findings that are kept as they were first seen, and would look otherwise with
    what was pooled only later."""

    subjects: int
    facts: int
    findings: int
    cells: int
    periods: int
    pending: int
    missing: Names
    different: Names
    unfounded: Names
    superseded: Names

    @property
    def equal(self) -> bool:
        """Whether what is kept is what follows, byte for byte."""
        return not (self.missing.number or self.different.number or self.unfounded.number)


def compare(now: datetime) -> Compared:
    """What follows from every history, as `now` stands, beside what is kept."""
    with closing(Ledger()) as book, closing(Ledger()) as numbers:
        book.keep((f"{row.place} {row.name}", row.data) for row in facts.FactRow.scan())
        book.keep((ledger.name(finding), ledger.text(finding)) for finding in _findings())
        number = 0
        for what in _outcomes(now, book):
            number += 1
            book.expect(what.facts, what.findings)
        _expect_cross_case(book, legal_day(now))
        counted = recounted.recount(book, numbers)
        facts_due, findings_due = book.counted()
        return Compared(
            subjects=number,
            facts=facts_due,
            findings=findings_due,
            cells=counted.cells,
            periods=counted.periods,
            pending=counted.pending,
            missing=book.missing() + numbers.missing(),
            different=book.different() + numbers.different(),
            unfounded=book.unfounded() + numbers.unfounded(),
            superseded=book.superseded(),
        )


def repair(now: datetime) -> int:
    """Puts what follows from every history; gives the number of what was read. Nothing is doubled by it."""
    number = 0
    with closing(Ledger()) as book:
        for what in _outcomes(now, book):
            supervision.settle([what])
            number += 1
    for given in _ratings():
        rating_loop.follow(given)
    comparing.compare(now, lambda: math.inf)
    return number


def _outcomes(now: datetime, beside: Ledger) -> Iterator[supervision.Outcome]:
    beside.note_rated((each.case_id, round(each.at.timestamp() * 1000)) for each in _ratings() if each.way in _BY_HAND)
    for name, book in _BOOKS.items():
        for row in book.model.scan():
            stored = books.stored(row)
            done = supervision.outcome(stored, 0, name)
            known = casework.judged(stored)
            still = supervision.reached_by(known.case, known.law, now, name)
            rated = beside.first_rated(known.case.id)
            later = finishing.invitations(known.case, rated, now) if name == supervision.CASES else []
            decided = rating_loop.facts_of_order(stored, 0)
            rows = (*done.facts, *still.facts, *later, *decided)
            yield replace(done, facts=rows, findings=done.findings + still.findings)
    for given in _ratings():
        yield supervision.Outcome(given.item, (), tuple(rating_loop.facts_of(given)), ())
    for entry in _centres():
        yield supervision.Outcome(entry.id, (), tuple(centres.facts_of(entry)), ())


def _centres() -> Iterator[Entry]:
    for row in registry.RegistryRow.query(centres.KIND):
        yield registry.entry(row)


def _ratings() -> Iterator[Rating]:
    for row in ratings.RatingRow.scan():
        yield ratings.rating(row)


def _expect_cross_case(book: Ledger, today: date) -> None:
    """What cross-case rules see in the facts that follow; and of each finding that is kept its fact, for as it was
    first seen it stays."""
    for seen in _seen(book, today):
        new = supervision.of_cross_case(seen.finding, seen.known)
        book.expect(() if book.is_kept(seen.finding) else new.facts, new.findings)
    for kept in ledger.cross_case(_findings()):
        if not book.is_due(kept) and _explained(book, kept):
            book.supersede(kept)
        book.expect(supervision.of_cross_case(kept, kept.at).facts, ())


def _seen(book: Ledger, today: date) -> Iterator[spans.Seen]:
    families, begun = set[tuple[str, ...]](), today
    for organisation in book.organisations():
        days = book.days_between(organisation, date.min, today - ONE_DAY)
        if days:
            yield from spans.of_days(book, organisation, set(days), today)
            families.add(tuple(spans.beside(organisation)))
            begun = min(begun, days[0])
    for family in sorted(families):
        month, counted = month_of(begun), Months()
        while month < month_of(today):
            yield from spans.of_month(book, family, month, counted)
            month = month_of(month, 1)


def _explained(book: Ledger, kept: Finding) -> bool:
    """Whether facts that were pooled after the stretch was over explain that a finding says something else."""
    organisation, _, stretch = kept.subject.partition("#")
    if all_rules()[kept.rule].period == MONTH:
        month = date.fromisoformat(f"{stretch}-01")
        first, last = month_of(month, -spans.rulebook().months_before), month_of(month, 1) - ONE_DAY
        beside = spans.beside(organisation)
    else:
        last = date.fromisoformat(stretch)
        first, beside = last - timedelta(days=spans.rulebook().window - 1), [organisation]
    return book.came_late(beside, first, last, int(over(last).timestamp()))


def _findings() -> Iterator[Finding]:
    for row in findings.FindingRow.scan():
        yield findings.finding(row)
