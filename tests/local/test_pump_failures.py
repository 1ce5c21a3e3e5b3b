"""The event source mapping when functions fail: reports, retries, splitting, age, and what is given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from infra.local.dynamo_values import Fault
from infra.local.pump import RETENTION
from tests.local.pumped import ARN, Answering, Seen, pumped


def failures(*names: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def test_from_the_record_that_is_reported_on_everything_comes_again() -> None:
    answering = Answering(lambda numbers: failures(numbers[2]))
    here = pumped(answering, "abcd")
    here.pump.drain()
    assert answering.batches == [4, 2]


def test_of_several_reported_records_the_first_counts() -> None:
    answering = Answering(lambda numbers: failures(numbers[3], numbers[1], numbers[2]))
    here = pumped(answering, "abcd")
    here.pump.drain()
    assert answering.batches == [4, 3]


@pytest.mark.parametrize(
    "answer", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}, {"statusCode": 200}]
)
def test_an_answer_without_a_failure_is_a_success(answer: Any) -> None:
    answering = Answering(answer)
    here = pumped(answering, "abcd")
    here.pump.drain()
    assert answering.batches == [4]


@pytest.mark.parametrize(
    "answer",
    [
        failures(""),
        failures(None),
        failures("1"),
        failures(["1"]),
        lambda numbers: failures(numbers[2], "1"),
        {"batchItemFailures": [{"id": "1"}]},
        {"batchItemFailures": ["1"]},
        {"batchItemFailures": "1"},
        {"batchItemFailures": {}},
        {"batchItemFailures": 1},
        "done",
        7,
    ],
)
def test_a_report_that_is_not_understood_fails_the_whole_batch(answer: Any) -> None:
    answering = Answering(answer)
    here = pumped(answering, "abcd", bisect=False)
    here.pump.drain()
    assert answering.batches == [4, 4]
    split = Answering(answer)
    pumped(split, "abcd").pump.drain()
    assert split.batches == [4, 2, 2]


def test_without_the_setting_no_report_is_read() -> None:
    answering = Answering(lambda numbers: failures(numbers[2]))
    pumped(answering, "abcd", report_item_failures=False).pump.drain()
    assert answering.batches == [4]


def test_a_function_that_breaks_gets_its_batch_again_until_the_attempts_are_used_up() -> None:
    seen = Seen({"c"})
    here = pumped(seen, "abcdef", retries=2, bisect=False)
    here.pump.drain()
    assert seen.batches == [list("abcd")] * 3 + [list("ef")]
    assert here.lost() == [4]


def test_a_record_that_breaks_the_function_is_found_by_splitting_and_the_rest_is_done() -> None:
    seen = Seen({"c"})
    here = pumped(seen, "abcd", retries=2)
    here.pump.drain()
    assert seen.batches == [list("abcd"), ["a", "b"], ["c", "d"], ["c"], ["c"], ["c"], ["d"]]
    assert here.lost() == [1]


def test_splitting_costs_no_attempt() -> None:
    seen = Seen({"a", "b", "c", "d"})
    here = pumped(seen, "abcd", retries=0)
    here.pump.drain()
    assert [len(batch) for batch in seen.batches] == [4, 2, 1, 1, 2, 1, 1]
    assert here.lost() == [1, 1, 1, 1]


def test_a_reported_record_takes_those_behind_it_along_when_it_is_given_up() -> None:
    seen = Seen({"c"}, reports=True)
    here = pumped(seen, "abcdef", retries=1)
    here.pump.drain()
    assert seen.batches == [list("abcd"), ["c", "d"], ["c", "d"], ["e", "f"]]
    assert seen.done == ["a", "b", "e", "f"]
    assert here.lost() == [2]


def test_attempts_without_end_hold_the_stream_up_and_lose_nothing() -> None:
    seen = Seen({"c"}, reports=True)
    here = pumped(seen, "abcdef", retries=-1)
    assert here.pump.drain() == 2
    assert here.pump.drain() == 0
    assert seen.done == ["a", "b"]
    seen.poison.clear()
    assert here.pump.drain() == 4
    assert seen.done == list("abcdef")
    assert here.letters == []


def test_attempts_without_end_go_on_at_the_half_that_broke() -> None:
    seen = Seen({"c"})
    here = pumped(seen, "abcdef", retries=-1)
    assert here.pump.drain() == 2
    seen.poison.clear()
    seen.done.clear()
    assert here.pump.drain() == 4
    assert seen.done == list("cdef")


def test_a_record_that_is_too_old_is_not_delivered() -> None:
    seen = Seen(set())
    here = pumped(seen, "ab", max_age_seconds=60)
    here.later(30)
    here.put("c", "d")
    here.later(31)
    here.pump.drain()
    assert seen.batches == [["c", "d"]]
    (letter,) = here.letters
    assert letter["requestContext"]["condition"] == "MaximumRecordAgeExceeded"
    assert letter["requestContext"]["approximateInvokeCount"] == 0
    assert here.lost() == [2]


def test_a_record_that_grows_too_old_is_given_up_however_many_attempts_there_are() -> None:
    seen = Seen({"a"})
    here = pumped(seen, ["a"], retries=-1, max_age_seconds=60)
    here.pump.drain()
    here.later(60)
    here.pump.drain()
    assert (len(seen.batches), here.letters) == (2, [])
    here.later(1)
    here.pump.drain()
    assert (len(seen.batches), here.lost()) == (2, [1])


def test_a_dead_letter_says_where_and_nothing_of_what() -> None:
    here = pumped(Seen({"secret"}), ["a", "secret"], retries=3, bisect=False)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in here.stream.records]
    here.pump.drain()
    (letter,) = here.letters
    context = letter.pop("requestContext")
    assert len(context.pop("requestId")) == 36
    assert context == {
        "functionArn": "arn:aws-cn:lambda:cn-north-1:123456789012:function:zhongshu-local-reader",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 4,
    }
    assert letter == {
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-09-30T01:00:00.000Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001541626099285-f35f62ef",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[1],
            "approximateArrivalOfFirstRecord": "2026-09-30T01:00:00.000Z",
            "approximateArrivalOfLastRecord": "2026-09-30T01:00:00.000Z",
            "batchSize": 2,
            "streamArn": ARN,
        },
    }


def test_a_function_that_reported_to_the_last_did_not_break() -> None:
    here = pumped(Seen({"a"}, reports=True), ["a"], retries=0)
    here.pump.drain()
    assert here.letters[0]["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_without_a_destination_what_is_given_up_is_gone() -> None:
    here = pumped(Seen({"a"}), "ab", retries=0, dead_letters=False)
    here.pump.drain()
    assert (here.letters, here.mapping.stats.given_up, here.stream.records) == ([], 1, [])


def test_what_was_given_up_can_be_read_from_the_stream_for_a_day() -> None:
    here = pumped(Seen({"b"}), "abc", retries=0)
    here.pump.drain()
    position = here.mapping.position - 2
    here.later((RETENTION - timedelta(seconds=1)).total_seconds())
    here.pump.drain()
    assert [each["dynamodb"]["Keys"]["id"]["S"] for each in here.stream.read(position, 9)] == ["b", "c"]
    here.later(1)
    here.pump.drain()
    with pytest.raises(Fault, match="trimmed"):
        here.stream.read(position, 9)
