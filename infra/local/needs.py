"""What a call to the SDK asks of IAM: which actions, on which resources.

The rules are AWS's (Service Authorization Reference): a batch is an action of its own, a transaction has none and needs
those of its parts, an index and a stream are resources beside their table. Resources are named as on AWS, without what
every ARN begins with. This module must not know who calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from infra.local import dynamo_expressions as expressions
from infra.local.dynamo_values import Attributes
from infra.local.dynamo_writes import names_of

Body = Mapping[str, Any]
_PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
_OBJECT = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}


class Need(NamedTuple):
    """One action on one resource: a table, table/index/name, table/stream, bucket, bucket/key or queue. `keys` gives,
    for the name of the partition key, the values of it that lead to what is asked for; of a listing, its prefix."""

    action: str
    resource: str
    keys: Callable[[str], list[str]]


def of_dynamodb(operation: str, body: Body) -> Iterator[Need]:
    """The needs of an operation of DynamoDB or its streams."""
    match operation:
        case "TransactWriteItems":
            for part in body["TransactItems"]:
                ((kind, inner),) = part.items()
                yield _item(_PARTS[kind], inner["TableName"], [inner.get("Item") or inner["Key"]])
        case "TransactGetItems":
            for part in body["TransactItems"]:
                yield _item("GetItem", part["Get"]["TableName"], [part["Get"]["Key"]])
        case "BatchGetItem":
            for table, wanted in body["RequestItems"].items():
                yield _item(operation, table, wanted["Keys"])
        case "BatchWriteItem":
            for table, writes in body["RequestItems"].items():
                inner = [next(iter(write.values())) for write in writes]
                yield _item(operation, table, [each.get("Item") or each["Key"] for each in inner])
        case "Query" | "Scan":
            index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
            yield Need(f"dynamodb:{operation}", f"{body['TableName']}{index}", lambda name: _partition(body, name))
        case "GetShardIterator" | "DescribeStream":
            yield _stream(operation, body["StreamArn"])
        case "GetRecords":
            yield _stream(operation, body["ShardIterator"])  # it begins with the stream's ARN
        case _:
            item = body.get("Item") or body.get("Key") or {}
            yield _item(operation, body.get("TableName", "*"), [item])


def of_another(method: str, url: str, target: str, content: bytes | str) -> Iterator[Need]:
    """The needs of a request to another service: S3 tells its operation by address, the others in `target`. Of which
    resource one other than SQS is asked is not known here, so that no policy allows it."""
    parts = urlsplit(url)
    host, path, operation = parts.netloc.split("."), unquote(parts.path.lstrip("/")), target.rpartition(".")[2]
    if host[0] == "s3":
        bucket, _, key = path.partition("/")
        yield _s3(method, bucket, key, parse_qs(parts.query, keep_blank_values=True))
    elif host[1] == "s3":
        yield _s3(method, host[0], path, parse_qs(parts.query, keep_blank_values=True))
    elif host[0] == "sqs":
        yield Need(f"sqs:{operation}", json.loads(content)["QueueUrl"].rpartition("/")[2], lambda _: [])
    else:
        yield Need(f"{host[0]}:{operation or method}", "what infra/local/needs.py does not know", lambda _: [])


def _item(operation: str, table: str, items: Sequence[Attributes]) -> Need:
    return Need(f"dynamodb:{operation}", table, lambda name: [_text(item[name]) for item in items if name in item])


def _stream(operation: str, arn: str) -> Need:
    return Need(f"dynamodb:{operation}", f"{arn.split('/')[1]}/stream", lambda _: [])


def _s3(method: str, bucket: str, key: str, query: Mapping[str, list[str]]) -> Need:
    if key:
        return Need(f"s3:{_OBJECT.get(method, method)}", f"{bucket}/{key}", lambda _: [])
    action = "ListBucket" if method == "GET" and "list-type" in query else method
    return Need(f"s3:{action}", bucket, lambda _: query.get("prefix", []))


def _partition(body: Body, name: str) -> list[str]:
    """The value of the partition key in the key condition of a query."""
    names, tree = names_of(dict(body)), expressions.condition(body["KeyConditionExpression"]).tree
    while tree[0] == "and":
        if tree[2][0] == "=" and names.path(tree[2][1][1]) == (name,):
            tree = tree[2]
        else:
            tree = tree[1]
    kind, (_, path), (_, value) = tree
    return [_text(names.values[value])] if kind == "=" and names.path(path) == (name,) else []


def _text(value: Mapping[str, Any]) -> str:
    (content,) = value.values()
    return str(content)
