"""Reading ratings: published ones for everybody, one's own with what became of it, a unit's own for its staff.

An anonymous rating leads to no case and no person, whoever of the staff asks. Every list is bounded; a page costs at
most four reads of ratings, one of where it goes on, one of what replaced others, two of orders and one of long replies.
This module must not write and must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain import authority, order, rating
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.case import Evidence
from chalicelib.domain.rating import DECIDES, FIRST, MATTER, RECORDED, SUPERSEDED, Rating, Standing, Way
from chalicelib.errors import BadLink, FieldError, Forbidden, InvalidInput, NotFound
from chalicelib.services import casework, rating_links, subjects
from chalicelib.services.casework import Known
from chalicelib.services.reading import READS_A_PAGE, ROWS_A_READ, Page
from chalicelib.services.subjects import Holder
from chalicelib.store import dossiers, orders
from chalicelib.store import ratings as store


@dataclass(frozen=True, slots=True)
class Told:
    """A rating and what became of it: what it is worth now, its follow-up and its review (None: there is none), and the
    reply with its time."""

    rating: Rating
    standing: Standing
    follow_up: Known | None = None
    review: Known | None = None
    reply: str | None = None
    replied_at: datetime | None = None

    @property
    def open_to_second(self) -> bool:
        """Whether a second rating can be given now: there was a reply, and none came yet."""
        if self.follow_up is None or self.follow_up.case.state != "replied":
            return False
        return all(node.action not in ("rate_again", "dispute") for node in self.follow_up.case.nodes)


def published(
    *,
    organisation: str | None,
    item: str | None,
    identity: Identity | None,
    first: datetime,
    last: datetime,
    after: Mapping[str, Any] | None,
    most: int,
) -> Page:
    """The ratings of an organisation, an item, or an organisation's of an item, newest first: what counts or follows a
    reply, for everybody; all of them for staff of that organisation or above. At most READS_A_PAGE reads of ratings,
    and one of the rating behind which it goes on; a page may be short and still go on. InvalidInput for a place that is
    not in this list."""
    after = _place(after, organisation, item, first, last) if after else None
    rows: list[Told] = []
    reads = ROWS_A_READ if organisation and item else most
    for _ in range(READS_A_PAGE):
        if organisation is not None:
            found, after = store.served_by(organisation, first=first, last=last, after=after, most=reads)
        else:
            found, after = store.of_item(str(item), first=first, last=last, after=after, most=reads)
        kept = [each for each in told(found) if _listed(each, item, identity)]
        rows += kept
        if len(rows) > most:
            rows = rows[:most]
            after = store.position(rows[-1].rating)
            break
        if after is None or len(rows) == most:
            break
    return Page(tuple(rows), {name: after[name] for name in ("s", "n")} if after else None)


def _place(
    after: Mapping[str, Any], organisation: str | None, item: str | None, first: datetime, last: datetime
) -> Mapping[str, Any]:
    """Where a list goes on behind a rating, which is named alone: its instant would say when an anonymous one came."""
    found = store.one(after["s"], after["n"])
    within = found is not None and first <= found.at <= last
    if found is None or not within or (found.organisation != organisation if organisation else _item(found) != item):
        zh, en = "游标无效，请使用上一页返回的 next", "pass back the `next` of the page before, unchanged"
        raise InvalidInput(errors=[FieldError("cursor", "unknown_cursor", zh, en)])
    return store.position(found)


def _item(given: Rating) -> str:
    return given.item.rpartition("@")[0]


def sees(identity: Identity | None, given: Rating) -> bool:
    """Whether this identity sees what only staff may know of a rating."""
    return identity is not None and authority.sees_organisation(identity, given.organisation)


def _listed(each: Told, item: str | None, identity: Identity | None) -> bool:
    """评价结果全公开: what was excluded, and what nobody said, is not shown to the public."""
    if item is not None and _item(each.rating) != item:
        return False
    return sees(identity, each.rating) or each.standing.counted or each.standing.why == "again"


def one(rating_id: str, identity: Identity) -> Told:
    """One rating, for staff of the unit that it is about, or above; NotFound for others."""
    service, _, number = rating_id.rpartition("-")
    found = store.one(service, int(number))
    if found is None or not authority.sees_organisation(identity, found.organisation):
        raise NotFound("没有此评价，或不在您的辖区内", "no such rating, or not in your scope")
    return told([found])[0]


def of_case(case_id: str, identity: Identity, now: datetime) -> list[Told]:
    """The ratings of one's own case, with what became of them; staff see those that are not anonymous."""
    known = casework.visible(case_id, identity, now)
    mine = subjects.is_applicant(identity, known.case.applicant)
    if identity.kind is Kind.citizen and not mine:
        raise Forbidden("评价仅限申请人本人查看", "only the applicant sees the ratings of a case")
    visits = (MATTER, *rating.visits(known.case))
    found = store.of_services([subjects.service(case_id, visit, way) for visit in visits for way in Way])
    found.sort(key=lambda each: (each.visit, each.at))
    return told([each for each in found if mine or not each.anonymous], to_rater=mine)


def of_link(token: str, now: datetime) -> list[Told]:
    """The ratings of the service that a link is for, with what became of them: the applicant's by their own link, by a
    receipt what came in the same way. BadLink, also for a link that staff print; ExpiredLink, NotFound."""
    known, visit, holder = rating_links.rated_by(token, now)
    if holder is Holder.anybody:
        raise BadLink(
            "窗口出具的链接只用于评价；查看处理情况请使用评价后收到的回执（receipt），或登录",
            "a printed link only rates; see what became of it with the `receipt` of your rating, or sign in",
        )
    way = Way.own if holder is Holder.applicant else Way.here
    return told(store.of_services([subjects.service(known.case.id, visit, way)]), to_rater=True)


def told(found: Sequence[Rating], *, to_rater: bool = False) -> list[Told]:
    """Ratings with what became of them: two batch reads of orders at most, one of long replies, and one of what stands
    in the place of others."""
    names = {each.id: _orders(each) for each in found if each.number in (FIRST, RECORDED)}
    replaced = _replaced(found, to_rater)
    wanted = sorted({id for pair in names.values() for id in pair})
    known = {id: casework.judged(row) for id, row in orders.BOOK.load_many(wanted).items()}
    replies = {id: _reply(known[id]) for id in known if known[id].law.item.id == order.FOLLOW_UP}
    texts = dossiers.texts({id: text for id, (text, _) in replies.items() if isinstance(text, bytes)})
    rows = []
    for each in found:
        follow_up, review = names.get(each.id, ("", ""))
        text, at = replies.get(follow_up, (None, None))
        reply = texts.get(follow_up) if isinstance(text, bytes) else text
        decided = SUPERSEDED if each.id in replaced else _decided(each, known.get(follow_up), known.get(review))
        rows.append(
            Told(each, decided, known.get(follow_up), known.get(review), str(reply) if reply is not None else None, at)
        )
    return rows


def _orders(each: Rating) -> tuple[str, str]:
    """The names of the follow-up and of the review that a rating may have."""
    return order.name(order.FOLLOW_UP, each.id), order.name(order.RATING_REVIEW, each.id)


def _replaced(found: Sequence[Rating], to_rater: bool) -> frozenset[str]:
    """Which of these came by a printed code or a device, and the applicant rated the same since. Where either is
    anonymous only the rater is told: else whoever gave one in somebody's place would see when that person rated."""
    beside = {
        subjects.service(each.case_id, each.visit): each
        for each in found
        if each.way is Way.here and each.number == FIRST
    }
    if not beside:
        return frozenset()
    own = store.many(sorted(beside), FIRST)
    return frozenset(
        beside[each.service].id for each in own if to_rater or not (each.anonymous or beside[each.service].anonymous)
    )


def _reply(known: Known) -> tuple[Evidence | None, datetime | None]:
    """The last reply of a follow-up, a long one by its digest, and when it was given."""
    for node in reversed(known.case.nodes):
        if node.action == "reply":
            return node.evidence.get("reply"), node.at
    return None, None


def _decided(each: Rating, follow_up: Known | None, review: Known | None) -> Standing:
    """What a rating is worth after the decisions of its orders; the review comes after the follow-up."""
    found = rating.standing(each.number)
    for known in (follow_up, review):
        for node in known.case.nodes if known else ():
            found = DECIDES.get(node.action, found)
    return found
