"""The registry over HTTP: organisations, items, staff and calendar years, read by all and published by few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chalicelib import errors
from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Kind, Line, Post
from chalicelib.domain.clocks import PAUSE_CLASSES, Unit
from chalicelib.domain.organisation import Level
from chalicelib.domain.procedure import Action, Procedure
from chalicelib.http import cursors
from chalicelib.http.fields import (
    Closed,
    Names,
    OrganisationCode,
    PageQuery,
    Short,
    Shown,
    Slug,
    names,
)
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.procedures import all_procedures
from chalicelib.services import registry
from chalicelib.store.registry import Entry

door = Door(__name__, title=("登记", "Registry"))

Long = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Status = Literal["active", "retired"]


class NamesIn(Closed):
    """A name in both languages."""

    zh: Long
    en: Long


class OrganisationEntry(Closed):
    """An organisation; where it stands follows from the digits of its code."""

    name: NamesIn
    level: Level
    area: Short | None = None
    status: Status = "active"
    sample: bool = False


class LimitIn(Closed):
    """A limit with its unit and the rule it comes from."""

    limit: Annotated[int, Field(ge=0, le=1000)]
    unit: Unit
    basis: Annotated[str, StringConstraints(max_length=300)] = ""


class MaterialEntry(Closed):
    """One line of the check-list."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]
    name: NamesIn
    necessity: Literal["required", "conditional", "optional"]
    source: Literal["applicant", "issued", "shared"] = "applicant"
    mediums: list[Literal["electronic", "paper"]] = ["electronic", "paper"]


class ResultIn(Closed):
    """What the applicant receives."""

    name: NamesIn
    kind: Literal["licence", "certificate", "registration", "filing", "reply", "permit"]


class FeeIn(Closed):
    """Whether it costs something, and by which rule."""

    charged: bool
    basis: Annotated[str, StringConstraints(max_length=300)] = ""


class GradeIn(Closed):
    """One step of an item graded by size: below this, handled at that level."""

    below: int | None = None
    level: Level


class GradedIn(Closed):
    """An item whose level depends on a number in the form."""

    by: Slug
    steps: list[GradeIn]


class TwoLevelIn(Closed):
    """An item that one level reviews and another decides."""

    review: Level
    decide: Level


class ItemEntry(Closed):
    """A service item (事项) with all its attributes."""

    name: NamesIn
    number: Annotated[int, Field(ge=0, le=9999)] = 0
    line: Line
    type: Literal["licence", "confirmation", "other", "public_service"]
    levels: Annotated[list[Level], Field(min_length=1, max_length=4)]
    two_level: TwoLevelIn | None = None
    graded: GradedIn | None = None
    form: Literal["instant", "promised"]
    procedure: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}@[0-9]{1,4}$")]
    statutory: LimitIn | None = None
    promised: LimitIn | None = None
    extension: LimitIn | None = None
    materials: Annotated[list[MaterialEntry], Field(max_length=60)] = []
    result: ResultIn | None = None
    delivery: Annotated[list[Literal["collect", "mail", "electronic"]], Field(min_length=1, max_length=3)]
    fee: FeeIn | None = None
    visits: Annotated[int, Field(ge=0, le=9)] = 0
    separation: list[Annotated[list[Short], Field(min_length=2, max_length=2)]] = []
    on_site_check: bool = False
    online: bool = True
    reach: Literal["county", "city", "province"] = "county"
    subjects: Annotated[list[Literal["person", "organisation"]], Field(min_length=1, max_length=2)]
    lead_time: LimitIn | None = None
    silence: Literal["overdue", "deemed_grant"] = "overdue"
    acceptance_condition: NamesIn | None = None
    note: NamesIn | None = None
    status: Status = "active"
    sample: bool = False


class StaffEntry(Closed):
    """A member of staff with posts and lines."""

    name: NamesIn
    org: OrganisationCode
    posts: Annotated[list[Post], Field(max_length=7)] = []
    lines: Annotated[list[Line], Field(max_length=7)] = []
    status: Status = "active"
    sample: bool = False


class CalendarEntry(Closed):
    """A year as published: days off, make-up working days, and the document that says so."""

    document: Long
    off: Annotated[list[str], Field(max_length=60)]
    work: Annotated[list[str], Field(max_length=30)]


class EntryOut(Shown):
    """A registry entry in one of its versions."""

    id: str
    version: int
    document: dict[str, Any]


class EntriesOut(Shown):
    """One page of current entries, by id."""

    items: list[EntryOut]
    next: str | None


class VersionQuery(Closed):
    """Which version; the current one if none is named."""

    version: Annotated[int, Field(ge=1, le=999_999)] | None = None


class ItemsQuery(PageQuery):
    """Which items."""

    line: Line | None = None
    level: Level | None = None


class OrganisationsQuery(PageQuery):
    """Which organisations: those directly under `parent`, or all."""

    parent: OrganisationCode | None = None


class ActionOut(Shown):
    """One row of a procedure."""

    name: str
    text: Names
    sources: list[str]
    target: str | None
    applicant: bool
    posts: list[str]
    demands: list[str]
    guards: list[str]


class ProcedureOut(Shown):
    """A procedure as clients need it: states, actions, what each demands."""

    id: str
    text: Names
    initial: str
    states: dict[str, Names]
    actions: list[ActionOut]
    pause_classes: dict[str, Names]


class ProceduresOut(Shown):
    """Every procedure in force or pinned by a case."""

    items: list[ProcedureOut]


def _shown(entry: Entry) -> EntryOut:
    return EntryOut(id=entry.id, version=entry.version, document=entry.document())


def _page(entries: Sequence[Entry], query: PageQuery) -> Answer:
    """The entries after the cursor; lists here are a few hundred long and kept in the process."""
    after = cursors.decode(query.cursor, {"id": str})
    rest = [e for e in entries if after is None or e.id > after["id"]]
    shown = rest[: query.limit]
    onward = cursors.encode({"id": shown[-1].id}) if len(rest) > len(shown) else None
    return Answer(EntriesOut(items=[_shown(e) for e in shown], next=onward))


def _published(kind: str, id: str, document: Mapping[str, Any], call: Call) -> Answer:
    found = registry.publish(kind, id, document, identity=call.who, now=call.now)
    return Answer(_shown(found.entry), status=201 if found.fresh else 200, version=found.entry.version)


def _document(call: Call) -> dict[str, Any]:
    document: dict[str, Any] = call.body.model_dump(mode="json", exclude_none=True)
    return document


_PUBLISH = (errors.Forbidden, errors.VersionConflict)


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
    return _page(found, query)


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
    return Answer(_shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/items/{item_id}",
    summary=("发布事项新版本", "Publish an item"),
    where={"item_id": r"[a-z0-9]+(-[a-z0-9]+)*"},
    body=ItemEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=_PUBLISH,
)
def publish_item(call: Call) -> Answer:
    """Adds a version; the same document again changes nothing (200). Running cases keep the version they pinned."""
    return _published("item", call.path["item_id"], {**_document(call), "id": call.path["item_id"]}, call)


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
    return _page(found, query)


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
    return Answer(_shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/organisations/{code}",
    summary=("发布单位新版本", "Publish an organisation"),
    where={"code": r"[0-9]{6}([0-9]{2}){0,2}"},
    body=OrganisationEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=_PUBLISH,
)
def publish_organisation(call: Call) -> Answer:
    """Adds a version of an organisation; the one above it must be there."""
    code = call.path["code"]
    return _published("organisation", code, {**_document(call), "code": code}, call)


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
    return Answer(_shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/staff/{staff_id}",
    summary=("发布工作人员信息", "Publish a member of staff"),
    where={"staff_id": r"[A-Za-z0-9._:@-]{1,64}"},
    body=StaffEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=_PUBLISH,
)
def publish_staff(call: Call) -> Answer:
    """Adds a version of a member of staff."""
    return _published("staff", call.path["staff_id"], {**_document(call), "id": call.path["staff_id"]}, call)


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
    return Answer(_shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/calendars/{year}",
    summary=("发布年度工作日历", "Publish a calendar year"),
    where={"year": r"[0-9]{4}"},
    body=CalendarEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=_PUBLISH,
)
def publish_calendar(call: Call) -> Answer:
    """Adds a version of a year, when the notice of 国务院办公厅 has come."""
    return _published("calendar", call.path["year"], _document(call), call)


@door.operation(
    "GET",
    "/v1/procedures",
    summary=("办理程序", "Procedures"),
    access=Access.public,
    out=ProceduresOut,
)
def procedures(_call: Call) -> Answer:
    """States and actions, who may act, and what each action demands."""
    return Answer(ProceduresOut(items=[_procedure(p) for _, p in sorted(all_procedures().items())]))


def _procedure(found: Procedure) -> ProcedureOut:
    return ProcedureOut(
        id=found.ref,
        text=names(found.text),
        initial=found.initial,
        states={name: names(state.text) for name, state in found.states.items()},
        actions=[_action(row) for row in found.actions],
        pause_classes={c.code: Names(zh=c.zh, en=c.en) for c in PAUSE_CLASSES.values()},
    )


def _action(row: Action) -> ActionOut:
    return ActionOut(
        name=row.name,
        text=names(row.text),
        sources=sorted(row.sources),
        target=row.target,
        applicant=row.who.applicant,
        posts=sorted(row.who.posts),
        demands=list(row.demands),
        guards=list(row.guards),
    )
