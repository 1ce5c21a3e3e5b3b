"""Series of widgets: one for each of what there is, with labels in zh-CN and en. This module must not lay out
anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.watch.alarm import Query
from infra.watch.catalogue import Metric

Labelled = Iterable[tuple[Metric, str]]


def each(series: Labelled, statistic: str) -> list[Query]:
    """A line for each metric."""
    return [Query(f"m{number}", metric, statistic, label=label) for number, (metric, label) in enumerate(series)]


def total(label: str, metrics: Iterable[Metric], statistic: str = "Sum", id: str = "all") -> list[Query]:
    """One line that adds up metrics, which are not shown themselves."""
    parts = [Query(f"{id}{number}", metric, statistic) for number, metric in enumerate(metrics)]
    return [*parts, Query(id, expression=" + ".join(f"FILL({part.id}, 0)" for part in parts), label=label)]


def totals(groups: Mapping[str, Iterable[Metric]], statistic: str = "Sum") -> list[Query]:
    """One line for each group of metrics, by its label."""
    return [
        query
        for number, (label, metrics) in enumerate(groups.items())
        for query in total(label, metrics, statistic, id=f"g{number}_")
    ]


def share(label: str, part: Iterable[Metric], whole: Iterable[Metric]) -> list[Query]:
    """Per cent that a part is of a whole, each added up; nothing where the whole is 0."""
    parts, wholes = total("", part, id="part"), total("", whole, id="whole")
    return [*parts, *wholes, Query("share", expression="100 * part / whole", label=label)]
