"""The event source mapping: order, batches, retries, bisection, dead letters, trimming."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.cloud import LocalCloud
from infra.local.dynamo_rows import Stream
from infra.local.pump import Options, Pump, StreamMapping

NOW = datetime(2026, 9, 30, 1, tzinfo=UTC)
Handler = Callable[[Any, Any], Any]


class Seen:
    """A handler that remembers what it was given; `poison` fails, by exception or by report."""

    def __init__(self, poison: set[str], *, reports: bool = False) -> None:
        self.poison = poison
        self.reports = reports
        self.batches: list[list[str]] = []
        self.done: list[str] = []

    def __call__(self, event: Any, context: Any) -> Any:
        names = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
        self.batches.append(names)
        for record, name in zip(event["Records"], names, strict=True):
            if name in self.poison and self.reports:
                return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
            if name in self.poison:
                raise ValueError(name)
            self.done.append(name)
        return {"batchItemFailures": []}


def pump_of(handler: Handler, names: list[str], *, age: int = 0, **options: Any) -> tuple[Pump, list[Any], Stream]:
    stream = Stream("arn:aws-cn:dynamodb:cn-north-1:1:table/t/stream/x", "cn-north-1", "NEW_AND_OLD_IMAGES")
    for name in names:
        stream.append({"id": {"S": name}}, None, {"id": {"S": name}}, NOW - timedelta(seconds=age))
    letters: list[Any] = []
    mapping = StreamMapping("reader", "T", handler, 4, Options(**options))
    return Pump([mapping], {"T": stream}, now=lambda: NOW, dead_letter=letters.append), letters, stream


def test_records_come_in_order_and_in_batches_and_are_trimmed() -> None:
    seen = Seen(set())
    pump, letters, stream = pump_of(seen, list("abcdefghij"))
    assert pump.drain() == 10
    assert seen.batches == [list("abcd"), list("efgh"), list("ij")]
    assert (letters, stream.records, stream.end) == ([], [], 10)


def test_a_poison_record_is_isolated_retried_and_put_aside_and_the_rest_is_done() -> None:
    seen = Seen({"c"})
    pump, letters, _ = pump_of(seen, list("abcd"), retries=2)
    pump.drain()
    assert list(dict.fromkeys(seen.done)) == list("abd")
    assert seen.batches.count(["c"]) == 3
    assert [letter["DDBStreamBatchInfo"]["batchSize"] for letter in letters] == [1]
    assert letters[0]["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_a_reported_failure_keeps_what_came_before_it() -> None:
    seen = Seen({"c"}, reports=True)
    pump, letters, _ = pump_of(seen, list("abcd"), retries=1, bisect=False)
    pump.drain()
    assert seen.done == ["a", "b"]
    assert seen.batches == [list("abcd"), list("cd")]
    assert letters[0]["DDBStreamBatchInfo"]["batchSize"] == 2


def test_records_that_are_too_old_are_not_retried() -> None:
    seen = Seen({"a"})
    pump, letters, _ = pump_of(seen, ["a"], age=100, max_age_seconds=60)
    pump.drain()
    assert len(seen.batches) == 1
    assert letters[0]["requestContext"]["condition"] == "MaximumRecordAgeExceeded"


def test_filtered_records_are_passed_by() -> None:
    seen = Seen(set())
    pump, _, stream = pump_of(seen, ["a"], filters=('{"eventName": ["REMOVE"]}',))
    stream.append({"id": {"S": "b"}}, {"id": {"S": "b"}}, None, NOW)
    assert pump.drain() == 2
    assert seen.done == ["b"]


def test_a_crash_before_the_checkpoint_delivers_again() -> None:
    class Crash(BaseException):
        pass

    seen = Seen(set())

    def crashing(event: Any, context: Any) -> Any:
        seen(event, context)
        if len(seen.batches) == 1:
            raise Crash
        return None

    pump, _, _ = pump_of(crashing, ["a", "b"])
    with pytest.raises(Crash):
        pump.drain()
    pump.drain()
    assert seen.batches == [["a", "b"], ["a", "b"]]


def test_streams_that_feed_each_other_for_ever_are_refused() -> None:
    def feeding(event: Any, context: Any) -> None:
        stream.append({"id": {"S": "x"}}, None, {"id": {"S": "x"}}, NOW)

    pump, _, stream = pump_of(feeding, ["a"])
    with pytest.raises(RuntimeError, match="do not come to rest"):
        pump.drain()


@given(st.lists(st.sampled_from("abcdef"), max_size=12), st.sets(st.sampled_from("abcdef")), st.integers(0, 3))
def test_whatever_fails_everything_else_is_delivered_in_order(names: list[str], poison: set[str], retries: int) -> None:
    seen = Seen(poison)
    pump, letters, stream = pump_of(seen, [f"{name}{i}" for i, name in enumerate(names)], retries=retries)
    seen.poison = {f"{name}{i}" for i, name in enumerate(names) if name in poison}
    pump.drain()
    firsts = list(dict.fromkeys(seen.done))
    assert firsts == [f"{name}{i}" for i, name in enumerate(names) if name not in poison]
    assert len(letters) == len(seen.poison)
    assert stream.records == []


def test_a_dead_letter_of_the_running_cloud_lands_in_its_queue(cloud: LocalCloud) -> None:
    cloud.request("PUT", "/v1/notes/bad", body=b"poison")
    cloud.request("PUT", "/v1/notes/good", body=b"fine")
    letters = cloud.dead_letters()
    assert [letter["requestContext"]["functionArn"] for letter in letters] == ["on_notes"]
    assert cloud.dead_letters() == []
