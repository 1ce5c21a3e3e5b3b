"""The sweep: which open deadlines have reached a rung by now.

It asks "open and due by now", so that a run that was missed, doubled or overlapped by another changes nothing. What it
claims it claims of the head, which it reads first. Round trips grow with what is due and not with what is stored; heads
are read, and facts put, many at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.order import KINDS
from chalicelib.domain.supervision import ladder
from chalicelib.errors import BrokenHistory
from chalicelib.services import casework, supervision
from chalicelib.services.casework import Known
from chalicelib.services.supervision import Outcome
from chalicelib.store import cases, deadlines, orders
from chalicelib.store.deadlines import SHARDS, Deadline

MOST_A_SHARD = 250  # rows of one shard in one run; the rest is due in the next, a minute later
AGAIN = timedelta(hours=1)  # when a case whose steps do not add up is looked at again; it must not crowd out others
CASE = "case"
_BOOKS = {supervision.CASES: cases.BOOK, supervision.ORDERS: orders.BOOK}


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run saw: rows that were due, rungs that they had reached, the clocks among them that ran out, by what
    they are of (`CASE`, or the kind of an order), and the cases and orders whose steps do not add up."""

    due: int
    reached: int
    missed: Mapping[str, int]
    broken: tuple[str, ...] = ()


def sweep(now: datetime) -> Swept:
    """Claims every rung that is reached at `now`; at most MOST_A_SHARD rows of each shard."""
    due, reached, missed, broken = 0, 0, Counter[str](), list[str]()
    for shard in range(SHARDS):
        rows = deadlines.due(shard, now, MOST_A_SHARD)
        heads = _heads(rows)
        due += len(rows)
        brought = _claim([(row, head) for row, head in heads if isinstance(head, Known)], now)
        reached += sum(len(each.findings) for each in brought)
        missed.update(_subject(each) for each in brought for found in each.findings if found.rule == ladder.RED)
        for row, head in heads:
            if isinstance(head, BrokenHistory):
                deadlines.advance(replace(row, next=now + AGAIN), row)
                broken.append(row.subject)
    return Swept(due, reached, missed, tuple(dict.fromkeys(broken)))


def _claim(heads: Sequence[tuple[Deadline, Known]], now: datetime) -> list[Outcome]:
    """Puts what the clocks of these rows have brought about, and what comes after; gives the former."""
    brought = [supervision.brought_by(head.case, head.law, row, now) for row, head in heads]
    supervision.settle(brought)
    for row, head in heads:
        deadlines.advance(supervision.deadline(head.case, head.law, row.clock, row.book, now), row)
    return brought


def _subject(brought: Outcome) -> str:
    return brought.kind.partition("@")[0] if brought.kind in KINDS else CASE


def _heads(rows: Sequence[Deadline]) -> list[tuple[Deadline, Known | BrokenHistory]]:
    """Each row with the case or order that it is about."""
    heads = list[tuple[Deadline, Known | BrokenHistory]]()
    for name, book in _BOOKS.items():
        mine = [row for row in rows if row.book == name]
        found = casework.find_many({row.subject for row in mine}, book)
        heads += [(row, found[row.subject]) for row in mine if row.subject in found]
    return heads
