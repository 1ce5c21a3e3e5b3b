"""What AWS counts by itself of functions, the API, tables, queues and rules, as far as a local run truly knows it.

Under AWS's names and dimensions, in minutes of the local clock; times that something took are of the real one. What
cannot be known here (how long DynamoDB takes, whether it throttles, how much runs at once) is counted by nobody: see
`KNOWN`. This module must not know what the platform's functions do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from infra.functions import HTTP_FUNCTION, api_stage
from infra.local.series import Dimensions, Series, Store, key

Handler = Callable[[Any, Any], Any]

# Namespace -> what is counted here. Some of it never happens in a local run, and it is known that it did not.
KNOWN: Mapping[str, frozenset[str]] = {
    "AWS/Lambda": frozenset(
        {"Invocations", "Errors", "Throttles", "Duration", "IteratorAge", "DestinationDeliveryFailures"}
    ),
    "AWS/ApiGateway": frozenset({"Count", "4XXError", "5XXError", "Latency", "IntegrationLatency"}),
    "AWS/DynamoDB": frozenset(
        {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ConditionalCheckFailedRequests"}
    ),
    "AWS/SQS": frozenset(
        {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"}
    ),
    "AWS/Events": frozenset({"Invocations", "FailedInvocations"}),
}
_MILLISECONDS = frozenset({"Duration", "IteratorAge", "Latency", "IntegrationLatency"})
_READ, _WRITE = "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"


def known(namespace: str, name: str) -> bool:
    """Whether a local run can tell this metric; the platform's own it always can."""
    return name in KNOWN[namespace] if namespace in KNOWN else not namespace.startswith("AWS/")


class Measures:
    """Counts into `store`. `app` and `stage` make the names that things have on AWS."""

    def __init__(self, store: Store, app: str, stage: str, now: Callable[[], datetime]) -> None:
        self.store = store
        self._api = (("ApiName", f"{app}-{stage}"), ("Stage", api_stage()))
        self._prefix = f"{app}-{stage}-"
        self._now = now
        self._series: dict[tuple[str, str, str, str], Series] = {}

    def watched(self, name: str, handler: Handler) -> Handler:
        """A function that does as `handler` and is counted."""

        def counted(event: Any, context: Any) -> Any:
            began = time.perf_counter()
            failed = True
            try:
                answer = handler(event, context)
                failed = False
            finally:
                self._invoked(name, event, time.perf_counter() - began, failed=failed)
            return answer

        return counted

    def answered(self, status: int, seconds: float, inside: float | None) -> None:
        """A request through the API: its status, how long it took in all, and how long `inside` the function behind
        it, if it came so far."""
        self._add("AWS/ApiGateway", "Count", 1, self._api)
        self._add("AWS/ApiGateway", "4XXError", 400 <= status < 500, self._api)
        self._add("AWS/ApiGateway", "5XXError", status >= 500, self._api)
        self._add("AWS/ApiGateway", "Latency", _ms(seconds), self._api)
        if inside is not None:
            self._add("AWS/ApiGateway", "IntegrationLatency", _ms(inside), self._api)
            self._invoked(HTTP_FUNCTION, {}, inside, failed=False)

    def spent(self, capacity: Mapping[str, Any], *, writing: bool) -> None:
        """The ConsumedCapacity of an answer of DynamoDB, told with its indexes."""
        name, table = _WRITE if writing else _READ, (("TableName", capacity["TableName"]),)
        if units := capacity["Table"]["CapacityUnits"]:
            self._add("AWS/DynamoDB", name, units, table)
        for index, each in capacity.get("GlobalSecondaryIndexes", {}).items():
            self._add("AWS/DynamoDB", name, each["CapacityUnits"], (*table, ("GlobalSecondaryIndexName", index)))

    def refused(self, table: str) -> None:
        """A write whose condition did not hold."""
        self._add("AWS/DynamoDB", "ConditionalCheckFailedRequests", 1, (("TableName", table),))

    def sent(self, queue: str) -> None:
        """A message into a queue."""
        self._add("AWS/SQS", "NumberOfMessagesSent", 1, (("QueueName", queue),))

    def waiting(self, queue: str, messages: int, oldest: datetime | None) -> None:
        """How many messages a queue has when it is looked at, and since when the oldest."""
        age = (self._now() - oldest).total_seconds() if oldest else 0
        self._add("AWS/SQS", "ApproximateNumberOfMessagesVisible", messages, (("QueueName", queue),))
        self._add("AWS/SQS", "ApproximateAgeOfOldestMessage", age, (("QueueName", queue),))

    def _invoked(self, name: str, event: Any, seconds: float, *, failed: bool) -> None:
        function = (("FunctionName", self._prefix + name),)
        self._add("AWS/Lambda", "Invocations", 1, function)
        self._add("AWS/Lambda", "Errors", failed, function)
        self._add("AWS/Lambda", "Throttles", 0, function)
        self._add("AWS/Lambda", "Duration", _ms(seconds), function)
        if event.get("source") == "aws.events":
            self._add("AWS/Events", "Invocations", 1, (("RuleName", self._prefix + name),))
        last = (event.get("Records") or [{}])[-1].get("dynamodb")
        if last:
            age = self._now().timestamp() - last["ApproximateCreationDateTime"]
            self._add("AWS/Lambda", "IteratorAge", round(max(age, 0) * 1000), function)

    def _add(self, namespace: str, name: str, value: float, dimensions: Dimensions) -> None:
        where = (namespace, name, dimensions[0][1], dimensions[-1][1])
        series = self._series.get(where)
        if series is None:
            unit = "Milliseconds" if name in _MILLISECONDS else "Count"
            series = self._series[where] = self.store.series(key(namespace, name, dimensions), unit)
        series.add(int(self._now().timestamp()) // 60 * 60, float(value))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
