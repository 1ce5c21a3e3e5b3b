"""What follows from each step of a case or order, as the stream tells it.

Records of one key come in order, and at least once; a write without a step is none. This module must not decide what
follows: that is `chalicelib.services.supervision`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from chalicelib.domain import order
from chalicelib.domain.rating import FINISHES
from chalicelib.reactions import counting
from chalicelib.services import supervision
from chalicelib.store import changes

_ABOUT_RATINGS = frozenset(f"{kind}@1" for kind in (order.FOLLOW_UP, order.RATING_REVIEW, order.SATISFACTION_CALL))


def watch_case(record: Mapping[str, Any]) -> None:
    """What follows from one record of the stream of cases; its steps are counted for the dashboards as well."""
    change = changes.of_record(record)
    if change is not None:
        supervision.follow(change.stored, change.before, supervision.CASES)
        if any(change.stored.nodes[version - 1].action in FINISHES for version in change.fresh):
            _finishing().plan(change.stored, change.before)
        counting.count_steps(change)


def watch_order(record: Mapping[str, Any]) -> None:
    """What follows from one record of the stream of orders."""
    change = changes.of_record(record)
    if change is not None:
        supervision.follow(change.stored, change.before, supervision.ORDERS)
        if change.stored.blank.item in _ABOUT_RATINGS:
            _rating_loop().follow_order(change.stored, change.before)


def watch_rating(record: Mapping[str, Any]) -> None:
    """What follows from one record of the stream of ratings; it is counted for the dashboards as well."""
    rating = changes.rating_of(record)
    if rating is not None:
        _rating_loop().follow(rating)
        counting.count_rating(rating)


def _finishing() -> ModuleType:
    """As below."""
    from chalicelib.services import finishing

    return finishing


def _rating_loop() -> ModuleType:
    """Loaded when it is needed: with it a cold start of `api_handler`, which names the reactions, would be larger."""
    from chalicelib.services import rating_loop

    return rating_loop
