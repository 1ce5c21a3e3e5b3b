"""Whose matter it is (身份信息): who may read it, for what purpose, and that every such read is on record.

The one way to personal data, of cases and of orders alike. The record is a log line before anything is given; people
read their own without one. This module must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import observability
from chalicelib.domain import authority
from chalicelib.domain.authority import Identity, Kind, Post, Purpose
from chalicelib.domain.case import Case
from chalicelib.errors import FieldError, Forbidden, InvalidInput
from chalicelib.services import casework, subjects
from chalicelib.services.casework import Known
from chalicelib.services.transitions import document_version
from chalicelib.store import dossiers, orders
from chalicelib.store.dossiers import Dossier

LINE = "identity read"  # the message of the record; docs/operations.md says how it is found
_CASEWORKERS = frozenset({Post.intake, Post.review, Post.delivery, Post.supervision})
_HANDLERS = _CASEWORKERS | {Post.guidance}


@dataclass(frozen=True, slots=True)
class Statement:
    """One part of what was told: by the step with this number. `document` is without contact for those who handle it
    and need not know by whom it was told."""

    number: int
    at: datetime
    document: Mapping[str, Any]


def of_case(case_id: str, identity: Identity, purpose: Purpose | None, now: datetime) -> tuple[Known, Dossier | None]:
    """The personal data on file, for the applicant, the agent and the people who work on the case; None when
    shredded. NotFound, Forbidden, InvalidInput without a purpose."""
    known = casework.visible(case_id, identity, now)
    if not _own(identity, known.case):
        if not (identity.kind is Kind.staff and identity.posts & _CASEWORKERS):
            raise Forbidden(
                "卷宗仅限申请人和经办岗位查看", "the dossier is for the applicant and those who work on the case"
            )
        _record(identity, purpose, case_id=case_id)
    return known, dossiers.load(case_id, document_version(known.case))


def of_order(
    order_id: str, identity: Identity, purpose: Purpose | None, now: datetime
) -> tuple[Known, list[Statement]]:
    """What was told, for whoever told it and those who handle it; by whom, only for the supervision post of the centre
    that it was filed with and of those above. NotFound, Forbidden, InvalidInput without a purpose."""
    known = casework.visible(order_id, identity, now, orders.BOOK)
    own = _own(identity, known.case)
    if not own:
        if not (identity.kind is Kind.staff and identity.posts & _HANDLERS):
            raise Forbidden("反映内容仅限本人和经办岗位查看", "this is for whoever told it and those who handle it")
        _record(identity, purpose, order_id=order_id)
    whole = own or _calls_back(identity, known.case)
    forms, _ = dossiers.load_all(order_id)
    return known, [_statement(known.case, number, forms[number], whole) for number in sorted(forms)]


def _own(identity: Identity, case: Case) -> bool:
    return any(subjects.is_applicant(identity, index) for index in (case.applicant, case.agent))


def _calls_back(identity: Identity, case: Case) -> bool:
    return Post.supervision in identity.posts and authority.sees_organisation(identity, case.organisation)


def _statement(case: Case, number: int, dossier: Dossier, whole: bool) -> Statement:
    kept = {name: value for name, value in dossier.document.items() if whole or name != "contact"}
    return Statement(number, case.nodes[number - 1].at, kept)


def _record(identity: Identity, purpose: Purpose | None, **subject: str) -> None:
    if purpose is None:
        allowed = ", ".join(Purpose)
        zh, en = f"工作人员查阅须注明目的：{allowed}", f"staff say for what purpose: {allowed}"
        raise InvalidInput(zh, en, errors=[FieldError("purpose", "demanded", zh, en)])
    observability.line(LINE, reader=identity.subject, purpose=purpose.value, **subject)
