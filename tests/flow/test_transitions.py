"""Steps through the door: whole lives of cases, what each step demands, versions, four eyes, the verified history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import boto3
import pytest

from tests.flow.conftest import NINE, Hub, problem
from tests.support.town import (
    ACCEPT,
    ARCHIVE,
    COMPLETE,
    CORRECT,
    DELIVER,
    GRANT,
    HAISHU,
    LI,
    LONG,
    NANMEN_WINDOW,
    NOTE,
    RESUME,
    REVIEW,
    SUPPLEMENT,
    SUSPEND,
    TWO,
    WANG,
    WHOLE,
    ZHANG,
    ZHAO,
    Identity,
    Step,
    hotel,
    materials,
    staff,
)

LACKING = materials(5, m2="lacking")
RESULT = {"reason": NOTE, "remedy": "可自收到之日起六十日内申请行政复议"}
LIVES: dict[str, tuple[tuple[Step, ...], str | None]] = {
    "granted": (WHOLE, "granted"),
    "corrected": ((CORRECT, SUPPLEMENT, *WHOLE), "granted"),
    "suspended": ((ACCEPT, SUSPEND, RESUME, *WHOLE[1:]), "granted"),
    "returned": ((ACCEPT, REVIEW, ("return", WANG, {"reason": NOTE}), *WHOLE[1:]), "granted"),
    "denied": ((ACCEPT, REVIEW, ("deny", WANG, RESULT), ("complete", ZHAO, {}), DELIVER, ARCHIVE), "denied"),
    "refused": ((("refuse", LI, RESULT), ARCHIVE), "refused"),
    "not ours": (
        (("not_ours", LI, {"reason": NOTE, "competent_authority": "海曙区市场监督管理局"}), ARCHIVE),
        "not_ours",
    ),
    "withdrawn": ((("withdraw", ZHANG, {"reason": "不再办理"}), ARCHIVE), "withdrawn"),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_case_goes_from_intake_to_archive(name: str, hub: Hub) -> None:
    steps, result = LIVES[name]
    case = hub.life(hub.file(hotel(materials=LACKING) if name == "corrected" else hotel()), *steps)
    assert (case.answer["state"], case.answer["result"], case.answer["allowed_actions"]) == ("archived", result, [])
    assert case.version == len(steps) + 1
    history = hub.get(f"/v1/cases/{case.id}/history", ZHAO)
    assert [node["action"] for node in history["nodes"]] == ["submit", *(action for action, _, _ in steps)]
    assert (history["verified"], history["broken_at"]) == (True, None)
    assert hub.get(f"/v1/desk?org={HAISHU}", ZHAO)["items"] == []


DEMANDS: dict[str, tuple[tuple[Step, ...], str, Identity, set[str]]] = {
    "refuse": ((), "refuse", LI, {"reason", "remedy"}),
    "not_ours": ((), "not_ours", LI, {"reason", "competent_authority"}),
    "correct": ((), "correct", LI, {"notice"}),
    "notify": ((), "notify", LI, {"notice"}),
    "withdraw": ((), "withdraw", ZHANG, {"reason"}),
    "supplement": ((CORRECT,), "supplement", ZHANG, {"materials"}),
    "return": ((ACCEPT, REVIEW), "return", WANG, {"reason"}),
    "deny": ((ACCEPT, REVIEW), "deny", WANG, {"reason", "remedy"}),
    "suspend": ((ACCEPT,), "suspend", WANG, {"pause_class", "reason", "notice", "days"}),
    "resume": ((ACCEPT, SUSPEND), "resume", WANG, {"note"}),
    "complete": ((ACCEPT, REVIEW, GRANT), "complete", ZHAO, {"result_number"}),
    "deliver": ((ACCEPT, REVIEW, GRANT, COMPLETE), "deliver", ZHAO, {"handed_to"}),
}


@pytest.mark.parametrize("action", DEMANDS)
def test_demanded_evidence_is_demanded(action: str, hub: Hub) -> None:
    before, action, who, fields = DEMANDS[action]
    case = hub.life(hub.file(), *before)
    refused = problem(hub.act(case, action, who), 422, "invalid_input")
    assert {error["field"] for error in refused["errors"]} == fields


def test_an_extension_demands_days_reason_approver_and_notice_and_is_given_once(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    told = {"days": 5, "reason": NOTE, "approver": "chief", "notice": NOTE}
    for name in told:
        body = {field: value for field, value in told.items() if field != name}
        problem(hub.act(case, "extend", WANG, body), 422, "invalid_input", name)
    problem(hub.act(case, "extend", WANG, {**told, "days": 11}), 422, "invalid_input", "days")
    problem(hub.act(case, "extend", WANG, {**told, "approver": "wang"}), 403, "same_person")
    before = case.answer["deadlines"]["statutory"]["day"]
    assert hub.act(case, "extend", WANG, told).json()["deadlines"]["statutory"]["day"] > before
    problem(hub.act(case, "extend", WANG, told), 422, "invalid_input")


@pytest.mark.parametrize("staff_on_site", [None, ["wang"], ["wang", "wang"]])
def test_a_check_on_site_is_made_by_two(staff_on_site: list[str] | None, hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    body = {"note": NOTE} | ({"on_site_staff": staff_on_site} if staff_on_site else {})
    problem(hub.act(case, "review", WANG, body), 422, "invalid_input", "on_site_staff")


def test_a_correction_changes_dossier_check_list_and_history_together(hub: Hub) -> None:
    case = hub.life(hub.file(hotel(materials=LACKING)), CORRECT)
    more = {"materials": [{"code": "m2", "medium": "electronic", "reference": "f-2"}], "form": {"rooms": "21"}}
    hub.cloud.advance(3600)
    assert hub.act(case, "supplement", ZHANG, more).json()["state"] == "received"
    document = hub.get(f"/v1/cases/{case.id}/dossier", ZHANG)["document"]
    assert document["form"] == {"rooms": "21"}
    assert document["materials"][1] == {"code": "m2", "medium": "electronic", "reference": "f-2"}
    assert [m["present"] for m in hub.get(f"/v1/cases/{case.id}", LI)["materials"]] == [True] * 5 + [False]
    history = hub.get(f"/v1/cases/{case.id}/history", ZHANG)
    assert [node["dossier"] for node in history["nodes"]] == ["intact", None, "intact"]
    assert history["verified"]
    hub.life(case, ACCEPT)


def test_a_correction_that_brings_nothing_or_something_unknown_is_refused(hub: Hub) -> None:
    case = hub.life(hub.file(hotel(materials=LACKING)), CORRECT)
    still = {"materials": [{"code": "m2", "medium": "lacking"}]}
    problem(hub.act(case, "supplement", ZHANG, still), 422, "invalid_input", "materials")
    other = {"materials": [{"code": "m9", "medium": "paper"}]}
    problem(hub.act(case, "supplement", ZHANG, other), 422, "invalid_input", "materials.0.code")


def test_materials_and_form_change_by_a_correction_only(hub: Hub) -> None:
    case = hub.file()
    problem(hub.act(case, "accept", LI, {"materials": materials(1)}), 422, "invalid_input", "materials")
    problem(hub.act(case, "accept", LI, {"form": {"rooms": "9"}}), 422, "invalid_input", "form")


def test_a_suspension_stops_the_clocks_and_a_resumption_moves_them_on(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    first = case.answer["deadlines"]["statutory"]
    assert first["day"] == "2026-03-30"  # twenty working days, the day of acceptance not counted
    hub.life(case, SUSPEND)
    assert case.answer["deadlines"]["statutory"] == {"due": None, "day": None, "provisional": False}
    hub.cloud.advance(7 * 86_400)
    hub.life(case, RESUME)
    assert case.answer["state"] == "accepted"
    assert case.answer["deadlines"]["statutory"]["day"] == "2026-04-03"  # the working days of the hearing do not count
    problem(hub.act(case, "suspend", WANG, {**SUSPEND[2], "pause_class": "lunch"}), 422, "invalid_input", "pause_class")


def test_a_local_cause_does_not_stop_the_statutory_clock(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, ("suspend", WANG, {**SUSPEND[2], "pause_class": "site_survey"}))
    assert case.answer["deadlines"]["statutory"]["day"] == "2026-03-30"
    assert case.answer["deadlines"]["promised"]["day"] is None


def test_who_accepts_does_not_decide(hub: Hub) -> None:
    both = staff("li", HAISHU, "intake", "review")
    case = hub.life(hub.file(), ACCEPT, REVIEW)
    for action, body in (("grant", {"note": NOTE}), ("deny", RESULT)):
        problem(hub.act(case, action, both, body), 403, "same_person")
    hub.life(case, GRANT)


def test_the_writes_own_condition_refuses_whom_the_door_did_not_see(hub: Hub) -> None:
    """The four eyes as DynamoDB enforces them: the guard is left out and the write is tried directly."""
    from chalicelib.domain.case import Node
    from chalicelib.domain.folding import advance
    from chalicelib.services import casework
    from chalicelib.store import cases
    from chalicelib.store.failures import ConditionFailed

    case = hub.life(hub.file(), ACCEPT, REVIEW)
    known = casework.find(case.id)
    assert known is not None
    kept = casework.remembered(known.law)

    def write(actor: str) -> None:
        node = Node("grant", hub.cloud.now(), actor, b"r" * 6, b"d" * 6)
        drafted = advance(known.case, node, known.law)
        nodes = (*known.case.nodes, node)
        after = type(drafted)(**{**{f: getattr(drafted, f) for f in drafted.__slots__}, "nodes": nodes})
        cases.BOOK.append(known.case, after, queued=True, apart=casework.apart(known.law, "grant"), kept=kept)

    with pytest.raises(ConditionFailed):
        write("li")
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == case.version
    write("wang")
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == case.version + 1


def test_the_accepter_of_the_last_acceptance_counts_after_a_return(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, REVIEW, ("return", WANG, {"reason": NOTE}), REVIEW)
    problem(hub.act(case, "grant", staff("li", HAISHU, "review")), 403, "same_person")


def test_of_two_officers_on_one_version_the_second_is_told_the_present_one(hub: Hub) -> None:
    case = hub.file()
    path = f"/v1/cases/{case.id}/actions"
    first = hub.ask("POST", f"{path}/accept", LI, {"note": NOTE}, version=1)
    second = hub.ask("POST", f"{path}/refuse", staff("qian", HAISHU, "intake"), RESULT, version=1)
    assert (first.status, first.headers["etag"]) == (200, '"2"')
    refused = problem(second, 412, "stale_version")
    assert "2" in refused["text"]["en"]
    assert "第 2 版" in refused["text"]["zh-CN"]
    assert "review" in refused["allowed_actions"]


def test_time_never_runs_backwards_in_a_history(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    hub.cloud.clock.restart(NINE.replace(hour=8))  # another machine's clock is behind
    hub.life(case, REVIEW)
    times = [node["at"] for node in hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"]]
    assert times == sorted(times)


def test_an_outpost_hands_over_what_it_took_in(hub: Hub) -> None:
    case = hub.file(hotel(channel="window"), staff("qian", NANMEN_WINDOW, "intake"))
    hub.life(case, ACCEPT, REVIEW, GRANT, COMPLETE)
    hub.life(
        case, ("deliver", staff("qian", NANMEN_WINDOW, "delivery"), {"handed_to": "agent", "authority": "委托书2026-7"})
    )


def test_notices_cannot_lock_a_case_open(hub: Hub) -> None:
    case = hub.file()
    for _ in range(119):
        hub.life(case, ("notify", LI, {"notice": "请等候"}))
    assert case.version == 120
    problem(hub.act(case, "notify", LI, {"notice": "请等候"}), 409, "too_many_steps")
    hub.life(case, ACCEPT, REVIEW, GRANT)
    size = len(json.dumps(stored(hub, case.id)["n"], default=str))
    assert size < 100_000
    assert hub.get(f"/v1/cases/{case.id}/history", LI)["verified"]


# What the history says of itself when somebody was at the tables.


def stored(hub: Hub, case_id: str) -> dict[str, Any]:
    item: dict[str, Any] = boto3.client("dynamodb").get_item(
        TableName="zhongshu-local-cases", Key={"id": {"S": case_id}}
    )["Item"]
    return item


def tamper(hub: Hub, case_id: str, change: Callable[[list[dict[str, Any]]], None]) -> dict[str, Any]:
    item = stored(hub, case_id)
    change(item["n"]["L"])
    boto3.client("dynamodb").put_item(TableName="zhongshu-local-cases", Item=item)
    history: dict[str, Any] = hub.get(f"/v1/cases/{case_id}/history", LI)
    return history


def _later(nodes: list[dict[str, Any]]) -> None:
    nodes[1]["M"]["t"]["N"] = str(int(nodes[1]["M"]["t"]["N"]) + 1)


TAMPERED: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], int]] = {
    "an action": (lambda nodes: nodes[1]["M"]["a"].update(S="grant"), 2),
    "an action that is none": (lambda nodes: nodes[1]["M"]["a"].update(S="bribe"), 2),
    "an actor": (lambda nodes: nodes[1]["M"]["w"].update(S="wang"), 2),
    "a time": (_later, 2),
    "a text": (lambda nodes: nodes[2]["M"]["e"]["M"]["n"].update(S="不同意"), 3),
    "a deadline": (lambda nodes: nodes[1]["M"]["d"]["M"]["s"].update(N="1893456000"), 2),
    "a commitment": (lambda nodes: nodes[0]["M"].update(g={"B": b"0" * 16}), 1),
    "a request": (lambda nodes: nodes[1]["M"].update(r={"B": b"0" * 12}), 2),
    "a node left out": (lambda nodes: nodes.pop(1), 2),
    "two nodes exchanged": (lambda nodes: nodes.__setitem__(slice(1, 3), nodes[2:0:-1]), 2),
    "a node put in": (lambda nodes: nodes.insert(2, nodes[1]), 3),
    "the last node cut off": (lambda nodes: nodes.pop(), 4),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_history_that_was_touched_says_where(name: str, hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, REVIEW, GRANT)
    change, number = TAMPERED[name]
    history = tamper(hub, case.id, change)
    assert (history["verified"], history["broken_at"]) == (False, number)


def test_a_case_whose_steps_do_not_add_up_is_refused_by_name_and_not_shown(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, REVIEW, GRANT)
    tamper(hub, case.id, lambda nodes: nodes[1]["M"]["a"].update(S="bribe"))
    refused = hub.ask("GET", f"/v1/cases/{case.id}", LI)
    assert (refused.status, refused.json()["code"]) == (500, "broken_history")


def test_a_dossier_that_was_touched_is_called_altered(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    key = {"id": {"S": case.id}, "part": {"S": "form#001"}}
    row = boto3.client("dynamodb").get_item(TableName="zhongshu-local-dossiers", Key=key)["Item"]
    row["body"] = {"B": row["body"]["B"].replace(b'"rooms":"20"', b'"rooms":"99"')}
    boto3.client("dynamodb").put_item(TableName="zhongshu-local-dossiers", Item=row)
    history = hub.get(f"/v1/cases/{case.id}/history", LI)
    assert (history["verified"], history["broken_at"], history["nodes"][0]["dossier"]) == (False, None, "altered")


def test_a_shredded_dossier_leaves_the_chain_verified(hub: Hub) -> None:
    case = hub.life(hub.file(), ("accept", LI, {"note": LONG}))
    client = boto3.client("dynamodb")
    rows = client.query(
        TableName="zhongshu-local-dossiers",
        KeyConditionExpression="id = :i",
        ExpressionAttributeValues={":i": {"S": case.id}},
    )["Items"]
    assert len(rows) == 2  # the form and the long text
    for row in rows:
        client.delete_item(TableName="zhongshu-local-dossiers", Key={"id": row["id"], "part": row["part"]})
    history = hub.get(f"/v1/cases/{case.id}/history", LI)
    assert (history["verified"], history["nodes"][0]["dossier"]) == (True, "shredded")
    assert "shredded" in history["nodes"][1]["evidence"]["note"]
    assert hub.get(f"/v1/cases/{case.id}", LI)["applicant"] == {}
    assert hub.get(f"/v1/cases/{case.id}/dossier?purpose=handling", LI)["document"] == {}


def test_a_long_text_is_kept_apart_and_shown_in_place(hub: Hub) -> None:
    case = hub.life(hub.file(), ("accept", LI, {"note": LONG}))
    assert LONG.encode() not in json.dumps(stored(hub, case.id), default=str, ensure_ascii=False).encode()
    assert hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"][1]["evidence"]["note"] == LONG


def test_a_history_names_officers_to_staff_and_to_nobody_else(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, REVIEW)
    path = f"/v1/cases/{case.id}/history"
    assert [node["actor"] for node in hub.get(path, LI)["nodes"]] == ["applicant", "li", "wang"]
    assert [node["actor"] for node in hub.get(path, ZHANG)["nodes"]] == [None] * 3
    assert hub.get(path, LI)["nodes"][2]["evidence"]["on_site_staff"] == TWO
    assert datetime.fromisoformat(hub.get(path, LI)["nodes"][0]["at"]) == NINE
