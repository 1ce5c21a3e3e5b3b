"""Reviews of ratings (评价复核): somebody asks whether a rating counts, and the level above decides.

The rating stays as it is; what is decided is a fact of its own. This module must not decide.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import order
from chalicelib.domain.authority import Identity, Kind, Post
from chalicelib.domain.rating import FIRST
from chalicelib.errors import ActionNotAllowed, Forbidden
from chalicelib.services import casework, orders, rated
from chalicelib.services.casework import Known
from chalicelib.store import orders as books


def ask(rating_id: str, reason: str, *, identity: Identity, now: datetime) -> tuple[Known, bool]:
    """Opens the one review of a rating, or finds it; and whether it is new. For the supervision post of the unit or
    above.

    NotFound, Forbidden; ActionNotAllowed for a rating that never counts, and while the follow-up of a bad one is open,
    where an appeal decides.
    """
    if identity.kind is not Kind.staff or Post.supervision not in identity.posts:
        raise Forbidden("评价复核由监督管理岗提请", "the supervision post asks for a review")
    told = rated.one(rating_id, identity)
    if told.review:
        return told.review, False
    if told.rating.number != FIRST:
        raise ActionNotAllowed(
            "默认评价、代录评价和追评不计入，无须复核", "only a first rating of the rater's own is counted"
        )
    if told.follow_up and casework.queued(told.follow_up):
        raise ActionNotAllowed(
            "差评工单办结前，请在工单中申诉", "while its follow-up order is open, appeal in that order"
        )
    id = orders.open_order(
        order.RATING_REVIEW,
        rating_id,
        about=rating_id if told.rating.anonymous else told.rating.case_id,
        organisation=told.rating.organisation,
        at=now,
        evidence={"rating": rating_id, "reason": reason},
        by=identity,
    )
    known = casework.find(id, books.BOOK)
    assert known, "it was opened, by this request or by one that was faster"
    return known, True
