"""Marks (待重算): which days a reader must compute anew, because something came to them. No other module touches the
table.

A reader is a function that computes from facts, or one of its tasks. It lists its own marks by a query, computes, and
removes a mark only if nothing came meanwhile; so a run that is missed, doubled or dies half-way loses nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.store.connection import share
from chalicelib.store.failures import ConditionFailed, guarded, persistently

PAGE = 100  # marks of one read


@dataclass(frozen=True, slots=True)
class Mark:
    """What a reader must compute (`place`: organisation#day, or as the reader calls it); `token` is new each time it
    is marked."""

    reader: str
    place: str
    token: str


class DirtyRow(Model):
    """The row."""

    class Meta:
        table_name = settings.current().dirty_table
        billing_mode = "PAY_PER_REQUEST"

    reader = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True, attr_name="org_day")
    token = UnicodeAttribute()


share(DirtyRow)


def put(wanted: Iterable[tuple[str, str]]) -> None:
    """Marks places for readers: (reader, place). One write each, twenty-five a round trip."""
    places = sorted(set(wanted))
    if not places:
        return
    with guarded(), DirtyRow.batch_write() as batch:
        for reader, place in places:
            batch.save(DirtyRow(reader, place, token=uuid.uuid4().hex))


def listed(reader: str, before: str | None = None) -> Iterator[Mark]:
    """The marks of a reader in the order of their places, those before `before` only where it is given; a page is read
    when it is come to."""
    condition = DirtyRow.place < before if before is not None else None
    with guarded():
        for row in DirtyRow.query(reader, condition, page_size=PAGE, consistent_read=True):
            yield Mark(reader, row.place, row.token)


def remove(mark: Mark) -> bool:
    """Removes a mark; False, and it stays, where its place was marked again meanwhile."""
    row = DirtyRow(mark.reader, mark.place)
    try:
        persistently(lambda: row.delete(condition=DirtyRow.token == mark.token))
    except ConditionFailed:
        return False
    return True
