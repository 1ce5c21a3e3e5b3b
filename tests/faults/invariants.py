"""What must hold after every schedule, whatever went wrong in it. Each check raises Violation with what it found.

The tables are looked at as they are, and the history through the platform's own reading. This module must not know
how the schedule went, only what was answered.
"""

from __future__ import annotations

import base64
import importlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.case import Case, Node
from chalicelib.errors import BrokenHistory
from infra.local.dynamo_rows import Key, Row
from tests.faults.clients import Entry, Ledger
from tests.faults.stage import Violation
from tests.faults.town import Town
from tests.support import town as people

SECRETS = (people.ID_NUMBER, people.PHONE, people.NAME, people.CONTACT)
APART = (("accept", "grant"), ("accept", "deny"))
POOL = Identity("auditor", Kind.system, None, frozenset(), frozenset())
Tables = Mapping[str, Mapping[Key, Row]]


def hold(town: Town, ledger: Ledger, before: Tables) -> None:
    """All of it; `before` is what the tables held when the schedule began."""
    cases = dict(_cases(town))
    for case in cases.values():
        _require_whole(town, case)
        _require_four_eyes(case)
        _require_no_orphan_parts(town, case)
    _require_requests_with_cases(town, cases)
    for entry in ledger.entries:
        _require_one_answer(entry)
    _require_each_once(ledger, cases, before)
    _require_same_again(town, ledger)
    _require_nothing_personal(town, ledger, cases, before)


def require(held: bool, what: str) -> None:
    """Violation, unless it held."""
    if not held:
        raise Violation(what)


def _cases(town: Town) -> Iterator[tuple[str, Case]]:
    """Every case, folded from its history; a history with an impossible step adds up to nothing."""
    casework = _module("casework")
    for (number,) in town.cloud.tables["CasesTable"].rows:
        try:
            yield number, casework.find(number).case
        except BrokenHistory as error:
            raise Violation(f"case {number} took an impossible step") from error


def _require_whole(town: Town, case: Case) -> None:
    casework, store = _module("casework"), importlib.import_module("chalicelib.store.cases")
    history = _module("reading").history(case.id, POOL, case.nodes[-1].at)
    require(history.verified, f"case {case.id} does not verify: broken at {history.broken_at}, {history.dossiers}")
    require(set(history.dossiers.values()) <= {"intact"}, f"case {case.id} lacks a dossier: {history.dossiers}")
    known = casework.find(case.id)
    head = store.BOOK.row_of(case, queued=casework.queued(known), kept=casework.remembered(known.law)).serialize()
    stored = town.cloud.tables["CasesTable"].rows[(case.id,)].item
    found = {name: (value, head.get(name)) for name, value in _plain(stored).items() if value != _plain(head).get(name)}
    require(_plain(stored) == _plain(head), f"case {case.id} is not what its history says: {found}")
    extended = [node.action for node in case.nodes].count("extend")
    require(extended <= 1, f"case {case.id} was extended {extended} times")
    for digest in _digests(case.nodes):
        require(digest in history.texts, f"case {case.id} lacks a text: {digest.hex()}")


def _require_four_eyes(case: Case) -> None:
    if not case.item.startswith("hotel-licence@"):
        return
    took: dict[str, str] = {}
    for node in case.nodes:
        for first, second in APART:
            same = node.action == second and took.get(first) == node.actor
            require(not same, f"case {case.id}: {node.actor} took {first} and {second}")
        took[node.action] = node.actor


def _require_no_orphan_parts(town: Town, case: Case) -> None:
    committed = {f"form#{number:03d}" for number, node in enumerate(case.nodes, start=1) if node.dossier}
    rows = town.cloud.tables["DossiersTable"].rows
    parts = {part for number, part in rows if number == case.id and part.startswith("form#")}
    require(parts == committed, f"case {case.id} has the parts {sorted(parts)} and committed to {sorted(committed)}")


def _require_requests_with_cases(town: Town, cases: Mapping[str, Case]) -> None:
    found = Counter(row.item["case_id"]["S"] for row in town.cloud.tables["RequestsTable"].rows.values())
    require(found == Counter(list(cases)), f"request rows {dict(found)} do not match the cases {sorted(cases)}")
    forms = {number for number, part in town.cloud.tables["DossiersTable"].rows if part.startswith("form#")}
    require(forms <= set(cases), f"dossiers without a case: {forms - set(cases)}")


def _require_one_answer(entry: Entry) -> None:
    given = {(reply.status, reply.body, reply.headers["etag"]) for reply in entry.acknowledged}
    told = [(reply.status, reply.body.decode()) for reply in entry.replies]
    require(len(given) <= 1, f"{entry.request} was answered in two ways: {told}")
    once = not entry.acknowledged or len(entry.acknowledged) == len(entry.replies)
    require(once, f"{entry.request} was refused and acknowledged: {told}")


def _require_each_once(ledger: Ledger, cases: Mapping[str, Case], before: Tables) -> None:
    """The histories hold what was acknowledged, each once, and nothing beside it."""
    expected: Counter[tuple[str, int]] = Counter()
    for entry in ledger.entries:
        for reply in entry.acknowledged[:1]:
            answer = reply.json()
            case, version = answer["case_id"], answer["version"]
            first = 1 if entry.request.version is None else version
            expected.update((case, number) for number in range(first, version + 1))
            require(case in cases and len(cases[case].nodes) >= version, f"{entry.request}: acknowledged, then lost")
            _require_node(entry, cases[case].nodes[version - 1], answer)
    expected.update((number, version) for number, version in _begun(before))
    found = Counter((case.id, number) for case in cases.values() for number in range(1, case.version + 1))
    require(found == expected, f"in the histories {dict(found)}, acknowledged {dict(expected)}")


def _require_node(entry: Entry, node: Node, answer: Mapping[str, Any]) -> None:
    who = "applicant" if entry.request.who["kind"] == "citizen" else entry.request.who["sub"]
    action = entry.request.places.get("action", answer["action"])
    told = f"{entry.request} became {node.action} of {node.actor}"
    require((node.action, node.actor) == (action, who), told)


def _begun(before: Tables) -> Iterator[tuple[str, int]]:
    for (number,), row in before["CasesTable"].items():
        yield from ((number, version) for version in range(1, int(row.item["v"]["N"]) + 1))


def _require_same_again(town: Town, ledger: Ledger) -> None:
    """Each request once more, later: what was acknowledged gets its first answer, nothing else gets through."""
    town.cloud.clock.advance(3600)
    before = town.tables()
    for entry in ledger.entries:
        first, again = entry.replies[0], town.ask(entry.request)
        told = f"{entry.request} was {first.status} {first.body.decode()} and is {again.status} {again.body.decode()}"
        if entry.acknowledged:
            same = (first.status, first.body, first.headers["etag"]) == (
                again.status,
                again.body,
                again.headers["etag"],
            )
            require(same, told)
        else:
            require(again.status >= 400, told)
    require(town.tables() == before, "repeating what was answered changed the tables")


def _require_nothing_personal(town: Town, ledger: Ledger, cases: Mapping[str, Case], before: Tables) -> None:
    """Not in an answer, a log line or a metric; and the metrics count each step of the histories once."""
    town.cloud.pump.drain()
    output = town.output.getvalue()
    for secret in SECRETS:
        require(secret not in output, f"{secret} was written out")
        require(all(secret not in reply.body.decode() for reply in ledger.answers), f"{secret} was answered")
        stored = (row.item for name in ("CasesTable", "RequestsTable") for row in town.cloud.tables[name].rows.values())
        require(all(secret not in repr(item) for item in stored), f"{secret} is outside the dossiers")
    lines = [json.loads(line) for line in output.splitlines()]
    counted = sum(line["StepsTaken"] for line in lines if "StepsTaken" in line)
    steps = sum(case.version for case in cases.values()) - len(list(_begun(before)))
    require(counted == steps, f"{counted} steps were counted, {steps} were taken")


def _digests(nodes: tuple[Node, ...]) -> Iterator[bytes]:
    for node in nodes:
        yield from (value for value in node.evidence.values() if isinstance(value, bytes))


def _plain(item: Any) -> Any:
    """An attribute value in one spelling: numbers as numbers, bytes as on the wire."""
    return json.loads(json.dumps(item, default=_wire, sort_keys=True))


def _wire(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _module(name: str) -> ModuleType:
    """A service; it reads its settings when it is imported, which is after the town was opened."""
    return importlib.import_module(f"chalicelib.services.{name}")
