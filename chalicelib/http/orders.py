"""Work orders over HTTP: the queue of an organisation, one order and its history, and its steps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib import errors
from chalicelib.domain import order
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.case import Case
from chalicelib.http import answers, bodies, cursors
from chalicelib.http.answers import HistoryOut
from chalicelib.http.bodies import StepIn
from chalicelib.http.fields import Deadline, Names, OrganisationCode, PageQuery, Shown, Time, deadline, names
from chalicelib.http.operation import Answer, Call, Door
from chalicelib.services import orders, registry, subjects
from chalicelib.services.casework import Known
from chalicelib.store.books import Queued

door = Door(__name__, title=("工单", "Work orders"))

ID = {"order_id": r"[0-9a-f]{24}"}


class FiledAs(Shown):
    """What somebody filed, without whoever filed it."""

    type: str
    type_name: Names
    object: str
    item: str | None
    window: str | None
    case_id: str | None = Field(description="the case it is linked to")
    earlier: str | None = Field(description="重复反映: the order in which the same was answered before")
    anonymous: bool


class OrderOut(Shown):
    """A work order as it stands."""

    order_id: str
    version: int
    kind: str
    name: Names
    about: str
    finding: str | None = Field(description="rule#occurrence of the finding that it follows from")
    filed: FiledAs | None = Field(description="null: nobody filed it, the platform opened it")
    rating: str | None = Field(description="rating_id of the rating that it is about")
    state: str
    state_name: Names
    result: str | None
    organisation: str
    holder: str
    opened_at: Time
    closed_at: Time | None
    action: str
    at: Time
    deadlines: dict[str, Deadline]
    allowed_actions: list[str]


class OrdersOut(Shown):
    """The orders about something, oldest first."""

    items: list[OrderOut]


class OrderQueuedOut(Shown):
    """One row of a queue of orders."""

    order_id: str
    kind: str
    name: Names
    state: str
    due: Time | None
    overdue: bool


class OrderDeskOut(Shown):
    """One page of an organisation's orders."""

    items: list[OrderQueuedOut]
    next: str | None


class OrdersQuery(PageQuery):
    """Whose queue, and which part of it."""

    org: OrganisationCode
    kind: (
        Literal[
            "verification",
            "supervision_order",
            "card",
            "follow_up",
            "rating_review",
            "satisfaction_call",
            "hand_over",
            "complaint",
            "no_service",
            "consultation",
        ]
        | None
    ) = None
    state: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}$")] | None = None
    due: Literal["warning", "overdue"] | None = None


@door.operation(
    "GET",
    "/v1/cases/{case_id}/orders",
    summary=("本办件的工单", "The work orders about a case"),
    where={"case_id": r"[0-9]{21}"},
    out=OrdersOut,
    refusals=(errors.Forbidden, errors.BrokenHistory),
)
def orders_of_case(call: Call) -> Answer:
    """The orders that followed from what was found of a case."""
    found = orders.of_case(call.path["case_id"], call.who, call.now)
    return Answer(OrdersOut(items=[shown(each, call.who) for each in found]))


@door.operation(
    "GET",
    "/v1/orders",
    summary=("工单队列", "An organisation's work orders"),
    query=OrdersQuery,
    out=OrderDeskOut,
    refusals=(errors.Forbidden,),
)
def desk(call: Call) -> Answer:
    """The orders that wait at an organisation, what is due first on top."""
    query: OrdersQuery = call.query
    _require_state(query)
    page = orders.desk(
        query.org,
        identity=call.who,
        now=call.now,
        kind=query.kind,
        state=query.state,
        due=query.due,
        after=cursors.decode(query.cursor, {"id": str, "q": int}),
        most=query.limit,
    )
    now = int(call.now.timestamp())
    return Answer(OrderDeskOut(items=[_queued(row, now) for row in page.rows], next=cursors.encode(page.after)))


def _require_state(query: OrdersQuery) -> None:
    """A state that no order can be in is a slip of the pen, not an empty queue. InvalidInput."""
    if query.state is None:
        return
    kinds = [query.kind] if query.kind else sorted(order.ALL)
    known = {state: None for kind in kinds for state in registry.law(f"{kind}@1").procedure.states}
    if query.state not in known:
        choices = ", ".join(known)
        raise errors.InvalidInput(
            errors=[errors.FieldError("state", "not_a_choice", f"应为以下之一：{choices}", f"must be one of {choices}")]
        )


@door.operation(
    "GET",
    "/v1/orders/{order_id}",
    summary=("查看工单", "Read a work order"),
    where=ID,
    out=OrderOut,
    refusals=(errors.BrokenHistory,),
)
def read(call: Call) -> Answer:
    """The order as it stands."""
    known = orders.one(call.path["order_id"], call.who, call.now)
    return Answer(shown(known, call.who), version=known.case.version)


@door.operation(
    "GET",
    "/v1/orders/{order_id}/history",
    summary=("工单流程及校验", "The history of a work order, verified"),
    where=ID,
    out=HistoryOut,
)
def history(call: Call) -> Answer:
    """Every step with its evidence; the hash chain is checked on reading. An order's number stands as `case_id`.
    Whoever filed it sees every step, and of the evidence what is said to them."""
    found = orders.history(call.path["order_id"], call.who, call.now)
    body = answers.history(found, to_staff=call.who.kind is not Kind.citizen)
    return Answer(body, version=found.known.case.version)


@door.operation(
    "POST",
    "/v1/orders/{order_id}/actions/{action}",
    summary=("办理工单", "Take a step of a work order"),
    where={**ID, "action": r"[a-z_]{1,32}"},
    body=StepIn,
    out=OrderOut,
    key="optional",
    version=True,
    refusals=(
        errors.Forbidden,
        errors.ActionNotAllowed,
        errors.SamePerson,
        errors.KeyReused,
        errors.TooManySteps,
        errors.BrokenHistory,
    ),
)
def act(call: Call) -> Answer:
    """The step is taken on the version that If-Match names, or not at all."""
    known = orders.act(
        call.path["order_id"],
        bodies.step(call.path["action"], call.body, call.expected_version),
        identity=call.who,
        key=call.key,
        digest=call.digest,
        now=call.now,
    )
    return Answer(shown(known, call.who), version=known.case.version)


def shown(known: Known, identity: Identity | None) -> OrderOut:
    """An order as it stands, with the steps that are open now: to people, those that are theirs to take."""
    case, law = known.case, known.law
    last = case.nodes[-1]
    cause, rating = (case.nodes[0].evidence.get(name) for name in ("finding", "rating"))
    return OrderOut(
        filed=_filed(case, law.item.id),
        order_id=case.id,
        version=case.version,
        kind=law.item.id,
        name=names(law.item.name),
        about=case.about,
        finding=cause if isinstance(cause, str) else None,
        rating=rating if isinstance(rating, str) else None,
        state=case.state,
        state_name=names(law.procedure.states[case.state].text),
        result=case.result,
        organisation=case.organisation,
        holder=case.holder,
        opened_at=case.received,
        closed_at=case.closed_at,
        action=last.action,
        at=last.at,
        deadlines={name: deadline(due) for name, due in sorted(case.dues.items())},
        allowed_actions=_allowed(known, identity),
    )


def _allowed(known: Known, identity: Identity | None) -> list[str]:
    procedure, state = known.law.procedure, known.case.state
    if identity is not None and identity.kind is not Kind.citizen:
        return list(procedure.allowed(state))
    theirs = identity is not None and subjects.is_applicant(identity, known.case.applicant)
    return [row.name for row in procedure.actions if theirs and state in row.sources and row.who.applicant]


def _filed(case: Case, kind: str) -> FiledAs | None:
    said = case.nodes[0].evidence
    if "type" not in said:
        return None
    named = {name: said.get(name) for name in ("type", "object", "item", "window", "earlier")}
    more = {"case_id": said.get("case"), "anonymous": bool(said.get("anonymous"))}
    return FiledAs.model_validate({**named, **more, "type_name": names(order.type_name(kind, str(said["type"])))})


def _queued(row: Queued, now: int) -> OrderQueuedOut:
    kind = registry.law(row.item).item
    return OrderQueuedOut(
        order_id=row.id,
        kind=kind.id,
        name=names(kind.name),
        state=row.state,
        due=row.due,
        overdue=row.due is not None and int(row.due.timestamp()) < now,
    )
