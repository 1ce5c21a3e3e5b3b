"""Records read again from a stream, as long as DynamoDB keeps them: a day.

Functions get their records from Lambda; this is for those that Lambda gave up. This module must not know what a record
means.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.store.connection import CONNECT_SECONDS, READ_SECONDS, RETRIES, connection
from chalicelib.store.failures import guarded

MOST_READS = 20  # a batch is 6 MB at most, a read gives 1 MB or what is left of it
_GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})


def read(stream: str, shard: str, first: str, last: str) -> list[Mapping[str, Any]] | None:
    """The records between two sequence numbers, both included, as Lambda delivers them; None where the stream has
    them no longer."""
    client = connection().session.create_client(
        "dynamodbstreams",
        region_name=stream.split(":")[3],
        config=Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"max_attempts": RETRIES}),
    )
    try:
        with guarded():
            return _records(client, stream, shard, first, last)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise


def _records(client: Any, stream: str, shard: str, first: str, last: str) -> list[Mapping[str, Any]]:
    iterator = client.get_shard_iterator(
        StreamArn=stream, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=first
    )["ShardIterator"]
    found: list[Mapping[str, Any]] = []
    for _ in range(MOST_READS):
        answer = client.get_records(ShardIterator=iterator)
        found += (_delivered(record, stream) for record in answer["Records"])
        iterator = answer.get("NextShardIterator")
        if iterator is None or (found and int(_number(found[-1])) >= int(last)):
            break
    return [record for record in found if int(first) <= int(_number(record)) <= int(last)]


def _number(record: Mapping[str, Any]) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def _delivered(record: Mapping[str, Any], stream: str) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = _json({**record, "eventSourceARN": stream})
    return plain


def _json(value: Any) -> Any:
    """The SDK gives bytes and times where Lambda has texts in base64 and seconds."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return int(value.timestamp())
        case Mapping():
            return {name: _json(inner) for name, inner in value.items()}
        case list():
            return [_json(inner) for inner in value]
    return value
