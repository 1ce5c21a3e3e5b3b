"""Deadlines as they are kept: one row for each clock of a case or order, and what falls due next.

A row is put only over an older version of its subject, so that whatever comes late or twice changes nothing; a clock
that was stopped or stands still keeps its row, without a rung to come. No other module touches the table.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.store.connection import share
from chalicelib.store.failures import ConditionFailed, guarded, persistently

SHARDS = 4  # partitions of what is open; a sweep reads each


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock of a subject (`book`: cases or orders) as of its `version`; `next`: when its next rung is reached
    (None: none is to come, or it stands still); `provisional`: its date counts in a year not yet published; `lane`: who
    looks when it is reached ("": the sweep); `note`: what that reader wants to know without reading the subject."""

    subject: str
    book: str
    clock: str
    version: int
    next: datetime | None
    provisional: bool = False
    lane: str = ""
    note: str = ""


class _Open(GlobalSecondaryIndex["DeadlineRow"]):
    class Meta:
        index_name = "open"
        projection = AllProjection()

    shard = UnicodeAttribute(hash_key=True)
    next = NumberAttribute(range_key=True)


class _Provisional(GlobalSecondaryIndex["DeadlineRow"]):
    class Meta:
        index_name = "provisional"
        projection = KeysOnlyProjection()

    provisional = UnicodeAttribute(hash_key=True, attr_name="p")
    subject = UnicodeAttribute(range_key=True)


class DeadlineRow(Model):
    """The row."""

    class Meta:
        table_name = settings.current().deadlines_table
        billing_mode = "PAY_PER_REQUEST"

    subject = UnicodeAttribute(hash_key=True)
    clock = UnicodeAttribute(range_key=True)
    book = UnicodeAttribute(attr_name="b")
    version = NumberAttribute(attr_name="v")
    shard = UnicodeAttribute(null=True)
    next = NumberAttribute(null=True)
    provisional = UnicodeAttribute(attr_name="p", null=True)
    lane = UnicodeAttribute(attr_name="l", null=True)
    note = UnicodeAttribute(attr_name="o", null=True)

    open = _Open()
    awaiting_calendar = _Provisional()


share(DeadlineRow)


def put(deadline: Deadline) -> bool:
    """Keeps a row over an older version of its subject; False where a version as new is there."""
    condition = DeadlineRow.subject.does_not_exist() | (DeadlineRow.version < deadline.version)
    return _put(deadline, condition)


def advance(deadline: Deadline, swept: Deadline) -> bool:
    """Keeps what comes after the row that was `swept`; False where the subject has moved on or another sweep was
    first."""
    assert swept.next is not None
    seconds = int(swept.next.timestamp())
    return _put(deadline, (DeadlineRow.version <= deadline.version) & (DeadlineRow.next == seconds))


def due(shard: int, now: datetime, most: int, lane: str = "") -> list[Deadline]:
    """At most `most` rows of a shard of a lane whose next rung is reached at `now`, first ones first."""
    found = []
    with guarded():
        for row in DeadlineRow.open.query(
            f"{lane}{shard}", DeadlineRow.next <= int(now.timestamp()), limit=most, page_size=most
        ):
            found.append(_deadline(row))
    return found


def provisional(shard: int, most: int) -> list[tuple[str, str]]:
    """At most `most` subjects of a shard with a date that counts in a year not yet published: (subject, clock)."""
    with guarded():
        return [(row.subject, row.clock) for row in DeadlineRow.awaiting_calendar.query(str(shard), limit=most)]


def of_subject(subject: str) -> list[Deadline]:
    """The rows of a case or order, by clock."""
    with guarded():
        return [_deadline(row) for row in DeadlineRow.query(subject, consistent_read=True)]


def _deadline(row: DeadlineRow) -> Deadline:
    return Deadline(
        row.subject,
        row.book,
        row.clock,
        int(row.version),
        datetime.fromtimestamp(int(row.next), tz=UTC) if row.next is not None else None,
        row.provisional is not None,
        row.lane or "",
        row.note or "",
    )


def _put(deadline: Deadline, condition: object) -> bool:
    row = DeadlineRow(deadline.subject, deadline.clock, book=deadline.book, version=deadline.version)
    row.lane, row.note = deadline.lane or None, deadline.note or None
    shard = str(zlib.crc32(deadline.subject.encode()) % SHARDS)
    if deadline.provisional:
        row.provisional = shard
    if deadline.next is not None:
        row.shard = f"{deadline.lane}{shard}"
        row.next = int(deadline.next.timestamp())
    try:
        persistently(lambda: row.save(condition=condition))  # type: ignore[arg-type]
    except ConditionFailed:
        return False
    return True
