"""Who acts for whom: agents with an authority on record, staff with the applicant before them, notices told at once,
silence that is a grant. Through the door; each test names its article."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.conftest import Filed, Hub, problem
from tests.support.town import (
    ACCEPT,
    COMPLETE,
    CORRECT,
    GRANT,
    LI,
    NAME,
    NOTE,
    PHONE,
    PUBLISHER,
    REVIEW,
    SUN,
    SUPPLEMENT,
    WANG,
    WU,
    ZHANG,
    ZHAO,
    Body,
    hotel,
    lodging,
    materials,
    staff,
)

DAY = 86_400
AGENT_NUMBER = "110105199003073715"[:17]


def agent(*may: str, **changes: Any) -> Body:
    """Somebody who files for another, with the number of the letter that says so."""
    person = {"name": "某代理", "id_type": "passport", "id_number": "E12345678", "phone": PHONE}
    return {**person, "authority": "授权书2026-1", "may": list(may), **changes}


def by_agent(*may: str, **changes: Any) -> Body:
    """A hotel licence that an agent files."""
    return hotel(agent=agent(*may, **changes))


def decided(hub: Hub, body: Body) -> Filed:
    """A case filed by Wu as agent, with its result made."""
    return hub.life(hub.file(body, WU), ACCEPT, REVIEW, GRANT, COMPLETE)


# 代理


def test_an_agent_files_supplies_and_collects_within_the_authority_civil_code_art_165(hub: Hub) -> None:
    body = by_agent("file", "collect")
    body["materials"] = materials(5, m2="lacking")
    case = hub.life(hub.file(body, WU), CORRECT, ("supplement", WU, SUPPLEMENT[2]))
    node = hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"][2]
    assert (node["action"], node["actor"]) == ("supplement", "agent")  # which of the two it was, and no name
    problem(hub.act(case, "withdraw", WU, {"reason": NOTE}), 403, "forbidden")  # not within it
    hub.life(case, ACCEPT, REVIEW, GRANT, COMPLETE, ("deliver", ZHAO, {"handed_to": "agent"}))


def test_what_an_agent_filed_is_not_the_agents_own_case(hub: Hub) -> None:
    case = hub.file(by_agent("file"), WU)
    assert hub.get(f"/v1/cases/{case.id}", WU)["state"] == "received"
    assert hub.get(f"/v1/cases/{case.id}/dossier", WU)["document"]["agent"]["authority"] == "授权书2026-1"
    assert hub.get("/v1/cases", WU)["items"] == []
    problem(hub.ask("GET", f"/v1/cases/{case.id}", ZHANG), 404, "not_found")


def test_an_authority_ends_with_its_last_day_civil_code_art_173(hub: Hub) -> None:
    case = hub.life(hub.file(by_agent("file", "withdraw", until="2026-03-03"), WU))
    hub.cloud.advance(2 * DAY)
    problem(hub.act(case, "withdraw", WU, {"reason": NOTE}), 404, "not_found")
    problem(hub.ask("GET", f"/v1/cases/{case.id}", WU), 404, "not_found")


def test_an_agent_without_an_authority_collects_nothing_civil_code_art_165(hub: Hub) -> None:
    case = decided(hub, by_agent("file"))
    refused = problem(hub.act(case, "deliver", ZHAO, {"handed_to": "agent"}), 422, "invalid_input", "authority")
    assert refused["errors"][0]["code"] == "authority_needed"
    hub.life(case, ("deliver", ZHAO, {"handed_to": "agent", "authority": "委托书2026-9"}))
    shown = hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"][-1]
    assert shown["evidence"]["authority"] == "委托书2026-9"


def test_an_instant_item_is_handed_to_an_agent_with_an_authority_only(hub: Hub) -> None:
    window = staff("qian", "3302030101", "intake")
    finish = {"result_number": "甬居字1号", "handed_to": "agent"}
    body = lodging(channel="window", finish=finish)
    problem(hub.submit(body, window), 422, "invalid_input", "authority")
    filed = hub.file({**body, "finish": {**finish, "authority": "委托书2026-3"}}, window)
    assert filed.answer["state"] == "delivered"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (by_agent("collect"), "agent.may"),
        (by_agent("file", until="2026-03-01"), "agent.until"),
        (by_agent("file", account="somebody-else"), "agent.account"),
        (by_agent("file", id_type="resident_id", id_number=AGENT_NUMBER + "0"), "agent.id_number"),
        (by_agent("file", phone="123"), "agent.phone"),
        (by_agent(), "agent.may"),
        (by_agent("everything"), "agent.may.0"),
    ],
)
def test_an_agent_whose_authority_does_not_hold_is_refused_by_field(body: Body, field: str, hub: Hub) -> None:
    problem(hub.submit(body, WU), 422, "invalid_input", field)


def test_an_agent_does_not_lend_the_applicant_an_account(hub: Hub) -> None:
    body = by_agent("file")
    body["applicant"] = {**body["applicant"], "account": "zhang"}
    problem(hub.submit(body, WU), 422, "invalid_input", "applicant.account")


def test_an_agent_is_masked_nowhere_because_it_is_shown_nowhere(hub: Hub) -> None:
    case = hub.file(by_agent("file"), WU)
    for path in ("", "/history", "/deadline"):
        text = hub.ask("GET", f"/v1/cases/{case.id}{path}", LI).body.decode()
        assert "某代理" not in text
        assert "E12345678" not in text
        assert NAME not in text


# 窗口


def test_window_staff_withdraw_or_supply_only_with_somebody_present(hub: Hub) -> None:
    case = hub.life(hub.file(hotel(materials=materials(5, m2="lacking"))), CORRECT)
    supplied = SUPPLEMENT[2]
    problem(hub.act(case, "supplement", SUN, supplied), 422, "invalid_input", "present")
    hub.life(case, ("supplement", SUN, {**supplied, "present": "applicant"}))
    problem(hub.act(case, "withdraw", SUN, {"reason": NOTE}), 422, "invalid_input", "present")
    hub.life(case, ("withdraw", SUN, {"reason": NOTE, "present": "letter"}))
    shown = hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"]
    assert [n["evidence"].get("present") for n in shown[2:]] == ["applicant", "letter"]


# 一次性告知


def test_a_notice_names_all_that_is_missing_whatever_was_typed_art_32_4(hub: Hub) -> None:
    body = hotel(materials=materials(5, m2="lacking", m4="lacking"))
    case = hub.life(hub.file(body), ("correct", LI, {"notice": "请补交", "corrections": ["m1"]}))
    node = hub.get(f"/v1/cases/{case.id}/history", ZHANG)["nodes"][1]
    assert node["evidence"]["corrections"] == ["m1", "m2", "m4"]
    unknown = {"notice": "请补交", "corrections": ["m99"]}
    reply = hub.act(hub.file(body), "correct", LI, unknown)
    assert problem(reply, 422, "invalid_input")["errors"][0]["code"] == "unknown_material"


def test_a_second_notice_of_correction_is_flagged_art_32_4(hub: Hub) -> None:
    case = hub.life(hub.file(hotel(materials=materials(5, m2="lacking"))), CORRECT)
    assert case.answer["flags"] == []
    hub.life(case, SUPPLEMENT, CORRECT)
    assert case.answer["flags"] == ["second_notice"]
    hub.life(case, SUPPLEMENT, ACCEPT)
    assert hub.get(f"/v1/cases/{case.id}", WANG)["flags"] == ["second_notice"]


# 视为准予


def published(hub: Hub, id: str, **changes: Any) -> None:
    """An item of its own, otherwise like the hotel licence."""
    document = hub.get("/v1/items/hotel-licence")["document"]
    document = {**document, "on_site_check": False, "separation": [["accept", "grant"]], **changes}
    reply = hub.ask("PUT", f"/v1/items/{id}", PUBLISHER, document)
    assert reply.status == 201, reply.body.decode()


ASSEMBLY = {
    "silence": "deemed_grant",
    "lead_time": {"limit": 5, "unit": "calendar_day", "basis": "集会游行示威法 art. 8"},
    "event": {
        "field": "event_date",
        "name": {"zh": "举行日期", "en": "the day of the assembly"},
        "decide": {"limit": 2, "unit": "calendar_day", "basis": "集会游行示威法 art. 9"},
    },
}
RENEWAL = {
    "silence": "deemed_grant",
    "lead_time": {"limit": 30, "unit": "calendar_day", "basis": "行政许可法 art. 50"},
    "event": {
        "field": "valid_until",
        "name": {"zh": "许可有效期届满日", "en": "the last day of the licence"},
        "decide": {"limit": 0, "unit": "calendar_day", "basis": "行政许可法 art. 50"},
    },
}


def test_no_decision_two_days_before_an_assembly_is_a_grant_assembly_law_art_9(hub: Hub) -> None:
    published(hub, "assembly", **ASSEMBLY)
    body = hotel(item="assembly", form={"event_date": "2026-03-12"})
    case = hub.life(hub.file(body), ACCEPT, ("review", WANG, {"note": NOTE}))
    assert case.answer["deadlines"]["statutory"]["day"] == "2026-03-10"  # and not twenty working days on
    hub.cloud.advance(8 * DAY)
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] is None  # the day itself is in time
    hub.cloud.advance(DAY)
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] == "granted"
    refused = problem(hub.act(case, "deny", WANG, {"reason": NOTE, "remedy": NOTE}), 422, "invalid_input")
    assert refused["errors"][0]["code"] == "deemed_granted"
    hub.life(case, ("grant", WANG, {"note": "逾期未作决定，视为许可"}))
    node = hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"][-1]
    assert node["evidence"]["deemed_since"].startswith("2026-03-10T23:59:59")  # what silence said, recorded
    assert case.answer["deadlines"]["stage"]["day"] == "2026-03-24"  # art. 44: ten working days from then


def test_a_renewal_is_asked_thirty_days_before_and_deemed_given_at_the_end_art_50(hub: Hub) -> None:
    published(hub, "hotel-renewal", **RENEWAL)
    late = hub.submit(hotel(item="hotel-renewal", form={"valid_until": "2026-03-31"}))
    assert problem(late, 422, "invalid_input")["errors"][0]["code"] == "too_late"
    body = hotel(item="hotel-renewal", form={"valid_until": "2026-04-01"})
    case = hub.life(hub.file(body), ACCEPT)
    hub.cloud.advance(29 * DAY)  # 2026-03-31: past twenty working days, and overdue
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] is None
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["lights"]["statutory"] == "red"
    hub.cloud.advance(2 * DAY)
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] == "granted"


def test_a_pause_does_not_move_the_event_art_50(hub: Hub) -> None:
    published(hub, "hotel-renewal", **RENEWAL)
    case = hub.life(hub.file(hotel(item="hotel-renewal", form={"valid_until": "2026-04-01"})), ACCEPT)
    paused = {"pause_class": "hearing", "reason": NOTE, "notice": NOTE, "days": 60}
    hub.life(case, ("suspend", WANG, paused))
    assert case.answer["deadlines"]["statutory"]["day"] == "2026-04-01"
    clocks = hub.get(f"/v1/cases/{case.id}/deadline", LI)["clocks"]
    (statutory,) = [clock for clock in clocks if clock["clock"] == "statutory"]
    assert (statutory["days"][-1]["day"], statutory["days"][-1]["reason"]) == ("2026-04-01", "event")


@pytest.mark.parametrize(
    "change",
    [
        {"silence": "deemed_grant"},
        {**ASSEMBLY, "procedure": "instant@1", "form": "instant"},
        {"event": {**ASSEMBLY["event"], "decide": {"limit": 2, "unit": "working_day"}}},  # type: ignore[dict-item]
    ],
)
def test_silence_speaks_only_where_the_law_names_a_day(change: Body, hub: Hub) -> None:
    document = hub.get("/v1/items/hotel-licence")["document"]
    reply = hub.ask("PUT", "/v1/items/hotel-licence", PUBLISHER, {**document, **change})
    problem(reply, 422, "invalid_input")


def test_elsewhere_silence_is_only_late(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(60 * DAY)
    found = hub.get(f"/v1/cases/{case.id}", ZHANG)
    assert (found["deemed"], found["lights"]["statutory"]) == (None, "red")
