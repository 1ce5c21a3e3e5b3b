"""A fact (归集数据): what happened, at which organisation, on which legal day. The pooled data the guidance asks for.

Facts never change; a correction is a further row of the same thing with a higher `n`, and the highest counts. Every
number is computed from facts and led back to them. This module must not know where they are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain import stock
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.case import Case, Law, Node
from chalicelib.domain.order import CARD, VERIFICATION, is_order
from chalicelib.domain.rating import Rating, Standing
from chalicelib.domain.supervision.rule import Finding

Value = str | int | None
# Of which numbers are made.
_KINDS = frozenset({"node", "transferred_in", "order", "order_transferred_in", "anomaly", "rating", "centre"})
_STEPS = frozenset(
    {"submit", "deliver", "archive"}
)  # what numbers are made of, whether anything stands otherwise or not
_CORRECTED = {(VERIFICATION, "settle"): 0, (CARD, "uphold"): 1}  # what confirms an anomaly, and what takes it back


@dataclass(frozen=True, slots=True)
class Fact:
    """One row: `kind` (of cases node, transferred_in, finding and anomaly; of work orders order, order_transferred_in
    and order_finding; the kind of an order that people file, at whom it is about; rating, rating_invitation, callback;
    centre), the thing's own `id`, and `n`, the number of its correction. `data` holds short names and numbers, never
    personal data."""

    organisation: str
    day: date
    kind: str
    id: str
    data: Mapping[str, Value]
    n: int = 0

    @property
    def place(self) -> str:
        """organisation#day."""
        return f"{self.organisation}#{self.day.isoformat()}"

    @property
    def name(self) -> str:
        """kind#id#n, its name within its place."""
        return f"{self.kind}#{self.id}#{self.n:02d}"

    @property
    def text(self) -> str:
        """Its data in one canonical form."""
        return json.dumps(dict(self.data), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def counts(fact: Fact) -> bool:
    """Whether numbers are made of a fact: of the steps of a case only some, and those that change what stands."""
    if fact.kind != "node":
        return fact.kind in _KINDS
    return fact.n > 0 or fact.data["node"] in _STEPS or not stock.CHANGES.isdisjoint(fact.data)


def of_step(before: Case | None, after: Case, law: Law, kind: str = "node") -> Iterator[Fact]:
    """The facts of the last step of `after`: one at whoever handled the case, and, where the step transferred it, one
    more at whoever handles it from now on. What somebody filed about an organisation is a fact there as well, when it
    was filed and when it was closed, whoever handles it. The day is the legal day of the step (Asia/Shanghai)."""
    node = after.nodes[-1]
    handler = before.handler if before and before.handler else after.organisation
    id, day = f"{after.id}#{after.version:04d}", legal_day(node.at)
    closes = after.closed_at is not None and not (before and before.closed_at)
    data = _data(before, after, node, law, kind)
    if kind == "order":
        data = {**data, **_filed(after, node, closes=closes)}
    was, now = stock.standing(before, law), stock.standing(after, law)
    if after.handler == handler:
        yield Fact(handler, day, kind, id, {**data, **stock.left(was, now), **stock.entered(was, now)})
    else:
        transferred = "transferred_in" if kind == "node" else f"{kind}_transferred_in"
        yield Fact(handler, day, kind, id, {**data, **stock.left(was, {})})
        yield Fact(after.handler, day, transferred, id, {**data, "from": handler, **stock.entered({}, now)})
    if "object" in data and (before is None or closes):
        yield Fact(after.about, day, law.item.id, id, {**data, "handler": handler})


def of_anomaly(order: Case) -> Iterator[Fact]:
    """属实异常: the fact that the last step of a work order confirmed what a rule saw, at the organisation that handled
    it and on the day on which it was confirmed; or, as its correction, that an appeal against it was upheld."""
    node, first = order.nodes[-1], order.nodes[0]
    step = order.item.partition("@")[0], node.action
    if step not in _CORRECTED:
        return
    n = _CORRECTED[step]
    day = legal_day(first.at if n else node.at)  # a card is issued when its finding is confirmed
    if not is_order(order.about):
        finding = str(first.evidence["finding"])
        data: dict[str, Value] = {"subject": order.about, "finding": finding, "confirmed": 1 - n, "at": _ms(node.at)}
        yield Fact(order.organisation, day, "anomaly", f"{order.about}#{finding}", data, n)


def of_finding(finding: Finding, severity: str) -> Fact:
    """The fact that a rule saw something, on the legal day on which it came to be so."""
    data: dict[str, Value] = {"rule": finding.rule, "subject": finding.subject, "severity": severity}
    return Fact(
        finding.organisation,
        legal_day(finding.at),
        "order_finding" if is_order(finding.subject) else "finding",
        f"{finding.subject}#{finding.key}",
        {**data, "at": _ms(finding.at)},
    )


def of_rating(
    rating: Rating, law: Law, standing: Standing, n: int = 0, decision: Mapping[str, Value] | None = None
) -> Fact:
    """The fact that a service was rated, on the legal day of the rating, whenever it is told: `counted` and `why` say
    what it is worth after correction `n`, `decision` who decided that and where. An anonymous one names neither case
    nor minute, so that those who were rated cannot find out who it was."""
    line = law.item.line
    data: dict[str, Value] = {
        "counted": int(standing.counted),
        "why": standing.why,
        "number": rating.number,
        "level": rating.level.value,
        "reasons": ",".join(rating.reasons) or None,
        "at": _ms(rating.told_at),
        "case": None if rating.anonymous else rating.case_id,
        "item": rating.item,
        "line": str(line) if line else None,
        "channel": rating.channel.value,
        "case_channel": rating.case_channel,
        "on_site": 1 if rating.visit else None,
        "window": rating.window,
        "staff": rating.staff or None,
        "after": rating.after,
        "adverse": 1 if rating.adverse else None,
        "own": 1 if rating.own else None,
        "device": rating.device or None,
        "address": rating.address or None,
        "person": rating.person or None,
        **(decision or {}),
    }
    known = {name: value for name, value in data.items() if value is not None}
    return Fact(rating.organisation, legal_day(rating.at), "rating", rating.id, known, n)


def _filed(after: Case, node: Node, *, closes: bool) -> Mapping[str, Value]:
    """What an order that somebody filed says beside: what it is about, whether it is told again, what came of it, and
    whether within its limit. By whom is not said: no list of facts leads to a person."""
    first, due = after.nodes[0].evidence, after.dues.get("promised")
    if "type" not in first:
        return {}
    found = {name: first.get(name) for name in ("type", "object", "item", "anonymous")}
    found |= {name: node.evidence.get(name) for name in ("complexity", "verdict", "disclosure", "call_back")}
    found["repeated"] = 1 if "earlier" in first else None
    if closes and due:
        found["late"] = 1 if node.at > due.last else 0
    return {name: value for name, value in found.items() if isinstance(value, str | int)}


def _data(before: Case | None, after: Case, node: Node, law: Law, kind: str) -> Mapping[str, Value]:
    line = after.line or law.item.line
    due = (before or after).due()
    found: dict[str, Value] = {
        "case": after.id,
        "node": node.action,
        "at": _ms(node.at),
        "actor": node.actor,
        "item": after.item,
        "form": law.item.form,
        "line": str(line) if line else None,
        "channel": after.channel,
        "applicant": (after.applicant or None) if kind == "node" else None,
        "state": after.state,
        "result": after.result,
        "due": int(due.last.timestamp()) if due else None,
        "observed": 1 if after.observed else None,
        "about": after.about or None,
        "recorded_at": _recorded(node),
        **dict(stock.outcome(before, after, law)),
    }
    return {name: value for name, value in found.items() if value is not None}


def _recorded(node: Node) -> int | None:
    """Epoch seconds at which a step that happened elsewhere came to be known here; None for one of our own."""
    recorded = node.evidence.get("recorded_at")
    return recorded if isinstance(recorded, int) else None


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
