"""Scenarios of a stream: in which order its records lie, how often they come, and what goes wrong meanwhile.

The function under test goes through its records as on Lambda, over the real pump, engine and quarantine. In the end all
is mended, dead letters are taken in and the quarantine is redriven: then it must have written what it writes
undisturbed. A scenario is a list of small numbers, of which 0 is the undisturbed choice, so that it can be played again
and be made smaller. This module must not know what the reaction does.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from infra.local.cloud import LocalCloud
from infra.local.dynamo_rows import FIRST_SEQUENCE_NUMBER, Stream
from infra.local.pump import Pump, StreamMapping
from tests.faults.schedules import MOST_TROUBLES, chosen
from tests.faults.stage import Actor, Pick, Stage, Violation
from tests.faults.town import town
from tests.support.wire import Death, Trouble

Record = Mapping[str, Any]
MOST_MISHAPS, MOST_FAULTS = 4, 3
BATCHES = (3, 1, 2, 5, 100)
RETRIES = (10, 1, 0)
_QUARANTINE = "QuarantineTable"


class Mishap(Enum):
    """What happens to one invocation; the first is that nothing does."""

    none = "nothing"
    breaks_before = "the function breaks before it does anything"
    breaks_after = "the function breaks when it has done its work"
    checkpoint_lost = "who delivers dies before the checkpoint"
    twice = "the batch is delivered twice"
    replayed = "the stream is delivered from its beginning"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tried: the `reaction` of the function `reader` to the stream of `table`. `fill` writes what the records
    tell of, and gives what must be written in the end where that is known (None: what an undisturbed run writes);
    `wrote` gives what the reaction has written into `tables`, in a form by which two runs are compared; `beside` lets
    others come in who are at work meanwhile."""

    reader: str
    table: str
    tables: Sequence[str]
    fill: Callable[[LocalCloud, Pick], Any]
    reaction: Callable[[Record], None]
    wrote: Callable[[LocalCloud], Any]
    beside: Callable[[Stage], None] = lambda stage: None


@dataclass(slots=True)
class Faulty:
    """A reaction that fails at some records until they are mended; `done` are those that it once got through."""

    reaction: Callable[[Record], None]
    faults: dict[str, tuple[type[Exception], bool]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def __call__(self, record: Record) -> None:
        number = record["dynamodb"]["SequenceNumber"]
        error, late = self.faults.get(number, (None, False))
        if error and not late:
            raise error("as the scenario says")
        self.reaction(record)
        if error:
            raise error("as the scenario says")
        self.done.add(number)


class _Replayed(BaseException):
    """The mapping is made anew and begins with the oldest record."""


@dataclass(slots=True)
class Scenario:
    """One play of a subject."""

    subject: Subject
    pick: Pick
    tally: Counter[str]
    told: list[str]
    cloud: LocalCloud = field(init=False)
    reaction: Faulty = field(init=False)
    letters: list[Any] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    base: int = 0
    mishaps: int = 0

    def play(self) -> None:
        """Violation when something does not hold."""
        here = town()
        self.cloud = here.cloud
        self.reaction = Faulty(self.subject.reaction)
        with here.overheard(), contextlib.redirect_stderr(io.StringIO()):
            here.begin("received")
            self._empty(self.subject.table, _QUARANTINE, *self.subject.tables)
            expected = self.subject.fill(self.cloud, self.pick)
            self.base, self.records = self.stream.trimmed, list(self.stream.records)
            if expected is None:
                expected = self._undisturbed()
            self._disturb()
            self._look()
            self._mend()
            self._compare(expected, "after all was mended")
            if self.pick(3) == 2:
                self._rewind()
                self._pump(lambda event, _: self._handle(event)).drain()
                self._compare(expected, "after the whole stream came again")
        self.tally["records"] += len(self.records)

    @property
    def stream(self) -> Stream:
        """The stream that is read."""
        found = self.cloud.tables[self.subject.table].stream
        assert found is not None
        return found

    def _undisturbed(self) -> Any:
        self._pump(lambda event, _: self._handle(event)).drain()
        expected = self.subject.wrote(self.cloud)
        self._empty(*self.subject.tables)
        self.reaction.done.clear()
        return expected

    def _disturb(self) -> None:
        """Deliver everything in some order, with troubles, mishaps and faults, and perhaps redrive too early."""
        self.records = shuffled(self.records, self.pick, self.base)
        self._rewind()
        for _ in range(self.pick(MOST_FAULTS + 1)):
            number = self.records[self.pick(len(self.records))]["dynamodb"]["SequenceNumber"]
            error: type[Exception] = (ValueError, RuntimeError)[self.pick(2)]
            self.reaction.faults[number] = error, bool(self.pick(2))
            self.told.append(f"record {self._place(number)}: {error.__name__}")
        self.mishaps = self.pick(MOST_MISHAPS + 1)
        weather = chosen(self.pick, self.pick(MOST_TROUBLES + 1))
        stage = Stage(self.pick, self.cloud.clock, weather, told=self.told, tally=self.tally)
        batch, retries = BATCHES[self.pick(len(BATCHES))], RETRIES[self.pick(len(RETRIES))]
        stage.enter(self.subject.reader, lambda actor: self._act(actor, batch, retries))
        self.subject.beside(stage)
        stage.play()

    def _act(self, actor: Actor, batch: int, retries: int) -> None:
        pump = self._pump(lambda event, _: self._invoked(actor, event), batch, retries)
        pump.again = lambda: self._mishap(actor, Mishap.twice) is Mishap.twice
        (mapping,) = pump.mappings
        while mapping.position < self.stream.end:
            try:
                pump.poll()
            except Death:
                actor.stage.tell("  who delivers begins again")
            except _Replayed:
                self._rewind()
                mapping.position = self.base
        if actor.choose(2):
            with contextlib.suppress(Death, _busy()):
                actor.storm = Trouble.calm
                self._redrive()

    def _invoked(self, actor: Actor, event: Any) -> Any:
        actor.storm = Trouble.calm
        mishap = self._mishap(actor, Mishap.breaks_before, Mishap.breaks_after, Mishap.checkpoint_lost, Mishap.replayed)
        places = [self._place(record["dynamodb"]["SequenceNumber"]) for record in event["Records"]]
        actor.stage.tell(f"  records {places}")
        if mishap is Mishap.breaks_before:
            raise RuntimeError(mishap.value)
        try:
            report = self._handle(event)
        except Death:
            if actor.choose(2):
                raise RuntimeError("the function dies") from None
            raise
        match mishap:
            case Mishap.breaks_after:
                raise RuntimeError(mishap.value)
            case Mishap.checkpoint_lost:
                raise Death
            case Mishap.replayed:
                raise _Replayed
        return report

    def _mishap(self, actor: Actor, *possible: Mishap) -> Mishap:
        if not self.mishaps or actor.choose(3) < 2:
            return Mishap.none
        self.mishaps -= 1
        found = possible[actor.choose(len(possible))]
        self.tally[found.name] += 1
        actor.stage.tell(f"  {found.value}")
        return found

    def _look(self) -> None:
        """Before anything is mended: every record was handled, is in the quarantine, or lies in a dead letter."""
        numbers = {record["dynamodb"]["SequenceNumber"] for record in self.records}
        aside = {sequence for _, sequence in self.cloud.tables[_QUARANTINE].rows}
        lettered = {number for letter in self.letters for number in numbers if _covers(letter, number)}
        self.tally["quarantined"] += len(aside)
        self.tally["dead letters"] += len(self.letters)
        if lost := numbers - self.reaction.done - aside - lettered:
            raise Violation(f"neither handled nor put aside: {sorted(map(self._place, lost))}")
        if wrong := {each for each in aside if each not in self.reaction.faults}:
            raise Violation(f"put aside without a fault: {sorted(map(self._place, wrong))}")

    def _mend(self) -> None:
        self.reaction.faults.clear()
        importlib.import_module("chalicelib.reactions.records").take_in(
            [{"body": json.dumps(letter)} for letter in self.letters]
        )
        self._redrive()
        if left := list(self.cloud.tables[_QUARANTINE].rows):
            raise Violation(f"not handled when redriven: {sorted(self._place(number) for _, number in left)}")

    def _redrive(self) -> None:
        service = importlib.import_module("chalicelib.services.quarantine")
        authority = importlib.import_module("chalicelib.domain.authority")
        system = authority.Identity("operator", authority.Kind.system)
        for reader, sequence in list(self.cloud.tables[_QUARANTINE].rows):
            service.redrive(reader, sequence, {self.subject.reader: self.reaction}, system)
            self.tally["redriven"] += 1

    def _compare(self, expected: Any, when: str) -> None:
        if (found := self.subject.wrote(self.cloud)) != expected:
            raise Violation(f"{when} there is\n{_beyond(found, expected)}\nand not\n{_beyond(expected, found)}")

    def _handle(self, event: Any) -> Any:
        records = importlib.import_module("chalicelib.reactions.records")  # reads its settings when it is imported
        return records.handle(self.subject.reader, event["Records"], self.reaction)

    def _pump(self, handler: Callable[[Any, Any], Any], batch: int = 100, retries: int = 0) -> Pump:
        """A pump from the beginning of the stream, with the settings of the platform's own mapping."""
        own = next(each for each in self.cloud.pump.mappings if each.table == self.subject.table)
        options, function = replace(own.options, retries=retries), f"zhongshu-local-{self.subject.reader}"
        mapping = StreamMapping(self.subject.reader, own.table, handler, batch, options, function, self.base)
        now, send = self.cloud.clock.now, self.letters.append
        return Pump([mapping], {own.table: self.stream}, now=now, dead_letter=send)

    def _place(self, number: str) -> int:
        """Where in the scenario a record lies, from 0."""
        return int(number) - FIRST_SEQUENCE_NUMBER - self.base

    def _rewind(self) -> None:
        """Everything is in the stream again, as if nothing of it were trimmed."""
        self.stream.trimmed, self.stream.records = self.base, list(self.records)

    def _empty(self, *tables: str) -> None:
        for name in tables:
            self.cloud.tables[name].restore(None)


def shuffled(records: Sequence[dict[str, Any]], pick: Pick, base: int) -> list[dict[str, Any]]:
    """The records in an order in which several shards could have brought them: that of each key is kept. They are
    numbered as they lie, from position `base` on."""
    left: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        left.setdefault(json.dumps(record["dynamodb"]["Keys"]), []).append(record)
    found: list[dict[str, Any]] = []
    while left:
        first = sorted(left, key=lambda key: int(left[key][0]["dynamodb"]["SequenceNumber"]))
        key = first[pick(len(first))] if len(first) > 1 else first[0]
        record = left[key].pop(0)
        number = str(FIRST_SEQUENCE_NUMBER + base + len(found))
        found.append({**record, "eventID": number, "dynamodb": {**record["dynamodb"], "SequenceNumber": number}})
        if not left[key]:
            del left[key]
    return found


def rows_of(*tables: str) -> Callable[[LocalCloud], Any]:
    """Everything in these tables, by key."""
    return lambda cloud: {name: {key: row.item for key, row in cloud.tables[name].rows.items()} for name in tables}


def _beyond(ones: Mapping[str, Mapping[Any, Any]], others: Mapping[str, Mapping[Any, Any]]) -> Any:
    """The rows that only the ones have, by table."""
    rows = {name: {key: row for key, row in ones[name].items() if others[name].get(key) != row} for name in ones}
    return {name: found for name, found in rows.items() if found}


def _covers(letter: Any, number: str) -> bool:
    batch = letter["DDBStreamBatchInfo"]
    return int(batch["startSequenceNumber"]) <= int(number) <= int(batch["endSequenceNumber"])


def _busy() -> type[Exception]:
    found: type[Exception] = importlib.import_module("chalicelib.errors").Busy
    return found
