"""The stream of a table: which writes leave a record, what is in it, and how it is read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.contract.table import Table, cancelled, code, do, plain, refused, transact
from tests.support.ministack import REGION

A, B, C = {"id": "a"}, {"id": "b"}, {"id": "c"}
ABSENT = "attribute_not_exists(id)"
REFUSALS = (
    "ValidationException",
    "ExpiredIteratorException",
    "TrimmedDataAccessException",
    "ResourceNotFoundException",
)


def images(record: dict[str, Any]) -> tuple[Any, Any]:
    """What stood before and what stands after."""
    change = record["dynamodb"]
    old, new = change.get("OldImage"), change.get("NewImage")
    return plain(old) if old is not None else None, plain(new) if new is not None else None


def keys(records: list[dict[str, Any]]) -> list[str]:
    return [each["dynamodb"]["Keys"]["id"]["S"] for each in records]


def fill(cases: Table, *ids: str) -> None:
    for id in ids:
        do(cases.put({"id": id}))


# which writes leave a record


def test_a_life_is_insert_modify_and_remove_with_both_images(cases: Table) -> None:
    one, two = {"id": "a", "v": 1}, {"id": "a", "v": 2}
    do(cases.put(one))
    do(cases.put(two))
    do(cases.delete(A))
    records = cases.records()
    assert [each["eventName"] for each in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert [images(each) for each in records] == [(None, one), (one, two), (two, None)]


def test_an_update_that_makes_an_item_is_one_insert(cases: Table) -> None:
    do(cases.update(A, "SET v = :v", v=1))
    assert [(each["eventName"], images(each)) for each in cases.records()] == [
        ("INSERT", (None, {"id": "a", "v": 1})),
    ]


def test_an_append_is_one_modify_with_the_whole_item_before_and_after(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 1, "n": ["file"], "h": "o", "q": 1}))
    do(cases.update(A, "SET v = :two, n = list_append(n, :n) REMOVE h, q", "v = :one", one=1, two=2, n=["accept"]))
    before = {"id": "a", "v": 1, "n": ["file"], "h": "o", "q": 1}
    assert images(cases.records()[1]) == (before, {"id": "a", "v": 2, "n": ["file", "accept"]})


def test_a_write_that_changes_nothing_leaves_no_record(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 1}))
    do(cases.put({"id": "a", "v": 1}))
    do(cases.update(A, "SET v = :v", v=1))
    do(cases.update(A, "REMOVE h, q"))
    assert cases.history() == [("INSERT", "a")]


def test_a_refused_write_leaves_no_record(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 1}))
    refused(cases.put({"id": "a", "v": 2}, ABSENT))
    refused(cases.update(A, "SET v = :v, s = gone", v=2))
    refused(cases.delete(A, "v = :v", v=9))
    assert cases.history() == [("INSERT", "a")]


def test_deleting_what_is_not_there_leaves_no_record(cases: Table) -> None:
    do(cases.delete(A))
    assert cases.history() == []


def test_a_transaction_leaves_one_record_for_each_item_that_it_changed(cases: Table) -> None:
    fill(cases, "c", "d")
    writes = cases.put(A), cases.update(B, "SET v = :v", v=1), cases.check(C, "attribute_exists(id)")
    transact(*writes, cases.delete({"id": "d"}))
    assert sorted(cases.history()[2:]) == [("INSERT", "a"), ("INSERT", "b"), ("REMOVE", "d")]


def test_a_cancelled_transaction_leaves_no_record(cases: Table) -> None:
    fill(cases, "c")
    cancelled(cases.put(A), cases.put(C, ABSENT))
    fill(cases, "later")
    assert cases.history() == [("INSERT", "c"), ("INSERT", "later")]


def test_a_transaction_repeated_with_its_token_leaves_no_second_record(cases: Table) -> None:
    for _ in range(2):
        transact(cases.update(A, "ADD v :n", n=1), token=cases.name[-30:])
    assert cases.history() == [("INSERT", "a")]


def test_a_table_of_a_transaction_has_records_of_its_own_items_only(cases: Table, dossiers: Table) -> None:
    transact(cases.put(A), dossiers.put({"id": "a", "part": "form#1"}))
    assert cases.history() == [("INSERT", "a")]


# what is in a record


def test_a_record_says_where_it_comes_from(cases: Table) -> None:
    fill(cases, "a")
    (record,) = cases.records()
    assert (record["eventSource"], record["awsRegion"]) == ("aws:dynamodb", REGION)
    assert record["eventVersion"].startswith("1.")
    assert record["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert record["dynamodb"]["Keys"] == {"id": {"S": "a"}}
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], datetime)


def test_the_records_of_an_item_are_in_the_order_of_its_writes(cases: Table) -> None:
    for n in range(1, 21):
        do(cases.update(A, "SET v = :v", v=n))
    records = cases.records()
    assert [images(each)[1]["v"] for each in records] == list(range(1, 21))
    numbers = [int(each["dynamodb"]["SequenceNumber"]) for each in records]
    assert numbers == sorted(set(numbers))


def test_a_record_keeps_its_identity_and_images_when_later_writes_follow(cases: Table) -> None:
    do(cases.put({"id": "a", "n": [{"a": "file"}], "u": {"accept": "p1"}}))
    first = cases.records()
    do(cases.update(A, "SET n = list_append(n, :n), u.review = :w", n=[{"a": "x"}], w="p2"))
    again = cases.records()
    assert again[0] == first[0]
    assert len({each["eventID"] for each in again}) == 2


def test_bytes_nulls_and_nested_values_are_in_the_images_as_in_the_item(cases: Table) -> None:
    item = {"id": "a", "n": [{"r": b"\x00\xff", "d": {"s": None, "p": [1]}}], "x": True}
    do(cases.put(item))
    assert images(cases.records()[0]) == (None, item)


# reading


def test_reading_goes_on_behind_a_sequence_number(cases: Table) -> None:
    fill(cases, "a", "b", "c", "d")
    second = cases.records()[1]["dynamodb"]["SequenceNumber"]
    assert keys(cases.records(cases.iterators("AFTER_SEQUENCE_NUMBER", second))) == ["c", "d"]
    assert keys(cases.records(cases.iterators("AT_SEQUENCE_NUMBER", second))) == ["b", "c", "d"]


def test_the_latest_iterator_sees_only_what_comes_later(cases: Table) -> None:
    fill(cases, "a")
    latest = cases.iterators("LATEST")
    fill(cases, "b")
    assert keys(cases.records(latest)) == ["b"]


def test_an_empty_page_gives_an_iterator_that_sees_what_comes_later(cases: Table) -> None:
    (iterator,) = cases.iterators()
    empty = cases.engine.streams.get_records(ShardIterator=iterator)
    assert empty["Records"] == []
    fill(cases, "a")
    assert keys(cases.records([empty["NextShardIterator"]])) == ["a"]


def test_a_page_holds_no_more_than_it_was_asked_for(cases: Table) -> None:
    fill(cases, "a", "b", "c")
    (iterator,) = cases.iterators()
    page = cases.engine.streams.get_records(ShardIterator=iterator, Limit=2)
    assert keys(page["Records"]) == ["a", "b"]
    assert keys(cases.records([page["NextShardIterator"]])) == ["c"]


def test_an_iterator_may_be_used_twice(cases: Table) -> None:
    fill(cases, "a", "b")
    (iterator,) = cases.iterators()
    assert keys(cases.records([iterator])) == keys(cases.records([iterator])) == ["a", "b"]


def test_an_open_iterator_outlives_a_cancelled_transaction(cases: Table) -> None:
    fill(cases, "a")
    latest = cases.iterators("LATEST")
    cancelled(cases.put(B), cases.put(A, ABSENT))
    fill(cases, "later")
    assert keys(cases.records(latest)) == ["later"]


def test_an_iterator_that_nobody_gave_is_refused_by_name(cases: Table) -> None:
    made_up = f"{cases.stream_arn()}|1|made-up"
    assert code(cases.engine.streams.get_records, ShardIterator=made_up) in REFUSALS


def test_a_table_without_stream_has_none(dossiers: Table) -> None:
    described = dossiers.engine.ddb.describe_table(TableName=dossiers.name)["Table"]
    assert "LatestStreamArn" not in described
