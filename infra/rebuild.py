"""Facts and findings computed once more from all cases, orders and ratings, and compared with what is kept.

An operator's tool, never a function: it reads whole tables. `compare` changes nothing; `repair` puts what is missing
or different, which is what following the streams from their start would put. It must not delete: what is kept and
follows from nothing is told, for somebody to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.fact import Fact
from chalicelib.domain.rating import Rating
from chalicelib.domain.supervision.rule import Finding
from chalicelib.services import casework, finishing, rating_loop, supervision
from chalicelib.store import books, cases, facts, findings, orders, ratings

_BOOKS = {supervision.CASES: cases.BOOK, supervision.ORDERS: orders.BOOK}


@dataclass(frozen=True, slots=True)
class Compared:
    """How many cases, orders and ratings were read, how many facts and findings follow from them, and the names of
    those that are missing, are kept otherwise, or follow from nothing."""

    subjects: int
    facts: int
    findings: int
    missing: tuple[str, ...]
    different: tuple[str, ...]
    unfounded: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether what is kept is what follows, byte for byte."""
        return not (self.missing or self.different or self.unfounded)


def compare(now: datetime) -> Compared:
    """What follows from every history, as `now` stands, beside what is kept."""
    number, rows, seen = 0, dict[str, str](), dict[str, str]()
    for what in _outcomes(now):
        number += 1
        rows |= {_name(fact): fact.text for fact in what.facts}
        seen |= {_key(finding): _text(finding) for finding in what.findings}
    kept_rows = {f"{row.place} {row.name}": row.data for row in facts.FactRow.scan()}
    kept_seen = {_key(finding): _text(finding) for finding in _findings()}
    due, kept = rows | seen, kept_rows | kept_seen
    return Compared(
        number,
        len(rows),
        len(seen),
        tuple(sorted(due.keys() - kept.keys())),
        tuple(sorted(name for name in due.keys() & kept.keys() if due[name] != kept[name])),
        tuple(sorted(kept.keys() - due.keys())),
    )


def repair(now: datetime) -> int:
    """Puts what follows from every history; gives the number of cases, orders and ratings. Nothing is doubled by it."""
    number = 0
    for what in _outcomes(now):
        supervision.settle(what)
        number += 1
    for given in _ratings():
        rating_loop.follow(given)
    return number


def _outcomes(now: datetime) -> Iterator[supervision.Outcome]:
    for name, book in _BOOKS.items():
        for row in list(book.model.scan()):
            stored = books.stored(row)
            done = supervision.outcome(stored, 0, name)
            known = casework.judged(stored)
            still = supervision.reached_by(known.case, known.law, now, name)
            later = finishing.invitations(known.case, now) if name == supervision.CASES else []
            decided = rating_loop.facts_of_order(stored, 0)
            rows = (*done.facts, *still.facts, *later, *decided)
            yield replace(done, facts=rows, findings=done.findings + still.findings)
    for given in _ratings():
        yield supervision.Outcome(given.item, given.at, (rating_loop.fact_of(given),), ())


def _ratings() -> Iterator[Rating]:
    for row in list(ratings.RatingRow.scan()):
        yield ratings.rating(row)


def _findings() -> Iterator[Finding]:
    for row in findings.FindingRow.scan():
        yield findings.finding(row)


def _name(fact: Fact) -> str:
    return f"{fact.place} {fact.name}"


def _key(finding: Finding) -> str:
    return f"{finding.subject} {finding.key}"


def _text(finding: Finding) -> str:
    return f"{finding.organisation} {round(finding.at.timestamp() * 1000)} {sorted(finding.evidence.items())}"
