"""Complaints, and what cannot get done, through the door: dispatched, handled, reviewed, called back, answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.flow.conftest import Hub, problem
from tests.flow.test_supervision import published
from tests.support.told import (
    ANSWER,
    CALLED,
    CITY_WATCH,
    HANDLER,
    OTHER_HANDLER,
    OTHER_WATCH,
    SIMPLE,
    STATEMENT,
    WATCH,
    Told,
    about,
    complaint,
    file,
    no_service,
    told,
)
from tests.support.town import (
    ACCEPT,
    HAISHU,
    JIANGBEI,
    LI,
    LONG,
    NANMEN,
    NINGBO,
    NOTE,
    PUBLISHER,
    WU,
    ZHANG,
    ZHEJIANG,
    Identity,
    staff,
)

DAY = 86_400
OFFICE = staff("zhejiang-1", ZHEJIANG, "supervision")


def waiting(hub: Hub, org: str, who: Identity) -> list[str]:
    """The names of the orders that wait at an organisation."""
    return [row["order_id"] for row in hub.get(f"/v1/orders?org={org}&limit=100", who)["items"]]


def facts(hub: Hub, order: Told) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The data of the facts of an order, by place and kind, in the order of its steps."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in sorted(hub.cloud.tables["FactsTable"].rows.values(), key=lambda row: row.item["fact"]["S"]):
        place, kind = row.item["org_day"]["S"].partition("#")[0], row.item["fact"]["S"].partition("#")[0]
        data = json.loads(row.item["d"]["S"])
        if data.get("case") == order.id:
            found.setdefault((place, kind), []).append(data)
    return found


def urged(hub: Hub, order: Told, org: str, who: Identity) -> list[str]:
    """The supervision orders about an order that wait at an organisation."""
    found = [hub.get(f"/v1/orders/{id}", who) for id in waiting(hub, org, who)]
    return [each["finding"] for each in found if (each["kind"], each["about"]) == ("supervision_order", order.id)]


def test_a_complaint_that_nobody_takes_up_turns_yellow_red_and_is_answered_in_the_end(hub: Hub) -> None:
    order = told(hub)
    assert order.place == ("filed", HAISHU)
    assert order.answer["allowed_actions"] == hub.get(f"/v1/orders/{order.id}", ZHANG)["allowed_actions"]
    assert order.answer["allowed_actions"] == ["withdraw", "remind"]
    assert "dispatch" in hub.get(f"/v1/orders/{order.id}", WATCH)["allowed_actions"]
    assert order.answer["deadlines"]["stage"]["day"] == "2026-03-03"
    assert order.answer["deadlines"]["promised"]["day"] == "2026-03-09"
    assert waiting(hub, HAISHU, WATCH) == [order.id]
    hub.cloud.advance(2 * DAY)  # Wednesday: taken up within one working day it was not
    lights = hub.get(f"/v1/findings?org={HAISHU}", WATCH)["items"]
    assert [(each["rule"], each["subject"]) for each in lights] == [("W01", order.id), ("W02", order.id)]
    assert len(urged(hub, order, NINGBO, CITY_WATCH)) == 1
    order.handled().done("approve", WATCH)
    order.done("close", WATCH, CALLED).done("archive", WATCH)
    assert (order.answer["state"], order.answer["result"]) == ("archived", "answered")
    assert waiting(hub, HAISHU, WATCH) == []

    history = hub.get(f"/v1/orders/{order.id}/history", WATCH)
    steps = ["submit", "dispatch", "sign", "report", "approve", "close", "archive"]
    assert history["verified"]
    assert [node["action"] for node in history["nodes"]] == steps
    assert history["nodes"][5]["name"]["zh"] == "回访办结"
    hub.cloud.drain()
    by_place = facts(hub, order)
    assert [each["node"] for each in by_place[HAISHU, "order"]] == steps
    filed, closed = by_place[HAISHU, "complaint"]
    assert (filed["type"], filed["object"], filed["about"], "late" in filed) == ("attitude", "window", HAISHU, False)
    assert (closed["verdict"], closed["disclosure"], closed["call_back"]) == ("founded", "public", "satisfied")
    assert closed["late"] == 0
    assert ["late" in each for each in by_place[HAISHU, "order"]] == [step == "close" for step in steps]

    (public,) = hub.get(f"/v1/complaints?org={HAISHU}")["items"]
    assert public == {
        "kind": "complaint",
        "type": "attitude",
        "type_name": {"zh": "服务态度", "en": "attitude"},
        "object": "window",
        "item": None,
        "organisation": HAISHU,
        "told_on": "2026-03-02",
        "answered_on": "2026-03-04",
        "in_time": True,
        "verdict": "founded",
        "reply": ANSWER["reply"],
    }


def test_what_cannot_get_done_is_done_within_a_day_at_the_county_above_a_station(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    order = told(hub, no_service(case_id=case.id))
    assert (order.place, order.answer["about"]) == (("filed", HAISHU), NANMEN)
    assert order.answer["filed"]["case_id"] == case.id
    assert order.answer["deadlines"]["promised"]["day"] == "2026-03-03"
    order.done("dispatch", WATCH, {"complexity": "complex", "to_organisation": NANMEN})
    assert order.place == ("dispatched", NANMEN)
    assert order.answer["deadlines"]["promised"]["day"] == "2026-03-05"
    order.done("sign", OTHER_HANDLER).done("report", OTHER_HANDLER, {"note": "已办成"})
    assert order.place == ("reported", HAISHU)
    hub.cloud.advance(8 * DAY)
    late = {each["occurrence"] for each in hub.get(f"/v1/findings?org={HAISHU}&rule=W02", WATCH)["items"]}
    assert "promised" in late
    assert urged(hub, order, NINGBO, CITY_WATCH)
    order.done("approve", WATCH).done("close", WATCH, {**CALLED, "reply": LONG, "disclosure": "private"})
    assert hub.get(f"/v1/complaints?org={NANMEN}")["items"] == []
    assert order.progress()["answer"]["reply"] == LONG
    hub.cloud.drain()
    by_place = facts(hub, order)
    assert [each["late"] for each in by_place[NANMEN, "no_service"] if "late" in each] == [1]
    assert [each["node"] for each in by_place[NANMEN, "order"]] == ["sign", "report", "approve", "close"]


def test_a_complaint_without_a_name_is_followed_by_its_code_and_not_called_back(hub: Hub) -> None:
    order = told(hub, complaint(anonymous=True, contact=...), None)
    assert order.progress()["state"] == "filed"
    order.handled()
    assert order.refused("approve", WATCH) == "nobody_to_call"
    order.done("close", WATCH, ANSWER)
    seen = order.progress()
    assert (seen["state"], seen["answer"]["reply"]) == ("answered", ANSWER["reply"])
    assert {key for step in seen["steps"] for key in step} == {"action", "name", "at"}


def test_who_gave_a_name_is_called_back_before_it_is_closed_and_heard_once_more_if_not_content(hub: Hub) -> None:
    order = told(hub).handled()
    assert order.refused("close", WATCH, ANSWER) == "call_back_first"
    order.done("approve", WATCH)
    assert order.refused("close", WATCH, {**CALLED, "call_back": "dissatisfied"}) == "redo_first"
    assert order.refused("close", WATCH, {**CALLED, "call_back": "unreachable"}) == "demanded"
    assert order.refused("close", WATCH, {"note": NOTE}) == "demanded"
    order.done("redo", WATCH, {"reason": "反映人认为未解决"})
    assert order.place == ("redoing", HAISHU)
    order.done("report", HANDLER, {"note": NOTE}).done("approve", WATCH)
    assert order.refused("redo", WATCH, {"reason": NOTE}) == "redone_before"
    order.done("close", WATCH, {**CALLED, "call_back": "dissatisfied"})


def test_what_is_open_already_is_joined_and_nothing_of_it_is_lost(hub: Hub) -> None:
    order = told(hub)
    again = file(hub, complaint(statement="今天又遇到同样的情况。")).json()
    assert (again["order_id"], again["joined"], again["version"]) == (order.id, True, 2)
    assert hub.sizes()["OrdersTable"] == 1
    parts = hub.get(f"/v1/orders/{order.id}/dossier", ZHANG)["items"]
    assert [(each["number"], each["document"]["statement"]) for each in parts] == [
        (1, STATEMENT),
        (2, "今天又遇到同样的情况。"),
    ]
    assert told(hub, who=WU).id != order.id
    assert told(hub, complaint(type="fees")).id != order.id
    assert told(hub, complaint(object=about("organisation"))).id != order.id
    history = hub.get(f"/v1/orders/{order.id}/history", WATCH)
    assert [node["dossier"] for node in history["nodes"]] == ["intact", "intact"]


def test_what_was_answered_and_is_told_again_carries_the_earlier_number_to_the_level_above(hub: Hub) -> None:
    order = told(hub).done("refuse", WATCH, {"reason": "已由纪检部门办理", "remedy": "可向市局督察支队反映"})
    assert order.progress()["answer"]["remedy"] == "可向市局督察支队反映"
    repeated = told(hub)
    assert repeated.answer["filed"]["earlier"] == order.id
    assert repeated.place == ("filed", NINGBO)
    assert waiting(hub, NINGBO, CITY_WATCH) == [repeated.id]
    problem(repeated.act("dispatch", WATCH, SIMPLE), 404, "not_found")
    repeated.done("dispatch", CITY_WATCH, {**SIMPLE, "to_organisation": JIANGBEI})
    third = file(hub, complaint()).json()
    assert (third["order_id"], third["joined"]) == (repeated.id, True)


ROUTES = {
    "a window": (about("window", "3302030001"), HAISHU),
    "a person": (about("person", description="三号窗口男民警"), HAISHU),
    "an item": (about("item", item="passport"), HAISHU),
    "the centre itself": (about("organisation"), NINGBO),
    "a station": (about("organisation", NANMEN), HAISHU),
    "a window of a station": (about("window", "3302030101"), HAISHU),
    "the city": (about("organisation", NINGBO), ZHEJIANG),
    "the province": (about("organisation", ZHEJIANG), ZHEJIANG),
}


@pytest.mark.parametrize("name", ROUTES)
def test_it_lies_at_the_desk_of_whoever_answers_for_them_and_never_at_their_own(name: str, hub: Hub) -> None:
    object, desk = ROUTES[name]
    assert told(hub, complaint(object=object)).place == ("filed", desk)


@pytest.mark.parametrize("written", ["chen", "Chen"])
def test_whom_it_is_about_sees_nothing_of_it_and_does_not_act(written: str, hub: Hub) -> None:
    order = told(hub, complaint(object=about("person", staff=written)))
    assert waiting(hub, HAISHU, WATCH) == []
    assert waiting(hub, HAISHU, OTHER_WATCH) == [order.id]
    for path in (f"/v1/orders/{order.id}", f"/v1/orders/{order.id}/history", f"/v1/orders/{order.id}/dossier"):
        problem(hub.ask("GET", path, WATCH), 404, "not_found")
    assert order.refused("dispatch", WATCH, SIMPLE) == "not_found"
    order.done("dispatch", OTHER_WATCH, SIMPLE)


def test_who_handled_a_case_keeps_out_of_a_complaint_about_it(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    order = told(hub, complaint(case_id=case.id, object=about("item", item="hotel-licence")))
    order.done("dispatch", WATCH, SIMPLE)
    handler = {**LI, "posts": ["review"]}
    assert order.refused("sign", handler) == "not_found"
    order.done("sign", HANDLER)
    shown = hub.get(f"/v1/orders/{order.id}/history", ZHANG)["nodes"]
    assert "against" not in shown[0]["evidence"]
    assert {node["actor"] for node in shown} == {None}


@pytest.mark.parametrize("object", [about("item", item="passport"), about("window", "3302030001")])
def test_what_concerns_a_service_line_goes_to_it_unless_another_is_named(object: Any, hub: Hub) -> None:
    order = told(hub, complaint(object=object)).done("dispatch", WATCH, SIMPLE)
    traffic, abroad = (staff("he", HAISHU, "review", lines=(line,)) for line in ("traffic", "exit_entry"))
    if "item" in object:
        problem(order.act("sign", traffic), 403, "forbidden")
        order.done("return", abroad, {"reason": "涉车管业务"})
        order.done("dispatch", WATCH, {**SIMPLE, "to_line": "traffic"})
    order.done("sign", traffic)


def test_one_person_does_not_report_and_review(hub: Hub) -> None:
    both = staff("both", HAISHU, "review", "supervision")
    order = told(hub).done("dispatch", WATCH, SIMPLE).done("sign", both).done("report", both, {"note": NOTE})
    for action, body in (("approve", {}), ("reject", {"reason": NOTE})):
        assert order.refused(action, both, body) == "same_person"
    order.done("reject", WATCH, {"reason": "未说明整改情况"})
    assert order.place == ("processing", HAISHU)


def test_it_is_returned_with_a_reason_once_then_the_level_above_assigns_it_for_good(hub: Hub) -> None:
    order = told(hub, complaint(object=about("window", "3302030101")))
    order.done("dispatch", WATCH, {**SIMPLE, "to_organisation": NANMEN})
    assert order.refused("return", OTHER_HANDLER) == "demanded"
    order.done("return", OTHER_HANDLER, {"reason": "非本所职责"})
    assert order.place == ("returned", HAISHU)
    assert order.refused("dispatch", WATCH, SIMPLE) == "demanded"
    assert order.refused("dispatch", WATCH, {**SIMPLE, "to_organisation": JIANGBEI}) == "beyond_scope"
    order.done("dispatch", WATCH, {**SIMPLE, "to_organisation": HAISHU, "to_line": "traffic"})
    problem(order.act("return", staff("he", HAISHU, "review", lines=("cyber",)), {"reason": NOTE}), 403, "forbidden")
    order.done("return", HANDLER, {"reason": "非本警种职责"})
    assert order.place == ("returned", NINGBO)
    order.done("dispatch", CITY_WATCH, {**SIMPLE, "to_organisation": NANMEN})
    assert order.refused("return", OTHER_HANDLER, {"reason": NOTE}) == "assigned_for_good"
    order.done("sign", OTHER_HANDLER).done("report", OTHER_HANDLER, {"note": NOTE})
    assert order.place == ("reported", NINGBO)


def test_an_extension_is_asked_for_in_time_and_granted_by_the_level_above_once(hub: Hub) -> None:
    order = told(hub).done("dispatch", WATCH, SIMPLE).done("sign", HANDLER)
    ask = {"reason": "需调取监控", "days": 5}
    assert order.refused("ask_extension", HANDLER, {**ask, "days": 11}) == "extension_too_long"
    order.done("ask_extension", HANDLER, ask)
    assert order.place == ("extension_asked", NINGBO)
    problem(order.act("approve_extension", WATCH, {"days": 5}), 403, "forbidden")
    assert order.refused("approve_extension", CITY_WATCH, {"days": 6}) == "extension_too_long"
    order.done("approve_extension", CITY_WATCH, {"days": 5})
    assert order.place == ("processing", HAISHU)
    assert order.answer["deadlines"]["promised"]["day"] == "2026-03-16"
    assert order.refused("ask_extension", HANDLER, ask) == "extended_before"


def test_an_extension_is_not_asked_for_nor_a_matter_found_complex_after_the_limit(hub: Hub) -> None:
    order = told(hub).done("dispatch", WATCH, SIMPLE).done("sign", HANDLER)
    undispatched = told(hub, complaint(type="fees"))
    hub.cloud.advance(9 * DAY)
    assert order.refused("ask_extension", HANDLER, {"reason": NOTE, "days": 5}) == "already_overdue"
    assert undispatched.refused("dispatch", WATCH, {"complexity": "complex"}) == "already_overdue"


def test_a_complainant_reminds_and_withdraws_their_own_and_nobody_elses(hub: Hub) -> None:
    order = told(hub)
    assert [each["order_id"] for each in hub.get("/v1/orders/mine", ZHANG)["items"]] == [order.id]
    assert hub.get("/v1/orders/mine", WU)["items"] == []
    problem(order.act("remind", WU, {"note": NOTE}), 404, "not_found")
    order.done("remind", ZHANG, {"note": "请尽快答复"})
    assert order.place == ("filed", HAISHU)
    problem(order.act("dispatch", ZHANG, SIMPLE), 403, "forbidden")
    problem(order.act("join", ZHANG), 403, "forbidden")
    order.done("dispatch", WATCH, SIMPLE).done("withdraw", ZHANG, {"note": "已当面解决"})
    assert order.answer["result"] == "withdrawn"


def test_a_calendar_that_is_published_moves_a_provisional_date_of_a_complaint_too(hub: Hub) -> None:
    hub.cloud.advance(302 * DAY)  # Tuesday 2026-12-29
    order = told(hub)
    assert order.answer["deadlines"]["promised"]["provisional"]
    assert hub.ask("PUT", "/v1/calendars/2027", PUBLISHER, published([4, 5])).status == 201
    for _ in range(2):
        hub.cloud.run_schedule("recount_deadlines")
    now = hub.get(f"/v1/orders/{order.id}", WATCH)
    assert (now["action"], now["version"], now["deadlines"]["promised"]["provisional"]) == ("recalculate", 2, False)


def test_evidence_of_other_steps_is_refused_where_it_says_nothing(hub: Hub) -> None:
    order = told(hub)
    assert order.refused("dispatch", WATCH, {**SIMPLE, "verdict": "unfounded"}) == "not_here"
    case = hub.file()
    reply = hub.act(case, "accept", LI, {"note": NOTE, "disclosure": "public"})
    problem(reply, 422, "invalid_input", "disclosure")


def test_public_results_are_told_in_pages_without_numbers(hub: Hub) -> None:
    for type in ("attitude", "fees", "efficiency"):
        order = told(hub, complaint(type=type)).handled().done("approve", WATCH)
        order.done("close", WATCH, CALLED)
        hub.cloud.advance(60)
    first = hub.get(f"/v1/complaints?org={HAISHU}&limit=2")
    rest = hub.get(f"/v1/complaints?org={HAISHU}&limit=2&cursor={first['next']}")
    assert [each["type"] for each in (*first["items"], *rest["items"])] == ["efficiency", "fees", "attitude"]
    assert rest["next"] is None
    assert order.id not in json.dumps([first, rest])
    assert hub.get(f"/v1/complaints?org={HAISHU}&item=passport")["items"] == []


def test_a_history_of_orders_computed_once_more_is_that_of_the_live_run(hub: Hub) -> None:
    from infra import rebuild  # reads its settings when it is imported

    order = told(hub).handled().done("approve", WATCH).done("close", WATCH, CALLED)
    told(hub, no_service(), WU)
    file(hub, no_service(), WU)
    hub.cloud.advance(9 * DAY)
    for _ in range(4):  # an order that was opened by a sweep falls due in a later one
        hub.cloud.run_schedule("sweep_deadlines")
    compared = rebuild.compare(hub.cloud.now())
    assert compared.equal, (compared.missing, compared.different, compared.unfounded)
    assert order.answer["state"] == "answered"
