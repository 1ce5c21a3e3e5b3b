"""How the app's functions read streams and queues, as the stack says it.

Chalice's decorators name functions and what they read; the rest stands in a CloudFormation template beside that of the
tables, which the stack merges into chalice's package. A property that the local cloud does not follow is refused by
name, so that a local run cannot differ from AWS in silence. This module must not name any function of the platform.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chalice.app import Chalice, DynamoDBEventConfig, SQSEventConfig
from chalice.utils import to_cfn_resource_name

from infra.local.dead_letters import Reader
from infra.local.patterns import parse
from infra.local.pump import Function, Options, StreamMapping, invoked
from infra.local.tables import read_template

Properties = Mapping[str, Any]
Held = Callable[[str, Function], Function]
FILE = "mappings.yaml"
_REPORT = "ReportBatchItemFailures"
_NUMBERS: Mapping[str, tuple[int, int]] = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "ParallelizationFactor": (1, 1),  # the local cloud has one shard, and delivers one batch of it at a time
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
}
_STREAM = {
    *_NUMBERS, "Stream", "StartingPosition", "FunctionResponseTypes", "BisectBatchOnFunctionError",
    "DestinationConfig", "FilterCriteria",
}  # fmt: skip
_QUEUE = {"Queue", "BatchSize"}


def resources(tables: Path) -> Properties:
    """What the template beside `tables` says of functions and queues, if there is one."""
    path = tables.with_name(FILE)
    found: Properties = read_template(path)["Resources"] if path.exists() else {}
    return found


def queues(found: Properties, stage: str) -> dict[str, str]:
    """Logical id → name of every queue among resources."""
    return {
        logical_id: resource["Properties"]["QueueName"]["Fn::Sub"].replace("${Stage}", stage)
        for logical_id, resource in found.items()
        if resource.get("Type") == "AWS::SQS::Queue"
    }


class Mappings:
    """The mappings of an app under the template beside `tables`, if there is one; `stage` is a part of names on AWS,
    `handlers` are called in place of the app's own."""

    def __init__(self, app: Chalice, tables: Path, stage: str, handlers: Mapping[str, Function] | None = None) -> None:
        self._resources = resources(tables)
        self._app = app
        self._stage = stage
        self._handlers = handlers or app.handler_map

    def streams(self) -> list[StreamMapping]:
        """One for each function that reads a stream. ValueError for what is not understood; a table is named by its
        logical id, at the end of the decorator's ARN if the template does not say."""
        return [self._stream(each) for each in self._app.event_sources if isinstance(each, DynamoDBEventConfig)]

    def reader(self, queue: str) -> Reader | None:
        """The function that reads the queue with this logical id."""
        for config in self._app.event_sources:
            if isinstance(config, SQSEventConfig):
                found = self._properties(config.name, "SqsEventSource", _QUEUE)
                if _resource(found["Queue"]) == queue:
                    return Reader(self._invoke(config.name), found.get("BatchSize", config.batch_size))
        return None

    def _stream(self, config: Any) -> StreamMapping:
        found = self._properties(config.name, "DynamodbEventSource", _STREAM)
        given = {
            "BatchSize": config.batch_size,
            "StartingPosition": config.starting_position,
            "MaximumBatchingWindowInSeconds": config.maximum_batching_window_in_seconds,
            **found,
        }
        _check(config.name, given)
        table = _resource(found["Stream"]) if "Stream" in found else re.split(r"[:/]", config.stream_arn)[-1]
        name = f"{self._app.app_name}-{self._stage}-{config.name}"
        handler = self._handlers[config.name]
        return StreamMapping(config.name, table, handler, given["BatchSize"], _options(given), name)

    def _invoke(self, function: str) -> Callable[[Properties], bool]:
        handler = self._handlers[function]
        return lambda event: invoked(function, handler, event)[0]

    def _properties(self, function: str, source: str, known: set[str]) -> Properties:
        resource = to_cfn_resource_name(function)
        events = self._resources.get(resource, {}).get("Properties", {}).get("Events", {})
        found: Properties = events.get(f"{resource}{source}", {}).get("Properties", {})
        if unknown := sorted(found.keys() - known):
            raise ValueError(f"{FILE}: {function}: the local cloud does not follow {', '.join(unknown)}")
        return found


def _check(function: str, given: Properties) -> None:
    for name, (least, most) in _NUMBERS.items():
        if name in given and not (type(given[name]) is int and least <= given[name] <= most):
            raise ValueError(f"{FILE}: {function}: {name} must be {least} to {most}, not {given[name]!r}")
    if given["StartingPosition"] not in ("TRIM_HORIZON", "LATEST"):
        raise ValueError(f"{FILE}: {function}: StartingPosition must be TRIM_HORIZON or LATEST")
    if given.get("FunctionResponseTypes", [_REPORT]) != [_REPORT]:
        raise ValueError(f"{FILE}: {function}: FunctionResponseTypes can only be [{_REPORT}]")


def _options(given: Properties) -> Options:
    filters = given.get("FilterCriteria", {"Filters": []})["Filters"]
    return Options(
        retries=given.get("MaximumRetryAttempts", -1),
        bisect=given.get("BisectBatchOnFunctionError", False),
        max_age_seconds=given.get("MaximumRecordAgeInSeconds", -1),
        report_item_failures="FunctionResponseTypes" in given,
        window_seconds=given["MaximumBatchingWindowInSeconds"],
        starting_position=given["StartingPosition"],
        passes=tuple(parse(each["Pattern"]) for each in filters),
        dead_letters="DestinationConfig" in given,
    )


def _resource(reference: Properties) -> str:
    """The logical id in `!GetAtt Id.Attribute`."""
    return str(reference["Fn::GetAtt"]).partition(".")[0]
