"""How a function goes through the records of a stream: what waits, what is put aside, what is read again."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.pump import SHARD
from tests.flow.conftest import NINE, Hub
from tests.flow.test_quarantine import BROKEN, out_of_reach, put, rows, stored
from tests.support.wire import wire


def record(key: str, number: int) -> dict[str, Any]:
    change = {
        "ApproximateCreationDateTime": int(NINE.timestamp()),
        "Keys": {"id": {"S": key}},
        "SequenceNumber": str(number),
        "NewImage": {"id": {"S": key}, "v": {"N": str(number)}},
    }
    return {"eventSourceARN": "arn:aws-cn:dynamodb:cn-north-1:1:table/t/stream/x", "dynamodb": change}


class Reacting:
    """A reaction that fails at some numbers, and remembers the others."""

    def __init__(self, failing: dict[int, Exception]) -> None:
        self.failing = failing
        self.done: list[int] = []

    def __call__(self, found: Any) -> None:
        number = int(found["dynamodb"]["SequenceNumber"])
        if number in self.failing:
            raise self.failing[number]
        self.done.append(number)


def handled(reacting: Reacting, keys: str) -> list[str]:
    """The numbers that are reported of records 1, 2 … of these keys."""
    from chalicelib.reactions import records

    report = records.handle("reader", [record(key, n) for n, key in enumerate(keys, start=1)], reacting)
    return [each["itemIdentifier"] for each in report["batchItemFailures"]]


def refusal(name: str) -> Exception:
    from chalicelib import errors

    found: Exception = getattr(errors, name)()
    return found


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("name", ["Busy", "StaleVersion", "VersionConflict"])
def test_what_must_wait_holds_up_its_own_key_and_no_other(name: str) -> None:
    reacting = Reacting({2: refusal(name), 4: refusal(name)})
    assert handled(reacting, "abacbac") == ["2"]
    assert reacting.done == [1, 3, 6]  # 4 waits as well, and 5 behind 2, and 7 behind 4


@pytest.mark.usefixtures("hub")
def test_where_three_keys_wait_the_rest_waits_with_them() -> None:
    reacting = Reacting({n: refusal("Busy") for n in (1, 2, 3)})
    assert handled(reacting, "abcde") == ["1"]
    assert reacting.done == []


def test_behind_poison_its_own_key_goes_on(hub: Hub) -> None:
    reacting = Reacting({2: ValueError("name 张三"), 4: refusal("BrokenHistory"), 5: refusal("NotFound")})
    assert handled(reacting, "ababcb") == []
    assert reacting.done == [1, 3, 6]
    found = {row["sequence"]: row["reason"] for row in rows(hub)}
    assert found == {"2": "ValueError", "4": "broken_history", "5": "not_found"}
    assert all(row["place"].startswith("chalicelib.reactions.records:") for row in rows(hub))


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("error", [RuntimeError("a bug"), AssertionError(), OSError()])
def test_an_error_in_the_code_is_lambdas_to_retry(error: Exception) -> None:
    with pytest.raises(type(error)):
        handled(Reacting({2: error}), "abc")


def test_poison_that_cannot_be_put_aside_waits(hub: Hub) -> None:
    reacting = Reacting({1: KeyError("n"), 3: TypeError()})
    with wire(out_of_reach):
        assert handled(reacting, "abc") == ["1"]
    assert rows(hub) == []
    assert handled(reacting, "abc") == []
    assert len(rows(hub)) == 2


def test_a_record_too_large_to_be_kept_is_told(hub: Hub) -> None:
    from chalicelib.services import quarantine
    from chalicelib.store.quarantine import LARGEST

    large = record("a", 1)
    large["dynamodb"]["NewImage"]["x"] = {"B": random.Random(1).randbytes(LARGEST).hex()}
    quarantine.put("reader", large, ValueError())
    small = record("a", 2)
    small["dynamodb"]["OldImage"] = small["dynamodb"]["NewImage"] = {"x": {"S": "张三" * 100_000}}
    quarantine.put("reader", small, ValueError())
    assert [row["kept"] for row in rows(hub)] == [False, True]


def test_a_record_from_the_stream_is_the_one_that_lambda_delivers(hub: Hub) -> None:
    from chalicelib.store import streams

    hub.file()
    case = hub.file()
    stream = hub.cloud.tables["CasesTable"].stream
    assert stream is not None
    put(BROKEN, {**stored(case), "bytes": {"B": b"\x00\xff"}, "set": {"BS": [b"a"]}})
    put(BROKEN, {**stored(case), "number": {"N": "1.5"}, "no": {"NULL": True}})
    delivered = json.loads(json.dumps(stream.records))
    numbers = [each["dynamodb"]["SequenceNumber"] for each in delivered]
    assert len(delivered) == 2
    assert streams.read(stream.arn, SHARD, numbers[0], numbers[1]) == delivered
    assert streams.read(stream.arn, SHARD, numbers[0], numbers[0]) == delivered[:1]
    assert streams.read(stream.arn, SHARD, numbers[1], numbers[1]) == delivered[1:]
    hub.cloud.drain()
    assert streams.read(stream.arn, SHARD, numbers[0], numbers[1]) is None
    assert streams.read(stream.arn.replace("cases", "nowhere"), SHARD, numbers[0], numbers[1]) is None
    assert datetime.fromtimestamp(delivered[0]["dynamodb"]["ApproximateCreationDateTime"], UTC) == NINE


def test_a_range_is_read_to_its_end_over_several_reads(hub: Hub) -> None:
    from chalicelib.store import streams

    stream = hub.cloud.tables["CasesTable"].stream
    assert stream is not None
    for number in range(1_200):
        stream.append({"id": {"S": str(number)}}, None, {"id": {"S": str(number)}}, NINE)
    numbers = [each["dynamodb"]["SequenceNumber"] for each in stream.records]
    found = streams.read(stream.arn, SHARD, numbers[100], numbers[1_150])
    assert found is not None
    assert [each["dynamodb"]["Keys"]["id"]["S"] for each in found] == [str(n) for n in range(100, 1_151)]


def test_a_redrive_in_vain_does_not_bring_back_what_another_removed(hub: Hub) -> None:
    from chalicelib.domain.authority import Identity, Kind
    from chalicelib.services import quarantine
    from chalicelib.store import quarantine as store

    def raced(found: Any) -> None:
        store.remove("reader", found["dynamodb"]["SequenceNumber"])
        raise ValueError

    quarantine.put("reader", record("a", 1), KeyError())
    failed = quarantine.redrive("reader", "1", {"reader": raced}, Identity("pool", Kind.system))
    assert failed is not None
    assert rows(hub) == []
