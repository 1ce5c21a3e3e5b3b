"""Every fact put into the data lake once more: where records of the stream were lost, or the lake is gone.

An operator's tool, never a function: it reads the whole table, a page at a time. Lines that are there already are told
again as the newest, which readers count once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from chalicelib.domain.lake import Row
from chalicelib.services import lake
from chalicelib.store import facts

_AT_ONCE = 10_000  # facts, as many as a batch of the stream


def fill(now: datetime) -> int:
    """Puts all facts into the lake, as they are kept at `now`; gives the number of objects."""
    rows, number = _rows(int(now.timestamp())), 0
    while batch := list(islice(rows, _AT_ONCE)):
        number += lake.keep(batch)
    return number


def _rows(now: int) -> Iterator[Row]:
    for row in facts.FactRow.scan():
        yield Row(facts.fact(row), now)
