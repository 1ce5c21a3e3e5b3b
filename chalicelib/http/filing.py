"""Filing over HTTP: complaints and what cannot get done, by people without an account too.

What files is imported when it is asked for: a process that moves cases needs none of it. This module must not decide
who may file what.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, RootModel, StringConstraints

from chalicelib import errors, observability
from chalicelib.domain import identifiers, order
from chalicelib.domain.clocks import Limit
from chalicelib.domain.identifiers import NotValid
from chalicelib.domain.item import Text
from chalicelib.domain.order import ComplaintType, NoServiceType, Object
from chalicelib.http import orders
from chalicelib.http.fields import Closed, Flag, Names, OrganisationCode, Shown, Slug, StaffId, names, visible
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.http.orders import OrderOut
from chalicelib.http.parties import Account, Name

if TYPE_CHECKING:
    from chalicelib.services.complaints import Report

door = Door(__name__, title=("诉求登记", "Filing"))

JOINER = "\u200d"  # holds emoji of several parts together
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{8}$"), Field(description="查询码")]


def told(text: str) -> str:
    """What happened, as people wrote it; see `legible`."""
    return legible(text, "请写明情况", "say what happened")


def legible(text: str, zh: str, en: str) -> str:
    """What people write stays as they wrote it, emoji of several parts and rare characters included; characters that
    hide or turn text are refused, and what says nothing, with this sentence."""
    visible(text.replace(JOINER, ""))
    if not any(unicodedata.category(c)[0] in "LNS" for c in text):
        raise NotValid("empty", zh, en)
    return text


Statement = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000), AfterValidator(told)
]
Described = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(told)]
Phone = Annotated[str, StringConstraints(max_length=32), AfterValidator(identifiers.phone)]


class ContactIn(Closed):
    """Who complains, and how they are called back; only the supervision post reads it. `account`: their own."""

    name: Name
    phone: Phone
    account: Account | None = None


class ObjectIn(Closed):
    """Whom or what it is about. `organisation` answers for it; of a window, the window's own code. `staff`: the number
    on the badge, if it was seen."""

    kind: Object
    organisation: OrganisationCode
    item: Slug | None = None
    staff: StaffId | None = None
    description: Described | None = None


class EarlierIn(Closed):
    """What was filed before, by number and code of its receipt."""

    order_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")]
    code: Code


class _ToldIn(Closed):
    object: ObjectIn
    channel: Literal["mobile", "web", "kiosk", "window", "phone"]
    statement: Statement
    anonymous: Flag = False
    contact: ContactIn | None = None
    case_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{21}$"), Field(description="关联办件")] | None = None
    code: Code | None = None
    earlier: Annotated[EarlierIn | None, Field(description="此前登记的同一诉求")] = None


class ComplaintIn(_ToldIn):
    """投诉."""

    kind: Literal["complaint"]
    type: ComplaintType


class NoServiceIn(_ToldIn):
    """办不成事反映: something that should get done and does not."""

    kind: Literal["no_service"]
    type: NoServiceType


_EXAMPLE: dict[str, Any] = {
    "kind": "complaint",
    "type": "attitude",
    "object": {"kind": "window", "organisation": "3302030001"},
    "channel": "web",
    "statement": "窗口人员态度生硬，未一次性告知所需材料。",
    "contact": {"name": "张某甲", "phone": "13800138000"},
}


class OrderIn(RootModel):  # type: ignore[type-arg]  # RootModel[…] would be built at once, for three milliseconds
    """What is filed, by its kind."""

    model_config = ConfigDict(frozen=True, defer_build=True, json_schema_extra={"examples": [_EXAMPLE]})
    root: Annotated[ComplaintIn | NoServiceIn, Field(discriminator="kind")]


class FiledOrderOut(OrderOut):
    """What was filed. `joined`: the same was open already, and this was added to it; `code` and the number together
    ask for progress without an account."""

    joined: bool
    code: str


class Coded(Shown):
    """A code and what it is called."""

    code: str
    name: Names


class LimitOut(Shown):
    """How long something may take, and by which rule."""

    amount: int
    unit: str
    basis: str


class FiledKindOut(Shown):
    """What can be filed. `limit` counts from filing; `complex` takes its place where the matter is found to be complex;
    `extension` is the longest."""

    code: str
    name: Names
    procedure: str
    anonymous: bool
    types: list[Coded]
    objects: list[Coded]
    limit: LimitOut | None
    complex: LimitOut | None
    extension: LimitOut | None


class FiledKindsOut(Shown):
    """Everything that can be filed."""

    items: list[FiledKindOut]


@door.operation(
    "GET",
    "/v1/orders/kinds",
    summary=("可提交的诉求种类", "What can be filed"),
    access=Access.public,
    out=FiledKindsOut,
)
def kinds(_call: Call) -> Answer:
    """Kinds with their types, objects and limits."""
    found = {code: order.ALL[code] for code in sorted(order.FILED)}
    return Answer(FiledKindsOut(items=[_kind(code, kind) for code, kind in found.items() if kind.types]))


@door.operation(
    "POST",
    "/v1/orders",
    summary=("提交投诉、办不成事反映", "File a complaint, or what cannot get done"),
    access=Access.either,
    body=OrderIn,
    out=FiledOrderOut,
    status=201,
    key=True,
    refusals=(errors.Forbidden, errors.KeyReused, errors.TooManySteps, errors.NotFound, errors.BrokenHistory),
)
def file(call: Call) -> Answer:
    """By the complainant, with an account or without one; or by staff or the 12345 hotline for somebody. What is open
    already of the same complainant, object and type is joined, and its number answered; without an account nobody knows
    who it is, so name the `earlier` one. Anonymous: no contact, a random Idempotency-Key of at least 16 characters."""
    from chalicelib.services import complaints  # no transition of a case needs it

    body: ComplaintIn | NoServiceIn = call.body.root
    known = complaints.complain(
        _report(body), identity=call.identity, key=call.key or "", digest=call.digest, now=call.now
    )
    observability.note(order_id=known.case.id)
    joined = known.case.nodes[-1].action == "join"
    out = FiledOrderOut(**dict(orders.shown(known, call.identity)), joined=joined, code=known.code)
    return Answer(out, version=known.case.version)


def _kind(code: str, kind: order.Kind) -> FiledKindOut:
    return FiledKindOut(
        code=code,
        name=names(kind.name),
        procedure=kind.procedure,
        anonymous=kind.anonymous,
        types=_coded(kind.types),
        objects=_coded(order.OBJECTS),
        limit=_limit(kind.limit),
        complex=_limit(kind.complex),
        extension=_limit(kind.extension),
    )


def _coded(texts: Mapping[str, Text]) -> list[Coded]:
    return [Coded(code=str(code), name=names(text)) for code, text in texts.items()]


def _limit(limit: Limit | None) -> LimitOut | None:
    return LimitOut(amount=limit.amount, unit=limit.unit.value, basis=limit.basis) if limit else None


def _report(body: ComplaintIn | NoServiceIn) -> Report:
    from chalicelib.services.complaints import Contact, Report, Target

    meant, contact = body.object, body.contact
    return Report(
        kind=body.kind,
        type=body.type.value,
        target=Target(meant.kind, meant.organisation, meant.item, meant.staff, meant.description),
        channel=body.channel,
        statement=body.statement,
        anonymous=body.anonymous,
        contact=Contact(contact.name, contact.phone, contact.account) if contact else None,
        case=body.case_id,
        code=body.code,
        earlier=(body.earlier.order_id, body.earlier.code) if body.earlier else None,
    )
