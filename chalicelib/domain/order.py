"""Work orders (工单): the kinds there are, what people may file, and which limits each has.

An order is kept and moved like a case, by its own procedure, with the limits of its kind and of its states as its
clocks. One order follows from one cause, and its name is made of the cause. This module must not open any.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from chalicelib.domain import organisation
from chalicelib.domain.clocks import Limit, Unit
from chalicelib.domain.item import Event, Item, Text
from chalicelib.domain.organisation import Level

if TYPE_CHECKING:  # a transition names orders and knows no rule
    from chalicelib.domain.supervision.rule import Finding

VERIFICATION, SUPERVISION_ORDER, CARD = "verification", "supervision_order", "card"
FOLLOW_UP, RATING_REVIEW, SATISFACTION_CALL = "follow_up", "rating_review", "satisfaction_call"
HAND_OVER = "hand_over"
COMPLAINT, NO_SERVICE, CONSULTATION = "complaint", "no_service", "consultation"
FILED = frozenset({COMPLAINT, NO_SERVICE, CONSULTATION})  # by people; the others follow from what happened
GRANTS = ("grant", "settle")  # after which a case is handed over to supervision, where its item says so
ID_LENGTH = 24
_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


class ComplaintType(StrEnum):
    """What a complaint is about (投诉类型)."""

    attitude = "attitude"
    efficiency = "efficiency"
    fees = "fees"
    refusal = "refusal"
    discretion = "discretion"
    discipline = "discipline"
    guidance_wrong = "guidance_wrong"
    other = "other"


class NoServiceType(StrEnum):
    """Why a matter cannot get done (办不成事的情形); the list is ours."""

    not_accepted = "not_accepted"
    not_finished = "not_finished"
    sent_round = "sent_round"
    no_reason_given = "no_reason_given"
    hard_case = "hard_case"
    other = "other"


class Object(StrEnum):
    """Whom or what it is about (投诉对象)."""

    item = "item"
    organisation = "organisation"
    window = "window"
    person = "person"


OBJECTS: Mapping[str, Text] = {
    Object.item: Text("事项", "an item"),
    Object.organisation: Text("单位", "an organisation"),
    Object.window: Text("窗口", "a window"),
    Object.person: Text("工作人员", "a member of staff"),
}
_OTHER = Text("其他", "something else")
_COMPLAINTS: Mapping[str, Text] = {
    ComplaintType.attitude: Text("服务态度", "attitude"),
    ComplaintType.efficiency: Text("办事效率", "efficiency"),
    ComplaintType.fees: Text("违规收费", "unlawful fees"),
    ComplaintType.refusal: Text("推诿、不予受理", "refusal or passing the buck"),
    ComplaintType.discretion: Text("裁量不当", "improper discretion"),
    ComplaintType.discipline: Text("纪律作风", "discipline and conduct"),
    ComplaintType.guidance_wrong: Text("指南不准确、未一次性告知", "wrong or piecemeal guidance"),
    ComplaintType.other: _OTHER,
}
_NO_SERVICES: Mapping[str, Text] = {
    NoServiceType.not_accepted: Text("材料齐全不予受理", "complete, and not accepted"),
    NoServiceType.not_finished: Text("超期未办结", "not finished in time"),
    NoServiceType.sent_round: Text("多头跑、多次跑", "sent from place to place"),
    NoServiceType.no_reason_given: Text("退回未说明理由", "sent back without a reason"),
    NoServiceType.hard_case: Text("疑难、历史遗留问题", "a hard or an old case"),
    NoServiceType.other: _OTHER,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of order. `apart`: pairs of steps that one person may not take both; `limit`: of the whole, from filing;
    `complex`: what takes its place where the matter is found to be complex; `extension`: the longest; `anonymous`:
    whether it may be filed without saying by whom; `types`: what it may be about."""

    name: Text
    procedure: str
    apart: tuple[tuple[str, str], ...]
    limit: Limit | None = None
    complex: Limit | None = None
    extension: Limit | None = None
    anonymous: bool = False
    types: Mapping[str, Text] = field(default_factory=dict)


def _days(amount: int, basis: str) -> Limit:
    return Limit(amount, Unit.working_day, basis)


# Who rectified, handled or asked does not say that it will do.
_HANDLED = (
    ("report", "approve"),
    ("report", "reject"),
    ("report", "close"),
    ("report", "redo"),
    ("ask_extension", "approve_extension"),
    ("ask_extension", "reject_extension"),
)
_HOTLINE = "default of ours: common at 12345 hotlines, not confirmed for Zhejiang"
_WINDOW = "default of ours, after “办不成事” windows of police centres elsewhere"
ALL: Mapping[str, Kind] = {
    VERIFICATION: Kind(
        Text("异常核查单", "verification of a finding"),
        "verification@1",
        (("rectify", "settle"), ("dismiss", "clear")),
    ),
    SUPERVISION_ORDER: Kind(Text("督办单", "supervision order"), "supervision_order@1", (("reply", "conclude"),)),
    CARD: Kind(
        Text("红黄牌", "red or yellow card"),
        "card@1",
        (("appeal", "uphold"), ("appeal", "overrule"), ("ask_delisting", "delist")),
    ),
    FOLLOW_UP: Kind(
        Text("差评回访整改单", "follow-up of a bad rating"),
        "follow_up@1",
        (("appeal", "uphold"), ("appeal", "overrule"), ("reply", "reject")),
    ),
    RATING_REVIEW: Kind(
        Text("评价复核单", "review of a rating"), "rating_review@1", (("submit", "exclude"), ("submit", "include"))
    ),
    SATISFACTION_CALL: Kind(Text("满意度回访单", "satisfaction call-back"), "satisfaction_call@1", ()),
    HAND_OVER: Kind(
        Text("审管衔接单", "hand-over to supervision"),
        "hand_over@1",
        (),
        limit=_days(1, "default of ours: pushed at the decision, at the latest on the next working day"),
    ),
    COMPLAINT: Kind(
        Text("投诉", "complaint"),
        "complaint@1",
        _HANDLED,
        limit=_days(5, _HOTLINE),
        complex=_days(15, _HOTLINE),
        extension=_days(10, "default of ours: once, asked for before the limit passes"),
        anonymous=True,
        types=_COMPLAINTS,
    ),
    NO_SERVICE: Kind(
        Text("办不成事反映", "report of a matter that cannot get done"),
        "complaint@1",
        _HANDLED,
        limit=_days(1, _WINDOW),
        complex=_days(3, _WINDOW),
        extension=_days(3, "default of ours: once, asked for before the limit passes"),
        types=_NO_SERVICES,
    ),
    CONSULTATION: Kind(
        Text("咨询", "consultation"),
        "consultation@1",
        (("answer", "release"), ("propose", "release"), ("answer", "decline")),
        limit=_days(1, "default of ours: online consultation"),
        anonymous=True,
    ),
}


def _item(id: str, kind: Kind) -> Item:
    """The kind as what an order pins, as a case pins its item."""
    return Item(
        id=id,
        version=1,
        name=kind.name,
        line=None,
        levels=frozenset(),
        graded=None,
        two_level=None,
        event=Event("", Text("", ""), None),
        silence="overdue",
        form="promised",
        procedure=kind.procedure,
        statutory=None,
        promised=kind.limit,
        extension=kind.extension,
        lead_time=None,
        materials=(),
        separation=frozenset(kind.apart),
        on_site_check=False,
        online=False,
        reach="province",
        subjects=frozenset(),
        delivery=frozenset(),
        active=True,
        complex=kind.complex,
    )


KINDS: Mapping[str, Item] = MappingProxyType({f"{id}@1": _item(id, kind) for id, kind in ALL.items()})


def desks(object: Object, code: str) -> tuple[str, str]:
    """At whose desk a complaint about an object lies that `code` answers for, and at whose when the same was answered
    before. Never at the own: a station has no supervision post of its own, so its county's answers for it; where the
    centre itself is meant, the level above does. Above the province there is nobody (default of ours)."""
    seat = organisation.seat(code)
    centre = seat if organisation.level(seat) is not Level.station else _above(seat)
    desk = _above(centre) if object is Object.organisation and centre == seat else centre
    return desk, _above(desk)


def _above(code: str) -> str:
    return organisation.parent(code) or code


_HANDED_OVER = {  # why a question went to a person: a type that nobody chooses
    "no_sure_answer": Text("没有有把握的答案", "no sure answer"),
    "person_wanted": Text("要求人工答复", "a person was asked for"),
}


def type_name(kind: str, type: str) -> Text:
    """What a type of a kind is called, also where the kind lists no types for people to choose from."""
    return ALL[kind].types.get(type) or _HANDED_OVER.get(type) or Text(type, type)


def name(kind: str, cause: str) -> str:
    """The name of the one order of this kind that follows from a cause (a finding's subject and key, an order)."""
    return hashlib.sha256(f"{kind}\n{cause}".encode()).hexdigest()[:ID_LENGTH]


def cause(finding: Finding) -> str:
    """What an order that follows from a finding is named by."""
    return f"{finding.subject}\n{finding.key}"


def is_order(subject: str) -> bool:
    """Whether a subject is named as an order is, and so is no case and no organisation's day."""
    return _ID.fullmatch(subject) is not None
