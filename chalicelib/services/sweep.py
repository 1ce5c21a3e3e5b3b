"""The sweep: which open deadlines have reached a rung by now.

It asks "open and due by now", so that a run that was missed, doubled or overlapped by another changes nothing. What it
claims it claims of the head, which it reads first. Round trips grow with what is due and not with what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.services import casework, supervision
from chalicelib.store import cases, deadlines, orders
from chalicelib.store.deadlines import SHARDS, Deadline

MOST_A_SHARD = 250  # rows of one shard in one run; the rest is due in the next, a minute later
_BOOKS = {supervision.CASES: cases.BOOK, supervision.ORDERS: orders.BOOK}


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run saw: rows that were due, and rungs that they had reached."""

    due: int
    reached: int


def sweep(now: datetime) -> Swept:
    """Claims every rung that is reached at `now`; at most MOST_A_SHARD rows of each shard."""
    due = reached = 0
    for shard in range(SHARDS):
        for deadline, rung in deadlines.due(shard, now, MOST_A_SHARD):
            due += 1
            reached += _claim(deadline, rung, now)
    return Swept(due, reached)


def _claim(deadline: Deadline, rung: datetime, now: datetime) -> int:
    """Puts the rungs that the head has reached; gives their number."""
    known = casework.find(deadline.subject, _BOOKS[deadline.book])
    if known is None:
        return 0
    case = known.case
    reached = supervision.reached_by(case, known.law, now, deadline.book)
    supervision.settle(reached)
    following = supervision.next_occasion(case, known.law, deadline.clock, now)
    deadlines.advance(replace(deadline, version=max(case.version, deadline.version), next=following), rung)
    return len(reached.findings)
