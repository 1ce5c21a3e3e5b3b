"""What a request costs: round trips, write units and bytes, gated; the same at a hundred and at ten thousand cases."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local import tables
from infra.local.cloud import TEMPLATE
from infra.local.dynamo_rows import Row
from tests.flow.conftest import NINE, Filed, Hub
from tests.support import sizer
from tests.support.town import (
    ACCEPT,
    COMPLETE,
    CORRECT,
    DELIVER,
    GRANT,
    HAISHU,
    LI,
    LONG,
    NINGBO,
    NOTE,
    PUBLISHER,
    RESUME,
    REVIEW,
    SUPPLEMENT,
    SUSPEND,
    WANG,
    WHOLE,
    ZHANG,
    ZHAO,
    Identity,
    Step,
    hotel,
    lodging,
    materials,
)
from tests.support.wire import Call, counted, wire

CASES = tables.tables_of(tables.read_template(Path(TEMPLATE)), "local")["CasesTable"]
SWEEP = 55  # calls
READS = {"GetItem", "Query", "BatchGetItem", "TransactGetItems"}
TEN: tuple[Step, ...] = (
    ACCEPT,
    ("check", WANG, {"note": NOTE}),
    REVIEW,
    ("return", WANG, {"reason": NOTE}),
    SUSPEND,
    RESUME,
    ("extend", WANG, {"days": 5, "reason": NOTE, "approver": "chief", "notice": NOTE}),
    REVIEW,
    GRANT,
    COMPLETE,
)


@pytest.fixture
def warm(hub: Hub) -> Hub:
    """A hub whose registry is in the process, as it is behind the first request; its streams wait, because what they
    set off is counted by itself."""
    hub.life(hub.file(), *WHOLE)
    hub.cloud.pump.held = True
    return hub


def cost(hub: Hub, case: Filed, *steps: Step) -> list[dict[str, int]]:
    found = []
    for action, who, body in steps:
        with wire() as calls:
            hub.life(case, (action, who, body))
        found.append(counted(calls))
    return found


def test_a_transition_is_one_read_and_one_write(warm: Hub) -> None:
    case = warm.file()
    for found in cost(warm, case, *TEN, DELIVER, ("archive", ZHAO, {"note": NOTE})):
        assert found == {"GetItem": 1, "UpdateItem": 1}


def test_an_intake_is_one_transaction_of_three_puts(warm: Hub) -> None:
    with wire() as calls:
        warm.file()
    assert counted(calls) == {"TransactWriteItems": 1}
    assert [list(each) for each in calls[0].arguments["TransactItems"]] == [["Put"]] * 3


def test_a_correction_is_two_reads_and_one_transaction(warm: Hub) -> None:
    case = warm.life(warm.file(hotel(materials=materials(5, m2="lacking"))), CORRECT)
    with wire() as calls:
        warm.life(case, SUPPLEMENT)
    assert counted(calls) == {"GetItem": 2, "TransactWriteItems": 1}
    assert sorted(kind for each in calls[-1].arguments["TransactItems"] for kind in each) == ["Put", "Update"]


def test_what_was_published_just_now_is_not_read_again(warm: Hub) -> None:
    path = "/v1/items/hotel-licence"
    document = {name: value for name, value in warm.get(path, LI)["document"].items() if name not in ("id", "code")}
    limit = {"limit": 2, "unit": "working_day", "basis": ""}
    assert warm.ask("PUT", path, PUBLISHER, {**document, "promised": limit}).status == 201
    with wire() as calls:
        warm.file()
    assert counted(calls) == {"TransactWriteItems": 1}


def test_a_long_text_adds_one_put(warm: Hub) -> None:
    case = warm.file()
    assert cost(warm, case, ("accept", LI, {"note": LONG})) == [{"GetItem": 1, "PutItem": 1, "UpdateItem": 1}]


def test_a_retry_is_one_read(warm: Hub) -> None:
    case = warm.file(key="once")
    warm.act(case, "accept", LI, ACCEPT[2], key="step")
    with wire() as calls:
        warm.ask("POST", f"/v1/cases/{case.id}/actions/accept", LI, ACCEPT[2], key="step", version=1)
    assert counted(calls) == {"GetItem": 1}
    with wire() as calls:
        warm.submit(hotel(), key="once")
    assert counted(calls) == {"TransactWriteItems": 1, "GetItem": 2}


READINGS: dict[str, tuple[str, Identity | None, int]] = {
    "case": ("/v1/cases/{id}", LI, 2),
    "history": ("/v1/cases/{id}/history", LI, 2),
    "deadline": ("/v1/cases/{id}/deadline", LI, 1),
    "dossier": ("/v1/cases/{id}/dossier?purpose=handling", LI, 2),
    "mine": ("/v1/cases?limit=100", ZHANG, 2),
    "desk": (f"/v1/desk?org={HAISHU}&limit=100", LI, 1),
    "desk overdue": (f"/v1/desk?org={HAISHU}&due=overdue", LI, 1),
    "desk warning": (f"/v1/desk?org={HAISHU}&due=warning", LI, 1),
    "desk by state": (f"/v1/desk?org={HAISHU}&state=granted&limit=10", LI, 4),
    "items": ("/v1/items", None, 0),
    "item": ("/v1/items/hotel-licence", None, 0),
    "organisations": ("/v1/organisations", None, 0),
    "calendar": ("/v1/calendar/deadline?start=2026-09-30&limit=7&unit=working_day", None, 0),
    "procedures": ("/v1/procedures", None, 0),
}


def readings(hub: Hub, case: Filed) -> dict[str, list[Call]]:
    found = {}
    for name, (path, who, _) in READINGS.items():
        with wire() as calls:
            hub.get(path.format(id=case.id), who)
        found[name] = calls
    with wire() as calls:
        reply = hub.ask("POST", "/v1/progress", None, {"case_id": case.id, "code": case.code})
        assert reply.status == 200
    return {**found, "progress": calls}


@pytest.mark.parametrize("number", [100, 10_000])
def test_every_reading_is_a_bounded_number_of_reads_at_any_number_of_cases(number: int, warm: Hub) -> None:
    case = warm.life(warm.file(), ACCEPT)
    seed(warm, case, number)
    assert warm.sizes()["CasesTable"] >= number
    found = readings(warm, case)
    bounds = {name: most for name, (_, _, most) in READINGS.items()} | {"progress": 1}
    for name, calls in found.items():
        assert set(counted(calls)) <= READS, name
        if name == "desk by state":  # nothing is in that state: it reads on, and stops
            assert len(calls) == (bounds[name] if number > 400 else -(-number // 100) + (number % 100 == 0)), name
        else:
            assert len(calls) == bounds[name], name
    assert cost(warm, case, REVIEW, GRANT) == [{"GetItem": 1, "UpdateItem": 1}] * 2
    with wire() as calls:
        warm.file()
    assert counted(calls) == {"TransactWriteItems": 1}


def seed(hub: Hub, case: Filed, number: int) -> None:
    """`number` copies of a case under other numbers, put beneath the door."""
    rows = hub.cloud.tables["CasesTable"]
    (row,) = [row for key, row in rows.rows.items() if key == (case.id,)]
    for serial in range(number):
        id = f"{case.id[:14]}{serial:07d}"
        due = str(int(row.item["q"]["N"]) + serial % 997)
        rows.replace((id,), Row({**row.item, "id": {"S": id}, "q": {"N": due}}, row.sizes))


def test_no_route_ever_scans(warm: Hub) -> None:
    """Every declared operation is called once, as each kind of identity; what it answers does not matter here."""
    document = warm.get("/v1/openapi.json")
    case = warm.file()
    names = {"case_id": case.id, "action": "accept", "item_id": "hotel-licence", "code": HAISHU, "year": "2026"}
    names["knowledge_id"] = "passport-first"
    names |= {"period": "2026-03", "org": HAISHU, "city": NINGBO, "day": "2026-03-02", "indicator": "online_rate"}
    names |= {"delegation_id": "some-delegation", "reader": "on_case_change", "sequence": "1", "order_id": "0" * 24}
    names |= {"rating_id": f"{'0' * 24}-1", "device_id": "tablet-1"}
    with wire() as calls:
        for path, methods in document["paths"].items():
            target = path.format(**names, staff_id="li")
            for method in methods:
                for who in (None, ZHANG, LI, {"sub": "pool", "kind": "system"}):
                    body = {"note": NOTE} if method in ("post", "put") else None
                    query = "?org=330203" if path == "/v1/desk" else ""
                    warm.ask(method.upper(), target + query, who, body, key="k", version=1)
        published = warm.get("/v1/items/hotel-licence")["document"] | {"visits": 2}
        assert warm.ask("PUT", "/v1/items/hotel-licence", PUBLISHER, published).status == 201
    assert len(calls) > 20
    assert "Scan" not in counted(calls)


# Write units and bytes, from the stored items before and after each step.


def stored(case: Filed) -> dict[str, Any]:
    client = boto3.client("dynamodb")
    item: dict[str, Any] = client.get_item(TableName=CASES["TableName"], Key={"id": {"S": case.id}})["Item"]
    return item


def images(hub: Hub, case: Filed, steps: tuple[Step, ...]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    before = copy.deepcopy(stored(case))
    for step in steps:
        hub.cloud.advance(3 * 3600)
        hub.life(case, step)
        after = copy.deepcopy(stored(case))
        yield before, after
        before = after


def test_ten_transitions_cost_so_many_write_units_and_bytes(hub: Hub) -> None:
    assert len(NOTE) == 20
    case = hub.file()
    table, index, head = [], [], 0
    for before, after in images(hub, case, TEN):
        table.append(sizer.units(before, after))
        index.append(sum(sizer.index_units(before, after, each, ("id",)) for each in CASES["GlobalSecondaryIndexes"]))
        head = sizer.size(after)
    figures = f"table {table}, indexes {index}, head {head} bytes"
    assert len(table) == 10
    assert sum(table) / 10 <= 2.4, figures
    assert sum(index) / 10 <= 2, figures
    assert head <= 2500, figures


def test_the_sizer_agrees_with_the_rules_of_the_developer_guide() -> None:
    assert [sizer.number(text) for text in ("0", "7", "12", "123", "1000", "-1", "0.05", "1767225599000")] == [
        *(1, 2, 2, 3, 2, 3, 2, 6)
    ]
    nodes = {"L": [{"M": {"t": {"N": "12"}, "b": {"B": b"1234"}}}]}
    item: sizer.Item = {"id": {"S": "a" * 21}, "n": nodes, "x": {"BOOL": True}}
    assert sizer.size(item) == (2 + 21) + (1 + 3 + 1 + 3 + (1 + 1 + 2) + (1 + 1 + 4)) + (1 + 1)
    assert sizer.size({"名": {"S": "中"}, "z": {"NULL": True}}) == 6 + 2
    assert sizer.units({}, {"a": {"S": "x" * 1023}}) == 1
    assert sizer.units({"a": {"B": b"x" * 1024}}, {"a": {"S": "y"}}) == 2


def test_the_sizer_counts_an_index_only_when_its_entry_changes() -> None:
    desk, mine = CASES["GlobalSecondaryIndexes"]
    old = {name: {"S": name} for name in ("id", "h", "s", "i", "c", "a", "v")} | {"q": {"N": "1"}, "r": {"N": "2"}}

    def units(**changes: Any) -> tuple[int, int]:
        new = {name: value for name, value in {**old, **changes}.items() if value is not None}
        return sizer.index_units(old, new, desk, ("id",)), sizer.index_units(old, new, mine, ("id",))

    assert units(v={"S": "other"}) == (0, 0)
    assert units(s={"S": "other"}) == (1, 0)
    assert units(q={"N": "9"}) == (2, 0)  # another key: one entry goes, another comes
    assert units(h=None, q=None) == (1, 0)


# What a step sets off.


def set_off(hub: Hub, case: Filed, *steps: Step) -> list[dict[str, int]]:
    """The calls of the stream's reaction to each of these steps."""
    found = []
    for step in steps:
        hub.cloud.advance(3 * 3600)
        hub.life(case, step)
        with wire() as calls:
            hub.cloud.drain()
        found.append(counted(calls))
    return found


def test_a_step_sets_off_one_write_of_its_fact_and_no_read_of_the_case(warm: Hub) -> None:
    case = warm.file()
    warm.cloud.drain()
    facts = len(warm.cloud.tables["FactsTable"].rows)
    found = set_off(warm, case, ACCEPT, REVIEW, GRANT)
    assert not any(set(calls) & READS for calls in found)
    # its fact, and the marks of its day: for the list of the lake, and for each reader that reads it; of what is
    # granted the order of its hand-over has the same
    assert [calls["BatchWriteItem"] for calls in found] == [3, 2, 2 + 2]
    (completed,) = set_off(warm, case, COMPLETE)
    assert completed["BatchWriteItem"] == 3
    nodes = [name for _, name in warm.cloud.tables["FactsTable"].rows if name.startswith("node#")]
    assert len(nodes) >= 3
    assert len(warm.cloud.tables["FactsTable"].rows) >= facts + 3


@pytest.mark.parametrize("number", [100, 10_000])
def test_a_sweep_costs_what_is_due_and_not_what_is_stored(number: int, warm: Hub) -> None:
    """Ten cases, the orders of the first and the hand-over of another are due, and so many more are open: the same
    round trips."""
    cases = [warm.life(warm.file(), ACCEPT) for _ in range(10)]
    warm.cloud.drain()
    rows = warm.cloud.tables["DeadlinesTable"]
    (row,) = [row for key, row in rows.rows.items() if key == (cases[0].id, "promised")]
    later = str(int(row.item["next"]["N"]) + 90 * 86_400)
    for serial in range(number):
        id = f"{cases[0].id[:14]}{serial:07d}"
        item = {**row.item, "subject": {"S": id}, "next": {"N": later}, "shard": {"S": str(serial % 4)}}
        rows.replace((id, "promised"), Row(item, row.sizes))
    warm.cloud.pump.held = True
    warm.cloud.clock.restart(NINE.replace(day=6))
    with wire() as calls:
        warm.cloud.run_schedule("sweep_deadlines")
    found = counted(calls)
    assert found["Query"] == 4  # one of each shard
    reads = [call.arguments["RequestItems"] for call in calls if call.operation == "BatchGetItem"]
    assert sum(len(keys["Keys"]) for each in reads for keys in each.values()) == 14  # every head
    assert found["BatchGetItem"] <= 8  # cases and orders of each shard
    assert "GetItem" not in found
    assert len(calls) == SWEEP, found


# What a night sets off.


@pytest.mark.parametrize("number", [100, 10_000])
def test_a_night_costs_what_was_marked_and_not_what_is_stored(number: int, warm: Hub) -> None:
    """Two organisations' days of March are marked; beside them lie so many facts of other days and places."""
    warm.cloud.clock.restart(NINE.replace(day=20))
    warm.file()
    warm.file(lodging())
    warm.cloud.drain()
    facts, days = (warm.cloud.tables[name] for name in ("FactsTable", "DaysTable"))
    row = next(row for (place, _), row in facts.rows.items() if place == f"{HAISHU}#2026-03-20")
    for serial in range(number):
        place = f"3304{serial % 99 + 1:02d}", f"20{serial % 20 + 10}-0{serial % 9 + 1}-{serial % 27 + 1:02d}"
        name = row.item["fact"]["S"].replace("node#", f"node#{serial}-")
        key = "#".join(place), name
        facts.replace(key, Row({**row.item, "org_day": {"S": key[0]}, "fact": {"S": name}}, row.sizes))
        days.replace(place, Row({"org": {"S": place[0]}, "day": {"S": place[1]}}, row.sizes))
    assert warm.sizes()["FactsTable"] >= number
    warm.cloud.clock.restart(NINE.replace(day=21))
    found = night(warm)
    marked = 2
    assert found == {
        # Its marks of days and of months; which days an organisation has; the steps and the ratings of each.
        "Query": 2 + 2 + 2 * marked,
        "BatchWriteItem": marked * 2,  # of each organisation the days that it has, and the marks of its months
        "DeleteItem": marked,
    }
    assert night(warm) == {"Query": 2}
    warm.cloud.clock.restart(NINE.replace(month=4, day=1))
    counties, stations = 10, 6
    assert night(warm) == {
        "Query": 2 + counties + stations + 2 * 3,  # which days those beside them have; steps and ratings of each
        "DeleteItem": 2,
    }


def night(hub: Hub) -> dict[str, int]:
    """The calls of one run over what is over."""
    with wire() as calls:
        hub.cloud.run_schedule("compare_units")
    return counted(calls)
