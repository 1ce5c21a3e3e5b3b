"""The loop of a bad rating through the door, from its code on paper to its end; and what counts of it."""

from __future__ import annotations

import json

from tests.flow.conftest import Hub, problem
from tests.flow.rating_steps import ABOVE, BAD, DAY, DESK, FINISHED, JUDGE, done, facts_of, follow_up, rate, rated, step
from tests.support.town import HAISHU, LI, NINGBO, NOTE, ZHANG


def test_a_bad_rating_by_the_code_on_paper_is_followed_to_its_second_rating(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    paper = hub.get(f"/v1/cases/{case.id}/rating-link", LI)
    assert paper["url"].endswith(f"#{paper['link']}")
    assert paper["qr_svg"].startswith("<svg")

    # Rated without an account; the order stands at the unit's desk.
    rating = rate(hub, {"link": paper["link"], **BAD}).json()
    held = {"link": rating["receipt"]}
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
    problem(step(hub, id, "reply", DESK, {"reply": NOTE}), 422, "invalid_input")
    done(hub, id, "rectify", DESK, {"note": "增设午间窗口"})
    done(hub, id, "reply", DESK, {"reply": "已增设午间窗口，感谢您的监督。" * 10})
    mine = hub.ask("POST", "/v1/rating-progress", None, held).json()["items"]
    assert [(each["reply"]["text"][:5], each["second_rating_possible"]) for each in mine] == [("已增设午间", True)]
    problem(step(hub, id, "end", DESK, {"note": NOTE}), 422, "invalid_input")

    # The second rating ends the loop; the unit cannot give it, nor with what it printed.
    pleased = {"number": 2, "level": "satisfied"}
    problem(rate(hub, {**pleased, "link": paper["link"]}, key="forged"), 403, "forbidden")
    entered = {**pleased, "case_id": case.id, "channel": "tablet"}
    problem(rate(hub, entered, DESK, "entered"), 403, "forbidden")
    again = {**pleased, **held}
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
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == case.version  # no rating moved the case


def test_a_second_rating_is_as_anonymous_as_the_first(hub: Hub) -> None:
    anonymous, named = (hub.life(hub.file(), *FINISHED) for _ in range(2))
    for case, body in ((anonymous, {**BAD, "anonymous": True}), (named, BAD)):
        id = follow_up(hub, rated(hub, case, body, f"rate-{case.id}")["rating_id"])["order_id"]
        done(hub, id, "call_back", DESK, {"verdict": "unfounded", "note": NOTE})
        done(hub, id, "reply", DESK, {"reply": "已解释"})
    again = {"case_id": named.id, "number": 2, "level": "satisfied", "anonymous": True}
    problem(rate(hub, again, ZHANG, "named"), 422, "invalid_input", "anonymous")
    second = rated(hub, anonymous, {"number": 2, "level": "satisfied"}, "rate-2")
    assert second["anonymous"]
    found = hub.get(f"/v1/ratings/{second['rating_id']}", DESK)
    assert found["inside"]["case_id"] is None
    assert hub.get(f"/v1/cases/{anonymous.id}/ratings", DESK)["items"] == []
    orders = hub.get(f"/v1/orders?org={HAISHU}&kind=follow_up", DESK)["items"]
    told = [hub.get(f"/v1/orders/{row['order_id']}/history", DESK) for row in orders]
    last = next(each["nodes"][-1] for each in told if each["nodes"][-1]["action"] == "rate_again")
    assert anonymous.id not in json.dumps([last, *facts_of(hub, "rating")])


# What counts


def test_an_appeal_that_is_upheld_takes_a_rating_out_and_a_review_takes_it_in_again(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    rating = rated(hub, case)
    path, id = f"/v1/ratings/{rating['rating_id']}", follow_up(hub, rating["rating_id"])["order_id"]
    early = hub.ask("PUT", f"{path}/review", DESK, {"reason": "误评"})
    problem(early, 409, "action_not_allowed")
    done(hub, id, "call_back", DESK, {"verdict": "unfounded", "note": NOTE})
    done(hub, id, "appeal", DESK, {"reason": "办事人确认点错"})
    done(hub, id, "uphold", ABOVE, {"reason": "录音属实"})
    assert hub.get(path, DESK)["inside"]["why"] == "appeal_upheld"
    assert hub.get(f"/v1/ratings?org={HAISHU}")["items"] == []
    assert len(hub.get(f"/v1/ratings?org={HAISHU}", DESK)["items"]) == 1
    problem(hub.ask("PUT", f"{path}/review", LI, {"reason": NOTE}), 403, "forbidden")
    asked = hub.ask("PUT", f"{path}/review", DESK, {"reason": "新证据"})
    assert asked.status == 201
    review = asked.json()["order_id"]
    assert hub.ask("PUT", f"{path}/review", DESK, {"reason": "再问"}).json() == asked.json()
    problem(step(hub, review, "include", DESK, {"reason": NOTE}), 403, "forbidden")
    done(hub, review, "include", JUDGE, {"reason": "录音系伪造"})
    assert (hub.get(path, DESK)["inside"]["counted"], len(hub.get(f"/v1/ratings?org={HAISHU}")["items"])) == (True, 1)
    facts = facts_of(hub, "rating")
    assert [(each["counted"], each["why"], each.get("reviewer"), each.get("reason")) for each in facts] == [
        (1, "active", None, None),
        (0, "appeal_upheld", "ningbo-9", "录音属实"),
        (1, "included", "ningbo-8", "录音系伪造"),
    ]
    assert case.version == hub.get(f"/v1/cases/{case.id}", LI)["version"]


def test_a_bad_second_rating_is_judged_by_the_level_above(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    id = follow_up(hub, rated(hub, case)["rating_id"])["order_id"]
    done(hub, id, "call_back", DESK, {"verdict": "founded", "note": NOTE})
    problem(step(hub, id, "reply", DESK, {"reply": NOTE}), 422, "invalid_input", "action")
    problem(step(hub, id, "rectify", DESK, {"note": NOTE, "verdict": "unfounded"}), 422, "invalid_input", "verdict")
    done(hub, id, "rectify", DESK, {"note": NOTE})
    done(hub, id, "reply", DESK, {"reply": "已整改"})
    rated(hub, case, {**BAD, "number": 2}, "rate-2")
    disputed = hub.get(f"/v1/orders/{id}", ABOVE)
    assert (disputed["state"], disputed["holder"]) == ("disputed", NINGBO)
    problem(step(hub, id, "end", DESK, {"note": NOTE}), 403, "forbidden")
    done(hub, id, "reject", ABOVE, {"reason": "整改不到位"})
    done(hub, id, "rectify", DESK, {"note": NOTE})
    done(hub, id, "reply", DESK, {"reply": "已再次整改"})
    mine = hub.get(f"/v1/cases/{case.id}/ratings", ZHANG)["items"]
    assert [each["second_rating_possible"] for each in mine] == [False, False]
    done(hub, id, "end", DESK, {"note": NOTE})
    assert [each["number"] for each in hub.get("/v1/ratings?item=hotel-licence")["items"]] == [2, 1]


def test_ratings_that_look_rigged_are_found_next_morning_and_still_count(hub: Hub) -> None:
    cases = [hub.life(hub.file(), *FINISHED) for _ in range(5)]
    for number, case in enumerate(cases):  # at once, from one device, from one address
        rated(hub, case, {"level": "very_satisfied", "device": "phone-1"}, f"rate-{number}")
    hub.cloud.advance(DAY)
    found = {f["rule"]: f for f in hub.get(f"/v1/findings?org={HAISHU}", DESK)["items"] if "#" in f["subject"]}
    assert {"A13", "A35"} <= set(found)
    assert set(found["A13"]["evidence"]["cases"]) == {case.id for case in cases}
    orders = [hub.get(f"/v1/orders/{row['order_id']}", DESK) for row in
              hub.get(f"/v1/orders?org={HAISHU}&kind=verification&limit=100", DESK)["items"]]  # fmt: skip
    assert {"A13#", "A35#" + found["A35"]["occurrence"]} <= {order["finding"] for order in orders}
    assert len(hub.get(f"/v1/ratings?org={HAISHU}")["items"]) == 5


def test_what_gathers_around_an_anonymous_rating_names_nobodys_case(hub: Hub) -> None:
    cases = [hub.life(hub.file(), *FINISHED) for _ in range(5)]
    for number, case in enumerate(cases):
        hub.cloud.advance(7)
        rated(hub, case, {"level": "satisfied", "anonymous": number == 1, "device": "phone-1"}, f"rate-{number}")
    hub.cloud.advance(DAY)
    found = [f for f in hub.get(f"/v1/findings?org={HAISHU}", DESK)["items"] if f["rule"] in ("A35", "A37")]
    assert {f["rule"]: f["evidence"] for f in found} == {rule: {"ratings": 5} for rule in ("A35", "A37")}
    assert {f["at"][13:] for f in found} == {":00:00.000+08:00"}


def test_what_was_sent_back_is_rectified_whatever_the_unit_found(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    id = follow_up(hub, rated(hub, case)["rating_id"])["order_id"]
    done(hub, id, "call_back", DESK, {"verdict": "unfounded", "note": NOTE})
    done(hub, id, "reply", DESK, {"reply": "已解释"})
    rated(hub, case, {**BAD, "number": 2}, "rate-2")
    done(hub, id, "reject", ABOVE, {"reason": "应予整改"})
    refused = problem(step(hub, id, "reply", DESK, {"reply": "再解释"}), 422, "invalid_input", "action")
    assert refused["errors"][0]["code"] == "rectify_first"
    done(hub, id, "rectify", DESK, {"note": NOTE})
    done(hub, id, "reply", DESK, {"reply": "已整改"})
    steps = hub.get(f"/v1/orders/{id}/history", DESK)["nodes"]
    assert [each["name"]["zh"] for each in steps if each["action"] == "reply"] == ["解释说明", "反馈办事人"]


def test_an_appeal_comes_in_time_or_not_at_all(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    id = follow_up(hub, rated(hub, case)["rating_id"])["order_id"]
    done(hub, id, "call_back", DESK, {"verdict": "founded", "note": NOTE})  # a Monday
    hub.cloud.advance(4 * DAY)
    late = problem(step(hub, id, "appeal", DESK, {"reason": NOTE}), 422, "invalid_input", "action")
    assert late["errors"][0]["code"] == "too_late"


def test_a_record_that_comes_twice_gives_the_same_facts_and_one_order(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    times = iter([True, True, False])
    hub.cloud.pump.again = lambda: next(times, False)
    rated(hub, case)
    hub.cloud.pump.again = lambda: False
    assert next(times, None) is None
    assert [(each["counted"], each["why"]) for each in facts_of(hub, "rating")] == [(1, "active")]
    assert [row["kind"] for row in hub.get(f"/v1/cases/{case.id}/orders", DESK)["items"]].count("follow_up") == 1
