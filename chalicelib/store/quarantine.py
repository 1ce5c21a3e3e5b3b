"""The quarantine as it is kept: stream records that a function could not handle, with all that they carry.

A row is put once under (function, sequence number) and is there until the record was handled, or for sixty days: as
long as two months' figures are still being closed, and no longer, because a record is a copy of what it changed, of
which the truth stays in its own table. No other module touches the table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.store.connection import connection, share
from chalicelib.store.failures import ConditionFailed, guarded, persistently

KEPT = timedelta(days=60)
LARGEST = 380_000  # bytes of a record that an item of 400 kB has room for
_ALL = "all"  # one shelf for all rows, so that one query lists them: they are few, or something is badly wrong
_SHOWN = ["stream", "key", "records", "reason", "place", "tries", "kept"]

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that the function `reader` could not handle, by its number in the `stream` (an ARN).

    `key`: of the item that was changed; `at`: when it was; `reason`: a short code; `place`: module and line where it
    was raised; `tries`: how often it was redriven in vain; `kept`: whether the record itself is here. Where it is not,
    `records` says how many are lost from this one on.
    """

    reader: str
    sequence: str
    stream: str
    key: str
    at: datetime
    reason: str
    place: str
    records: int = 1
    tries: int = 0
    kept: bool = True


class _Listed(GlobalSecondaryIndex["QuarantineRow"]):
    class Meta:
        index_name = "listed"
        projection = IncludeProjection(_SHOWN)

    shelf = UnicodeAttribute(hash_key=True)
    at = NumberAttribute(range_key=True)


class QuarantineRow(Model):
    """The row; `record` is compressed JSON."""

    class Meta:
        table_name = settings.current().quarantine_table
        billing_mode = "PAY_PER_REQUEST"

    reader = UnicodeAttribute(hash_key=True)
    sequence = UnicodeAttribute(range_key=True)
    shelf = UnicodeAttribute()
    at = NumberAttribute()
    stream = UnicodeAttribute()
    key = UnicodeAttribute()
    records = NumberAttribute()
    reason = UnicodeAttribute()
    place = UnicodeAttribute()
    tries = NumberAttribute()
    kept = BooleanAttribute()
    record = BinaryAttribute(legacy_encoding=False, null=True)
    expires = NumberAttribute()

    listed = _Listed()


share(QuarantineRow)


def put(found: Quarantined, record: Record | None) -> bool:
    """Keeps a record that is not here yet (None: it is gone, or too large); False where it is."""
    packed = _packed(record)
    row = QuarantineRow(
        found.reader,
        found.sequence,
        shelf=_ALL,
        at=round(found.at.timestamp() * 1000),
        stream=found.stream,
        key=found.key,
        records=found.records,
        reason=found.reason,
        place=found.place,
        tries=found.tries,
        kept=packed is not None,
        record=packed,
        expires=int((found.at + KEPT).timestamp()),
    )
    try:
        persistently(lambda: row.save(condition=QuarantineRow.sequence.does_not_exist()))
    except ConditionFailed:
        return False
    return True


def load(reader: str, sequence: str) -> tuple[Quarantined, Record | None] | None:
    """The row and its record, or None."""
    try:
        with guarded():
            row = QuarantineRow.get(reader, sequence, consistent_read=True)
    except QuarantineRow.DoesNotExist:
        return None
    return _quarantined(row), _unpacked(row.record)


def failed_again(reader: str, sequence: str, reason: str, place: str) -> None:
    """Notes of a row that it was redriven in vain, if it is still there."""
    actions: list[Action] = [
        QuarantineRow.tries.set(QuarantineRow.tries + 1),
        QuarantineRow.reason.set(reason),
        QuarantineRow.place.set(place),
    ]
    table, there = QuarantineRow.Meta.table_name, QuarantineRow.sequence.exists()
    try:
        # Not by the model, whose update asks for the whole row back.
        persistently(lambda: connection().update_item(table, reader, sequence, actions=actions, condition=there))
    except ConditionFailed:
        return  # somebody else redrove it meanwhile, and it went well


def remove(reader: str, sequence: str) -> None:
    """Lets a row go."""
    persistently(lambda: QuarantineRow(reader, sequence).delete())


def page(*, after: Mapping[str, Any] | None, most: int) -> tuple[list[Quarantined], Mapping[str, Any] | None]:
    """At most `most` rows, the oldest change first, and where to go on; one read."""
    with guarded():
        found = QuarantineRow.listed.query(
            _ALL, limit=most, page_size=most, last_evaluated_key=_position(after) if after else None
        )
        rows = [_quarantined(row) for row in found]
    onward = found.last_evaluated_key
    return rows, {
        "reader": onward["reader"]["S"],
        "sequence": onward["sequence"]["S"],
        "at": int(onward["at"]["N"]),
    } if onward else None


def count() -> int:
    """How many rows there are, as far as one read counts: three thousand and more."""
    with guarded():
        found = connection().query(
            QuarantineRow.Meta.table_name, _ALL, index_name=_Listed.Meta.index_name, select="COUNT"
        )
    return int(found["Count"])


def _position(after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "reader": {"S": after["reader"]},
        "sequence": {"S": after["sequence"]},
        "shelf": {"S": _ALL},
        "at": {"N": str(after["at"])},
    }


def _quarantined(row: QuarantineRow) -> Quarantined:
    return Quarantined(
        row.reader,
        row.sequence,
        row.stream,
        row.key,
        datetime.fromtimestamp(row.at / 1000, tz=UTC),
        row.reason,
        row.place,
        int(row.records),
        int(row.tries),
        row.kept,
    )


def _packed(record: Record | None) -> bytes | None:
    import lzma  # not needed as long as all goes well; finds the old image in the new one, which zlib is too short for

    if record is None:
        return None
    packed = lzma.compress(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(), preset=1)
    return packed if len(packed) <= LARGEST else None


def _unpacked(packed: bytes | None) -> Record | None:
    import lzma

    if packed is None:
        return None
    record: Record = json.loads(lzma.decompress(packed))
    return record
