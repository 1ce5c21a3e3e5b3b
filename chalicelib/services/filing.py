"""Filing (登记): what somebody tells becomes a work order, once, or joins the one of theirs that is open.

Whoever files names the kind, the desk, and what makes two filings one and the same; what a kind asks of its body is
checked before. One transaction writes order, dossier and request row. This module must not know HTTP, nor any kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.domain import engine, order
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.case import Case, Evidence, Law
from chalicelib.domain.procedure import SUBMIT
from chalicelib.domain.wish import Wish, set_apart
from chalicelib.errors import Busy, KeyReused, TooManySteps
from chalicelib.services import casework, registry, subjects
from chalicelib.services.casework import Known
from chalicelib.services.orders import PLATFORM
from chalicelib.services.subjects import RequestId
from chalicelib.store import dossiers, orders, requests
from chalicelib.store.failures import ConditionFailed

ANONYMOUS = Identity("", Kind.citizen)  # who files without saying who they are
JOIN = "join"
_ATTEMPTS = 4  # others may move the order that is joined, or file the same, meanwhile
_MOST_REPEATS = 50  # of one and the same cause


@dataclass(frozen=True, slots=True)
class Filing:
    """What is filed. `organisation`: at whose desk it lies first, `again`: where it lies when the same was filed and
    closed before; `about`: whom or what it is about; `dossier`: texts and personal data; `applicant`: the blind index
    of who filed, "" if they did not say; `cause`: what makes it the same as another filing ("": nothing does)."""

    kind: str
    organisation: str
    about: str
    channel: str
    dossier: Mapping[str, Any]
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    applicant: str = ""
    taken_at: str = ""
    cause: str = ""
    again: str = ""


def row_of(identity: Identity, key: str) -> str:
    """The request row of a filing."""
    return subjects.intake_key(identity, f"orders\n{key}")


def earlier(identity: Identity, key: str, digest: bytes) -> Known | None:
    """What this request already became; None where it is new. KeyReused if it said something else."""
    found = requests.find(row_of(identity, key))
    if found is None:
        return None
    if found.digest != digest:
        raise KeyReused(
            "同一幂等键已用于另一请求，请换一个新的键", "this key was used for another request; use a fresh one"
        )
    known = casework.find(found.case_id, orders.BOOK)
    answer = casework.replayed(known, _request(identity, key, digest)) if known else None
    if answer is None:
        raise casework.unknown()
    return answer


def file(
    filing: Filing, *, identity: Identity, key: str, digest: bytes, now: datetime, quoted: Known | None = None
) -> Known:
    """The order that was filed, or the open one that it joined: its last step then is JOIN. `quoted`: an earlier one of
    which the receipt was shown, where the cause finds none. Asked again under the same key, the first answer.
    KeyReused, TooManySteps, Busy."""
    row, request = row_of(identity, key), _request(identity, key, digest)
    for _ in range(_ATTEMPTS):
        same = _of_cause(filing, row)
        last = same[-1] if same else _as_it_is(quoted)
        for known in (*same, last) if last else ():  # filed before; it may be longer ago than its request row is kept
            answer = casework.replayed(known, request)
            if answer:
                return answer
        try:
            if last and _joins(last):
                return _joined(last, filing, request, row, digest, now)
            return _created(filing, len(same), last, identity, request, row, digest, now)
        except ConditionFailed:
            answer = earlier(identity, key, digest)
            if answer:
                return answer
    raise Busy("暂时无法登记，请重试", "others file or move the same; repeat the request")


def progress(order_id: str, code: str) -> Known:
    """What was filed, for anybody who holds its receipt; NotFound alike for a wrong number and a wrong code."""
    known = casework.find(order_id, orders.BOOK) if subjects.holds_receipt(order_id, code) else None
    if known is None or "type" not in known.case.nodes[0].evidence:
        raise casework.unknown()
    return known


def _as_it_is(quoted: Known | None) -> Known | None:
    """A quoted order read again: others may have moved it since."""
    return casework.find(quoted.case.id, orders.BOOK) if quoted else None


def _request(identity: Identity, key: str, digest: bytes) -> RequestId:
    return subjects.request_id(identity, SUBMIT, key, digest)


def _of_cause(filing: Filing, row: str) -> list[Known]:
    """The orders that followed from the same cause, oldest first; at most one of them is open, the last."""
    found: list[Known] = []
    while known := casework.find(_name(filing, row, len(found)), orders.BOOK):
        found.append(known)
        if len(found) == _MOST_REPEATS and not _joins(known):
            raise TooManySteps(
                f"同一事项已办结 {_MOST_REPEATS} 次，请到上一级中心当面反映",
                f"this was answered {_MOST_REPEATS} times; bring it to the centre above in person",
            )
    return found


def _name(filing: Filing, row: str, occurrence: int) -> str:
    return order.name(filing.kind, f"{filing.cause or row}\n{occurrence}")


def _joins(known: Known) -> bool:
    return known.law.procedure.find(JOIN, known.case.state) is not None


def _joined(known: Known, filing: Filing, request: RequestId, row: str, digest: bytes, now: datetime) -> Known:
    """The open order with what was told again as a further part of its dossier: nothing is lost, nothing doubled."""
    dossier = dossiers.new(filing.dossier)
    wish = Wish(JOIN, PLATFORM, now, request.request, request.digest, {}, dossier=dossier.commitment)
    case = engine.take(known.case, wish, known.law, registry.current_calendar())
    kept = casework.remembered(known.law)
    requests.join(row, digest, known.case, case, dossier, kept=kept, book=orders.BOOK)
    return Known(case, known.law)


def _created(
    filing: Filing,
    occurrence: int,
    last: Known | None,
    identity: Identity,
    request: RequestId,
    row: str,
    digest: bytes,
    now: datetime,
) -> Known:
    law = registry.law(f"{filing.kind}@1")
    dossier = dossiers.new(filing.dossier)
    repeats: dict[str, Evidence] = {"earlier": last.case.id} if last else {}
    evidence, texts = set_apart({**filing.evidence, **repeats})
    wish = Wish(SUBMIT, identity, now, request.request, request.digest, evidence, dossier=dossier.commitment)
    blank = _blank(filing, law, _name(filing, row, occurrence), repeated=last is not None, now=now)
    known = Known(engine.open_case(blank, wish, law, registry.current_calendar()), law)
    dossiers.put_texts(blank.id, texts)
    queued, kept = casework.queued(known), casework.remembered(law)
    requests.create(row, digest, known.case, dossier, queued=queued, kept=kept, book=orders.BOOK)
    return known


def _blank(filing: Filing, law: Law, id: str, *, repeated: bool, now: datetime) -> Case:
    return Case(
        id=id,
        item=law.item.ref,
        organisation=(filing.again if repeated else "") or filing.organisation,
        channel=filing.channel,
        applicant=filing.applicant,
        taken_at=filing.taken_at,
        observed=False,
        received=now,
        about=filing.about,
    )
