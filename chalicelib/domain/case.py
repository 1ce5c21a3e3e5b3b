"""A case (办件): its constants and its nodes (流程节点), and what they add up to.

A case is what its nodes say: `chalicelib.domain.folding` adds them up, `chalicelib.domain.engine` decides whether one
may be added. Nodes are chained by hash, so that a history that was touched is told. No tables, no HTTP, no wall clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.calendar import legal_day
from chalicelib.domain.clocks import Clock, Due
from chalicelib.domain.item import Item
from chalicelib.domain.procedure import Procedure

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
    agent: str = ""  # blind index of an agent with an account
    about: str = ""  # what an order is about: a case's number

    nodes: tuple[Node, ...] = ()
    state: str = ""
    handler: str = ""  # 承办单位: `organisation`, or the one to which it was transferred
    holder: str = ""  # in whose hands it lies: the handler, or the level above that decides
    line: str = ""  # 警种 to which it was transferred; "" the item's
    paused_in: str = ""  # the state to which a resumption returns
    result: str | None = None
    closed_at: datetime | None = None
    materials: int = 0  # bitmap over the item's material list
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    dues: Mapping[str, Due | None] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)  # action → who took it last

    @property
    def constants(self) -> tuple[str, str, str, str, str, str, bool, datetime, str, str]:
        """The first block, in its order."""
        return (
            self.id,
            self.item,
            self.organisation,
            self.channel,
            self.applicant,
            self.taken_at,
            self.observed,
            self.received,
            self.agent,
            self.about,
        )

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
    about = [case.about] if case.about else []
    text = json.dumps([*constants, case.observed, _ms(case.received), *about], separators=(",", ":"))
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


def sealed(node: Node, before: bytes) -> Node:
    """The node with its hash, chained to what stood `before`."""
    return Node(
        node.action,
        node.at,
        node.actor,
        node.request,
        node.digest,
        node.evidence,
        node.dues,
        node.dossier,
        link(before, node),
    )


def unfolded(case: Case) -> Case:
    """The constants of a case, without any node."""
    return Case(*case.constants)


def holders(case: Case) -> frozenset[str]:
    """Every organisation in whose hands the case was, as its nodes tell it."""
    passed = (node.evidence.get("to_organisation") for node in case.nodes)
    return frozenset({case.organisation, *(code for code in passed if isinstance(code, str))})


def agent_may(case: Case, at: datetime) -> frozenset[str]:
    """What the agent on record may do at `at`: some of authority.AGENT_MAY; nothing where there is none, or the
    authority has ended."""
    first = case.nodes[0].evidence if case.nodes else {}
    may, until = first.get("agent"), first.get("agent_until")
    if not isinstance(may, tuple) or (isinstance(until, str) and legal_day(at).isoformat() > until):
        return frozenset()
    return frozenset(may)


def broken_link(case: Case) -> int | None:
    """The number of the first node whose hash does not hold; None when the history is whole."""
    before = genesis(case)
    for number, node in enumerate(case.nodes, start=1):
        if link(before, node) != node.chain:
            return number
        before = node.chain
    return None
