"""Who and what a sample week is played with, as the platform publishes it: items, procedures, organisations, staff.

This module must not decide what happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import organisation
from infra.cli.hub import SYSTEM, Hub, Identity, RefusedByServer

_STAFF_A_PLACE = 8  # sample staff are numbered zs-<organisation>-01 and on


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff, with the posts that the directory names."""

    id: str
    organisation: str
    posts: frozenset[str]
    lines: tuple[str, ...]

    def identity(self, at: str | None = None) -> Identity:
        """Their token's identity, at their organisation or at one of its windows."""
        return {
            "sub": self.id,
            "kind": "staff",
            "org": at or self.organisation,
            "posts": sorted(self.posts),
            "lines": list(self.lines),
        }


@dataclass(frozen=True, slots=True)
class Town:
    """The sample organisations with their staff and windows; `items` are those with a promised limit."""

    items: tuple[Mapping[str, Any], ...]
    procedures: Mapping[str, Mapping[str, Any]]
    staff: Mapping[str, tuple[Staff, ...]]
    windows: Mapping[str, tuple[str, ...]]

    def row(self, item: Mapping[str, Any], action: str, state: str | None) -> Mapping[str, Any] | None:
        """The row that `action` follows in `state`."""
        for row in self.procedures[item["procedure"]]["actions"]:
            if row["name"] == action and (state in row["sources"] or (state is None and not row["sources"])):
                return dict(row)
        return None

    def able(self, item: Mapping[str, Any], place: str, row: Mapping[str, Any]) -> list[Staff]:
        """The staff of `place` who may take the action of `row` on `item`."""
        wanted = frozenset(row["posts"])
        return [s for s in self.staff[place] if s.posts & wanted and (not s.lines or item["line"] in s.lines)]

    def places(self, item: Mapping[str, Any]) -> list[str]:
        """Where `item` is handled and enough people work: two for intake or review, and one for delivery."""
        return [code for code in sorted(self.staff) if self._manned(item, code)]

    def _manned(self, item: Mapping[str, Any], code: str) -> bool:
        if organisation.level(code).value not in item["levels"]:
            return False
        known = [s for s in self.staff[code] if not s.lines or item["line"] in s.lines]
        holders = {post: {s.id for s in known if post in s.posts} for post in ("intake", "review", "delivery")}
        return all(holders.values()) and len(holders["intake"] | holders["review"]) > 1


def surveyed(hub: Hub) -> Town:
    """The town as it is published."""
    items = [{"id": e["id"], **e["document"]} for e in hub.pages("/v1/items")]
    procedures = {p["id"]: p for p in hub.get("/v1/procedures")["items"]}
    codes = [e["id"] for e in hub.pages("/v1/organisations") if e["document"].get("sample")]
    windows = [code for code in codes if len(code) == 10]
    staff = {place: tuple(_staff_of(hub, place)) for place in _places(codes)}
    manned = {place: people for place, people in staff.items() if people}
    return Town(
        items=tuple(i for i in items if i.get("promised") and i.get("status", "active") == "active"),
        procedures=procedures,
        staff=manned,
        windows={place: tuple(w for w in windows if organisation.within(w, place)) for place in manned},
    )


def _places(codes: list[str]) -> list[str]:
    """The sample stations, and the centres of every level above the samples."""
    stations = [code for code in codes if len(code) == 8]
    found = set(stations)
    above = [organisation.seat(code) for code in codes]
    while above:
        found.update(above)
        above = [up for code in above if (up := organisation.parent(code)) and up not in found]
    return sorted(found)


def _staff_of(hub: Hub, place: str) -> list[Staff]:
    found = []
    for number in range(1, _STAFF_A_PLACE):
        try:
            entry = hub.get(f"/v1/staff/zs-{place}-{number:02d}", SYSTEM)
        except RefusedByServer as refusal:
            if refusal.status != 404:
                raise
            break
        person = entry["document"]
        found.append(Staff(entry["id"], person["org"], frozenset(person["posts"]), tuple(person["lines"])))
    return found
