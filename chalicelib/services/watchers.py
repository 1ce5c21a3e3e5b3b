"""What those who supervise may read: the findings of an organisation or a case.

Findings are for staff and systems: they name what somebody may have done wrong before it was verified. Every list is
bounded, and scope is part of every key that is read. This module must not write and must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from chalicelib.domain import authority, order
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.supervision.rule import Finding
from chalicelib.errors import Forbidden
from chalicelib.services import casework
from chalicelib.services.reading import READS_A_PAGE, ROWS_A_READ, Page
from chalicelib.store import findings as store

About = Literal["case", "order", "unit"]  # what a finding is about; a unit: an organisation's day or month


def findings(
    organisation: str,
    *,
    identity: Identity,
    first: datetime,
    last: datetime,
    rule: str | None,
    about: About | None,
    after: Mapping[str, Any] | None,
    most: int,
) -> Page:
    """What was found at an organisation between two instants, in the order of time; `rule`: of one rule only, `about`:
    about such a subject only. At most READS_A_PAGE reads; a page may be short and still go on."""
    if identity.kind is Kind.citizen or not authority.sees_organisation(identity, organisation):
        raise Forbidden("该单位不在您的辖区内", "this organisation is not in your scope")
    rows: list[Finding] = []
    chosen = rule is not None or about is not None
    for _ in range(READS_A_PAGE if chosen else 1):
        reads = ROWS_A_READ if chosen else most
        found, after = store.handled_by(organisation, first=first, last=last, after=after, most=reads)
        rows += [each for each in found if rule in (None, each.rule) and about in (None, about_what(each.subject))]
        if len(rows) > most:
            rows = rows[:most]
            after = {"s": rows[-1].subject, "k": rows[-1].key, "t": round(rows[-1].at.timestamp() * 1000)}
            break
        if after is None or len(rows) == most:
            break
    return Page(tuple(rows), after)


def about_what(subject: str) -> About:
    """What a finding with this subject is about."""
    if order.is_order(subject):
        return "order"
    return "unit" if "#" in subject else "case"


def findings_of(case_id: str, identity: Identity, now: datetime) -> list[Finding]:
    """Everything that was found of one case, in the order of time."""
    require_staff(identity)
    casework.visible(case_id, identity, now)
    return sorted(store.of_subject(case_id), key=lambda finding: (finding.at, finding.key))


def require_staff(identity: Identity) -> None:
    """Findings and orders are for staff and systems."""
    if identity.kind is Kind.citizen:
        raise Forbidden("异常与工单仅供内部查看", "findings and work orders are internal")
