"""Intake through the door: what a case is when it is filed, the check-list, and instant items done in one request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.flow.conftest import NINE, Hub, problem
from tests.support.town import (
    HAISHU,
    HANGZHOU,
    ID_NUMBER,
    JIANGBEI,
    LI,
    NANMEN,
    NANMEN_WINDOW,
    PERSON,
    POOL,
    SUN,
    WAITAN,
    WANG,
    WU,
    ZHANG,
    citizen,
    hotel,
    lodging,
    materials,
    observed,
    permit,
    staff,
)


def test_a_filed_case_tells_number_code_state_deadline_and_what_can_follow(hub: Hub) -> None:
    reply = hub.submit(hotel())
    answer = reply.json()
    assert (reply.status, reply.headers["etag"]) == (201, '"1"')
    assert len(answer["case_id"]) == 21
    assert answer["case_id"].startswith("33020311260302")  # area, mobile, day
    assert len(answer["code"]) == 8
    assert (answer["version"], answer["state"], answer["action"]) == (1, "received", "submit")
    assert answer["received_at"] == "2026-03-02T09:00:00.000+08:00"
    # told what is missing within five working days: 行政许可法 art. 32(4)
    assert answer["deadlines"] == {
        "stage": {"due": "2026-03-09T23:59:59.000+08:00", "day": "2026-03-09", "provisional": False}
    }
    assert {"correct", "accept", "refuse", "not_ours", "notify", "withdraw"} <= set(answer["allowed_actions"])


@pytest.mark.parametrize(("channel", "origin"), [("mobile", "11"), ("web", "12"), ("kiosk", "13"), ("window", "14")])
def test_the_number_says_on_which_channel_it_was_filed(channel: str, origin: str, hub: Hub) -> None:
    who = LI if channel == "window" else ZHANG
    assert hub.file(hotel(channel=channel), who).id[6:8] == origin


def test_numbers_are_brought_to_their_normal_form(hub: Hub) -> None:
    spelled = {**PERSON, "id_number": f" {ID_NUMBER[:6]} {ID_NUMBER[6:]} ", "phone": "138-0013-8000"}
    case = hub.file(permit(applicant=spelled))
    applicant = hub.get(f"/v1/cases/{case.id}/dossier", ZHANG)["document"]["applicant"]
    assert (applicant["id_number"], applicant["phone"]) == (ID_NUMBER, "+8613800138000")


def test_the_check_list_tells_each_material_and_whether_it_is_there(hub: Hub) -> None:
    case = hub.file(hotel(materials=materials(5, m2="lacking", m3="pledged", m4="shared")))
    listed = hub.get(f"/v1/cases/{case.id}", ZHANG)["materials"]
    assert [(m["code"], m["necessity"], m["present"]) for m in listed] == [
        ("m1", "required", True),
        ("m2", "required", False),
        ("m3", "required", True),
        ("m4", "required", True),
        ("m5", "required", True),
        ("m6", "conditional", False),
    ]
    assert listed[1]["name"] == {"zh": "消防安全检查意见", "en": "Fire safety opinion"}


def test_a_case_with_a_lacking_material_is_taken_in_and_cannot_be_accepted(hub: Hub) -> None:
    case = hub.file(hotel(materials=materials(5, m2="lacking", m5="lacking")))
    refused = problem(hub.act(case, "accept", LI), 422, "invalid_input", "materials.m2", "materials.m5")
    assert "消防安全检查意见" in refused["text"]["zh-CN"]
    assert "Fire safety opinion" in refused["text"]["en"]


def test_intake_never_refuses_for_a_missing_material_that_is_named(hub: Hub) -> None:
    assert hub.submit(hotel(materials=materials(5, **{f"m{n}": "lacking" for n in range(1, 6)}))).status == 201


def test_an_instant_item_at_the_window_is_finished_in_one_request(hub: Hub) -> None:
    clerk = staff("qian", NANMEN_WINDOW, "intake")
    finish = {"result_number": "居登2026-1", "handed_to": "applicant"}
    case = hub.file(lodging(channel="window", finish=finish), clerk)
    assert (case.answer["state"], case.answer["result"], case.version) == ("delivered", "granted", 3)
    assert case.answer["closed_at"] == case.answer["received_at"]
    history = hub.get(f"/v1/cases/{case.id}/history", clerk)
    assert [node["action"] for node in history["nodes"]] == ["submit", "settle", "deliver"]
    assert [node["actor"] for node in history["nodes"]] == ["qian"] * 3
    assert history["verified"] is True


def test_an_instant_item_can_be_settled_now_and_handed_over_later(hub: Hub) -> None:
    clerk = staff("qian", NANMEN_WINDOW, "intake")
    case = hub.file(lodging(channel="window", finish={"result_number": "居登2026-2"}), clerk)
    assert (case.answer["state"], case.version) == ("completed", 2)
    assert hub.act(case, "deliver", clerk, {"handed_to": "applicant"}).json()["state"] == "delivered"


def test_an_instant_item_online_waits_for_the_window_on_the_same_day(hub: Hub) -> None:
    case = hub.file(lodging())
    assert (case.answer["state"], case.answer["deadlines"]["promised"]["day"]) == ("received", "2026-03-02")
    assert "settle" in case.answer["allowed_actions"]


def test_only_instant_items_at_the_window_are_finished_at_once(hub: Hub) -> None:
    finish = {"result_number": "1"}
    problem(hub.submit(lodging(finish=finish)), 422, "invalid_input", "finish")
    problem(hub.submit(hotel(channel="window", finish=finish), LI), 422, "invalid_input", "finish")


def test_a_finish_that_lacks_a_material_is_refused_as_a_whole(hub: Hub) -> None:
    clerk, before = staff("qian", NANMEN_WINDOW, "intake"), hub.sizes()
    body = lodging(channel="window", finish={"result_number": "1"}, materials=materials(2, m2="lacking"))
    problem(hub.submit(body, clerk), 422, "invalid_input", "materials.m2")
    assert hub.sizes() == before


def test_the_window_files_for_an_account_and_the_applicant_sees_the_case_as_theirs(hub: Hub) -> None:
    case = hub.file(permit(channel="window", applicant={**PERSON, "account": "zhang"}), LI)
    assert [row["case_id"] for row in hub.get("/v1/cases", ZHANG)["items"]] == [case.id]
    assert hub.ask("GET", f"/v1/cases/{case.id}", WU).status == 404


def test_an_applicant_without_an_account_is_known_by_document_only(hub: Hub) -> None:
    case = hub.file(permit(channel="window"), LI)
    assert hub.ask("GET", f"/v1/cases/{case.id}", citizen(ID_NUMBER)).status == 404
    assert hub.ask("GET", f"/v1/cases/{case.id}", citizen(f"resident_id:{ID_NUMBER}")).status == 404
    assert hub.get(f"/v1/cases/{case.id}", LI)["state"] == "received"


def test_nobody_files_in_the_name_of_another_account(hub: Hub) -> None:
    reply = hub.submit(permit(applicant={**PERSON, "account": "wu"}))
    problem(reply, 422, "invalid_input", "applicant.account")
    assert hub.submit(permit(applicant={**PERSON, "account": "zhang"})).status == 201


@pytest.mark.parametrize(
    ("who", "channel"),
    [(ZHANG, "window"), (LI, "mobile"), (LI, "web"), (LI, "kiosk"), (WANG, "window"), (POOL, "web"), (POOL, "window")],
)
def test_each_channel_is_for_those_who_use_it(who: dict[str, object], channel: str, hub: Hub) -> None:
    problem(hub.submit(hotel(channel=channel), who), 403, "forbidden")


@pytest.mark.parametrize("seat", [HAISHU, "3302030001", NANMEN, NANMEN_WINDOW])
def test_a_window_takes_in_for_its_own_county(seat: str, hub: Hub) -> None:
    case = hub.file(hotel(channel="window"), staff("clerk", seat, "intake"))
    assert case.answer["organisation"] == HAISHU


@pytest.mark.parametrize("seat", [JIANGBEI, WAITAN, HANGZHOU])
def test_a_window_elsewhere_takes_in_only_what_reaches_so_far(seat: str, hub: Hub) -> None:
    clerk = staff("clerk", seat, "intake")
    problem(hub.submit(hotel(channel="window"), clerk), 422, "invalid_input", "organisation")
    passport = permit(channel="window")
    passport |= {"item": "passport", "materials": hub_materials(hub, "passport")}
    case = hub.file(passport, clerk)  # 全省通办: anywhere in the province
    assert hub.get(f"/v1/cases/{case.id}", clerk)["case_id"] == case.id


def hub_materials(hub: Hub, item: str) -> list[dict[str, str]]:
    document = hub.get(f"/v1/items/{item}")["document"]
    return [{"code": m["code"], "medium": "paper"} for m in document["materials"]]


def test_every_active_item_can_be_filed_at_its_own_level(hub: Hub) -> None:
    seats = {"province": "330000", "city": "330200", "county": HAISHU, "station": NANMEN}
    items = hub.get("/v1/items?limit=100")["items"]
    assert len(items) >= 37
    for entry in items:
        document = entry["document"]
        seat = seats[document["levels"][0]]
        clerk = staff("clerk", seat, "intake")
        kind = document["subjects"][0]
        body = hotel() if kind == "organisation" else permit()
        body |= {"item": entry["id"], "organisation": seat, "channel": "window"}
        body |= {"materials": hub_materials(hub, entry["id"]), "delivery": {"way": document["delivery"][0]}}
        body["form"] = {"attendance": "1500", "shells": "10", "event_date": "2026-05-01"}  # for those that ask for it
        assert hub.submit(body, clerk).status == 201, entry["id"]


def test_an_observed_case_is_recorded_as_it_was_and_moved_by_the_pool_only(hub: Hub) -> None:
    body = observed("2025-11-03T10:00:00+08:00", "2025-12-01T23:59:59+08:00")
    case = hub.file(body, POOL)
    assert (case.id[6:8], case.id[8:14], case.answer["observed"]) == ("21", "251103", True)
    assert case.answer["received_at"] == "2025-11-03T10:00:00.000+08:00"
    assert case.answer["deadlines"]["promised"]["day"] == "2025-12-01"
    assert case.answer["allowed_actions"] == []
    step = {"observed": {"at": "2025-12-05T10:00:00+08:00", "actor": "clerk-2"}, "activity": "T02"}
    problem(hub.act(case, "accept", LI, step), 403, "forbidden")
    problem(hub.act(case, "grant", POOL), 403, "forbidden")
    assert hub.act(case, "complete", POOL, step).json()["state"] == "completed"  # guards do not refuse
    assert hub.get(f"/v1/cases/{case.id}", LI)["lights"] == {"promised": "missed"}


def test_only_a_pooling_system_files_observed_cases_and_only_of_the_past(hub: Hub) -> None:
    body = observed("2026-03-01T10:00:00+08:00", None)
    for who in (ZHANG, LI, SUN):
        problem(hub.submit(body, who), 403, "forbidden")
    ahead = (NINE + timedelta(minutes=1)).isoformat()
    problem(hub.submit(observed(ahead, None), POOL), 422, "invalid_input", "observed.at")
