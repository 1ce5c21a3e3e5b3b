"""What is deployed reads the streams and runs by the clock as the local cloud does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.functions import functions_of
from tests.flow.conftest import Hub
from tests.support.stack import template, written

__all__ = ["template", "written"]
Properties = Mapping[str, Any]


def of_type(template: Properties, kind: str) -> Iterator[Properties]:
    """The properties of every resource of a type."""
    return (each["Properties"] for each in template["Resources"].values() if each["Type"] == f"AWS::{kind}")


def names(template: Properties) -> dict[str, str]:
    """Logical id of a function → the name by which the app declares it."""
    return {
        logical_id: resource["Properties"]["Handler"].removeprefix("app.")
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def test_streams_are_read_as_the_local_cloud_reads_them(hub: Hub, template: dict[str, Any]) -> None:
    deployed = {}
    for each in of_type(template, "Lambda::EventSourceMapping"):
        source, attribute = each["EventSourceArn"]["Fn::GetAtt"]
        if attribute == "StreamArn":
            deployed[names(template)[each["FunctionName"]["Ref"]]] = (
                source,
                each["BatchSize"],
                each["MaximumRetryAttempts"],
                each["BisectBatchOnFunctionError"],
                each["MaximumRecordAgeInSeconds"],
                each["FunctionResponseTypes"] == ["ReportBatchItemFailures"],
                each["MaximumBatchingWindowInSeconds"],
                each["StartingPosition"],
                "OnFailure" in each["DestinationConfig"],
                "FilterCriteria" in each,
            )
    assert deployed == {
        each.name: (
            each.table,
            each.batch_size,
            each.options.retries,
            each.options.bisect,
            each.options.max_age_seconds,
            each.options.report_item_failures,
            each.options.window_seconds,
            each.options.starting_position,
            each.options.dead_letters,
            bool(each.options.passes),
        )
        for each in hub.cloud.pump.mappings
    }


def test_schedules_are_those_of_the_local_cloud(hub: Hub, template: dict[str, Any]) -> None:
    deployed = {
        names(template)[rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]]: rule["ScheduleExpression"]
        for rule in of_type(template, "Events::Rule")
    }
    assert deployed == {name: each.expression for name, each in hub.cloud.scheduler.schedules.items()}


def test_every_function_of_the_app_is_deployed_as_declared(hub: Hub, template: dict[str, Any]) -> None:
    from app import app  # reads its settings when it is imported, as `hub` has set them

    declared = functions_of(app)
    for each in declared:
        properties = template["Resources"][each.logical_id]["Properties"]
        assert properties["FunctionName"] == {"Fn::Sub": each.physical_name("${Stage}")}
        assert (properties["MemorySize"], properties["Timeout"]) == (each.memory, each.timeout)
        assert properties["Role"] == {"Fn::GetAtt": [each.role, "Arn"]}
    assert names(template).keys() == {each.logical_id for each in declared}


def test_every_route_of_the_app_is_deployed(hub: Hub, template: dict[str, Any]) -> None:
    from app import app

    body = template["Resources"]["RestAPI"]["Properties"]["Body"]
    deployed = {path: {method.upper() for method in methods} for path, methods in body["paths"].items()}
    assert deployed == {path: set(methods) for path, methods in app.routes.items()}
