"""What becomes of batches that were given up: the message that Lambda writes, and the SQS queue that holds it.

The queue is moto's; whoever reads it gets its messages as Lambda's event source mapping for SQS delivers them, and one
that its function does not get through stays and comes again. This module must not know what the functions do.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3

Message = Mapping[str, Any]
_AT_ONCE = 10  # messages that SQS gives at a time


def letter(
    function: str,
    shard: str,
    batch: Sequence[Mapping[str, Any]],
    invocations: int,
    why: str,
    *,
    broke: bool,
    now: datetime,
) -> dict[str, Any]:
    """What Lambda sends of a batch that it gives up: where in the stream it lies, and nothing of what is in it. `why`:
    RetryAttemptsExhausted or MaximumRecordAgeExceeded; `broke`: by an error, and not by a report."""
    first, last = batch[0]["dynamodb"], batch[-1]["dynamodb"]
    stream: str = batch[0]["eventSourceARN"]
    _, partition, _, region, account, _ = stream.split(":", 5)
    error = {"functionError": "Unhandled"} if broke else {}
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": f"arn:{partition}:lambda:{region}:{account}:function:{function}",
            "condition": why,
            "approximateInvokeCount": invocations,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", **error},
        "version": "1.0",
        "timestamp": _moment(now.timestamp()),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _moment(first["ApproximateCreationDateTime"]),
            "approximateArrivalOfLastRecord": _moment(last["ApproximateCreationDateTime"]),
            "batchSize": len(batch),
            "streamArn": stream,
        },
    }


@dataclass(frozen=True, slots=True)
class Reader:
    """The function that reads a queue: `invoke` says whether it got through an event; `batch_size` in messages."""

    invoke: Callable[[Message], bool]
    batch_size: int


class Meter(Protocol):
    """Who counts the messages of a queue."""

    def sent(self, queue: str) -> None: ...
    def waiting(self, queue: str, messages: int, oldest: datetime | None) -> None: ...


class DeadLetters:
    """The queue of this name, made in moto. `waiting`: whether there may be messages in it; nobody else writes here, so
    that an empty queue need not be asked."""

    def __init__(self, name: str, reader: Reader | None, now: Callable[[], datetime], meter: Meter) -> None:
        self._name = name
        self._meter = meter
        self._client = boto3.client("sqs")
        self._url: str = self._client.create_queue(QueueName=name)["QueueUrl"]
        self._arn: str = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        self._reader = reader
        self._now = now
        self.waiting = False
        self._since: dict[str, datetime] = {}

    def send(self, message: Message) -> None:
        """Put a message in."""
        sent = self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(message))
        self._since[sent["MessageId"]] = self._now()
        self.waiting = True
        self._meter.sent(self._name)

    def deliver(self) -> int:
        """Give the messages to the reader, each once; how many it dealt with. The others are there the next time."""
        if self._reader is None or not self.waiting:
            return 0
        messages = list(self._received())
        size = self._reader.batch_size
        batches = [messages[start : start + size] for start in range(0, len(messages), size)]
        failed = [batch for batch in batches if not self._delivered(self._reader, batch)]
        left = [message for batch in failed for message in batch]
        for message in left:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        self.waiting = bool(left)
        self._meter.waiting(self._name, len(left), min(self._since.values(), default=None))
        return len(messages) - len(left)

    def take(self) -> list[dict[str, Any]]:
        """All messages, taken out."""
        found = list(self._received())
        for message in found:
            self._delete(message)
        self.waiting = False
        return [json.loads(message["Body"]) for message in found]

    def _received(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while messages := self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=_AT_ONCE, AttributeNames=["All"]
        ).get("Messages"):
            found += messages
        return found

    def _delivered(self, reader: Reader, batch: Sequence[dict[str, Any]]) -> bool:
        went_well = reader.invoke({"Records": [self._record(message) for message in batch]})
        if went_well:
            for message in batch:
                self._delete(message)
        return went_well

    def _delete(self, message: Mapping[str, Any]) -> None:
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        self._since.pop(message["MessageId"], None)

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        at = str(int(self._now().timestamp() * 1000))
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {
                "ApproximateReceiveCount": message["Attributes"]["ApproximateReceiveCount"],
                "SentTimestamp": at,
                "SenderId": message["Attributes"]["SenderId"],
                "ApproximateFirstReceiveTimestamp": at,
            },
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._arn.split(":")[3],
        }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
