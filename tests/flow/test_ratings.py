"""Ratings through the door: who rates what, once, by which way; and that what was said comes back as it was said."""

from __future__ import annotations

import json

import pytest

from chalicelib.http import cursors
from tests.flow.conftest import Hub, problem
from tests.flow.rating_steps import BAD, DAY, DESK, FINISHED, facts_of, follow_up, link_of, rate, rated
from tests.support.town import (
    ACCEPT,
    HAISHU,
    LI,
    NANMEN,
    NANMEN_WINDOW,
    PHONE,
    POOL,
    PUBLISHER,
    WU,
    ZHANG,
    Body,
    hotel,
    lodging,
    staff,
)
from tests.support.wire import counted, wire


def test_a_second_rating_of_the_same_service_is_refused_and_a_retry_gets_the_first_answer(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    first = rate(hub, {"case_id": case.id, **BAD}, ZHANG)
    assert rate(hub, {"case_id": case.id, **BAD}, ZHANG).json() == first.json()
    refused = problem(rate(hub, {"case_id": case.id, **BAD}, ZHANG, key="other"), 409, "already_rated")
    assert refused["text"]["zh-CN"] == "本次服务已存在评价，请勿重复评价"
    problem(rate(hub, {"link": link_of(hub, case), **BAD}, key="third"), 409, "already_rated")
    problem(rate(hub, {"case_id": case.id, "level": "satisfied"}, ZHANG), 422, "key_reused")
    problem(rate(hub, {"case_id": case.id, **BAD, "number": 2}, ZHANG, key="fourth"), 409, "not_rateable")


def test_links_that_are_forged_expired_or_of_nothing_are_told_apart(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    link = link_of(hub, case)
    forged = ("A" if link[0] != "A" else "B") + link[1:]
    for wrong in (forged, link[:-1], "x", "链接"):
        problem(rate(hub, {"link": wrong, **BAD}), 403, "bad_link")
    assert hub.ask("POST", "/v1/rating-progress", None, {"link": link}).json() == {"items": []}
    hub.cloud.advance(181 * DAY)
    problem(rate(hub, {"link": link, **BAD}), 410, "expired_link")
    problem(hub.ask("POST", "/v1/rating-progress", None, {"link": link}), 410, "expired_link")


def test_the_receipt_carries_a_link_that_works_from_acceptance_on(hub: Hub) -> None:
    case = hub.file()
    link = case.answer["rating_link"]
    problem(rate(hub, {"link": link, "level": "satisfied"}), 409, "not_rateable")
    hub.life(case, ACCEPT)
    assert rate(hub, {"link": link, "level": "satisfied"}).status == 201


def test_only_the_applicant_rates_and_not_an_agent_nor_who_worked_on_the_case(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    rating = {"case_id": case.id, "level": "satisfied"}
    problem(rate(hub, rating), 401, "unauthenticated")
    problem(rate(hub, rating, WU), 404, "not_found")
    problem(rate(hub, {**rating, "case_id": "3" * 21}, ZHANG), 404, "not_found")
    problem(rate(hub, {**rating, "channel": "tablet"}, LI), 403, "forbidden")
    problem(rate(hub, rating, DESK), 422, "invalid_input", "channel")
    problem(rate(hub, {**rating, "channel": "tablet"}, ZHANG), 422, "invalid_input", "channel")
    assert rate(hub, {**rating, "channel": "phone"}, DESK).status == 201
    agent: Body = {"name": "某代理", "id_type": "passport", "id_number": "E12345678", "phone": PHONE}
    agent |= {"authority": "授权书2026-1", "may": ["file", "withdraw"]}
    filed = hub.file(hotel(agent=agent), WU)
    assert filed.answer["rating_link"] is None  # the agent holds the receipt
    hub.life(filed, *FINISHED)
    problem(rate(hub, {**rating, "case_id": filed.id}, WU, "by-agent"), 403, "forbidden")
    problem(hub.ask("GET", f"/v1/cases/{filed.id}/rating-link", WU), 403, "forbidden")
    assert rate(hub, {**rating, "case_id": filed.id, "channel": "sms"}, POOL, "by-sms").status == 201


def test_a_service_on_site_is_rated_for_itself_at_the_window_where_it_was_given(hub: Hub) -> None:
    finish = {"result_number": "甬居第1号", "handed_to": "applicant"}
    window = staff("sun", NANMEN_WINDOW, "intake")
    case = hub.file(lodging(channel="window", finish=finish), window)
    on_site = {"case_id": case.id, "level": "very_dissatisfied", "reasons": ["service_attitude"]}
    told = problem(rate(hub, {**on_site, "visit": 2, "channel": "tablet"}, POOL), 422, "invalid_input", "visit")
    assert "1" in told["errors"][0]["text"]["zh-CN"]
    wrong = {**on_site, "reasons": ["platform_operability"], "channel": "tablet"}
    problem(rate(hub, wrong, POOL), 422, "invalid_input", "reasons.0")
    rating = rate(hub, {**on_site, "visit": 1, "channel": "tablet", "device": "tablet-1"}, POOL).json()
    hub.cloud.drain()
    paper = {**on_site, "visit": None, "case_id": None, "link": case.answer["rating_link"]}
    problem(rate(hub, paper, key="again"), 409, "already_rated")
    seen = hub.get(f"/v1/ratings/{rating['rating_id']}", DESK)
    assert (seen["organisation"], seen["inside"]["window"]) == (NANMEN, NANMEN_WINDOW)
    order = hub.get(f"/v1/orders/{seen['inside']['follow_up']}", DESK)
    assert order["holder"] == NANMEN


def test_of_several_services_on_site_it_is_told_which_is_meant(hub: Hub) -> None:
    window = staff("sun", NANMEN_WINDOW, "intake")
    case = hub.file(lodging(channel="window", finish={"result_number": "甬居第1号"}), window)
    rating = {"case_id": case.id, "level": "satisfied", "channel": "tablet"}
    assert rate(hub, rating, POOL, "first").json()["visit"] == 1  # the only one
    hub.life(case, ("deliver", window, {"handed_to": "applicant"}))
    told = problem(rate(hub, rating, POOL, "first"), 422, "invalid_input", "visit")
    assert "1、3" in told["errors"][0]["text"]["zh-CN"]
    assert rate(hub, {**rating, "visit": 3}, POOL, "second").status == 201
    assert [each["visit"] for each in hub.get(f"/v1/cases/{case.id}/ratings", window)["items"]] == [1, 3]


def test_what_staff_print_rates_and_opens_nothing_of_what_was_said(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    for anonymous in (BAD | {"anonymous": True}, {"level": "very_satisfied", "channel": "tablet"}):
        who = DESK if "channel" in anonymous else ZHANG
        assert rate(hub, {"case_id": case.id, **anonymous}, who, "account").status == 201
        printed = link_of(hub, case, LI)
        assert printed != link_of(hub, case)
        problem(hub.ask("POST", "/v1/rating-progress", None, {"link": printed}), 403, "bad_link")
        problem(rate(hub, {"link": printed, "level": "satisfied", "number": 2}, key="second"), 403, "forbidden")
        wrong = rate(hub, {"link": printed, "level": "dissatisfied"}, key="probe")  # told alike, rated or not
        problem(wrong, 422, "invalid_input", "reasons")
    (mine,) = hub.ask("POST", "/v1/rating-progress", None, {"link": link_of(hub, case)}).json()["items"]
    assert (mine["anonymous"], mine["level"]["level"]) == (True, "dissatisfied")
    at_window = hub.file(
        lodging(channel="window", finish={"result_number": "甬居第1号"}), staff("sun", NANMEN_WINDOW, "intake")
    )
    on_receipt = at_window.answer["rating_link"]  # staff had it in their hands
    problem(hub.ask("POST", "/v1/rating-progress", None, {"link": on_receipt}), 403, "bad_link")
    receipt = rate(hub, {"link": on_receipt, "level": "satisfied"}, key="paper").json()["receipt"]
    (held,) = hub.ask("POST", "/v1/rating-progress", None, {"link": receipt}).json()["items"]
    assert held["level"]["level"] == "satisfied"


def test_nobodys_name_for_a_service_leads_to_what_somebody_else_gave(hub: Hub) -> None:
    """Staff who know the name under which they entered or tried a rating know no other one by it."""
    case = hub.life(hub.file(), *FINISHED)
    entered = rate(hub, {"case_id": case.id, "level": "satisfied", "channel": "phone"}, DESK, "staff").json()
    tried = rate(hub, {"link": link_of(hub, case, LI), "level": "satisfied"}, key="tried").json()
    mine = rated(hub, case, {**BAD, "anonymous": True})
    assert len({each["rating_id"].partition("-")[0] for each in (entered, tried, mine)}) == 3
    listed = {each["rating_id"]: each for each in hub.get(f"/v1/ratings?org={HAISHU}", DESK)["items"]}
    assert listed[tried["rating_id"]]["inside"]["why"] == "active"  # no list shows when an anonymous one replaced it
    assert listed[mine["rating_id"]]["inside"]["case_id"] is None


def test_nobody_takes_the_applicants_place(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    entered = rate(hub, {"case_id": case.id, "level": "very_satisfied", "channel": "tablet"}, DESK, "staff").json()
    assert (entered["receipt"], entered["number"]) == (None, 3)
    tried = rate(hub, {"link": link_of(hub, case, LI), "level": "very_satisfied"}, key="tried").json()
    mine = rated(hub, case)
    shown = hub.get(f"/v1/ratings?org={HAISHU}")["items"]
    assert [each["rating_id"] for each in shown] == [mine["rating_id"]]
    inside = {
        each["rating_id"]: (each["inside"]["counted"], each["inside"]["why"], each["inside"]["entered_by_unit"])
        for each in hub.get(f"/v1/ratings?org={HAISHU}", DESK)["items"]
    }
    assert inside == {
        entered["rating_id"]: (False, "recorded", True),
        tried["rating_id"]: (False, "superseded", False),
        mine["rating_id"]: (True, "active", False),
    }
    facts = facts_of(hub, "rating")
    assert sorted((fact["counted"], fact["why"]) for fact in facts) == [
        (0, "recorded"), (0, "superseded"), (1, "active"), (1, "active"),
    ]  # fmt: skip
    of_case = hub.get(f"/v1/cases/{case.id}/ratings", ZHANG)["items"]
    assert sorted(each["why"] for each in of_case) == ["active", "recorded", "superseded"]
    hub.cloud.advance(DAY)
    found = [each for each in hub.get(f"/v1/findings?org={HAISHU}", DESK)["items"] if each["rule"] == "A40"]
    assert [each["evidence"] for each in found] == [{"cases": [case.id]}]


def test_a_device_of_the_staff_cannot_rate(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    desk = {"organisation": HAISHU, "use": "staff"}
    assert hub.ask("PUT", "/v1/devices/desk-7", PUBLISHER, desk).status == 201
    problem(hub.ask("PUT", "/v1/devices/desk-7", LI, desk), 403, "forbidden")
    problem(hub.ask("PUT", "/v1/devices/desk-8", PUBLISHER, {**desk, "organisation": "330299"}), 422, "invalid_input")
    rating = {"link": link_of(hub, case), "level": "satisfied"}
    for written in ("desk-7", "DESK-7"):
        problem(rate(hub, {**rating, "device": written}), 403, "forbidden")
    assert rate(hub, {**rating, "device": "tablet-3"}).status == 201


def test_an_anonymous_rating_leads_nobody_to_its_case(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    rating = rated(hub, case, {**BAD, "anonymous": True})
    order = follow_up(hub, rating["rating_id"])
    assert order["about"] == rating["rating_id"]
    everything = [
        hub.get(path, DESK)
        for path in (
            f"/v1/ratings?org={HAISHU}",
            f"/v1/ratings/{rating['rating_id']}",
            f"/v1/orders/{order['order_id']}",
            f"/v1/orders/{order['order_id']}/history",
            f"/v1/orders?org={HAISHU}",
            f"/v1/cases/{case.id}/orders",
            f"/v1/cases/{case.id}/ratings",
        )
    ]
    queued = [row for row in everything[4]["items"] if row["kind"] == "follow_up"]
    told = [*everything[:4], *facts_of(hub, "rating"), *queued]
    assert case.id not in json.dumps(told)
    assert [order for order in everything[5]["items"] if order["rating"]] == everything[6]["items"] == []
    assert [each["rating_id"] for each in hub.get(f"/v1/cases/{case.id}/ratings", ZHANG)["items"]] == [
        rating["rating_id"]
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        '=HYPERLINK("http://evil.example","点我")',
        "𠮷野家的𪚥𣎴 㐂喆堃，㵘𤆀",  # outside the BMP, and rare ones inside it
        "👨‍👩‍👧‍👦 👍🏽 ❤️",
        "  先空两格，\n换行，再空两格  ",
        "难" * 1_000,
    ],
)
def test_text_comes_back_letter_by_letter_as_data(text: str, hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    assert rated(hub, case, {"level": "dissatisfied", "text": text})["text"] == text
    (public,) = hub.get(f"/v1/ratings?org={HAISHU}&item=hotel-licence")["items"]
    assert public["text"] == text


def test_what_cannot_be_taken_is_told_by_field(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    wrong: list[tuple[Body, str]] = [
        ({"level": "dissatisfied"}, "reasons"),
        ({"level": "dissatisfied", "text": " \n "}, "reasons"),
        ({"level": "dissatisfied", "text": "。"}, "reasons"),
        ({"level": "dissatisfied", "text": " \u200b "}, "reasons"),
        ({"level": "satisfied", "text": "长" * 10_000}, "text"),
        ({"level": "satisfied", "text": "我的电话13800138000"}, "text"),
        ({"level": "satisfied", "text": "\u202eabc"}, "text"),
        ({"level": "satisfied", "reasons": ["service_attitude"]}, "reasons.0"),
        ({"level": "satisfied", "reasons": ["efficiency", "efficiency"]}, "reasons.1"),
        ({"level": "five"}, "level"),
        ({"level": 3}, "level"),
        ({"level": None}, "level"),
        ({"level": "satisfied", "anonymous": "yes"}, "anonymous"),
        ({"level": {"standard": "report", "code": 6}}, "level.code"),
        ({"level": "satisfied", "number": 3}, "number"),
        ({"level": "satisfied", "link": link_of(hub, case)}, "case_id"),
    ]
    for body, field in wrong:
        told = problem(rate(hub, {"case_id": case.id, **body}, ZHANG), 422, "invalid_input", field)
        assert len(told["errors"]) == 1
        assert " or " not in told["errors"][0]["text"]["zh-CN"]
    assert hub.get(f"/v1/ratings?org={HAISHU}")["items"] == []
    for path, field in (("ratings", "org"), ("ratings?org=999999", "org"), (f"orders?org={HAISHU}&state=zz", "state")):
        problem(hub.ask("GET", f"/v1/{path}", DESK), 422, "invalid_input", field)


@pytest.mark.parametrize("list", ["ratings", "findings"])
def test_a_stretch_that_ends_before_it_begins_is_told_by_field(list: str, hub: Hub) -> None:
    path = f"/v1/{list}?org={HAISHU}"
    for days in ("from=2026-03-02&to=2026-03-01", "from=2027-01-01"):
        problem(hub.ask("GET", f"{path}&{days}", DESK), 422, "invalid_input", "from")
    assert hub.get(f"{path}&from=2026-03-02&to=2026-03-02", DESK)["items"] == []


@pytest.mark.parametrize(("standard", "code"), [("gb_t_39046", 5), ("report", 1)])
def test_a_code_means_what_its_standard_says(standard: str, code: int, hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    rating = rated(hub, case, {"level": {"standard": standard, "code": code}, "text": "太慢"})
    assert rating["level"]["level"] == "very_dissatisfied"


def test_a_rating_is_two_reads_and_one_write_and_a_page_of_them_two_reads(hub: Hub) -> None:
    case, other = hub.life(hub.file(), *FINISHED), hub.life(hub.file(), *FINISHED)
    rated(hub, case)
    link = link_of(hub, other)
    hub.cloud.pump.held = True
    with wire() as calls:
        assert rate(hub, {"link": link, "level": "satisfied"}, key="r").status == 201
    assert counted(calls) == {"GetItem": 2, "PutItem": 1}
    hub.cloud.pump.held = False
    hub.cloud.drain()
    with wire() as calls:
        assert len(hub.get(f"/v1/ratings?org={HAISHU}")["items"]) == 2
    assert counted(calls) == {"Query": 1, "BatchGetItem": 1}  # the ratings, and their orders


def test_a_list_goes_on_where_it_ended_and_refuses_a_place_that_it_never_told(hub: Hub) -> None:
    for number in range(3):
        case = hub.life(hub.file(), *FINISHED)
        rated(hub, case, {"level": "satisfied", "text": str(number)}, f"rate-{number}")
        hub.cloud.advance(1)
    found, path = [], f"/v1/ratings?org={HAISHU}&limit=2"
    page = hub.get(path)
    assert cursors.decode(page["next"], {"s": str, "n": int})  # and not the instant of an anonymous one
    found += page["items"]
    page = hub.get(f"{path}&cursor={page['next']}")
    assert [each["text"] for each in [*found, *page["items"]]] == ["2", "1", "0"]
    assert page["next"] is None
    assert [each["text"] for each in hub.get("/v1/ratings?item=hotel-licence&limit=100")["items"]] == ["2", "1", "0"]
    assert hub.get(f"/v1/ratings?org={HAISHU}&item=residence-permit")["items"] == []
    soon = cursors.encode({"s": "0" * 24, "n": 1})
    for told in ({"s": "", "n": 1}, {"s": "x", "n": 10**40}, {"s": "x", "n": -1}, {"s": "x", "n": 1, "t": 1}):
        for cursor in (cursors.encode(told), soon):
            problem(hub.ask("GET", f"{path}&cursor={cursor}"), 422, "invalid_input", "cursor")
    early = cursors.encode({"s": "x", "k": "y", "t": 1})
    later = f"/v1/findings?org={HAISHU}&from=2026-03-01&cursor={early}"
    problem(hub.ask("GET", later, DESK), 422, "invalid_input", "cursor")
