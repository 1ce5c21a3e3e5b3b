"""审管衔接 through the door: what was granted is pushed, claimed, inspected and told back, and what is late is seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.conftest import Filed, Hub, problem
from tests.flow.rating_steps import facts_of
from tests.support.town import (
    ACCEPT,
    COMPLETE,
    GRANT,
    HAISHU,
    NINGBO,
    NOTE,
    POOL,
    PUBLISHER,
    REVIEW,
    WANG,
    ZHAO,
    ZHEJIANG,
    Body,
    Identity,
    lodging,
    permit,
    staff,
)

DAY = 86_400
GRANTED = (ACCEPT, REVIEW, GRANT)
HEAD = staff("head", ZHEJIANG, "analysis")
WATCH, ABOVE = staff("chen", HAISHU, "supervision"), staff("ningbo-9", NINGBO, "supervision")
TRAFFIC = staff("qian", HAISHU, "review", lines=("traffic",))
WHOLE_LOOP = ["submit", "push", "return", "push", "claim", "inspect", "feed_back"]


def granted(hub: Hub) -> tuple[Filed, str]:
    """A case that was granted, and the name of the order that followed."""
    case = hub.life(hub.file(), *GRANTED)
    hub.cloud.drain()
    (order,) = handed_over(hub, case)
    assert (order["state"], order["organisation"], order["about"]) == ("pending", HAISHU, case.id)
    return case, order["order_id"]


def handed_over(hub: Hub, case: Filed) -> list[dict[str, Any]]:
    """The hand-over orders about a case; what the rules find of its pace has orders of its own."""
    found = hub.get(f"/v1/cases/{case.id}/orders", WANG)["items"]
    return [order for order in found if order["kind"] == "hand_over"]


def step(hub: Hub, order_id: str, action: str, who: Identity, body: Body) -> Any:
    version = hub.get(f"/v1/orders/{order_id}", HEAD)["version"]
    return hub.ask("POST", f"/v1/orders/{order_id}/actions/{action}", who, body, version=version)


def done(hub: Hub, order_id: str, action: str, who: Identity, body: Body) -> dict[str, Any]:
    reply = step(hub, order_id, action, who, body)
    assert reply.status == 200, reply.body.decode()
    answer: dict[str, Any] = reply.json()
    return answer


def rate_of(hub: Hub, org: str) -> tuple[int, int]:
    """推送及时率 of an organisation's March, as numerator and denominator."""
    hub.cloud.run_schedule("compute_indices")
    values = {each["code"]: each for each in hub.get(f"/v1/indices/2026-03/{org}", HEAD)["indicators"]}
    one = values["pushed_in_time_rate"]
    return one["numerator"], one["denominator"]


def test_what_was_granted_is_handed_over_until_the_loop_is_closed(hub: Hub) -> None:
    case, id = granted(hub)
    due = hub.get(f"/v1/orders/{id}", WANG)["deadlines"]["promised"]["due"]
    assert due.startswith("2026-03-03T23:59:59")  # the working day after the Monday
    assert id in {row["order_id"] for row in hub.get(f"/v1/orders?org={HAISHU}&kind=hand_over", ZHAO)["items"]}

    # A supervising system pushes it and signs for it with its own number; only the line concerned may send it back.
    pushed = done(hub, id, "push", POOL, {"receipt": "SUP-2026-1"})
    assert (pushed["state"], pushed["result"], pushed["allowed_actions"]) == ("pushed", "pushed", ["claim", "return"])
    assert pushed["deadlines"]["stage"]["due"].startswith("2026-03-05")  # three working days
    problem(step(hub, id, "claim", TRAFFIC, {}), 403, "forbidden")
    problem(step(hub, id, "return", WANG, {}), 422, "invalid_input", "reason")
    done(hub, id, "return", WANG, {"reason": "场所在江北"})
    problem(step(hub, id, "push", ZHAO, {"to_organisation": "330105"}), 422, "invalid_input", "to_organisation")
    done(hub, id, "push", ZHAO, {"note": "经核实属本辖区"})

    # Staff of the line claim it, inspect, and tell what they found.
    done(hub, id, "claim", WANG, {})
    problem(step(hub, id, "feed_back", WANG, {"note": NOTE}), 409, "action_not_allowed")
    done(hub, id, "inspect", WANG, {"note": "已实地检查"})
    ended = done(hub, id, "feed_back", WANG, {"note": "检查合格"})
    assert (ended["state"], ended["result"], ended["allowed_actions"]) == ("fed_back", "pushed", [])
    history = hub.get(f"/v1/orders/{id}/history", WANG)
    assert history["verified"]
    assert [node["action"] for node in history["nodes"]] == WHOLE_LOOP
    assert history["nodes"][1]["evidence"]["receipt"] == "SUP-2026-1"
    hub.cloud.drain()
    facts = [fact for fact in facts_of(hub, "order") if fact["item"] == "hand_over@1"]
    told = [(fact["node"], fact["actor"], fact["about"]) for fact in facts]
    assert [node for node, _, _ in told] == WHOLE_LOOP
    assert told[1] == ("push", "pool", case.id)


def test_a_push_that_is_late_or_does_not_come_is_seen_and_counted(hub: Hub) -> None:
    orders = [granted(hub)[1] for _ in range(3)]
    done(hub, orders[0], "push", ZHAO, {})
    assert rate_of(hub, HAISHU) == (1, 1)  # the others are not due
    hub.cloud.advance(2 * DAY)
    done(hub, orders[1], "push", ZHAO, {})
    hub.cloud.drain()
    assert rate_of(hub, HAISHU) == rate_of(hub, NINGBO) == (1, 3)  # in time, late, and past its date unpushed
    behind = hub.get(f"/v1/indices/2026-03/{HAISHU}/pushed_in_time_rate/facts", HEAD)["items"]
    assert {fact["what"] for fact in behind} == {"submit", "push"}
    assert {fact["kind"] for fact in behind} == {"order"}
    found = hub.get(f"/v1/findings?org={HAISHU}", WATCH)["items"]
    assert {"W01", "W02"} <= {each["rule"] for each in found if each["subject"] == orders[2]}
    urged = hub.get(f"/v1/orders?org={NINGBO}&kind=supervision_order", ABOVE)["items"]
    assert orders[2] in {hub.get(f"/v1/orders/{row['order_id']}", ABOVE)["about"] for row in urged}
    done(hub, orders[2], "push", ZHAO, {})
    hub.cloud.drain()
    assert rate_of(hub, HAISHU) == (1, 3)


@pytest.mark.parametrize("replayed", [False, True])
def test_one_case_has_one_hand_over_however_often_its_stream_is_read(hub: Hub, replayed: bool) -> None:
    case, id = granted(hub)
    done(hub, id, "push", ZHAO, {})
    hub.life(case, COMPLETE)
    hub.cloud.drain()
    if replayed:
        assert hub.cloud.rebuild(repair=True)["missing"]["number"] == 0
    (order,) = handed_over(hub, case)
    assert (order["order_id"], order["state"], order["version"]) == (id, "pushed", 2)


def test_what_no_line_supervises_is_handed_over_to_nobody(hub: Hub) -> None:
    finished = hub.life(hub.file(permit()), ("accept", *ACCEPT[1:]), ("review", WANG, {"note": NOTE}), GRANT)
    hub.file(lodging())
    hub.cloud.drain()
    assert handed_over(hub, finished) == []


def test_an_item_names_a_line_that_there_is(hub: Hub) -> None:
    document = hub.get("/v1/items/hotel-licence")["document"]
    assert document["hand_over"] == "public_order"
    refused = hub.ask("PUT", "/v1/items/hotel-licence", PUBLISHER, {**document, "hand_over": "fire"})
    problem(refused, 422, "invalid_input", "hand_over")
