"""The registry in the domain's terms: organisations, items, staff, calendars, answers; published and looked up.

Every entry is versioned; publishing the same document again changes nothing, and a new version never touches a
running case, which has pinned its own. This module must not know routes or rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from chalicelib.domain import authority, calendar, item, organisation
from chalicelib.domain.authority import Identity, Line, Post
from chalicelib.domain.calendar import Calendar, legal_day
from chalicelib.domain.case import Law
from chalicelib.domain.item import Item
from chalicelib.domain.order import KINDS
from chalicelib.domain.organisation import Level, Organisation
from chalicelib.domain.procedure import SETTLE
from chalicelib.errors import BrokenDefinition, FieldError, Forbidden, InvalidInput, NotFound, VersionConflict
from chalicelib.procedures import all_procedures, procedure_of
from chalicelib.store import registry as store
from chalicelib.store.failures import ConditionFailed
from chalicelib.store.registry import Entry


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing came to: the entry as it now stands, and whether that made a new version."""

    entry: Entry
    fresh: bool


def publish(kind: str, id: str, document: Mapping[str, Any], *, identity: Identity, now: datetime) -> Published:
    """Publishes a document as the next version of (kind, id), or finds that it says what the current one says.

    Forbidden for others than systems and operations staff of the province, or for a centre of those above it;
    InvalidInput where the document does not hold; VersionConflict when somebody else published at the same moment.
    """
    _require_publisher(kind, id, identity)
    _require_sound(kind, id, document, now)
    newest = store.current(kind).get(id)
    if newest and newest.text == store.canonical(document):
        return Published(newest, fresh=False)
    version = newest.version + 1 if newest else 1
    try:
        return Published(store.publish(kind, id, version, document, now, identity.subject), fresh=True)
    except ConditionFailed as error:
        raise VersionConflict(
            "有人同时发布了新版本，请重新读取后再试", "somebody else just published; read again"
        ) from error


def current(kind: str) -> Mapping[str, Entry]:
    """The current version of every entry of a kind, by id."""
    return store.current(kind)


def entries(kind: str) -> tuple[Entry, ...]:
    """The current version of every entry of a kind, by id."""
    return tuple(entry for _, entry in sorted(store.current(kind).items()))


def entry(kind: str, id: str, version: int | None = None) -> Entry:
    """One entry, the current version unless one is named; NotFound where there is none."""
    found = store.current(kind).get(id) if version is None else store.get(kind, id, version)
    if found is None:
        raise NotFound(f"登记表中没有 {id}", f"the registry has no {kind} {id!r}" + (f"@{version}" if version else ""))
    return found


def current_item(id: str) -> Item | None:
    """The item as it is published now, retired ones included; None where there is none."""
    found = store.current("item").get(id)
    return _item(found.id, found.version) if found else None


def law(ref: str) -> Law:
    """What a case that pinned `id@version` is judged by; an order, by its kind."""
    id, _, version = ref.rpartition("@")
    found = KINDS[ref] if ref in KINDS else _item(id, int(version))
    return Law(found, procedure_of(found.procedure))


def find_organisation(code: str) -> Organisation | None:
    """The organisation as it is published now; None where there is none."""
    found = store.current("organisation").get(code)
    return organisation.parse({**found.document(), "code": code}) if found else None


def centres_due() -> Mapping[str, Mapping[str, int]]:
    """How many centres each organisation should have with all below it: those of province, cities and counties that
    are active."""
    return _centres_due(tuple((e.id, e.version) for e in entries("organisation")))


def current_calendar() -> Calendar:
    """Every published year, in its newest version."""
    return _calendar(tuple((e.id, e.version) for e in entries("calendar")))


def forget() -> None:
    """Drops what this process remembers, for when the table beneath was emptied."""
    store.forget()
    _item.cache_clear()
    _calendar.cache_clear()
    _centres_due.cache_clear()


@lru_cache(maxsize=1024)
def _item(id: str, version: int) -> Item:
    return item.parse({**entry("item", id, version).document(), "id": id}, version)


@lru_cache(maxsize=4)
def _calendar(years: tuple[tuple[str, int], ...]) -> Calendar:
    return Calendar(
        {
            int(id): calendar.parse_year(int(id), entry("calendar", id, version).document(), version=version)
            for id, version in years
        }
    )


@lru_cache(maxsize=4)
def _centres_due(published: tuple[tuple[str, int], ...]) -> Mapping[str, Mapping[str, int]]:
    from chalicelib.domain.indices import sums  # no transition of a case needs it

    known = (
        organisation.parse({**entry("organisation", id, version).document(), "code": id}) for id, version in published
    )
    return sums.of_centres(one.code for one in known if one.active and one.level in organisation.WITH_CENTRE)


def _require_publisher(kind: str, id: str, identity: Identity) -> None:
    if kind == "centre" and not authority.reports_centre(identity, id):
        raise Forbidden(
            "中心建设进度由上级单位运维保障岗发布",
            "how far a centre is, is published by operations staff of those above it",
        )
    if kind != "centre" and not authority.publishes(identity):
        raise Forbidden("登记信息由省厅运维保障岗发布", "the registry is published by operations staff of the province")


def _require_sound(kind: str, id: str, document: Mapping[str, Any], now: datetime) -> None:
    """The domain's own strict reading of a document, before it can meet a case."""
    try:
        match kind:
            case "organisation":
                _require_parent(organisation.parse({**document, "code": id}))
                _require_partners(id, document)
            case "item":
                _require_procedure(item.parse({**document, "id": id}, 1))
            case "calendar":
                calendar.require_complete(calendar.parse_year(int(id), document))
            case "staff":
                _require_staff(id, document)
            case "device":
                _require_at_home(id, document)
            case "delegation":
                _require_delegation(id, document)
            case "knowledge":
                _require_knowledge(id, document)
            case "centre":
                _require_centre(id, document, legal_day(now))
    except BrokenDefinition as error:
        where = str(error).partition(":")[0]
        raise InvalidInput(
            f"登记内容有误：{error}",
            str(error),
            errors=[FieldError(where.rpartition(".")[2], "broken_definition", str(error), str(error))],
        ) from error


def _require_procedure(found: Item) -> None:
    """The item's procedure exists, suits its form, and knows the actions that the item keeps apart."""
    procedure = all_procedures().get(found.procedure)
    if procedure is None:
        known = ", ".join(all_procedures())
        raise BrokenDefinition(f"item {found.id}.procedure: {found.procedure!r} is not one of {known}")
    if procedure.book != "cases":
        raise BrokenDefinition(f"item {found.id}.procedure: {found.procedure} is for work orders")
    if (found.form == "instant") != bool(procedure.rows(SETTLE)):
        raise BrokenDefinition(f"item {found.id}.procedure: {found.procedure} does not suit the form {found.form!r}")
    if found.two_level and not any(row.passes == "up" for row in procedure.actions):
        raise BrokenDefinition(f"item {found.id}.procedure: {found.procedure} has no step that passes a case up")
    if found.two_level and found.levels != {found.two_level.review}:
        raise BrokenDefinition(f"item {found.id}.levels: the level that reviews takes it in: {found.two_level.review}")
    if found.silence != "overdue" and not any(state.silence for state in procedure.states.values()):
        raise BrokenDefinition(f"item {found.id}.silence: {found.procedure} has no state in which silence is a grant")
    for action in sorted({action for pair in found.separation for action in pair}):
        if not procedure.rows(action):
            raise BrokenDefinition(f"item {found.id}.separation: {found.procedure} has no action {action!r}")


def _require_partners(code: str, document: Mapping[str, Any]) -> None:
    """市县联合办公: a centre is shared by the organ and those directly above or below it, or beside it."""
    for other in document.get("joint", ()):
        near = {organisation.parent(code), organisation.parent(other)} & {code, other} or (
            organisation.parent(code) == organisation.parent(other)
        )
        if other == code or find_organisation(other) is None or not near:
            raise BrokenDefinition(f"organisation {code}.joint: {other!r} is no organisation above, below or beside it")


def _require_parent(found: Organisation) -> None:
    above = organisation.parent(found.code)
    if above is not None and find_organisation(above) is None:
        raise BrokenDefinition(f"organisation {found.code}.code: publish the organisation above it, {above}, first")


def _require_delegation(id: str, document: Mapping[str, Any]) -> None:
    """行政许可法 art. 24: to one other organ, for what it has itself, in public; here also within a term."""
    delegator, delegate = str(document["delegator"]), str(document["delegate"])
    found = current_item(str(document["item"]))
    if found is None:
        raise BrokenDefinition(f"delegation {id}.item: no such item: {document['item']!r}")
    for field, code in (("delegator", delegator), ("delegate", delegate)):
        if find_organisation(code) is None or organisation.level(code) is Level.window:
            raise BrokenDefinition(f"delegation {id}.{field}: no such organisation with powers of its own: {code!r}")
    if delegator == delegate:
        raise BrokenDefinition(f"delegation {id}.delegate: another organisation is needed")
    if organisation.level(delegator) not in found.levels:
        raise BrokenDefinition(f"delegation {id}.delegator: {delegator} does not handle {found.id} itself")
    if document["since"] > document["until"]:
        raise BrokenDefinition(f"delegation {id}.until: the term ends before it begins")


def _require_at_home(id: str, document: Mapping[str, Any]) -> None:
    if find_organisation(str(document["organisation"])) is None:
        raise BrokenDefinition(f"device {id}.organisation: no such organisation: {document['organisation']!r}")


def _require_centre(code: str, document: Mapping[str, Any], today: date) -> None:
    from chalicelib.construction import plan  # no transition of a case needs it
    from chalicelib.domain import construction

    if find_organisation(code) is None:
        raise BrokenDefinition(f"centre {code}.code: no such organisation: {code!r}")
    construction.parse(plan(), code, document, today)


def _require_knowledge(id: str, document: Mapping[str, Any]) -> None:
    from chalicelib.domain.consultation import knowledge  # no transition of a case needs it

    found = knowledge.parse({**document, "id": id}, 1)
    if found.item and current_item(found.item) is None:
        raise BrokenDefinition(f"knowledge {id}.item: no such item: {found.item!r}")


def _require_staff(id: str, document: Mapping[str, Any]) -> None:
    if find_organisation(str(document.get("org", ""))) is None:
        raise BrokenDefinition(f"staff {id}.org: no such organisation: {document.get('org')!r}")
    for field, known in (("posts", tuple(Post)), ("lines", tuple(Line))):
        for value in document.get(field, []):
            if value not in known:
                raise BrokenDefinition(f"staff {id}.{field}: {value!r} is not one of {', '.join(known)}")
