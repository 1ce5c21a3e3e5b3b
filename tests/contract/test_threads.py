"""The same promises while eight threads write at once: nothing lost, nothing won twice, nothing half seen."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.table import CANCELLED, CONDITION, Table, Write, cancelled, do, plain, transact, typed

THREADS = 8
A, B = {"id": "a"}, {"id": "b"}
ABSENT = "attribute_not_exists(id)"
ACCOUNTS = ("w", "x", "y", "z")


@pytest.fixture(autouse=True)
def restless() -> Iterator[None]:
    """Lets Python change threads a hundred times as often, for an engine inside this process."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], Any]) -> list[Any]:
    """What each of the threads gives, which begin at the same moment; the first exception is raised."""
    start = Barrier(THREADS)

    def begun(thread: int) -> Any:
        start.wait(30)
        return work(thread)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begun, range(THREADS)))


def won(*writes: Write) -> bool:
    """Whether one write, or several as a transaction, came through; whoever lost must be told why, write by write."""
    try:
        transact(*writes) if len(writes) > 1 else do(writes[0])
    except ClientError as error:
        lost: Any = error.response
    else:
        return True
    assert lost["Error"]["Code"] in (CONDITION, CANCELLED), lost["Error"]
    reasons = [each["Code"] for each in lost.get("CancellationReasons", [])]
    assert set(reasons) <= {"None", "ConditionalCheckFailed", "TransactionConflict"}
    assert len(reasons) == (len(writes) if len(writes) > 1 else 0)
    return False


def version(cases: Table) -> int:
    item = cases.get(A)
    assert item is not None
    return int(item["v"])


def test_counting_up_loses_nothing(cases: Table) -> None:
    together(lambda _: [do(cases.update(A, "ADD v :one", one=1)) for _ in range(25)])
    assert version(cases) == THREADS * 25


def test_of_all_who_write_on_one_version_one_wins(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 0, "n": []}))

    def work(thread: int) -> int:
        wins = 0
        for _ in range(12):
            v = version(cases)
            change = "SET v = :next, n = list_append(n, :n)"
            wins += won(cases.update(A, change, "v = :v", next=v + 1, n=[v + 1], v=v))
        return wins

    wins = sum(together(work))
    assert cases.get(A) == {"id": "a", "v": wins, "n": list(range(1, wins + 1))}
    assert wins >= 12


def test_a_name_is_taken_once(cases: Table) -> None:
    def work(thread: int) -> list[int]:
        return [n for n in range(40) if won(cases.put({"id": str(n), "w": thread}, ABSENT))]

    names = together(work)
    assert sorted(n for each in names for n in each) == list(range(40))
    for thread, mine in enumerate(names):
        assert [each["w"] for each in (cases.get({"id": str(n)}) or {} for n in mine)] == [thread] * len(mine)


def test_of_intakes_under_one_key_one_is_filed_with_all_its_parts(cases: Table, dossiers: Table) -> None:
    def work(thread: int) -> list[bool]:
        return [
            won(
                cases.put({"id": f"key#{n}", "w": thread}, ABSENT),
                cases.put({"id": f"case#{n}#{thread}"}, ABSENT),
                dossiers.put({"id": f"case#{n}#{thread}", "part": "form#1"}),
            )
            for n in range(8)
        ]

    filed = together(work)
    for n in range(8):
        (winner,) = [thread for thread in range(THREADS) if filed[thread][n]]
        assert cases.get({"id": f"key#{n}"}) == {"id": f"key#{n}", "w": winner}
        for thread in range(THREADS):
            assert (cases.get({"id": f"case#{n}#{thread}"}) is not None) == (thread == winner)
            parts = dossiers.query("id = :id", id=f"case#{n}#{thread}").items
            assert len(parts) == (thread == winner)


def unless(codes: tuple[str, ...], call: Callable[[], Any]) -> Any:
    """What the call gives; None if it is refused with one of these codes."""
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise
        return None


def test_one_transaction_sent_by_all_with_one_token_is_applied_once(cases: Table) -> None:
    token, in_progress = cases.name[-30:], ("TransactionInProgressException", CANCELLED)
    add = cases.update(A, "ADD v :one", one=1)
    together(lambda _: unless(in_progress, lambda: transact(add, token=token)))
    assert version(cases) == 1


def total(cases: Table) -> int | None:
    """The sum of all accounts, read at one moment; None where a transfer was in the way."""
    gets = [{"Get": {"TableName": cases.name, "Key": typed({"id": id})}} for id in ACCOUNTS]
    answer = unless((CANCELLED,), lambda: cases.engine.ddb.transact_get_items(TransactItems=gets))
    return sum(int(plain(each["Item"])["v"]) for each in answer["Responses"]) if answer else None


def test_transfers_keep_the_sum_and_nobody_sees_half_of_one(cases: Table) -> None:
    for id in ACCOUNTS:
        do(cases.put({"id": id, "v": 20}))

    def work(thread: int) -> set[int | None]:
        seen = set()
        for n in range(15):
            giver, taker = ACCOUNTS[(thread + n) % 4], ACCOUNTS[(thread + 2 * n + 1) % 4]
            if giver != taker:
                take = cases.update({"id": giver}, "SET v = v - :n", "v >= :n", n=7)
                won(take, cases.update({"id": taker}, "SET v = v + :n", n=7))
            seen.add(total(cases))
        return seen

    seen = set().union(*together(work))
    assert seen <= {80, None}
    assert total(cases) == 80


def test_what_a_cancelled_transaction_would_have_written_is_never_seen(cases: Table) -> None:
    do(cases.put({"id": "taken", "v": 1}))

    def work(thread: int) -> None:
        for n in range(15):
            if thread % 2:
                ghost = cases.put({"id": "ghost", "h": "o", "q": 1})
                assert not won(ghost, cases.update({"id": "taken"}, "SET v = :n", "v = :gone", n=n, gone=0))
            else:
                do(cases.put({"id": f"{thread}#{n}", "h": "o", "q": 2}))
                assert cases.get({"id": "ghost"}) is None
                assert "ghost" not in cases.query("h = :h", "desk", h="o").ids()

    together(work)
    kept = cases.query("h = :h", "desk", h="o").ids()
    assert sorted(kept) == sorted(f"{thread}#{n}" for thread in range(0, THREADS, 2) for n in range(15))
    assert cancelled(cases.put({"id": "taken"}, ABSENT)) == ["ConditionalCheckFailed"]


def test_every_append_that_was_acknowledged_has_its_part(cases: Table, dossiers: Table) -> None:
    do(cases.put({"id": "a", "v": 0}))

    def work(thread: int) -> list[int]:
        acknowledged = []
        for _ in range(10):
            v = version(cases)
            part = dossiers.put({"id": "a", "part": f"form#{v + 1:06d}", "w": thread})
            if won(part, cases.update(A, "SET v = :next", "v = :v", next=v + 1, v=v)):
                acknowledged.append(v + 1)
        return acknowledged

    acknowledged = sorted(v for each in together(work) for v in each)
    assert acknowledged == list(range(1, version(cases) + 1)) != []
    parts = dossiers.query("id = :id", id="a").items
    assert [each["part"] for each in parts] == [f"form#{v:06d}" for v in acknowledged]


def test_the_stream_tells_what_happened_to_each_item_in_order(cases: Table) -> None:
    together(lambda _: [do(cases.update({"id": str(n % 3)}, "ADD v :one", one=1)) for n in range(15)])
    story: dict[str, list[Any]] = defaultdict(list)
    numbers = []
    for record in cases.records():
        change = record["dynamodb"]
        numbers.append(int(change["SequenceNumber"]))
        story[change["Keys"]["id"]["S"]].append(plain(change["NewImage"])["v"])
    assert story == {str(item): list(range(1, THREADS * 5 + 1)) for item in range(3)}
    assert len(numbers) == len(set(numbers))
