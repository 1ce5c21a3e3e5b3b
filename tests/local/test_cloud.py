"""The local cloud as a whole: HTTP, streams, schedules and clock through the door."""

from __future__ import annotations

import boto3

from infra.local.cloud import LocalCloud
from tests.local.conftest import NINE


def test_a_request_reaches_the_app_with_the_local_clock_and_its_reactions_follow(cloud: LocalCloud) -> None:
    assert cloud.request("PUT", "/v1/notes/a", body=b"hello").json() == {"name": "a"}
    copy = boto3.resource("dynamodb").Table("small-local-copies").get_item(Key={"id": "a"})["Item"]
    assert (copy["text"], int(copy["at"])) == ("hello", int(NINE.timestamp()))


def test_what_fell_due_runs_once_in_a_jump(cloud: LocalCloud) -> None:
    assert cloud.request("POST", "/_local/clock", json={"advance": 86_400}).status == 200
    sweeps = boto3.resource("dynamodb").Table("small-local-copies").get_item(Key={"id": "sweeps"})["Item"]
    assert (int(sweeps["runs"]), sweeps["last"]) == (1, "2026-10-01T01:00:00Z")


def test_the_clock_does_not_go_back_on_data(cloud: LocalCloud) -> None:
    body = {"now": "2026-09-29T09:00:00+08:00"}
    assert cloud.request("POST", "/_local/clock", json=body).json() == {"now": "2026-09-29T09:00:00+08:00"}
    cloud.set_clock(NINE)
    cloud.request("PUT", "/v1/notes/a", body=b"hello")
    refused = cloud.request("POST", "/_local/clock", json=body)
    assert (refused.status, refused.json()["code"]) == (409, "version_conflict")


def test_a_mark_is_what_a_reset_returns_to(cloud: LocalCloud) -> None:
    cloud.request("PUT", "/v1/notes/kept", body=b"1")
    cloud.mark()
    cloud.request("PUT", "/v1/notes/kept", body=b"2")
    cloud.request("PUT", "/v1/notes/new", body=b"2")
    cloud.reset()
    assert cloud.request("GET", "/v1/notes/kept").json()["text"] == "1"
    assert cloud.request("GET", "/v1/notes/new").status == 404
    cloud.forget_mark()


def test_metrics_printed_by_a_function_arrive_in_cloudwatch(cloud: LocalCloud) -> None:
    cloud.request("POST", "/_local/schedules/nightly")
    cloud.drain()
    statistics = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="Small",
        MetricName="Nights",
        Dimensions=[{"Name": "stage", "Value": "local"}],
        StartTime=NINE,
        EndTime=NINE.replace(hour=10),
        Period=60,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in statistics["Datapoints"]] == [1.0]
