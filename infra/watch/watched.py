"""What there is to watch: functions, tables, queues, by the names that they have at a place.

Names are made in one way everywhere, `zhongshu-<stage>-<name>`. At TEMPLATE they hold CloudFormation's own variables,
so that the text of a dashboard is the same in the stack and where it is shown. This module must not know metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.functions import Function, Trigger
from infra.local import tables
from infra.local.tables import read_template

_INFRA = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack stands."""

    stage: str
    region: str
    account: str
    partition: str

    def named(self, name: str) -> str:
        """What a thing of the platform is called there."""
        return f"zhongshu-{self.stage}-{name}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something there."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


TEMPLATE = Place("${Stage}", "${AWS::Region}", "${AWS::AccountId}", "${AWS::Partition}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name within a stage ("cases") and the names of its indexes."""

    name: str
    indexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """All that is watched: functions as `infra.functions` has them, tables, names of queues within a stage, and for
    each function that reads a stream the seconds for which it gathers a batch."""

    functions: tuple[Function, ...]
    tables: tuple[Table, ...]
    queues: tuple[str, ...]
    gathers: dict[str, int]

    def by(self, *triggers: Trigger) -> tuple[Function, ...]:
        """The functions that are set off in one of these ways."""
        return tuple(one for one in self.functions if one.trigger in triggers)


def watched(functions: Sequence[Function]) -> Watched:
    """What is watched of a stack with these functions and the tables and queues of infra/*.yaml."""
    resources = read_template(_INFRA / "mappings.yaml")["Resources"]
    return Watched(tuple(functions), _tables(), _queues(resources), _gathers(resources, functions))


def _tables() -> tuple[Table, ...]:
    found = tables.tables_of(read_template(_INFRA / "tables.yaml"), "")
    return tuple(
        Table(
            _name(each["TableName"]),
            tuple(index["IndexName"] for index in each.get("GlobalSecondaryIndexes", [])),
        )
        for each in found.values()
    )


def _queues(resources: dict[str, Any]) -> tuple[str, ...]:
    names = [
        one["Properties"]["QueueName"]["Fn::Sub"] for one in resources.values() if one.get("Type") == "AWS::SQS::Queue"
    ]
    return tuple(_name(name.replace("${Stage}", "")) for name in names)


def _gathers(resources: dict[str, Any], functions: Sequence[Function]) -> dict[str, int]:
    found = {}
    for one in functions:
        if one.trigger is Trigger.stream:
            event = resources[one.logical_id]["Properties"]["Events"][f"{one.logical_id}DynamodbEventSource"]
            found[one.name] = event["Properties"]["MaximumBatchingWindowInSeconds"]
    return found


def _name(full: str) -> str:
    return full.removeprefix("zhongshu--")
