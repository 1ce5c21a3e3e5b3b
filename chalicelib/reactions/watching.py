"""What follows from each step of a case or order, as the stream tells it.

Records of one key come in order, and at least once; a write without a step is none. This module must not decide what
follows: that is `chalicelib.services.supervision`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.reactions import counting
from chalicelib.services import supervision
from chalicelib.store import changes


def watch_case(record: Mapping[str, Any]) -> None:
    """What follows from one record of the stream of cases; its steps are counted for the dashboards as well."""
    change = changes.of_record(record)
    if change is not None:
        supervision.follow(change.stored, change.before, supervision.CASES)
        counting.count_steps(change)


def watch_order(record: Mapping[str, Any]) -> None:
    """What follows from one record of the stream of orders."""
    change = changes.of_record(record)
    if change is not None:
        supervision.follow(change.stored, change.before, supervision.ORDERS)
