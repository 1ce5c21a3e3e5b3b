"""What became of what was filed: for whoever told it, by query code without an account, and in public without names.

What answers is imported when it is asked for: a process that moves cases needs none of it. This module must not decide
who may see what.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from chalicelib import errors
from chalicelib.domain import order
from chalicelib.http import answers, cursors, orders
from chalicelib.http.answers import ProgressNode
from chalicelib.http.fields import (
    Closed,
    Deadline,
    Names,
    OrganisationCode,
    PageQuery,
    PurposeQuery,
    Shown,
    Slug,
    Time,
    names,
)
from chalicelib.http.filing import Code
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.http.orders import OrderOut
from chalicelib.services import orders as services

if TYPE_CHECKING:
    from chalicelib.services.results import Result

door = Door(__name__, title=("诉求办理结果", "What became of it"))


class OrderProgressIn(Closed):
    """What stands on the receipt."""

    order_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")]
    code: Code


class AnswerOut(Shown):
    """What whoever filed it is told: verdict and reply; or why it was not taken up, and what can be done about that."""

    verdict: str | None
    reply: str | None
    reason: str | None
    remedy: str | None


class OrderProgressOut(Shown):
    """How far it is, for whoever holds its receipt."""

    order_id: str
    kind: str
    name: Names
    state: str
    state_name: Names
    result: str | None
    earlier: str | None
    answer: AnswerOut | None = Field(description="null while it is open")
    opened_at: Time
    deadlines: dict[str, Deadline]
    steps: list[ProgressNode]


class MyOrdersOut(Shown):
    """One page of what somebody filed."""

    items: list[OrderOut]
    next: str | None


class StatementOut(Shown):
    """One part of what was told, by the step with this number."""

    number: int
    at: Time
    document: dict[str, Any] = Field(description="statement, channel, description; contact for who calls back")


class StatementsOut(Shown):
    """Everything that was told, oldest first."""

    order_id: str
    items: list[StatementOut]


class ResultOut(Shown):
    """One public result: no number, no name."""

    kind: str
    type: str
    type_name: Names
    object: str
    item: str | None
    organisation: str
    told_on: str
    answered_on: str
    in_time: bool
    verdict: str
    reply: str


class ResultsOut(Shown):
    """One page of public results, newest first."""

    items: list[ResultOut]
    next: str | None


class ResultsQuery(PageQuery):
    """About whom: an organisation, its windows and staff among it; or only one of its items."""

    org: OrganisationCode
    item: Slug | None = None


@door.operation(
    "POST",
    "/v1/orders/progress",
    summary=("凭查询码查询进度", "Progress by query code"),
    access=Access.public,
    body=OrderProgressIn,
    out=OrderProgressOut,
    refusals=(errors.NotFound, errors.Busy, errors.BrokenHistory),
)
def progress(call: Call) -> Answer:
    """How far something that was filed is, by the number and code on its receipt."""
    from chalicelib.services import filing, results  # no transition of a case needs them

    known = filing.progress(call.body.order_id, call.body.code)
    head = dict(orders.shown(known, None))
    said = head["filed"]
    kept = {name: head[name] for name in OrderProgressOut.model_fields if name in head}
    told = results.answer(known)
    answer = AnswerOut(**told) if told else None
    steps = answers.steps(known)
    return Answer(OrderProgressOut(**kept, earlier=said.earlier if said else None, answer=answer, steps=steps))


@door.operation(
    "GET",
    "/v1/orders/mine",
    summary=("我的诉求", "What I filed"),
    query=PageQuery,
    out=MyOrdersOut,
    refusals=(errors.Forbidden, errors.BrokenHistory),
)
def mine(call: Call) -> Answer:
    """One's own complaints and reports, newest first; what was filed without a name is not among them."""
    after = cursors.decode(call.query.cursor, {"id": str, "r": int})
    page = services.mine(call.who, after=after, most=call.query.limit)
    return Answer(
        MyOrdersOut(items=[orders.shown(known, call.who) for known in page.rows], next=cursors.encode(page.after))
    )


@door.operation(
    "GET",
    "/v1/orders/{order_id}/dossier",
    summary=("查看反映内容（个人信息）", "What was told (personal data)"),
    where=orders.ID,
    query=PurposeQuery,
    out=StatementsOut,
    refusals=(errors.Forbidden, errors.BrokenHistory),
)
def dossier(call: Call) -> Answer:
    """What was told, and told again; by whom, for the supervision post that calls back. Staff say for what `purpose`,
    and that they read it is on record."""
    from chalicelib.services import identities  # no transition of a case needs it

    known, found = identities.of_order(call.path["order_id"], call.who, call.query.purpose, call.now)
    items = [StatementOut(number=each.number, at=each.at, document=dict(each.document)) for each in found]
    return Answer(StatementsOut(order_id=known.case.id, items=items), version=known.case.version)


@door.operation(
    "GET",
    "/v1/complaints",
    summary=("公开的投诉办理结果", "Results that are public"),
    access=Access.public,
    query=ResultsQuery,
    out=ResultsOut,
    refusals=(errors.Busy, errors.BrokenHistory),
)
def results(call: Call) -> Answer:
    """What was complained of at an organisation and what came of it, where that is public; newest first. A page of one
    item may be short and still go on."""
    from chalicelib.services import results  # no transition of a case needs it

    query: ResultsQuery = call.query
    after = cursors.decode(query.cursor, {"t": int})
    found, onward = results.about(query.org, before=after["t"] if after else None, most=query.limit)
    items = [_result(each) for each in found if query.item in (None, each.item)]
    return Answer(ResultsOut(items=items, next=cursors.encode({"t": onward} if onward is not None else None)))


def _result(found: Result) -> ResultOut:
    days = {"told_on": str(found.told_on), "answered_on": str(found.answered_on)}
    return ResultOut(**{**asdict(found), **days, "type_name": names(order.type_name(found.kind, found.type))})
