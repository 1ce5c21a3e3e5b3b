"""Whether the things of a stack are called as metrics name them: a function or rule under another name is one whose
metrics nobody finds, and its alarms are silent. This module must not make a template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.functions import Trigger, api_stage
from infra.watch.watched import TEMPLATE, Watched

_NAMES = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Events::Rule": "Name",
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::ApiGateway::Stage": "StageName",
}


def stack(template: Mapping[str, Any], found: Watched) -> list[str]:
    """What is watched and not in a translated template under its name."""
    present = set(_present(template))
    return [f"no {kind} is called {name}" for kind, name in _expected(found) if (kind, name) not in present]


def _present(template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in template["Resources"].values():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind in _NAMES:
            name = properties.get(_NAMES[kind])
            yield kind, name["Fn::Sub"] if isinstance(name, dict) and "Fn::Sub" in name else str(name)
        for index in properties.get("GlobalSecondaryIndexes", ()):
            yield "index", f"{properties['TableName']['Fn::Sub']}/{index['IndexName']}"


def _expected(found: Watched) -> Iterator[tuple[str, str]]:
    named = TEMPLATE.named
    yield from (("AWS::Lambda::Function", named(one.name)) for one in found.functions)
    yield from (("AWS::Events::Rule", named(one.name)) for one in found.by(Trigger.schedule))
    yield from (("AWS::SQS::Queue", named(one)) for one in found.queues)
    for table in found.tables:
        yield "AWS::DynamoDB::Table", named(table.name)
        yield from (("index", f"{named(table.name)}/{index}") for index in table.indexes)
    yield "AWS::ApiGateway::RestApi", f"zhongshu-{TEMPLATE.stage}"
    yield "AWS::ApiGateway::Stage", api_stage()
