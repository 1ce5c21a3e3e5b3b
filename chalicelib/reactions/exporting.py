"""What the stream of facts makes of the data lake: batches become objects, and a schedule lists them.

Unlike other readers of streams this one handles a batch as a whole, because an object for each fact would be millions.
This module must not read or write tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib import observability
from chalicelib.domain.lake import Row
from chalicelib.errors import Busy
from chalicelib.reactions.records import Report
from chalicelib.services import lake, quarantine
from chalicelib.store import changes


def export(reader: str, records: Sequence[Mapping[str, Any]]) -> Report:
    """Puts the facts of a batch into the lake; gives what Lambda wants to know. A record that is poison goes into the
    quarantine under the name of the function `reader`, and the others leave; where the store does not answer the whole
    batch comes again, and what had left already leaves once more as the same."""
    observability.begin(operation=reader)
    try:
        lake.keep(row for record in records if (row := _row(reader, record)) is not None)
    except Busy:
        return {"batchItemFailures": [{"itemIdentifier": records[0]["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def export_one(record: Mapping[str, Any]) -> None:
    """The same with one record, which was put aside once."""
    row = changes.fact_of(record)
    if row is not None:
        lake.keep([row])


def write_manifests(now: datetime, remaining: Callable[[], int]) -> None:
    """Lists the days that were marked, while its Lambda has time (`remaining`, milliseconds)."""
    written = lake.write_manifests(lambda: remaining() / 1000)
    observability.count("ManifestsWritten", now, value=written.days)
    if not written.finished:
        observability.line("more days are marked than one run lists; the next one goes on")


def _row(reader: str, record: Mapping[str, Any]) -> Row | None:
    try:
        row = changes.fact_of(record)
        if row is not None:
            _ = row.line  # a value that is not of its column's type is found here, and not when others are written
    except quarantine.POISON as error:
        quarantine.put(reader, record, error)
        return None
    return row
