"""Ratings over HTTP: rate with an account, a link or as a channel of record; read what was said and what became of it.

Services are imported by the routes that need them: no other route's cold start pays for them.
"""

from __future__ import annotations

from chalicelib import errors, settings
from chalicelib.domain.rating import Channel, RatingLevel
from chalicelib.errors import FieldError, InvalidInput
from chalicelib.http import cursors, rating_bodies
from chalicelib.http.fields import Names, names
from chalicelib.http.findings import stretch
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.http.rating_bodies import (
    FormOut,
    GivenOut,
    LinkIn,
    LinkOut,
    LinkQuery,
    MyRatingsOut,
    PublishedListOut,
    PublishedOut,
    RatingIn,
    RatingsQuery,
    ReviewIn,
    ReviewOut,
)
from chalicelib.services import registry

door = Door(__name__, title=("评价", "Ratings"))

CASE = {"case_id": r"[0-9]{21}"}
ID = {"rating_id": r"[0-9a-f]{24}-[0-3]"}
_LINK = (errors.BadLink, errors.ExpiredLink, errors.NotFound, errors.BrokenHistory)


@door.operation(
    "GET",
    "/v1/rating-form",
    summary=("评价等级与详情", "What a rating may say"),
    access=Access.public,
    out=FormOut,
)
def form(_call: Call) -> Answer:
    """The five levels with the codes of both standards, and the reasons, which differ online and on site."""
    from chalicelib import reasons
    from chalicelib.http import rating_answers

    version, known = reasons.current()
    return Answer(
        FormOut(
            version=version,
            levels=[rating_answers.level_shown(level) for level in RatingLevel],
            reasons=[rating_answers.reason_shown(each) for each in known.values()],
        )
    )


@door.operation(
    "GET",
    "/v1/cases/{case_id}/rating-link",
    summary=("评价链接与二维码", "A link and code to rate"),
    where=CASE,
    query=LinkQuery,
    out=LinkOut,
    refusals=(errors.Forbidden, errors.BrokenHistory),
)
def link(call: Call) -> Answer:
    """For the applicant, whose link also shows what became of a rating; or for staff to print, whose link can rate this
    service once and shows nothing."""
    import segno

    from chalicelib.services import rating_links

    made = rating_links.link(call.path["case_id"], call.query.visit, call.who, call.now)
    url = f"{settings.current().rating_page}#{made.token}"
    return Answer(
        LinkOut(
            case_id=made.case_id,
            visit=made.visit or None,
            link=made.token,
            url=url,
            qr_svg=segno.make_qr(url, error="m").svg_inline(scale=4),
            expires_at=made.expires,
        )
    )


@door.operation(
    "POST",
    "/v1/ratings",
    summary=("评价", "Rate a service"),
    access=Access.either,
    body=RatingIn,
    out=GivenOut,
    status=201,
    key=True,
    refusals=(*_LINK, errors.Forbidden, errors.NotRateable, errors.AlreadyRated, errors.KeyReused),
)
def rate(call: Call) -> Answer:
    """From acceptance on, once for each service; the applicant by account or link, others by a printed code or a device
    of the hall. What staff enter is kept beside (代录), never counted, and in nobody's way. A bad rating ticks a reason
    or says why."""
    from chalicelib.http import rating_answers
    from chalicelib.services import rating_links, ratings

    body: RatingIn = call.body
    rating = ratings.rate(
        ratings.Given(
            case_id=body.case_id,
            link=body.link,
            visit=body.visit,
            number=body.number,
            level=rating_bodies.level_given(body.level),
            reasons=tuple(body.reasons),
            text=body.text,
            anonymous=body.anonymous,
            channel=Channel(body.channel) if body.channel else None,
            device=body.device or "",
            address=call.address,
        ),
        identity=call.identity,
        key=call.key or "",
        digest=call.digest,
        now=call.now,
    )
    return Answer(rating_answers.given(rating, rating_links.receipt(rating)))


@door.operation(
    "GET",
    "/v1/ratings",
    summary=("公开的评价", "Published ratings"),
    access=Access.either,
    query=RatingsQuery,
    out=PublishedListOut,
)
def published(call: Call) -> Answer:
    """The ratings of an organisation or an item with the unit's replies, newest first, without names or numbers of
    cases. Staff see in addition what only they may know of those in their scope."""
    from chalicelib import reasons
    from chalicelib.http import rating_answers
    from chalicelib.services import rated

    query: RatingsQuery = call.query
    if query.org is None and query.item is None:
        zh, en = "请填写 org 或 item", "give `org`, `item` or both"
        raise InvalidInput(zh, en, errors=[FieldError("org", "one_of_two", zh, en)])
    if query.org is not None and registry.find_organisation(query.org) is None:
        raise InvalidInput(errors=[FieldError("org", "unknown_organisation", "没有此单位", "no such organisation")])
    first, last = stretch(query.first, query.last, call.now)
    page = rated.published(
        organisation=query.org,
        item=query.item,
        identity=call.identity,
        first=first,
        last=last,
        after=cursors.decode(query.cursor, {"s": str, "n": int}),
        most=query.limit,
    )
    known = reasons.all_reasons()
    rows = [
        rating_answers.published(
            each,
            known[each.rating.reasons_version],
            _item_name(each.rating.item),
            inside=rated.sees(call.identity, each.rating),
        )
        for each in page.rows
    ]
    return Answer(PublishedListOut(items=rows, next=cursors.encode(page.after)))


@door.operation(
    "GET",
    "/v1/ratings/{rating_id}",
    summary=("查看评价", "Read a rating"),
    where=ID,
    out=PublishedOut,
    refusals=(errors.BrokenHistory,),
)
def read(call: Call) -> Answer:
    """One rating, for staff of the unit that it is about, or above."""
    from chalicelib import reasons
    from chalicelib.http import rating_answers
    from chalicelib.services import rated

    told = rated.one(call.path["rating_id"], call.who)
    known = reasons.all_reasons()[told.rating.reasons_version]
    return Answer(rating_answers.published(told, known, _item_name(told.rating.item), inside=True))


@door.operation(
    "GET",
    "/v1/cases/{case_id}/ratings",
    summary=("本办件的评价", "The ratings of a case"),
    where=CASE,
    out=MyRatingsOut,
    refusals=(errors.Forbidden, errors.BrokenHistory),
)
def of_case(call: Call) -> Answer:
    """One's own ratings, how far a follow-up is and what was replied. Staff see those that are not anonymous."""
    from chalicelib.http import rating_answers
    from chalicelib.services import rated

    found = rated.of_case(call.path["case_id"], call.who, call.now)
    return Answer(MyRatingsOut(items=[rating_answers.mine(each) for each in found]))


@door.operation(
    "POST",
    "/v1/rating-progress",
    summary=("凭链接查看评价处理", "What became of a rating, by link"),
    access=Access.public,
    body=LinkIn,
    out=MyRatingsOut,
    refusals=(*_LINK, errors.Busy),
)
def progress(call: Call) -> Answer:
    """The same for the applicant by their own link, or by the receipt of a rating; not by a link that staff printed."""
    from chalicelib.http import rating_answers
    from chalicelib.services import rated

    found = rated.of_link(call.body.link, call.now)
    return Answer(MyRatingsOut(items=[rating_answers.mine(each) for each in found]))


@door.operation(
    "PUT",
    "/v1/ratings/{rating_id}/review",
    summary=("提请评价复核", "Ask whether a rating counts"),
    where=ID,
    body=ReviewIn,
    out=ReviewOut,
    status=(201, 200),
    refusals=(errors.Forbidden, errors.ActionNotAllowed, errors.BrokenHistory),
)
def review(call: Call) -> Answer:
    """Opens the one review of a rating, or finds it (200). The level above decides in it whether the rating counts."""
    from chalicelib.services import reviews

    known, fresh = reviews.ask(call.path["rating_id"], call.body.reason, identity=call.who, now=call.now)
    return Answer(ReviewOut(order_id=known.case.id, state=known.case.state), status=201 if fresh else 200)


def _item_name(ref: str) -> Names:
    return names(registry.law(ref).item.name)
