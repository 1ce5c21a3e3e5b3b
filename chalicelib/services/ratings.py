"""Rating a service (评价): who may, when, and once; and the links with which it is done without an account.

A rating is one conditional put, and a retry finds its own. It never touches the case. This module must not know HTTP,
nor what follows from a rating.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import reasons
from chalicelib.domain import order, organisation, rating
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.case import Case
from chalicelib.domain.rating import AGAIN, FIRST, RECORDED, Channel, Rating, RatingLevel, Service, Way
from chalicelib.errors import (
    AlreadyRated,
    FieldError,
    Forbidden,
    InvalidInput,
    KeyReused,
    NotRateable,
    Unauthenticated,
)
from chalicelib.services import casework, registry, subjects
from chalicelib.services.casework import Known
from chalicelib.services.rating_links import not_for_agents, rated_by, visit_of
from chalicelib.services.subjects import Holder, RequestId
from chalicelib.store import orders
from chalicelib.store import ratings as store
from chalicelib.store.nodes import REQUEST_BYTES

_ANYBODY = Identity("anybody", Kind.citizen)  # in whose name the holder of a link asks
_BY_LINK: tuple[Channel, ...] = (Channel.qr, Channel.web, Channel.mobile, Channel.sms)
_BY_ACCOUNT: tuple[Channel, ...] = (Channel.web, Channel.mobile, Channel.terminal)
_BY_STAFF: tuple[Channel, ...] = (Channel.tablet, Channel.terminal, Channel.sms, Channel.phone)
_BY_SYSTEM: tuple[Channel, ...] = tuple(channel for channel in Channel if channel is not Channel.default)
_RATED = frozenset({Holder.applicant, Holder.rater})  # who holds such a link rated, or is the applicant
_AT_HOME = frozenset(_BY_LINK) - {Channel.sms}  # on the rater's own device, whose address says something


@dataclass(frozen=True, slots=True)
class Given:
    """A rating as it is sent. Either `case_id` or `link`; `visit` None: the matter, or the only service on site;
    `channel` None: what fits who sends it; `device`, `address` as they were told, "" where nothing was."""

    case_id: str | None
    link: str | None
    visit: int | None
    number: int
    level: RatingLevel
    reasons: tuple[str, ...]
    text: str
    anonymous: bool
    channel: Channel | None
    device: str
    address: str


def rate(given: Given, *, identity: Identity | None, key: str, digest: bytes, now: datetime) -> Rating:
    """Keeps a rating, or gives the one that this very request made before.

    Unauthenticated, BadLink, ExpiredLink, NotFound, Forbidden, InvalidInput, NotRateable, AlreadyRated, KeyReused.
    """
    known, visit, holder = _rated(given, identity, now)
    channel = _channel(given, identity)
    _require_rater(known.case, given.device, identity)
    _require_reasons(given, Service.on_site if visit else Service.online)  # first, so that no refusal tells who rated
    request = subjects.request_id(identity or _ANYBODY, f"rate {given.number}", key, digest)
    if given.number == AGAIN:
        way, anonymous = _first(given, known, visit, holder, identity)
    else:
        way, anonymous = _way(known.case, holder, identity), given.anonymous
    number = RECORDED if way is Way.recorded else given.number
    service = subjects.service(known.case.id, visit, way)
    earlier = store.one(service, number)
    if earlier:
        return _same(earlier, request)
    _require_open(known, number, service, now)
    made = _made(replace(given, number=number, anonymous=anonymous), known, visit, way, channel, identity, request, now)
    if store.put(made):
        return made
    earlier = store.one(service, number)
    assert earlier, "what was there is never removed"
    return _same(earlier, request)


def follow_up_of(service: str) -> str:
    """The name of the order that a bad first rating of a service opens."""
    return order.name(order.FOLLOW_UP, f"{service}-{FIRST}")


def _rated(given: Given, identity: Identity | None, now: datetime) -> tuple[Known, int, Holder | None]:
    if (given.link is None) == (given.case_id is None):
        zh, en = "请填写 case_id 或 link 之一", "give either `case_id` or `link`"
        raise InvalidInput(zh, en, errors=[FieldError("case_id", "one_of_two", zh, en)])
    if given.link is not None:
        return rated_by(given.link, now)
    if identity is None:
        raise Unauthenticated("请登录后评价，或使用回执上的评价链接", "sign in to rate, or use the link on the receipt")
    known = casework.visible(str(given.case_id), identity, now)
    return known, visit_of(known.case, given.visit), None


def _way(case: Case, holder: Holder | None, identity: Identity | None) -> Way:
    """By whose hand a rating comes: what staff enter is theirs, whatever link they hold."""
    if identity is not None and identity.kind is Kind.staff:
        return Way.recorded
    applies = identity is not None and subjects.is_applicant(identity, case.applicant)
    return Way.own if applies or holder is Holder.applicant else Way.here


def _first(
    given: Given, known: Known, visit: int, holder: Holder | None, identity: Identity | None
) -> tuple[Way, bool]:
    """The way in which the first rating came that a second one follows, and whether that was anonymous: what follows
    is known by its name, so it shows no more of who it was. Forbidden for whoever may not give it."""
    mine = identity is not None and subjects.is_applicant(identity, known.case.applicant)
    if (identity is not None and identity.kind is Kind.staff) or not (mine or holder in _RATED):
        raise Forbidden(
            "追评由办事人本人作出：请登录，或使用首次评价后收到的回执（receipt）",
            "whoever rated first rates again: sign in, or use the `receipt` that the first rating was answered with",
        )
    ways = (Way.here,) if holder is Holder.rater and not mine else (Way.own, Way.here)
    for way in ways:
        first = store.one(subjects.service(known.case.id, visit, way), FIRST)
        if first:
            if given.anonymous and not first.anonymous:
                zh, en = "首次评价为实名，追评不能匿名", "the first rating gave a name, so the second is not anonymous"
                raise InvalidInput(errors=[FieldError("anonymous", "named_before", zh, en)])
            return way, first.anonymous
    raise _no_second()


def _no_second() -> NotRateable:
    return NotRateable(
        "追评须在差评收到整改反馈后、办结前进行",
        "a second rating comes after the reply to a bad one, before that is closed",
    )


def _channel(given: Given, identity: Identity | None) -> Channel:
    if identity is not None and identity.kind is not Kind.citizen:
        allowed, channel = (_BY_SYSTEM if identity.kind is Kind.system else _BY_STAFF), given.channel
    elif given.link is not None:
        allowed, channel = _BY_LINK, given.channel or Channel.qr
    else:
        allowed, channel = _BY_ACCOUNT, given.channel or Channel.web
    if channel is None or channel not in allowed:
        names = ", ".join(allowed)
        error = FieldError("channel", "not_a_choice", f"应为以下之一：{names}", f"must be one of {names}")
        raise InvalidInput(errors=[error])
    return channel


def _require_rater(case: Case, device: str, identity: Identity | None) -> None:
    """国办发〔2019〕51号: ratings are the applicant's own; who served, whoever acts for the applicant, and the devices
    of the staff do not rate."""
    known = registry.current("device").get(device.lower()) if device else None
    if known and (known.document()["use"], known.document()["status"]) == ("staff", "active"):
        raise Forbidden("工作人员设备不得用于评价", "a device of the staff cannot be used to rate")
    if identity is None:
        return
    if identity.kind is Kind.citizen:
        if subjects.is_applicant(identity, case.agent) and not subjects.is_applicant(identity, case.applicant):
            raise not_for_agents()
    elif identity.kind is Kind.staff and identity.subject in {node.actor for node in case.nodes}:
        raise Forbidden("经办人员不得录入本办件的评价", "who worked on a case cannot enter its rating")


def _require_reasons(given: Given, service: Service) -> None:
    _, known = reasons.current()
    choices = [code for code, reason in known.items() if reason.service is service]
    errors = [
        FieldError(
            f"reasons.{number}", "not_a_choice", f"应为以下之一：{', '.join(choices)}，不得重复",
            f"must be one of {', '.join(choices)}, each once",
        )
        for number, code in enumerate(given.reasons)
        if code not in choices or code in given.reasons[:number]
    ]  # fmt: skip
    if given.level.bad and not given.reasons and not rating.says_something(given.text):
        zh, en = "差评请勾选原因或填写文字", "a bad rating ticks a reason or says why in words"
        errors.append(FieldError("reasons", "demanded", zh, en))
    if errors:
        raise InvalidInput(errors=errors)


def _require_open(known: Known, number: int, service: str, now: datetime) -> None:
    if not rating.open_to_rating(known.case, known.law, now):
        raise NotRateable("办件受理后方可评价", "a case can be rated from acceptance on")
    if number == AGAIN:
        follow_up = casework.find(follow_up_of(service), orders.BOOK)
        if follow_up is None or follow_up.case.state != "replied":
            raise _no_second()


def _same(earlier: Rating, request: RequestId) -> Rating:
    if earlier.request[:REQUEST_BYTES] != request.request:
        raise AlreadyRated()
    if earlier.request[REQUEST_BYTES:] != request.digest:
        raise KeyReused()
    return earlier


def _made(
    given: Given,
    known: Known,
    visit: int,
    way: Way,
    channel: Channel,
    identity: Identity | None,
    request: RequestId,
    now: datetime,
) -> Rating:
    case, day = known.case, legal_day(now)
    window = rating.served_at(case, visit)
    unit = organisation.seat(window)
    entered = identity is not None and identity.kind is Kind.staff and identity.organisation
    return Rating(
        service=subjects.service(case.id, visit, way),
        number=given.number,
        case_id=case.id,
        visit=visit,
        organisation=unit,
        window=window,
        staff=rating.served_by(case, visit),
        item=case.item,
        at=now,
        level=given.level,
        channel=channel,
        reasons=given.reasons,
        reasons_version=reasons.current()[0],
        text=given.text,
        anonymous=given.anonymous,
        case_channel=case.channel,
        after=rating.seconds_after(case, now),
        adverse=rating.adverse(case, now),
        way=way,
        own=bool(entered) and organisation.seat(str(entered)) == unit,
        device=subjects.for_a_day("device", given.device.lower(), unit, day),
        address=subjects.for_a_day("address", given.address if channel in _AT_HOME else "", unit, day),
        person=subjects.for_a_day("person", case.applicant, unit, day),
        request=request.request + request.digest,
    )
