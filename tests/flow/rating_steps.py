"""What tests of ratings share: rating, and the steps of the orders about a rating."""

from __future__ import annotations

import json
from typing import Any

from tests.flow.conftest import Filed, Hub
from tests.support.town import ACCEPT, COMPLETE, GRANT, HAISHU, NINGBO, REVIEW, ZHANG, Body, Identity, staff

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


def facts_of(hub: Hub, *kinds: str) -> list[Any]:
    """The data of the facts of these kinds, in the order of their names."""
    rows = (row.item for _, row in sorted(hub.cloud.tables["FactsTable"].rows.items()))
    return [json.loads(item["d"]["S"]) for item in rows if item["fact"]["S"].partition("#")[0] in kinds]
