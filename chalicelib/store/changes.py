"""What a record of the stream of cases says, in the domain's words.

Only what reactions need is read: the wire form of a whole history is long. This module must not read tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """A case after one write: which steps it took by it. `first`: the write that made the case."""

    at: datetime
    channel: str
    actions: tuple[str, ...]
    first: bool


def of_record(record: Mapping[str, Any]) -> Change | None:
    """The change in a stream record as Lambda delivers it; None for a removal and for a write without a step."""
    change = record["dynamodb"]
    image = change.get("NewImage")
    if image is None:
        return None
    before = len(change["OldImage"]["n"]["L"]) if "OldImage" in change else 0
    actions = tuple(node["M"]["a"]["S"] for node in image["n"]["L"][before:])
    if not actions:
        return None
    at = datetime.fromtimestamp(change["ApproximateCreationDateTime"], tz=UTC)
    return Change(at, image["c"]["S"], actions, first=before == 0)
