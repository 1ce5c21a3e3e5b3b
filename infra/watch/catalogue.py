"""Every metric that there is: our own, with all values that a dimension may have, and those that AWS emits of what the
stack has. What stands in no catalogue is a metric that nobody emits.

Each set of values is one billed metric, so the values are closed and few (MOST), and an organisation, item, officer or
case is never one. This module must not know what is done with a metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from chalicelib.domain import order
from chalicelib.domain.rating import RatingLevel
from chalicelib.observability import METRICS
from chalicelib.procedures import all_procedures
from infra.functions import Trigger, api_stage
from infra.watch.watched import Place, Watched

MOST = 300  # billed metrics of our own in one stage
NAMESPACE = "Zhongshu"

# Schedule -> the metric that each of its runs emits, 0 too: where it is missing, nothing ran to its end.
HEARTBEATS: Mapping[str, str] = {
    "sweep_deadlines": "DeadlinesSwept",
    "recount_deadlines": "DeadlinesRecounted",
    "invite_ratings": "InvitationsMade",
    "draw_callbacks": "CallbacksDrawn",
    "compare_units": "SpansCompared",
    "compute_indices": "CellsComputed",
    "write_manifests": "ManifestsWritten",
    "check_calendar": "CalendarDaysLeft",
}
CHANNELS = ("mobile", "web", "kiosk", "window")
OUTCOMES = ("answered", "handed_over", "not_answered")

_OF_FUNCTIONS = ("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions")
_OF_STREAMS = ("IteratorAge", "DestinationDeliveryFailures")
THROTTLES = ("ReadThrottleEvents", "WriteThrottleEvents")
_CAPACITY = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
_CLASHES = ("ConditionalCheckFailedRequests", "TransactionConflict")
_OF_QUEUES = ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent")
_OF_API = ("Count", "4XXError", "5XXError", "Latency", "IntegrationLatency")
_OF_RULES = ("Invocations", "FailedInvocations")
# DynamoDB counts its own errors and times by operation; with the table alone the metric is accepted and always empty.
OPERATIONS = (
    "GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: a name with every dimension that it is emitted under, in their order."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.dimensions)
        return f"{self.namespace} {self.name} ({told})"


def values(found: Watched) -> Mapping[str, tuple[str, ...]]:
    """Dimension -> every value that it may have, for each dimension of our own metrics beside the stage."""
    steps = {row.name for each in all_procedures().values() if each.book == "cases" for row in each.actions}
    return {
        "channel": CHANNELS,
        "action": tuple(sorted(steps)),
        "reader": tuple(one.name for one in found.by(Trigger.stream)),
        "outcome": OUTCOMES,
        "subject": ("case", *order.ALL),
        "level": tuple(RatingLevel),
    }


def own(name: str, place: Place, **dimensions: str) -> Metric:
    """A metric of ours with these dimensions. It says nothing of whether there is one: that is for `catalogue`."""
    return Metric(NAMESPACE, name, (("stage", place.stage), *dimensions.items()))


def heartbeat(schedule: str, place: Place) -> Metric:
    """The metric that each run of a schedule emits. ValueError for one that has none."""
    if schedule not in HEARTBEATS:
        raise ValueError(f"{schedule} has no heartbeat: let each run count a metric, and name it in HEARTBEATS")
    return own(HEARTBEATS[schedule], place)


def own_metrics(found: Watched, place: Place) -> Iterator[Metric]:
    """Every metric of ours, multiplied out. KeyError for a dimension of which nobody says what it may be."""
    known = values(found)
    for name, dimensions in METRICS.items():
        keys = sorted(dimensions)
        for chosen in product(*(known[key] for key in keys)):
            yield own(name, place, **dict(zip(keys, chosen, strict=True)))


def of_function(name: str, function: str, place: Place) -> Metric:
    """A metric that Lambda emits of a function."""
    return Metric("AWS/Lambda", name, (("FunctionName", place.named(function)),))


def of_account(name: str) -> Metric:
    """A metric that Lambda emits of all functions of the account together."""
    return Metric("AWS/Lambda", name)


def of_table(name: str, table: str, place: Place, *, index: str = "", operation: str = "") -> Metric:
    """A metric that DynamoDB emits of a table, of one of its indexes, or of an operation on it."""
    dimensions = [("TableName", place.named(table))]
    dimensions += [("GlobalSecondaryIndexName", index)] if index else []
    dimensions += [("Operation", operation)] if operation else []
    return Metric("AWS/DynamoDB", name, tuple(dimensions))


def of_queue(name: str, queue: str, place: Place) -> Metric:
    """A metric that SQS emits of a queue."""
    return Metric("AWS/SQS", name, (("QueueName", place.named(queue)),))


def of_api(name: str, place: Place) -> Metric:
    """A metric that API Gateway emits of the stage."""
    return Metric("AWS/ApiGateway", name, (("ApiName", f"zhongshu-{place.stage}"), ("Stage", api_stage())))


def of_rule(name: str, schedule: str, place: Place) -> Metric:
    """A metric that EventBridge emits of the rule of a schedule, which is called as its function is."""
    return Metric("AWS/Events", name, (("RuleName", place.named(schedule)),))


def aws_metrics(found: Watched, place: Place) -> Iterator[Metric]:
    """Every metric that AWS emits of what is watched, of those that we look at."""
    yield of_account("ConcurrentExecutions")
    for one in found.functions:
        for name in (*_OF_FUNCTIONS, *(_OF_STREAMS if one.trigger is Trigger.stream else ())):
            yield of_function(name, one.name, place)
    for one in found.by(Trigger.schedule):
        yield from (of_rule(name, one.name, place) for name in _OF_RULES)
    for table in found.tables:
        yield from (of_table(name, table.name, place) for name in (*THROTTLES, *_CAPACITY, *_CLASHES))
        for index in table.indexes:
            yield from (of_table(name, table.name, place, index=index) for name in (*THROTTLES, *_CAPACITY))
        for operation in OPERATIONS:
            yield of_table("SystemErrors", table.name, place, operation=operation)
            yield of_table("SuccessfulRequestLatency", table.name, place, operation=operation)
    for queue in found.queues:
        yield from (of_queue(name, queue, place) for name in _OF_QUEUES)
    yield from (of_api(name, place) for name in _OF_API)


def catalogue(found: Watched, place: Place) -> frozenset[Metric]:
    """Every metric that a widget or an alarm may refer to."""
    return frozenset((*own_metrics(found, place), *aws_metrics(found, place)))
