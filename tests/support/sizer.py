"""What a DynamoDB write costs, counted by DynamoDB's own rules from the items before and after it.

Rules: "Amazon DynamoDB item sizes and formats" and "Read/write capacity of secondary indexes" of the developer guide.
Units are write units of 1 kB, of the larger of the two images; moto answers 1 whatever was written. This module must
not know this project's tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
UNIT = 1024
_ENTRY = 1  # bytes beside each element of a list or map
_CONTAINER = 3  # bytes beside each list and map


def size(item: Item) -> int:
    """Bytes of an item in the low-level form, names included."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def units(before: Item | None, after: Item | None) -> int:
    """Write units of a table or index for one image replaced by another; a conditional write has no discount."""
    return ceil(max(size(image) for image in (before or {}, after or {})) / UNIT) or 1


def index_units(before: Item | None, after: Item | None, index: Mapping[str, Any], keys: tuple[str, ...]) -> int:
    """Write units of a secondary index (as CreateTable describes it; `keys` are the table's) for one write: none where
    the entry stays as it is, two writes where its key changes."""
    old, new = _entry(before, index, keys), _entry(after, index, keys)
    if old == new:
        return 0
    own = [part["AttributeName"] for part in index["KeySchema"]]
    if old is None or new is None:
        return units(old, new)
    if any(old[name] != new[name] for name in own):
        return units(old, None) + units(None, new)
    return units(old, new)


def _entry(item: Item | None, index: Mapping[str, Any], keys: tuple[str, ...]) -> Item | None:
    own = [part["AttributeName"] for part in index["KeySchema"]]
    if item is None or any(name not in item for name in own):
        return None
    projection = index["Projection"]
    if projection["ProjectionType"] == "ALL":
        return item
    kept = {*own, *keys, *projection.get("NonKeyAttributes", ())}
    return {name: value for name, value in item.items() if name in kept}


def _value(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return number(content)
        case "B":
            return len(content)
        case "L":
            return _CONTAINER + sum(_ENTRY + _value(element) for element in content)
        case "M":
            return _CONTAINER + sum(_ENTRY + len(name.encode()) + _value(each) for name, each in content.items())
        case "BOOL" | "NULL":
            return 1
    raise ValueError(f"sets are not counted here: {kind}")


def number(text: str) -> int:
    """Bytes of a number: one for every two significant digits, and one; a negative one has another."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1 + text.startswith("-")
