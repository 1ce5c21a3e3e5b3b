"""Cases that pass through more than one organisation: two levels, transfer, delegation, joint centres.

Through the door; each test names its article.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.conftest import Filed, Hub, problem
from tests.support.town import (
    ACCEPT,
    DELIVER,
    GRANT,
    HAISHU,
    HAISHU_WINDOW,
    HANGZHOU,
    JIANGBEI,
    LI,
    NANMEN,
    NINGBO,
    NOTE,
    PUBLISHER,
    REVIEW,
    WANG,
    ZHANG,
    ZHEJIANG,
    Body,
    Identity,
    Step,
    hotel,
    materials,
    staff,
)

DAY = 86_400
CITY_INTAKE, CITY_REVIEW = staff("ningbo-1", NINGBO, "intake"), staff("ningbo-2", NINGBO, "review")
CITY_DELIVERY = staff("ningbo-3", NINGBO, "delivery")
PROVINCE = staff("zj-1", ZHEJIANG, "review")
JIANGBEI_REVIEW = staff("jb-2", JIANGBEI, "review")

GUARDS_LICENCE = hotel(item="security-company-licence", organisation=NINGBO, form={"name": "某保安公司"})
FORWARDED: tuple[Step, ...] = (
    ("accept", CITY_INTAKE, {"note": NOTE}),
    ("review", CITY_REVIEW, {"note": NOTE}),
    ("forward", CITY_REVIEW, {"note": "初审同意，报省厅决定"}),
)
TO_JIANGBEI: Body = {"to_organisation": JIANGBEI, "reason": "经营场所在江北区", "notice": "已告知申请人"}
DELEGATION: Body = {
    "item": "hotel-licence",
    "delegator": HAISHU,
    "delegate": NANMEN,
    "since": "2026-03-02",
    "until": "2026-03-10",
    "document": "海公委〔2026〕1号",
}


def waits_at(hub: Hub, case: Filed, org: str, who: Identity, query: str = "") -> bool:
    """Whether the case stands in this organisation's queue."""
    rows = hub.get(f"/v1/desk?org={org}{query}", who)["items"]
    return case.id in {row["case_id"] for row in rows}


# 两级办理


def test_the_lower_organ_reviews_within_its_own_limit_and_the_upper_decides_art_35_43(hub: Hub) -> None:
    case = hub.life(hub.file(GUARDS_LICENCE), FORWARDED[0])
    assert case.answer["deadlines"]["stage"]["day"] == "2026-03-23"  # fifteen working days of the city's own
    assert case.answer["deadlines"]["statutory"]["day"] == "2026-04-14"  # thirty in all
    hub.life(case, *FORWARDED[1:])
    assert (case.answer["state"], case.answer["handler"], case.answer["holder"]) == ("forwarded", NINGBO, ZHEJIANG)
    assert "stage" not in case.answer["deadlines"]
    assert waits_at(hub, case, ZHEJIANG, PROVINCE)
    assert not waits_at(hub, case, NINGBO, CITY_REVIEW)
    problem(hub.act(case, "grant", CITY_REVIEW, {"note": NOTE}), 403, "forbidden")
    hub.life(case, ("grant", PROVINCE, {"note": NOTE}), ("complete", PROVINCE, {"result_number": "浙公保字第1号"}))
    assert case.answer["holder"] == NINGBO  # whoever took it in hands it over
    hub.life(case, ("deliver", CITY_DELIVERY, {"handed_to": "applicant"}))
    assert hub.get(f"/v1/cases/{case.id}/history", CITY_REVIEW)["verified"]


def test_the_lower_organ_does_not_decide_art_35(hub: Hub) -> None:
    case = hub.life(hub.file(GUARDS_LICENCE), *FORWARDED[:2])
    refused = problem(hub.act(case, "grant", CITY_REVIEW, {"note": NOTE}), 422, "invalid_input")
    assert refused["errors"][0]["code"] == "decided_above"


def test_the_upper_organ_cannot_ask_the_applicant_for_materials_again_art_35(hub: Hub) -> None:
    case = hub.life(hub.file(GUARDS_LICENCE), *FORWARDED)
    refused = problem(hub.act(case, "correct", PROVINCE, {"notice": "请再交一份"}), 409, "action_not_allowed")
    assert {"correct", "supplement"}.isdisjoint(refused["allowed_actions"])
    on_file = [m["present"] for m in hub.get(f"/v1/cases/{case.id}", PROVINCE)["materials"]]
    assert all(on_file)  # they came up with the case


def test_what_the_upper_organ_returns_is_reviewed_within_the_lower_ones_limit_still_art_43(hub: Hub) -> None:
    case = hub.life(hub.file(GUARDS_LICENCE), *FORWARDED)
    hub.cloud.advance(3 * DAY)
    hub.life(case, ("return", PROVINCE, {"reason": "请补充审查意见"}))
    assert (case.answer["state"], case.answer["holder"]) == ("accepted", NINGBO)
    assert case.answer["deadlines"]["stage"]["day"] == "2026-03-23"


def test_an_item_of_one_level_is_not_passed_up(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, REVIEW)
    refused = problem(hub.act(case, "forward", WANG, {"note": NOTE}), 422, "invalid_input")
    assert refused["errors"][0]["code"] == "no_upper_level"


@pytest.mark.parametrize(
    "change",
    [
        {"two_level": {"review": "province", "decide": "city"}},
        {"two_level": {"review": "city", "decide": "city"}},
        {"levels": ["city", "county"]},
        {"procedure": "instant@1", "form": "instant"},
    ],
)
def test_an_item_whose_two_levels_do_not_hold_is_not_published(change: Body, hub: Hub) -> None:
    document = hub.get("/v1/items/security-company-licence")["document"]
    reply = hub.ask("PUT", "/v1/items/security-company-licence", PUBLISHER, {**document, **change})
    problem(reply, 422, "invalid_input")


# 移送承办


def test_a_transferred_case_is_handled_elsewhere_and_its_clocks_run_on(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    due = case.answer["deadlines"]
    hub.life(case, ("transfer", WANG, TO_JIANGBEI))
    assert (case.answer["handler"], case.answer["holder"], case.answer["organisation"]) == (JIANGBEI, JIANGBEI, HAISHU)
    assert case.answer["deadlines"] == due
    assert waits_at(hub, case, JIANGBEI, JIANGBEI_REVIEW)
    assert not waits_at(hub, case, HAISHU, WANG)
    problem(hub.act(case, "review", WANG, REVIEW[2]), 403, "forbidden")
    hub.life(case, ("review", JIANGBEI_REVIEW, REVIEW[2]), ("grant", JIANGBEI_REVIEW, {"note": NOTE}))
    history = hub.get(f"/v1/cases/{case.id}/history", LI)  # who handed it on still sees what became of it
    out = history["nodes"][2]
    assert (out["action"], out["evidence"]["to_organisation"]) == ("transfer", JIANGBEI)


def test_a_case_may_go_to_another_line_of_the_same_organisation(hub: Hub) -> None:
    traffic = staff("traffic-1", HAISHU, "review", lines=("traffic",))
    case = hub.life(hub.file(), ACCEPT)
    problem(hub.act(case, "review", traffic, REVIEW[2]), 403, "forbidden")
    told = {"to_line": "traffic", "reason": "属交管业务", "notice": "已告知"}
    hub.life(case, ("transfer", WANG, told))
    assert (case.answer["line"], case.answer["holder"]) == ("traffic", HAISHU)
    problem(hub.act(case, "review", WANG, REVIEW[2]), 403, "forbidden")
    hub.life(case, ("review", traffic, REVIEW[2]))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "nobody_to_transfer_to"),
        ({"to_organisation": HAISHU}, "nobody_to_transfer_to"),
        ({"to_organisation": NINGBO}, "wrong_level"),
        ({"to_organisation": "339999"}, "unknown_organisation"),
    ],
)
def test_a_transfer_to_nobody_in_particular_is_refused(body: Body, code: str, hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    reply = hub.act(case, "transfer", WANG, {"reason": NOTE, "notice": NOTE, **body})
    assert problem(reply, 422, "invalid_input")["errors"][0]["code"] == code


def test_no_other_step_names_a_receiver(hub: Hub) -> None:
    case = hub.file()
    reply = hub.act(case, "accept", LI, {"note": NOTE, "to_organisation": JIANGBEI})
    assert problem(reply, 422, "invalid_input", "to_organisation")["errors"][0]["code"] == "not_here"


# 委托


def delegated(hub: Hub, **changes: Any) -> None:
    reply = hub.ask("PUT", "/v1/delegations/hotel-nanmen", PUBLISHER, {**DELEGATION, **changes})
    assert reply.status in (200, 201), reply.body.decode()


NANMEN_INTAKE = staff("nm-1", NANMEN, "intake")


def test_a_delegate_acts_within_the_term_and_no_longer_art_24(hub: Hub) -> None:
    early, late = hub.file(), hub.file()
    problem(hub.act(early, "accept", NANMEN_INTAKE, {"note": NOTE}), 404, "not_found")
    delegated(hub)
    assert waits_at(hub, early, HAISHU, NANMEN_INTAKE, "&item=hotel-licence")
    hub.life(early, ("accept", NANMEN_INTAKE, {"note": NOTE}))
    node = hub.get(f"/v1/cases/{early.id}/history", LI)["nodes"][1]
    assert node["evidence"]["seat"] == NANMEN  # in whose name it was done can be read
    hub.cloud.advance(8 * DAY)  # 2026-03-10, the last day
    hub.life(hub.file(), ("accept", NANMEN_INTAKE, {"note": NOTE}))
    hub.cloud.advance(DAY)
    problem(hub.act(late, "accept", NANMEN_INTAKE, {"note": NOTE}), 404, "not_found")
    problem(hub.ask("GET", f"/v1/desk?org={HAISHU}&item=hotel-licence", NANMEN_INTAKE), 403, "forbidden")


def test_a_delegation_is_for_one_item_and_can_be_ended_early_art_24(hub: Hub) -> None:
    delegated(hub)
    other = hub.file(hotel(item="explosives-purchase-permit", materials=materials(4)))
    problem(hub.act(other, "accept", NANMEN_INTAKE, {"note": NOTE}), 404, "not_found")
    problem(hub.ask("GET", f"/v1/desk?org={HAISHU}", NANMEN_INTAKE), 403, "forbidden")
    problem(hub.ask("GET", f"/v1/desk?org={HAISHU}&item=explosives-purchase-permit", NANMEN_INTAKE), 403, "forbidden")
    delegated(hub, status="retired")
    problem(hub.act(hub.file(), "accept", NANMEN_INTAKE, {"note": NOTE}), 404, "not_found")
    assert [e["document"]["delegate"] for e in hub.get("/v1/delegations")["items"]] == [NANMEN]  # public, ended too


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"item": "no-such-item"}, "item"),
        ({"delegate": HAISHU}, "delegate"),
        ({"delegate": "339999"}, "delegate"),
        ({"delegate": HAISHU_WINDOW}, "delegate"),
        ({"delegator": NINGBO}, "delegator"),
        ({"until": "2026-03-01"}, "until"),
    ],
)
def test_a_delegation_that_does_not_hold_is_not_published_art_24(change: Body, field: str, hub: Hub) -> None:
    reply = hub.ask("PUT", "/v1/delegations/hotel-nanmen", PUBLISHER, {**DELEGATION, **change})
    problem(reply, 422, "invalid_input", field)


# 市县联合办公


def test_a_joint_centre_shares_reception_and_not_decisions(hub: Hub) -> None:
    case = hub.file()
    problem(hub.act(case, "accept", CITY_INTAKE, {"note": NOTE}), 403, "forbidden")
    document = hub.get(f"/v1/organisations/{NINGBO}")["document"]
    assert hub.ask("PUT", f"/v1/organisations/{NINGBO}", PUBLISHER, {**document, "joint": [HAISHU]}).status == 201
    hub.life(case, ("accept", CITY_INTAKE, {"note": NOTE}), REVIEW)
    problem(hub.act(case, "grant", CITY_REVIEW, {"note": NOTE}), 403, "forbidden")
    hub.life(case, GRANT, ("complete", WANG, {"result_number": "甬海公特旅字第1号"}))
    hub.life(case, ("deliver", CITY_DELIVERY, {"handed_to": "applicant"}))
    county = hub.life(hub.file(GUARDS_LICENCE), ("accept", LI, {"note": NOTE}))  # and the county for the city
    assert waits_at(hub, county, NINGBO, LI)


@pytest.mark.parametrize("partner", [HANGZHOU, "339999", HAISHU])
def test_a_centre_is_joint_with_its_neighbours_only(partner: str, hub: Hub) -> None:
    document = hub.get(f"/v1/organisations/{HAISHU}")["document"]
    reply = hub.ask("PUT", f"/v1/organisations/{HAISHU}", PUBLISHER, {**document, "joint": [NINGBO, partner]})
    problem(reply, 422, "invalid_input", "joint")


# 一人多岗


def test_who_has_several_posts_is_held_apart_case_by_case(hub: Hub) -> None:
    versatile = staff("many", HAISHU, "intake", "review", "delivery")
    accepted_by_li, accepted_by_many = hub.file(), hub.file()
    hub.life(accepted_by_li, ACCEPT, REVIEW, ("grant", versatile, {"note": NOTE}))
    hub.life(accepted_by_many, ("accept", versatile, {"note": NOTE}), REVIEW)
    problem(hub.act(accepted_by_many, "grant", versatile, {"note": NOTE}), 403, "same_person")


def test_the_applicant_follows_a_case_wherever_it_goes(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, ("transfer", WANG, TO_JIANGBEI))
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["holder"] == JIANGBEI
    assert DELIVER[0] not in case.answer["allowed_actions"]
