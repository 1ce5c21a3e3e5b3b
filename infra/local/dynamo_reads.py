"""DynamoDB's reading actions: GetItem, BatchGetItem, TransactGetItems, Query and Scan.

A query looks only at its own partition of the table or index. The caller holds the one lock. This module must not
know about HTTP or moto.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.local import dynamo_expressions as expressions
from infra.local import dynamo_updates as updates
from infra.local import dynamo_values as values
from infra.local.dynamo_conditions import Names, holds
from infra.local.dynamo_expressions import Node, Path
from infra.local.dynamo_rows import Index, Key, Row, Rows, in_order
from infra.local.dynamo_values import Attributes, invalid
from infra.local.dynamo_writes import Body, Store, consumed, names_of

_PAGE_BYTES = 1024 * 1024
_BATCH_BYTES = 16 * 1024 * 1024
_LEGACY = {"KeyConditions", "QueryFilter", "ScanFilter", "AttributesToGet", "ConditionalOperator"}
_LAST = "\U0010ffff"


@dataclass(slots=True)
class Span:
    """Where a key condition points: a partition, the bounds of the position in it, and what bounds cannot say."""

    partition: Key
    low: Key
    high: Key
    exact: Callable[[Attributes], bool]


def get_item(store: Store, body: Body) -> Body:
    _refuse_legacy(body)
    rows = store.rows(body["TableName"])
    names = names_of(body)
    paths = _projection(body, names)
    names.refuse_unused()
    row = rows.rows.get(rows.key_of(body["Key"]))
    answer: Body = {} if row is None else {"Item": _shown(row.item, None, paths)}
    if capacity := consumed(body, body["TableName"], {None: _read_units(row, body)}):
        answer["ConsumedCapacity"] = capacity
    return answer


def batch_get_item(store: Store, body: Body) -> Body:
    requests = body["RequestItems"]
    if sum(len(request["Keys"]) for request in requests.values()) > 100:
        raise invalid("Too many items requested for the BatchGetItem call")
    answer: Body = {"Responses": {}, "UnprocessedKeys": {}}
    capacities, room = [], _BATCH_BYTES
    for table, request in requests.items():
        rows, names = store.rows(table), names_of(request)
        paths = _projection(request, names)
        names.refuse_unused()
        keys = [rows.key_of(each) for each in request["Keys"]]
        if len(set(keys)) < len(keys):
            raise invalid("Provided list of item keys contains duplicates")
        found = answer["Responses"].setdefault(table, [])
        total = 0.0
        for key, attributes in zip(keys, request["Keys"], strict=True):
            row = rows.rows.get(key)
            total += _read_units(row, request)
            room -= row.size if row else 0
            if row and room >= 0:
                found.append(_shown(row.item, None, paths))
            elif row:
                left = answer["UnprocessedKeys"].setdefault(table, {**request, "Keys": []})
                left["Keys"].append(attributes)
        capacities.append(consumed(body, table, {None: total}))
    return answer | ({"ConsumedCapacity": capacities} if any(capacities) else {})


def transact_get_items(store: Store, body: Body) -> Body:
    if len(body["TransactItems"]) > 100:
        raise invalid("Member must have length less than or equal to 100")
    gets = [each["Get"] for each in body["TransactItems"]]
    answers = [get_item(store, {**each, "ReturnConsumedCapacity": "TOTAL", "ConsistentRead": True}) for each in gets]
    capacities = [
        consumed(body, each["TableName"], {None: 2 * answer.pop("ConsumedCapacity")["CapacityUnits"]})
        for each, answer in zip(gets, answers, strict=True)
    ]
    return {"Responses": answers} | ({"ConsumedCapacity": capacities} if any(capacities) else {})


def query(store: Store, body: Body) -> Body:
    rows, index, names = _view(store, body)
    condition = names.take(expressions.condition(body["KeyConditionExpression"]))
    span = _span(rows, index, _conjuncts(condition), names)
    forward = body.get("ScanIndexForward", True)
    start = _start(rows, index, body, span)
    positions = index.partitions.get(span.partition, [])
    keys = in_order(positions, span.low, span.high, start, forward=forward)
    width = len(rows.primary.key_names)
    found = (rows.rows[position[-width:]] for position in keys)
    return _page(rows, index, body, names, (row for row in found if span.exact(row.item)))


def scan(store: Store, body: Body) -> Body:
    rows, index, names = _view(store, body)
    segments, segment = body.get("TotalSegments", 1), body.get("Segment", 0)
    if ("TotalSegments" in body) != ("Segment" in body) or segment >= segments:
        raise invalid("Segment and TotalSegments must be given together, and Segment must be the smaller")
    start = _start(rows, index, body, None)
    begin = None if start is None else _partition_of(index, body["ExclusiveStartKey"])
    width = len(rows.primary.key_names)

    def found() -> Iterator[Row]:
        for partition in sorted(index.partitions):
            if begin is not None and partition < begin:
                continue
            if segments > 1 and zlib.crc32(repr(partition).encode()) % segments != segment:
                continue
            behind = start if partition == begin else None
            for position in in_order(index.partitions[partition], (), (), behind, forward=True):
                yield rows.rows[position[-width:]]

    return _page(rows, index, body, names, found())


def _refuse_legacy(body: Body) -> None:
    if legacy := _LEGACY & body.keys():
        raise invalid(f"The local cloud does not know the legacy parameter {legacy.pop()}")


def _view(store: Store, body: Body) -> tuple[Rows, Index, Names]:
    _refuse_legacy(body)
    rows = store.rows(body["TableName"])
    if (name := body.get("IndexName")) is None:
        return rows, rows.primary, names_of(body)
    if name not in rows.secondary:
        raise invalid(f"The table does not have the specified index: {name}")
    if body.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    return rows, rows.secondary[name], names_of(body)


def _projection(body: Body, names: Names) -> list[Path] | None:
    if "ProjectionExpression" not in body:
        return None
    paths = [names.path(path) for path in names.take(expressions.projection(body["ProjectionExpression"]))]
    for i, one in enumerate(paths):
        if any(one[: len(other)] == other[: len(one)] for other in paths[i + 1 :]):
            raise invalid("Invalid ProjectionExpression: Two document paths overlap with each other")
    return paths


def _shown(item: Attributes, projected: frozenset[str] | None, paths: list[Path] | None) -> Attributes:
    if projected is not None:
        item = {name: value for name, value in item.items() if name in projected}
    return item if paths is None else updates.project(item, paths)


def _read_units(row: Row | None, body: Body) -> float:
    blocks = -(-max(row.size if row else 0, 1) // 4096)
    return float(blocks) if body.get("ConsistentRead") else blocks / 2


def _conjuncts(tree: Node) -> list[Node]:
    return [*_conjuncts(tree[1]), *_conjuncts(tree[2])] if tree[0] == "and" else [tree]


def _span(rows: Rows, index: Index, parts: list[Node], names: Names) -> Span:
    conditions: dict[str, tuple[str, list[Any]]] = {}
    for kind, *operands in parts:
        if not operands or operands[0][0] != "path" or any(each[0] != "value" for each in operands[1:]):
            raise invalid("Invalid operator used in KeyConditionExpression")
        name = str(names.path(operands[0][1])[0])
        if name in conditions:
            raise invalid("KeyConditionExpressions must only contain one condition per key")
        conditions[name] = (kind, [names.values[each[1]] for each in operands[1:]])
    partition = []
    for name in index.hash_names:
        kind, given = conditions.pop(name, ("", []))
        if kind != "=":
            missed = f"Query condition missed key schema element: {name}"
            raise invalid("Query key condition not supported" if kind else missed)
        partition.append(_key_value(rows, name, given[0]))
    ranges = [n for n in (index.range_names) if n in conditions]
    if set(conditions) - set(ranges) or ranges != list(index.range_names[: len(ranges)]):
        raise invalid("Query condition missed key schema element")
    return _bounds(rows, tuple(partition), [(name, *conditions[name]) for name in ranges])


def _key_value(rows: Rows, name: str, value: values.Value) -> Any:
    if values.key_kind(value) != rows.kinds[name]:
        raise invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
    if value.get("S") == "" or value.get("B") == "":
        message = (
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
        )
        raise invalid(f"{message}empty string value. Key: {name}")
    return values.native(value)


def _bounds(rows: Rows, partition: Key, ranges: list[tuple[str, str, list[values.Value]]]) -> Span:
    equal: Key = ()
    for name, kind, given in ranges[:-1]:
        if kind != "=":
            raise invalid("Query key condition not supported")
        equal += (_key_value(rows, name, given[0]),)
    if not ranges:
        return Span(partition, equal, equal, lambda _: True)
    name, kind, given = ranges[-1]
    wanted = tuple(_key_value(rows, name, each) for each in given)
    low, high = equal + wanted[:1], equal + wanted[-1:]
    if kind in ("=", "between"):
        return Span(partition, low, high, lambda _: True)
    if kind in ("<", "<="):
        return Span(partition, equal, high, lambda item: kind == "<=" or not values.same(item[name], given[0]))
    if kind in (">", ">="):
        return Span(partition, low, equal, lambda item: kind == ">=" or not values.same(item[name], given[0]))
    if kind != "begins_with":
        raise invalid("Invalid operator used in KeyConditionExpression: " + kind)
    end = wanted[0] + _LAST if isinstance(wanted[0], str) else wanted[0] + b"\xff" * 1024
    return Span(partition, low, (*equal, end), lambda item: values.begins_with(item[name], given[0]))


def _start(rows: Rows, index: Index, body: Body, span: Span | None) -> Key | None:
    given = body.get("ExclusiveStartKey")
    if given is None:
        return None
    if given.keys() != {*index.key_names, *rows.primary.key_names}:
        raise invalid("The provided starting key is invalid")
    key = rows.key_of({name: given[name] for name in rows.primary.key_names})
    place = index.place(given, key)
    if place is None or (span and place[0] != span.partition):
        raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    if span and not (span.low <= place[1] and place[1][: len(span.high)] <= span.high and span.exact(given)):
        raise invalid("The provided starting key does not match the range key predicate")
    return place[1]


def _partition_of(index: Index, attributes: Attributes) -> Key:
    return tuple(values.native(attributes[name]) for name in index.hash_names)


def _page(rows: Rows, index: Index, body: Body, names: Names, found: Iterator[Row]) -> Body:
    """One page of an answer: up to Limit rows or 1 MB are looked at, and those that pass the filter are shown."""
    test = names.take(expressions.condition(body["FilterExpression"])) if "FilterExpression" in body else None
    paths = _projection(body, names)
    names.refuse_unused()
    _check_filter_and_projection(index, test, paths, body, names)
    limit, size, looked_at, last = body.get("Limit"), 0, 0, None
    shown: list[Attributes] = []
    for row in found:
        size += index.size(row)
        looked_at += 1
        if test is None or holds(test, _shown(row.item, index.projected, None), names):
            shown.append(_shown(row.item, index.projected, paths))
        if looked_at == limit or size > _PAGE_BYTES:
            last = {name: row.item[name] for name in {*index.key_names, *rows.primary.key_names}}
            break
    answer: Body = {"Count": len(shown), "ScannedCount": looked_at}
    if body.get("Select") != "COUNT":
        answer["Items"] = shown
    if last is not None:
        answer["LastEvaluatedKey"] = last
    each = -(-max(size, 1) // 4096) * (1.0 if body.get("ConsistentRead") else 0.5)
    if capacity := consumed(body, body["TableName"], {index.name: each}):
        answer["ConsumedCapacity"] = capacity
    return answer


def _check_filter_and_projection(
    index: Index, test: Node | None, paths: list[Path] | None, body: Body, names: Names
) -> None:
    if test is not None and "KeyConditionExpression" in body:
        for path in _paths_in(test):
            if (name := names.path(path)[0]) in index.key_names:
                message = (
                    f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
                )
                raise invalid(message)
    selected = body.get("Select")
    if selected == "ALL_ATTRIBUTES" and index.projected is not None:
        raise invalid(f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name}")
    if index.projected is not None and any(path[0] not in index.projected for path in paths or []):
        raise invalid(
            "One or more parameter values were invalid: Global secondary index does not project the attributes"
        )
    if paths is not None and selected not in (None, "SPECIFIC_ATTRIBUTES"):
        raise invalid(f"Cannot specify the ProjectionExpression when choosing to get {selected}")


def _paths_in(tree: Node) -> Iterator[Path]:
    if tree[0] == "path":
        yield tree[1]
    else:
        for each in tree[1:]:
            if isinstance(each, tuple):
                yield from _paths_in(each)
