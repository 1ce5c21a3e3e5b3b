"""Transactions: all or nothing, what a cancelled one says, and what a repeated one does."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from tests.contract.table import (
    CONDITION,
    INVALID,
    NOT_FOUND,
    Item,
    Raw,
    Table,
    Write,
    cancelled,
    code,
    do,
    placeholders,
    plain,
    refusal,
    transact,
    typed,
)

A, B, C = {"id": "a"}, {"id": "b"}, {"id": "c"}
ABSENT = "attribute_not_exists(id)"
MISMATCH = "IdempotentParameterMismatchException"


def token() -> str:
    return uuid.uuid4().hex


def all_of(*found: Item | None) -> bool:
    return all(each is None for each in found)


def test_intake_writes_three_tables_together(cases: Table, dossiers: Table, requests: Table) -> None:
    intake = (
        requests.put({"key": "k", "case_id": "a"}, "attribute_not_exists(#k)"),
        cases.put({"id": "a", "v": 1}, ABSENT),
        dossiers.put({"id": "a", "part": "form#1", "body": b"{}"}),
    )
    intake[0].body["ExpressionAttributeNames"] = {"#k": "key"}
    transact(*intake)
    assert requests.get({"key": "k"}) == {"key": "k", "case_id": "a"}
    assert cases.get(A) == {"id": "a", "v": 1}
    assert dossiers.get({"id": "a", "part": "form#1"}) == {"id": "a", "part": "form#1", "body": b"{}"}
    assert cancelled(*intake) == ["ConditionalCheckFailed", "ConditionalCheckFailed", "None"]


def test_a_correction_puts_a_part_and_appends_to_the_case(cases: Table, dossiers: Table) -> None:
    do(cases.put({"id": "a", "v": 1, "n": ["file"]}))
    part = dossiers.put({"id": "a", "part": "form#2"})
    append = cases.update(A, "SET v = :next, n = list_append(n, :n)", "v = :v", next=2, n=["correct"], v=1)
    transact(part, append)
    assert cases.get(A) == {"id": "a", "v": 2, "n": ["file", "correct"]}
    assert dossiers.query("id = :id", id="a").items == [{"id": "a", "part": "form#2"}]


def test_a_correction_on_a_version_that_moved_adds_no_part(cases: Table, dossiers: Table) -> None:
    do(cases.put({"id": "a", "v": 2}))
    part = dossiers.put({"id": "a", "part": "form#2"})
    assert cancelled(part, cases.update(A, "SET v = :v", "v = :one", v=2, one=1)) == ["None", "ConditionalCheckFailed"]
    assert dossiers.query("id = :id", id="a").items == []


def test_the_four_kinds_of_operation_go_together(cases: Table) -> None:
    for each in (A, B, C):
        do(cases.put(each | {"v": 1}))
    transact(cases.put({"id": "d"}), cases.update(A, "ADD v :n", n=1), cases.delete(B), cases.check(C, "v = :v", v=1))
    assert cases.get({"id": "d"}) == {"id": "d"}
    assert cases.get(A) == {"id": "a", "v": 2}
    assert cases.get(B) is None


def test_a_failed_check_cancels_the_writes_beside_it(cases: Table) -> None:
    assert cancelled(cases.put(A), cases.check(B, "attribute_exists(id)")) == ["None", "ConditionalCheckFailed"]
    assert cases.get(A) is None


def test_the_reasons_are_in_the_order_of_the_operations(cases: Table) -> None:
    do(cases.put(A))
    do(cases.put(C))
    writes = cases.put(A, ABSENT), cases.put(B, ABSENT), cases.put(C, ABSENT)
    assert cancelled(*writes) == ["ConditionalCheckFailed", "None", "ConditionalCheckFailed"]
    assert cases.get(B) is None


def test_the_message_lists_the_reasons_and_each_reason_has_its_own(cases: Table) -> None:
    do(cases.put(A))
    answer = refusal(transact, cases.put(B), cases.put(A, ABSENT))
    assert answer["Error"]["Message"].endswith("specific reasons [None, ConditionalCheckFailed]")
    assert answer["CancellationReasons"][0].keys() <= {"Code"}
    assert answer["CancellationReasons"][1]["Message"] == "The conditional request failed"


def test_a_reason_shows_the_item_only_when_it_is_asked_to(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 7}))
    silent = refusal(transact, cases.put(A, ABSENT))["CancellationReasons"][0]
    asked = cases.put(A, ABSENT)
    asked.body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    shown = refusal(transact, asked)["CancellationReasons"][0]
    assert "Item" not in silent
    assert plain(shown["Item"]) == {"id": "a", "v": 7}


def test_an_operation_that_does_not_fit_its_item_is_a_reason(cases: Table) -> None:
    do(cases.put({"id": "b", "s": "text"}))
    assert cancelled(cases.put(A), cases.update(B, "ADD s :n", n=1)) == ["None", "ValidationError"]
    assert cancelled(cases.put(A), cases.update(B, "SET v = gone + :n", n=1)) == ["None", "ValidationError"]
    assert cases.get(A) is None


# what is refused before anything is looked at

Wrong = Callable[[Table], tuple[Write, ...]]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda t: (t.put(A), t.update(A, "SET v = :v", v=1)), id="two writes of one item"),
        pytest.param(lambda t: (t.check(A, ABSENT), t.put(A)), id="a check beside a write of one item"),
        pytest.param(lambda t: tuple(t.put({"id": f"x{i}"}) for i in range(101)), id="101 operations"),
        pytest.param(lambda t: (t.put(A), t.put({"id": 1})), id="a key of a wrong type"),
        pytest.param(lambda t: (t.put(A), t.put({"id": ""})), id="an empty key"),
        pytest.param(lambda t: (t.put(A), t.put({"id": "b", "h": 1, "q": 1})), id="an index key of a wrong type"),
        pytest.param(lambda t: (t.put(A), t.update(B, "SET id = :v", v="x")), id="an update of the key"),
        pytest.param(lambda t: (t.put(A), t.put(B, ABSENT, unused=1)), id="a value that is not used"),
        pytest.param(lambda t: (t.put(A), t.update(B, "SET v = :gone")), id="a placeholder without value"),
        pytest.param(lambda t: (t.put(A), t.put({"id": "b", "s": "x" * 409_600})), id="an item over 400 KB"),
        pytest.param(lambda t: tuple(t.put({"id": f"x{i}", "s": "x" * 99_000}) for i in range(45)), id="over 4 MB"),
    ],
)
def test_a_transaction_is_refused_whole_for(cases: Table, wrong: Wrong) -> None:
    # real DynamoDB names some of these as ValidationException and some as a cancellation with ValidationError
    assert code(transact, *wrong(cases)) in (INVALID, "TransactionCanceledException")
    assert all_of(cases.get(A), cases.get({"id": "x0"}))


def test_a_hundred_operations_go_together(cases: Table) -> None:
    transact(*(cases.put({"id": f"{i:03}"}) for i in range(100)))
    assert cases.get({"id": "099"}) == {"id": "099"}


def test_a_table_that_is_not_there_refuses_the_transaction(cases: Table) -> None:
    other = Table(cases.engine, "no-such-table")
    assert code(transact, cases.put(A), other.delete(B)) == NOT_FOUND
    assert cases.get(A) is None


# the token


def test_a_transaction_sent_again_with_its_token_is_applied_once(cases: Table) -> None:
    same = token()
    for _ in range(3):
        transact(cases.update(A, "ADD v :n", n=1), token=same)
    assert cases.get(A) == {"id": "a", "v": 1}


def test_a_repeated_transaction_succeeds_although_its_condition_no_longer_holds(cases: Table) -> None:
    same = token()
    for _ in range(2):
        transact(cases.put(A, ABSENT), token=same)


def test_a_token_with_another_content_is_refused(cases: Table) -> None:
    same = token()
    transact(cases.put(A), token=same)
    assert code(transact, cases.put(B), token=same) == MISMATCH
    assert cases.get(B) is None


def test_a_token_has_at_most_36_characters(cases: Table) -> None:
    transact(cases.put(A), token="k" * 4 + token())
    assert code(transact, cases.put(B), token="k" * 5 + token()) == INVALID


def test_the_token_of_a_cancelled_transaction_may_be_used_again(cases: Table) -> None:
    same = token()
    do(cases.put(A))
    assert code(transact, cases.put(A, ABSENT), token=same) == "TransactionCanceledException"
    do(cases.delete(A))
    transact(cases.put(A, ABSENT), token=same)
    assert cases.get(A) == A


# what others see


def test_an_index_knows_nothing_of_a_cancelled_transaction(cases: Table) -> None:
    do(cases.put(C))
    transact(cases.put({"id": "a", "h": "o", "q": 1}))
    code(transact, cases.put({"id": "b", "h": "o", "q": 2}), cases.put(C, ABSENT))
    assert cases.query("h = :h", "desk", h="o").ids() == ["a"]


def test_single_writes_keep_their_own_error(cases: Table) -> None:
    do(cases.put(A))
    assert code(do, cases.put(A, ABSENT)) == CONDITION


def test_several_items_are_read_together_in_the_order_asked(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 1, "s": "x"}))
    gets = [{"TableName": cases.name, "Key": typed(key), "ProjectionExpression": "v"} for key in (B, A)]
    answer = cases.engine.ddb.transact_get_items(TransactItems=[{"Get": each} for each in gets])["Responses"]
    assert [plain(each["Item"]) if each.get("Item") else None for each in answer] == [None, {"v": 1}]


def test_numbers_of_a_transaction_are_exact(cases: Table) -> None:
    transact(cases.put({"id": "a", "v": Raw({"N": "12345678901234567890123456789012345678"})}))
    answer = cases.engine.ddb.query(
        TableName=cases.name, KeyConditionExpression="id = :id", **placeholders({"id": "a"})
    )
    assert answer["Items"][0]["v"] == {"N": "12345678901234567890123456789012345678"}
