"""Supervision through the door: a case left alone turns yellow, red and goes to the level above; orders follow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.conftest import Filed, Hub, problem
from tests.flow.test_quarantine import counts
from tests.flow.test_transitions import tamper
from tests.support.town import (
    ACCEPT,
    CORRECT,
    HAISHU,
    LI,
    NINGBO,
    NOTE,
    POOL,
    PUBLISHER,
    REVIEW,
    SUPPLEMENT,
    SUSPEND,
    WANG,
    ZHANG,
    Body,
    Identity,
    hotel,
    materials,
    observed,
    staff,
)

DAY = 86_400
WATCH, CITY_WATCH = staff("chen", HAISHU, "supervision"), staff("ningbo-9", NINGBO, "supervision")
CITY_OTHER = staff("ningbo-8", NINGBO, "supervision")


def found(hub: Hub, case: Filed, who: Identity = WATCH) -> list[tuple[str, str]]:
    """What was found of a case: rule and occurrence, in the order of time."""
    return [(f["rule"], f["occurrence"]) for f in hub.get(f"/v1/cases/{case.id}/findings", who)["items"]]


def rungs(hub: Hub, case: Filed) -> list[tuple[str, str]]:
    """The rungs of its limits alone."""
    return [each for each in found(hub, case) if each[0].startswith("W")]


def orders(hub: Hub, case: Filed, who: Identity = WATCH, rule: str = "W") -> list[Any]:
    """The orders about a case that follow from what a rule found, and what follows from them."""
    all_of_them = hub.get(f"/v1/cases/{case.id}/orders", who)["items"]
    return [each for each in all_of_them if each["finding"].startswith(rule)]


def waiting(hub: Hub, org: str, who: Identity) -> set[str]:
    """The names of the orders that wait at an organisation."""
    return {row["order_id"] for row in hub.get(f"/v1/orders?org={org}&limit=100", who)["items"]}


class Order:
    """An order as a test follows it."""

    def __init__(self, hub: Hub, answer: Any) -> None:
        self.hub, self.id, self.answer = hub, answer["order_id"], answer

    def act(self, action: str, who: Identity, body: Body) -> Any:
        path = f"/v1/orders/{self.id}/actions/{action}"
        reply = self.hub.ask("POST", path, who, body, version=self.answer["version"])
        if reply.status == 200:
            self.answer = reply.json()
        return reply

    def done(self, action: str, who: Identity, body: Body) -> Order:
        reply = self.act(action, who, body)
        assert reply.status == 200, reply.body.decode()
        return self


def test_a_light_that_is_on_when_its_clock_begins_is_seen_at_once(hub: Hub) -> None:
    case = hub.file(observed("2026-03-02T08:00:00+08:00", "2026-03-02T23:59:59+08:00"), POOL)  # due on the same day
    hub.cloud.drain()
    assert rungs(hub, case) == [("W01", "promised")]


def test_a_case_left_alone_turns_yellow_then_red_then_goes_to_the_level_above(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)  # promised within five working days: Monday 2026-03-09
    hub.cloud.drain()
    assert rungs(hub, case) == []
    hub.cloud.advance(4 * DAY)  # Friday morning: one working day is left
    assert rungs(hub, case) == [("W01", "promised")]
    assert orders(hub, case) == []  # a yellow light is a light and no order
    hub.cloud.advance(4 * DAY)  # Tuesday
    assert rungs(hub, case) == [("W01", "promised"), ("W02", "promised")]
    (verification,) = orders(hub, case)
    assert (verification["kind"], verification["holder"], verification["finding"]) == (
        "verification",
        HAISHU,
        "W02#promised",
    )
    assert verification["order_id"] in waiting(hub, HAISHU, WATCH)
    hub.cloud.advance(3 * DAY)  # Friday: three working days red
    assert ("W03", "promised") in found(hub, case)
    urged = [order for order in orders(hub, case) if order["kind"] == "supervision_order"]
    assert [(order["state"], order["holder"]) for order in urged] == [("raised", NINGBO)]
    assert urged[0]["order_id"] in waiting(hub, NINGBO, CITY_WATCH)


def test_each_rung_is_found_once_however_often_it_is_swept(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(20 * DAY)
    once = found(hub, case)
    for _ in range(3):
        hub.cloud.run_schedule("sweep_deadlines")
    assert found(hub, case) == once
    assert len(set(once)) == len(once)


def test_a_sweep_that_was_missed_changes_nothing(hub: Hub) -> None:
    swept, missed = hub.life(hub.file(), ACCEPT), hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(30 * DAY)
    assert found(hub, swept) == found(hub, missed)
    assert [rule for rule, _ in rungs(hub, missed)][:2] == ["W01", "W02"]
    at = [f["at"] for f in hub.get(f"/v1/cases/{missed.id}/findings", WATCH)["items"] if f["rule"] == "W02"]
    assert at[0] == "2026-03-10T00:00:00.000+08:00"  # when it came to be late, not when somebody looked


def test_a_paused_clock_does_not_warn(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, SUSPEND)
    hub.cloud.advance(40 * DAY)
    assert rungs(hub, case) == []


def test_a_step_that_nobody_takes_warns_while_it_is_open(hub: Hub) -> None:
    case = hub.file()  # five working days to say what is missing
    hub.cloud.advance(10 * DAY)
    stage = [(rule, occurrence) for rule, occurrence in found(hub, case) if occurrence.startswith("stage:received")]
    assert [rule for rule, _ in stage][:2] == ["W01", "W02"]


def test_a_confirmed_finding_is_rectified_reviewed_above_and_gives_a_card(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(8 * DAY)
    order = Order(hub, orders(hub, case)[0])
    order.done("confirm", WATCH, {"note": "确已超期"}).done("rectify", WATCH, {"note": "已补办"})
    assert order.answer["holder"] == NINGBO
    problem(order.act("settle", WATCH, {"note": NOTE}), 403, "forbidden")
    order.done("settle", CITY_WATCH, {"note": "同意销号"})
    assert (order.answer["state"], order.answer["result"]) == ("settled", "confirmed")
    hub.cloud.drain()
    (card,) = [each for each in orders(hub, case) if each["kind"] == "card"]
    assert (card["state"], card["holder"]) == ("issued", HAISHU)
    history = hub.get(f"/v1/orders/{order.id}/history", WATCH)
    assert history["verified"]
    assert [node["action"] for node in history["nodes"]] == ["submit", "confirm", "rectify", "settle"]


def test_a_false_alarm_is_cleared_above_and_gives_no_card(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(8 * DAY)
    order = Order(hub, orders(hub, case)[0]).done("dismiss", WATCH, {"reason": "节假日调整"})
    order.done("clear", CITY_WATCH, {"note": "属实误报"})
    hub.cloud.drain()
    assert [each["kind"] for each in orders(hub, case)] == ["verification"]


def carded(hub: Hub) -> Order:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(8 * DAY)
    order = Order(hub, orders(hub, case)[0])
    order.done("confirm", WATCH, {"note": NOTE}).done("rectify", WATCH, {"note": NOTE})
    order.done("settle", CITY_WATCH, {"note": NOTE})
    hub.cloud.drain()
    return Order(hub, next(each for each in orders(hub, case) if each["kind"] == "card"))


def test_a_card_is_open_to_appeal_decided_by_somebody_else(hub: Hub) -> None:
    card = carded(hub).done("appeal", WATCH, {"reason": "系统故障所致"})
    assert card.answer["holder"] == NINGBO
    card.done("uphold", CITY_WATCH, {"reason": "情况属实"})
    assert card.answer["result"] == "revoked"


def test_a_card_is_delisted_after_ten_working_days_on_record(hub: Hub) -> None:
    card = carded(hub).done("acknowledge", WATCH, {"note": NOTE})  # 2026-03-10
    early = card.act("ask_delisting", WATCH, {"note": NOTE})
    assert problem(early, 422, "invalid_input")["errors"][0]["code"] == "too_early"
    hub.cloud.advance(13 * DAY)
    problem(card.act("ask_delisting", WATCH, {"note": NOTE}), 422, "invalid_input")
    hub.cloud.advance(DAY)
    card.done("ask_delisting", WATCH, {"note": NOTE}).done("delist", CITY_WATCH, {"note": NOTE})
    assert card.answer["result"] == "delisted"


def test_an_order_that_is_late_goes_to_the_level_above_and_no_chain_is_longer_than_that(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(8 * DAY)
    (verification,) = orders(hub, case)
    hub.cloud.advance(7 * DAY)  # nobody verified it within three working days
    urged = waiting(hub, NINGBO, CITY_WATCH)
    about = {hub.get(f"/v1/orders/{id}", CITY_WATCH)["about"] for id in urged}
    assert verification["order_id"] in about
    for _ in range(12):
        hub.cloud.advance(30 * DAY)
    total = hub.sizes()["OrdersTable"]
    hub.cloud.advance(60 * DAY)
    assert hub.sizes()["OrdersTable"] == total


def test_a_supervision_order_is_urged_replied_to_and_judged(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(11 * DAY)
    order = Order(hub, next(each for each in orders(hub, case) if each["kind"] == "supervision_order"))
    problem(order.act("urge", WATCH, {"notice": NOTE}), 403, "forbidden")
    order.done("urge", CITY_WATCH, {"notice": "请三个工作日内办结"})
    assert order.answer["holder"] == HAISHU
    order.done("reply", WATCH, {"note": "已办"}).done("reject", CITY_WATCH, {"reason": "未办结"})
    order.done("reply", WATCH, {"note": "已办结"})
    order.done("conclude", CITY_OTHER, {"note": "认定"})
    assert order.answer["result"] == "concluded"


def test_a_second_notice_is_found_by_its_rule_when_it_happens(hub: Hub) -> None:
    lacking = hotel(materials=materials(5, m2="lacking"))
    case = hub.life(hub.file(lacking), CORRECT, SUPPLEMENT, CORRECT)
    hub.cloud.drain()
    assert "A05" in {rule for rule, _ in found(hub, case)}
    (finding,) = hub.get(f"/v1/findings?org={HAISHU}&rule=A05", WATCH)["items"]
    assert finding["subject"] == case.id
    assert finding["evidence"]
    order = orders(hub, case, rule="A05")[0]
    assert (order["kind"], order["about"]) == ("verification", case.id)
    assert (finding["about"], finding["order"]) == (
        "case",
        {"order_id": order["order_id"], "kind": "verification", "state": order["state"], "closed_at": None},
    )
    assert hub.get(f"/v1/findings?org={HAISHU}&rule=A05&about=order", WATCH)["items"] == []


def test_a_case_whose_steps_do_not_add_up_holds_up_no_other(hub: Hub) -> None:
    broken, whole = (hub.life(hub.file(), ACCEPT) for _ in range(2))
    hub.cloud.drain()
    tamper(hub, broken.id, lambda nodes: nodes[1]["M"]["a"].update(S="bribe"))
    hub.cloud.advance(60 * DAY)
    assert "W02" in {rule for rule, _ in found(hub, whole)}
    before = counts(hub, "HistoriesBroken", days=62)
    assert before > 0
    hub.cloud.advance(60)
    assert counts(hub, "HistoriesBroken", days=62) == before  # it is not looked at each minute


def test_findings_and_orders_are_not_for_citizens_nor_for_other_places(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(8 * DAY)
    order = orders(hub, case)[0]["order_id"]
    problem(hub.ask("GET", f"/v1/cases/{case.id}/findings", ZHANG), 403, "forbidden")
    problem(hub.ask("GET", f"/v1/findings?org={HAISHU}", ZHANG), 403, "forbidden")
    problem(hub.ask("GET", f"/v1/orders?org={HAISHU}", ZHANG), 403, "forbidden")
    problem(hub.ask("GET", f"/v1/orders/{order}", ZHANG), 404, "not_found")
    far = staff("hz", "330100", "supervision")
    problem(hub.ask("GET", f"/v1/orders/{order}", far), 404, "not_found")
    problem(hub.ask("GET", f"/v1/findings?org={HAISHU}", far), 403, "forbidden")


def test_every_rule_is_listed_and_one_that_is_off_says_why(hub: Hub) -> None:
    rules = hub.get("/v1/rules")["items"]
    codes = [rule["code"] for rule in rules]
    assert {f"A{n:02d}" for n in range(1, 21)} | {"W01", "W02", "W03", "W04"} <= set(codes)
    off = [rule for rule in rules if rule["disabled"]]
    assert off
    assert all(rule["disabled"]["zh"] and rule["disabled"]["en"] for rule in off)
    assert all(rule["basis"] and rule["name"]["zh"] for rule in rules)


def published(january: list[int]) -> Body:
    """A calendar of 2027 with the days that every year has off, and some more in January."""
    days = ["01-01", "02-05", "02-06", "02-07", "02-08", "05-01", "05-02", "10-01", "10-02", "10-03"]
    more = [f"01-{day:02d}" for day in january]
    return {"document": "国办发明电〔2026〕X号", "off": [f"2027-{day}" for day in sorted(days + more)], "work": []}


def test_a_calendar_that_is_published_moves_provisional_dates_and_says_why(hub: Hub) -> None:
    hub.cloud.advance(290 * DAY)  # 2026-12-17
    case = hub.life(hub.file(), ACCEPT)
    before = case.answer["deadlines"]["statutory"]
    assert before["provisional"]
    year = published([*range(4, 6)])
    assert hub.ask("PUT", "/v1/calendars/2027", PUBLISHER, year).status == 201
    hub.cloud.run_schedule("recount_deadlines")
    hub.cloud.drain()
    found_now = hub.get(f"/v1/cases/{case.id}", LI)
    assert not found_now["deadlines"]["statutory"]["provisional"]
    assert found_now["deadlines"]["statutory"]["day"] > before["day"]
    last = hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"][-1]
    assert last["action"] == "recalculate"
    assert "2027@1" in last["evidence"]["reason"]
    hub.cloud.run_schedule("recount_deadlines")
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == found_now["version"]  # once


def test_a_warning_on_a_provisional_date_is_withdrawn_with_its_order(hub: Hub) -> None:
    hub.cloud.advance(294 * DAY)  # Monday 2026-12-21
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(8 * DAY)
    late = hub.life(hub.file(hotel()), ACCEPT)
    assert late.answer["deadlines"]["promised"]["provisional"]
    hub.cloud.advance(9 * DAY)  # 2027-01-07: red by the provisional date
    provisional = [rule for rule, occurrence in found(hub, late) if occurrence == "promised~"]
    assert provisional[:2] == ["W01", "W02"]
    year = published([*range(4, 18)])
    assert hub.ask("PUT", "/v1/calendars/2027", PUBLISHER, year).status == 201
    hub.cloud.run_schedule("recount_deadlines")
    hub.cloud.drain()
    withdrawn = {o for rule, o in found(hub, late) if rule == "W04"}
    assert withdrawn == {"W01#promised~", "W02#promised~"}
    assert {o["state"] for o in orders(hub, late) if o["finding"] == "W02#promised~"} == {"voided"}
    assert case.id != late.id


@pytest.mark.parametrize("path", ["/v1/orders/" + "0" * 24, "/v1/orders/" + "f" * 24 + "/history"])
def test_an_order_that_is_not_there_is_not_found(path: str, hub: Hub) -> None:
    problem(hub.ask("GET", path, WATCH), 404, "not_found")


def test_review_after_a_finding_still_goes_on(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(8 * DAY)
    hub.life(case, REVIEW)
    assert case.answer["state"] == "reviewed"
    assert WANG["sub"] == "wang"
