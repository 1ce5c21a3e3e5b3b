"""An alarm as data: what it looks at, from when on it speaks, what it means when nothing comes, and where it is said
what to do. This module must not know any metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from infra.watch.catalogue import Metric


class Missing(StrEnum):
    """What an alarm makes of missing data (TreatMissingData)."""

    breaching = "breaching"  # silence is the trouble
    fine = "notBreaching"  # silence is the rule
    keep = "ignore"  # what was said last holds until something else is said


class Urgency(StrEnum):
    """Who is told: whoever is on duty, at once; or whoever works on it, by day."""

    page = "page"
    ticket = "ticket"
    none = "none"  # nobody: a part of a joint alarm


@dataclass(frozen=True, slots=True)
class Query:
    """A metric with its statistic, or an expression over the ids of others."""

    id: str
    metric: Metric | None = None
    statistic: str = ""
    expression: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """`name` within a stage; `runbook`: the section of docs/runbook.md; `zh` and `en` what it says, `silence` what
    missing data mean. It speaks where the last query was `comparison` the `threshold` in `datapoints` of the last
    `periods`, each of `period` seconds."""

    name: str
    runbook: str
    zh: str
    en: str
    queries: tuple[Query, ...]
    threshold: float
    missing: Missing
    silence: str
    period: int = 300
    periods: int = 1
    datapoints: int = 1
    comparison: str = "GreaterThanThreshold"
    urgency: Urgency = Urgency.ticket


@dataclass(frozen=True, slots=True)
class Joint:
    """Several alarms that must speak at once (CloudWatch's composite alarm). `parts`: their names."""

    name: str
    runbook: str
    zh: str
    en: str
    parts: tuple[str, ...]
    urgency: Urgency


def one(metric: Metric, statistic: str) -> tuple[Query, ...]:
    """A metric as it is."""
    return (Query("m0", metric, statistic),)


def summed(metrics: tuple[Metric, ...], statistic: str = "Sum") -> tuple[Query, ...]:
    """Several metrics added up; where some have no data the others count."""
    queries = tuple(Query(f"m{number}", metric, statistic) for number, metric in enumerate(metrics))
    return (*queries, Query("all", expression=" + ".join(f"FILL({each.id}, 0)" for each in queries)))
