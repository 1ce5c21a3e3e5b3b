"""A function may do what its policy file allows: what each call asks of IAM, how AWS refuses, how a policy is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra import policies
from infra.local.cloud import LocalCloud
from infra.local.rights import Rights
from infra.policies import Grant, Policy, Right
from tests.local.test_repairs import item, table

READER = "reader"


class Asked:
    """A table with an index and a stream, a bucket and a queue, of a cloud whose one function is the reader."""

    def __init__(self) -> None:
        self.ddb, self.s3, self.sqs = boto3.client("dynamodb"), boto3.client("s3"), boto3.client("sqs")
        self.streams = boto3.client("dynamodbstreams")
        self.table = table(self.ddb)
        self.stream = self.ddb.describe_table(TableName=self.table)["Table"]["LatestStreamArn"]
        self.shard = self.streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"][0]["ShardId"]
        self.bucket = f"bucket-{self.table}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
        self.queue = self.sqs.create_queue(QueueName=f"queue-{self.table}")["QueueUrl"]

    def rights(self, *grants: Grant) -> Rights:
        names = {self.table: "Table", self.bucket: "Bucket", f"queue-{self.table}": "Queue"}
        leading = {"Table": "id", "Table/index/by_group": "g"}
        return Rights({READER: Policy(grants)}, names, leading)


@pytest.fixture
def asked(cloud: LocalCloud) -> Asked:
    assert cloud.now()
    return Asked()


def query(it: Asked, **more: Any) -> Any:
    values = {":id": {"S": "a"}}
    return it.ddb.query(TableName=it.table, ExpressionAttributeValues=values, **more)


def transaction(it: Asked) -> Any:
    key, condition = {"id": {"S": "a"}}, "attribute_not_exists(id)"
    one = {"TableName": it.table, "Key": key, "ConditionExpression": condition}
    return it.ddb.transact_write_items(TransactItems=[{"ConditionCheck": one}])


def records(it: Asked) -> Any:
    iterator = it.streams.get_shard_iterator(
        StreamArn=it.stream, ShardId=it.shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]  # fmt: skip
    return it.streams.get_records(ShardIterator=iterator)


KEY = {"id": {"S": "a"}}
# What a call asks of IAM, by the Service Authorization Reference.
CALLS: dict[str, tuple[Callable[[Asked], Any], tuple[str, ...]]] = {
    "GetItem": (lambda it: it.ddb.get_item(TableName=it.table, Key=KEY), ("dynamodb:GetItem on Table",)),
    "PutItem": (lambda it: it.ddb.put_item(TableName=it.table, Item=item("a")), ("dynamodb:PutItem on Table",)),
    "DeleteItem": (lambda it: it.ddb.delete_item(TableName=it.table, Key=KEY), ("dynamodb:DeleteItem on Table",)),
    "UpdateItem": (lambda it: it.ddb.update_item(TableName=it.table, Key=KEY), ("dynamodb:UpdateItem on Table",)),
    "Scan": (lambda it: it.ddb.scan(TableName=it.table), ("dynamodb:Scan on Table",)),
    "Query": (lambda it: query(it, KeyConditionExpression="id = :id"), ("dynamodb:Query on Table",)),
    "Query of an index": (
        lambda it: query(it, IndexName="by_group", KeyConditionExpression="g = :id"),
        ("dynamodb:Query on Table/index/by_group",),
    ),
    "BatchGetItem": (
        lambda it: it.ddb.batch_get_item(RequestItems={it.table: {"Keys": [KEY]}}),
        ("dynamodb:BatchGetItem on Table",),
    ),
    "BatchWriteItem": (
        lambda it: it.ddb.batch_write_item(RequestItems={it.table: [{"DeleteRequest": {"Key": KEY}}]}),
        ("dynamodb:BatchWriteItem on Table",),
    ),
    "TransactGetItems": (
        lambda it: it.ddb.transact_get_items(TransactItems=[{"Get": {"TableName": it.table, "Key": KEY}}]),
        ("dynamodb:GetItem on Table",),
    ),
    "a part of TransactWriteItems": (transaction, ("dynamodb:ConditionCheckItem on Table",)),
    "DescribeTable": (lambda it: it.ddb.describe_table(TableName=it.table), ("dynamodb:DescribeTable on Table",)),
    "the stream": (records, ("dynamodb:GetShardIterator on Table/stream", "dynamodb:GetRecords on Table/stream")),
    "PutObject": (
        lambda it: it.s3.put_object(Bucket=it.bucket, Key="facts/day=1/甲 乙.jsonl", Body=b"x"),
        ("s3:PutObject on Bucket/facts/day=1/甲 乙.jsonl",),
    ),
    "ListObjectsV2": (lambda it: it.s3.list_objects_v2(Bucket=it.bucket, Prefix="x"), ("s3:ListBucket on Bucket",)),
    "DeleteBucket": (lambda it: it.s3.delete_bucket(Bucket=it.bucket), ("s3:DELETE on Bucket",)),
    "SendMessage": (
        lambda it: it.sqs.send_message(QueueUrl=it.queue, MessageBody="x"),
        ("sqs:SendMessage on Queue",),
    ),
    "ListKeys": (
        lambda it: boto3.client("kms").list_keys(),
        ("kms:ListKeys on what infra/local/needs.py does not know",),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_needs_exactly_its_rights(name: str, asked: Asked) -> None:
    call, needed = CALLS[name]
    grants = [Grant(action, resource) for action, _, resource in (each.partition(" on ") for each in needed)]
    for lacking in grants:
        rights = asked.rights(*(each for each in grants if each is not lacking))
        with rights.acting(READER), pytest.raises(ClientError) as refused:
            call(asked)
        told = f"reader calls {lacking.action} on {lacking.resource}, which policy-reader.json does not allow"
        assert list(rights.refused) == [told]
        assert refused.value.response["Error"]["Message"] == told
        assert refused.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    rights = asked.rights(*grants)
    with rights.acting(READER):
        call(asked)
    assert rights.refused == {}
    assert rights.used == {READER: {right for each in grants for right in each.rights()}}


def test_what_is_refused_is_not_done_and_what_runs_outside_of_functions_is_not_asked(asked: Asked) -> None:
    rights = asked.rights(Grant("dynamodb:PutItem", "Table"))
    other = {"Put": {"TableName": asked.table, "Item": item("b")}}
    check = {"TableName": asked.table, "Key": KEY, "ConditionExpression": "attribute_not_exists(id)"}
    with rights.acting(READER), pytest.raises(ClientError):
        asked.ddb.transact_write_items(TransactItems=[other, {"ConditionCheck": check}])
    assert asked.ddb.scan(TableName=asked.table)["Count"] == 0
    with rights.acting("nobody"), pytest.raises(ClientError, match="policy-nobody"):
        asked.ddb.scan(TableName=asked.table)
    with Rights(None, {}, {}).acting(READER):
        assert asked.ddb.scan(TableName=asked.table)["Count"] == 0


LED: dict[str, Callable[[Asked, str], Any]] = {
    "PutItem": lambda it, id: it.ddb.put_item(TableName=it.table, Item=item(id)),
    "GetItem": lambda it, id: it.ddb.get_item(TableName=it.table, Key={"id": {"S": id}}),
    "BatchWriteItem": lambda it, id: it.ddb.batch_write_item(
        RequestItems={it.table: [{"PutRequest": {"Item": item(each)}} for each in ("mine", id)]}
    ),
    "BatchGetItem": lambda it, id: it.ddb.batch_get_item(RequestItems={it.table: {"Keys": [{"id": {"S": id}}]}}),
    "Query": lambda it, id: it.ddb.query(
        TableName=it.table,
        KeyConditionExpression="#id = :id",
        ExpressionAttributeNames={"#id": "id"},
        ExpressionAttributeValues={":id": {"S": id}},
    ),
}


@pytest.mark.parametrize("operation", LED)
def test_a_right_to_some_keys_is_one_to_no_others(operation: str, asked: Asked) -> None:
    rights = asked.rights(Grant(f"dynamodb:{operation}", "Table", ("mine", "mine#*", "theirs")))
    with rights.acting(READER):
        LED[operation](asked, "mine#1")
        assert Right(f"dynamodb:{operation}", "Table", "mine#*") in rights.used[READER]
        assert Right(f"dynamodb:{operation}", "Table", "theirs") not in rights.used[READER]
        with pytest.raises(ClientError, match=rf"{operation} on Table of (mine, )?other, which"):
            LED[operation](asked, "other")


def test_the_key_of_a_query_is_found_among_its_conditions(asked: Asked) -> None:
    rights = asked.rights(Grant("dynamodb:Query", "Table/index/by_group", ("a",)))
    ranged = {"KeyConditionExpression": "n > :n AND g = :g", "IndexName": "by_group", "TableName": asked.table}
    with rights.acting(READER):
        asked.ddb.query(**ranged, ExpressionAttributeValues={":n": {"N": "1"}, ":g": {"S": "a"}})
        with pytest.raises(ClientError):
            asked.ddb.query(**ranged, ExpressionAttributeValues={":n": {"N": "1"}, ":g": {"S": "b"}})


def test_a_listing_is_allowed_by_how_it_begins(asked: Asked) -> None:
    rights = asked.rights(Grant("s3:ListBucket", "Bucket", ("facts/*",)))
    with rights.acting(READER):
        asked.s3.list_objects_v2(Bucket=asked.bucket, Prefix="facts/day=1/")
        for prefix in ({}, {"Prefix": "manifests/"}):
            with pytest.raises(ClientError):
                asked.s3.list_objects_v2(Bucket=asked.bucket, **prefix)


# How a policy is read

PUT = {"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": {"Fn::GetAtt": ["NotesTable", "Arn"]}}


def policy(where: Path, *statements: Any) -> list[Right]:
    document = {"Version": "2012-10-17", "Statement": statements}
    (where / "policy-reader.json").write_text(json.dumps(document), encoding="utf-8")
    return [right for each in policies.read(where)[READER].grants for right in each.rights()]


def test_a_policy_names_what_the_stack_declares(tmp_path: Path) -> None:
    resources = [
        {"Fn::GetAtt": ["NotesTable", "Arn"]},
        {"Fn::GetAtt": ["NotesTable", "StreamArn"]},
        {"Fn::Sub": "${NotesTable.Arn}/index/by_group"},
        {"Fn::Sub": "${Bucket.Arn}/facts/*"},
    ]
    found = policy(tmp_path, {**PUT, "Resource": resources})
    assert [right.resource for right in found] == [
        "NotesTable", "NotesTable/stream", "NotesTable/index/by_group", "Bucket/facts/*",
    ]  # fmt: skip
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["a", "b#*"]}}
    assert [str(right) for right in policy(tmp_path, {**PUT, "Condition": only})] == [
        "dynamodb:PutItem on NotesTable of a",
        "dynamodb:PutItem on NotesTable of b#*",
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Effect": "Deny"}, "a statement says Allow"),
        ({"NotAction": "dynamodb:Scan"}, "NotAction is not understood"),
        ({"Action": "dynamodb:*"}, "is not the name of one action"),
        ({"Resource": "*"}, "named by the stack's own name"),
        ({"Resource": "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/notes"}, "named by the stack's own name"),
        ({"Resource": {"Fn::Sub": "${NotesTable.Arn}/index/*"}}, "an index by its name too"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "a condition can only be"),
        ({"Action": ["dynamodb:PutItem", "dynamodb:PutItem"]}, "says twice: dynamodb:PutItem on NotesTable"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        policy(tmp_path, {**PUT, **changes})
    assert str(refused.value).startswith("policy-reader.json")
