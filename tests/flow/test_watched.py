"""What operators see of the running platform: metrics that the catalogue knows, heartbeats, and what functions behind
the widgets of a dashboard show."""

from __future__ import annotations

import importlib
import re
from typing import Any

import boto3
import pytest

from infra.watch import catalogue
from infra.watch.catalogue import HEARTBEATS, Metric
from infra.watch.watched import Place
from tests.flow.conftest import NINE, Hub, problem
from tests.flow.rating_steps import rated
from tests.flow.test_comparing import Clock
from tests.flow.test_quarantine import counts
from tests.support.declared import WATCHED
from tests.support.town import ACCEPT, WHOLE, ZHEJIANG, hotel, staff
from tests.support.wire import counted, wire

DAY = 86_400
HEAD = staff("head", ZHEJIANG, "analysis")
CENTRE = "宁波市海曙区公安政务服务（网办）中心"
LOCAL = Place("local", "cn-north-1", "123456789012", "aws-cn")


def samples(metric: str) -> float:
    """How often a metric was told on the first day."""
    points = boto3.client("cloudwatch").get_metric_statistics(
        Namespace=catalogue.NAMESPACE, MetricName=metric, Dimensions=[{"Name": "stage", "Value": "local"}],
        StartTime=NINE, EndTime=NINE.replace(day=3), Period=DAY, Statistics=["SampleCount"],
    )["Datapoints"]  # fmt: skip
    return float(sum(point["SampleCount"] for point in points))


def test_each_run_of_a_schedule_tells_its_heartbeat_though_there_is_nothing_to_do(hub: Hub) -> None:
    for schedule, metric in HEARTBEATS.items():
        hub.cloud.run_schedule(schedule)
        hub.cloud.drain()
        assert samples(metric) == 1, schedule


def test_cases_completed_overdue_and_rated_are_counted(hub: Hub) -> None:
    rated(hub, hub.life(hub.file(), *WHOLE))
    hub.life(hub.file(), *WHOLE)
    hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(20 * DAY)
    assert counts(hub, "CasesCompleted") == 2
    assert counts(hub, "RatingsGiven", level="dissatisfied") == 1
    assert counts(hub, "DeadlinesMissed", days=30, subject="case") == 1
    assert counts(hub, "DeadlinesMissed", days=30, subject="follow_up") >= 1
    hub.cloud.run_schedule("sweep_deadlines")
    assert counts(hub, "DeadlinesMissed", days=30, subject="case") == 1  # not again
    unknown = emitted() - frozenset(catalogue.own_metrics(WATCHED, LOCAL))
    assert unknown == set()


def emitted() -> set[Metric]:
    found = boto3.client("cloudwatch").list_metrics(Namespace=catalogue.NAMESPACE)["Metrics"]
    known = set()
    for each in found:
        dimensions = {one["Name"]: one["Value"] for one in each["Dimensions"]}
        stage = dimensions.pop("stage")
        known.add(Metric(catalogue.NAMESPACE, each["MetricName"], (("stage", stage), *sorted(dimensions.items()))))
    return known


def test_indices_say_how_far_they_lag_behind_what_was_pooled(hub: Hub) -> None:
    hub.cloud.run_schedule("compute_indices")
    assert counts(hub, "IndicesBehind") == 0
    hub.file()
    hub.cloud.drain()
    hub.cloud.clock.advance(7_200)
    with hub.cloud.metrics.caught():
        importlib.import_module("app").compute_indices(hub.cloud.scheduler._event("compute_indices"), Clock(0))
    assert counts(hub, "IndicesBehind") == 7_200
    hub.cloud.run_schedule("compute_indices")
    assert counts(hub, "IndicesBehind") == 7_200  # the last run adds nothing


def test_a_comparison_tells_the_differences_that_it_found(hub: Hub) -> None:
    hub.file()
    hub.cloud.drain()
    assert hub.ask("POST", "/_local/rebuild", body={}).json()["missing"]["number"] == 0
    assert counts(hub, "RebuildDifferences") == 0
    facts = hub.cloud.tables["FactsTable"]
    facts.restore(None)
    hub.ask("POST", "/_local/rebuild", body={})
    assert counts(hub, "RebuildDifferences") == 1


# Widgets


def asked(hub: Hub, name: str, **context: Any) -> str:
    """What a function behind a widget shows whoever looks at a dashboard now."""
    now = int(hub.cloud.now().timestamp() * 1000)
    seen = {"locale": "zh-CN", "theme": "light", "height": 600, "timeRange": {"start": now - 3_600_000, "end": now}}
    reply = hub.ask("POST", f"/_local/widgets/{name}", body={"widgetContext": {**seen, **context}})
    assert reply.status == 200, reply.body.decode()
    shown: str = reply.json()["shown"]
    return shown


def rows(html: str) -> list[list[str]]:
    """The cells of every line of every table, as text."""
    lines = re.findall(r"<tr>(.*?)</tr>", html)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in lines]


def test_counties_are_shown_by_rank_with_what_is_open_and_overdue(hub: Hub) -> None:
    hub.life(hub.file(), *WHOLE)
    hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(14 * DAY)
    html = asked(hub, "show_counties")
    told = hub.get("/v1/indices/2026-03?level=county", HEAD)["items"][0]
    assert rows(html) == [
        ["名次", "单位", "指数", "收件", "在办", "超期"],
        ["—", told["name"]["zh"], f"{told['index']:.2f}", "2", "1", "1"],
    ]
    assert "2026-03，数据截至 2026-03-16 09:00" in html
    english = asked(hub, "show_counties", locale="en-GB", params={"level": "city", "period": "year"})
    assert rows(english)[0] == ["Rank", "Organisation", "Index", "Cases", "Open", "Overdue"]
    assert "2026 as of 2026-03-16 09:00" in english


def test_overdue_cases_are_shown_where_they_are_with_the_latest_red_lights(hub: Hub) -> None:
    assert "尚未计算" in asked(hub, "show_overdue")
    hub.cloud.run_schedule("compute_indices")
    assert "没有超期办件" in asked(hub, "show_overdue")
    case = hub.life(hub.file(), ACCEPT)
    hub.life(hub.file(), ACCEPT, *WHOLE[1:])
    hub.cloud.advance(14 * DAY)
    assert rows(asked(hub, "show_overdue")) == [
        ["单位", "在办", "超期", "超期占比"],
        [CENTRE, "1", "1", "100.0 %"],
        ["单位", "超期", "最近红灯"],
        [CENTRE, "1", f"{case.id} 承诺超期升级 03-13 00:00；{case.id} 承诺超期 03-10 00:00"],
    ]
    assert f"{case.id} promised: Overdue 03-10 00:00" in asked(hub, "show_overdue", locale="en")


def test_a_widget_costs_reads_that_do_not_grow_with_what_is_stored(hub: Hub) -> None:
    for _ in range(3):
        hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(14 * DAY)
    asked(hub, "show_overdue")  # the registry is in the process now
    with wire() as calls:
        asked(hub, "show_counties")
    assert counted(calls) == {"BatchGetItem": 1, "Query": 1}
    with wire() as calls:
        asked(hub, "show_overdue")
    assert counted(calls) == {"BatchGetItem": 1, "Query": 2, "GetItem": 1}  # one county, one unit


def test_a_widget_shows_the_time_that_is_looked_at(hub: Hub) -> None:
    hub.file()
    hub.cloud.drain()
    hub.cloud.run_schedule("compute_indices")
    hub.cloud.advance(40 * DAY)
    march = {"start": 0, "end": 0, "zoom": {"start": 0, "end": int(NINE.timestamp() * 1000)}}
    assert "2026-03，" in asked(hub, "show_counties", timeRange=march)
    assert "2026-04，" in asked(hub, "show_counties")


@pytest.mark.parametrize("name", ["show_counties", "show_overdue"])
def test_a_widget_says_what_it_is_and_is_legible_in_the_dark(name: str, hub: Hub) -> None:
    described = hub.ask("POST", f"/_local/widgets/{name}", body={"describe": True}).json()["shown"]
    assert described.startswith(f"### {name} ")
    light, dark = (asked(hub, name, theme=theme) for theme in ("light", "dark"))
    assert "#16191f" in light
    assert "#e9ebed" in dark
    assert "<script" not in light + dark


def test_what_a_widget_is_asked_wrongly_is_said(hub: Hub) -> None:
    assert "level 应为：city、county" in asked(hub, "show_counties", params={"level": "<b>village</b>"})
    assert "period must be one of: day" in asked(hub, "show_counties", locale="en", params={"period": "decade"})
    problem(hub.ask("POST", "/_local/widgets/show_counties", body={}), 422, "invalid_input", "widgetContext")
    problem(hub.ask("POST", "/_local/widgets/nobody", body={"describe": True}), 404, "not_found")


def test_a_small_widget_says_how_much_more_there_is(hub: Hub) -> None:
    for org in ("330203", "330205", "330206", "330211", "330212", "330213"):
        hub.file(hotel(organisation=org))
    hub.cloud.drain()
    hub.cloud.run_schedule("compute_indices")
    html = asked(hub, "show_counties", height=100)
    assert len(rows(html)) == 1 + 5
    assert "另有 1 行" in html
    assert len(rows(asked(hub, "show_counties", height=900))) == 1 + 6
