"""Facts into the data lake, and the list of what each day holds.

Objects first, then a mark for their days; the lists are written from the marks. So whatever comes twice, split, in
another order or is cut short ends in the same objects and the same lists. This module must not read facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from chalicelib.domain import lake
from chalicelib.domain.lake import Row
from chalicelib.store import lake as store
from chalicelib.store import marks

READER = "write_manifests"
ENOUGH_SECONDS = 10  # a day's list is begun with so much left


@dataclass(frozen=True, slots=True)
class Written:
    """How many days' lists one run wrote, and whether it came to the end of what was marked."""

    days: int
    finished: bool


def keep(rows: Iterable[Row]) -> int:
    """Puts rows into the lake, one object a day, and marks the days; gives the number of objects. Busy: some may have
    arrived, and the same again is the same. TypeError as `Row.line`."""
    days = []
    for day, key, content in lake.objects(rows):
        store.put(key, content, "application/x-ndjson")
        days.append(day)
    # After the objects: a list without its mark would stay as it is.
    marks.put((READER, day.isoformat()) for day in days)
    return len(days)


def write_manifests(left: Callable[[], float]) -> Written:
    """Writes the list of each marked day anew, as long as `left` (seconds) gives ENOUGH_SECONDS. What is put while a
    list is written marks its day again, and the mark stays."""
    days = 0
    for mark in marks.listed(READER):
        if left() < ENOUGH_SECONDS:
            return Written(days, finished=False)
        day = date.fromisoformat(mark.place)
        store.put(*lake.manifest(day, store.listed(lake.prefix(day))), "application/json")
        marks.remove(mark)
        days += 1
    return Written(days, finished=True)
