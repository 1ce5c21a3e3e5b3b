"""What a record of the stream of a book says, in the domain's words.

A record carries the whole item before and after; on the wire binary values are base64. This module must not read
tables.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.case import Case
from chalicelib.domain.rating import Rating
from chalicelib.store.books import Stored
from chalicelib.store.nodes import unpack

if TYPE_CHECKING:
    from chalicelib.domain.lake import Row
    from chalicelib.store.registry import Entry


@dataclass(frozen=True, slots=True)
class Change:
    """A case or order after one write, and how many steps it had before; `at`: when the stream saw it."""

    at: datetime
    stored: Stored
    before: int

    @property
    def fresh(self) -> range:
        """The versions that this write made, in their order."""
        return range(self.before + 1, self.stored.version + 1)


def of_record(record: Mapping[str, Any]) -> Change | None:
    """The change in a stream record as Lambda delivers it; None for a removal and for a write without a step.
    KeyError, TypeError, ValueError for a record that is no such thing."""
    change = record["dynamodb"]
    image = change.get("NewImage")
    if image is None:
        return None
    before = int(change["OldImage"]["v"]["N"]) if "OldImage" in change else 0
    if int(image["v"]["N"]) <= before:
        return None
    return Change(datetime.fromtimestamp(change["ApproximateCreationDateTime"], tz=UTC), stored(image), before)


def stored(image: Mapping[str, Any]) -> Stored:
    """The case or order in an item as the stream carries it."""
    blank = Case(
        id=image["id"]["S"],
        item=image["i"]["S"],
        organisation=image["o"]["S"],
        channel=image["c"]["S"],
        applicant=_text(image, "a"),
        taken_at=_text(image, "w"),
        observed="x" in image,
        received=datetime.fromtimestamp(int(image["r"]["N"]) / 1000, tz=UTC),
        agent=_text(image, "g"),
        about=_text(image, "b"),
    )
    nodes = tuple(unpack(node, b64decode) for node in image["n"]["L"])
    return Stored(blank, nodes, int(image["v"]["N"]))


def fact_of(record: Mapping[str, Any]) -> Row | None:
    """The fact that a record of the stream of facts brings, and whether it replaced what was kept; None for a
    removal."""
    from chalicelib.domain.lake import Row  # which transitions, through reactions, would load for nothing
    from chalicelib.store import facts

    change = record["dynamodb"]
    image = change.get("NewImage")
    if image is None:
        return None
    revised = int(change["ApproximateCreationDateTime"]) if record["eventName"] == "MODIFY" else 0
    return Row(facts.of_image(image), revised)


def entry_of(record: Mapping[str, Any]) -> Entry | None:
    """The version that a record of the stream of the registry brings; None for a removal."""
    from chalicelib.store import registry

    image = record["dynamodb"].get("NewImage")
    return registry.of_image(image) if image else None


def _text(image: Mapping[str, Any], name: str) -> str:
    return str(image[name]["S"]) if name in image else ""


def rating_of(record: Mapping[str, Any]) -> Rating | None:
    """The rating that a record of the stream of ratings brings; None for a removal."""
    from chalicelib.store import ratings  # which transitions, through reactions, would load for nothing

    image = record["dynamodb"].get("NewImage")
    return ratings.of_image(image) if image else None
