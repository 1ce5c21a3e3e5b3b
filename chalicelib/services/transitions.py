"""Transitions: one step of a case, by one conditional write, answered the same however often it is asked.

Read, decide, write; on a failed condition read back once and look for the own request before refusing. This
module must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain import engine, materials
from chalicelib.domain.authority import Identity, Standing
from chalicelib.domain.case import Case, Evidence
from chalicelib.domain.wish import Wish, set_apart
from chalicelib.errors import FieldError, Forbidden, InvalidInput, SamePerson, StaleVersion
from chalicelib.services import casework, mandates, registry, subjects
from chalicelib.services.admission import future, unknown_organisation
from chalicelib.services.casework import Known
from chalicelib.services.subjects import RequestId
from chalicelib.store import cases, dossiers, requests
from chalicelib.store.books import Book
from chalicelib.store.dossiers import Dossier
from chalicelib.store.failures import ConditionFailed

if TYPE_CHECKING:  # a stream takes steps and admits nobody
    from chalicelib.services.application import Material

SUPPLEMENT = "supplement"


@dataclass(frozen=True, slots=True)
class Observation:
    """When and by whom a step was taken elsewhere (补录), and what it is called there."""

    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked: the action, the version it was decided upon, its evidence; for a correction also the
    materials and form fields that replace or add to those on file."""

    action: str
    version: int
    evidence: Mapping[str, Evidence]
    materials: Sequence[Material] = ()
    form: Mapping[str, str] = field(default_factory=dict)
    observed: Observation | None = None


def act(
    case_id: str,
    step: Step,
    *,
    identity: Identity,
    key: str | None,
    digest: bytes,
    now: datetime,
    book: Book = cases.BOOK,
) -> Known:
    """Takes the step of a case or order, or answers again what this request already became.

    NotFound, KeyReused, StaleVersion, ActionNotAllowed, Forbidden, SamePerson, InvalidInput, Busy.
    """
    known = casework.visible(case_id, identity, now, book)
    request = subjects.request_id(identity, step.action, key or _unnamed(step, digest), digest)
    earlier = casework.replayed(known, request)
    if earlier:
        return earlier
    _require_current(known, step)
    _require_receiver(step.evidence.get("to_organisation"))
    evidence, texts = set_apart(step.evidence)
    dossier = None
    if step.action == SUPPLEMENT and not known.case.observed:
        evidence["materials"] = _materials_on_file(known, step)
        dossier = _supplemented(known, step)
    elif step.materials or step.form:
        raise _not_a_correction(step)
    if step.observed:
        evidence["recorded_at"] = int(now.timestamp())
    wish = _wish(known, step, identity, request, evidence, dossier, now)
    after = Known(engine.take(known.case, wish, known.law, registry.current_calendar()), known.law)
    dossiers.put_texts(case_id, texts)
    try:
        _write(known, after, dossier, step.action, book)
    except ConditionFailed:
        return _read_back(case_id, step, request, book)
    return after


def _require_receiver(code: Evidence | None) -> None:
    """Whoever a case is passed to exists and is active."""
    if isinstance(code, str):
        found = registry.find_organisation(code)
        if found is None or not found.active:
            raise InvalidInput(errors=[unknown_organisation("to_organisation")])


def _not_a_correction(step: Step) -> InvalidInput:
    field_name = "materials" if step.materials else "form"
    zh, en = "只有补正提交可以更改材料和表单", f"only {SUPPLEMENT!r} changes materials and form"
    return InvalidInput(zh, en, errors=[FieldError(field_name, "not_a_correction", zh, en)])


def _unnamed(step: Step, digest: bytes) -> str:
    """What stands for the Idempotency-Key of a step that came without: the same step on the same version."""
    return f'If-Match "{step.version}" {step.action} {digest.hex()}'


def _require_current(known: Known, step: Step) -> None:
    if known.case.version != step.version:
        raise StaleVersion(
            f"办件已更新到第 {known.case.version} 版，请重新读取后再操作",
            f"the case is at version {known.case.version}, not {step.version}; read it again",
            allowed_actions=known.law.procedure.allowed(known.case.state),
        )


def _wish(
    known: Known,
    step: Step,
    identity: Identity,
    request: RequestId,
    evidence: Mapping[str, Evidence],
    dossier: Dossier | None,
    now: datetime,
) -> Wish:
    if step.observed and not known.case.observed:
        raise Forbidden("本办件不是补录办件", "this case is not an observed one; leave `observed` out")
    if step.observed and step.observed.at > now:
        raise future("observed.at")
    return Wish(
        action=step.action,
        actor=identity,
        at=step.observed.at if step.observed else now,
        request=request.request,
        digest=request.digest,
        evidence=evidence,
        standing=_standing(known, identity, now),
        observed_by=step.observed.actor if step.observed else None,
        dossier=dossier.commitment if dossier else None,
    )


def _standing(known: Known, identity: Identity, now: datetime) -> Standing:
    mandated = mandates.of(identity, known.case.holder, known.law.item.id, now)
    return subjects.standing(identity, known.case, mandated, now)


def _write(before: Known, after: Known, dossier: Dossier | None, action: str, book: Book) -> None:
    queued, kept = casework.queued(after), casework.remembered(after.law)
    apart = () if after.case.observed else casework.apart(after.law, action)
    if dossier:
        requests.amend(before.case, after.case, dossier, queued=queued, apart=apart, kept=kept)
    else:
        book.append(before.case, after.case, queued=queued, apart=apart, kept=kept)


def _read_back(case_id: str, step: Step, request: RequestId, book: Book) -> Known:
    """The condition failed: because our own write arrived and its answer was lost, or because somebody was faster,
    or because one person tried both of two steps."""
    known = casework.find(case_id, book)
    if known is None:
        raise casework.unknown()
    earlier = casework.replayed(known, request)
    if earlier:
        return earlier
    _require_current(known, step)
    raise SamePerson("受理与决定不得为同一人", "the same person may not take both steps")


def document_version(case: Case) -> int:
    """The version of the node that committed to the dossier now on file."""
    return max(number for number, node in enumerate(case.nodes, start=1) if node.dossier)


def _supplemented(known: Known, step: Step) -> Dossier:
    """The dossier with the correction in it: materials by code, form fields by name."""
    on_file = dossiers.load(known.case.id, document_version(known.case))
    if on_file is None:
        raise InvalidInput("卷宗已销毁，不能补正", "the dossier was shredded; it cannot be corrected")
    document: dict[str, Any] = dict(on_file.document)
    filed = {entry["code"]: entry for entry in document.get("materials", [])}
    filed.update({m.code: _entry(m) for m in step.materials})
    document["materials"] = [filed[code] for code in sorted(filed)]
    document["form"] = {**document.get("form", {}), **step.form}
    return dossiers.new(document)


def _entry(material: Material) -> dict[str, str]:
    entry = {"code": material.code, "medium": material.medium}
    return entry | ({"reference": material.reference} if material.reference else {})


def _materials_on_file(known: Known, step: Step) -> int:
    item = known.law.item
    supplied = materials.bitmap(item, [m.code for m in step.materials])
    lacking = materials.bitmap(item, [m.code for m in step.materials if m.medium == "lacking"])
    if supplied == lacking:
        zh, en = "请提供至少一份补正材料", "supply at least one material"
        raise InvalidInput(zh, en, errors=[FieldError("materials", "demanded", zh, en)])
    return (known.case.materials | supplied) & ~lacking
