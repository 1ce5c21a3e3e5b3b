"""Results that are public (结果公开): what was complained of and what came of it, without numbers and without names.

Whether a result is public was decided when it was closed. This module must not write and must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.domain import clocks
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.case import Case, Evidence, Node
from chalicelib.services import casework, registry
from chalicelib.services.casework import Known
from chalicelib.store import dossiers, orders


@dataclass(frozen=True, slots=True)
class Result:
    """What everybody may know of one order: of which kind and type, about what (a person is only said to be one), when
    it was told and answered, whether within its limit, and how."""

    kind: str
    type: str
    object: str
    item: str | None
    organisation: str
    told_on: date
    answered_on: date
    in_time: bool
    verdict: str
    reply: str


def about(organisation: str, *, before: int | None, most: int) -> tuple[list[Result], int | None]:
    """The public results about an organisation, newest first, and where to go on: three reads a page."""
    ids, onward = orders.published(organisation, before=before, most=most)
    found = orders.BOOK.load_many(ids)
    known = [casework.judged(found[id]) for id in ids if id in found]
    texts = replies(known)
    return [_result(each, texts) for each in known], onward


def answer(known: Known) -> Mapping[str, str | None] | None:
    """What whoever filed an order is told by the step that closed it, or answered it last; None while none did."""
    last = next((node for node in reversed(known.case.nodes) if node.action in ("close", "refuse", "answer")), None)
    if last is None:
        return None
    said = {name: last.evidence.get(name) for name in ("verdict", "reply", "reason", "remedy")}
    texts = dossiers.load_all(known.case.id)[1] if any(isinstance(each, bytes) for each in said.values()) else {}
    return {name: texts.get(each) if isinstance(each, bytes) else _text(each) for name, each in said.items()}


def replies(known: Iterable[Known]) -> Mapping[str, str]:
    """The reply of each order that has one, by the order's name."""
    said = {each.case.id: _closing(each.case).evidence.get("reply") for each in known if answered(each.case)}
    short = {id: text for id, text in said.items() if isinstance(text, str)}
    return short | dossiers.texts({id: text for id, text in said.items() if isinstance(text, bytes)})


def answered(case: Case) -> bool:
    """Whether an order was closed with an answer."""
    return any(node.action == "close" for node in case.nodes)


def _closing(case: Case) -> Node:
    return next(node for node in case.nodes if node.action == "close")


def _result(known: Known, texts: Mapping[str, str]) -> Result:
    case, closing = known.case, _closing(known.case)
    first = case.nodes[0].evidence
    return Result(
        kind=known.law.item.id,
        type=str(first["type"]),
        object=str(first["object"]),
        item=_text(first.get("item")),
        organisation=case.about,
        told_on=legal_day(case.received),
        answered_on=legal_day(closing.at),
        in_time=not clocks.overdue(case.clocks["promised"], registry.current_calendar(), closing.at),
        verdict=str(closing.evidence["verdict"]),
        reply=texts.get(case.id, ""),
    )


def _text(value: Evidence | None) -> str | None:
    return value if isinstance(value, str) else None
