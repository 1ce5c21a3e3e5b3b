"""How far the centres are (建设进度): facts from what was published of them, and what may be read.

A version follows from itself and the one before, which never change; so whatever comes twice or late tells the same.
This module must not write the registry and must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from chalicelib.construction import plan
from chalicelib.domain import construction
from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.construction import Centre
from chalicelib.domain.fact import Fact
from chalicelib.errors import Forbidden
from chalicelib.services import registry
from chalicelib.store import facts
from chalicelib.store import registry as store
from chalicelib.store.registry import Entry

KIND = "centre"


def follow(entry: Entry) -> None:
    """Puts the facts that follow from a version of a centre."""
    facts.put(facts_of(entry))


def facts_of(entry: Entry) -> Iterator[Fact]:
    """The facts that follow from a version, beside the one before it."""
    before = store.get(KIND, entry.id, entry.version - 1) if entry.version > 1 else None
    yield from construction.facts_of(plan(), _centre(before) if before else None, _centre(entry), entry.version)


def published(scope: str) -> list[Centre]:
    """The centres and extension points at and below an organisation of which anything was published, by code."""
    return [_centre(entry) for entry in registry.entries(KIND) if organisations.within(entry.id, scope)]


def entry(code: str, version: int | None, *, identity: Identity) -> Entry:
    """One centre as published; for staff and systems: progress is compared among them (进度晾晒)."""
    _require_staff(identity)
    return registry.entry(KIND, code, version)


def entries(scope: str | None, *, identity: Identity) -> Sequence[Entry]:
    """What is published of centres, at and below an organisation where one is named."""
    _require_staff(identity)
    return [one for one in registry.entries(KIND) if scope is None or organisations.within(one.id, scope)]


def _require_staff(identity: Identity) -> None:
    if identity.kind is Kind.citizen:
        raise Forbidden("中心建设进度仅供内部查看", "the progress of centres is internal")


def _centre(entry: Entry) -> Centre:
    return construction.parse(plan(), entry.id, entry.document(), date.max)  # it was looked at when it was published
