"""The registry as it is kept: every version of every organisation, item, staff member, calendar year and answer.

An entry is a document under (kind, id#version) that never changes; publishing adds a version. Reads are kept in
the process: a given version for ever, "the current one" for a short while. What a document means is for
services to parse. No other module touches the registry table.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.store.connection import share
from chalicelib.store.failures import ConditionFailed, guarded

FRESH_SECONDS = 30  # how long another process may go on with the version it knows
KINDS = ("organisation", "item", "staff", "calendar", "delegation", "knowledge", "device", "centre")


class RegistryRow(Model):
    """One version of one entry."""

    class Meta:
        table_name = settings.current().registry_table
        billing_mode = "PAY_PER_REQUEST"

    kind = UnicodeAttribute(hash_key=True)
    entry = UnicodeAttribute(range_key=True)
    document = UnicodeAttribute()
    published = NumberAttribute()
    publisher = UnicodeAttribute()


share(RegistryRow)


@dataclass(frozen=True, slots=True)
class Entry:
    """A published document. `text` is its canonical JSON, `document()` a fresh copy of it."""

    kind: str
    id: str
    version: int
    text: str

    def document(self) -> dict[str, Any]:
        """The document as it was published."""
        found: dict[str, Any] = json.loads(self.text)
        return found


_current: dict[str, tuple[float, dict[str, Entry]]] = {}
_versions: dict[tuple[str, str, int], Entry] = {}


def canonical(document: Mapping[str, Any]) -> str:
    """The one text of a document, by which two are compared."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def publish(kind: str, id: str, version: int, document: Mapping[str, Any], at: datetime, by: str) -> Entry:
    """Adds a version. ConditionFailed when that version exists: somebody else published at the same moment."""
    row = RegistryRow(
        kind,
        _key(id, version),
        document=canonical(document),
        published=round(at.timestamp() * 1000),
        publisher=by,
    )
    entry = Entry(kind, id, version, row.document)
    try:
        with guarded():
            row.save(condition=RegistryRow.entry.does_not_exist())
    except ConditionFailed:
        _current.pop(kind, None)
        raise
    _versions[kind, id, version] = entry
    if kind in _current:
        _current[kind][1][id] = entry
    return entry


def get(kind: str, id: str, version: int) -> Entry | None:
    """One version of an entry, for ever the same; None where it was never published."""
    if (kind, id, version) not in _versions:
        try:
            with guarded():
                _versions[kind, id, version] = entry(RegistryRow.get(kind, _key(id, version)))
        except RegistryRow.DoesNotExist:
            return None
    return _versions[kind, id, version]


def current(kind: str) -> Mapping[str, Entry]:
    """The newest version of every entry of a kind, by id; at most FRESH_SECONDS old."""
    kept = _current.get(kind)
    if kept and time.monotonic() - kept[0] < FRESH_SECONDS:
        return kept[1]
    newest: dict[str, Entry] = {}
    with guarded():
        for row in RegistryRow.query(kind):
            found = entry(row)
            newest[found.id] = _versions[kind, found.id, found.version] = found  # rows come by version
    _current[kind] = (time.monotonic(), newest)
    return newest


def of_image(image: Mapping[str, Mapping[str, str]]) -> Entry:
    """The entry in an item as the stream carries it; KeyError or ValueError where it is none."""
    id, _, version = image["entry"]["S"].rpartition("#")
    return Entry(image["kind"]["S"], id, int(version), image["document"]["S"])


def forget() -> None:
    """Drops what this process remembers, for when the table beneath was emptied."""
    _current.clear()
    _versions.clear()


def _key(id: str, version: int) -> str:
    return f"{id}#{version:06d}"


def entry(row: RegistryRow) -> Entry:
    """The entry in a row."""
    id, _, version = row.entry.rpartition("#")
    return Entry(row.kind, id, int(version), row.document)
