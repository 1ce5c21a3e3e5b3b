"""Every Lambda of the platform as data: what the app and .chalice/config.json say of it, read once and nowhere else.

What is written once a function (its log group, alarms, widgets, rights, runbook) is generated from here, so that a new
handler has all of it. This module must not know what the functions do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from chalice.app import Chalice, DynamoDBEventConfig, ScheduledEventConfig, SQSEventConfig
from chalice.utils import to_cfn_resource_name

CONFIG = Path(__file__).parents[1] / ".chalice" / "config.json"
HTTP_FUNCTION = "api_handler"
_HTTP_RESOURCE = "APIHandler"  # chalice writes this one otherwise than the rest
_ROLE_RESOURCE = {HTTP_FUNCTION: "ApiHandlerRole"}


class Trigger(StrEnum):
    """What sets a function off: `widget` a dashboard that shows what it answers."""

    http = "http"
    stream = "stream"
    queue = "queue"
    schedule = "schedule"
    widget = "widget"


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda: its name, the logical ids that chalice gives it and its role, what sets it off (`source`: logical id
    of the table or queue that it reads, or the schedule's expression), its memory in MB and its time-out in seconds."""

    name: str
    logical_id: str
    role: str
    trigger: Trigger
    source: str | None
    memory: int
    timeout: int

    def physical_name(self, stage: str) -> str:
        """Its name on AWS."""
        return f"zhongshu-{stage}-{self.name}"


def functions_of(app: Chalice, stage: str = "prod") -> tuple[Function, ...]:
    """The functions of an app in the order in which it declares them, the HTTP function first. Raises KeyError for a
    stage that .chalice/config.json does not have."""
    config = json.loads(CONFIG.read_text("utf-8"))
    found = [_function(config, stage, HTTP_FUNCTION, Trigger.http, None)]
    for source in app.event_sources:
        match source:
            case DynamoDBEventConfig():
                table = source.stream_arn.rpartition("/")[2]
                found.append(_function(config, stage, source.name, Trigger.stream, table))
            case SQSEventConfig():
                queue = source.queue_arn.rpartition(":")[2]
                found.append(_function(config, stage, source.name, Trigger.queue, queue))
            case ScheduledEventConfig():
                given = source.schedule_expression
                expression = given if isinstance(given, str) else given.to_string()
                found.append(_function(config, stage, source.name, Trigger.schedule, expression))
            case _:
                raise ValueError(f"{source.name}: an event source of a kind that the stack does not know")
    found += [_function(config, stage, one.name, Trigger.widget, None) for one in app.pure_lambda_functions]
    return tuple(found)


def api_stage(stage: str = "prod") -> str:
    """What API Gateway calls the stage of the HTTP function."""
    name: str = json.loads(CONFIG.read_text("utf-8"))["stages"][stage]["api_gateway_stage"]
    return name


def _function(config: Mapping[str, Any], stage: str, name: str, trigger: Trigger, source: str | None) -> Function:
    logical_id = _HTTP_RESOURCE if trigger is Trigger.http else to_cfn_resource_name(name)
    own = config["stages"][stage]["lambda_functions"][name]
    return Function(
        name,
        logical_id,
        _ROLE_RESOURCE.get(name, f"{logical_id}Role"),
        trigger,
        source,
        own.get("lambda_memory_size", config["lambda_memory_size"]),
        own.get("lambda_timeout", config["lambda_timeout"]),
    )
