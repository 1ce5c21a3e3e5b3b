"""Alarms and dashboards as CloudFormation: what the stack takes in beside tables, functions and queues.

Who is told is a parameter, and whoever deploys may leave it out. This module must not decide what is watched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from chalice.utils import to_cfn_resource_name

from infra.functions import Function, Trigger
from infra.watch.alarm import Alarm, Joint, Query, Urgency
from infra.watch.alarms import alarms
from infra.watch.catalogue import Metric
from infra.watch.dashboards import dashboards
from infra.watch.watched import TEMPLATE, Watched, watched

_TOPICS = {Urgency.page: "PageTopicArn", Urgency.ticket: "TicketTopicArn"}


def part(functions: Sequence[Function], _so_far: Mapping[str, Any]) -> dict[str, Any]:
    """What is merged into the stack: parameters, conditions, resources, and what the rules of schedules are called."""
    found = watched(functions)
    return {
        "Parameters": parameters(),
        "Conditions": conditions(),
        "Resources": {**resources(found), **names_of_rules(found)},
    }


def parameters() -> dict[str, Any]:
    """Who is told, at once and by day: ARNs of SNS topics, or nothing; and where the runbook is read."""
    topic = {"Type": "String", "Default": "", "AllowedPattern": r"|arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]+"}
    return {
        "PageTopicArn": {**topic, "Description": "SNS topic that wakes whoever is on duty; may be empty"},
        "TicketTopicArn": {**topic, "Description": "SNS topic for what waits for the day; may be empty"},
        "RunbookUrl": {"Type": "String", "Default": "docs/runbook.md", "Description": "where the runbook is read"},
    }


def conditions() -> dict[str, Any]:
    """Whether there is anybody to be told."""
    return {_condition(name): {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]} for name in _TOPICS.values()}


def resources(found: Watched) -> dict[str, dict[str, Any]]:
    """Every alarm and dashboard by its logical id."""
    there = alarms(found, TEMPLATE)
    made = {logical_id(one.name): _joint(one) if isinstance(one, Joint) else _alarm(one) for one in there}
    return made | {
        f"{name.capitalize()}Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": {"Fn::Sub": TEMPLATE.named(name)},
                "DashboardBody": {"Fn::Sub": json.dumps(body, ensure_ascii=False, separators=(",", ":"))},
            },
        }
        for name, body in dashboards(found, TEMPLATE).items()
    }


def names_of_rules(found: Watched) -> dict[str, Any]:
    """The rule of each schedule is called as its function is; else AWS makes a name up, and nobody could say under
    which one its metrics come."""
    return {
        one.logical_id: {
            "Properties": {
                "Events": {f"{one.logical_id}Event": {"Properties": {"Name": {"Fn::Sub": TEMPLATE.named(one.name)}}}}
            }
        }
        for one in found.by(Trigger.schedule)
    }


def logical_id(name: str) -> str:
    """What the stack calls an alarm: `on_case_change-errors` is OnCaseChangeErrorsAlarm."""
    return f"{to_cfn_resource_name(re.sub('[-.]', '_', name))}Alarm"


def _alarm(one: Alarm) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            **_common(one),
            "Metrics": [_query(query, one) for query in one.queries],
            "ComparisonOperator": one.comparison,
            "Threshold": one.threshold,
            "EvaluationPeriods": one.periods,
            "DatapointsToAlarm": one.datapoints,
            "TreatMissingData": str(one.missing),
        },
    }


def _joint(one: Joint) -> dict[str, Any]:
    rule = " AND ".join(f'ALARM("{TEMPLATE.named(part)}")' for part in one.parts)
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "DependsOn": [logical_id(part) for part in one.parts],  # it is refused while one of them is not there
        "Properties": {**_common(one), "AlarmRule": {"Fn::Sub": rule}},
    }


def _common(one: Alarm | Joint) -> dict[str, Any]:
    silence = f" 无数据 missing data: {one.missing}, {one.silence}." if isinstance(one, Alarm) else ""
    told = f"{one.zh}。{one.en}.{silence} 处置 what to do: ${{RunbookUrl}}#{one.runbook}"
    return {
        "AlarmName": {"Fn::Sub": TEMPLATE.named(one.name)},
        "AlarmDescription": {"Fn::Sub": told},
        **({} if one.urgency is Urgency.none else {"AlarmActions": _told(one), "OKActions": _told(one)}),
    }


def _told(one: Alarm | Joint) -> dict[str, Any]:
    topic = _TOPICS[one.urgency]
    return {"Fn::If": [_condition(topic), [{"Ref": topic}], {"Ref": "AWS::NoValue"}]}


def _condition(topic: str) -> str:
    return f"Has{topic.removesuffix('Arn')}"


def _query(query: Query, one: Alarm) -> dict[str, Any]:
    asked = {"Id": query.id, "ReturnData": query is one.queries[-1]}
    if query.metric is None:
        return {**asked, "Expression": query.expression}
    return {
        **asked,
        "MetricStat": {"Metric": _metric(query.metric), "Period": one.period, "Stat": query.statistic},
    }


def _metric(metric: Metric) -> Mapping[str, Any]:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [
            {"Name": name, "Value": {"Fn::Sub": value} if "${" in value else value} for name, value in metric.dimensions
        ],
    }
