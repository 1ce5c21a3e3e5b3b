"""Answers about cases: what is shown of one, and how a domain value becomes that.

Personal data is not in them, except where a route says so and masks it. This module must not read tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from chalicelib.domain import identifiers, materials
from chalicelib.domain.case import Case, Evidence, Law, Node
from chalicelib.domain.clocks import Light
from chalicelib.domain.folding import deemed, step_names
from chalicelib.domain.item import Text
from chalicelib.domain.wish import APPLICANT
from chalicelib.http.fields import Deadline, Names, Shown, Time, deadline, names, shanghai
from chalicelib.services.casework import Known
from chalicelib.services.reading import History
from chalicelib.store.dossiers import Dossier

STAFF_IDS = frozenset({"approver", "on_site_staff"})
TOLD = frozenset({
    "type", "object", "item", "window", "case", "earlier", "remedy", "reply", "verdict", "disclosure", "call_back",
})  # fmt: skip
ClockName = Literal["statutory", "promised", "stage"]


class ItemOut(Shown):
    """The version of an item that a case has pinned."""

    id: str
    version: int
    name: Names


class CaseOut(Shown):
    """A case right after a step: a function of its history up to that step, so a retry gets the same."""

    case_id: str
    version: int
    state: str
    state_name: Names
    result: str | None = Field(description="granted, denied, refused, not_ours, withdrawn; null while open")
    item: ItemOut
    organisation: str = Field(description="with whom it was filed")
    handler: str = Field(description="承办单位: who handles it; another after a transfer")
    holder: str = Field(description="in whose hands it is now: the handler, or the level above that decides")
    line: str | None = Field(description="警种 to which it was transferred; null: the item's")
    channel: str
    observed: bool
    flags: list[str] = Field(description="second_notice: corrections were asked for more than once")
    received_at: Time
    closed_at: Time | None
    action: str
    at: Time
    deadlines: dict[str, Deadline] = Field(description="by clock: statutory, promised, stage")
    allowed_actions: list[str]


class FiledOut(CaseOut):
    """A case right after intake, with what its receipt carries: `code` and the number together ask for progress without
    an account; `rating_link` rates it without one, from acceptance on (null: an agent filed)."""

    code: str
    rating_link: str | None


class MaterialOut(Shown):
    """One line of the check-list."""

    code: str
    name: Names
    necessity: str
    present: bool


class CaseDetail(CaseOut):
    """A case as it stands now: with its check-list, its lights, and the applicant masked."""

    deemed: str | None = Field(
        description="the state that the law deems it to be in, the limit of its own having passed"
    )
    applicant: dict[str, str]
    materials: list[MaterialOut]
    lights: dict[str, Light]


class DossierOut(Shown):
    """The personal data on file, unmasked, for the applicant and those who work on the case."""

    case_id: str
    document: dict[str, Any]


class NodeOut(Shown):
    """One step. `actor` is shown to staff only; `chain` is the hash up to and with this step."""

    number: int
    action: str
    name: Names
    at: Time
    actor: str | None
    evidence: dict[str, Any]
    deadlines: dict[str, Deadline]
    dossier: Literal["intact", "altered", "shredded"] | None
    chain: str


class HistoryOut(Shown):
    """The whole history. `verified`: every link of the chain and every commitment holds."""

    case_id: str
    version: int
    verified: bool
    broken_at: int | None
    nodes: list[NodeOut]


class ProgressNode(Shown):
    """A step as the public sees it."""

    action: str
    name: Names
    at: Time


class ProgressOut(Shown):
    """How far a case is, for whoever holds its receipt."""

    case_id: str
    state: str
    state_name: Names
    result: str | None
    received_at: Time
    deadlines: dict[str, Deadline]
    steps: list[ProgressNode]


class QueuedOut(Shown):
    """One row of a queue. `due` null: the clocks stand still."""

    case_id: str
    item: ItemOut
    state: str
    channel: str
    due: Time | None
    overdue: bool


class DeskOut(Shown):
    """One page of an organisation's queue."""

    items: list[QueuedOut]
    next: str | None


class MineOut(Shown):
    """One page of an applicant's cases."""

    items: list[CaseOut]
    next: str | None


def _head(known: Known) -> dict[str, Any]:
    case, law = known.case, known.law
    state = law.procedure.states[case.state]
    last = case.nodes[-1]
    return {
        "case_id": case.id,
        "version": case.version,
        "state": case.state,
        "state_name": names(state.text),
        "result": case.result,
        "item": ItemOut(id=law.item.id, version=law.item.version, name=names(law.item.name)),
        "organisation": case.organisation,
        "handler": case.handler,
        "holder": case.holder,
        "line": case.line or None,
        "flags": _flags(case),
        "channel": case.channel,
        "observed": case.observed,
        "received_at": case.received,
        "closed_at": case.closed_at,
        "action": last.action,
        "at": last.at,
        "deadlines": {name: deadline(due) for name, due in sorted(case.dues.items())},
        "allowed_actions": [] if case.observed else list(law.procedure.allowed(case.state)),
    }


def _flags(case: Case) -> list[str]:
    """行政许可法 art. 32(4): everything is told once; a second notice is lawful only for what was supplied since."""
    notices = sum(node.action == "correct" for node in case.nodes)
    return ["second_notice"] if notices > 1 else []


def moved(known: Known) -> CaseOut:
    """A case right after a step."""
    return CaseOut(**_head(known))


def filed(known: Known) -> FiledOut:
    """A case right after intake."""
    return FiledOut(**_head(known), code=known.code, rating_link=known.rating_link)


def detail(known: Known, dossier: Dossier | None, lights: Mapping[str, Light], now: datetime) -> CaseDetail:
    """A case as it stands now."""
    further = deemed(known.case, now, known.law)
    on_file = set(materials.present(known.law.item, known.case.materials))
    return CaseDetail(
        **_head(known),
        deemed=further.state if further else None,
        applicant=masked(dossier.document.get("applicant", {})) if dossier else {},
        materials=[
            MaterialOut(code=m.code, name=names(m.name), necessity=m.necessity, present=m.code in on_file)
            for m in known.law.item.materials
        ],
        lights=dict(lights),
    )


def masked(applicant: Mapping[str, str]) -> dict[str, str]:
    """The applicant with names and numbers masked; the account is left out."""
    mask = {
        "name": identifiers.mask_name if applicant.get("kind") == "person" else str,
        "contact_name": identifiers.mask_name,
        "id_number": identifiers.mask_id,
        "phone": identifiers.mask_phone,
    }
    return {name: mask.get(name, str)(value) for name, value in applicant.items() if name != "account"}


def history(found: History, *, to_staff: bool) -> HistoryOut:
    """A verified history."""
    case = found.known.case
    called = step_names(case, found.known.law)
    return HistoryOut(
        case_id=case.id,
        version=case.version,
        verified=found.verified,
        broken_at=found.broken_at,
        nodes=[_node(found, number, text, to_staff) for number, text in enumerate(called, start=1)],
    )


def _node(found: History, number: int, called: Text, to_staff: bool) -> NodeOut:
    node = found.known.case.nodes[number - 1]
    return NodeOut(
        number=number,
        action=node.action,
        name=names(called),
        at=node.at,
        actor=node.actor if to_staff else None,
        evidence={
            name: _shown(name, value, found)
            for name, value in sorted(node.evidence.items())
            if to_staff or _for_everybody(name, node, found.known.law)
        },
        deadlines={name: deadline(due) for name, due in sorted(node.dues.items())},
        dossier=found.dossiers.get(number),  # type: ignore[arg-type]  # the service gives one of the three words
        chain=node.chain.hex(),
    )


def _for_everybody(name: str, node: Node, law: Law) -> bool:
    """What a step says to people who are not staff: nobody's staff id; of an order, what is said to whoever filed it,
    and not how it was passed around."""
    if law.procedure.book == "cases":
        return name not in STAFF_IDS
    return name in TOLD or (name in ("reason", "note") and (node.action == "refuse" or node.actor == APPLICANT))


def _shown(name: str, value: Evidence, found: History) -> Any:
    if isinstance(value, bytes):
        return found.texts.get(value, "〔已销毁 shredded〕")
    if name == "materials" and isinstance(value, int):
        return list(materials.present(found.known.law.item, value))
    if name in ("due", "recorded_at", "deemed_since") and isinstance(value, int):
        return shanghai(datetime.fromtimestamp(value, tz=UTC))
    return list(value) if isinstance(value, tuple) else value


def steps(known: Known) -> list[ProgressNode]:
    """What was done of a case or order, without who did it."""
    taken = zip(known.case.nodes, step_names(known.case, known.law), strict=True)
    return [ProgressNode(action=node.action, name=names(text), at=node.at) for node, text in taken]


def progress(known: Known) -> ProgressOut:
    """How far a case is, without who did what."""
    head = _head(known)
    return ProgressOut(
        **{name: head[name] for name in ("case_id", "state", "state_name", "result", "received_at", "deadlines")},
        steps=steps(known),
    )
