"""The linter of dashboards and alarms. CloudFormation, cfn-lint and moto accept a widget off the grid, a metric that
nobody emits and an id that is misspelt; on AWS the widget stays empty and the alarm silent. Here each is named.

It judges finished bodies and alarms against a catalogue, whoever made them. This module must not make any.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.watch import metric_math
from infra.watch.catalogue import Metric
from infra.watch.widgets import COLUMNS

MOST_WIDGETS, MOST_IN_A_WIDGET, MOST_ON_A_BOARD, MOST_ALARMS = 500, 500, 2_500, 100  # CloudWatch's limits
STATISTIC = re.compile(r"Sum|Average|Minimum|Maximum|SampleCount|p(100|\d{1,2}(\.\d+)?)|PR\(\d*:\d*\)")
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_VIEWS = frozenset({"timeSeries", "singleValue", "gauge", "bar", "pie", "table"})
_SOURCE = re.compile(r"SOURCE '([^']+)'")
_OPTIONS = frozenset({"id", "label", "visible", "expression", "stat", "color", "yAxis", "period"})


@dataclass(frozen=True, slots=True)
class Known:
    """What a body may refer to: metrics, the ARNs of alarms and of functions that answer dashboards, names of log
    groups, and the region that everything is in."""

    metrics: Collection[Metric]
    alarms: Collection[str]
    widget_functions: Collection[str]
    log_groups: Collection[str]
    region: str


def body(name: str, found: Mapping[str, Any], known: Known) -> list[str]:
    """Everything that is wrong with the body of a dashboard, each with dashboard and widget."""
    widgets = found.get("widgets", [])
    problems = list[str]()
    if not 0 < len(widgets) <= MOST_WIDGETS:
        problems.append(f"{name}: {len(widgets)} widgets, 1 to {MOST_WIDGETS} are allowed")
    for number, widget in enumerate(widgets):
        here = f"{name}/{number} {_title(widget)}"
        problems += [f"{here}: {what}" for what in itertools.chain(_grid(widget), _contents(widget, known))]
    problems += [f"{name}: {what}" for what in _overlaps(widgets)]
    shown = sum(len(widget.get("properties", {}).get("metrics", [])) for widget in widgets)
    return problems + ([f"{name}: {shown} metrics, at most {MOST_ON_A_BOARD}"] if shown > MOST_ON_A_BOARD else [])


def _title(widget: Mapping[str, Any]) -> str:
    properties = widget.get("properties", {})
    return str(properties.get("title") or properties.get("markdown") or "?").partition("\n")[0]


def _grid(widget: Mapping[str, Any]) -> Iterator[str]:
    for name, low, high in (("x", 0, COLUMNS - 1), ("y", 0, 10_000), ("width", 1, COLUMNS), ("height", 1, 1_000)):
        value = widget.get(name)
        if not isinstance(value, int) or not low <= value <= high:
            yield f"{name} is {value}, must be {low} to {high}"
            return
    if widget["x"] + widget["width"] > COLUMNS:
        yield f"runs off the grid of {COLUMNS} columns"


def _overlaps(widgets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    placed = [one for one in widgets if not list(_grid(one))]
    for one, other in itertools.combinations(placed, 2):
        across = one["x"] < other["x"] + other["width"] and other["x"] < one["x"] + one["width"]
        if across and one["y"] < other["y"] + other["height"] and other["y"] < one["y"] + one["height"]:
            yield f"{_title(one)} and {_title(other)} lie on each other"


def _contents(widget: Mapping[str, Any], known: Known) -> Iterator[str]:
    properties = widget.get("properties", {})
    match widget.get("type"):
        case "text":
            yield from () if properties.get("markdown") else ("it says nothing",)
        case "metric":
            yield from _metric_widget(properties, known)
        case "alarm":
            yield from _alarm_widget(properties, known)
        case "log":
            yield from _log_widget(properties, known)
        case "custom":
            if properties.get("endpoint") not in known.widget_functions:
                yield f"no function answers at {properties.get('endpoint')}"
        case kind:
            yield f"there is no widget of type {kind}"


def _metric_widget(properties: Mapping[str, Any], known: Known) -> Iterator[str]:
    if properties.get("region") != known.region:
        yield f"region is {properties.get('region')}, must be {known.region}"
    if properties.get("view") not in _VIEWS:
        yield f"view is {properties.get('view')}, must be one of {', '.join(sorted(_VIEWS))}"
    if not is_period(properties.get("period")):
        yield f"period is {properties.get('period')}, must be a multiple of 60"
    if not properties.get("title"):
        yield "it has no title"
    rows = properties.get("metrics", [])
    if not 0 < len(rows) <= MOST_IN_A_WIDGET:
        yield f"{len(rows)} metrics, 1 to {MOST_IN_A_WIDGET} are allowed"
    queries = [read(row) for row in rows]
    yield from _queries(queries, known.metrics)
    if not any(options.get("visible", True) for _, options in queries):
        yield "it shows none of its metrics"


def read(row: Sequence[Any]) -> tuple[Metric | None, Mapping[str, Any]]:
    """A row as a dashboard writes it: the metric (None of an expression) and its options."""
    *names, options = row if isinstance(row[-1], dict) else [*row, {}]
    if not names:
        return None, options
    pairs = tuple(zip(names[2::2], names[3::2], strict=False))
    return Metric(names[0], names[1] if len(names) > 1 else "", pairs), options


def _queries(queries: Sequence[tuple[Metric | None, Mapping[str, Any]]], metrics: Collection[Metric]) -> Iterator[str]:
    ids = [options.get("id") for _, options in queries]
    for metric, options in queries:
        if unknown := set(options) - _OPTIONS:
            yield f"{options.get('id')} has unknown options: {', '.join(sorted(unknown))}"
        if metric is None:
            yield from expression(options.get("expression", ""), ids)
            continue
        if metric not in metrics:
            yield f"nothing emits {metric}"
        if not STATISTIC.fullmatch(str(options.get("stat"))):
            yield f"{metric} has no statistic {options.get('stat')}"
    yield from well_named(ids)


def well_named(ids: Sequence[Any]) -> Iterator[str]:
    """What is wrong with the ids of queries."""
    for id in ids:
        if not isinstance(id, str) or not _ID.fullmatch(id):
            yield f"{id} is no id"
    if len(set(ids)) < len(ids):
        yield "two metrics have one id"


def expression(text: str, ids: Collection[Any]) -> Iterator[str]:
    """What is wrong with an expression over these ids."""
    try:
        unknown = metric_math.ids(text) - set(ids)
    except metric_math.NotUnderstoodError as error:
        yield str(error)
        return
    if unknown:
        yield f"{text}: nothing has the id {', '.join(sorted(unknown))}"


def is_period(value: Any) -> bool:
    """Whether metrics of a minute can be shown or judged by this period, in seconds."""
    return isinstance(value, int) and value > 0 and value % 60 == 0


def _alarm_widget(properties: Mapping[str, Any], known: Known) -> Iterator[str]:
    arns = properties.get("alarms", [])
    if not 0 < len(arns) <= MOST_ALARMS:
        yield f"{len(arns)} alarms, 1 to {MOST_ALARMS} are allowed"
    for arn in arns:
        if arn not in known.alarms:
            yield f"there is no alarm {arn}"


def _log_widget(properties: Mapping[str, Any], known: Known) -> Iterator[str]:
    if properties.get("region") != known.region:
        yield f"region is {properties.get('region')}, must be {known.region}"
    sources = _SOURCE.findall(properties.get("query", ""))
    if not sources:
        yield "its query names no log group"
    for group in sources:
        if group not in known.log_groups:
            yield f"nobody writes to {group}"
