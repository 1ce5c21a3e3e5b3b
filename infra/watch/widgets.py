"""Widgets of a dashboard, and how they are laid out: rows from top to bottom, each filled from the left.

A widget has no place of its own, so that one can be put in or taken out without counting columns. This module must not
know what a dashboard is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.watch.alarm import Query
from infra.watch.watched import Place

COLUMNS = 24
_MOST_ALARMS = 100  # in one widget


@dataclass(frozen=True, slots=True)
class Widget:
    """One widget: its kind, its size in columns and rows of the grid, and what CloudWatch calls its properties."""

    kind: str
    width: int
    height: int
    properties: dict[str, Any]

    def at(self, x: int, y: int) -> dict[str, Any]:
        """The widget in its place."""
        place = {"x": x, "y": y, "width": self.width, "height": self.height}
        return {"type": self.kind, **place, "properties": self.properties}


Rows = Sequence[Sequence[Widget]]


def laid_out(rows: Rows) -> dict[str, Any]:
    """The body of a dashboard."""
    placed, y = list[dict[str, Any]](), 0
    for row in rows:
        x = 0
        for widget in row:
            placed.append(widget.at(x, y))
            x += widget.width
        y += max(widget.height for widget in row)
    return {"start": "-PT12H", "periodOverride": "inherit", "widgets": placed}


def text(markdown: str, height: int = 1) -> Widget:
    """Words over the whole width."""
    return Widget("text", COLUMNS, height, {"markdown": markdown, "background": "transparent"})


def graph(
    title: str,
    queries: Sequence[Query],
    place: Place,
    *,
    size: tuple[int, int] = (8, 6),
    period: int = 300,
    stacked: bool = False,
    view: str = "timeSeries",
    unit: str = "",
    mark: tuple[str, float] | None = None,
) -> Widget:
    """Lines or areas over time. Queries without a label are only reckoned with; `unit` stands at the axis, `mark` is a
    line across with its words."""
    axis = {"left": {"min": 0, "showUnits": False, **({"label": unit} if unit else {})}}
    properties: dict[str, Any] = {
        "title": title,
        "region": place.region,
        "view": view,
        "stacked": stacked,
        "period": period,
        "metrics": [_row(each) for each in queries],
    }
    if view == "timeSeries":
        properties |= {"yAxis": axis, "legend": {"position": "bottom"}}
    if mark:
        properties["annotations"] = {"horizontal": [{"label": mark[0], "value": mark[1]}]}
    return Widget("metric", *size, properties)


def number(title: str, queries: Sequence[Query], place: Place, *, size: tuple[int, int] = (4, 4)) -> Widget:
    """One number for the whole stretch of time that is looked at."""
    shown = graph(title, queries, place, size=size, view="singleValue")
    return Widget("metric", *size, {**shown.properties, "setPeriodToTimeRange": True})


def alarm_lights(title: str, names: Sequence[str], place: Place, height: int = 4) -> list[Widget]:
    """The state of alarms, as many in a widget as it takes."""
    parts = [names[start : start + _MOST_ALARMS] for start in range(0, len(names), _MOST_ALARMS)]
    return [
        Widget(
            "alarm",
            COLUMNS,
            height,
            {
                "title": title if len(parts) == 1 else f"{title} {number}/{len(parts)}",
                "alarms": [place.arn("cloudwatch", f"alarm:{place.named(name)}") for name in part],
            },
        )
        for number, part in enumerate(parts, 1)
    ]


def log_lines(title: str, function: str, query: str, place: Place, *, size: tuple[int, int] = (24, 6)) -> Widget:
    """What CloudWatch Logs Insights finds in the log of a function."""
    source = f"SOURCE '/aws/lambda/{place.named(function)}'"
    return Widget(
        "log", *size, {"title": title, "region": place.region, "view": "table", "query": f"{source} | {query}"}
    )


def made_by(title: str, function: str, place: Place, *, size: tuple[int, int], **params: str) -> Widget:
    """What a function of ours answers, as HTML; it is asked again whenever the dashboard is."""
    return Widget(
        "custom",
        *size,
        {
            "title": title,
            "endpoint": place.arn("lambda", f"function:{place.named(function)}"),
            "params": params,
            "updateOn": {"refresh": True, "resize": True, "timeRange": True},
        },
    )


def _row(query: Query) -> list[Any]:
    """A query as a dashboard writes it."""
    shown: dict[str, Any] = {"id": query.id}
    shown |= {"label": query.label} if query.label else {"visible": False}
    if query.metric is None:
        return [{**shown, "expression": query.expression}]
    names = [part for pair in query.metric.dimensions for part in pair]
    return [query.metric.namespace, query.metric.name, *names, {**shown, "stat": query.statistic}]
