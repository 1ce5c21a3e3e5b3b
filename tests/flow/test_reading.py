"""Reading one case: what it says, its deadlines explained, who may see what, public progress."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.flow.conftest import Hub, problem
from tests.support.town import (
    ACCEPT,
    ARCHIVE,
    COMPLETE,
    DELIVER,
    GRANT,
    HAISHU,
    HAISHU_WINDOW,
    HANGZHOU,
    JIANGBEI,
    LI,
    NANMEN,
    NANMEN_WINDOW,
    NINGBO,
    NOTE,
    POOL,
    REVIEW,
    SUSPEND,
    WAITAN,
    WANG,
    WU,
    ZHANG,
    ZHAO,
    ZHEJIANG,
    hotel,
    staff,
)

ROUTES = ("", "/history", "/deadline", "/dossier?purpose=handling")


def test_a_case_as_it_stands(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    reply = hub.ask("GET", f"/v1/cases/{case.id}", ZHANG)
    answer = reply.json()
    assert reply.headers["etag"] == '"2"'
    assert (answer["state"], answer["state_name"]["zh"]) == ("accepted", "已受理")
    assert answer["item"] == {
        "id": "hotel-licence",
        "version": 1,
        "name": {"zh": "旅馆业特种行业许可证核发", "en": "Special-trade licence for hotels"},
    }
    assert answer["lights"] == {"promised": "green", "statutory": "green"}
    assert {name: due["day"] for name, due in answer["deadlines"].items()} == {
        "promised": "2026-03-09",
        "statutory": "2026-03-30",
    }


@pytest.mark.parametrize(
    ("hours", "light"), [(0, "green"), (24 * 4, "yellow"), (24 * 7 + 14, "yellow"), (24 * 7 + 15, "red")]
)
def test_lights_follow_the_clock(hours: int, light: str, hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(hours * 3600)
    assert hub.get(f"/v1/cases/{case.id}", LI)["lights"]["promised"] == light


def test_a_deadline_is_explained_day_by_day(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    clocks = {each["clock"]: each for each in hub.get(f"/v1/cases/{case.id}/deadline", ZHANG)["clocks"]}
    promised, statutory = clocks["promised"], clocks["statutory"]
    assert [(row["day"], row["counted"], row["number"], row["reason"]) for row in promised["days"][:2]] == [
        ("2026-03-02", False, None, "start_day"),
        ("2026-03-03", True, 1, "working"),
    ]
    assert promised["days"][-1]["day"] == promised["deadline"]["day"] == "2026-03-09"
    assert [row["number"] for row in promised["days"] if row["counted"]] == [1, 2, 3, 4, 5]
    assert (statutory["limit"], statutory["unit"]) == (20, "working_day")
    assert "行政许可法" in statutory["basis"]
    assert all(row["text"]["zh"] and row["text"]["en"] for row in promised["days"])


def test_a_pause_is_in_the_explanation_with_its_class(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, SUSPEND)
    hub.cloud.advance(3 * 86_400)
    hub.life(case, ("resume", WANG, {"note": NOTE}))
    clocks = {each["clock"]: each for each in hub.get(f"/v1/cases/{case.id}/deadline", LI)["clocks"]}
    (pause,) = clocks["statutory"]["pauses"]
    assert (pause["kind"], pause["name"]["zh"]) == ("hearing", "听证")
    assert "paused" in {row["reason"] for row in clocks["statutory"]["days"]}


@pytest.mark.parametrize(
    ("seat", "sees"),
    [
        (HAISHU, True),
        (HAISHU_WINDOW, True),
        (NINGBO, True),
        (ZHEJIANG, True),
        (JIANGBEI, False),
        (HANGZHOU, False),
        (NANMEN, False),
        (NANMEN_WINDOW, False),
        (WAITAN, False),
    ],
)
def test_staff_see_the_cases_of_their_organisation_and_below(seat: str, sees: bool, hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    somebody = staff("somebody", seat, "intake", "review", "delivery")
    for route in ROUTES:
        reply = hub.ask("GET", f"/v1/cases/{case.id}{route}", somebody)
        if sees:
            assert reply.status == 200, route
        else:
            problem(reply, 404, "not_found")


@pytest.mark.parametrize("seat", [NINGBO, ZHEJIANG, "3302000001"])
def test_those_above_see_and_do_not_act(seat: str, hub: Hub) -> None:
    case = hub.file()
    problem(hub.act(case, "accept", staff("boss", seat, "intake"), {"note": NOTE}), 403, "forbidden")


def test_the_window_of_the_centre_acts_in_its_name(hub: Hub) -> None:
    case = hub.file()
    hub.life(case, ("accept", staff("sun", HAISHU_WINDOW, "intake"), {"note": NOTE}))
    refused = hub.act(case, "review", staff("lu", HAISHU_WINDOW, "review", lines=("traffic",)), {"note": NOTE})
    problem(refused, 403, "forbidden")  # another service line


def test_a_place_that_took_a_case_in_goes_on_seeing_it(hub: Hub) -> None:
    clerk = staff("qian", NANMEN_WINDOW, "intake")
    case = hub.life(hub.file(hotel(channel="window"), clerk), ACCEPT)
    assert hub.get(f"/v1/cases/{case.id}", clerk)["state"] == "accepted"
    assert hub.ask("GET", f"/v1/cases/{case.id}", staff("lu", "33020302", "intake")).status == 404
    problem(hub.act(case, "accept", clerk, {"note": NOTE}), 409, "action_not_allowed")


@pytest.mark.parametrize("route", ROUTES)
def test_another_persons_case_is_not_found_like_one_that_is_not_there(route: str, hub: Hub) -> None:
    case = hub.file()
    theirs = hub.ask("GET", f"/v1/cases/{case.id}{route}", WU)
    nobodys = hub.ask("GET", f"/v1/cases/{case.id[:-7]}0000000{route}", WU)
    assert problem(theirs, 404, "not_found") == problem(nobodys, 404, "not_found")
    assert hub.ask("GET", f"/v1/cases/{case.id}{route}", ZHANG).status == 200


def test_a_staff_member_is_not_the_applicant_of_the_same_name(hub: Hub) -> None:
    case = hub.file()
    namesake = staff("zhang", JIANGBEI, "intake")
    for route in ROUTES:
        problem(hub.ask("GET", f"/v1/cases/{case.id}{route}", namesake), 404, "not_found")


@pytest.mark.parametrize("post", ["guidance", "operations", "analysis"])
def test_the_dossier_is_for_those_who_work_on_the_case(post: str, hub: Hub) -> None:
    case = hub.file()
    problem(hub.ask("GET", f"/v1/cases/{case.id}/dossier", staff("x", HAISHU, post)), 403, "forbidden")
    assert hub.ask("GET", f"/v1/cases/{case.id}", staff("x", HAISHU, post)).status == 200


def test_the_dossier_is_not_for_systems(hub: Hub) -> None:
    case = hub.file()
    problem(hub.ask("GET", f"/v1/cases/{case.id}/dossier", POOL), 403, "forbidden")


def test_progress_is_public_to_whoever_holds_the_receipt(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, REVIEW, GRANT, COMPLETE, DELIVER, ARCHIVE)
    reply = hub.ask("POST", "/v1/progress", None, {"case_id": case.id, "code": case.code.lower()})
    answer = reply.json()
    assert (answer["state"], answer["result"], answer["state_name"]["en"]) == ("archived", "granted", "Archived")
    assert [step["action"] for step in answer["steps"]][:3] == ["submit", "accept", "review"]
    assert set(answer["steps"][0]) == {"action", "name", "at"}


def test_a_wrong_code_and_a_wrong_number_are_told_apart_by_nobody(hub: Hub) -> None:
    case = hub.file()
    other = case.id[:-1] + ("0" if case.id[-1] != "0" else "1")
    code = case.code[:-1] + ("A" if case.code[-1] != "A" else "B")
    replies = [
        hub.ask("POST", "/v1/progress", None, {"case_id": id, "code": given})
        for id, given in ((case.id, code), (other, case.code), (other, code))
    ]
    documents = [problem(reply, 404, "not_found") for reply in replies]
    assert documents[0] == documents[1] == documents[2]
    assert len({reply.body for reply in replies}) == 1


def test_a_deadline_tells_when_it_was_missed(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.set_clock(hub.cloud.now() + timedelta(days=60))
    hub.life(case, REVIEW, GRANT, COMPLETE)
    assert hub.get(f"/v1/cases/{case.id}", ZHAO)["lights"]["statutory"] == "missed"
