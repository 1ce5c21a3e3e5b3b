"""Metrics of a local run: what is kept of them, what CloudWatch's door answers, and what AWS would count by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.functions import api_stage
from infra.local.cloud import LocalCloud
from infra.local.series import Series, reckoned
from infra.watch import metric_math
from tests.local.conftest import NINE

START = int(NINE.timestamp())
told = st.lists(st.tuples(st.integers(0, 30), st.integers(-5, 5)), max_size=40)


@given(told=told, period=st.sampled_from([60, 300, 3_600]))
def test_a_statistic_is_of_what_was_told_in_its_period_in_whatever_order(
    told: list[tuple[int, int]], period: int
) -> None:
    series = Series()
    for minute, value in told:
        series.add(START + 60 * minute, value)
    for statistic, plain in (("Sum", sum), ("Maximum", max), ("Minimum", min), ("SampleCount", len)):
        expected: dict[int, list[int]] = {}
        for minute, value in told:
            expected.setdefault(START + 60 * minute // period * period, []).append(value)
        found = series.points(statistic, period, START, START + 3_600)
        assert found == {begun: plain(values) for begun, values in expected.items()}


def test_percentiles_are_of_single_values_and_ranks_are_per_cent() -> None:
    samples = [(float(value), 2.0) for value in range(1, 51)]
    assert [reckoned(each, samples) for each in ("p50", "p90", "p99.9", "p100")] == [25, 45, 50, 50]
    assert [reckoned(each, samples) for each in ("PR(:25)", "PR(25:)", "PR(10:20)")] == [50, 50, 20]
    assert reckoned("Average", samples) == 25.5
    with pytest.raises(ValueError, match="no statistic Most"):
        reckoned("Most", samples)


def answered(*queries: dict[str, Any], hours: int = 1) -> dict[str, list[float]]:
    """GetMetricData through boto3: id → values, the earliest first."""
    found = boto3.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=NINE,
        EndTime=NINE + timedelta(hours=hours),
        ScanBy="TimestampAscending",
    )
    return {each["Id"]: each["Values"] for each in found["MetricDataResults"]}


def query(id: str, namespace: str, name: str, statistic: str, /, **dimensions: str) -> dict[str, Any]:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": named}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}


def put(name: str, at: datetime, *values: float) -> None:
    datum = {"MetricName": name, "Timestamp": at, "Values": values, "Counts": [1] * len(values)}
    boto3.client("cloudwatch").put_metric_data(Namespace="Own", MetricData=[datum])


@pytest.mark.usefixtures("cloud")
def test_cloudwatch_answers_percentiles_and_metric_math() -> None:
    put("Errors", NINE, 1, 1)
    put("Calls", NINE, *range(1, 9))
    put("Calls", NINE + timedelta(minutes=1), 5)
    found = answered(
        query("errors", "Own", "Errors", "Sum"),
        query("calls", "Own", "Calls", "SampleCount"),
        query("slow", "Own", "Calls", "p90"),
        {"Id": "share", "Expression": "100 * FILL(errors, 0) / calls"},
        {"Id": "silent", "Expression": "FILL(none, 0)"},
        query("none", "Own", "Nothing", "Sum"),
    )
    assert found == {
        "errors": [2], "calls": [8, 1], "slow": [8, 5], "share": [25, 0], "silent": [0] * 60, "none": []
    }  # fmt: skip


@pytest.mark.usefixtures("cloud")
def test_an_expression_that_names_nobody_is_refused() -> None:
    with pytest.raises(KeyError, match="names what is not asked for"):
        answered({"Id": "e", "Expression": "nobody * 2"})
    with pytest.raises(metric_math.NotUnderstoodError):
        answered({"Id": "e", "Expression": "1 +"})


# What AWS counts by itself


def lambda_sums(function: str, *names: str) -> list[float]:
    asked = [query(f"m{n}", "AWS/Lambda", name, "Sum", FunctionName=function) for n, name in enumerate(names)]
    return [sum(values) for values in answered(*asked, hours=48).values()]


def test_requests_are_counted_as_api_gateway_does(cloud: LocalCloud) -> None:
    cloud.request("PUT", "/v1/notes/a", body=b"1")
    cloud.request("GET", "/v1/notes/none")
    cloud.request("GET", "/nowhere")
    cloud.request("GET", "/_local/clock")  # stands beside the API
    api = {"ApiName": "small-local", "Stage": api_stage()}
    names = ("Count", "4XXError", "5XXError")
    sums = answered(*(query(f"m{n}", "AWS/ApiGateway", name, "Sum", **api) for n, name in enumerate(names)))
    assert sums == {"m0": [3], "m1": [2], "m2": [0]}
    samples = answered(
        query("all", "AWS/ApiGateway", "Latency", "SampleCount", **api),
        query("inside", "AWS/ApiGateway", "IntegrationLatency", "SampleCount", **api),
    )
    assert samples == {"all": [3], "inside": [2]}
    assert lambda_sums("small-local-api_handler", "Invocations", "Errors", "Throttles") == [2, 0, 0]


def test_calls_of_functions_are_counted_and_so_are_those_that_fail(cloud: LocalCloud) -> None:
    before = {each.name: each.stats.invocations for each in cloud.pump.mappings}
    cloud.request("PUT", "/v1/notes/a", body=b"1")
    cloud.request("PUT", "/v1/notes/bad", body=b"poison")
    mapping = next(each for each in cloud.pump.mappings if each.name == "on_notes")
    invocations = mapping.stats.invocations - before["on_notes"]
    assert lambda_sums("small-local-on_notes", "Invocations") == [invocations]
    assert lambda_sums("small-local-on_notes", "Errors")[0] > 0
    cloud.run_schedule("nightly")
    assert lambda_sums("small-local-nightly", "Invocations", "Errors") == [1, 0]
    assert answered(query("m", "AWS/Events", "Invocations", "Sum", RuleName="small-local-nightly")) == {"m": [1]}
    (letter,) = cloud.dead_letters()
    assert letter
    queue = "small-local-dead-letters"
    assert answered(query("m", "AWS/SQS", "NumberOfMessagesSent", "Sum", QueueName=queue)) == {"m": [1]}


def test_how_far_a_stream_lags_is_told_by_the_local_clock(cloud: LocalCloud) -> None:
    cloud.pump.held = True
    cloud.request("PUT", "/v1/notes/a", body=b"1")
    cloud.pump.held = False
    cloud.clock.advance(90)
    cloud.drain()
    found = answered(query("m", "AWS/Lambda", "IteratorAge", "Maximum", FunctionName="small-local-on_notes"))
    assert found == {"m": [90_000]}


def test_what_tables_cost_is_what_the_answers_say(cloud: LocalCloud) -> None:
    client, table = boto3.client("dynamodb"), "small-local-notes"
    wanted = {"TableName": table, "ReturnConsumedCapacity": "TOTAL"}
    written = client.put_item(**wanted, Item={"id": {"S": "a"}, "text": {"S": "x" * 2_500}})["ConsumedCapacity"]
    read = client.get_item(**wanted, Key={"id": {"S": "a"}}, ConsistentRead=True)["ConsumedCapacity"]
    assert written == {"TableName": table, "CapacityUnits": 3}
    assert "ConsumedCapacity" not in client.get_item(TableName=table, Key={"id": {"S": "b"}})
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(TableName=table, Item={"id": {"S": "a"}}, ConditionExpression="attribute_not_exists(id)")
    names = ("ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits", "ConditionalCheckFailedRequests")
    found = answered(*(query(f"m{n}", "AWS/DynamoDB", name, "Sum", TableName=table) for n, name in enumerate(names)))
    assert found == {"m0": [written["CapacityUnits"]], "m1": [read["CapacityUnits"] + 0.5], "m2": [1]}
    assert cloud.tables


def test_a_reset_forgets_what_was_measured(cloud: LocalCloud) -> None:
    cloud.request("PUT", "/v1/notes/a", body=b"1")
    cloud.reset(NINE)
    assert lambda_sums("small-local-api_handler", "Invocations") == [0]
    cloud.request("PUT", "/v1/notes/a", body=b"1")
    assert lambda_sums("small-local-api_handler", "Invocations") == [1]
