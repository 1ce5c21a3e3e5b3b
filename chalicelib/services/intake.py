"""Intake (收件): an application becomes a case, once, on whichever of the four channels it came.

The same body gets the same answer on mobile, web, kiosk and at the window, but for number, channel and time. One
transaction writes case, dossier and request row. This module must not know HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.domain import engine, materials, organisation
from chalicelib.domain.authority import Identity, Kind, Post
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.case import Case, Evidence, Law
from chalicelib.domain.identifiers import CaseNumber
from chalicelib.domain.item import Item
from chalicelib.domain.procedure import SUBMIT
from chalicelib.domain.wish import Wish, set_apart
from chalicelib.errors import Busy, FieldError, Forbidden, InvalidInput, KeyReused
from chalicelib.procedures import all_procedures
from chalicelib.services import casework, registry, subjects
from chalicelib.services.casework import Known
from chalicelib.services.subjects import RequestId
from chalicelib.store import dossiers, requests
from chalicelib.store.failures import ConditionFailed

ORIGINS = {"mobile": "11", "web": "12", "kiosk": "13", "window": "14"}  # digits 7 and 8 of the case number
OBSERVED_ORIGIN = "21"
SELF_SERVICE = ("mobile", "web", "kiosk")
SETTLE, DELIVER = "settle", "deliver"
_PROBES = 8  # numbers tried for one intake; seven digits a day and area leave collisions rare


@dataclass(frozen=True, slots=True)
class Material:
    """One material as filed; `lacking` is an honest "to follow", so that intake is never refused for it."""

    code: str
    medium: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What a pooling system knows of a case handled elsewhere (补录)."""

    at: datetime
    due: datetime | None
    source: str
    source_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class Application:
    """What is filed. `dossier` is the document of form, applicant and materials; `account` the applicant's own
    (None: known by document number only, then `document` is indexed); `finish` settles an instant item at once."""

    item: str
    organisation: str
    channel: str
    subject: str  # person | organisation
    dossier: Mapping[str, Any]
    document: str | None
    account: str | None = None
    locality: str | None = None
    delivery: str | None = None
    materials: Sequence[Material] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    finish: Mapping[str, Evidence] | None = None
    observed: Observed | None = None


def submit(application: Application, *, identity: Identity, key: str, digest: bytes, now: datetime) -> Known:
    """Files a case, or answers again what this key became. KeyReused, InvalidInput, Forbidden, Busy."""
    law = _law(application)
    bits = _require_fit(application, law.item, identity, now)
    row = subjects.intake_key(identity, key)
    request = subjects.request_id(identity, SUBMIT, key, digest)
    evidence, texts = set_apart(application.evidence)
    for probe in range(_PROBES):
        blank = _blank(application, law, identity, _number(application, row, probe, now), now)
        dossier = dossiers.new(application.dossier)
        case = _opened(blank, application, law, identity, request, {**evidence, "materials": bits}, dossier.commitment)
        known = Known(case, law)
        try:
            dossiers.put_texts(case.id, texts)
            requests.create(row, digest, case, dossier, queued=casework.queued(known), kept=casework.remembered(law))
            return known
        except ConditionFailed as failure:
            if requests.taken_by_request(failure.failed):
                return _earlier(row, request, digest)
    raise Busy("暂时无法编号，请重试", "no case number could be drawn; repeat the request")


def _earlier(row: str, request: RequestId, digest: bytes) -> Known:
    """What the key became before."""
    earlier = requests.find(row)
    if earlier is None:
        raise casework.unknown()
    if earlier.digest != digest:
        raise KeyReused(
            "同一幂等键已用于另一请求，请换一个新的键",
            "this key was used for another request; use a fresh one",
        )
    known = casework.find(earlier.case_id)
    answer = casework.replayed(known, request) if known else None
    if answer is None:
        raise casework.unknown()
    return answer


def _law(application: Application) -> Law:
    found = registry.current_item(application.item)
    if found is None or not found.active:
        code, zh, en = (
            ("unknown_item", "没有此事项，请在 /v1/items 查询", "no such item; see /v1/items")
            if found is None
            else (
                "retired_item",
                "该事项已停用，不再受理新办件",
                "this item is retired and takes no new cases",
            )
        )
        raise InvalidInput(zh, en, errors=[FieldError("item", code, zh, en)])
    return Law(found, all_procedures()[found.procedure])


def _require_fit(application: Application, item: Item, identity: Identity, now: datetime) -> int:
    """Everything that can be wrong with an application is told at once; returns the material bitmap."""
    if application.observed:
        _require_pooling(identity, application.observed, now)
        return materials.bitmap(item, [m.code for m in application.materials])
    _require_channel(application, identity)
    errors = [
        *_wrong_organisation(application, item, identity),
        *_wrong_item_use(application, item),
        *_unnamed_materials(application, item),
    ]
    if errors:
        raise InvalidInput(errors=errors)
    return materials.bitmap(item, [m.code for m in application.materials if m.medium != "lacking"])


def _require_pooling(identity: Identity, observed: Observed, now: datetime) -> None:
    if identity.kind is not Kind.system:
        raise Forbidden("补录仅限归集系统", "only a pooling system may file observed cases")
    if observed.at > now:
        raise future("observed.at")


def future(field_name: str) -> InvalidInput:
    """What is said of an observed time that has not come yet."""
    zh, en = "补录时间不能晚于当前时间", "an observed time cannot lie in the future"
    return InvalidInput(zh, en, errors=[FieldError(field_name, "in_the_future", zh, en)])


def _require_channel(application: Application, identity: Identity) -> None:
    """Applicants file on mobile, web and kiosk; the window is for intake staff, with the applicant present."""
    if identity.kind is Kind.citizen and application.channel in SELF_SERVICE:
        if application.account not in (None, identity.subject):
            zh, en = "只能以本人账号申请", "file with your own account; an agent files at the window"
            raise InvalidInput(zh, en, errors=[FieldError("applicant.account", "not_your_account", zh, en)])
        return
    if identity.kind is Kind.staff and application.channel == "window" and Post.intake in identity.posts:
        return
    raise Forbidden(
        "移动端、PC端、自助端由申请人本人提交；窗口端由收件受理岗提交；系统账号仅可补录",
        "applicants file on mobile, web or kiosk; intake staff at the window; systems file observed cases only",
    )


def _wrong_organisation(application: Application, item: Item, identity: Identity) -> list[FieldError]:
    code = application.organisation
    found = registry.find_organisation(code)
    if found is None or not found.active:
        return [FieldError("organisation", "unknown_organisation", "没有此单位或已停用", "no such active organisation")]
    if found.level not in item.levels:
        levels = ", ".join(sorted(item.levels))
        return [FieldError("organisation", "wrong_level", f"该事项由 {levels} 级办理", f"handled at level {levels}")]
    errors = []
    if application.locality and not _reaches(application.locality, code, item.reach):
        zh, en = "该地不在此单位管辖范围内", "this organisation has no jurisdiction there"
        errors.append(FieldError("locality", "wrong_jurisdiction", zh, en))
    if identity.organisation and not _reaches(identity.organisation, code, item.reach):
        zh = "该事项不能在您的窗口代收（通办范围：" + item.reach + "）"
        en = f"your window may not take this in for {code} (reach: {item.reach})"
        errors.append(FieldError("organisation", "wrong_jurisdiction", zh, en))
    return errors


def _reaches(place: str, handler: str, reach: str) -> bool:
    """Whether something at `place` may go to `handler`: one below the other, or within the item's 通办范围."""
    if organisation.within(place, handler) or organisation.within(handler, place):
        return True
    width = {"county": 6, "city": 4, "province": 2}[reach]
    return place[:width] == handler[:width]


def _wrong_item_use(application: Application, item: Item) -> list[FieldError]:
    errors = []
    if application.subject not in item.subjects:
        zh, en = "该事项不对此类申请人办理", f"this item is for {', '.join(sorted(item.subjects))}"
        errors.append(FieldError("applicant.kind", "wrong_subject", zh, en))
    if application.channel in ("mobile", "web") and not item.online:
        zh, en = (
            "该事项须到现场办理（自助端或窗口端）",
            "this item is not available online; use kiosk or window",
        )
        errors.append(FieldError("channel", "not_online", zh, en))
    if application.delivery and application.delivery not in item.delivery:
        zh, en = f"可选：{'、'.join(sorted(item.delivery))}", f"one of {', '.join(sorted(item.delivery))}"
        errors.append(FieldError("delivery.way", "unknown_delivery", zh, en))
    if application.finish is not None and not (item.form == "instant" and application.channel == "window"):
        zh, en = "只有窗口端的即办件可以当场办结", "only instant items at the window finish in one request"
        errors.append(FieldError("finish", "not_instant", zh, en))
    return errors


def _unnamed_materials(application: Application, item: Item) -> list[FieldError]:
    """Every required material is named; what is not at hand is named as lacking, and asked for once (art. 32(4))."""
    named = {m.code for m in application.materials}
    return [
        FieldError(
            "materials",
            "material_missing",
            f"缺少 {m.code}（{m.name.zh}）；若暂缺，请以 medium=lacking 注明，由窗口一次性告知补正",
            f"{m.code} ({m.name.en}) is missing; name it with medium=lacking if it is to follow",
        )
        for m in item.required()
        if m.code not in named
    ]


def _number(application: Application, row: str, probe: int, now: datetime) -> str:
    """21 digits whose last seven come from subject and key: no counter, no hot key, nothing to enumerate."""
    digest = hashlib.sha256(f"{row}:{probe}".encode()).digest()
    origin = OBSERVED_ORIGIN if application.observed else ORIGINS[application.channel]
    at = application.observed.at if application.observed else now
    serial = int.from_bytes(digest[:8], "big") % 10_000_000
    return str(CaseNumber(organisation.area(application.organisation), origin, legal_day(at), serial))


def _blank(application: Application, law: Law, identity: Identity, number: str, now: datetime) -> Case:
    account = application.account or (identity.subject if identity.kind is Kind.citizen else None)
    indexed = subjects.account(account) if account else application.document
    return Case(
        id=number,
        item=law.item.ref,
        organisation=application.organisation,
        channel=application.channel,
        applicant=subjects.blind(indexed) if indexed else "",
        taken_at=identity.organisation or "",
        observed=application.observed is not None,
        received=application.observed.at if application.observed else now,
    )


def _opened(
    blank: Case,
    application: Application,
    law: Law,
    identity: Identity,
    request: RequestId,
    evidence: Mapping[str, Evidence],
    commitment: bytes,
) -> Case:
    """The case with its first node, and with those of settling it on the spot where that was asked."""
    calendar = registry.current_calendar()
    observed = application.observed
    if observed:
        told: dict[str, Evidence] = {"due": int(observed.due.timestamp())} if observed.due else {}
        evidence = {**evidence, **told, "source": observed.source, "source_id": observed.source_id}

    def wish(action: str, about: Mapping[str, Evidence], dossier: bytes | None = None) -> Wish:
        actor = observed.actor if observed else None
        return Wish(
            action, identity, blank.received, request.request, request.digest, about,
            observed_by=actor, dossier=dossier,
        )  # fmt: skip

    case = engine.open_case(blank, wish(SUBMIT, evidence, commitment), law, calendar)
    if application.finish is not None:
        finish = dict(application.finish)
        handed_to = finish.pop("handed_to", None)
        case = engine.take(case, wish(SETTLE, finish), law, calendar)
        if handed_to:
            case = engine.take(case, wish(DELIVER, {"handed_to": handed_to}), law, calendar)
    return case
