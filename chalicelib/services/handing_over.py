"""审管衔接: what was granted is handed over to the line that supervises it, where the item says so.

The order is named by its case, so that a record of the stream that comes twice, late or again from the start opens it
once. This module must not push anything anywhere: supervising systems and staff take the steps of the order.
"""

from __future__ import annotations

from chalicelib.domain import order
from chalicelib.services import casework, orders
from chalicelib.store.books import Stored


def follow(stored: Stored, before: int) -> None:
    """Opens the one order of a case that was granted among its steps after the first `before`, at whoever handles it.
    What was handled elsewhere is handed over there."""
    if stored.blank.observed:
        return
    known = casework.judged(stored)
    line, case = known.law.item.hand_over, known.case
    granted = next((node for node in stored.nodes[before:] if node.action in order.GRANTS), None)
    if line is None or granted is None:
        return
    orders.open_order(
        order.HAND_OVER,
        case.id,
        about=case.id,
        organisation=case.handler,
        at=granted.at,
        evidence={"to_organisation": case.handler, "to_line": str(line)},
    )
