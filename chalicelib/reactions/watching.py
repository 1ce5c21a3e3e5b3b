"""What follows from each step of a case or order, each rating and each report of a centre, as the stream tells it.

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
        if any(change.stored.nodes[version - 1].action in order.GRANTS for version in change.fresh):
            _handing_over().follow(change.stored, change.before)
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


def watch_centre(record: Mapping[str, Any]) -> None:
    """What follows from one record of the stream of the registry: a version of how far a centre is."""
    entry = changes.entry_of(record)
    if entry is not None:
        _centres().follow(entry)


def _centres() -> ModuleType:
    """As below."""
    from chalicelib.services import centres

    return centres


def _finishing() -> ModuleType:
    """As below."""
    from chalicelib.services import finishing

    return finishing


def _handing_over() -> ModuleType:
    """As below."""
    from chalicelib.services import handing_over

    return handing_over


def _rating_loop() -> ModuleType:
    """Loaded when it is needed: with it a cold start of `api_handler`, which names the reactions, would be larger."""
    from chalicelib.services import rating_loop

    return rating_loop
