"""What moto's DynamoDB does wrong and the repairs do right, through boto3."""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import moto
import pytest
from botocore.exceptions import ClientError

from infra.local import moto_repairs
from infra.local.cloud import REGION, LocalCloud
from infra.local.dynamo_rows import Row, Rows

Ddb = Any


@pytest.fixture
def ddb(cloud: LocalCloud) -> Ddb:
    return boto3.client("dynamodb")


def table(ddb: Ddb) -> str:
    """A table with a stream and an index "by" (g, n), both sparse."""
    name = f"t{uuid.uuid4().hex[:10]}"
    ddb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": n, "AttributeType": t} for n, t in (("id", "S"), ("g", "S"), ("n", "N"))
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_group",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return name


def rows(name: str) -> Rows:
    return moto_repairs.table_named(name, REGION)


def item(name: str, group: str = "a", number: int = 0) -> dict[str, Any]:
    return {"id": {"S": name}, "g": {"S": group}, "n": {"N": str(number)}}


def records(name: str) -> list[tuple[str, str]]:
    stream = rows(name).stream
    assert stream is not None
    return [(each["eventName"], each["dynamodb"]["Keys"]["id"]["S"]) for each in stream.records]


def refused(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer: dict[str, Any] = caught.value.response
    return answer


def test_the_repairs_are_for_the_moto_that_is_pinned() -> None:
    assert moto.__version__ == moto_repairs.MOTO_VERSION
    with open("requirements-dev.txt", encoding="utf-8") as pins:
        assert f"moto[dynamodb]=={moto_repairs.MOTO_VERSION}" in pins.read()


def test_an_upsert_is_one_insert_and_a_write_that_changes_nothing_is_no_record(ddb: Ddb) -> None:
    name = table(ddb)
    update = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}
    for _ in range(2):
        ddb.update_item(TableName=name, Key={"id": {"S": "a"}}, **update)
    assert records(name) == [("INSERT", "a")]


def test_a_cancelled_transaction_leaves_nothing_and_open_iterators_go_on(ddb: Ddb) -> None:
    name, streams = table(ddb), boto3.client("dynamodbstreams")
    ddb.put_item(TableName=name, Item=item("a"))
    arn = ddb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    latest = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    answer = refused(
        ddb.transact_write_items,
        TransactItems=[
            {"Put": {"TableName": name, "Item": item("b")}},
            {"Put": {"TableName": name, "Item": item("a"), "ConditionExpression": "attribute_not_exists(id)"}},
        ],
    )
    assert [each["Code"] for each in answer["CancellationReasons"]] == ["None", "ConditionalCheckFailed"]
    ddb.put_item(TableName=name, Item=item("later"))
    found = streams.get_records(ShardIterator=latest)["Records"]
    assert [each["dynamodb"]["Keys"]["id"]["S"] for each in found] == ["later"]
    assert found[0]["awsRegion"] == REGION


def test_a_transaction_sent_again_with_its_token_is_applied_once(ddb: Ddb) -> None:
    name = table(ddb)
    update = {"UpdateExpression": "ADD v :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    for _ in range(2):
        ddb.transact_write_items(
            ClientRequestToken="k",
            TransactItems=[{"Update": {"TableName": name, "Key": {"id": {"S": "a"}}, **update}}],
        )
    assert ddb.get_item(TableName=name, Key={"id": {"S": "a"}})["Item"]["v"] == {"N": "1"}
    other = [{"Delete": {"TableName": name, "Key": {"id": {"S": "a"}}}}]
    answer = refused(ddb.transact_write_items, ClientRequestToken="k", TransactItems=other)
    assert answer["Error"]["Code"] == "IdempotentParameterMismatchException"


def test_a_failing_update_changes_nothing(ddb: Ddb) -> None:
    name = table(ddb)
    ddb.put_item(TableName=name, Item=item("a"))
    refused(
        ddb.update_item,
        TableName=name,
        Key={"id": {"S": "a"}},
        UpdateExpression="SET v = :v, w = absent + :v",
        ExpressionAttributeValues={":v": {"N": "1"}},
    )
    assert ddb.get_item(TableName=name, Key={"id": {"S": "a"}})["Item"] == item("a")


def test_an_index_query_follows_every_write_in_order_and_pages_exactly(ddb: Ddb) -> None:
    name = table(ddb)
    for number in (3, 1, 2):
        ddb.put_item(TableName=name, Item=item(f"x{number}", number=number))
    ddb.put_item(TableName=name, Item=item("x1", group="b", number=9))
    ddb.put_item(TableName=name, Item={"id": {"S": "x3"}})
    ddb.put_item(TableName=name, Item=item("x4", number=10))
    ddb.delete_item(TableName=name, Key={"id": {"S": "none"}})
    ask = {
        "TableName": name,
        "IndexName": "by_group",
        "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"S": "a"}},
        "Limit": 1,
    }
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        page = ddb.query(**ask, **start)
        found += [each["id"]["S"] for each in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert found == ["x2", "x4"]


def test_what_a_query_looks_at_does_not_grow_with_the_table(ddb: Ddb) -> None:
    name = table(ddb)
    store = rows(name)
    calls = []
    for size in (100, 10_000):
        for i in range(len(store), size):
            key = store.key_of({"id": {"S": str(i)}})
            store.replace(key, Row(item(str(i), group=str(i % (size // 20)), number=i), {"id": 100}))
        calls.append(_python_calls(ddb, name))
    assert calls[1] <= calls[0] * 1.2


def _python_calls(ddb: Ddb, name: str) -> int:
    ask = {
        "TableName": name,
        "IndexName": "by_group",
        "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"S": "1"}},
        "Limit": 10,
    }
    ddb.query(**ask)
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    try:
        answer = ddb.query(**ask)
    finally:
        sys.setprofile(None)
    assert answer["Count"] == 10
    return count


def test_threads_lose_no_update_and_win_no_name_twice(ddb: Ddb) -> None:
    name, won = table(ddb), []
    add = {"UpdateExpression": "ADD v :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}

    def work() -> None:
        for i in range(40):
            ddb.update_item(TableName=name, Key={"id": {"S": "sum"}}, **add)
            try:
                ddb.put_item(TableName=name, Item=item(str(i)), ConditionExpression="attribute_not_exists(id)")
                won.append(i)
            except ddb.exceptions.ConditionalCheckFailedException:
                pass

    threads = [threading.Thread(target=work) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert ddb.get_item(TableName=name, Key={"id": {"S": "sum"}})["Item"]["v"] == {"N": "240"}
    assert sorted(won) == list(range(40))


@pytest.mark.parametrize(
    "wrong",
    [{"id": {"S": ""}}, {"id": {"N": "1"}}, {"id": {"S": "a"}, "g": {"N": "1"}}, {"id": {"S": "a"}, "g": {"S": ""}}],
)
def test_keys_of_a_wrong_type_or_empty_are_refused(ddb: Ddb, wrong: dict[str, Any]) -> None:
    assert refused(ddb.put_item, TableName=table(ddb), Item=wrong)["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("absent = :null", False),
        ("absent <> :null", True),
        ("flag = :one", False),
        ("n > :text", False),
        ("size(tags) = :two AND contains(tags, :text)", True),
        ("n BETWEEN :one AND :two OR begins_with(g, :text)", True),
        ("NOT (n IN (:two, :text)) AND attribute_type(tags, :list)", True),
    ],
)
def test_conditions_distinguish_what_dynamodb_distinguishes(ddb: Ddb, condition: str, holds: bool) -> None:
    name = table(ddb)
    tags = {"L": [{"S": "x"}, {"S": "y"}]}
    ddb.put_item(TableName=name, Item=item("a", number=1) | {"flag": {"BOOL": True}, "tags": tags})
    values = {
        ":null": {"NULL": True},
        ":one": {"N": "1.0"},
        ":two": {"N": "2"},
        ":text": {"S": "x"},
        ":list": {"S": "L"},
    }
    ask = {
        "TableName": name,
        "Key": {"id": {"S": "a"}},
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {key: value for key, value in values.items() if key in condition},
    }
    if holds:
        ddb.delete_item(**ask)
    else:
        assert refused(ddb.delete_item, **ask)["Error"]["Code"] == "ConditionalCheckFailedException"


def test_partiql_is_refused_by_name(ddb: Ddb) -> None:
    answer = refused(ddb.execute_statement, Statement="SELECT * FROM t")
    assert "ExecuteStatement" in answer["Error"]["Message"]
