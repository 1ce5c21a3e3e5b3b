"""One table of an engine in plain Python values, so that a check reads as a sentence about items.

Writes are values: `do` sends one alone, `transact` several together, `refused` and `cancelled` give what the engine
said against them. Numbers come back as Decimal, which equals an int.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from tests.contract.engines import Engine

Item = Mapping[str, Any]
Body = dict[str, Any]

CONDITION = "ConditionalCheckFailedException"
CANCELLED = "TransactionCanceledException"
INVALID = "ValidationException"
NOT_FOUND = "ResourceNotFoundException"

_plain, _typed = TypeDeserializer(), TypeSerializer()


@dataclass(frozen=True, slots=True)
class Raw:
    """A value in DynamoDB's own form, for what plain values cannot say."""

    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """One write: Put, Update, Delete or ConditionCheck, with its arguments."""

    engine: Engine
    kind: str
    body: Body


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a query: its items, how many were looked at, and where to go on (None: nowhere)."""

    items: list[dict[str, Any]]
    looked_at: int
    onward: Body | None

    def ids(self) -> list[str]:
        return [each["id"] for each in self.items]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of an engine. Values of an expression are given by their placeholder: `v=1` is `:v`."""

    engine: Engine
    name: str

    def put(self, item: Item, when: str = "", **values: Any) -> Write:
        return self._write("Put", {"Item": typed(item)}, when, values)

    def update(self, key: Item, change: str, when: str = "", **values: Any) -> Write:
        return self._write("Update", {"Key": typed(key), "UpdateExpression": change}, when, values)

    def delete(self, key: Item, when: str = "", **values: Any) -> Write:
        return self._write("Delete", {"Key": typed(key)}, when, values)

    def check(self, key: Item, when: str, **values: Any) -> Write:
        return self._write("ConditionCheck", {"Key": typed(key)}, when, values)

    def _write(self, kind: str, body: Body, when: str, values: Item) -> Write:
        body = {"TableName": self.name, **body, **placeholders(values)}
        return Write(self.engine, kind, body | ({"ConditionExpression": when} if when else {}))

    def get(self, key: Item, **more: Any) -> dict[str, Any] | None:
        """The item as of now."""
        answer = self.engine.ddb.get_item(TableName=self.name, Key=typed(key), ConsistentRead=True, **more)
        return plain(answer["Item"]) if "Item" in answer else None

    def query(self, condition: str, index: str | None = None, more: Body | None = None, **values: Any) -> Page:
        """One page of a query; `more` holds further arguments of Query."""
        ask = {"TableName": self.name, "KeyConditionExpression": condition, **placeholders(values)}
        answer = self.engine.ddb.query(**ask | ({"IndexName": index} if index else {}) | (more or {}))
        items = [plain(each) for each in answer.get("Items", [])]
        return Page(items, answer["ScannedCount"], answer.get("LastEvaluatedKey"))

    def stream_arn(self) -> str:
        arn: str = self.engine.ddb.describe_table(TableName=self.name)["Table"]["LatestStreamArn"]
        return arn

    def iterators(self, kind: str = "TRIM_HORIZON", after: str | None = None) -> list[str]:
        """An iterator for each shard of the stream; `after` is the sequence number that some kinds need."""
        arn, more = self.stream_arn(), {"SequenceNumber": after} if after else {}
        shards = self.engine.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        ask = [{"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": kind, **more} for shard in shards]
        return [self.engine.streams.get_shard_iterator(**each)["ShardIterator"] for each in ask]

    def records(self, iterators: list[str] | None = None) -> list[Body]:
        """Every record that the iterators (None: those from the stream's beginning) lead to up to now."""
        found: list[Body] = []
        for each in self.iterators() if iterators is None else iterators:
            iterator: str | None = each
            while iterator:
                answer = self.engine.streams.get_records(ShardIterator=iterator)
                found += answer["Records"]
                iterator = answer.get("NextShardIterator") if answer["Records"] else None
        return found

    def history(self) -> list[tuple[str, str]]:
        """The stream from its beginning, in short: what happened to which item."""
        return [(each["eventName"], each["dynamodb"]["Keys"]["id"]["S"]) for each in self.records()]


def typed(item: Item) -> Body:
    """An item, or any mapping of values, in DynamoDB's own form."""
    return {
        name: dict(value.value) if isinstance(value, Raw) else _typed.serialize(value) for name, value in item.items()
    }


def plain(item: Item) -> dict[str, Any]:
    """The reverse of `typed`."""
    return {name: _plain.deserialize(value) for name, value in item.items()}


def placeholders(values: Item) -> Body:
    return {"ExpressionAttributeValues": typed({f":{n}": v for n, v in values.items()})} if values else {}


def do(write: Write, **more: Any) -> Body:
    """Send a write alone."""
    ddb = write.engine.ddb
    send = {"Put": ddb.put_item, "Update": ddb.update_item, "Delete": ddb.delete_item}[write.kind]
    answer: Body = send(**write.body, **more)
    return answer


def transact(*writes: Write, token: str | None = None) -> Body:
    """Send writes together."""
    more = {"ClientRequestToken": token} if token else {}
    operations = [{each.kind: each.body} for each in writes]
    answer: Body = writes[0].engine.ddb.transact_write_items(TransactItems=operations, **more)
    return answer


def refusal(call: Callable[..., Any], *given: Any, **named: Any) -> Body:
    """The error answer of a call that must not succeed."""
    with pytest.raises(ClientError) as caught:
        call(*given, **named)
    answer: Body = caught.value.response
    return answer


def code(call: Callable[..., Any], *given: Any, **named: Any) -> str:
    """The error code of a call that must not succeed."""
    found: str = refusal(call, *given, **named)["Error"]["Code"]
    return found


def refused(write: Write) -> str:
    """The error code of a write that must not succeed."""
    return code(do, write)


def cancelled(*writes: Write) -> list[str]:
    """The reasons, in the order of the writes, of a transaction that must be cancelled."""
    answer = refusal(transact, *writes)
    assert answer["Error"]["Code"] == CANCELLED, answer["Error"]
    return [each["Code"] for each in answer["CancellationReasons"]]
