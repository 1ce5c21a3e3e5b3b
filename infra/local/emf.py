"""CloudWatch's embedded metric format: the lines in which functions tell metrics are taken off standard output.

Lines are caught while a function runs; all others pass. Times are the local clock's. This module must not know which
metrics there are.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from infra.local.series import Key, Store, key

Add = Callable[[Key, str, int, float], None]  # series, unit, beginning of the minute, value
_BATCH = 500


class Metrics:
    """Gives every value of an EMF line to `add`."""

    def __init__(self, add: Add, now: Callable[[], datetime]) -> None:
        self._add = add
        self._now = now
        self.bytes = 0  # of the lines that were taken, which AWS bills as logs

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """While this lasts, EMF lines on standard output go to the metrics and not to the terminal."""
        with contextlib.redirect_stdout(_Filter(sys.stdout, self.take)):
            yield

    def take(self, line: str) -> bool:
        """Keep the metrics of an EMF line; False if it is another line."""
        if not line.startswith("{") or '"_aws"' not in line:
            return False
        try:
            event = json.loads(line)
            directives = event["_aws"]["CloudWatchMetrics"]
        except (ValueError, KeyError, TypeError):
            return False
        self.bytes += len(line.encode()) + 1
        minute = int(self._now().timestamp()) // 60 * 60
        for directive in directives:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = [(name, str(event[name])) for name in names]
                for metric in directive["Metrics"]:
                    series = key(directive["Namespace"], metric["Name"], dimensions)
                    values = event[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        self._add(series, metric.get("Unit", "None"), minute, float(value))
        return True


def into(store: Store) -> Add:
    """What keeps values in a store of this process."""
    return lambda series, unit, minute, value: store.series(series, unit).add(minute, value)


class Outbox:
    """Values for the CloudWatch of a stage, sent all at once; `add` is what Metrics wants."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[Key, str, int], Counter[float]] = defaultdict(Counter)

    def add(self, series: Key, unit: str, minute: int, value: float) -> None:
        """Keep a value until it is sent."""
        self._seen[series, unit, minute][value] += 1

    def send(self, client: Any) -> int:
        """Send what was kept through a boto3 client; gives the number of data points."""
        by_namespace: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for ((namespace, name, dimensions), unit, minute), counts in self._seen.items():
            by_namespace[namespace].append(
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
                    "Timestamp": datetime.fromtimestamp(minute, UTC),
                    "Values": list(counts.keys()),
                    "Counts": [float(count) for count in counts.values()],
                    "Unit": unit,
                }
            )
        self._seen.clear()
        for namespace, points in by_namespace.items():
            for start in range(0, len(points), _BATCH):
                client.put_metric_data(Namespace=namespace, MetricData=points[start : start + _BATCH])
        return sum(map(len, by_namespace.values()))


class _Filter(io.TextIOBase):
    """A standard output that gives each whole line to `take` first and passes on what it does not want."""

    def __init__(self, beneath: TextIO, take: Callable[[str], bool]) -> None:
        self._beneath = beneath
        self._take = take
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if not self._take(line):
                self._beneath.write(line + "\n")
        return len(text)

    def flush(self) -> None:
        self._beneath.flush()

    def isatty(self) -> bool:
        return self._beneath.isatty()
