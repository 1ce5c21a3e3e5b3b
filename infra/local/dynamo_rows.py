"""The rows of one table, its indexes and its stream.

A row is replaced, never changed, so that answers, stream images and a rollback can share it. Every index is a sorted
list for each of its partitions, kept up with every write, so that a query looks only at its own partition. This module
must not know about requests or expressions.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.local import dynamo_values as values
from infra.local.dynamo_values import Attributes, invalid

Key = tuple[Any, ...]
FIRST_SEQUENCE_NUMBER = 1_100_000_000_017_454_423_009
LATEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Row:
    """An item and the size in bytes of each of its attributes."""

    item: Attributes
    sizes: Mapping[str, int]

    @property
    def size(self) -> int:
        return sum(self.sizes.values())


@dataclass(slots=True)
class Index:
    """One way to look at a table: by its own key (`name` None) or by a secondary index. `partitions` maps the
    partition's values to the sorted (sort values…, table key…) of its rows."""

    name: str | None
    hash_names: tuple[str, ...]
    range_names: tuple[str, ...]
    projected: frozenset[str] | None
    partitions: dict[Key, list[Key]] = field(default_factory=dict)

    @property
    def key_names(self) -> tuple[str, ...]:
        return self.hash_names + self.range_names

    def place(self, item: Attributes, key: Key) -> tuple[Key, Key] | None:
        """Partition and position of an item, or None if it has not all of the index's attributes."""
        if any(name not in item for name in self.key_names):
            return None
        partition = tuple(values.native(item[name]) for name in self.hash_names)
        return partition, tuple(values.native(item[name]) for name in self.range_names) + key

    def entries(self, rows: Sequence[Row | None], key: Key) -> list[int]:
        """The sizes in bytes of the entries that rows under one key have here; the larger where two share a place."""
        found: dict[tuple[Key, Key], int] = {}
        for row in rows:
            if row and (place := self.place(row.item, key)):
                found[place] = max(found.get(place, 0), self.size(row))
        return list(found.values())

    def size(self, row: Row) -> int:
        """The size in bytes of a row's entry here."""
        if self.projected is None:
            return row.size
        return sum(size for name, size in row.sizes.items() if name in self.projected)

    def add(self, place: tuple[Key, Key]) -> None:
        insort(self.partitions.setdefault(place[0], []), place[1])

    def remove(self, place: tuple[Key, Key]) -> None:
        positions = self.partitions[place[0]]
        del positions[bisect_left(positions, place[1])]
        if not positions:
            del self.partitions[place[0]]


@dataclass(slots=True)
class Stream:
    """What happened to a table since `trimmed` records ago, as the Lambda records that AWS would deliver."""

    arn: str
    region: str
    view_type: str
    records: list[dict[str, Any]] = field(default_factory=list)
    trimmed: int = 0

    def append(self, keys: Attributes, old: Attributes | None, new: Attributes | None, at: datetime) -> None:
        number = FIRST_SEQUENCE_NUMBER + self.trimmed + len(self.records)
        change: dict[str, Any] = {
            "ApproximateCreationDateTime": int(at.timestamp()),
            "Keys": keys,
            "SequenceNumber": str(number),
            "SizeBytes": _size(keys) + _size(old) + _size(new),
            "StreamViewType": self.view_type,
        }
        if new is not None and "NEW" in self.view_type:
            change["NewImage"] = new
        if old is not None and "OLD" in self.view_type:
            change["OldImage"] = old
        self.records.append(
            {
                "eventID": hashlib.md5(f"{self.arn}{number}".encode(), usedforsecurity=False).hexdigest(),
                "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": self.region,
                "eventSourceARN": self.arn,
                "dynamodb": change,
            }
        )

    @property
    def end(self) -> int:
        """The position behind the newest record; positions count from the stream's first record, 0."""
        return self.trimmed + len(self.records)

    def read(self, position: int, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` records from `position`; one that was trimmed away is refused."""
        if position < self.trimmed:
            raise values.Fault("TrimmedDataAccessException", "The records at this position were trimmed")
        start = position - self.trimmed
        return self.records[start : start + limit]

    def trim(self, position: int) -> None:
        """Forget the records before `position`."""
        if position > self.trimmed:
            del self.records[: position - self.trimmed]
            self.trimmed = position


def _size(item: Attributes | None) -> int:
    # AWS counts bytes of names and values; nobody decides by this number, so an approximation is enough
    return 0 if item is None else sum(len(name) + len(str(value)) - 8 for name, value in item.items())


class Rows:
    """The contents of one table. `schema` and `indexes` are KeySchema-shaped; `kinds` maps key attribute to type."""

    def __init__(self, schema: Sequence[Mapping[str, str]], kinds: Mapping[str, str]) -> None:
        self.kinds = dict(kinds)
        self.primary = _index(None, schema, None, ())
        self.rows: dict[Key, Row] = {}
        self.secondary: dict[str, Index] = {}
        self.stream: Stream | None = None

    def index(self, name: str, schema: Sequence[Mapping[str, str]], projection: Mapping[str, Any]) -> None:
        """Add a secondary index and fill it from the rows."""
        index = _index(name, schema, projection, self.primary.key_names)
        for key, row in self.rows.items():
            if place := index.place(row.item, key):
                index.add(place)
        self.secondary[name] = index

    def key_of(self, attributes: Attributes, *, whole_item: bool = False) -> Key:
        """The key among `attributes`; refused if it is incomplete, of a wrong type, empty, or (unless it stands in a
        whole item) accompanied by other attributes."""
        names = self.primary.key_names
        if whole_item:
            for name in names:
                if name not in attributes:
                    raise invalid(f"One or more parameter values were invalid: Missing the key {name} in the item")
        elif attributes.keys() != set(names):
            raise invalid("The provided key element does not match the schema")
        for name in names:
            self._check_key(name, attributes[name], whole_item=whole_item)
        return tuple(values.native(attributes[name]) for name in names)

    def _check_key(self, name: str, value: values.Value, *, whole_item: bool) -> None:
        kind = values.key_kind(value)
        if kind != self.kinds[name]:
            if not whole_item:
                raise invalid("The provided key element does not match the schema")
            message = f"Type mismatch for key {name} expected: {self.kinds[name]} actual: {kind}"
            raise invalid(f"One or more parameter values were invalid: {message}")
        size = values.checked(value)
        limit = 2048 if name in self.primary.hash_names else 1024
        if value[kind] == "":
            message = "The AttributeValue for a key attribute cannot contain an empty string value."
            raise invalid(f"One or more parameter values are not valid. {message} Key: {name}")
        if size > limit:
            raise invalid(f"One or more parameter values were invalid: Size of key has exceeded {limit} bytes")

    def check_index_keys(self, item: Attributes) -> None:
        """Refuse an item whose attribute for an index has a wrong type or is empty."""
        for index in self.secondary.values():
            for name in index.key_names:
                value = item.get(name)
                if value is None:
                    continue
                kind = values.key_kind(value)
                if kind != self.kinds[name]:
                    message = f"Type mismatch for Index Key {name} Expected: {self.kinds[name]} Actual: {kind}"
                    raise invalid(f"One or more parameter values were invalid: {message} IndexName: {index.name}")
                if value[kind] == "":
                    message = "A value specified for a secondary index key is not supported. The AttributeValue for a "
                    message += f"key attribute cannot contain an empty string value. IndexName: {index.name}"
                    raise invalid(f"One or more parameter values are not valid. {message}, IndexKey: {name}")

    def replace(self, key: Key, new: Row | None) -> Row | None:
        """Put a row (None: no row) in the place of the present one, which is returned; indexes follow."""
        old = self.rows.get(key)
        if new is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = new
        for index in (self.primary, *self.secondary.values()):
            before = index.place(old.item, key) if old else None
            after = index.place(new.item, key) if new else None
            if before != after:
                if before:
                    index.remove(before)
                if after:
                    index.add(after)
        return old

    def record(self, old: Row | None, new: Row | None, at: datetime) -> None:
        """Put a change on the stream; a write that changed nothing leaves no record."""
        row = new or old
        if self.stream is None or row is None:
            return
        before, after = old.item if old else None, new.item if new else None
        if before != after:
            keys = {name: row.item[name] for name in self.primary.key_names}
            self.stream.append(keys, before, after, at)

    def copy(self) -> dict[Key, Row]:
        """The rows as they are now; rows never change, so this is cheap."""
        return dict(self.rows)

    def restore(self, rows: dict[Key, Row] | None) -> None:
        """Put all rows back as they were copied (None: none), without stream records."""
        for key in [key for key, row in self.rows.items() if rows is None or rows.get(key) is not row]:
            self.replace(key, (rows or {}).get(key))
        for key, row in (rows or {}).items():
            if key not in self.rows:
                self.replace(key, row)

    def __len__(self) -> int:
        return len(self.rows)


def _index(
    name: str | None,
    schema: Sequence[Mapping[str, str]],
    projection: Mapping[str, Any] | None,
    table_keys: tuple[str, ...],
) -> Index:
    by_type: dict[str, list[str]] = {"HASH": [], "RANGE": []}
    for part in schema:
        by_type[part["KeyType"]].append(part["AttributeName"])
    projected = None
    if projection and projection.get("ProjectionType", "ALL") != "ALL":
        own = [*by_type["HASH"], *by_type["RANGE"], *table_keys]
        projected = frozenset([*own, *projection.get("NonKeyAttributes", [])])
    return Index(name, tuple(by_type["HASH"]), tuple(by_type["RANGE"]), projected)


def in_order(positions: list[Key], low: Key, high: Key | None, start: Key | None, *, forward: bool) -> Iterator[Key]:
    """The positions whose leading values lie in low..high (inclusive, compared as prefixes), in either direction,
    behind `start` if it is given."""
    first = bisect_left(positions, low)
    last = len(positions) if high is None else bisect_right(positions, high, key=_prefix(len(high)))
    if start is not None and forward:
        first = max(first, bisect_right(positions, start))
    elif start is not None:
        last = min(last, bisect_left(positions, start))
    span = range(first, last)
    return (positions[i] for i in (span if forward else reversed(span)))


def _prefix(length: int) -> Callable[[Key], Key]:
    return lambda position: position[:length]
