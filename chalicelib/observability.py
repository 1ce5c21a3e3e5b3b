"""What operations may see: one structured line a request, and counted events as EMF metrics.

Only the fields and dimensions listed here can be written, so that personal data has no way in; the text of
an exception, which may quote a value, loses its digits and its Chinese. This module must not know about
HTTP or tables.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

SERVICE = "zhongshu"  # chalice's own logger has the app's name, so its lines come out here too

# What a line may carry beside its message. Citizens' subjects, names and numbers are not among it.
FIELDS = frozenset(
    {
        "request_id",
        "method",
        "route",
        "operation",
        "status",
        "code",
        "kind",
        "organisation",
        "case_id",
        "order_id",
        "stream",
        "reason",
        "reader",
        "purpose",
    }
)

# Metric -> the dimensions it may have beside `stage`. Each set of values is one billed metric, so an
# organisation, item, officer or case is never a dimension.
METRICS: Mapping[str, frozenset[str]] = {
    "TokensRefused": frozenset(),
    "UnexpectedErrors": frozenset(),
    "CasesReceived": frozenset({"channel"}),
    "StepsTaken": frozenset({"action"}),
    "CalendarDaysLeft": frozenset(),
    "DeadlinesSwept": frozenset(),
    "RungsReached": frozenset(),
    "HistoriesBroken": frozenset(),
    "DeadlinesRecounted": frozenset(),
    "InvitationsMade": frozenset(),
    "CallbacksDrawn": frozenset(),
    "SpansCompared": frozenset(),
    "PatternsSeen": frozenset(),
    "CellsComputed": frozenset(),
    "PeriodsPublished": frozenset(),
    "OutlooksMade": frozenset(),
    "ForecastsScored": frozenset(),
    "ManifestsWritten": frozenset(),
    "ReportsWritten": frozenset(),
    "RecordsQuarantined": frozenset({"reader"}),
    "QuestionsAsked": frozenset({"outcome"}),
    "CasesCompleted": frozenset(),
    "DeadlinesMissed": frozenset({"subject"}),
    "RatingsGiven": frozenset({"level"}),
    "IndicesBehind": frozenset(),
    "RebuildDifferences": frozenset(),
}
UNITS: Mapping[str, str] = {"IndicesBehind": "Seconds"}  # of all others: Count

_PRIVATE = r"[0-9]{5,}[0-9Xx]?|[\u3400-\u9fff]+"  # compiled when an exception is logged: a millisecond of a start


class _Scrubbed(LambdaPowertoolsFormatter):
    """Writes exceptions without runs of five or more digits and without Chinese characters."""

    def serialize(self, log: Any) -> str:
        log.pop("exception_notes", None)
        if "exception" in log:
            log["exception"] = re.sub(_PRIVATE, "…", log["exception"])
        return json.dumps(log, ensure_ascii=False, default=lambda value: type(value).__name__)


class _Output(logging.StreamHandler[TextIO]):
    """Writes to what standard output is at that moment, as print() does, and not to what it was at import."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        super().emit(record)


_logger = Logger(
    service=SERVICE,
    level="INFO",
    logger_formatter=_Scrubbed(serialize_stacktrace=False),
    logger_handler=_Output(),
)


def begin(**fields: str) -> None:
    """Start the line of a new request or record; every line until the next `begin` carries `fields`."""
    _logger.clear_state()
    note(**fields)


def note(**fields: str | int) -> None:
    """Add to the lines of this request. Raises ValueError for a field that is not in FIELDS."""
    unknown = set(fields) - FIELDS
    if unknown:
        raise ValueError(f"not loggable: {', '.join(sorted(unknown))}")
    _logger.append_keys(**fields)


def line(message: str, **fields: str | int) -> None:
    """Write one line. `message` is a constant, never composed."""
    note(**fields)
    _logger.info(message)


def count(name: str, now: datetime, value: int = 1, **dimensions: str) -> None:
    """Add `value` to a metric of METRICS, in its unit, by one EMF line on standard output. All its dimensions must be
    given and no others; else ValueError."""
    if name not in METRICS or METRICS[name] != set(dimensions):
        raise ValueError(f"no metric {name} with dimensions {sorted(dimensions)}")
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    values = {"stage": os.environ.get("STAGE", "local"), **dimensions}
    directive = {
        "Namespace": "Zhongshu",
        "Dimensions": [list(values)],
        "Metrics": [{"Name": name, "Unit": UNITS.get(name, "Count")}],
    }
    head = {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    sys.stdout.write(json.dumps({"_aws": head, **values, name: value}) + "\n")
