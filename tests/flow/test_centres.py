"""Progress of centres through the door: published by the level above, counted from its own day, told as a rate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.conftest import Hub, problem
from tests.flow.test_indices import HEAD, compute, facts, fraction, measured, sheet
from tests.support.town import (
    HAISHU,
    HANGZHOU,
    JIANGBEI,
    NANMEN,
    NANMEN_WINDOW,
    NINGBO,
    POOL,
    PUBLISHER,
    ZHANG,
    ZHEJIANG,
    Body,
    staff,
)

CITY_OPS = staff("ningbo-ops", NINGBO, "operations")
COUNTY_OPS = staff("haishu-ops", HAISHU, "operations")


def told(**stages: str) -> Body:
    """A centre that came to these stages on these days."""
    return {"stages": [{"stage": name, "since": day, "document": "甬公办〔2022〕1号"} for name, day in stages.items()]}


def publish(hub: Hub, code: str, body: Body, who: Any = PUBLISHER, status: int = 201) -> Any:
    reply = hub.ask("PUT", f"/v1/centres/{code}", who, body)
    assert reply.status == status, reply.body.decode()
    return reply.json()


def test_progress_is_versioned_and_published_by_the_level_above(hub: Hub) -> None:
    body = told(listed="2022-06-01")
    for who, code in ((COUNTY_OPS, HAISHU), (CITY_OPS, NINGBO), (CITY_OPS, HANGZHOU), (ZHANG, HAISHU)):
        problem(hub.ask("PUT", f"/v1/centres/{code}", who, body), 403, "forbidden")
    problem(hub.ask("PUT", f"/v1/centres/{HAISHU}", staff("x", NINGBO, "review"), body), 403, "forbidden")
    for who, code in ((CITY_OPS, HAISHU), (COUNTY_OPS, NANMEN), (PUBLISHER, ZHEJIANG), (POOL, JIANGBEI)):
        assert publish(hub, code, body, who)["version"] == 1
    assert publish(hub, HAISHU, body, CITY_OPS, status=200)["version"] == 1
    later = {**told(listed="2022-06-01", operating="2022-11-15"), "tasks": [
        {"task": "staff", "since": "2022-11-01", "document": "甬公办〔2022〕2号"}
    ]}  # fmt: skip
    assert publish(hub, HAISHU, later, CITY_OPS)["version"] == 2
    found = hub.ask("GET", f"/v1/centres/{HAISHU}", COUNTY_OPS)
    assert (found.headers["etag"], found.json()["document"]["stages"][1]["stage"]) == ('"2"', "operating")
    assert hub.get(f"/v1/centres/{HAISHU}?version=1", HEAD)["document"]["stages"] == body["stages"]
    assert [one["id"] for one in hub.get(f"/v1/centres?org={NINGBO}", HEAD)["items"]] == [HAISHU, NANMEN, JIANGBEI]
    problem(hub.ask("GET", "/v1/centres", ZHANG), 403, "forbidden")
    problem(hub.ask("GET", f"/v1/centres/{HANGZHOU}", HEAD), 404, "not_found")


@pytest.mark.parametrize(
    ("code", "body", "says"),
    [
        (HAISHU, told(running="2022-06-01"), "preparing, listed, operating, established"),
        (HAISHU, told(listed="2026-03-03"), "tell what has happened"),
        (HAISHU, told(operating="2022-06-01", listed="2022-05-01"), "on a later day"),
        (HAISHU, {**told(listed="2022-06-01"), "tasks": [{"task": "flags", "since": "2022-06-01", "document": "x"}]},
         "closed-loop"),
        ("330299", told(listed="2022-06-01"), "no such organisation"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused_and_says_what_is_allowed(code: str, body: Body, says: str, hub: Hub) -> None:
    found = problem(hub.ask("PUT", f"/v1/centres/{code}", PUBLISHER, body), 422, "invalid_input")
    assert says in found["errors"][0]["text"]["en"]


def test_a_window_has_no_progress_of_its_own(hub: Hub) -> None:
    problem(hub.ask("PUT", f"/v1/centres/{NANMEN_WINDOW}", PUBLISHER, told(listed="2022-06-01")), 404, "not_found")


def test_the_rate_is_of_each_period_as_it_stood_and_a_correction_takes_back_what_was_told(hub: Hub) -> None:
    from infra import rebuild  # reads its settings when it is imported

    publish(hub, HAISHU, told(listed="2022-06-01", operating="2022-11-15"))
    publish(hub, NINGBO, told(operating="2022-12-20", established="2023-02-01"))
    publish(hub, JIANGBEI, told(listed="2022-07-01", operating="2023-02-15"))
    publish(hub, NANMEN, told(operating="2022-12-01"))
    compute(hub)
    for period, operating in (("2022-11", 1), ("2022-12", 2), ("2023-01", 2), ("2023-02", 3), ("2023-03", 3)):
        assert fraction(sheet(hub, period, NINGBO), "operating_rate") == (operating, 11), period
    counts = sheet(hub, "2023-01", NINGBO)["counts"]
    assert (counts["centres/listed"], counts["centres/listed/overdue"]) == (1, 1)  # Jiangbei, of a pilot city
    assert counts["outposts/operating"] == 1  # an extension point is told of and not counted
    begun = sheet(hub, "2023-02", NINGBO)["counts"]
    assert (begun["centres/begun"], begun["centres/begun/late"]) == (1, 1)
    (late,) = facts(hub, "2023-02", JIANGBEI, "operating_rate")
    assert (late["day"], late["kind"]) == ("2023-02-15", "centre")
    publish(hub, HAISHU, told(listed="2022-06-01", operating="2023-01-10"))
    compute(hub)
    for period, operating in (("2022-11", 0), ("2022-12", 1), ("2023-01", 2), ("2023-03", 3)):
        assert fraction(sheet(hub, period, NINGBO), "operating_rate") == (operating, 11), period
    assert measured(sheet(hub, "2023-03", ZHEJIANG))["operating_rate"]["share"] == 0
    assert rebuild.compare(hub.cloud.now()).equal
