"""Complaints (投诉) and reports of what cannot get done (办不成事): who may file which, and at whose desk it lies.

Whom it is about never decides whose desk: it goes to the supervision post of the centre that answers for them, and to
the level above where the centre itself is meant or the same was answered before. This module must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import order, organisation
from chalicelib.domain.authority import Identity, Kind, Post
from chalicelib.domain.case import Case, Evidence
from chalicelib.domain.order import Object
from chalicelib.domain.organisation import Level
from chalicelib.domain.wish import AGENT, APPLICANT
from chalicelib.errors import FieldError, Forbidden, InvalidInput, NotFound
from chalicelib.services import admission, casework, filing, registry, subjects
from chalicelib.services.casework import Known
from chalicelib.services.filing import ANONYMOUS, Filing
from chalicelib.services.orders import PLATFORM
from chalicelib.store import orders

ONLINE = frozenset({"mobile", "web", "kiosk"})
ASSISTED = frozenset({"window", "phone"})
_TAKES_IN = frozenset({Post.guidance, Post.intake, Post.supervision})
_LEAST_KEY = 16  # characters of an anonymous filing's key: nobody else's may be the same
_MOST_AGAINST = 30


@dataclass(frozen=True, slots=True)
class Target:
    """Whom or what it is about: `organisation` answers for it (of a window, its own code)."""

    kind: Object
    organisation: str
    item: str | None = None
    staff: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Who complains and how they are called back; `account`: their own, where somebody files for them."""

    name: str
    phone: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is told. `case` with `code`, its query code, where it is not the complainant's own; `earlier`: number and
    code of what was filed before."""

    kind: str
    type: str
    target: Target
    channel: str
    statement: str
    anonymous: bool = False
    contact: Contact | None = None
    case: str | None = None
    code: str | None = None
    earlier: tuple[str, str] | None = None


def complain(report: Report, *, identity: Identity | None, key: str, digest: bytes, now: datetime) -> Known:
    """Files it, joins it to the open one of the same complainant, object and type, or answers again what this key
    became. Forbidden, InvalidInput, KeyReused, TooManySteps, Busy."""
    who = ANONYMOUS if identity is None or report.anonymous else identity
    known = filing.earlier(who, key, digest)
    if known:
        return known
    _require_channel(report, identity)
    case, quoted = _case_of(report, identity, now), _quoted(report)
    errors = [*_wrong_target(report.target), *_wrong_contact(report, identity), *_weak_key(who, key)]
    errors += [wrong for wrong in (case, quoted) if isinstance(wrong, FieldError)]
    if errors:
        raise InvalidInput(errors=errors)
    filed = _filing(report, identity, case if isinstance(case, Case) else None)
    before = quoted if isinstance(quoted, Known) else None
    return filing.file(filed, identity=who, key=key, digest=digest, now=now, quoted=before)


def _require_channel(report: Report, identity: Identity | None) -> None:
    """People file online, with or without an account; staff at the window and by phone, and the hotline's system."""
    if identity is None or identity.kind is Kind.citizen:
        allowed = report.channel in ONLINE
    elif identity.kind is Kind.staff:
        allowed = report.channel in ASSISTED and bool(identity.posts & _TAKES_IN)
    else:
        allowed = True
    if not allowed:
        raise Forbidden(
            "移动端、PC端、自助端由本人提交；窗口和电话由咨询引导、收件受理、监督管理岗代为登记",
            "people file on mobile, web or kiosk; guidance, intake and supervision for them, at the window or by phone",
        )


def _wrong_target(target: Target) -> Iterator[FieldError]:
    found = registry.find_organisation(target.organisation)
    if found is None or not found.active:
        yield admission.unknown_organisation("object.organisation")
    elif (found.level is Level.window) is not (target.kind is Object.window):
        zh, en = "反映窗口时填写窗口编码，其他情形填写单位编码", "a window's code for a window, else an organisation's"
        yield FieldError("object.organisation", "wrong_level", zh, en)
    if (target.kind is Object.item) is not (target.item is not None):
        zh, en = "反映事项时填写事项编码，其他情形不填", "name the item where an item is meant, and only then"
        yield FieldError("object.item", "demanded" if target.item is None else "not_here", zh, en)
    elif target.item is not None and registry.current_item(target.item) is None:
        yield FieldError(
            "object.item", "unknown_item", "没有此事项，请在 /v1/items 查询", "no such item; see /v1/items"
        )
    if target.kind is Object.person and not (target.staff or target.description):
        zh, en = "请填写工号，或描述是哪位工作人员", "give the staff number, or describe who it was"
        yield FieldError("object.description", "demanded", zh, en)
    if target.staff and target.kind is not Object.person:
        zh, en = "仅在反映工作人员时填写工号", "a staff number only where a person is meant"
        yield FieldError("object.staff", "not_here", zh, en)


def _wrong_contact(report: Report, identity: Identity | None) -> Iterator[FieldError]:
    if report.anonymous and not order.ALL[report.kind].anonymous:
        zh, en = "此类反映须留下联系方式，以便为您办成事", "say who you are, so that it can get done for you"
        yield FieldError("anonymous", "not_anonymous", zh, en)
    elif report.anonymous and (report.contact or report.case):
        zh, en = "匿名反映请勿填写联系人和办件编号", "an anonymous complaint names neither a contact nor a case"
        yield FieldError("contact" if report.contact else "case_id", "names_you", zh, en)
    elif not report.anonymous and report.contact is None:
        zh, en = "请填写联系人以便回访，或选择匿名", "give a contact to be called back, or file anonymously"
        yield FieldError("contact", "demanded", zh, en)
    account = report.contact.account if report.contact else None
    own = identity.subject if identity and identity.kind is Kind.citizen else None
    if account and (identity is None or own not in (None, account)):
        zh, en = "只能填写本人账号，可不填", "your own account, or leave it out"
        yield FieldError("contact.account", "not_your_account", zh, en)


def _weak_key(who: Identity, key: str) -> Iterator[FieldError]:
    if who is ANONYMOUS and len(key) < _LEAST_KEY:
        zh, en = (
            f"匿名提交时应为至少{_LEAST_KEY}个字符的随机值",
            f"{_LEAST_KEY} random characters or more without a name",
        )
        yield FieldError("Idempotency-Key", "too_short", zh, en)


def _case_of(report: Report, identity: Identity | None, now: datetime) -> Case | FieldError | None:
    """The case it is linked to: the complainant's own, one whose receipt they hold, or one that staff may see."""
    if report.case is None or report.anonymous:
        return None
    known = None
    if report.code and subjects.holds_receipt(report.case, report.code):
        known = casework.find(report.case)
    elif identity is not None:
        try:
            known = casework.visible(report.case, identity, now)
        except NotFound:
            known = None
    if known:
        return known.case
    zh, en = (
        "没有此办件或不属于您，请核对编号；非本人账号的办件请填写 code",
        "no such case of yours; with its `code`, any",
    )
    return FieldError("case_id", "unknown_case", zh, en)


def _quoted(report: Report) -> Known | FieldError | None:
    """What was filed before, by its receipt: of the same kind and type, about the same. Without an account a name and
    a phone number are nobody's proof, and would give out somebody else's receipt."""
    if report.earlier is None:
        return None
    id, code = report.earlier
    known = casework.find(id, orders.BOOK) if subjects.holds_receipt(id, code) else None
    if known is None:
        zh, en = "没有此登记编号，或查询码不符", "no such number, or not its code"
        return FieldError("earlier", "unknown_order", zh, en)
    first, target = known.case.nodes[0].evidence, report.target
    window = target.organisation if target.kind is Object.window else None
    told = (report.kind, report.type, target.kind.value, target.item, window, organisation.seat(target.organisation))
    before = (known.law.item.id, *(first.get(name) for name in ("type", "object", "item", "window")), known.case.about)
    if told != before:
        zh, en = (
            "与此前登记的不是同一诉求，请另行提交",
            "this is another matter than the earlier one; file it by itself",
        )
        return FieldError("earlier", "another_matter", zh, en)
    return known


def _filing(report: Report, identity: Identity | None, case: Case | None) -> Filing:
    target = report.target
    desk, above = order.desks(target.kind, target.organisation)
    index = _index(report, identity)
    cause = "\n".join((index, report.type, *_object(target), report.case or "")) if index else ""
    return Filing(
        kind=report.kind,
        organisation=desk,
        again=above,
        about=organisation.seat(target.organisation),
        channel=report.channel,
        dossier=_dossier(report),
        evidence=_evidence(report, case),
        applicant=index,
        taken_at=(identity.organisation or "") if identity and not report.anonymous else "",
        cause=cause,
    )


def _index(report: Report, identity: Identity | None) -> str:
    """The blind index of a complainant whose identity somebody answers for: an account, or staff and the hotline."""
    if report.anonymous or identity is None or report.contact is None:
        return ""
    own = identity.subject if identity.kind is Kind.citizen else report.contact.account
    named = "".join(report.contact.name.split()).casefold()  # several people may share a phone
    return subjects.blind(subjects.account(own) if own else f"phone:{report.contact.phone}:{named}")


def _object(target: Target) -> tuple[str, ...]:
    who = target.staff or (target.description or "" if target.kind is Object.person else "")
    return (target.kind, target.organisation, target.item or "", who)


def _dossier(report: Report) -> Mapping[str, object]:
    document: dict[str, object] = {"statement": report.statement, "channel": report.channel}
    if report.contact:
        document["contact"] = {"name": report.contact.name, "phone": report.contact.phone}
    if report.target.description:
        document["description"] = report.target.description
    return document


def _evidence(report: Report, case: Case | None) -> Mapping[str, Evidence]:
    target = report.target
    found: dict[str, Evidence | None] = {
        "type": report.type,
        "object": target.kind.value,
        "item": target.item,
        "window": target.organisation if target.kind is Object.window else None,
        "line": _line(target, case),
        "case": report.case if case else None,
        "against": _against(report, case) or None,
        "anonymous": 1 if report.anonymous or report.contact is None else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _line(target: Target, case: Case | None) -> str | None:
    """The service line of the item that is meant, or of the case's."""
    item = registry.current_item(target.item) if target.item else registry.law(case.item).item if case else None
    return item.line.value if item and item.line else None


def _against(report: Report, case: Case | None) -> tuple[str, ...]:
    """Who keeps out of it (回避): whoever is named, and of a complaint about a case those who acted on it; who can get
    it done is not kept from doing so."""
    named = [report.target.staff] if report.target.staff else []
    acted = case.nodes if case and report.kind == order.COMPLAINT else ()
    nobody = {APPLICANT, AGENT, PLATFORM.subject}
    found = [*named, *(node.actor for node in acted if node.actor not in nobody)]
    return tuple(dict.fromkeys(found))[:_MOST_AGAINST]
