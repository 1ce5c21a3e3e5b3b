"""What registry entries look like: the documents that are published, and how they are shown.

Shapes and lengths only; whether a document holds (a promise within the law, a known procedure) is for the services.
This module must not know routes.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chalicelib.domain.authority import Line, Post
from chalicelib.domain.clocks import Unit
from chalicelib.domain.item import MOST_VISITS
from chalicelib.domain.organisation import Level
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.domain.procedure import Action, Procedure
from chalicelib.http.fields import Closed, FormKey, Names, OrganisationCode, PageQuery, Short, Shown, Slug, names
from chalicelib.store.registry import Entry

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
    joint: Annotated[
        list[OrganisationCode], Field(max_length=20, description="联合办公：本中心与之合署办公的单位")
    ] = []
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
    """Whether it costs something, and by which rule; `told`: how much, and who pays nothing, as citizens are told."""

    charged: bool
    basis: Annotated[str, StringConstraints(max_length=300)] = ""
    told: NamesIn | None = None


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
    limit: LimitIn | None = None


class EventIn(Closed):
    """A day that limits are measured to; `field` names it in the form, `decide` is how long before it the decision is
    due at the latest."""

    field: FormKey
    name: NamesIn
    decide: LimitIn | None = None


class ItemEntry(Closed):
    """A service item (事项) with all its attributes."""

    name: NamesIn
    number: Annotated[int, Field(ge=0, le=9999)] = 0
    line: Line
    type: Literal["licence", "confirmation", "other", "public_service"]
    levels: Annotated[list[Level], Field(min_length=1, max_length=4)]
    two_level: TwoLevelIn | None = None
    graded: GradedIn | None = None
    event: EventIn | None = None
    form: Literal["instant", "promised"]
    procedure: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}@[0-9]{1,4}$")]
    statutory: LimitIn | None = None
    promised: LimitIn | None = None
    extension: LimitIn | None = None
    materials: Annotated[list[MaterialEntry], Field(max_length=60)] = []
    result: ResultIn | None = None
    delivery: Annotated[list[Literal["collect", "mail", "electronic"]], Field(min_length=1, max_length=3)]
    fee: FeeIn | None = None
    visits: Annotated[int, Field(ge=0, le=MOST_VISITS)]
    pooled: bool = False
    hand_over: Annotated[Line | None, Field(description="审管衔接：办结后由哪个警种监管")] = None
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


class DelegationEntry(Closed):
    """委托（行政许可法 art. 24）: an item that `delegator` has `delegate` handle in its name from `since` to `until`,
    both days included; `document` is the instrument that says so."""

    item: Slug
    delegator: OrganisationCode
    delegate: OrganisationCode
    since: date
    until: date
    document: Long
    status: Status = "active"
    sample: bool = False


class DeviceEntry(Closed):
    """A device (设备) of an organisation: one that people rate on, or one of the staff, which cannot rate."""

    organisation: OrganisationCode
    use: Literal["rating", "staff"]
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


def shown(entry: Entry) -> EntryOut:
    """A registry entry as an answer shows it."""
    return EntryOut(id=entry.id, version=entry.version, document=entry.document())


def procedure(found: Procedure) -> ProcedureOut:
    """A procedure as an answer shows it."""
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
