"""The quarantine: what a stream function cannot handle is put aside whole, seen by operations, and handled later."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from infra.cli import redrive_command
from infra.cli.hub import Hub as Client
from infra.local.pump import SHARD
from tests.flow.conftest import NINE, Filed, Hub, problem
from tests.support.town import ID_NUMBER, LI, NAME, PHONE, POOL, PUBLISHER, WANG, ZHANG, permit
from tests.support.wire import Call, Trouble, counted, wire

CASES = "zhongshu-local-cases"
BROKEN = "330203000000000000001"


def out_of_reach(call: Call) -> Trouble | None:
    """The quarantine does not answer."""
    to_it = call.operation == "PutItem" and call.arguments["TableName"].endswith("-quarantine")
    return Trouble.throttled if to_it else None


def put(id: str, item: dict[str, Any]) -> None:
    """An item put beneath the door, of which only its record in the stream tells."""
    boto3.client("dynamodb").put_item(TableName=CASES, Item={**item, "id": {"S": id}})


def stored(case: Filed) -> dict[str, Any]:
    item: dict[str, Any] = boto3.client("dynamodb").get_item(TableName=CASES, Key={"id": {"S": case.id}})["Item"]
    return copy.deepcopy(item)


def break_one(hub: Hub, body: Any = None) -> dict[str, Any]:
    """The item of a real case without its channel, under another number; its record is read at the next drain."""
    item = stored(hub.file(body))
    del item["c"]
    put(BROKEN, item)
    return item


def rows(hub: Hub) -> list[Any]:
    listed: list[Any] = hub.get("/v1/quarantine", PUBLISHER)["items"]
    return listed


def redrive(hub: Hub, row: Any, who: Any = PUBLISHER) -> Any:
    return hub.ask("POST", f"/v1/quarantine/{row['reader']}/{row['sequence']}/redrive", who)


def counts(hub: Hub, metric: str, days: int = 2, **dimensions: str) -> float:
    """The sum of a metric on the days of the test."""
    hub.cloud.drain()
    named = [{"Name": name, "Value": value} for name, value in {"stage": "local", **dimensions}.items()]
    points = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="Zhongshu", MetricName=metric, Dimensions=named, StartTime=NINE - timedelta(days=1),
        EndTime=NINE + timedelta(days=days), Period=86_400, Statistics=["Sum"],
    )["Datapoints"]  # fmt: skip
    return float(sum(point["Sum"] for point in points))


# What becomes of a record that cannot be read


def test_a_record_that_cannot_be_read_is_put_aside_and_the_rest_goes_on(hub: Hub) -> None:
    break_one(hub)
    whole = stored(hub.file())
    put("330203000000000000002", whole)
    before = counts(hub, "CasesReceived", channel="mobile")
    assert before == 3  # two filed, and the one that was put behind the broken one
    (row,) = rows(hub)
    assert (row["reader"], row["key"], row["reason"]) == ("on_case_change", BROKEN, "KeyError")
    assert row["place"].startswith("chalicelib.store.changes:")
    assert row["at"].startswith("2026-03-02T09:00:00")
    assert (row["tries"], row["records"], row["kept"]) == (0, 1, True)
    assert hub.cloud.dead_letters() == []


def test_it_is_counted_and_logged_and_neither_log_nor_list_tell_what_is_in_it(hub: Hub) -> None:
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        break_one(hub, permit())
        hub.cloud.drain()
    assert counts(hub, "RecordsQuarantined", reader="on_case_change") == 1
    (line,) = [line for line in map(json.loads, written.getvalue().splitlines()) if "quarantined" in line["message"]]
    assert line["operation"] == "on_case_change"
    assert line["reason"].partition(" ")[2].startswith("KeyError chalicelib.store.changes:")
    shown = json.dumps(hub.get("/v1/quarantine", PUBLISHER), ensure_ascii=False)
    for said in (written.getvalue(), shown):
        assert not any(text in said for text in (NAME, ID_NUMBER, PHONE, "residence-permit"))


def test_what_is_put_aside_is_the_whole_record_without_the_applicants_data_and_leaves_in_sixty_days(hub: Hub) -> None:
    from chalicelib.store import quarantine as store

    item = break_one(hub, permit())
    hub.cloud.drain()
    (row,) = rows(hub)
    found = store.load(row["reader"], row["sequence"])
    assert found is not None
    record = found[1]
    assert record is not None
    assert record["dynamodb"]["NewImage"]["n"]["L"][0]["M"]["a"] == item["n"]["L"][0]["M"]["a"]
    assert record["dynamodb"]["Keys"] == {"id": {"S": BROKEN}}
    assert not any(text in json.dumps(record, ensure_ascii=False) for text in (NAME, ID_NUMBER, PHONE))
    ((_, kept),) = hub.cloud.tables["QuarantineTable"].rows.items()
    assert int(kept.item["expires"]["N"]) == int((NINE + timedelta(days=60)).timestamp())


def test_a_record_that_comes_again_is_put_aside_once(hub: Hub) -> None:
    break_one(hub)
    times = iter([True, True, False])
    hub.cloud.pump.again = lambda: next(times, False)
    hub.cloud.drain()
    hub.cloud.pump.again = lambda: False
    assert len(rows(hub)) == 1
    assert counts(hub, "RecordsQuarantined", reader="on_case_change") == 1


def test_a_removal_is_no_poison(hub: Hub) -> None:
    case = hub.file()
    boto3.client("dynamodb").delete_item(TableName=CASES, Key={"id": {"S": case.id}})
    hub.cloud.drain()
    assert rows(hub) == []


# Who sees it, and what is done about it


def test_it_is_for_operations_of_the_province_and_systems(hub: Hub) -> None:
    break_one(hub)
    hub.cloud.drain()
    (row,) = rows(hub)
    for who in (ZHANG, LI, WANG, {**PUBLISHER, "org": "330200"}, {**PUBLISHER, "posts": ["review"]}):
        problem(hub.ask("GET", "/v1/quarantine", who), 403, "forbidden")
        problem(redrive(hub, row, who), 403, "forbidden")
    problem(hub.ask("GET", "/v1/quarantine"), 401, "unauthenticated")
    assert hub.get("/v1/quarantine", POOL)["total"] == 1


def test_what_still_cannot_be_read_stays_and_its_tries_are_counted(hub: Hub) -> None:
    break_one(hub)
    hub.cloud.drain()
    (row,) = rows(hub)
    for tries in (1, 2):
        answer = redrive(hub, row).json()
        assert answer["handled"] is False
        assert answer["failed"] == {**row, "tries": tries}
    assert rows(hub) == [{**row, "tries": 2}]


def test_what_is_not_there_is_not_found(hub: Hub) -> None:
    for reader, sequence in (("on_case_change", "1"), ("nobody", "1")):
        problem(redrive(hub, {"reader": reader, "sequence": sequence}), 404, "not_found")


def test_a_long_quarantine_is_read_by_pages_the_oldest_first(hub: Hub) -> None:
    item = break_one(hub)
    for number in range(2, 8):
        hub.cloud.advance(60)
        put(f"33020300000000000000{number}", item)
    hub.cloud.drain()
    found, cursor = [], ""
    while cursor is not None:
        with wire() as calls:
            page = hub.get(f"/v1/quarantine?limit=3{cursor and '&cursor=' + cursor}", PUBLISHER)
        assert counted(calls) == {"Query": 2}
        assert page["total"] == 7
        found += page["items"]
        cursor = page["next"]
    assert [row["key"][-1] for row in found] == list("1234567")
    problem(hub.ask("GET", "/v1/quarantine?cursor=eyJpZCI6IjEifQ", PUBLISHER), 422, "invalid_input", "cursor")


# What Lambda gives up


@pytest.fixture
def given_up(hub: Hub) -> Iterator[Callable[[], None]]:
    """Makes the function give up what is unread, because the quarantine does not answer."""

    def give_up() -> None:
        with wire(out_of_reach):
            hub.cloud.drain()

    yield give_up
    assert hub.cloud.dead_letters() == []


def test_what_lambda_gave_up_comes_into_the_quarantine_whole(hub: Hub, given_up: Callable[[], None]) -> None:
    whole = stored(hub.file())
    break_one(hub)
    put("330203000000000000002", whole)
    given_up()
    assert rows(hub) == []
    hub.cloud.drain()
    found = rows(hub)
    assert {row["reason"] for row in found} == {"RetryAttemptsExhausted"}
    assert [row["place"] for row in found] == [""] * len(found)
    assert {BROKEN, "330203000000000000002"} <= {row["key"] for row in found}
    for row in found:
        answer = redrive(hub, row).json()
        assert answer["handled"] is (row["key"] != BROKEN)
    (left,) = rows(hub)
    assert (left["key"], left["reason"], left["tries"]) == (BROKEN, "KeyError", 1)


def test_what_the_stream_has_no_longer_is_told_and_only_a_rebuild_helps(hub: Hub, given_up: Callable[[], None]) -> None:
    break_one(hub)
    given_up()
    with wire(out_of_reach):
        hub.cloud.advance(25 * 3600)
    hub.cloud.drain()
    (row,) = rows(hub)
    assert (row["reason"], row["kept"], row["key"]) == ("RetryAttemptsExhausted", False, "")
    document = problem(redrive(hub, row), 409, "action_not_allowed")
    assert "./zs rebuild" in document["text"]["zh-CN"]
    assert "./zs rebuild" in document["text"]["en"]


def test_a_letter_that_comes_twice_changes_nothing(hub: Hub) -> None:
    from chalicelib.reactions import records

    arn = hub.cloud.tables["CasesTable"].stream
    assert arn is not None
    message = letter(arn.arn, "1100000000017454423009", 3)
    for _ in range(2):
        records.take_in([message])
    (row,) = rows(hub)
    assert (row["reader"], row["records"], row["kept"]) == ("on_case_change", 3, False)


def letter(stream: str, number: str, size: int) -> dict[str, Any]:
    batch = {
        "shardId": SHARD,
        "startSequenceNumber": number,
        "endSequenceNumber": number,
        "approximateArrivalOfFirstRecord": "2026-03-01T09:00:00.000Z",
        "batchSize": size,
        "streamArn": stream,
    }
    function = "arn:aws-cn:lambda:cn-north-1:123456789012:function:zhongshu-local-on_case_change"
    body = {"requestContext": {"functionArn": function, "condition": "MaximumRecordAgeExceeded"}}
    return {"body": json.dumps({**body, "DDBStreamBatchInfo": batch})}


# ./zs redrive


def three(hub: Hub, given_up: Callable[[], None]) -> Client:
    """A record that is lost, one that stays broken, and one that is mended."""
    break_one(hub)
    given_up()
    with wire(out_of_reach):
        hub.cloud.advance(25 * 3600)
    hub.cloud.drain()
    whole = stored(hub.file())
    put("330203000000000000003", {"c": {"S": "web"}})
    put("330203000000000000004", whole)
    given_up()
    hub.cloud.drain()
    return Client(hub.cloud)


def test_the_command_redrives_what_it_can_and_tells_the_rest(hub: Hub, given_up: Callable[[], None]) -> None:
    client = three(hub, given_up)
    listed = redrive_command.chosen(client.pages("/v1/quarantine", PUBLISHER), ())
    done: list[int] = []
    outcome = redrive_command.run(client, listed, done.append)
    assert [row["key"] for row in outcome.lost] == [""]
    assert [row["key"] for row in outcome.failed] == ["330203000000000000003"]
    assert "330203000000000000004" in [row["key"] for row in outcome.handled]
    assert sum(done) == len(listed)
    assert [row["key"] for row in rows(hub)] == ["", "330203000000000000003"]


def test_the_command_takes_those_that_are_named(hub: Hub, given_up: Callable[[], None]) -> None:
    client = three(hub, given_up)
    listed = rows(hub)
    wanted = [redrive_command.name(row) for row in listed if row["key"] == "330203000000000000004"]
    outcome = redrive_command.run(client, redrive_command.chosen(listed, wanted), lambda _: None)
    assert (len(outcome.handled), outcome.failed, outcome.lost) == (1, [], [])
    assert len(rows(hub)) == len(listed) - 1


def test_what_somebody_else_redrove_meanwhile_is_handled(hub: Hub, given_up: Callable[[], None]) -> None:
    client = three(hub, given_up)
    (row,) = [row for row in rows(hub) if row["key"] == "330203000000000000004"]
    assert redrive(hub, row).json() == {"handled": True, "failed": None}
    assert redrive_command.run(client, [row], lambda _: None).handled == [row]
