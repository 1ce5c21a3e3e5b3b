"""Mandates: by what right staff act on a case that another organisation holds, as the registry says it at an instant.

A delegation (委托, 行政许可法 art. 24) is for one item, from one organisation to another, within a term, and ends by
itself. A joint centre (市县联合办公) shares the reception of the organisations that it joins. This module must not
decide what a mandate is good for: that is the domain's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain import organisation
from chalicelib.domain.authority import Identity, Mandate
from chalicelib.domain.calendar import legal_day
from chalicelib.services import registry

NONE: frozenset[Mandate] = frozenset()


def of(identity: Identity, holder: str, item: str, at: datetime) -> frozenset[Mandate]:
    """The mandates of `identity` for cases of `item` (its id) that `holder` holds; none are looked up for those who
    need none. The registry's own copy is read: no round trip while it is fresh."""
    if identity.organisation is None:
        return NONE
    seat = organisation.seat(identity.organisation)
    if seat == holder:
        return NONE
    found = set()
    if holder in _joined(seat) or seat in _joined(holder):
        found.add(Mandate.joint)
    if any(_in_force(document, item, holder, seat, at) for document in _delegations()):
        found.add(Mandate.delegated)
    return frozenset(found)


def _joined(code: str) -> tuple[str, ...]:
    entry = registry.current("organisation").get(code)
    return tuple(entry.document().get("joint", ())) if entry else ()


def _delegations() -> list[Mapping[str, Any]]:
    return [entry.document() for entry in registry.current("delegation").values()]


def _in_force(document: Mapping[str, Any], item: str, holder: str, seat: str, at: datetime) -> bool:
    same = (document["item"], document["delegator"], document["delegate"]) == (item, holder, seat)
    today = legal_day(at).isoformat()
    return same and document["status"] == "active" and document["since"] <= today <= document["until"]
