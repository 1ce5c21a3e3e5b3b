"""What a read and a write cost: the units that the sizes and counts of this project are reckoned in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.table import Table, Write, do, typed

A = {"id": "a"}
CASE = {"id": "a", "v": 1, "s": "received", "i": "permit", "c": "web", "h": "330203", "q": 1, "n": ["x" * 3500]}
INDEXES = {"ReturnConsumedCapacity": "INDEXES"}


def cost(answer: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """Units of the table, and of each index."""
    consumed = answer["ConsumedCapacity"]
    indexes = consumed.get("GlobalSecondaryIndexes", {})
    return consumed["Table"]["CapacityUnits"], {name: each["CapacityUnits"] for name, each in indexes.items()}


def written(write: Write) -> tuple[float, dict[str, float]]:
    return cost(do(write, **INDEXES))


def test_a_write_costs_a_unit_for_each_kilobyte_begun_of_the_larger_image(cases: Table) -> None:
    assert written(cases.put({"id": "a", "s": "x" * (1024 - 4)})) == (1, {})
    assert written(cases.put({"id": "a", "s": "x" * (1024 - 3)})) == (2, {})
    assert written(cases.put({"id": "a", "s": ""})) == (2, {})


@pytest.mark.parametrize(
    ("change", "units"),
    [
        pytest.param("SET v = :x", {}, id="an attribute that the index does not show: nothing"),
        pytest.param("SET s = :x", {"desk": 1}, id="an attribute that it shows: one write"),
        pytest.param("SET h = :x", {"desk": 2}, id="its key: one entry goes, another comes"),
        pytest.param("REMOVE h, q", {"desk": 1}, id="leaving it: one write"),
    ],
)
def test_an_index_costs_by_its_own_entry_and_not_by_the_item(cases: Table, change: str, units: dict[str, int]) -> None:
    assert written(cases.put(CASE)) == (4, {"desk": 1})
    assert written(cases.update(A, change, **({"x": "x"} if ":x" in change else {}))) == (4, units)


def test_a_transaction_costs_twice(dossiers: Table) -> None:
    put = dossiers.put({"id": "a", "part": "form#1", "body": b"x" * 1500})
    answer = dossiers.engine.ddb.transact_write_items(
        TransactItems=[{put.kind: put.body}], ReturnConsumedCapacity="TOTAL"
    )
    assert [each["CapacityUnits"] for each in answer["ConsumedCapacity"]] == [4]


@pytest.mark.parametrize(("consistent", "units"), [(True, 2), (False, 1)])
def test_a_read_costs_by_four_kilobytes_and_half_when_it_may_be_stale(
    cases: Table, consistent: bool, units: float
) -> None:
    do(cases.put(CASE | {"n": ["x" * 5000]}))
    answer = cases.engine.ddb.get_item(
        TableName=cases.name, Key=typed(A), ConsistentRead=consistent, ReturnConsumedCapacity="TOTAL"
    )
    assert answer["ConsumedCapacity"]["CapacityUnits"] == units


def test_a_query_of_an_index_costs_by_the_entries_and_not_by_the_items(cases: Table) -> None:
    for n in range(4):
        do(cases.put(CASE | {"id": f"c{n}"}))
    answer = cases.engine.ddb.query(
        TableName=cases.name,
        IndexName="desk",
        KeyConditionExpression="h = :h",
        ExpressionAttributeValues=typed({":h": "330203"}),
        **INDEXES,
    )
    assert cost(answer) == (0, {"desk": 0.5})
