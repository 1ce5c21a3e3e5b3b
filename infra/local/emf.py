"""Metrics that functions print in CloudWatch's embedded metric format, taken to the local CloudWatch.

Lines are caught on standard output while a function runs; all others pass. What was caught is kept by minute and
published on `flush`, so that a request does not wait for it. Times are the local clock's. This module must not know
which metrics there are.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TextIO

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

Series = tuple[str, str, str, tuple[tuple[str, str], ...], datetime]
_BATCH = 500


class Metrics:
    """Metrics not yet published: for each series and minute, how often which value was seen."""

    def __init__(self, client: Any, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._seen: defaultdict[Series, Counter[float]] = defaultdict(Counter)
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
        minute = self._minute()
        for directive in directives:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = tuple(sorted((name, str(event[name])) for name in names))
                for metric in directive["Metrics"]:
                    series = (
                        directive["Namespace"],
                        metric["Name"],
                        metric.get("Unit", "None"),
                        dimensions,
                        minute,
                    )
                    values = event[metric["Name"]]
                    self._seen[series].update(map(float, values if isinstance(values, list) else [values]))
        return True

    def forget(self) -> None:
        """Forget what was kept and what was published."""
        self._seen.clear()
        cloudwatch_backends[DEFAULT_ACCOUNT_ID][self._client.meta.region_name].reset()

    def settle(self) -> None:
        """Publish once the minute in which something was seen is over."""
        if self._seen and next(reversed(self._seen))[-1] != self._minute():
            self.flush()

    def _minute(self) -> datetime:
        return self._now().replace(second=0, microsecond=0)

    def flush(self) -> int:
        """Publish what was kept; gives the number of data points."""
        by_namespace: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for (namespace, name, unit, dimensions, minute), counts in self._seen.items():
            by_namespace[namespace].append(
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                    "Timestamp": minute,
                    "Values": list(counts.keys()),
                    "Counts": [float(count) for count in counts.values()],
                    "Unit": unit,
                }
            )
        self._seen.clear()
        for namespace, points in by_namespace.items():
            for start in range(0, len(points), _BATCH):
                self._client.put_metric_data(Namespace=namespace, MetricData=points[start : start + _BATCH])
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
