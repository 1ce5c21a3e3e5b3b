"""The queue of dead letters, and the function that reads it as on AWS."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest

from infra.local.cloud import ENVIRONMENT, LocalCloud
from infra.local.dead_letters import DeadLetters, Reader
from infra.local.environment import environment
from infra.local.measuring import Measures
from infra.local.series import Store, key
from tests.local.conftest import NINE
from tests.local.pumped import NOW
from tests.support.wire import Trouble, first, wire


class Reading:
    """A function that gets through an event unless a message of it is in `refused`."""

    def __init__(self, *refused: int) -> None:
        self.refused = set(refused)
        self.events: list[Any] = []

    def __call__(self, event: Any) -> bool:
        self.events.append(event)
        return not self.refused & {json.loads(each["body"])["n"] for each in event["Records"]}

    @property
    def seen(self) -> list[list[int]]:
        return [[json.loads(each["body"])["n"] for each in event["Records"]] for event in self.events]


@pytest.fixture
def aws() -> Iterator[None]:
    with environment(ENVIRONMENT), moto.mock_aws():
        yield


def queue(reading: Reading | None, batch_size: int = 1, store: Store | None = None) -> DeadLetters:
    measures = Measures(store or Store(), "small", "test", lambda: NOW)
    found = DeadLetters("letters", Reader(reading, batch_size) if reading else None, lambda: NOW, measures)
    for n in range(3):
        found.send({"n": n})
    return found


@pytest.mark.usefixtures("aws")
def test_a_message_that_was_dealt_with_does_not_come_again() -> None:
    reading = Reading()
    letters = queue(reading)
    assert letters.deliver() == 3
    assert letters.deliver() == 0
    assert reading.seen == [[0], [1], [2]]
    assert letters.take() == []
    assert not letters.waiting


@pytest.mark.usefixtures("aws")
def test_a_message_that_fails_is_there_the_next_time_and_holds_no_other_up() -> None:
    reading, store = Reading(1), Store()
    letters = queue(reading, store=store)
    assert letters.deliver() == 2
    assert letters.waiting
    assert letters.deliver() == 0
    assert reading.seen == [[0], [1], [2], [1]]
    reading.refused.clear()
    assert letters.deliver() == 1
    assert not letters.waiting
    told = {
        name: [
            value
            for _, samples in store.series(key("AWS/SQS", name, [("QueueName", "letters")])).minutes()
            for value in samples
        ]
        for name in ("NumberOfMessagesSent", "ApproximateNumberOfMessagesVisible")
    }
    assert told == {"NumberOfMessagesSent": [(1, 3)], "ApproximateNumberOfMessagesVisible": [(1, 2), (0, 1)]}


@pytest.mark.usefixtures("aws")
def test_a_batch_of_messages_fails_together() -> None:
    reading = Reading(1)
    letters = queue(reading, batch_size=2)
    assert letters.deliver() == 1
    assert reading.seen == [[0, 1], [2]]
    assert letters.take() == [{"n": 0}, {"n": 1}]


@pytest.mark.usefixtures("aws")
def test_a_message_looks_as_sqs_delivers_it() -> None:
    reading = Reading()
    queue(reading).deliver()
    record = reading.events[0]["Records"][0]
    assert record["body"] == '{"n": 0}'
    assert record["md5OfBody"] == hashlib.md5(b'{"n": 0}').hexdigest()
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].endswith(":letters")
    assert record["awsRegion"] == "cn-north-1"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["attributes"]["SentTimestamp"] == str(int(NOW.timestamp() * 1000))
    assert {"messageId", "receiptHandle", "messageAttributes"} <= record.keys()


@pytest.mark.usefixtures("aws")
def test_messages_that_nobody_reads_stay_until_they_are_taken() -> None:
    letters = queue(None)
    assert letters.deliver() == 0
    assert letters.take() == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert letters.take() == []


def test_a_dead_letter_of_the_running_cloud_lands_in_its_queue(cloud: LocalCloud) -> None:
    cloud.request("PUT", "/v1/notes/bad", body=b"poison")
    cloud.request("PUT", "/v1/notes/good", body=b"fine")
    (letter,) = cloud.dead_letters()
    assert letter["requestContext"]["functionArn"].endswith(":function:small-local-on_notes")
    assert cloud.dead_letters() == []


def leave_a_letter(data: Path) -> int:
    """A run whose quarantine does not answer, so that what is given up stays a dead letter; how many there are."""
    with contextlib.closing(LocalCloud.start(NINE, runs=False, data=data)) as cloud:
        boto3.client("dynamodb").put_item(TableName="zhongshu-local-cases", Item={"id": {"S": "broken"}})
        with wire(first("PutItem", Trouble.throttled, times=10_000)):
            cloud.drain()
        return len(cloud.tables["QuarantineTable"])


def take_it_up(data: Path) -> list[tuple[str, bool]]:
    """The next run: what is in the quarantine, and whether the record itself is."""
    with contextlib.closing(LocalCloud.start(runs=False, data=data)) as cloud:
        rows = [row.item for row in cloud.tables["QuarantineTable"].rows.values()]
        assert cloud.dead_letters() == []
        return [(row["reason"]["S"], row["kept"]["BOOL"]) for row in rows]


def test_a_dead_letter_outlives_a_restart_and_so_does_what_it_points_to(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")  # the platform reads its settings once a process
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as process:
        assert process.submit(leave_a_letter, tmp_path).result(60) == 0
        assert process.submit(take_it_up, tmp_path).result(60) == [("RetryAttemptsExhausted", True)]
        assert process.submit(take_it_up, tmp_path).result(60) == [("RetryAttemptsExhausted", True)]


def test_a_reset_forgets_dead_letters(cloud: LocalCloud) -> None:
    cloud.request("PUT", "/v1/notes/bad", body=b"poison")
    cloud.reset()
    assert cloud.dead_letters() == []
