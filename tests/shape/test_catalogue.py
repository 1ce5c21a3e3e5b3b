"""The catalogue of metrics is closed, small, and what the sources emit: no more and no less."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.observability import METRICS, UNITS
from infra.functions import Trigger
from infra.watch import catalogue
from infra.watch.catalogue import Metric
from infra.watch.dashboards import dashboards
from infra.watch.lint import read
from tests.support.declared import PLACE, WATCHED

ROOT = Path(__file__).parents[2]
OURS = frozenset(catalogue.own_metrics(WATCHED, PLACE))


def counted() -> Iterator[tuple[str, frozenset[str]]]:
    """Every `observability.count(…)` in the sources: the metric, and the dimensions that it is given."""
    for path in [*(ROOT / "chalicelib").rglob("*.py"), ROOT / "infra/rebuild.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "observability.count":
                name = ast.literal_eval(node.args[0])
                yield name, frozenset(each.arg for each in node.keywords if each.arg and each.arg != "value")


def literals(path: str, within: str) -> set[str]:
    """The strings in whatever a module assigns to this name."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [within]:
            keys = node.value.keys if isinstance(node.value, ast.Dict) else list(ast.walk(node.value))
            return {each.value for each in keys if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    raise AssertionError(f"{path} assigns nothing to {within}")


def test_multiplied_out_our_metrics_are_at_most_three_hundred() -> None:
    known = catalogue.values(WATCHED)
    numbers = {name: [len(known[each]) for each in dimensions] for name, dimensions in METRICS.items()}
    product = sum((each or [1])[0] for each in numbers.values())
    assert all(len(each) <= 1 for each in numbers.values()), "no metric has two dimensions beside the stage"
    assert len(OURS) == product <= catalogue.MOST


def test_every_metric_is_emitted_by_something_under_just_its_dimensions() -> None:
    assert dict(counted()) == dict(METRICS)
    assert set(UNITS) <= set(METRICS)


def test_the_values_of_dimensions_are_those_that_the_sources_have() -> None:
    assert set(catalogue.CHANNELS) == literals("chalicelib/services/intake.py", "ORIGINS")
    assert set(catalogue.OUTCOMES) == literals("chalicelib/http/consultation.py", "outcome")
    assert set(catalogue.values(WATCHED)) == {each for dimensions in METRICS.values() for each in dimensions}


def test_every_schedule_has_a_heartbeat_and_nothing_else_has() -> None:
    schedules = [one.name for one in WATCHED.by(Trigger.schedule)]
    assert sorted(catalogue.HEARTBEATS) == sorted(schedules)
    for schedule, metric in catalogue.HEARTBEATS.items():
        assert METRICS[metric] == frozenset(), f"{schedule}: {metric} has a dimension, and 0 would be told of none"


def test_a_schedule_without_a_heartbeat_is_named() -> None:
    with pytest.raises(ValueError, match="tidy_up has no heartbeat"):
        catalogue.heartbeat("tidy_up", PLACE)


def test_every_metric_of_ours_is_on_a_dashboard() -> None:
    shown = {metric for body in dashboards(WATCHED, PLACE).values() for metric in metrics_of(body)}
    assert OURS - shown == set()


def metrics_of(body: dict[str, object]) -> Iterator[Metric]:
    widgets = body["widgets"]
    assert isinstance(widgets, list)
    for widget in widgets:
        for row in widget["properties"].get("metrics", []):
            metric, _ = read(row)
            if metric is not None:
                yield metric


def test_operators_are_told_of_every_metric_and_its_dimension() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = text.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\w+)`)? ?\|", section, re.MULTILINE)
    assert {name: frozenset({dimension} - {""}) for name, dimension in rows} == dict(METRICS)
    assert [name for name, _ in rows] == list(dict.fromkeys(name for name, _ in rows))
