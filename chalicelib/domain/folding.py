"""What the nodes of a case add up to: its state, clocks, result, and who did what.

Folding all nodes from a case without any gives the case; `advance` adds one. What is recorded is taken as true:
whether a step may be taken was decided before. No tables, no HTTP, no wall clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.domain import clocks as clockwork
from chalicelib.domain import organisation
from chalicelib.domain.calendar import end_of_day
from chalicelib.domain.case import Case, Evidence, Law, Node, unfolded
from chalicelib.domain.clocks import Clock, Limit, Unit
from chalicelib.domain.item import Item, Text
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.domain.procedure import BACK, SUBMIT, Action, Procedure, Stage
from chalicelib.domain.wish import Wish


def fold(blank: Case, nodes: Iterable[Node], law: Law) -> Case:
    """The case that `nodes` add up to, from one without any."""
    case = blank
    for node in nodes:
        case = advance(case, node, law)
    return case


def advance(case: Case, node: Node, law: Law) -> Case:
    """`case` with one more node. It takes what is recorded as true: guards were asked before."""
    row = edge(case, node.action, law.procedure)
    return stepped(case, node, row, law, clocks_after(case, node, row, law))


def step_names(case: Case, law: Law) -> tuple[Text, ...]:
    """What each step of a case is called: an action may have several rows, by the state from which it was taken. From
    where the nodes do not add up, by the first row of that name; what is no action stands for itself."""
    rows: list[Action | None] = [next(iter(law.procedure.rows(node.action)), None) for node in case.nodes]
    before = unfolded(case)
    for place, node in enumerate(case.nodes):
        try:
            rows[place] = edge(before, node.action, law.procedure)
            before = advance(before, node, law)
        except (KeyError, ValueError):  # a history that was touched
            break
    taken = zip(case.nodes, rows, strict=True)
    return tuple(row.text if row else Text(node.action, node.action) for node, row in taken)


def clocks_after(case: Case, step: Node | Wish, row: Action, law: Law) -> Mapping[str, Clock]:
    """The clocks of `case` as they run when `step`, wished or recorded, has been taken by `row`."""
    return _clocks(case, step, row, target(case, row, law.procedure), law)


def stepped(case: Case, node: Node, row: Action, law: Law, clocks: Mapping[str, Clock]) -> Case:
    """`advance`, where the row and the clocks after it are known already."""
    state = target(case, row, law.procedure)
    entered = law.procedure.states[state]
    closed_at = case.closed_at or (node.at if entered.closed else None)
    handler, holder, line = _hands(case, node, row)
    return Case(
        *case.constants,
        nodes=(*case.nodes, node),
        state=state,
        handler=handler,
        holder=holder,
        line=line,
        paused_in=case.state if row.clocks.get("pause") else case.paused_in,
        result=entered.result or case.result,
        closed_at=closed_at,
        materials=_int(node.evidence.get("materials"), case.materials),
        clocks=clocks,
        dues={name: node.dues.get(name, case.dues.get(name)) for name in clocks},
        actors={**case.actors, node.action: node.actor},
    )


def edge(case: Case, action: str, procedure: Procedure) -> Action:
    """The row of the table that `action` follows here. An observed case may follow a row from any state:
    what happened elsewhere is recorded as it was. KeyError where the procedure has no such action."""
    row = procedure.find(action, case.state or None)
    if row is None and case.observed:
        row = next(iter(procedure.rows(action)), None)
    if row is None:
        raise KeyError(action)
    return row


def target(case: Case, row: Action, procedure: Procedure) -> str:
    """The state that a row leads to; a late step of an observed case that is closed neither reopens it nor gives
    it another result."""
    if row.target is None:
        return case.state
    state = (case.paused_in or case.state) if row.target == BACK else row.target
    entered = procedure.states[state]
    if case.observed and case.closed_at and (entered.result or not entered.closed):
        return case.state
    return state


@dataclass(frozen=True, slots=True)
class Deemed:
    """The state that the law deems a case to be in, and since when."""

    state: str
    since: datetime


def deemed(case: Case, at: datetime, law: Law) -> Deemed | None:
    """Where the law deems the case to be further than its state says, as `at` stands; None where it does not.

    行政许可法 art. 32(4): whoever is not told within five working days counts as accepted from the day on which the
    materials came in. Art. 50 and 集会游行示威法 art. 9: no decision by the day that the law names is a grant. Both
    follow from the clock and are not written; the next step records what they meant.
    """
    if not case.state or case.observed:
        return None
    state = law.procedure.states[case.state]
    stage, due = case.clocks.get("stage"), case.dues.get("stage")
    if state.deemed and stage and due and at > due.last:
        return Deemed(state.deemed, stage.start)
    if state.silence and law.item.silence == "deemed_grant":
        decided_by = last_to_decide(case, law.item)
        if decided_by and at > decided_by:
            return Deemed(state.silence, decided_by)
    return None


def last_to_decide(case: Case, item: Item) -> datetime | None:
    """The last instant for a decision before the event that the applicant named; None where no law names one."""
    if item.event.decide is None or not case.nodes:
        return None
    event = case.nodes[0].evidence.get("event")
    if not isinstance(event, str):
        return None
    return end_of_day(date.fromisoformat(event) - timedelta(days=item.event.decide.amount))


def _hands(case: Case, node: Node, row: Action) -> tuple[str, str, str]:
    """Who handles the case, who holds it, and for which line, once `node` is taken."""
    handler, holder = case.handler or case.organisation, case.holder or case.organisation
    match row.passes:
        case "up" | "assigner":
            return handler, str(node.evidence.get("to_organisation", holder)), case.line
        case "parent":
            return handler, organisation.parent(handler) or handler, case.line
        case "named":
            to = str(node.evidence.get("to_organisation", handler))
            return to, to, str(node.evidence.get("to_line", case.line))
        case "home":
            return handler, handler, case.line
        case _:
            return handler, holder, case.line


def _int(value: Evidence | None, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _clocks(case: Case, step: Node | Wish, row: Action, state: str, law: Law) -> Mapping[str, Clock]:
    clocks = dict(case.clocks)
    if case.observed:
        return _observed_clocks(clocks, case, step, law.procedure.states[state].closed)
    since = deemed(case, step.at, law)
    start = since.since if since and since.state == state else step.at
    for name in row.clocks.get("start", ()):
        limit = law.item.statutory if name == "statutory" else law.item.promised
        if limit is not None:
            clocks[name] = Clock(name, start, limit, no_later=last_to_decide(case, law.item))
    for effect, names in row.clocks.items():
        for name in names:
            if name in clocks and clocks[name].stopped is None:
                clocks[name] = _changed(clocks[name], effect, step, law.item)
    return _with_stage(clocks, case, step.action, start, row, state, law)


def _changed(clock: Clock, effect: str, step: Node | Wish, item: Item) -> Clock:
    """The clock after an effect of the row; the same where the effect does not touch it."""
    match effect:
        case "pause" if clock.name in _stops(step):
            return clockwork.pause(clock, str(step.evidence["pause_class"]), step.at)
        case "resume" if clockwork.paused(clock):
            return clockwork.resume(clock, step.at)
        case "stop":
            return clockwork.stop(clock, step.at)
        case "extend" if item.extension and item.extension.unit == clock.limit.unit:
            days = _int(step.evidence.get("days"), 0)
            return clockwork.extend(clock, Limit(days, clock.limit.unit, item.extension.basis))
        case "complex" if item.complex and step.evidence.get("complexity") == "complex":
            return replace(clock, limit=item.complex)
        case _:
            return clock


def _stops(step: Node | Wish) -> frozenset[str]:
    found = PAUSE_CLASSES.get(str(step.evidence.get("pause_class", "")))
    return found.stops if found else frozenset()


def _with_stage(
    clocks: dict[str, Clock], case: Case, action: str, start: datetime, row: Action, state: str, law: Law
) -> Mapping[str, Clock]:
    """The stage clock begins anew with each state that has a limit; a pause keeps it for the return."""
    keeps = row.clocks.get("pause", ()) + row.clocks.get("resume", ())
    if state == case.state or "stage" in keeps:
        return clocks
    clocks.pop("stage", None)
    stage = law.procedure.states[state].stage
    limit = _stage_limit(stage, law.item) if stage else None
    if stage and limit:
        since = [n.at for n in case.nodes if n.action in stage.since]
        begins = start if action in stage.since or not since else since[-1]
        clocks["stage"] = Clock("stage", begins, limit)
    return clocks


def _stage_limit(stage: Stage, item: Item) -> Limit | None:
    """The limit that the table gives, or that of the lower of the item's two levels."""
    return stage.limit or (item.two_level.limit if item.two_level else None)


def _observed_clocks(clocks: dict[str, Clock], case: Case, step: Node | Wish, closed: bool) -> Mapping[str, Clock]:
    """An observed case has the due date that it was told, and no other clock."""
    told = step.evidence.get("due")
    if step.action == SUBMIT and isinstance(told, int):
        due = datetime.fromtimestamp(told, tz=step.at.tzinfo)
        clocks["promised"] = Clock("promised", step.at, Limit(0, Unit.calendar_day), told=due)
    running = clocks.get("promised")
    if running and running.stopped is None and closed and case.closed_at is None:
        clocks["promised"] = clockwork.stop(running, max(step.at, running.start))
    return clocks
