"""Supervision: what follows from a step. Facts, findings, deadlines and work orders, each an idempotent put.

`follow` is asked for every change of a case or order, in the order of its versions, at least once; whatever it puts is
a function of the history, so that again, later or from the start gives the same. This module must not read cases: the
change carries the whole history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.domain import fact, order
from chalicelib.domain.case import Case, Law
from chalicelib.domain.fact import Fact
from chalicelib.domain.folding import advance, fold
from chalicelib.domain.supervision import ladder
from chalicelib.domain.supervision.judging import coming, judge
from chalicelib.domain.supervision.of_case import timeline
from chalicelib.domain.supervision.rule import Finding, Rule
from chalicelib.rules import all_rules
from chalicelib.services import orders, registry
from chalicelib.store import deadlines, facts, findings
from chalicelib.store import orders as books
from chalicelib.store.books import Stored
from chalicelib.store.deadlines import Deadline

CASES, ORDERS = "cases", "orders"
SILENCE = "silence"  # among the clocks of a case: what is found if nobody does anything


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from the steps of one subject: all of it is put, nothing of it is counted up."""

    kind: str  # the item of the case, or the kind of the order, as id@version
    known: datetime  # since when the platform knows of it; its orders begin no earlier
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]
    deadlines: tuple[Deadline, ...] = ()


def escalation_days() -> int:
    """The working days after which a red light goes to the level above."""
    return all_rules()[ladder.ESCALATED].parameters["working_days"]


def outcome(stored: Stored, before: int, book: str) -> Outcome:
    """What follows from the steps of a case or order after its first `before`. Pure but for the registry's own copy."""
    law = registry.law(stored.blank.item)
    earlier = fold(stored.blank, stored.nodes[:before], law) if before else None
    found, rows, after = list[Finding](), list[Fact](), earlier or stored.blank
    for node in stored.nodes[before:]:
        here = after if after.nodes else None
        if here:
            found += _rungs(here, node.at)
        after = advance(after, node, law)
        if here:
            found += ladder.withdrawn(here, after, registry.current_calendar(), escalation_days())
        rows += fact.of_step(here, after, law, "node" if book == CASES else "order")
    if book == CASES:
        found += _judged(earlier, after, law)
    rows += _facts_of(found)
    return Outcome(
        stored.blank.item, _known(after), tuple(rows), tuple(found), tuple(_deadlines(earlier, after, law, book))
    )


def follow(stored: Stored, before: int, book: str) -> None:
    """Puts what follows from the steps after the first `before`."""
    settle(outcome(stored, before, book))
    if book == ORDERS:
        _after_order(stored, before)


def settle(what: Outcome) -> None:
    """Puts an outcome: facts first, then findings with their orders, then deadlines."""
    facts.put(what.facts)
    for finding in what.findings:
        findings.put(finding)
        _open_for(finding, what.kind, max(finding.at, what.known))
    for deadline in what.deadlines:
        deadlines.put(deadline)


def reached_by(case: Case, law: Law, now: datetime, book: str) -> Outcome:
    """What is found of a case or order that nobody moved until `now`: the rungs that its open clocks have reached, and
    what the rules make of the silence."""
    found = _rungs(case, now) + (_judged(case, case, law, now) if book == CASES else [])
    return Outcome(case.item, _known(case), tuple(_facts_of(found)), tuple(found))


def next_occasion(case: Case, law: Law, clock: str, after: datetime) -> datetime | None:
    """When a clock of `case` reaches its next rung after `after`, or when SILENCE makes a finding; None where nothing
    is to come."""
    calendar = registry.current_calendar()
    if clock == SILENCE:
        return coming(timeline(case, law, after), calendar, case_rules())
    return ladder.next_rung(case, clock, calendar, escalation_days(), after)


def _known(case: Case) -> datetime:
    """When the last step was recorded here: what happened elsewhere came to be known later than it was so."""
    recorded = case.nodes[-1].evidence.get("recorded_at")
    return datetime.fromtimestamp(recorded, tz=UTC) if isinstance(recorded, int) else case.received


def _facts_of(found: Iterable[Finding]) -> list[Fact]:
    return [fact.of_finding(each, all_rules()[each.rule].severity) for each in found]


def _rungs(case: Case, until: datetime) -> list[Finding]:
    rules, calendar = all_rules(), registry.current_calendar()
    found = ladder.reached(case, calendar, escalation_days(), until)
    return [finding for finding in found if rules[finding.rule].disabled is None]


def _judged(before: Case | None, after: Case, law: Law, at: datetime | None = None) -> list[Finding]:
    """What the rules see of `after` at `at` (None: its last step) and did not see of `before` at its last step."""
    calendar, rules = registry.current_calendar(), case_rules()
    found = judge(timeline(after, law, at), calendar, rules).findings
    if not found or before is None:
        return list(found)
    known = {each.key for each in judge(timeline(before, law), calendar, rules).findings}
    return [each for each in found if each.key not in known]


def case_rules() -> tuple[Rule, ...]:
    """The rules in force that look at one case."""
    return tuple(rule for rule in all_rules().values() if rule.scope == "case" and rule.disabled is None)


def _deadlines(before: Case | None, after: Case, law: Law, book: str) -> Iterator[Deadline]:
    """A row for each clock that this change touched, one without an occasion for each that is gone, and one for what
    would be found if nobody did anything."""
    at, old = after.nodes[-1].at, before.clocks if before else {}
    for name in sorted({*old, *after.clocks}):
        clock, due = after.clocks.get(name), after.dues.get(name)
        if before and clock == old.get(name) and due == before.dues.get(name):
            continue
        provisional = due is not None and due.provisional and clock is not None and clock.stopped is None
        yield Deadline(after.id, book, name, after.version, next_occasion(after, law, name, at), provisional)
    if book == CASES:
        yield Deadline(after.id, book, SILENCE, after.version, next_occasion(after, law, SILENCE, at))


def _open_for(finding: Finding, kind: str, at: datetime) -> None:
    """谁办理、谁负责: the order goes to whoever handled it. A yellow light is a light and no order; what stays red goes
    to the level above. An order that is late is urged, and being late with a supervision order is seen and no more,
    so that no chain is longer than three."""
    match finding.rule, kind in order.KINDS:
        case (ladder.YELLOW, _):
            return
        case (ladder.WITHDRAWN, _):
            _void(finding)
        case (ladder.RED, True) if kind != f"{order.SUPERVISION_ORDER}@1":
            _open(order.SUPERVISION_ORDER, finding, at)
        case (_, True):
            return
        case (ladder.ESCALATED, _):
            _open(order.SUPERVISION_ORDER, finding, at)
        case _:
            _open(order.VERIFICATION, finding, at)


def _void(finding: Finding) -> None:
    """What followed from a warning that was taken back is void."""
    cause = f"{finding.subject}\n{finding.evidence['withdrawn']}"
    for kind in (order.VERIFICATION, order.SUPERVISION_ORDER):
        evidence = {"reason": f"{finding.rule} {finding.evidence['withdrawn']}"}
        orders.act_as_platform(
            order.name(kind, cause), "void", evidence, cause=finding.key, now=finding.at, book=books.BOOK
        )


def _open(kind: str, finding: Finding, at: datetime) -> None:
    cause = f"{finding.subject}\n{finding.key}"
    evidence = {"finding": finding.key}
    about, organisation = finding.subject, finding.organisation
    orders.open_order(kind, cause, about=about, organisation=organisation, at=at, evidence=evidence)


def _after_order(stored: Stored, before: int) -> None:
    """A finding that was confirmed and closed gives a card, where its rule is as grave as that; what a person answered
    and another released becomes knowledge."""
    if stored.blank.item.startswith(f"{order.CONSULTATION}@"):
        from chalicelib.services import releases  # no transition of a case needs it

        releases.publish(stored, before)
    if not stored.blank.item.startswith(f"{order.VERIFICATION}@"):
        return
    first = stored.nodes[0].evidence["finding"]
    rule = all_rules()[str(first).partition("#")[0]]
    for node in stored.nodes[before:]:
        if node.action == "settle" and rule.severity != "notice":
            evidence = {"finding": str(first), "severity": rule.severity}
            orders.open_order(
                order.CARD,
                stored.blank.id,
                about=stored.blank.about,
                organisation=stored.blank.organisation,
                at=node.at,
                evidence=evidence,
            )
