"""Alarms: each refers to what somebody emits, says what silence means and what to do; and each that is missing or
misspelt is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.functions import Trigger, api_stage
from infra.local.tables import read_template
from infra.watch import lint_alarms, lint_stack, metric_math, repeated
from infra.watch import resources as made
from infra.watch.alarm import Alarm, Joint, Missing, Query, Urgency
from infra.watch.alarms import alarms
from infra.watch.catalogue import Metric, catalogue
from tests.support.declared import PLACE, WATCHED, functions

ROOT = Path(__file__).parents[2]
METRICS = catalogue(WATCHED, PLACE)
ALARMS = alarms(WATCHED, PLACE)
SINGLE = {one.name: one for one in ALARMS if isinstance(one, Alarm)}
SECTIONS = dict(
    re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", (ROOT / "docs/runbook.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
)
SPOILT: list[tuple[dict[str, Any], str]] = [
    ({"runbook": "nowhere"}, "docs/runbook.md has no section nowhere"),
    ({"zh": ""}, "it does not say what it means"),
    ({"silence": ""}, "it does not say what missing data mean"),
    ({"period": 90}, "period is 90"),
    ({"datapoints": 4, "periods": 3}, "4 of 3 periods"),
    ({"period": 300, "periods": 289}, "looks further back"),
    ({"comparison": "GreaterThan"}, "no comparison GreaterThan"),
    ({"queries": (Query("Bad", expression="1"),)}, "Bad is no id"),
    ({"queries": (Query("m0", expression="m1 * 2"),)}, "nothing has the id m1"),
    ({"queries": (Query("m0", expression="RATE(m0)"),)}, "no function RATE"),
    ({"queries": (Query("m0", expression="m0 +"),)}, "invalid syntax"),
    ({"urgency": Urgency.none}, "nobody is told"),
]


def wrong(found: list[Alarm | Joint], metrics: frozenset[Metric] = METRICS) -> list[str]:
    return lint_alarms.alarms(found, metrics, SECTIONS)


def put_in(spoilt: Alarm | Joint) -> list[Alarm | Joint]:
    return [spoilt if one.name == spoilt.name else one for one in ALARMS]


def test_nothing_is_wrong_with_the_alarms() -> None:
    assert wrong(list(ALARMS)) == []


@pytest.mark.parametrize(("change", "told"), SPOILT, ids=[told for _, told in SPOILT])
def test_what_is_wrong_with_an_alarm_is_named(change: dict[str, Any], told: str) -> None:
    (problem,) = wrong(put_in(replace(SINGLE["api_handler-slow"], **change)))
    assert problem.startswith("api_handler-slow: ")
    assert told in problem


def test_an_alarm_on_a_metric_that_is_gone_is_named_whichever_metric_it_is() -> None:
    used = {(one.name, query.metric) for one in SINGLE.values() for query in one.queries if query.metric}
    for name, metric in used:
        assert f"{name}: nothing emits {metric}" in wrong([SINGLE[name]], METRICS - {metric})


def test_an_alarm_that_lacks_a_dimension_is_named_whichever_it_is() -> None:
    tried, like = 0, {section: [one for one in SINGLE.values() if one.runbook == section] for section in SECTIONS}
    for alarm in SINGLE.values():
        for place, query in enumerate(alarm.queries):
            for dropped in query.metric.dimensions if query.metric else ():
                assert query.metric is not None
                kept = tuple(each for each in query.metric.dimensions if each != dropped)
                bare = replace(query, metric=replace(query.metric, dimensions=kept))
                spoilt = replace(alarm, queries=(*alarm.queries[:place], bare, *alarm.queries[place + 1 :]))
                tried += 1
                beside: list[Alarm | Joint] = [spoilt, *(one for one in like[alarm.runbook] if one != alarm)]
                assert any(each.startswith(f"{alarm.name}: ") for each in wrong(beside)), (alarm.name, dropped)
    assert tried > 300


def test_two_alarms_that_judge_the_same_are_named() -> None:
    one, other = SINGLE["cases-throttled"], SINGLE["cases.desk-throttled"]
    assert wrong(put_in(replace(other, queries=one.queries))) == [f"{other.name}: it judges the same as {one.name}"]


def test_a_joint_alarm_without_one_of_its_parts_is_named() -> None:
    for joint in (one for one in ALARMS if isinstance(one, Joint)):
        for part in joint.parts:
            rest: list[Alarm | Joint] = [one for one in ALARMS if one.name != part]
            assert f"{joint.name}: there is no alarm {part}" in wrong(rest)


def expected() -> Iterator[str]:
    """The alarms that there must be of each thing."""
    for one in WATCHED.functions:
        yield from (f"{one.name}-{kind}" for kind in ("errors", "throttled", "slow"))
        if one.trigger is Trigger.stream:
            yield from (f"{one.name}-behind", f"{one.name}-undelivered")
        if one.trigger is Trigger.schedule:
            yield from (f"{one.name}-silent", f"{one.name}-not-started")
    for table in WATCHED.tables:
        yield from (f"{table.name}-throttled", f"{table.name}-system-errors")
        yield from (f"{table.name}.{index}-throttled" for index in table.indexes)
    for queue in WATCHED.queues:
        yield from (f"{queue}-waiting", f"{queue}-many")


def test_every_function_stream_schedule_table_index_and_queue_has_its_alarms() -> None:
    assert [name for name in expected() if name not in SINGLE] == []


@pytest.mark.parametrize(
    ("expression", "patience"),
    [
        ("rate(1 minute)", (60, 10)),
        ("rate(10 minutes)", (60, 30)),
        ("rate(1 hour)", (3_600, 2)),
        ("rate(6 hours)", (3_600, 12)),
        ("rate(1 day)", (3_600, 26)),
        ("cron(10 16-19 * * ? *)", (3_600, 26)),
    ],
)
def test_how_long_a_schedule_may_be_silent_follows_from_how_often_it_runs(
    expression: str, patience: tuple[int, int]
) -> None:
    one = WATCHED.by(Trigger.schedule)[0]
    assert repeated.patience(replace(one, source=expression)) == patience
    for seldom in ("cron(0 1 1 * ? *)", "cron(0 1 ? * MON *)", "rate(7 days)"):
        with pytest.raises(ValueError, match=one.name):
            repeated.patience(replace(one, source=seldom))


def test_the_silence_of_a_schedule_is_trouble() -> None:
    for one in WATCHED.by(Trigger.schedule):
        assert SINGLE[f"{one.name}-silent"].missing is Missing.breaching


def test_intake_is_missed_in_office_hours_of_shanghai_only() -> None:
    alarm = SINGLE["no-intake"]
    query = alarm.queries[-1]
    none: dict[str, float | None] = dict.fromkeys((each.id for each in alarm.queries), None)

    def received(at: datetime, **known: float) -> float | None:
        return metric_math.value(query.expression, at, {**none, "beat": 60, **known})

    monday = datetime(2026, 3, 2, tzinfo=UTC)
    silent = [hour for hour in range(24) if received(monday.replace(hour=hour)) == 0]
    assert silent == list(range(1, 9))  # nine to five in Shanghai
    assert received(monday.replace(hour=3), m1=2) == 2
    assert received(datetime(2026, 3, 1, 3, tzinfo=UTC)) == 1  # a Sunday
    assert metric_math.value(query.expression, monday, none) is None


def test_a_section_of_the_runbook_to_which_no_alarm_leads_is_named() -> None:
    told = lint_alarms.alarms(ALARMS, METRICS, {*SECTIONS, "orphan"})
    assert told == ["docs/runbook.md: no alarm leads to orphan"]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_whom_to_tell(section: str) -> None:
    for part in ("Means 含义", "Look 查看", "Do 处置", "Escalate 上报"):
        assert f"- **{part}**: " in SECTIONS[section], part


def test_what_the_runbook_leads_to_is_there() -> None:
    text = (ROOT / "docs/runbook.md").read_text("utf-8")
    for page, anchor in re.findall(r"\]\((\w+\.md)#([^)]+)\)", text):
        heads = re.findall(r"^#+ (.+)$", (ROOT / "docs" / page).read_text("utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, anchor


# In the stack


STACK = made.part(functions(), {})


def texts(value: Any) -> Iterator[str]:
    """Every string in a template."""
    if isinstance(value, dict):
        yield from (text for each in value.values() for text in texts(each))
    elif isinstance(value, list):
        yield from (text for each in value for text in texts(each))
    elif isinstance(value, str):
        yield value


def test_each_alarm_is_a_resource_of_its_own_that_leads_to_its_section() -> None:
    found = made.resources(WATCHED)
    for one in ALARMS:
        properties = found[made.logical_id(one.name)]["Properties"]
        told = properties["AlarmDescription"]["Fn::Sub"]
        assert properties["AlarmName"] == {"Fn::Sub": f"zhongshu-${{Stage}}-{one.name}"}
        assert told.endswith(f"${{RunbookUrl}}#{one.runbook}")
        assert one.zh in told
        assert one.en in told
        assert len(told) <= 900  # 1,024, and the address may be long
        assert ("AlarmActions" in properties) == (one.urgency is not Urgency.none)
        assert properties.get("TreatMissingData") == (None if isinstance(one, Joint) else str(one.missing))
    assert len(found) == len(ALARMS) + 3


def test_what_the_stack_takes_in_refers_to_nothing_that_is_not_there() -> None:
    known = {*STACK["Parameters"], *STACK["Resources"], "Stage"}
    for name, resource in STACK["Resources"].items():
        assert set(resource.get("DependsOn", [])) <= known, name
        for text in texts(resource):
            named = set(re.findall(r"\$\{([^}]+)\}", text))
            assert {each for each in named if not each.startswith("AWS::")} <= known, name
            assert "arn:aws" not in text, name
    conditions = {each["Fn::If"][0] for each in deep(STACK["Resources"]) if "Fn::If" in each}
    assert conditions == set(STACK["Conditions"])


def deep(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a template."""
    if isinstance(value, dict):
        yield value
        yield from (found for each in value.values() for found in deep(each))
    elif isinstance(value, list):
        yield from (found for each in value for found in deep(each))


def test_one_query_of_an_alarm_is_judged_and_the_others_are_reckoned_with() -> None:
    for name, resource in STACK["Resources"].items():
        if resource.get("Type") == "AWS::CloudWatch::Alarm":
            judged = [each for each in resource["Properties"]["Metrics"] if each["ReturnData"]]
            assert judged == resource["Properties"]["Metrics"][-1:], name


def test_the_rule_of_a_schedule_is_called_as_its_function_is() -> None:
    for one in WATCHED.by(Trigger.schedule):
        (rule,) = STACK["Resources"][one.logical_id]["Properties"]["Events"].items()
        assert rule == (
            f"{one.logical_id}Event",
            {"Properties": {"Name": {"Fn::Sub": f"zhongshu-${{Stage}}-{one.name}"}}},
        )


def translated() -> dict[str, Any]:
    """A stack in which everything is called as it should be."""
    named = "zhongshu-${Stage}-"
    found: dict[str, Any] = read_template(ROOT / "infra/tables.yaml")["Resources"] | {
        "DeadLetters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": f"{named}dead-letters"}}},
        "RestAPI": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": {"Fn::Sub": "zhongshu-${Stage}"}}},
        "RestAPIStage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"StageName": api_stage()}},
    }
    for one in WATCHED.functions:
        name = {"Fn::Sub": f"{named}{one.name}"}
        found[one.logical_id] = {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": name}}
        if one.trigger is Trigger.schedule:
            found[f"{one.logical_id}Rule"] = {"Type": "AWS::Events::Rule", "Properties": {"Name": name}}
    return {"Resources": found}


def test_what_is_not_called_as_its_metrics_say_is_named_whichever_it_is() -> None:
    template = translated()
    whole = template["Resources"]
    assert lint_stack.stack(template, WATCHED) == []
    for gone, resource in whole.items():
        rest = {"Resources": {name: each for name, each in whole.items() if name != gone}}
        assert lint_stack.stack(rest, WATCHED)[0].startswith(f"no {resource['Type']} is called ")
    whole["CasesTable"]["Properties"]["GlobalSecondaryIndexes"].pop()
    assert lint_stack.stack(template, WATCHED) == ["no index is called zhongshu-${Stage}-cases/mine"]
