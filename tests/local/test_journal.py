"""The journal and what is taken up from it: equal tables, indexes, streams and places, whatever happened before."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local import dynamo_writes as writes
from infra.local.clock import LocalClock
from infra.local.dynamo_rows import Rows, Stream
from infra.local.dynamo_values import Fault
from infra.local.journal import Unusable
from infra.local.keeping import Keeper, Parts
from infra.local.pump import Options, Pump, StreamMapping
from infra.local.schedules import Schedule, Scheduler, parse

NINE = datetime(2026, 9, 30, 1, tzinfo=UTC)
_HASH, _RANGE = "HASH", "RANGE"


def schema(**kinds: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in kinds.items()]


class Crash(BaseException):
    """The process dies inside a function."""


@dataclass
class Engine:
    """A table with an index and a stream, one without a reader, a pump, a clock, all kept in a directory."""

    keeper: Keeper
    parts: Parts
    store: writes.Store
    read: list[str]
    ran: list[datetime]

    def state(self) -> Any:
        """Everything that a restart must not change."""
        tables = {
            name: (rows.rows, {each.name: each.partitions for each in (rows.primary, *rows.secondary.values())})
            for name, rows in self.parts.tables.items()
        }
        streams = {name: rows.stream for name, rows in self.parts.tables.items()}
        places = [mapping.position for mapping in self.parts.pump.mappings]
        return tables, streams, places, self.store.tokens, self.parts.clock.now()

    def put(self, name: str, **more: Any) -> None:
        item = {"id": {"S": name}, "n": {"N": "1"}, **more}
        writes.put_item(self.store, {"TableName": "Notes", "Item": item})


def fresh_tables() -> dict[str, Rows]:
    """Empty tables, with stream labels of their own, as moto makes them at each start."""
    notes = Rows(schema(id=_HASH, n=_RANGE), {"id": "S", "n": "N", "g": "S"})
    notes.index("by_group", schema(g=_HASH, n=_RANGE), {"ProjectionType": "ALL"})
    tables = {"Notes": notes, "Copies": Rows(schema(id=_HASH), {"id": "S"})}
    for name, rows in tables.items():
        arn = f"arn/{name}/stream/{datetime.now(UTC).isoformat()}"
        rows.stream = Stream(arn, "cn-north-1", "NEW_AND_OLD_IMAGES")
    return tables


def opened(directory: Path, poison: Callable[[str], bool] = lambda name: False) -> Engine:
    """The engine as it starts over a directory; the stream's reader dies at a record that is `poison`."""
    keeper, read, ran = Keeper(directory), list[str](), list[datetime]()

    def reader(event: Any, context: Any) -> None:
        for record in event["Records"]:
            if poison(record["dynamodb"]["Keys"]["id"]["S"]):
                raise Crash
            read.append(record["dynamodb"]["Keys"]["id"]["S"])

    tables, clock = fresh_tables(), LocalClock(NINE, runs=False)
    streams = {name: rows.stream for name, rows in tables.items() if rows.stream}
    mapping = StreamMapping("reader", "Notes", reader, 3, Options())
    pump = Pump([mapping], streams, now=clock.now, dead_letter=keeper.letters_to(lambda letter: None))
    daily = Schedule("daily", "", lambda event, context: ran.append(clock.now()), parse("rate(1 day)"))
    scheduler = Scheduler({"daily": daily}, clock.now, lambda: None, "cn-north-1")
    store = writes.Store(tables.__getitem__, clock.now)
    parts = Parts(tables, pump, clock, scheduler, lambda: store.tokens)
    try:
        keeper.take_up(parts)
    except Unusable:
        keeper.close()
        raise
    store.keep = keeper.write
    return Engine(keeper, parts, store, read, ran)


def living(tokens: dict[str, tuple[str, datetime]], now: datetime) -> dict[str, tuple[str, datetime]]:
    return {token: seen for token, seen in tokens.items() if seen[1] + writes.TOKEN_LIFE >= now}


def some_operation(engine: Engine, chance: random.Random) -> None:
    """One operation on few keys, so that they meet; refusals are part of it."""
    key = {"id": {"S": chance.choice("abcdé")}, "n": {"N": str(chance.randrange(3))}}
    group = {"g": {"S": chance.choice("xy")}} if chance.random() < 0.7 else {}
    put = {"Put": {"TableName": "Notes", "Item": {**key, **group, "v": {"B": "AAE="}}}}
    copy = {
        "Put": {"TableName": "Copies", "Item": {"id": key["id"]}, "ConditionExpression": "attribute_not_exists(id)"}
    }
    add = {"UpdateExpression": "ADD v :v", "ExpressionAttributeValues": {":v": {"NS": [str(chance.randrange(5))]}}}
    operations: list[Callable[[], object]] = [
        lambda: writes.put_item(engine.store, put["Put"]),
        lambda: writes.update_item(engine.store, {"TableName": "Notes", "Key": key, **add}),
        lambda: writes.delete_item(engine.store, {"TableName": "Notes", "Key": key}),
        lambda: writes.delete_item(engine.store, {"TableName": "Copies", "Key": {"id": key["id"]}}),
        lambda: writes.batch_write_item(engine.store, {"RequestItems": {"Notes": [{"DeleteRequest": {"Key": key}}]}}),
        lambda: writes.transact_write_items(
            engine.store, {"TransactItems": [put, copy], "ClientRequestToken": str(chance.random())}
        ),
        lambda: engine.parts.clock.advance(chance.randrange(200)),
        engine.parts.pump.drain,
    ]
    with contextlib.suppress(Fault):
        chance.choice(operations)()


@pytest.mark.parametrize("seed", range(20))
def test_what_is_taken_up_equals_what_was_left(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    engine = opened(tmp_path)
    for _ in range(6):
        for _ in range(chance.randrange(25)):
            some_operation(engine, chance)
        left = engine.state()
        engine.keeper.close()  # nothing is written at close, so this is no kinder than a kill
        engine = opened(tmp_path)
        tables, streams, places, tokens, now = engine.state()
        assert (tables, streams, places) == left[:3]
        assert now == left[4]
        assert living(tokens, now) == living(left[3], now)
    engine.keeper.close()


def test_a_last_record_that_is_cut_off_at_any_byte_is_dropped_whole_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = opened(tmp_path / "a")
    engine.put("before")
    before, size = engine.state()[0]["Notes"][0].copy(), (tmp_path / "a/journal").stat().st_size
    two = [
        {"Put": {"TableName": name, "Item": {"id": {"S": "after"}, "n": {"N": "1"}}}} for name in ("Notes", "Copies")
    ]
    writes.transact_write_items(engine.store, {"TransactItems": two})
    engine.keeper.close()
    whole = (tmp_path / "a/journal").read_bytes()
    assert len(whole) > size
    (tmp_path / "b").mkdir()
    for end in range(size, len(whole) + 1):
        (tmp_path / "b/journal").write_bytes(whole[:end])
        again = opened(tmp_path / "b")
        told = f"({end - size} bytes), which was dropped" in capsys.readouterr().err
        assert told == (size < end < len(whole))
        notes, copies = (again.parts.tables[name].rows for name in ("Notes", "Copies"))
        assert notes == before if end < len(whole) else len(notes) == 2
        assert len(copies) == len(notes) - 1
        again.keeper.close()


def test_damage_before_the_last_record_is_refused_with_its_place(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    size = (tmp_path / "journal").stat().st_size
    engine.put("a")
    engine.put("b")
    engine.keeper.close()
    content = bytearray((tmp_path / "journal").read_bytes())
    content[size + 30] ^= 1
    (tmp_path / "journal").write_bytes(content)
    with pytest.raises(Unusable, match=f"truncate -s {size} "):
        opened(tmp_path)


def test_a_record_that_was_read_and_not_marked_so_comes_again_and_none_is_lost(tmp_path: Path) -> None:
    engine = opened(tmp_path, poison="d".__eq__)
    for name in "abcde":
        engine.put(name)
    with pytest.raises(Crash):
        engine.parts.pump.drain()
    engine.keeper.close()
    again = opened(tmp_path)
    again.parts.pump.drain()
    assert (engine.read, again.read) == (["a", "b", "c"], ["d", "e"])
    again.keeper.close()
    last = opened(tmp_path)
    assert last.parts.pump.drain() == 0
    last.keeper.close()


def test_a_transaction_sent_again_after_a_restart_is_still_applied_once(tmp_path: Path) -> None:
    add = {"UpdateExpression": "ADD v :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    key = {"id": {"S": "a"}, "n": {"N": "1"}}
    body = {"ClientRequestToken": "t", "TransactItems": [{"Update": {"TableName": "Notes", "Key": key, **add}}]}
    for _ in range(3):
        engine = opened(tmp_path)
        writes.transact_write_items(engine.store, body)
        (row,) = engine.parts.tables["Notes"].rows.values()
        assert row.item["v"] == {"N": "1"}
        engine.keeper.close()


def test_what_fell_due_before_a_crash_and_did_not_run_is_due_again(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    engine.parts.clock.advance(86_400)
    engine.keeper.close()
    again = opened(tmp_path)
    assert again.parts.scheduler.run_due() == ["daily"]
    again.keeper.settled(again.parts.clock.now())
    assert again.ran == [NINE + timedelta(days=1)]
    again.keeper.close()
    last = opened(tmp_path)
    assert last.parts.scheduler.run_due() == []
    last.keeper.close()


def test_a_clock_that_was_put_back_before_there_were_data_stays_there(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    engine.keeper.settled(engine.parts.clock.advance(86_400))
    engine.parts.clock.set(NINE)
    engine.keeper.close()
    again = opened(tmp_path)
    assert again.parts.clock.now() == NINE
    again.parts.clock.advance(86_400)
    assert again.parts.scheduler.run_due() == ["daily"]
    again.keeper.close()


def test_a_running_clock_goes_on_while_nothing_runs_and_never_back() -> None:
    clock = LocalClock()
    ahead = timedelta(days=3)
    clock.resume(ahead, NINE)
    assert abs(clock.offset - ahead) < timedelta(seconds=1)
    late = datetime.now(UTC) + timedelta(days=9)
    clock.resume(ahead, late)
    assert clock.now() >= late


def test_dead_letters_and_notes_are_there_until_they_are_taken(tmp_path: Path) -> None:
    for known in ({}, {"a": "1"}):
        engine = opened(tmp_path)
        assert engine.keeper.notes == known
        engine.keeper.note("a", "1")
        engine.keeper.letters_to(lambda letter: None)({"n": len(known)})
        engine.keeper.close()
    found: list[Any] = []
    keeper = Keeper(tmp_path)
    keeper.letters_to(found.append)
    keeper.take_up(engine.parts)
    keeper.letters_taken()
    keeper.close()
    assert found == [{"n": 0}, {"n": 1}]


def test_a_table_that_this_version_does_not_have_is_refused_by_name(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    engine.keeper.close()
    other = Parts({}, engine.parts.pump, engine.parts.clock, engine.parts.scheduler, dict)
    keeper = Keeper(tmp_path)
    with pytest.raises(Unusable, match="a table Notes with the key id, n"):
        keeper.take_up(other)
    keeper.close()


def test_a_journal_much_longer_than_its_state_is_rewritten(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    text = "x" * 300_000
    for count in range(60):
        engine.put("same", text={"S": text}, count={"N": str(count)})
        engine.parts.pump.drain()
        engine.keeper.settled(None)
    assert (tmp_path / "journal").stat().st_size < 6_000_000
    left = engine.state()
    engine.keeper.close()
    again = opened(tmp_path)
    assert again.state()[:3] == left[:3]
    again.keeper.close()
