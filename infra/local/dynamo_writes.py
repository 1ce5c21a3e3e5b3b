"""DynamoDB's writing actions: PutItem, UpdateItem, DeleteItem, BatchWriteItem and TransactWriteItems.

Every write is prepared (what the request alone can get wrong), evaluated against the row as it stands, and only then
applied. A transaction evaluates all its writes before it applies the first, so there is nothing to roll back. The
caller holds the one lock. This module must not know about HTTP or moto.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.local import dynamo_expressions as expressions
from infra.local import dynamo_updates as updates
from infra.local import dynamo_values as values
from infra.local.dynamo_conditions import Names, holds
from infra.local.dynamo_expressions import Path
from infra.local.dynamo_rows import Key, Row, Rows
from infra.local.dynamo_values import Fault, invalid

Body = dict[str, Any]
_TRANSACTION_BYTES = 4 * 1024 * 1024
TOKEN_LIFE = timedelta(minutes=10)
_LEGACY = {"Expected", "AttributeUpdates", "ConditionalOperator"}
_CANCELLED = "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]"


@dataclass(slots=True)
class Store:
    """What the actions work on: `rows` finds a table by name or ARN, `now` is the time of a write. `tokens` remembers
    transactions by their ClientRequestToken for ten minutes; `keep`, if any, learns of changes before they are made."""

    rows: Callable[[str], Rows]
    now: Callable[[], datetime]
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    keep: Callable[[Sequence[Change], datetime, tuple[str, str] | None], None] | None = None


@dataclass(slots=True)
class Write:
    """One write, prepared: `item` is set for a put, `steps` for an update, neither for a delete or a check."""

    kind: str
    rows: Rows
    key: Key
    key_attributes: values.Attributes
    names: Names
    condition: Any
    item: Row | None
    steps: list[updates.Step] | None
    show_old: bool


@dataclass(slots=True)
class Change:
    """One write, evaluated: what stood and what is to stand under the key, and the paths an update touched."""

    write: Write
    old: Row | None
    new: Row | None
    paths: list[Path]


def names_of(body: Body) -> Names:
    """The placeholders that a request defines; refused if given and empty, or if a value is no valid value."""
    names, given = body.get("ExpressionAttributeNames"), body.get("ExpressionAttributeValues")
    for label, each in (("Names", names), ("Values", given)):
        if each == {}:
            raise invalid(f"ExpressionAttribute{label} must not be empty")
    for name, value in (given or {}).items():
        if not name.startswith(":"):
            raise invalid(f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{name}"')
        values.checked(value)
    return Names(names or {}, given or {})


def prepare(kind: str, body: Body, rows: Rows) -> Write:
    """Everything about a write that can be refused without looking at the row."""
    if legacy := _LEGACY & body.keys():
        raise invalid(f"The local cloud does not know the legacy parameter {legacy.pop()}")
    names = names_of(body)
    condition = steps = item = None
    if "ConditionExpression" in body:
        condition = names.take(expressions.condition(body["ConditionExpression"]))
    if "UpdateExpression" in body:
        steps = names.take(expressions.update(body["UpdateExpression"]))
    elif kind == "Update":
        steps = []
    names.refuse_unused()
    if kind == "Put":
        key_attributes = body["Item"]
        item = Row(body["Item"], values.sizes(body["Item"]))
        rows.check_index_keys(item.item)
    else:
        key_attributes = body["Key"]
    key = rows.key_of(key_attributes, whole_item=kind == "Put")
    if steps:
        _refuse_key_update(steps, names, rows)
    show_old = body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Write(kind, rows, key, key_attributes, names, condition, item, steps, show_old)


def _refuse_key_update(steps: Iterable[updates.Step], names: Names, rows: Rows) -> None:
    for _, path, _ in steps:
        if (name := names.path(path)[0]) in rows.primary.key_names:
            message = f"Cannot update attribute {name}. This attribute is part of the key"
            raise invalid(f"One or more parameter values were invalid: {message}")


def evaluate(write: Write) -> Change:
    """What the write would do to the row as it stands; refused if its condition does not hold."""
    old = write.rows.rows.get(write.key)
    before = old.item if old else None
    if write.condition is not None and not holds(write.condition, before, write.names):
        extra = {"Item": before} if write.show_old and before else {}
        raise Fault("ConditionalCheckFailedException", "The conditional request failed", **extra)
    if write.kind == "Update":
        new, paths = _updated(write, old)
        return Change(write, old, new, paths)
    if write.kind == "ConditionCheck":
        return Change(write, old, old, [])
    return Change(write, old, write.item, [])


def _updated(write: Write, old: Row | None) -> tuple[Row, list[Path]]:
    before = old or Row(write.key_attributes, values.sizes(write.key_attributes))
    item, paths = updates.apply(write.steps or [], before.item, write.names)
    sizes = dict(before.sizes)
    for name in {str(path[0]) for path in paths}:
        sizes.pop(name, None)
        if name in item:
            sizes[name] = len(name.encode()) + values.checked(item[name])
    if sum(sizes.values()) > values.ITEM_LIMIT:
        raise invalid("Item size to update has exceeded the maximum allowed size")
    write.rows.check_index_keys(item)
    return Row(item, sizes), paths


def apply(store: Store, changes: Sequence[Change], token: tuple[str, str] | None = None) -> None:
    """Make the changes of one request, with their stream records; `token` is a transaction's, with its digest."""
    now = store.now()
    if store.keep:
        store.keep(changes, now, token)
    for change in changes:
        if change.write.kind != "ConditionCheck":
            change.write.rows.replace(change.write.key, change.new)
            change.write.rows.record(change.old, change.new, now)
    if token:
        store.tokens[token[0]] = (token[1], now)


def units(change: Change, times: int = 1) -> dict[str | None, int]:
    """Write units of the table (None) and of each index that the change touches; a transaction's count twice."""
    size = max(change.old.size if change.old else 0, change.new.size if change.new else 0, 1)
    found: dict[str | None, int] = {None: -(-size // 1024) * times}
    for name, index in change.write.rows.secondary.items():
        entries = index.entries((change.old, change.new), change.write.key)
        if entries and not _looks_the_same(change, index.projected):
            found[name] = times * sum(-(-entry // 1024) for entry in entries)
    return found


def _looks_the_same(change: Change, projected: frozenset[str] | None) -> bool:
    if change.old is None or change.new is None:
        return False
    old, new = change.old.item, change.new.item
    names = projected if projected is not None else old.keys() | new.keys()
    return all(old.get(name) == new.get(name) for name in names)


def consumed(body: Body, table: str, counts: Mapping[str | None, float]) -> Body:
    """The ConsumedCapacity of an answer, if the request asked for it."""
    wanted = body.get("ReturnConsumedCapacity", "NONE")
    if wanted == "NONE":
        return {}
    answer: Body = {"TableName": table, "CapacityUnits": float(sum(counts.values()))}
    if wanted == "INDEXES":
        answer["Table"] = {"CapacityUnits": float(counts.get(None, 0))}
        indexes = {name: {"CapacityUnits": float(count)} for name, count in counts.items() if name}
        if indexes:
            answer["GlobalSecondaryIndexes"] = indexes
    return answer


def put_item(store: Store, body: Body) -> Body:
    return _single("Put", store, body, {"NONE", "ALL_OLD"})


def update_item(store: Store, body: Body) -> Body:
    return _single("Update", store, body, {"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"})


def delete_item(store: Store, body: Body) -> Body:
    return _single("Delete", store, body, {"NONE", "ALL_OLD"})


def _single(kind: str, store: Store, body: Body, allowed: set[str]) -> Body:
    wanted = body.get("ReturnValues", "NONE")
    if wanted not in allowed:
        raise invalid("Return values set to invalid value")
    change = evaluate(prepare(kind, body, store.rows(body["TableName"])))
    apply(store, [change])
    attributes = _returned(change, wanted)
    answer: Body = {"Attributes": attributes} if attributes else {}
    if capacity := consumed(body, body["TableName"], units(change)):
        answer["ConsumedCapacity"] = capacity
    return answer


def _returned(change: Change, wanted: str) -> values.Attributes | None:
    row = change.new if wanted.endswith("_NEW") else change.old
    if wanted == "NONE" or row is None:
        return None
    return row.item if wanted.startswith("ALL_") else updates.project(row.item, change.paths)


def batch_write_item(store: Store, body: Body) -> Body:
    requests = [
        (table, kind.removesuffix("Request"), request)
        for table, several in body["RequestItems"].items()
        for each in several
        for kind, request in each.items()
    ]
    if not 0 < len(requests) <= 25:
        raise invalid("Too many items requested for the BatchWriteItem call")
    writes = [(table, prepare(kind, request, store.rows(table))) for table, kind, request in requests]
    if len({(table, write.key) for table, write in writes}) < len(writes):
        raise invalid("Provided list of item keys contains duplicates")
    answer: Body = {"UnprocessedItems": {}}
    changes = [evaluate(write) for _, write in writes]
    apply(store, changes)
    capacities = [consumed(body, each[0], units(change)) for each, change in zip(writes, changes, strict=True)]
    if any(capacities):
        answer["ConsumedCapacity"] = capacities
    return answer


def transact_write_items(store: Store, body: Body) -> Body:
    operations = body["TransactItems"]
    if len(operations) > 100:
        raise invalid("Member must have length less than or equal to 100")
    if any(len(each) != 1 for each in operations):
        raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    text = json.dumps(operations, sort_keys=True)
    if len(text) > _TRANSACTION_BYTES * 1.05:
        raise invalid("Transaction request size exceeded 4 MB")
    token = values.token(body.get("ClientRequestToken"))
    if token and _seen_before(store, token, text):
        return {}
    named = [
        (kind, each, store.rows(each["TableName"])) for operation in operations for kind, each in operation.items()
    ]
    writes = [prepare(kind, each, rows) for kind, each, rows in named]
    if len({(id(write.rows), write.key) for write in writes}) < len(writes):
        raise invalid("Transaction request cannot include multiple operations on one item")
    changes = _all_or_nothing(writes)
    apply(store, changes, (token, _digest(text)) if token else None)
    tables = [each["TableName"] for _, each, _ in named]
    capacity = [consumed(body, name, units(each, times=2)) for name, each in zip(tables, changes, strict=True)]
    return {"ConsumedCapacity": capacity} if any(capacity) else {}


def _all_or_nothing(writes: list[Write]) -> list[Change]:
    changes: list[Change] = []
    reasons: list[Body] = []
    for write in writes:
        try:
            changes.append(evaluate(write))
            reasons.append({"Code": "None"})
        except Fault as fault:
            code = {"ConditionalCheckFailedException": "ConditionalCheckFailed"}.get(fault.code, "ValidationError")
            reasons.append({"Code": code, "Message": fault.message, **fault.extra})
    if len(changes) < len(writes):
        message = _CANCELLED.format(", ".join(reason["Code"] for reason in reasons))
        raise Fault("TransactionCanceledException", message, Message=message, CancellationReasons=reasons)
    return changes


def _seen_before(store: Store, token: str, text: str) -> bool:
    now = store.now()
    for each, (_, at) in list(store.tokens.items()):
        if at + TOKEN_LIFE >= now:
            break
        del store.tokens[each]
    seen = store.tokens.get(token)
    if seen and seen[0] != _digest(text):
        message = "The request used the same client token as a previous, non-identical request"
        raise Fault("IdempotentParameterMismatchException", message)
    return seen is not None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
