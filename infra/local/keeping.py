"""What the local cloud keeps in its data directory, and how it takes it up again.

Kept are the tables with their streams, how far each function has read them, transaction tokens of the last ten
minutes, dead letters, the clock, the last look at the schedules, and the key that signs tokens. Metrics are not. A
change is in the journal before it is made; how far a stream was read is there after its records were dealt with, so
that a crash delivers some again and loses none. This module must not know the platform's tables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

from infra.local import dynamo_values as values
from infra.local.clock import LocalClock
from infra.local.dynamo_rows import Row, Rows, Stream
from infra.local.dynamo_writes import TOKEN_LIFE, Change
from infra.local.issuer import new_key
from infra.local.journal import Journal, Unusable
from infra.local.pump import Pump
from infra.local.schedules import Scheduler

Tokens = dict[str, tuple[str, datetime]]
Record = list[Any]
_NEVER = datetime.fromtimestamp(0, UTC)
_DROPPED = """上次运行中断时有一条记录没有写完（{bytes}字节），已舍去；此前的记录都在。
The last run was cut off within a record ({bytes} bytes), which was dropped; everything before it is there."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a local cloud that are kept. `tokens` gives the transaction tokens as the engine has them."""

    tables: Mapping[str, Rows]
    pump: Pump
    clock: LocalClock
    scheduler: Scheduler
    tokens: Callable[[], Tokens]


class Keeper:
    """Keeps a local cloud in a directory. First `take_up`, then the engine calls `write`, the pump `read_on` and the
    clock `clock_set`. `notes` are the words of whoever runs the cloud. Raises Unusable as Journal does."""

    def __init__(self, directory: Path) -> None:
        self._journal = Journal(directory)
        self.notes: dict[str, str] = {}
        self._letters: list[Any] = []
        self._send: Callable[[Any], None] = lambda _: None
        self._parts: Parts
        self._names: dict[Rows, str] = {}
        self._told: dict[str, int] = {}
        self._offset = timedelta()
        self._last = self._looked = _NEVER

    def key(self) -> RSAKey:
        """The signing key of this directory, so that tokens outlive a restart."""
        path = self._journal.directory / "issuer.pem"
        if not path.exists():
            _write_secret(path, new_key().as_pem(private=True))
        key: RSAKey = RSAKey.import_key(path.read_bytes(), {"use": "sig", "alg": "RS256"})
        key.ensure_kid()
        return key

    def take_up(self, parts: Parts) -> None:
        """Put everything back as it was kept, into parts as they are at start, and go on keeping from there. A record
        that was cut off is dropped and told of on standard error. Raises Unusable for tables that this version does
        not have."""
        self._parts = parts
        self._names = {rows: name for name, rows in parts.tables.items()}
        steps = self._steps()
        for kind, *content in self._journal.records():
            steps[kind](*content)
        if self._journal.dropped:
            print(_DROPPED.format(bytes=self._journal.dropped), file=sys.stderr)
        if self._looked != _NEVER:
            self._resume()
        else:
            self._looked = parts.clock.now()
        self.rewrite()
        for letter in self._letters:
            self._send(letter)
        parts.pump.moved = self.read_on
        parts.clock.moved = self.clock_set

    def _steps(self) -> dict[str, Callable[..., None]]:
        return {
            "table": self._take_table,
            "row": self._take_row,
            "stream": self._take_stream,
            "write": self._take_write,
            "token": self._take_token,
            "read": self._told.update,
            "clock": self._take_clock,
            "looked": self._take_looked,
            "letter": self._letters.append,
            "letters_taken": self._letters.clear,
            "note": self.notes.__setitem__,
        }

    def _take_table(self, name: str, keys: list[str], arn: str | None) -> None:
        rows = self._parts.tables.get(name)
        if rows is None or list(rows.primary.key_names) != keys:
            directory = self._journal.directory
            raise Unusable(
                f"{directory} 中的表{name}（主键{'、'.join(keys)}）在本版本中没有；请用写入它的版本打开，或换一个目录\n"
                f"{directory} holds a table {name} with the key {', '.join(keys)}, which this version does not have; "
                "open it with the version that wrote it, or choose another directory"
            )
        if rows.stream and arn:
            rows.stream.arn = arn

    def _take_row(self, name: str, item: values.Attributes) -> None:
        self._replace(name, item, item)

    def _take_stream(self, name: str, trimmed: int, records: list[Any]) -> None:
        if stream := self._parts.tables[name].stream:
            stream.trimmed, stream.records = trimmed, records

    def _take_write(self, moment: str, changes: list[tuple[str, Any, Any]], token: list[str] | None) -> None:
        at = self._seen(moment)
        for name, key, item in changes:
            old, new = self._replace(name, key or item, item)
            self._parts.tables[name].record(old, new, at)
        if token:
            self._parts.tokens()[token[0]] = (token[1], at)

    def _replace(
        self, name: str, key: values.Attributes, item: values.Attributes | None
    ) -> tuple[Row | None, Row | None]:
        rows = self._parts.tables[name]
        new = Row(item, values.sizes(item)) if item is not None else None
        place = tuple(values.native(key[each]) for each in rows.primary.key_names)
        return rows.replace(place, new), new

    def _take_token(self, token: str, digest: str, moment: str) -> None:
        self._parts.tokens()[token] = (digest, datetime.fromisoformat(moment))

    def _take_clock(self, offset: float, moment: str) -> None:
        self._offset = timedelta(seconds=offset)
        self._last = datetime.fromisoformat(moment)
        self._looked = min(self._looked, self._last)

    def _take_looked(self, moment: str) -> None:
        self._looked = self._seen(moment)

    def _seen(self, moment: str) -> datetime:
        at = datetime.fromisoformat(moment)
        self._last = max(self._last, at)
        return at

    def _resume(self) -> None:
        """Clock, streams and schedules, once all records were read."""
        parts = self._parts
        for name, stream in self._streams():
            stream.trim(self._told.get(name, 0))
        for mapping in parts.pump.mappings:
            trimmed = self._told.get(mapping.table, 0)
            mapping.position = max(self._told.get(f"{mapping.table}/{mapping.name}", 0), trimmed)
        parts.clock.restart(self._looked)
        parts.scheduler.rewind()
        parts.clock.resume(self._offset, self._last)

    def _streams(self) -> Iterator[tuple[str, Stream]]:
        return ((name, rows.stream) for name, rows in self._parts.tables.items() if rows.stream)

    def rewrite(self) -> None:
        """Put the present state in the place of the journal. Nobody may write meanwhile."""
        self._looked = min(self._looked, self._parts.clock.now())
        self._told = self._places()
        self._journal.rewrite(self._state())

    def settled(self, looked: datetime | None) -> None:
        """Keep that what fell due by `looked` has run, and `rewrite` if the journal has become much longer than the
        state. Nobody may write meanwhile."""
        if looked:
            self._looked = looked
            self._journal.append(["looked", looked.isoformat()])
        if self._journal.large:
            self.rewrite()

    def _state(self) -> Iterator[Record]:
        parts, now = self._parts, self._parts.clock.now()
        for name, rows in parts.tables.items():
            yield ["table", name, rows.primary.key_names, rows.stream.arn if rows.stream else None]
            for row in rows.rows.values():
                yield ["row", name, row.item]
        for name, stream in self._streams():
            yield ["stream", name, stream.trimmed, stream.records]
        for token, (digest, at) in parts.tokens().items():
            if at + TOKEN_LIFE >= now:
                yield ["token", token, digest, at.isoformat()]
        yield from (["letter", letter] for letter in self._letters)
        yield from (["note", name, text] for name, text in self.notes.items())
        yield ["read", self._told]
        yield ["clock", parts.clock.offset.total_seconds(), now.isoformat()]
        yield ["looked", self._looked.isoformat()]

    def _places(self) -> dict[str, int]:
        """How far streams were trimmed, by table, and how far each function has read, by table/function."""
        mappings = self._parts.pump.mappings
        return {
            **{name: stream.trimmed for name, stream in self._streams()},
            **{f"{mapping.table}/{mapping.name}": mapping.position for mapping in mappings},
        }

    def write(self, changes: Sequence[Change], now: datetime, token: tuple[str, str] | None) -> None:
        """Keep the changes that one request is about to make; tables beside the template's are not kept."""
        kept = [
            [name, None if each.new else each.write.key_attributes, each.new.item if each.new else None]
            for each in changes
            if each.old is not each.new and (name := self._names.get(each.write.rows))
        ]
        if kept:
            self._journal.append(["write", now.isoformat(), kept, token])

    def read_on(self) -> None:
        """Keep how far the streams were read since the last time."""
        places = self._places()
        if moved := {name: place for name, place in places.items() if self._told.get(name) != place}:
            self._journal.append(["read", moved])
            self._told = places

    def clock_set(self) -> None:
        """Keep the clock, which has just been set."""
        clock, now = self._parts.clock, self._parts.clock.now()
        self._looked = min(self._looked, now)  # it may go back as long as there are no data
        self._journal.append(["clock", clock.offset.total_seconds(), now.isoformat()])

    def letters_to(self, send: Callable[[Any], None]) -> Callable[[Any], None]:
        """`send`, for dead letters, which are kept first; `take_up` sends those that are still there."""
        self._send = send
        return self._letter

    def _letter(self, message: Any) -> None:
        self._journal.append(["letter", message])
        self._letters.append(message)
        self._send(message)

    def letters_taken(self) -> None:
        """Forget the dead letters, which somebody has taken."""
        if self._letters:
            self._letters.clear()
            self._journal.append(["letters_taken"])

    def note(self, name: str, text: str) -> None:
        """Keep a note under a name."""
        self.notes[name] = text
        self._journal.append(["note", name, text])

    def close(self) -> None:
        """Bring everything to the disk and let another process have the directory."""
        self._journal.close()


def _write_secret(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
