"""DynamoDB Streams' reading actions over a table's stream: one shard, iterators that hold nothing.

An iterator is the stream's ARN and a position, so none is ever freed, lost or left behind by a rollback. This module
must not know about HTTP or moto.
"""

from __future__ import annotations

from infra.local.dynamo_rows import FIRST_SEQUENCE_NUMBER, Stream
from infra.local.dynamo_values import Fault, invalid
from infra.local.dynamo_writes import Body, Store


def get_shard_iterator(store: Store, body: Body) -> Body:
    stream, kind = _stream(store, body["StreamArn"]), body["ShardIteratorType"]
    if kind == "TRIM_HORIZON":
        position = stream.trimmed
    elif kind == "LATEST":
        position = stream.end
    else:
        if "SequenceNumber" not in body:
            raise invalid(f"{kind} needs a SequenceNumber")
        position = int(body["SequenceNumber"]) - FIRST_SEQUENCE_NUMBER + (kind == "AFTER_SEQUENCE_NUMBER")
        if position < stream.trimmed:
            raise Fault("TrimmedDataAccessException", "The records at this position were trimmed")
    return {"ShardIterator": f"{stream.arn}|{position}"}


def get_records(store: Store, body: Body) -> Body:
    arn, bar, position = body["ShardIterator"].rpartition("|")
    if not bar or not position.isdigit():
        raise Fault("ExpiredIteratorException", "The shard iterator is not one that this service gave")
    stream = _stream(store, arn)
    records = stream.read(int(position), body.get("Limit", 1000))
    return {"Records": records, "NextShardIterator": f"{arn}|{int(position) + len(records)}"}


def _stream(store: Store, arn: str) -> Stream:
    stream = store.rows(arn.partition("/stream/")[0]).stream
    if stream is None or stream.arn != arn:
        raise Fault("ResourceNotFoundException", "Requested resource not found: Stream")
    return stream
