"""A stream, functions that remember what they were given, and a pump between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.dynamo_rows import Stream
from infra.local.pump import Options, Pump, StreamMapping

NOW = datetime(2026, 9, 30, 1, tzinfo=UTC)
ARN = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/t/stream/2026-09-30T00:00:00.000"
Handler = Callable[[Any, Any], Any]


class Seen:
    """A function that remembers what it was given; `poison` fails, by exception or by report."""

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


class Answering:
    """A function that answers to each invocation what comes next, and at last that all is well; a callable is given
    the batch's sequence numbers."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.batches: list[int] = []

    def __call__(self, event: Any, context: Any) -> Any:
        self.batches.append(len(event["Records"]))
        answer = self.answers.pop(0) if self.answers else None
        numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        return answer(numbers) if callable(answer) else answer


@dataclass
class Pumped:
    """A pump over one stream with one mapping, whose clock is moved by hand. A record is its one attribute, `id`."""

    stream: Stream
    mapping: StreamMapping
    pump: Pump = field(init=False)
    letters: list[Any] = field(default_factory=list)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.pump = Pump([self.mapping], {"T": self.stream}, now=lambda: self.now, dead_letter=self.letters.append)

    def put(self, *names: str) -> None:
        """Records that are written now."""
        for name in names:
            self.stream.append({"id": {"S": name}}, None, {"id": {"S": name}}, self.now)

    def later(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)

    def lost(self) -> list[int]:
        """How many records each dead letter is about."""
        return [letter["DDBStreamBatchInfo"]["batchSize"] for letter in self.letters]


def pumped(handler: Handler, names: Sequence[str] = (), *, batch_size: int = 4, **options: Any) -> Pumped:
    """A pump whose function is `handler`, with `names` in its stream: five retries, split batches, dead letters and
    reports, unless `options` say otherwise."""
    chosen = Options(
        **{"retries": 5, "bisect": True, "report_item_failures": True, "dead_letters": True, **options},
    )
    stream = Stream(ARN, "cn-north-1", "NEW_AND_OLD_IMAGES")
    found = Pumped(stream, StreamMapping("reader", "T", handler, batch_size, chosen, "zhongshu-local-reader"))
    found.put(*names)
    return found
