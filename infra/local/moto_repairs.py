"""What this project needs of moto 5.2.5's DynamoDB and does not get from it, repaired in one place.

moto keeps the definitions of the tables and answers every other service. Reading, writing and streams of
DynamoDB are answered by `dynamo_reads`, `dynamo_writes` and `dynamo_streams`, because of what moto does:

- races: actions run side by side under threads and lose acknowledged writes; here one lock is around them;
- cancelled transactions: a copy of the whole table is put back, so that open stream iterators deliver the
  undone record and never a later one, and 10,000 items take 1.2 s; here all conditions are looked at first;
- ClientRequestToken is ignored, so that a retried transaction is applied twice; here it counts for ten minutes;
- a query sorts the whole table, 75 ms at 10,000 items; here it looks at its own partition only;
- streams: an upsert gives two INSERTs, a write that changes nothing a MODIFY, the region is us-east-1, the time
  the real one, records stay for ever; here they are as AWS documents, follow the given clock, and are trimmed;
- switching a stream off and on again is refused, and every later write fails;
- a failing update leaves half of itself behind; here the old row stays until the new one is complete;
- an absent attribute equals NULL, unlike types compare as equal or end in a TypeError;
- keys of wrong types and empty strings are accepted;
- there is no LastEvaluatedKey when Limit is reached exactly;
- every request goes through a router of regular expressions and a serialiser that walks the service's model;
- every request is signed, a quarter of what a call costs, and nobody looks at the signature;
- whoever calls may do everything; here a function may do what its policy allows (`rights`), in every service.

PartiQL, backups and exports would look into moto's own, empty tables and are refused by name. This module must
not know about this project's tables.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from xml.sax.saxutils import escape

import botocore
import moto
from botocore.handlers import BUILTIN_HANDLERS
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from infra.local import cloudwatch_repairs, rights
from infra.local import dynamo_reads as reads
from infra.local import dynamo_streams as streams
from infra.local import dynamo_writes as writes
from infra.local.dynamo_rows import Rows, Stream
from infra.local.dynamo_values import Fault

MOTO_VERSION = "5.2.5"
LOCK = threading.RLock()

Clock = Callable[[], datetime]
Keep = Callable[[Sequence[writes.Change], datetime, tuple[str, str] | None], None]
Answer = tuple[int, dict[str, str], str]

_ACTIONS: dict[str, Callable[[writes.Store, dict[str, Any]], dict[str, Any]]] = {
    "DynamoDB_20120810.PutItem": writes.put_item,
    "DynamoDB_20120810.UpdateItem": writes.update_item,
    "DynamoDB_20120810.DeleteItem": writes.delete_item,
    "DynamoDB_20120810.BatchWriteItem": writes.batch_write_item,
    "DynamoDB_20120810.TransactWriteItems": writes.transact_write_items,
    "DynamoDB_20120810.GetItem": reads.get_item,
    "DynamoDB_20120810.BatchGetItem": reads.batch_get_item,
    "DynamoDB_20120810.TransactGetItems": reads.transact_get_items,
    "DynamoDB_20120810.Query": reads.query,
    "DynamoDB_20120810.Scan": reads.scan,
    "DynamoDBStreams_20120810.GetShardIterator": streams.get_shard_iterator,
    "DynamoDBStreams_20120810.GetRecords": streams.get_records,
}
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
_PARTIQL = ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")
_BACKUPS = ("CreateBackup", "DeleteBackup", "DescribeBackup", "ListBackups", "RestoreTableFromBackup")
_DENIED = "AccessDeniedException"
_WANTED = "ReturnConsumedCapacity"
_REFUSED = {*_PARTIQL, *_BACKUPS, "RestoreTableToPointInTime", "ExportTableToPointInTime", "ImportTable"}


class Meter(Protocol):
    """Who is told what actions cost."""

    def spent(self, capacity: Mapping[str, Any], *, writing: bool) -> None: ...
    def refused(self, table: str) -> None: ...


def _real_time() -> datetime:
    return datetime.now(UTC)


class _Installed:
    """The clock of the running local cloud and, per region, the store over moto's tables."""

    clock: Clock = staticmethod(_real_time)
    keep: Keep | None = None
    meter: Meter | None = None
    stores: dict[str, writes.Store] = {}  # noqa: RUF012  one per process, as moto's own backends are


def install() -> None:
    """Put the repairs into moto, once per process; another version of moto than 5.2.5 is refused."""
    if moto.__version__ != MOTO_VERSION:
        message = f"infra/local/moto_repairs.py repairs moto {MOTO_VERSION}, and this is moto {moto.__version__}"
        raise RuntimeError(f"{message}: install requirements-dev.txt, or check every repair and move the pin")
    if BotocoreStubber.process_request is _process_request:
        return
    BotocoreStubber.process_request = _process_request
    cloudwatch_repairs.install()
    BUILTIN_HANDLERS.append(("choose-signer.dynamodb", _unsigned))  # as moto puts in its own: clients made from now on
    Table.__len__ = lambda table: len(rows_of(table))
    Table.set_stream_specification = _set_stream_specification


def use_clock(clock: Clock) -> None:
    """Stamp stream records, and age transaction tokens, by this clock from now on."""
    _Installed.clock = clock


def use_keeper(keep: Keep | None) -> None:
    """Tell this keeper of every change before it is made, from now on; None: nobody."""
    _Installed.keep = keep
    for store in _Installed.stores.values():
        store.keep = keep


def use_meter(meter: Meter | None) -> None:
    """Tell this meter what every action costs, from now on; None: nobody."""
    _Installed.meter = meter


def tokens(region: str) -> dict[str, tuple[str, datetime]]:
    """The transaction tokens seen in a region: each with the digest of its transaction, and when."""
    return _store(region).tokens


def label_streams(region: str) -> None:
    """Let moto know each stream by the ARN that it has in its rows, which may be that of an earlier run."""
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables.values():
        rows: Rows | None = table.__dict__.get("repaired_rows")
        if rows and rows.stream:
            table.latest_stream_label = rows.stream.arn.partition("/stream/")[2]


def rows_of(table: Any) -> Rows:
    """The rows of a moto table, with its indexes and stream as they are defined at the moment."""
    rows: Rows | None = table.__dict__.get("repaired_rows")
    if rows is None:
        rows = table.__dict__["repaired_rows"] = Rows(table.schema, _kinds(table))
    defined = {index.name: index for index in (*table.global_indexes, *table.indexes)}
    if defined.keys() != rows.secondary.keys():
        rows.kinds = _kinds(table)
        for name in rows.secondary.keys() - defined.keys():
            del rows.secondary[name]
        for name in defined.keys() - rows.secondary.keys():
            rows.index(name, defined[name].schema, defined[name].projection)
    _follow_stream(table, rows)
    return rows


def _kinds(table: Any) -> dict[str, str]:
    return {each["AttributeName"]: each["AttributeType"] for each in table.attr}


def _set_stream_specification(table: Any, specification: dict[str, Any] | None) -> None:
    wanted = specification or {}
    if not (wanted.get("StreamEnabled") or wanted.get("StreamViewType")):
        table.latest_stream_label = table.stream_shard = None
    _moto_set_stream_specification(table, specification)


def _follow_stream(table: Any, rows: Rows) -> None:
    specification = table.stream_specification or {}
    if not specification.get("StreamEnabled"):
        rows.stream = None
        return
    arn = f"{table.table_arn}/stream/{table.latest_stream_label}"
    if rows.stream is None or rows.stream.arn != arn:
        rows.stream = Stream(arn, table.region_name, specification["StreamViewType"])


def table_named(name: str, region: str) -> Rows:
    """The rows of a table by name or ARN; an unknown one is DynamoDB's ResourceNotFoundException."""
    try:
        return rows_of(dynamodb_backends[DEFAULT_ACCOUNT_ID][region].get_table(name))
    except ResourceNotFoundException:
        raise Fault("ResourceNotFoundException", "Requested resource not found") from None


def forget() -> None:
    """Forget transaction tokens; the tables themselves go with moto's reset."""
    _Installed.stores.clear()


_moto_process_request = BotocoreStubber.process_request
_moto_set_stream_specification = Table.set_stream_specification


def _unsigned(**_: Any) -> Any:
    return botocore.UNSIGNED


def _process_request(stubber: Any, request: Any) -> Any:
    target = request.headers.get("X-Amz-Target", b"")
    target = target.decode() if isinstance(target, bytes) else target
    if not target.startswith("DynamoDB"):
        return _refused_elsewhere(request, target) or _moto_process_request(stubber, request)
    with LOCK:
        action = _ACTIONS.get(target)
        if action is None:
            return _refusal(target, request) or _moto_process_request(stubber, request)
        return _answer(action, target.partition(".")[2], request)


def _refused_elsewhere(request: Any, target: str) -> Answer | None:
    message = rights.refusal_elsewhere(request.method, request.url, target, request.body)
    if message is None:
        return None
    if target:
        return 403, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps({"__type": _DENIED, "message": message})
    document = f"<Error><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
    return 403, {"Content-Type": "application/xml"}, document


def _refusal(target: str, request: Any) -> Answer | None:
    if message := rights.refusal(target.partition(".")[2], json.loads(request.body)):
        return _error(Fault(_DENIED, message))
    if not any(word in target for word in _REFUSED):
        return None
    return _error(Fault("UnknownOperationException", f"The local cloud does not offer {target.partition('.')[2]}"))


def _answer(action: Callable[[writes.Store, dict[str, Any]], dict[str, Any]], operation: str, request: Any) -> Answer:
    body, meter = json.loads(request.body), _Installed.meter
    try:
        if refusal := rights.refusal(operation, body):
            raise Fault(_DENIED, refusal)
        result = action(_store(_region(request.url)), {**body, _WANTED: "INDEXES"} if meter else body)
    except Fault as fault:
        if meter and fault.code == "ConditionalCheckFailedException":
            meter.refused(body["TableName"])
        return _error(fault)
    if meter and "ConsumedCapacity" in result:
        _metered(result, meter, body.get(_WANTED, "NONE"), writing=operation in _WRITES)
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(result)


def _metered(result: dict[str, Any], meter: Meter, wanted: str, *, writing: bool) -> None:
    """Tell the meter what an answer cost, and leave of it in the answer what was wanted."""
    told = result["ConsumedCapacity"]
    for each in told if isinstance(told, list) else [told]:
        meter.spent(each, writing=writing)
        if wanted == "TOTAL":
            each.pop("Table")
            each.pop("GlobalSecondaryIndexes", None)
    if wanted == "NONE":
        del result["ConsumedCapacity"]


def _error(fault: Fault) -> Answer:
    kind = f"com.amazonaws.dynamodb.v20120810#{fault.code}"
    document = {"__type": kind, "message": fault.message, **fault.extra}
    return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(document)


def _region(url: str) -> str:
    host = url.split("/", 3)[2].split(".")
    return next(part for part in host if part.count("-") >= 2)


def _store(region: str) -> writes.Store:
    store = _Installed.stores.get(region)
    if store is None:
        store = writes.Store(lambda name: table_named(name, region), lambda: _Installed.clock(), keep=_Installed.keep)
        _Installed.stores[region] = store
    return store
