"""The event source mapping between DynamoDB streams and the app's stream functions, in process.

It delivers as Lambda's does: in order, in batches, at least once, as JSON; a batch that fails is retried, split, and at
last put aside with a message that holds its place in the stream and not its content. It has no thread of its own: who
calls `poll` or `drain` gets the streams read. What Lambda does over minutes happens here at once: all attempts of a
batch follow each other, unless they have no end; then there is one at each call. This module must not know what the
functions do.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from chalice.local import LambdaContext

from infra.local.dead_letters import letter
from infra.local.dynamo_rows import FIRST_SEQUENCE_NUMBER, Stream

Record = dict[str, Any]
Function = Callable[[Any, Any], Any]
SHARD = "shardId-00000001541626099285-f35f62ef"  # moto's only one, which DescribeStream tells
RETENTION = timedelta(hours=24)  # how long DynamoDB keeps what was written
_READ = 1_000  # records a GetRecords gives
_PAYLOAD = 6_000_000  # bytes of an invocation
_ROUNDS = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    """A mapping's settings beside its batch size, with the defaults of AWS. `retries` counts the attempts after the
    first, -1: without end; `max_age_seconds` -1: no age is too old; `passes`: the filters, one of which must let a
    record through; `dead_letters`: whether it has a destination for what it gives up."""

    retries: int = -1
    bisect: bool = False
    max_age_seconds: int = -1
    report_item_failures: bool = False
    window_seconds: int = 0
    starting_position: str = "TRIM_HORIZON"
    passes: tuple[Callable[[Record], bool], ...] = ()
    dead_letters: bool = False


@dataclass(slots=True)
class Stats:
    """What a mapping has done so far."""

    invocations: int = 0
    records: int = 0
    failures: int = 0
    given_up: int = 0


@dataclass(slots=True)
class StreamMapping:
    """One function reading one stream; `position` is its checkpoint: every record before it is done with. `function`
    is its name on AWS."""

    name: str
    table: str
    handler: Function
    batch_size: int
    options: Options
    function: str = ""
    position: int = 0
    stats: Stats = field(default_factory=Stats)


@dataclass(frozen=True, slots=True)
class Failure:
    """An invocation that failed: from which record of the batch on; whether the function broke, or answered, and if
    it answered, whether it named that record."""

    at: int = 0
    broke: bool = False
    reported: bool = False


class Pump:
    """Drives the mappings over the streams. `streams` finds a table's stream by logical id; `dead_letter` gets the
    message of a batch that is given up. Two things can be set: `moved` is called when a round has been dealt with;
    `again` says of each batch that went well whether it is delivered once more, as when its checkpoint was lost."""

    def __init__(
        self,
        mappings: Sequence[StreamMapping],
        streams: Mapping[str, Stream],
        *,
        now: Callable[[], datetime],
        dead_letter: Callable[[Record], None],
    ) -> None:
        self.mappings = list(mappings)
        self.moved: Callable[[], None] = lambda: None
        self.again: Callable[[], bool] = lambda: False
        self.held = False  # streams lag, as they may for a day
        self._streams = streams
        self._now = now
        self._dead_letter = dead_letter
        self._kept: list[tuple[str, int, datetime]] = []
        for mapping in self.mappings:
            if mapping.table not in streams:
                raise ValueError(f"{mapping.name} reads the stream of {mapping.table}, and no such table has a stream")
            if mapping.options.starting_position == "LATEST":
                mapping.position = streams[mapping.table].end

    def drain(self) -> int:
        """Read every stream to its end, including what the functions write on the way, as if every batching window
        were over; gives the number of records that are done with. RuntimeError if the streams feed each other without
        end."""
        return self._rounds(until=None)

    def poll(self, until: datetime | None = None) -> int:
        """The same, but a batch that is not full waits for its batching window; nothing comes while it is `held`.
        `until`: what will have waited long enough by then comes now, because the clock is about to leap there."""
        return 0 if self.held else self._rounds(until=until or self._now())

    def skip(self) -> None:
        """Forget everything not yet read: every mapping stands at its stream's end."""
        self.let_go()
        for mapping in self.mappings:
            mapping.position = self._streams[mapping.table].end
        self._trim()

    def let_go(self) -> None:
        """Keep what was given up no longer: its dead letters have been read."""
        self._kept.clear()

    def _rounds(self, *, until: datetime | None) -> int:
        done = 0
        for _ in range(_ROUNDS):
            step = sum(self._advance(mapping, until) for mapping in self.mappings)
            self._trim()
            self.moved()
            if not step:
                return done
            done += step
        raise RuntimeError(f"the streams do not come to rest: {done} records and no end")

    def _trim(self) -> None:
        """Forget what every mapping has read; but behind what one gave up all stays for a day, as it always does on
        AWS."""
        horizon = self._now() - RETENTION
        self._kept = [each for each in self._kept if each[2] > horizon]
        for table, stream in self._streams.items():
            readers = [mapping.position for mapping in self.mappings if mapping.table == table]
            kept = [position for name, position, _ in self._kept if name == table]
            stream.trim(min([*readers, *kept], default=stream.end))

    def _advance(self, mapping: StreamMapping, until: datetime | None) -> int:
        """Deliver one batch; gives how many records were passed. `until` None: it waits for nothing."""
        batch = self._batch(mapping)
        if until and self._waits(mapping, batch, until):
            end = batch.places[0]
        else:
            done = self._deliver(mapping, batch.records)
            end = batch.places[done] if done < len(batch.records) else batch.end
        passed, mapping.position = end - mapping.position, end
        return passed

    def _batch(self, mapping: StreamMapping) -> _Batch:
        found = self._streams[mapping.table].read(mapping.position, _READ)
        batch = _Batch([], [], mapping.position + len(found), full=False)
        size = 0
        for position, record in enumerate(found, start=mapping.position):
            if mapping.options.passes and not any(passes(record) for passes in mapping.options.passes):
                continue
            size += record["dynamodb"]["SizeBytes"]
            if batch.records and (len(batch.records) == mapping.batch_size or size > _PAYLOAD):
                batch.end, batch.full = position, True
                break
            batch.records.append(record)
            batch.places.append(position)
        batch.full |= len(batch.records) == mapping.batch_size
        return batch

    def _waits(self, mapping: StreamMapping, batch: _Batch, until: datetime) -> bool:
        if batch.full or not batch.records:
            return False
        return _age(batch.records[0], until) < mapping.options.window_seconds

    def _deliver(self, mapping: StreamMapping, batch: list[Record], attempt: int = 0) -> int:
        """How many records of the batch, from its first on, are done with: handled or given up. Fewer than all where
        the attempts have no end: the rest is tried again at the next call."""
        options, done = mapping.options, 0
        while done < len(batch):
            rest = batch[done:]
            if stale := list(takewhile(lambda record: self._too_old(mapping, record), rest)):
                self._give_up(mapping, stale, attempt, "MaximumRecordAgeExceeded")
                done += len(stale)
                continue
            failure = self._invoke(mapping, rest)
            if failure is None:
                if not self.again():
                    return len(batch)
            elif failure.at:
                done, attempt = done + failure.at, 0
            elif options.bisect and len(rest) > 1 and not failure.reported:
                return done + self._halves(mapping, rest, attempt)
            elif attempt == options.retries:
                self._give_up(mapping, rest, attempt + 1, "RetryAttemptsExhausted", broke=failure.broke)
                return len(batch)
            elif options.retries < 0:
                return done
            else:
                attempt += 1
        return done

    def _halves(self, mapping: StreamMapping, batch: list[Record], attempt: int) -> int:
        """Both halves, each for itself; to split costs no attempt."""
        half = len(batch) // 2
        done = self._deliver(mapping, batch[:half], attempt)
        return done + self._deliver(mapping, batch[half:], attempt) if done == half else done

    def _invoke(self, mapping: StreamMapping, batch: list[Record]) -> Failure | None:
        mapping.stats.invocations += 1
        mapping.stats.records += len(batch)
        went_well, answer = invoked(mapping.name, mapping.handler, {"Records": batch})
        failure = None if went_well else Failure(broke=True)
        if went_well and mapping.options.report_item_failures:
            failure = _reported(answer, [record["dynamodb"]["SequenceNumber"] for record in batch])
        mapping.stats.failures += failure is not None
        return failure

    def _too_old(self, mapping: StreamMapping, record: Record) -> bool:
        return 0 <= mapping.options.max_age_seconds < _age(record, self._now())

    def _give_up(
        self, mapping: StreamMapping, batch: list[Record], invocations: int, why: str, *, broke: bool = False
    ) -> None:
        mapping.stats.given_up += len(batch)
        if mapping.options.dead_letters:
            position = int(batch[0]["dynamodb"]["SequenceNumber"]) - FIRST_SEQUENCE_NUMBER
            self._kept.append((mapping.table, position, self._now()))
            function = mapping.function or mapping.name
            self._dead_letter(letter(function, SHARD, batch, invocations, why, broke=broke, now=self._now()))


@dataclass(slots=True)
class _Batch:
    """Records with their positions, the position behind all that was looked at, and whether no more would fit."""

    records: list[Record]
    places: list[int]
    end: int
    full: bool


def _age(record: Record, now: datetime) -> float:
    return float(now.timestamp() - record["dynamodb"]["ApproximateCreationDateTime"])


def invoked(name: str, function: Function, event: Any) -> tuple[bool, Any]:
    """Whether a function got through an event, and what it answered; both as JSON."""
    try:
        answer = function(json.loads(json.dumps(event)), LambdaContext(name, 256, 30_000))
        return True, json.loads(json.dumps(answer))
    except Exception:  # noqa: BLE001  a function may fail in any way, and Lambda goes on
        traceback.print_exc(file=sys.stderr)
        return False, None


def _reported(answer: Any, numbers: list[str]) -> Failure | None:
    """The first of the failures that an answer reports. A report that is not understood, or names a record that is
    not in the batch, fails the whole batch; without a report all is well."""
    reported = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if reported is None or reported == []:
        return None
    if not isinstance(reported, list):
        return Failure()
    named = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in reported]
    if any(name not in numbers for name in named):
        return Failure()
    return Failure(min(numbers.index(str(name)) for name in named), reported=True)
