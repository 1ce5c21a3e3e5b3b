"""Intake (收件): an application becomes a case, once, on whichever of the four channels it came.

The same body gets the same answer on mobile, web, kiosk and at the window, but for number, channel and time. One
transaction writes case, dossier and request row. This module must not know HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib.domain import engine, organisation
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.case import Case, Evidence, Law
from chalicelib.domain.identifiers import CaseNumber
from chalicelib.domain.item import Item
from chalicelib.domain.procedure import SETTLE, SUBMIT
from chalicelib.domain.wish import Wish, set_apart
from chalicelib.errors import Busy, FieldError, InvalidInput, KeyReused
from chalicelib.procedures import procedure_of
from chalicelib.services import admission, casework, registry, subjects
from chalicelib.services.application import Application
from chalicelib.services.casework import Known
from chalicelib.services.subjects import RequestId
from chalicelib.store import dossiers, requests
from chalicelib.store.failures import ConditionFailed

ORIGINS = {"mobile": "11", "web": "12", "kiosk": "13", "window": "14"}  # digits 7 and 8 of the case number
OBSERVED_ORIGIN = "21"
DELIVER = "deliver"
_PROBES = 8  # numbers tried for one intake; seven digits a day and area leave collisions rare


def submit(application: Application, *, identity: Identity, key: str, digest: bytes, now: datetime) -> Known:
    """Files a case, or answers again what this key became. KeyReused, InvalidInput, Forbidden, Busy."""
    row = subjects.intake_key(identity, key)
    request = subjects.request_id(identity, SUBMIT, key, digest)
    try:
        law = _law(application)
        bits = admission.require_fit(application, law.item, identity, now)
    except InvalidInput:
        if requests.find(row):  # it was fit when it was filed; the catalogue has changed since
            return _earlier(row, request, digest)
        raise
    evidence, texts = set_apart(
        {**application.evidence, "materials": bits, **_on_record(application, law.item), **_origin(application, now)}
    )
    finish, more = set_apart(application.finish or {})
    at = application.observed.at if application.observed else now
    elsewhere = application.observed.actor if application.observed else None
    wish = Wish(SUBMIT, identity, at, request.request, request.digest, evidence, observed_by=elsewhere)
    for probe in range(_PROBES):
        blank = _blank(application, law, identity, _number(application, row, probe, at), at)
        dossier = dossiers.new(application.dossier)
        case = _opened(blank, replace(wish, dossier=dossier.commitment), finish, law)
        known = Known(case, law)
        try:
            dossiers.put_texts(case.id, texts | more)
            requests.create(row, digest, case, dossier, queued=casework.queued(known), kept=casework.remembered(law))
            return known
        except ConditionFailed as failure:
            if requests.taken_by_request(failure.failed):
                return _earlier(row, request, digest)
            holder = casework.find(case.id)
            answer = casework.replayed(holder, request) if holder else None
            if answer:  # filed more than thirty days ago, when its request row was still there
                return answer
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
    return Law(found, procedure_of(found.procedure))


def _on_record(application: Application, item: Item) -> dict[str, Evidence]:
    """What later steps go by: what an agent may do and until when, and the day that limits are measured to."""
    found: dict[str, Evidence] = {}
    if application.agent:
        found["agent"] = tuple(sorted(application.agent.may))
        if application.agent.until:
            found["agent_until"] = application.agent.until.isoformat()
    day = admission.event_day(application, item) if item.lead_time or item.event.decide else None
    return found | {"event": day.isoformat()} if day else found


def _origin(application: Application, now: datetime) -> dict[str, Evidence]:
    """What the first node of an observed case says of where it comes from, and of when it was recorded here."""
    observed = application.observed
    if observed is None:
        return {}
    told: dict[str, Evidence] = {"due": int(observed.due.timestamp())} if observed.due else {}
    return {
        **told,
        "source": observed.source,
        "source_id": observed.source_id,
        "recorded_at": int(now.timestamp()),
    }


def _number(application: Application, row: str, probe: int, at: datetime) -> str:
    """21 digits whose last seven come from subject and key: no counter, no hot key, nothing to enumerate."""
    digest = hashlib.sha256(f"{row}:{probe}".encode()).digest()
    origin = OBSERVED_ORIGIN if application.observed else ORIGINS[application.channel]
    serial = int.from_bytes(digest[:8], "big") % 10_000_000
    return str(CaseNumber(organisation.area(application.organisation), origin, legal_day(at), serial))


def _blank(application: Application, law: Law, identity: Identity, number: str, at: datetime) -> Case:
    citizen = identity.subject if identity.kind is Kind.citizen else None
    account = application.account or (None if application.agent else citizen)
    agent = application.agent and (application.agent.account or citizen)
    indexed = subjects.account(account) if account else application.document
    return Case(
        id=number,
        item=law.item.ref,
        organisation=application.organisation,
        channel=application.channel,
        applicant=subjects.blind(indexed) if indexed else "",
        taken_at=identity.organisation or "",
        observed=application.observed is not None,
        received=at,
        agent=subjects.blind(subjects.account(agent)) if agent else "",
    )


def _opened(blank: Case, wish: Wish, finish: Mapping[str, Evidence], law: Law) -> Case:
    """The case with its first node, and with those of settling it on the spot where that was asked."""
    calendar = registry.current_calendar()
    case = engine.open_case(blank, wish, law, calendar)
    if not finish:
        return case
    delivered = {name: finish[name] for name in ("handed_to", "authority") if name in finish}
    settled = {name: value for name, value in finish.items() if name not in delivered}
    case = engine.take(case, replace(wish, action=SETTLE, evidence=settled, dossier=None), law, calendar)
    if not delivered:
        return case
    handed_over = replace(wish, action=DELIVER, evidence=delivered, dossier=None)
    return engine.take(case, handed_over, law, calendar)
