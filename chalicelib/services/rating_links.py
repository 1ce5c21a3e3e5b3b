"""Links to rate a service without an account: who is given which, and what each is for.

Nothing is kept of a link. This module must not write and must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import rating
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.case import Case
from chalicelib.domain.rating import MATTER, Rating, Way
from chalicelib.errors import BadLink, ExpiredLink, FieldError, Forbidden, InvalidInput
from chalicelib.services import casework, subjects
from chalicelib.services.casework import Known
from chalicelib.services.subjects import Holder


@dataclass(frozen=True, slots=True)
class Link:
    """A link to rate one service of a case, and until when it holds."""

    token: str
    case_id: str
    visit: int
    expires: datetime


def receipt(made: Rating) -> str | None:
    """What whoever rated needs to see what became of it, and to rate once more; None for what staff entered."""
    holder = {Way.own: Holder.applicant, Way.here: Holder.rater}.get(made.way)
    return subjects.rating_link(made.case_id, made.visit, made.at, holder)[0] if holder else None


def link(case_id: str, visit: int | None, identity: Identity, now: datetime) -> Link:
    """A link for the applicant; or one for staff of an organisation that handled the case, to print, which opens
    nothing but one rating. It says nothing of whether the service was rated yet."""
    known = casework.visible(case_id, identity, now)
    if identity.kind is Kind.citizen and not subjects.is_applicant(identity, known.case.applicant):
        raise not_for_agents()
    holder = Holder.applicant if identity.kind is Kind.citizen else Holder.anybody
    visit = visit_of(known.case, visit)
    token, expires = subjects.rating_link(known.case.id, visit, now, holder)
    return Link(token, known.case.id, visit, expires)


def rated_by(token: str, now: datetime) -> tuple[Known, int, Holder]:
    """The case and service that a link is for, and who was given it. BadLink, ExpiredLink, NotFound."""
    linked = subjects.linked(token)
    if linked is None:
        raise BadLink()
    if now.timestamp() > linked.expires:
        raise ExpiredLink()
    known = casework.find(linked.case_id)
    if known is None:
        raise casework.unknown()
    return known, linked.visit, linked.holder


def visit_of(case: Case, visit: int | None) -> int:
    """一事一评 for a matter that came in online, 一次一评 for what was served on site. Of several such services it is
    told which is meant: a guess would be another one when a request is repeated after the next."""
    found = rating.visits(case)
    if visit is None and not rating.came_on_site(case):
        return MATTER
    if visit is None and len(found) == 1:
        return found[0]
    if visit not in found:
        numbers = "、".join(map(str, found)) or "—"
        zh, en = (
            f"本办件的现场服务：{numbers}",
            f"services on site of this case: {', '.join(map(str, found)) or 'none'}",
        )
        raise InvalidInput(errors=[FieldError("visit", "no_such_visit", zh, en)])
    return int(visit)


def not_for_agents() -> Forbidden:
    """What is said to whoever acts for the applicant."""
    return Forbidden("评价由申请人本人作出，代理人不得评价", "the applicant rates; an agent cannot")
