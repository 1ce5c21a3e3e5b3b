"""Supervision: what follows from a step. Facts, findings, deadlines and work orders, each an idempotent put.

`follow` is asked for every change of a case or order, in the order of its versions, at least once; whatever it puts is
a function of the history, so that again, later or from the start gives the same. This module must not read cases: the
change carries the whole history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate, pairwise

from chalicelib.domain import fact, order
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.case import Case, Law, unfolded
from chalicelib.domain.fact import Fact
from chalicelib.domain.folding import advance
from chalicelib.domain.supervision import ladder
from chalicelib.domain.supervision.judging import coming, judge
from chalicelib.domain.supervision.of_case import timeline
from chalicelib.domain.supervision.rule import Finding, Rule
from chalicelib.domain.supervision.timeline import Timeline
from chalicelib.rules import all_rules
from chalicelib.services import orders, registry
from chalicelib.store import deadlines, facts, findings
from chalicelib.store import orders as books
from chalicelib.store.books import Stored
from chalicelib.store.deadlines import Deadline

CASES, ORDERS = "cases", "orders"
CROSS = "cross"
SILENCE = "silence"  # among the clocks of a case: what is found if nobody does anything


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from the steps of one subject: all of it is put, nothing of it is counted up."""

    kind: str  # the item of the case, or the kind of the order, as id@version; CROSS: of many cases
    recorded: tuple[tuple[datetime, datetime], ...]  # of steps taken elsewhere: when each was taken, and recorded here
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]
    deadlines: tuple[Deadline, ...] = ()

    def known(self, finding: Finding) -> datetime:
        """Since when a finding can be known here: what happened elsewhere is known when it is recorded. Its order
        begins then, whoever finds it and whenever."""
        return max([finding.at, *(recorded for taken, recorded in self.recorded if taken <= finding.at)])


def escalation_days() -> int:
    """The working days after which a red light goes to the level above."""
    return all_rules()[ladder.ESCALATED].parameters["working_days"]


def outcome(stored: Stored, before: int, book: str) -> Outcome:
    """What follows from the steps of a case or order after its first `before`. Pure but for the registry's own copy."""
    law, calendar = registry.law(stored.blank.item), registry.current_calendar()
    states = list(accumulate(stored.nodes, lambda case, node: advance(case, node, law), initial=stored.blank))
    earlier, after = states[before] if before else None, states[-1]
    rungs, found, rows = list[Finding](), list[Finding](), list[Fact]()
    for old, new in pairwise(states[before:]):
        here = old if old.nodes else None
        if here:
            rungs += _rungs(here, new.nodes[-1].at, calendar)
            found += ladder.withdrawn(here, new, calendar, escalation_days())
        rows += fact.of_step(here, new, law, "node" if book == CASES else "order")
        if book == ORDERS:
            rows += fact.of_anomaly(new)
    rungs += _rungs(after, after.nodes[-1].at, calendar)  # of dates that the last step set, those that had come already
    found = _first_time(rungs, states[1 : before + 1], calendar) + found
    clocks = list(_deadlines(earlier, after, book, calendar))
    if book == CASES:
        line = timeline(after, law)
        found += _judged(earlier, line, law, calendar)
        clocks.append(_silence(after, line, book, calendar))
    rows += _facts_of(found)
    return Outcome(stored.blank.item, _recorded(after), tuple(rows), tuple(found), tuple(clocks))


def follow(stored: Stored, before: int, book: str) -> None:
    """Puts what follows from the steps after the first `before`."""
    settle([outcome(stored, before, book)])
    if book == ORDERS:
        _after_order(stored, before)


def settle(outcomes: Sequence[Outcome]) -> None:
    """Puts outcomes: facts first, all together, then findings with their orders, then deadlines."""
    facts.put(each for what in outcomes for each in what.facts)
    for what in outcomes:
        for finding in what.findings:
            findings.put(finding)
            _open_for(finding, what.kind, what.known(finding))
        for deadline in what.deadlines:
            deadlines.put(deadline)


def reached_by(case: Case, law: Law, now: datetime, book: str) -> Outcome:
    """What is found of a case or order that nobody moved since its last step until `now`: the rungs that its open
    clocks have reached, and what the rules make of the silence."""
    found = _rungs_since(case, law, now) + (_silenced(case, law, now) if book == CASES else [])
    return Outcome(case.item, _recorded(case), tuple(_facts_of(found)), tuple(found))


def of_cross_case(finding: Finding, known: datetime) -> Outcome:
    """What follows from what a cross-case rule saw, which could be known since `known`."""
    return Outcome(CROSS, ((finding.at, known),), tuple(_facts_of([finding])), (finding,))


def brought_by(case: Case, law: Law, row: Deadline, now: datetime) -> Outcome:
    """The part of `reached_by` that the one clock of `row`, or SILENCE, has brought about. Where the row is of the same
    version, what came before the occasion that it names was found before."""
    if row.clock == SILENCE:
        found = _silenced(case, law, now)
    else:
        found = [finding for finding in _rungs_since(case, law, now) if finding.evidence["clock"] == row.clock]
    if row.version == case.version and row.next is not None:
        found = [finding for finding in found if finding.at >= row.next]
    return Outcome(case.item, _recorded(case), tuple(_facts_of(found)), tuple(found))


def deadline(case: Case, law: Law, clock: str, book: str, after: datetime) -> Deadline:
    """The row of a clock as `case` has it now: when it reaches its next rung after `after`, or when SILENCE makes a
    finding."""
    calendar = registry.current_calendar()
    if clock == SILENCE:
        return _silence(case, timeline(case, law, after), book, calendar)
    return _row(case, clock, book, after, calendar)


def _silence(case: Case, line: Timeline, book: str, calendar: Calendar) -> Deadline:
    return Deadline(case.id, book, SILENCE, case.version, coming(line, calendar, case_rules()))


def _row(case: Case, clock: str, book: str, after: datetime, calendar: Calendar) -> Deadline:
    running, due = case.clocks.get(clock), case.dues.get(clock)
    provisional = due is not None and due.provisional and running is not None and running.stopped is None
    rung = ladder.next_rung(case, clock, calendar, escalation_days(), after)
    return Deadline(case.id, book, clock, case.version, rung, provisional)


def _recorded(case: Case) -> tuple[tuple[datetime, datetime], ...]:
    stamps = ((node.at, node.evidence.get("recorded_at")) for node in case.nodes)
    return tuple((at, datetime.fromtimestamp(stamp, tz=UTC)) for at, stamp in stamps if isinstance(stamp, int))


def _facts_of(found: Iterable[Finding]) -> list[Fact]:
    return [fact.of_finding(each, all_rules()[each.rule].severity) for each in found]


def _rungs(case: Case, until: datetime, calendar: Calendar) -> list[Finding]:
    rules = all_rules()
    found = ladder.reached(case, calendar, escalation_days(), until)
    return [finding for finding in found if rules[finding.rule].disabled is None]


def _rungs_since(case: Case, law: Law, now: datetime) -> list[Finding]:
    """The rungs reached after the last step. Those before it are found by whoever follows the steps, of the case as it
    was then."""
    calendar = registry.current_calendar()
    found = [finding for finding in _rungs(case, now, calendar) if finding.at > case.nodes[-1].at]
    states = accumulate(case.nodes, lambda before, node: advance(before, node, law), initial=unfolded(case))
    return _first_time(found, list(states)[1:], calendar)


def _first_time(found: list[Finding], states: Sequence[Case], calendar: Calendar) -> list[Finding]:
    """The rungs among `found`, in order, that were not reached by the last of `states`, one after each step so far,
    each under the dates of its time: a date that is moved when its light is on does not put it on again."""
    ends = [*(state.nodes[-1].at for state in states[1:]), *(state.nodes[-1].at for state in states[-1:])]
    known = (_rungs(state, until, calendar) for state, until in zip(states, ends, strict=True))
    keys = {finding.key for rungs in known for finding in rungs} if found else set()
    firsts = {finding.key: finding for finding in reversed(found) if finding.key not in keys}
    return [finding for finding in found if firsts.get(finding.key) is finding]


def _silenced(case: Case, law: Law, now: datetime) -> list[Finding]:
    """What the rules see at `now` and did not see at the last step."""
    return _judged(case, timeline(case, law, now), law, registry.current_calendar())


def _judged(before: Case | None, line: Timeline, law: Law, calendar: Calendar) -> list[Finding]:
    """What the rules see of a case and did not see of `before` at its last step. What is dated later is new, and in a
    case of our own what is dated earlier is not; only of the rest `before` itself is asked."""
    found = list(judge(line, calendar, case_rules()).findings)
    if not found or before is None:
        return found
    last = before.nodes[-1].at
    doubtful = [each for each in found if each.at == last or (before.observed and each.at < last)]
    known = judge(timeline(before, law), calendar, case_rules()).findings if doubtful else ()
    keys = {each.key for each in known}
    return [each for each in found if each.at > last or (each in doubtful and each.key not in keys)]


@cache
def case_rules() -> tuple[Rule, ...]:
    """The rules in force that look at one case."""
    return tuple(rule for rule in all_rules().values() if rule.scope == "case" and rule.disabled is None)


def _deadlines(before: Case | None, after: Case, book: str, calendar: Calendar) -> Iterator[Deadline]:
    """A row for each clock that this change touched, one without an occasion for each that is gone."""
    at, old = after.nodes[-1].at, before.clocks if before else {}
    for name in sorted({*old, *after.clocks}):
        same = before is not None and after.clocks.get(name) == old.get(name)
        if not (same and before and after.dues.get(name) == before.dues.get(name)):
            yield _row(after, name, book, at, calendar)


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
    evidence = {"finding": finding.key}
    about, organisation = finding.subject, finding.organisation
    orders.open_order(kind, order.cause(finding), about=about, organisation=organisation, at=at, evidence=evidence)


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
