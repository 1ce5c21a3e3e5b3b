"""A case of this platform as a timeline. Nothing is folded, no calendar asked: what a step set stands in its node.

The dates of the case as a whole (statutory, promised) become terms; the rungs of its clocks, stages included, are asked
of the clocks themselves (`ladder`). This module must not judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.case import Case, Law, Node
from chalicelib.domain.clocks import Due
from chalicelib.domain.procedure import BACK, Action, Procedure
from chalicelib.domain.supervision.timeline import Event, Term, Timeline

NOT_RECORDED = "not-recorded"  # stands in an observed step for somebody whom its source does not name
SYSTEM = "system:"  # begins the name of an account that is nobody's, in an observed step
_WHOLE = ("statutory", "promised")
_LAST = 999_999  # dates are kept in seconds, and a second is in time to its end


@dataclass(frozen=True, slots=True)
class Effect:
    """What a step does whatever state it is taken in: the clocks it starts and stops, whether it closes the case, the
    result it gives, and whether only the platform takes it."""

    starts: tuple[str, ...]
    stops: tuple[str, ...]
    closes: bool
    result: str | None
    automatic: bool


_known: dict[int, tuple[Procedure, Mapping[str, Effect]]] = {}  # by identity: a procedure is not hashable


def timeline(case: Case, law: Law, at: datetime | None = None) -> Timeline:
    """What happened to `case` by `at` (None: its last step). KeyError for a step that its procedure does not have."""
    effects = _effects(law.procedure)
    closed = next((node for node in case.nodes if effects[node.action].closes), None)
    return Timeline(
        case_id=case.id,
        organisation=case.organisation,
        at=at or case.nodes[-1].at,
        events=tuple(_events(case, effects)),
        terms=tuple(_terms(case, effects, closed)),
        item=law.item,
        form=law.item.form,
        channel=case.channel,
        applicant=case.applicant or None,
        ended=closed.at if closed else None,
        result=_result(case, effects, closed),
        observed=case.observed,
    )


def _events(case: Case, effects: Mapping[str, Effect]) -> Iterator[Event]:
    request = None
    for node in case.nodes:
        evidence, actor = node.evidence, node.actor
        yield Event(
            node.action,
            node.at,
            None if actor == NOT_RECORDED else actor,
            evidence,
            str(evidence.get("activity", "")) if case.observed else "",
            _text(evidence.get("seat")),
            False,
            effects[node.action].automatic or actor.startswith(SYSTEM),
            node.request == request,
        )
        request = node.request


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _terms(case: Case, effects: Mapping[str, Effect], closed: Node | None) -> Iterator[Term]:
    """Each date that a step set, up to the step that moved it or stopped its clock. A clock that starts again and comes
    to its old date does not say so in its node."""
    latest: dict[str, Due] = {}
    running: dict[str, tuple[Due, datetime]] = {}
    for node in case.nodes:
        starts, stops = (effects[node.action].starts, effects[node.action].stops) if not case.observed else ((), ())
        for clock in _WHOLE:
            if clock in running and (clock in node.dues or clock in stops or node is closed):
                yield _term(case, clock, *running.pop(clock), ended=node.at)
            due = node.dues.get(clock) or (latest.get(clock) if clock in starts else None)
            if due:
                latest[clock] = due
                running[clock] = (due, node.at)
    for clock, (due, since) in running.items():
        yield _term(case, clock, due, since, ended=None)


def _term(case: Case, clock: str, due: Due, since: datetime, ended: datetime | None) -> Term:
    told = None if case.observed else since
    return Term(clock, due.last.replace(microsecond=_LAST), ended, False, due.provisional, told)


def _result(case: Case, effects: Mapping[str, Effect], closed: Node | None) -> str | None:
    result = None
    for node in case.nodes:
        result = effects[node.action].result or result
        if node is closed and case.observed:
            break
    return result


def _effects(procedure: Procedure) -> Mapping[str, Effect]:
    known = _known.get(id(procedure))
    if known is None or known[0] is not procedure:
        known = _known[id(procedure)] = procedure, {row.name: effect(procedure, row) for row in procedure.actions}
    return known[1]


def effect(procedure: Procedure, row: Action) -> Effect:
    """What a row of a table does; rows of one action differ in where they lead from, not in this."""
    entered = procedure.states[row.target] if row.target not in (None, BACK) else None
    return Effect(
        starts=tuple(clock for clock in row.clocks.get("start", ()) if clock in _WHOLE),
        stops=tuple(clock for clock in row.clocks.get("stop", ()) if clock in _WHOLE),
        closes=entered is not None and entered.closed,
        result=entered.result if entered else None,
        automatic=row.who.system and not row.who.posts and not row.who.applicant,
    )
