"""The event source mapping between DynamoDB streams and the app's stream functions, in process.

It delivers as Lambda's does: in order, in batches, at least once, as JSON; a failed batch is split until one record
is left, retried, and at last put aside with a message that holds its place in the stream and not its content. It has
no thread of its own: whoever calls `drain` gets every stream read to its end. This module must not know what the
functions do.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalice.app import Chalice, DynamoDBEventConfig
from chalice.local import LambdaContext

from infra.local.dynamo_rows import Stream

Record = dict[str, Any]
_ROUNDS = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    """A mapping's settings beside its batch size, named as in CloudFormation. `filters` are event patterns, one of
    which a record must match; `retries` counts the attempts after the first."""

    retries: int = 5
    bisect: bool = True
    max_age_seconds: int = 86_400
    report_item_failures: bool = True
    filters: tuple[str, ...] = ()


DEFAULT_OPTIONS = Options()


@dataclass(slots=True)
class Stats:
    """What a mapping has done so far."""

    invocations: int = 0
    records: int = 0
    failures: int = 0
    dead_letters: int = 0


@dataclass(slots=True)
class StreamMapping:
    """One function reading one stream; `position` is its checkpoint: every record before it is done with."""

    name: str
    table: str
    handler: Callable[[Any, Any], Any]
    batch_size: int
    options: Options
    position: int = 0
    stats: Stats = field(default_factory=Stats)


def mappings_of(app: Chalice, options: Mapping[str, Options] | None = None) -> list[StreamMapping]:
    """The mappings that the app declares with `@app.on_dynamodb_record`. `stream_arn` must end with the logical id
    of the table ("stream/CasesTable"); `options` overrides the defaults by function name."""
    found = []
    for config in app.event_sources:
        if isinstance(config, DynamoDBEventConfig):
            table = re.split(r"[:/]", config.stream_arn)[-1]
            chosen = (options or {}).get(config.name, DEFAULT_OPTIONS)
            handler = app.handler_map[config.name]
            found.append(StreamMapping(config.name, table, handler, config.batch_size, chosen))
    return found


class Pump:
    """Drives the mappings over the streams. `streams` finds a table's stream by logical id; `dead_letter` gets the
    message of a batch that is given up; `moved` is called when a round has been dealt with."""

    def __init__(
        self,
        mappings: Sequence[StreamMapping],
        streams: Mapping[str, Stream],
        *,
        now: Callable[[], datetime],
        dead_letter: Callable[[Record], None],
    ) -> None:
        self.mappings = list(mappings)
        self._streams = streams
        self._now = now
        self._dead_letter = dead_letter
        self.moved: Callable[[], None] = lambda: None
        for mapping in self.mappings:
            if mapping.table not in streams:
                raise ValueError(f"{mapping.name} reads the stream of {mapping.table}, and no such table has a stream")

    def drain(self) -> int:
        """Read every stream to its end, including what the functions write on the way; gives the number of records
        delivered. Raises RuntimeError if the streams feed each other without end."""
        delivered = 0
        for _ in range(_ROUNDS):
            step = sum(self._advance(mapping) for mapping in self.mappings)
            self._trim()
            self.moved()
            if not step:
                return delivered
            delivered += step
        raise RuntimeError(f"the streams do not come to rest: {delivered} records and no end")

    def skip(self) -> None:
        """Forget everything not yet read: every mapping stands at its stream's end."""
        for mapping in self.mappings:
            mapping.position = self._streams[mapping.table].end
        self._trim()

    def _advance(self, mapping: StreamMapping) -> int:
        """Deliver one batch; gives how many records were passed."""
        stream = self._streams[mapping.table]
        records = stream.read(mapping.position, mapping.batch_size)
        if not records:
            return 0
        end = mapping.position + len(records)
        if wanted := [record for record in records if _passes(mapping.options.filters, record)]:
            self._deliver(mapping, wanted)
        mapping.position = end
        return len(records)

    def _trim(self) -> None:
        for table, stream in self._streams.items():
            readers = [mapping.position for mapping in self.mappings if mapping.table == table]
            stream.trim(min(readers, default=stream.end))

    def _deliver(self, mapping: StreamMapping, batch: list[Record], attempt: int = 0) -> None:
        while batch:
            failed_at, cause = self._invoke(mapping, batch)
            if failed_at is None:
                return
            mapping.stats.failures += 1
            if failed_at:
                batch, attempt = batch[failed_at:], 0
            elif mapping.options.bisect and len(batch) > 1:
                half = len(batch) // 2
                self._deliver(mapping, batch[:half], attempt)
                batch = batch[half:]
                continue
            if attempt >= mapping.options.retries or self._too_old(mapping, batch[0]):
                self._give_up(mapping, batch, attempt + 1, cause)
                return
            attempt += 1

    def _invoke(self, mapping: StreamMapping, batch: list[Record]) -> tuple[int | None, str]:
        """Position of the first record that failed, or None; and why."""
        mapping.stats.invocations += 1
        mapping.stats.records += len(batch)
        event = json.loads(json.dumps({"Records": batch}))
        try:
            answer = mapping.handler(event, LambdaContext(mapping.name, 256, 30_000))
        except Exception as error:  # noqa: BLE001  a function may fail in any way, and Lambda goes on
            traceback.print_exc(file=sys.stderr)
            return 0, type(error).__name__
        reported = (answer or {}).get("batchItemFailures") if mapping.options.report_item_failures else None
        if not reported:
            return None, ""
        places = {record["dynamodb"]["SequenceNumber"]: i for i, record in enumerate(batch)}
        failed = [places.get(each.get("itemIdentifier"), 0) for each in reported]
        return min(failed), "reported"

    def _too_old(self, mapping: StreamMapping, record: Record) -> bool:
        age = self._now().timestamp() - record["dynamodb"]["ApproximateCreationDateTime"]
        return bool(age > mapping.options.max_age_seconds)

    def _give_up(self, mapping: StreamMapping, batch: list[Record], invocations: int, cause: str) -> None:
        mapping.stats.dead_letters += 1
        condition = "MaximumRecordAgeExceeded" if self._too_old(mapping, batch[0]) else "RetryAttemptsExhausted"
        changes = [record["dynamodb"] for record in batch]
        self._dead_letter(
            {
                "version": "1.0",
                "timestamp": self._now().isoformat(),
                "requestContext": {
                    "functionArn": mapping.name,
                    "condition": condition,
                    "approximateInvokeCount": invocations,
                },
                "responseContext": {"functionError": cause},
                "DDBStreamBatchInfo": {
                    "streamArn": batch[0]["eventSourceARN"],
                    "batchSize": len(batch),
                    "startSequenceNumber": changes[0]["SequenceNumber"],
                    "endSequenceNumber": changes[-1]["SequenceNumber"],
                    "approximateArrivalOfFirstRecord": changes[0]["ApproximateCreationDateTime"],
                    "approximateArrivalOfLastRecord": changes[-1]["ApproximateCreationDateTime"],
                },
            }
        )


def _passes(filters: tuple[str, ...], record: Record) -> bool:
    if not filters:
        return True
    # imported late: EventBridge's model is not needed as long as no mapping filters
    from moto.events.models import EventPattern

    return any(EventPattern.load(each).matches_event(record) for each in filters)
