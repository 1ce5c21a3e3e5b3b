"""The rows that are timed: what each sets against what. Imported when the environment stands.

This module must not decide what is too much.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

from app import app
from chalicelib.domain import engine
from chalicelib.domain.authority import Identity, Kind, Line, Post
from chalicelib.domain.case import Node, unfolded
from chalicelib.domain.folding import fold
from chalicelib.domain.supervision.judging import judge
from chalicelib.domain.supervision.of_case import timeline
from chalicelib.domain.wish import Wish
from chalicelib.rules import all_rules
from chalicelib.services import casework, registry, supervision
from chalicelib.store import changes
from tests.bench import floors
from tests.bench.first import Context
from tests.bench.timing import Compared, compare, compared
from tests.domain.rules import measure

ROOT = Path(__file__).parents[2]
STARTS = 9  # fresh processes of each kind


def transition(recorded: dict[str, Any]) -> Compared:
    """One transition through the app's handler, against get and update by PynamoDB alone."""
    with _quiet():
        return compare(lambda: _ask(recorded["step"]), lambda: floors.step(recorded["case"]), calls=10)


def queue_page(recorded: dict[str, Any]) -> Compared:
    """One page of the queue through the app's handler, against the query by PynamoDB alone."""
    most = int(recorded["page"]["multiValueQueryStringParameters"]["limit"][0])
    with _quiet():
        shown = json.loads(_ask(recorded["page"])["body"])["items"]
        assert len(shown) == len(floors.page(recorded["organisation"], most)) == most
        return compare(lambda: _ask(recorded["page"]), lambda: floors.page(recorded["organisation"], most), calls=10)


def _ask(event: dict[str, Any]) -> Any:
    answer = app(event, Context())
    assert answer["statusCode"] == 200, answer
    return answer


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Log lines are written, and go nowhere."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def engine_step(recorded: dict[str, Any]) -> Compared:
    """Every step of the recorded history taken anew by the engine, against JSON and SHA-256 of the same nodes."""
    known = casework.find(recorded["case"])
    assert known is not None
    calendar = registry.current_calendar()
    before = [fold(unfolded(known.case), known.case.nodes[:n], known.law) for n in range(1, known.case.version)]
    wishes = [_wish(node) for node in known.case.nodes[1:]]
    documents = [plain(node) for node in known.case.nodes[1:]]

    def ours() -> None:
        for case, wish in zip(before, wishes, strict=True):
            engine.take(case, wish, known.law, calendar)

    def floor() -> None:
        for document in documents:
            hashlib.sha256(json.dumps(document, sort_keys=True).encode()).digest()

    return compare(ours, floor, calls=100)


def _wish(node: Node) -> Wish:
    who = Identity(node.actor, Kind.staff, "330203", frozenset(Post), frozenset(Line))
    return Wish(node.action, who, node.at, node.request, node.digest, node.evidence)


def plain(node: Node) -> dict[str, Any]:
    """The node as JSON can hold it."""
    return {
        "action": node.action,
        "at": node.at.astimezone(UTC).isoformat(),
        "actor": node.actor,
        "request": node.request.hex(),
        "digest": node.digest.hex(),
        "evidence": {name: list(v) if isinstance(v, tuple) else v for name, v in node.evidence.items()},
        "dues": {name: due and [due.last.isoformat(), due.provisional] for name, due in node.dues.items()},
        "chain": node.chain.hex(),
    }


def reaction() -> tuple[Compared, Compared]:
    """A batch of a hundred records, half of them of cases in which rules find something, against `json.loads` of it.

    First: each record read from the wire, and every rule of one case, those of its limits too, asked of its history.
    Then all that the reaction does but to put what follows: besides, the history is folded at every step, what silence
    will bring is foretold, and facts, findings and deadlines are made."""
    cases, law, calendar = measure.batch(20, 170), registry.law("hotel-licence@1"), registry.current_calendar()
    records = [measure.record(case) for case in cases]
    text = json.dumps({"Records": records})
    rules = [rule for rule in all_rules().values() if rule.scope != "cross" and rule.disabled is None]

    def judged() -> None:
        for record in records:
            change = changes.of_record(record)
            assert change is not None
            case = replace(change.stored.blank, nodes=change.stored.nodes)
            judge(timeline(case, law), calendar, rules)

    def followed() -> None:
        for record in records:
            change = changes.of_record(record)
            assert change is not None
            supervision.outcome(change.stored, change.before, supervision.CASES)

    return compare(judged, lambda: json.loads(text), calls=1), compare(followed, lambda: json.loads(text), calls=1)


def first_transition(source: Path) -> tuple[Compared, int]:
    """Fresh processes in turn, and the modules that ours had loaded in the end."""
    pairs, modules = [], 0
    for _ in range(STARTS + 1):
        ours, floor = _started(source, "ours"), _started(source, "floor")
        pairs.append((ours["cpu"], floor["cpu"]))
        modules = ours["modules"]
    return compared(pairs[1:]), modules


def _started(source: Path, what: str) -> Any:
    command = [sys.executable, "-m", "tests.bench.first", str(source), what]
    # both sides compiled: the libraries are since they were installed, ours is after the round that warms up
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])
