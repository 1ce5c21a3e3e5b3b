"""A case (办件): its constants and its nodes (流程节点), and what they add up to.

A case is what its nodes say. `advance` adds one node; folding all of them from `blank` gives state, clocks,
result and who did what, so a head that is stored is only a copy of a fold. Nodes are chained by hash.
Whether a step may be taken is the business of `chalicelib.domain.engine`. No tables, no HTTP, no wall clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.domain import clocks as clockwork
from chalicelib.domain.clocks import PAUSE_CLASSES, Clock, Due, Limit, Unit
from chalicelib.domain.item import Item
from chalicelib.domain.procedure import BACK, SUBMIT, Action, Procedure

Evidence = str | int | bytes | tuple[str, ...]
CHAIN_BYTES = 16
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Law:
    """What a case is judged by: the item and procedure versions that it pinned at intake."""

    item: Item
    procedure: Procedure


@dataclass(frozen=True, slots=True)
class Node:
    """One step as it was recorded.

    `request` and `digest` name the request that made it (so a retry is recognised in the item itself);
    `evidence` holds short texts, numbers, and the digest of any long text; `dues` the dates that this step
    set or changed (None: the clock stands still); `dossier` commits to the personal data then on file.
    """

    action: str
    at: datetime
    actor: str
    request: bytes
    digest: bytes
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    dues: Mapping[str, Due | None] = field(default_factory=dict)
    dossier: bytes | None = None
    chain: bytes = b""


@dataclass(frozen=True, slots=True)
class Case:
    """A case at a version. The first block never changes; the second is what the nodes add up to."""

    id: str
    item: str  # id@version
    organisation: str
    channel: str
    applicant: str  # blind index; no personal data
    taken_at: str  # the window or organisation where it came in; "" online
    observed: bool
    received: datetime

    nodes: tuple[Node, ...] = ()
    state: str = ""
    paused_in: str = ""  # the state to which a resumption returns
    result: str | None = None
    closed_at: datetime | None = None
    materials: int = 0  # bitmap over the item's material list
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    dues: Mapping[str, Due | None] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)  # action → who took it last

    @property
    def version(self) -> int:
        """The number of recorded steps; what ETag and If-Match carry."""
        return len(self.nodes)

    @property
    def chain(self) -> bytes:
        """The hash that commits to the whole history so far."""
        return self.nodes[-1].chain if self.nodes else genesis(self)

    def due(self) -> Due | None:
        """What is due first of the running clocks; None while nothing runs."""
        running = [self.dues[n] for n, c in self.clocks.items() if c.stopped is None and self.dues.get(n)]
        return min((d for d in running if d), key=lambda d: d.last, default=None)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def genesis(case: Case) -> bytes:
    """The first link: commits to the constants, and not to the blind index, whose key may be rotated."""
    constants = [case.id, case.item, case.organisation, case.channel, case.taken_at]
    text = json.dumps([*constants, case.observed, _ms(case.received)], separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()[:CHAIN_BYTES]


def link(before: bytes, node: Node) -> bytes:
    """The hash of `node` chained to what stood `before`: SHA-256 over a canonical text, 16 bytes kept."""
    content = [
        node.action,
        _ms(node.at),
        node.actor,
        node.request.hex(),
        node.digest.hex(),
        {k: {"digest": v.hex()} if isinstance(v, bytes) else v for k, v in node.evidence.items()},
        {k: v and [int(v.last.timestamp()), v.provisional] for k, v in node.dues.items()},
        node.dossier.hex() if node.dossier else None,
    ]
    return hashlib.sha256(before + _CANONICAL.encode(content).encode()).digest()[:CHAIN_BYTES]


def unfolded(case: Case) -> Case:
    """The constants of a case, without any node."""
    return Case(
        case.id,
        case.item,
        case.organisation,
        case.channel,
        case.applicant,
        case.taken_at,
        case.observed,
        case.received,
    )


def fold(blank: Case, nodes: Iterable[Node], law: Law) -> Case:
    """The case that `nodes` add up to, from one without any."""
    case = blank
    for node in nodes:
        case = advance(case, node, law)
    return case


def broken_link(case: Case) -> int | None:
    """The number of the first node whose hash does not hold; None when the history is whole."""
    before = genesis(case)
    for number, node in enumerate(case.nodes, start=1):
        if link(before, node) != node.chain:
            return number
        before = node.chain
    return None


def advance(case: Case, node: Node, law: Law) -> Case:
    """`case` with one more node. It takes what is recorded as true: guards were asked before."""
    return stepped(case, node, law, clocks_after(case, node, law))


def clocks_after(case: Case, node: Node, law: Law) -> Mapping[str, Clock]:
    """The clocks of `case` as they run when `node` has been taken."""
    row = edge(case, node.action, law.procedure)
    return _clocks(case, node, row, target(case, row, law.procedure), law)


def stepped(case: Case, node: Node, law: Law, clocks: Mapping[str, Clock]) -> Case:
    """`advance`, where `clocks_after` is known already."""
    row = edge(case, node.action, law.procedure)
    state = target(case, row, law.procedure)
    entered = law.procedure.states[state]
    closed_at = case.closed_at or (node.at if entered.closed else None)
    return replace(
        case,
        nodes=(*case.nodes, node),
        state=state,
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


def deemed_since(case: Case, at: datetime, procedure: Procedure) -> datetime | None:
    """Since when the law deems the case to be further than its state says, as `at` stands; None where it does not.

    行政许可法 art. 32(4): whoever is not told within five working days counts as accepted from the day on which the
    materials came in. It follows from the clock and is not written; the next step records what it meant.
    """
    stage, due = case.clocks.get("stage"), case.dues.get("stage")
    if not case.state or procedure.states[case.state].deemed is None or stage is None or due is None:
        return None
    return stage.start if at > due.last else None


def _int(value: Evidence | None, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _clocks(case: Case, node: Node, row: Action, state: str, law: Law) -> Mapping[str, Clock]:
    clocks = dict(case.clocks)
    if case.observed:
        return _observed_clocks(clocks, case, node, law.procedure.states[state].closed)
    deemed = deemed_since(case, node.at, law.procedure)
    start = deemed if deemed and law.procedure.states[case.state].deemed == state else node.at
    for name in row.clocks.get("start", ()):
        limit = law.item.statutory if name == "statutory" else law.item.promised
        if limit is not None:
            clocks[name] = Clock(name, start, limit)
    pausable = _stops(node) & set(row.clocks.get("pause", ()))
    for name, clock in list(clocks.items()):
        if clock.stopped is not None:
            continue
        if name in pausable:
            clocks[name] = clockwork.pause(clock, str(node.evidence["pause_class"]), node.at)
        if name in row.clocks.get("resume", ()) and clockwork.paused(clock):
            clocks[name] = clockwork.resume(clock, node.at)
        if name in row.clocks.get("stop", ()):
            clocks[name] = clockwork.stop(clock, node.at)
        if name in row.clocks.get("extend", ()) and law.item.extension and _extends(clock, law.item.extension):
            clocks[name] = clockwork.extend(
                clock, Limit(_int(node.evidence.get("days"), 0), clock.limit.unit, law.item.extension.basis)
            )
    return _with_stage(clocks, case, node, row, state, law.procedure)


def _stops(node: Node) -> frozenset[str]:
    found = PAUSE_CLASSES.get(str(node.evidence.get("pause_class", "")))
    return found.stops if found else frozenset()


def _extends(clock: Clock, extension: Limit) -> bool:
    return clock.limit.unit == extension.unit


def _with_stage(
    clocks: dict[str, Clock], case: Case, node: Node, row: Action, state: str, procedure: Procedure
) -> Mapping[str, Clock]:
    """The stage clock begins anew with each state that has a limit; a pause keeps it for the return."""
    keeps = row.clocks.get("pause", ()) + row.clocks.get("resume", ())
    if state == case.state or "stage" in keeps:
        return clocks
    clocks.pop("stage", None)
    stage = procedure.states[state].stage
    if stage is not None:
        since = [n.at for n in case.nodes if n.action in stage.since]
        start = node.at if node.action in stage.since or not since else since[-1]
        clocks["stage"] = Clock("stage", start, stage.limit)
    return clocks


def _observed_clocks(clocks: dict[str, Clock], case: Case, node: Node, closed: bool) -> Mapping[str, Clock]:
    """An observed case has the due date that it was told, and no other clock."""
    told = node.evidence.get("due")
    if node.action == SUBMIT and isinstance(told, int):
        due = datetime.fromtimestamp(told, tz=node.at.tzinfo)
        clocks["promised"] = Clock("promised", node.at, Limit(0, Unit.calendar_day), told=due)
    running = clocks.get("promised")
    if running and running.stopped is None and closed and case.closed_at is None:
        clocks["promised"] = clockwork.stop(running, max(node.at, running.start))
    return clocks
