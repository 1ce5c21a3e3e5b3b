"""Ratings through the door: who rates what, once; and the loop of a bad one, from its code on paper to its end."""

from __future__ import annotations

import json
from typing import Any

from tests.flow.conftest import Filed, Hub, problem
from tests.support.town import (
    ACCEPT,
    COMPLETE,
    GRANT,
    HAISHU,
    LI,
    NINGBO,
    NOTE,
    REVIEW,
    ZHANG,
    Body,
    Identity,
    staff,
)

DAY = 86_400
DESK, ABOVE, JUDGE = (
    staff("chen", HAISHU, "supervision"),
    staff("ningbo-9", NINGBO, "supervision"),
    staff("ningbo-8", NINGBO, "supervision"),
)
BAD: Body = {"level": "dissatisfied", "reasons": ["efficiency"], "text": "等了两个小时"}
FINISHED = (ACCEPT, REVIEW, GRANT, COMPLETE)


def rate(hub: Hub, body: Body, who: Identity | None = None, key: str = "rate-1") -> Any:
    """POST /v1/ratings."""
    return hub.ask("POST", "/v1/ratings", who, body, key=key)


def rated(hub: Hub, case: Filed, body: Body | None = None, key: str = "rate-1") -> Any:
    """A rating of the applicant's that was taken, once what follows from it has followed."""
    reply = rate(hub, {"case_id": case.id, **(body or BAD)}, ZHANG, key)
    assert reply.status == 201, reply.body.decode()
    hub.cloud.drain()
    return reply.json()


def link_of(hub: Hub, case: Filed, who: Identity = ZHANG) -> str:
    link: str = hub.get(f"/v1/cases/{case.id}/rating-link", who)["link"]
    return link


def follow_up(hub: Hub, rating_id: str) -> dict[str, Any]:
    """The follow-up order of a rating, as the unit's supervision post sees it."""
    inside = hub.get(f"/v1/ratings/{rating_id}", DESK)["inside"]
    order: dict[str, Any] = hub.get(f"/v1/orders/{inside['follow_up']}", DESK)
    return order


def step(hub: Hub, order_id: str, action: str, who: Identity, body: Body) -> Any:
    """One step of an order on its present version."""
    version = hub.get(f"/v1/orders/{order_id}", ABOVE)["version"]
    return hub.ask("POST", f"/v1/orders/{order_id}/actions/{action}", who, body, version=version)


def done(hub: Hub, order_id: str, action: str, who: Identity, body: Body) -> Any:
    reply = step(hub, order_id, action, who, body)
    assert reply.status == 200, reply.body.decode()
    hub.cloud.drain()
    return reply.json()


def test_a_bad_rating_by_the_code_on_paper_is_followed_to_its_second_rating(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    paper = hub.get(f"/v1/cases/{case.id}/rating-link", LI)
    assert paper["url"].endswith(f"#{paper['link']}")
    assert paper["qr_svg"].startswith("<svg")

    # Rated without an account; the order stands at the unit's desk.
    rating = rate(hub, {"link": paper["link"], **BAD}).json()
    assert (rating["level"]["gb_t_39046"], rating["level"]["report"]) == (4, 2)
    hub.cloud.drain()
    order = follow_up(hub, rating["rating_id"])
    assert (order["kind"], order["state"], order["holder"], order["about"]) == ("follow_up", "to_call", HAISHU, case.id)
    queue = hub.get(f"/v1/orders?org={HAISHU}&kind=follow_up", DESK)["items"]
    assert [row["order_id"] for row in queue] == [order["order_id"]]

    # Nobody calls within one working day: yellow, red, and the level above urges.
    hub.cloud.advance(2 * DAY)
    lights = {
        f["rule"] for f in hub.get(f"/v1/findings?org={HAISHU}", DESK)["items"] if f["subject"] == order["order_id"]
    }
    assert {"W01", "W02"} <= lights
    urged = hub.get(f"/v1/orders?org={NINGBO}&kind=supervision_order", ABOVE)["items"]
    assert order["order_id"] in {hub.get(f"/v1/orders/{row['order_id']}", ABOVE)["about"] for row in urged}

    # Called back, appealed; decided outside the unit.
    id = order["order_id"]
    problem(step(hub, id, "call_back", DESK, {"note": NOTE}), 422, "invalid_input", "verdict")
    done(hub, id, "call_back", DESK, {"verdict": "partly", "note": "电话回访，等候情况部分属实"})
    done(hub, id, "appeal", DESK, {"reason": "系群众误评"})
    problem(step(hub, id, "overrule", DESK, {"reason": NOTE}), 403, "forbidden")
    done(hub, id, "overrule", ABOVE, {"reason": "无证据表明系误评"})

    # Rectified and replied to; the citizen sees the reply, by link and in public, without names.
    problem(step(hub, id, "reply", DESK, {"notice": NOTE}), 422, "invalid_input")
    done(hub, id, "rectify", DESK, {"note": "增设午间窗口"})
    done(hub, id, "reply", DESK, {"notice": "已增设午间窗口，感谢您的监督。" * 10})
    mine = hub.ask("POST", "/v1/rating-progress", None, {"link": paper["link"]}).json()["items"]
    assert [(each["reply"]["text"][:5], each["second_rating_possible"]) for each in mine] == [("已增设午间", True)]
    problem(step(hub, id, "end", DESK, {"note": NOTE}), 422, "invalid_input")

    # The second rating ends the loop.
    again = {"link": paper["link"], "number": 2, "level": "satisfied"}
    assert rate(hub, again, key="rate-2").status == 201
    hub.cloud.drain()
    ended = done(hub, id, "end", DESK, {"note": NOTE})
    assert (ended["state"], ended["result"]) == ("ended", "handled")
    history = hub.get(f"/v1/orders/{id}/history", DESK)
    assert history["verified"]
    assert [node["action"] for node in history["nodes"]] == [
        "submit", "call_back", "appeal", "overrule", "rectify", "reply", "rate_again", "end",
    ]  # fmt: skip
    public = hub.get(f"/v1/ratings?org={HAISHU}")["items"]
    assert [(each["number"], each["level"]["level"], each["inside"]) for each in public] == [
        (2, "satisfied", None),
        (1, "dissatisfied", None),
    ]
    assert case.id not in json.dumps(public)
    assert public[1]["reply"]["text"].startswith("已增设午间窗口")
    (version,) = {node["number"] for node in hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"]} ^ {*range(1, 5)}
    assert version == case.version  # no rating moved the case
