"""Dashboards: everything on them is emitted by something, nothing lies off the grid, and what is wrong is named."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from infra.functions import Trigger
from infra.watch import lint
from infra.watch.alarms import alarms
from infra.watch.catalogue import catalogue
from infra.watch.dashboards import dashboards
from infra.watch.lint import Known
from infra.watch.resources import resources
from tests.support.declared import PLACE, WATCHED

METRICS = catalogue(WATCHED, PLACE)
BODIES = dashboards(WATCHED, PLACE)
KNOWN = Known(
    metrics=METRICS,
    alarms={PLACE.arn("cloudwatch", f"alarm:{PLACE.named(one.name)}") for one in alarms(WATCHED, PLACE)},
    widget_functions={PLACE.arn("lambda", f"function:{PLACE.named(one.name)}") for one in WATCHED.by(Trigger.widget)},
    log_groups={f"/aws/lambda/{PLACE.named(one.name)}" for one in WATCHED.functions},
    region=PLACE.region,
)
WIDGETS = [(board, number) for board, body in BODIES.items() for number, _ in enumerate(body["widgets"])]


def spoilt(board: str, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A copy of a body, and the widget in it that is to be spoilt."""
    body = copy.deepcopy(BODIES[board])
    return body, body["widgets"][number]


@pytest.mark.parametrize("board", BODIES)
def test_nothing_is_wrong_with_a_dashboard(board: str) -> None:
    assert lint.body(board, BODIES[board], KNOWN) == []


def test_there_are_three_each_called_in_both_languages() -> None:
    heads = [body["widgets"][0]["properties"]["markdown"].splitlines()[0] for body in BODIES.values()]
    assert heads == ["# 运维总览 Operations", "# 数据链路 Data", "# 业务态势 The service"]


def test_a_widget_that_lacks_a_coordinate_is_named_whichever_it_is() -> None:
    for board, number in WIDGETS:
        for name in ("x", "y", "width", "height"):
            body, widget = spoilt(board, number)
            del widget[name]
            (problem, *_) = lint.body(board, body, KNOWN)
            assert problem.startswith(f"{board}/{number} ")
            assert f"{name} is None" in problem


def test_a_widget_off_the_grid_or_on_another_is_named_whichever_it_is() -> None:
    for board, number in WIDGETS:
        body, widget = spoilt(board, number)
        widget["x"] = 24 - widget["width"] + 1
        assert any(each.startswith(f"{board}/{number} ") for each in lint.body(board, body, KNOWN))
        body, widget = spoilt(board, number)
        widget["y"] = widget["y"] - 1 if number else 1
        assert any("lie on each other" in each for each in lint.body(board, body, KNOWN))


def test_a_widget_that_shows_what_nobody_emits_is_named_whichever_metric_it_is() -> None:
    for board, number in WIDGETS:
        widget = BODIES[board]["widgets"][number]
        for row in widget["properties"].get("metrics", []):
            metric, _ = lint.read(row)
            if metric is not None:
                known = replace(KNOWN, metrics=METRICS - {metric})
                assert any(f"nothing emits {metric}" in each for each in lint.body(board, {"widgets": [widget]}, known))


METRIC = {"type": "metric", "x": 0, "y": 0, "width": 8, "height": 6}
ROW = ["AWS/Lambda", "ConcurrentExecutions"]
SHOWN = {"id": "m0", "stat": "Maximum", "label": "l"}
GOOD: dict[str, Any] = {
    "title": "t",
    "region": "cn-north-1",
    "view": "timeSeries",
    "period": 60,
    "metrics": [[*ROW, SHOWN]],
}
SPOILT: list[tuple[dict[str, Any], str]] = [
    ({"region": None}, "region is None"),
    ({"region": "us-east-1"}, "region is us-east-1"),
    ({"view": "wall"}, "view is wall"),
    ({"period": 45}, "period is 45"),
    ({"period": None}, "period is None"),
    ({"title": ""}, "it has no title"),
    ({"metrics": []}, "0 metrics"),
    ({"metrics": [[*ROW, SHOWN]] * 501}, "501 metrics"),
    ({"metrics": [["AWS/Lambda", SHOWN]]}, "nothing emits AWS/Lambda "),
    ({"metrics": [["AWS/Lambda", "Errors", "FunctionName", SHOWN]]}, "nothing emits"),
    ({"metrics": [[*ROW, {**SHOWN, "stat": "Most"}]]}, "no statistic Most"),
    ({"metrics": [[*ROW, {**SHOWN, "id": "M0"}]]}, "M0 is no id"),
    ({"metrics": [[*ROW, {**SHOWN, "lable": "l"}]]}, "unknown options: lable"),
    ({"metrics": [[*ROW, {**SHOWN, "visible": False}]]}, "shows none"),
    ({"metrics": [[*ROW, SHOWN], [{"id": "m0", "expression": "1", "label": "l"}]]}, "two metrics have one id"),
    ({"metrics": [[*ROW, SHOWN], [{"id": "e", "expression": "m1 / 2", "label": "l"}]]}, "nothing has the id m1"),
    ({"metrics": [[*ROW, SHOWN], [{"id": "e", "expression": "m0 /", "label": "l"}]]}, "invalid syntax"),
]


@pytest.mark.parametrize(("change", "told"), SPOILT, ids=[told for _, told in SPOILT])
def test_what_is_wrong_with_a_graph_is_named(change: dict[str, Any], told: str) -> None:
    assert lint.body("b", {"widgets": [{**METRIC, "properties": GOOD}]}, KNOWN) == []
    problems = lint.body("b", {"widgets": [{**METRIC, "properties": {**GOOD, **change}}]}, KNOWN)
    assert any(told in each for each in problems), problems


OTHERS: list[tuple[str, dict[str, Any], str]] = [
    ("text", {"markdown": ""}, "it says nothing"),
    ("alarm", {"alarms": []}, "0 alarms"),
    ("alarm", {"alarms": [PLACE.arn("cloudwatch", "alarm:zhongshu-prod-nobody")]}, "there is no alarm"),
    ("log", {"region": "cn-north-1", "query": "fields @message"}, "names no log group"),
    ("log", {"region": "cn-north-1", "query": "SOURCE '/aws/lambda/zhongshu-prod-nobody'"}, "nobody writes to"),
    ("custom", {"endpoint": PLACE.arn("lambda", "function:zhongshu-prod-api_handler")}, "no function answers"),
    ("picture", {}, "no widget of type picture"),
]


@pytest.mark.parametrize(("kind", "properties", "told"), OTHERS, ids=[told for _, _, told in OTHERS])
def test_what_is_wrong_with_another_widget_is_named(kind: str, properties: dict[str, Any], told: str) -> None:
    (problem,) = lint.body("b", {"widgets": [{**METRIC, "type": kind, "properties": properties}]}, KNOWN)
    assert told in problem


def test_more_than_cloudwatch_takes_is_named() -> None:
    one = {**METRIC, "height": 1, "properties": GOOD}
    many = [{**one, "y": number} for number in range(501)]
    assert "b: 501 widgets, 1 to 500 are allowed" in lint.body("b", {"widgets": many}, KNOWN)
    rows = [[*ROW, {**SHOWN, "id": f"m{number}"}] for number in range(500)]
    six = [{**one, "y": number, "properties": {**GOOD, "metrics": rows}} for number in range(6)]
    assert lint.body("b", {"widgets": six}, KNOWN) == ["b: 3000 metrics, at most 2500"]


def test_the_body_in_the_stack_is_the_one_that_was_looked_over() -> None:
    filled = {
        "Stage": PLACE.stage,
        "AWS::Region": PLACE.region,
        "AWS::AccountId": PLACE.account,
        "AWS::Partition": PLACE.partition,
    }
    for name, body in BODIES.items():
        text = resources(WATCHED)[f"{name.capitalize()}Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        for variable, value in filled.items():
            text = text.replace(f"${{{variable}}}", value)
        assert json.loads(text) == body
