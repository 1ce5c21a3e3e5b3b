"""Work orders (工单): the kinds there are, and which follows from what.

An order is kept and moved like a case, by its own procedure, with the limits of its states as its clocks. One order
follows from one cause, and its name is made of the cause. This module must not open any.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.domain.item import Event, Item, Text
from chalicelib.domain.supervision.rule import Finding

VERIFICATION, SUPERVISION_ORDER, CARD = "verification", "supervision_order", "card"
FOLLOW_UP, RATING_REVIEW, SATISFACTION_CALL = "follow_up", "rating_review", "satisfaction_call"
ID_LENGTH = 24
_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")

_NAMES = {
    VERIFICATION: Text("异常核查单", "verification of a finding"),
    SUPERVISION_ORDER: Text("督办单", "supervision order"),
    CARD: Text("红黄牌", "red or yellow card"),
    FOLLOW_UP: Text("差评回访整改单", "follow-up of a bad rating"),
    RATING_REVIEW: Text("评价复核单", "review of a rating"),
    SATISFACTION_CALL: Text("满意度回访单", "satisfaction call-back"),
}
# Who rectified does not say that it will do; who appealed or asked does not decide.
_APART = {
    VERIFICATION: (("rectify", "settle"), ("dismiss", "clear")),
    SUPERVISION_ORDER: (("reply", "conclude"),),
    CARD: (("appeal", "uphold"), ("appeal", "overrule"), ("ask_delisting", "delist")),
    FOLLOW_UP: (("appeal", "uphold"), ("appeal", "overrule"), ("reply", "reject")),
    RATING_REVIEW: (("submit", "exclude"), ("submit", "include")),
    SATISFACTION_CALL: (),
}


def _kind(id: str) -> Item:
    return Item(
        id=id,
        version=1,
        name=_NAMES[id],
        line=None,
        levels=frozenset(),
        graded=None,
        two_level=None,
        event=Event("", Text("", ""), None),
        silence="overdue",
        form="promised",
        procedure=f"{id}@1",
        statutory=None,
        promised=None,
        extension=None,
        lead_time=None,
        materials=(),
        separation=frozenset(_APART[id]),
        on_site_check=False,
        online=False,
        reach="province",
        subjects=frozenset(),
        delivery=frozenset(),
        active=True,
    )


KINDS: Mapping[str, Item] = MappingProxyType({f"{id}@1": _kind(id) for id in _NAMES})


def name(kind: str, cause: str) -> str:
    """The name of the one order of this kind that follows from a cause (a finding's subject and key, an order)."""
    return hashlib.sha256(f"{kind}\n{cause}".encode()).hexdigest()[:ID_LENGTH]


def cause(finding: Finding) -> str:
    """What an order that follows from a finding is named by."""
    return f"{finding.subject}\n{finding.key}"


def is_order(subject: str) -> bool:
    """Whether a subject is named as an order is, and so is no case and no organisation's day."""
    return _ID.fullmatch(subject) is not None
