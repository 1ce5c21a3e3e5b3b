"""The floors: the same traffic by PynamoDB alone, as one would write it without this platform.

`Bare` declares the item of a case with PynamoDB's own attributes. This module must not use the platform.
"""

from __future__ import annotations

import os
from typing import Any

from pynamodb.attributes import Attribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import LIST, MAP
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

LAST = 253402271999  # behind every date


class _AsItCame(Attribute[Any]):
    """A nested value in wire form, neither packed nor unpacked: nothing can be cheaper."""

    def serialize(self, value: Any) -> Any:
        return value

    def deserialize(self, value: Any) -> Any:
        return value


class _List(_AsItCame):
    attr_type = LIST


class _Map(_AsItCame):
    attr_type = MAP


class _Desk(GlobalSecondaryIndex["Bare"]):
    class Meta:
        index_name = "desk"
        projection = KeysOnlyProjection()

    h = UnicodeAttribute(hash_key=True)
    q = NumberAttribute(range_key=True)


class Bare(Model):
    """The item of a case; nodes and actors stay as they came."""

    class Meta:
        table_name = os.environ["CASES_TABLE"]

    id = UnicodeAttribute(hash_key=True)
    v = NumberAttribute()
    i = UnicodeAttribute()
    o = UnicodeAttribute()
    c = UnicodeAttribute()
    w = UnicodeAttribute(null=True)
    x = BooleanAttribute(null=True)
    a = UnicodeAttribute(null=True)
    r = NumberAttribute()
    s = UnicodeAttribute()
    h = UnicodeAttribute(null=True)
    q = NumberAttribute(null=True)
    u = _Map(null=True)
    n = _List()

    desk = _Desk()


def step(case_id: str) -> None:
    """Get the case; append a node under the condition that its version stands, and move what a step moves."""
    row = Bare.get(case_id, consistent_read=True)
    row.update(
        actions=[
            Bare.v.set(row.v + 1),
            Bare.s.set("granted"),
            Bare.n.set(Bare.n.append([row.n[-1]])),
            Bare.h.set(row.h),
            Bare.q.set(row.q),
            Bare.u.set(row.u),
        ],
        condition=Bare.v == row.v,
    )


def page(organisation: str, most: int) -> list[Bare]:
    """One page of an organisation's queue."""
    return list(Bare.desk.query(organisation, Bare.q.between(0, LAST), limit=most, page_size=most))
