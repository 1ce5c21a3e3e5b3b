"""From intake to index on the deployed stack: the packaged code in Lambda workers of its own, with its own roles, set
off by its gateway, its streams and its schedules.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.calendar import SHANGHAI
from infra.cli.hub import Hub
from tests.e2e import differences
from tests.e2e import stack as stacks
from tests.e2e.stack import Package, Stack
from tests.e2e.walking import WATCH, WHOLE, filed, found, post, until, walked
from tests.support.town import HAISHU, JIANGBEI, NINGBO, POOL, ZHANG, ZHEJIANG, observed, staff

CHANNELS = ("mobile", "web", "kiosk", "window")
HEAD = staff("head", ZHEJIANG, "analysis")
HAISHU_WATCH = staff("chen", HAISHU, "supervision")
A_MINUTE = 90  # seconds in which what happens every minute has happened


@pytest.fixture(scope="module")
def story(hub: Hub) -> list[dict[str, Any]]:
    """One case of each channel; all but the last go from acceptance to archive, and two of them are rated."""
    cases = [filed(hub, channel) for channel in CHANNELS]
    ends = [walked(hub, case, *WHOLE) for case in cases[:-1]]
    assert {end["state"] for end in ends} == {"archived"}
    return cases


@pytest.fixture(scope="module")
def ratings(hub: Hub, story: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A good rating and a bad one."""
    good = {"case_id": story[0]["case_id"], "level": "very_satisfied"}
    bad = {"case_id": story[1]["case_id"], "level": "dissatisfied", "reasons": ["efficiency"], "text": "等了两个小时"}
    return post(hub, "/v1/ratings", good, ZHANG), post(hub, "/v1/ratings", bad, ZHANG)


def order_of(hub: Hub, rating: dict[str, Any]) -> dict[str, Any] | None:
    """The follow-up of a rating, once it is opened."""
    inside = hub.get(f"/v1/ratings/{rating['rating_id']}", WATCH)["inside"]
    return found(hub, f"/v1/orders/{inside['follow_up']}", WATCH)


def counted(hub: Hub, period: str, org: str) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of each indicator, once there is a number."""
    sheet = found(hub, f"/v1/indices/{period}/{org}", HEAD) or {"indicators": []}
    return {each["code"]: (each["numerator"], each["denominator"]) for each in sheet["indicators"]}


def test_all_channels_are_received_alike(story: list[dict[str, Any]]) -> None:
    told = [{name: case[name] for name in ("state", "item", "organisation", "deadlines")} for case in story]
    assert told == told[:1] * len(CHANNELS)


def test_a_case_is_what_its_history_says(hub: Hub, story: list[dict[str, Any]]) -> None:
    history = hub.get(f"/v1/cases/{story[0]['case_id']}/history", WATCH)
    assert history["verified"] is True
    assert [node["action"] for node in history["nodes"]] == ["submit", *(action for action, _, _ in WHOLE)]


def test_the_stream_opens_a_follow_up_of_a_bad_rating(hub: Hub, ratings: tuple[dict[str, Any], ...]) -> None:
    order = until(lambda: order_of(hub, ratings[1]), A_MINUTE, "the follow-up")
    assert (order["kind"], order["state"], order["holder"]) == ("follow_up", "to_call", JIANGBEI)


def test_what_happened_becomes_an_index(
    hub: Hub, stack: Stack, story: list[dict[str, Any]], ratings: tuple[dict[str, Any], ...]
) -> None:
    day, month = story[0]["received_at"][:10], story[0]["received_at"][:7]

    def numbers() -> dict[str, tuple[int, int]] | None:
        """Of the unit, once all that happened came through the stream."""
        assert stack.run_schedule("compute_indices").get("FunctionError") is None
        of = counted(hub, day, JIANGBEI)
        return of if (of.get("rated_rate"), of.get("archived_rate")) == ((2, 3), (3, 3)) else None

    seen = until(numbers, A_MINUTE, "the numbers of the day")
    assert seen["online_rate"] == (2, 4)
    assert seen["in_time_rate"] == (3, 3)
    assert seen["satisfied_rate"] == (1, 2)
    assert seen["bad_rate"][0] == 1
    rows = hub.get(f"/v1/indices/{month}?level=county", HEAD)
    assert JIANGBEI in json.dumps(rows)
    assert counted(hub, month, NINGBO)["online_rate"][1] >= len(CHANNELS)


def test_facts_leave_into_the_data_lake(hub: Hub, stack: Stack, story: list[dict[str, Any]]) -> None:
    storage, bucket = stack.account.client("s3"), stack.physical("LakeBucket")

    def told() -> set[str]:
        """The cases that lines of the lake tell of."""
        keys = [each["Key"] for each in storage.list_objects_v2(Bucket=bucket).get("Contents", ())]
        lines = [storage.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys if "/day=" in key]
        return {case["case_id"] for case in story if any(case["case_id"] in text for text in lines)}

    until(lambda: len(told()) == len(story), A_MINUTE, "a line of each case")
    assert stack.run_schedule("write_manifests").get("FunctionError") is None
    keys = [each["Key"] for each in storage.list_objects_v2(Bucket=bucket)["Contents"]]
    assert any(key.startswith("manifests/") for key in keys)


def test_the_schedule_itself_finds_what_is_overdue(hub: Hub, stack: Stack) -> None:
    now = datetime.now(SHANGHAI)
    body = observed((now - timedelta(days=40)).isoformat(), (now - timedelta(days=2)).isoformat())
    case = post(hub, "/v1/cases", body, POOL)

    def lights() -> list[dict[str, Any]]:
        """The orders that follow from rungs of its limits."""
        orders = hub.get(f"/v1/cases/{case['case_id']}/orders", HAISHU_WATCH)["items"]
        return [each for each in orders if each["finding"].startswith("W")]

    assert "verification" in {order["kind"] for order in until(lights, A_MINUTE, "the order of the overdue case")}
    swept = [json.loads(line) for line in stack.log("sweep_deadlines") if line.startswith('{"_aws"')]
    assert sum(line.get("RungsReached", 0) for line in swept) > 0


def test_a_key_is_turned_by_an_update_and_applicants_still_reach_their_cases(
    hub: Hub, stack: Stack, package: Package, story: list[dict[str, Any]]
) -> None:
    updated = stacks.turn_key(stack, package)
    assert updated.description["StackStatus"] == "UPDATE_COMPLETE", stacks.why(updated)
    differences.fit(updated)
    later = filed(hub, "web", organisation=HAISHU)
    assert [each["case_id"] for each in hub.pages("/v1/cases", ZHANG)] == [later["case_id"]]  # under the new key
    assert hub.get(f"/v1/cases/{story[0]['case_id']}", ZHANG)["state"] == "archived"  # under the old one
