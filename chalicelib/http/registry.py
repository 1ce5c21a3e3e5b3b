"""The registry over HTTP: organisations, items, staff and calendar years, read by all and published by few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib import errors
from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Kind
from chalicelib.http import cursors
from chalicelib.http.entries import (
    CalendarEntry,
    DelegationEntry,
    DeviceEntry,
    EntriesOut,
    EntryOut,
    ItemEntry,
    ItemsQuery,
    OrganisationEntry,
    OrganisationsQuery,
    ProceduresOut,
    StaffEntry,
    VersionQuery,
    procedure,
    shown,
)
from chalicelib.http.fields import PageQuery
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.procedures import all_procedures
from chalicelib.services import registry
from chalicelib.store.registry import Entry

door = Door(__name__, title=("登记", "Registry"))


def page_of(entries: Sequence[Entry], query: PageQuery) -> Answer:
    """The entries after the cursor; lists here are a few hundred long and kept in the process."""
    after = cursors.decode(query.cursor, {"id": str})
    rest = [e for e in entries if after is None or e.id > after["id"]]
    page = rest[: query.limit]
    onward = cursors.encode({"id": page[-1].id}) if len(rest) > len(page) else None
    return Answer(EntriesOut(items=[shown(e) for e in page], next=onward))


def publish(kind: str, id: str, document: Mapping[str, Any], call: Call) -> Answer:
    found = registry.publish(kind, id, document, identity=call.who, now=call.now)
    return Answer(shown(found.entry), status=201 if found.fresh else 200, version=found.entry.version)


def document_of(call: Call) -> dict[str, Any]:
    document: dict[str, Any] = call.body.model_dump(mode="json", exclude_none=True)
    return document


PUBLISH_REFUSALS = (errors.Forbidden, errors.VersionConflict)


@door.operation(
    "GET",
    "/v1/items",
    summary=("事项清单", "Service items"),
    access=Access.public,
    query=ItemsQuery,
    out=EntriesOut,
    refusals=(errors.Busy,),
)
def items(call: Call) -> Answer:
    """The items as published now."""
    query: ItemsQuery = call.query
    found = [
        entry
        for entry in registry.entries("item")
        if query.line in (None, entry.document()["line"]) and query.level in (None, *entry.document()["levels"])
    ]
    return page_of(found, query)


@door.operation(
    "GET",
    "/v1/items/{item_id}",
    summary=("事项详情", "A service item"),
    access=Access.public,
    where={"item_id": r"[a-z0-9-]{1,60}"},
    query=VersionQuery,
    out=EntryOut,
    refusals=(errors.Busy,),
)
def item(call: Call) -> Answer:
    """One item, current or in a given version."""
    entry = registry.entry("item", call.path["item_id"], call.query.version)
    return Answer(shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/items/{item_id}",
    summary=("发布事项新版本", "Publish an item"),
    where={"item_id": r"[a-z0-9]+(-[a-z0-9]+)*"},
    body=ItemEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=PUBLISH_REFUSALS,
)
def publish_item(call: Call) -> Answer:
    """Adds a version; the same document again changes nothing (200). Running cases keep the version they pinned."""
    return publish("item", call.path["item_id"], document_of(call), call)


@door.operation(
    "GET",
    "/v1/organisations",
    summary=("单位列表", "Organisations"),
    access=Access.public,
    query=OrganisationsQuery,
    out=EntriesOut,
    refusals=(errors.Busy,),
)
def list_organisations(call: Call) -> Answer:
    """The organisations as published now."""
    query: OrganisationsQuery = call.query
    found = [e for e in registry.entries("organisation") if query.parent in (None, organisations.parent(e.id))]
    return page_of(found, query)


@door.operation(
    "GET",
    "/v1/organisations/{code}",
    summary=("单位详情", "An organisation"),
    access=Access.public,
    where={"code": r"[0-9]{6}([0-9]{2}){0,2}"},
    query=VersionQuery,
    out=EntryOut,
    refusals=(errors.Busy,),
)
def one_organisation(call: Call) -> Answer:
    """One organisation, current or in a given version."""
    entry = registry.entry("organisation", call.path["code"], call.query.version)
    return Answer(shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/organisations/{code}",
    summary=("发布单位新版本", "Publish an organisation"),
    where={"code": r"[0-9]{6}([0-9]{2}){0,2}"},
    body=OrganisationEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=PUBLISH_REFUSALS,
)
def publish_organisation(call: Call) -> Answer:
    """Adds a version of an organisation; the one above it must be there."""
    return publish("organisation", call.path["code"], document_of(call), call)


@door.operation(
    "GET",
    "/v1/staff/{staff_id}",
    summary=("工作人员", "A member of staff"),
    where={"staff_id": r"[A-Za-z0-9._:@-]{1,64}"},
    out=EntryOut,
    refusals=(errors.Forbidden,),
)
def one_staff(call: Call) -> Answer:
    """One member of staff; for staff and systems."""
    if call.who.kind is Kind.citizen:
        raise errors.Forbidden("工作人员信息仅供内部查看", "the directory of staff is internal")
    entry = registry.entry("staff", call.path["staff_id"])
    return Answer(shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/staff/{staff_id}",
    summary=("发布工作人员信息", "Publish a member of staff"),
    where={"staff_id": r"[A-Za-z0-9._:@-]{1,64}"},
    body=StaffEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=PUBLISH_REFUSALS,
)
def publish_staff(call: Call) -> Answer:
    """Adds a version of a member of staff."""
    return publish("staff", call.path["staff_id"], document_of(call), call)


@door.operation(
    "GET",
    "/v1/delegations",
    summary=("委托办理公示", "Delegations"),
    access=Access.public,
    query=PageQuery,
    out=EntriesOut,
    refusals=(errors.Busy,),
)
def delegations(call: Call) -> Answer:
    """Which items are handled by another organisation, and until when; the law has it public (行政许可法 art. 24)."""
    return page_of(registry.entries("delegation"), call.query)


@door.operation(
    "PUT",
    "/v1/delegations/{delegation_id}",
    summary=("发布委托", "Publish a delegation"),
    where={"delegation_id": r"[a-z0-9]+(-[a-z0-9]+)*"},
    body=DelegationEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=PUBLISH_REFUSALS,
)
def publish_delegation(call: Call) -> Answer:
    """Adds a version of a delegation. It ends by itself after its last day; an earlier end is a new version."""
    return publish("delegation", call.path["delegation_id"], document_of(call), call)


@door.operation(
    "PUT",
    "/v1/devices/{device_id}",
    summary=("登记设备", "Publish a device"),
    where={"device_id": r"[A-Za-z0-9._-]{1,64}"},
    body=DeviceEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=PUBLISH_REFUSALS,
)
def publish_device(call: Call) -> Answer:
    """Adds a version of a device, under the name by which a rating tells it, in small letters."""
    return publish("device", call.path["device_id"].lower(), document_of(call), call)


@door.operation(
    "GET",
    "/v1/calendars/{year}",
    summary=("年度工作日历", "A calendar year"),
    access=Access.public,
    where={"year": r"[0-9]{4}"},
    query=VersionQuery,
    out=EntryOut,
    refusals=(errors.Busy,),
)
def one_calendar(call: Call) -> Answer:
    """The days off and make-up working days of a year as published."""
    entry = registry.entry("calendar", call.path["year"], call.query.version)
    return Answer(shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/calendars/{year}",
    summary=("发布年度工作日历", "Publish a calendar year"),
    where={"year": r"[0-9]{4}"},
    body=CalendarEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=PUBLISH_REFUSALS,
)
def publish_calendar(call: Call) -> Answer:
    """Adds a version of a year, when the notice of 国务院办公厅 has come."""
    return publish("calendar", call.path["year"], document_of(call), call)


@door.operation(
    "GET",
    "/v1/procedures",
    summary=("办理程序", "Procedures"),
    access=Access.public,
    out=ProceduresOut,
)
def procedures(_call: Call) -> Answer:
    """States and actions, who may act, and what each action demands."""
    return Answer(ProceduresOut(items=[procedure(p) for _, p in sorted(all_procedures().items())]))
