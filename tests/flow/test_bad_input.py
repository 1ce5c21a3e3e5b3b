"""Everything that can be wrong with a request: one row each, with its status, its code and the field it names."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from infra.local.wsgi_client import Reply
from tests.flow.conftest import Hub, problem
from tests.support.town import (
    ACCEPT,
    COMPANY,
    HAISHU,
    ID_NUMBER,
    JIANGBEI,
    LI,
    NINGBO,
    NOTE,
    PERSON,
    POOL,
    USCC,
    WANG,
    WU,
    ZHANG,
    Body,
    Identity,
    hotel,
    materials,
    observed,
    permit,
)


def person(**changes: Any) -> Body:
    return permit(applicant={name: value for name, value in {**PERSON, **changes}.items() if value is not ...})


def firm(**changes: Any) -> Body:
    return hotel(applicant={**COMPANY, **changes})


def wrong_last(number: str) -> str:
    return number[:-1] + ("0" if number[-1] != "0" else "1")


# name -> (body of an intake, who, status, code, field)
INTAKES: dict[str, tuple[Any, Identity, int, str, str]] = {
    "item left out": (hotel(item=...), ZHANG, 422, "required", "item"),
    "item of a wrong type": (hotel(item=7), ZHANG, 422, "not_text", "item"),
    "unknown item": (hotel(item="moon-licence"), ZHANG, 422, "unknown_item", "item"),
    "unknown organisation": (hotel(organisation="330299"), ZHANG, 422, "unknown_organisation", "organisation"),
    "no code of an organisation": (hotel(organisation="3302"), ZHANG, 422, "wrong_form", "organisation"),
    "wrong level": (hotel(organisation=NINGBO), ZHANG, 422, "wrong_level", "organisation"),
    "wrong jurisdiction": (hotel(locality="330106"), ZHANG, 422, "wrong_jurisdiction", "locality"),
    "a window of another county": (
        hotel(channel="window"),
        {**LI, "org": JIANGBEI},
        422,
        "wrong_jurisdiction",
        "organisation",
    ),
    "unknown channel": (hotel(channel="fax"), ZHANG, 422, "not_a_choice", "channel"),
    "item not online": (
        permit(item="passport", materials=[]),
        ZHANG,
        422,
        "not_online",
        "channel",
    ),
    "not for this kind of applicant": (permit(applicant=COMPANY), ZHANG, 422, "wrong_subject", "applicant.kind"),
    "no applicant": (hotel(applicant=...), ZHANG, 422, "missing", "applicant"),
    "applicant that is null": (hotel(applicant=None), ZHANG, 422, "missing", "applicant"),
    "applicant of no kind": (hotel(applicant={"name": "某"}), ZHANG, 422, "required", "applicant"),
    "applicant of an unknown kind": (hotel(applicant={"kind": "ghost"}), ZHANG, 422, "not_a_choice", "applicant"),
    "empty name": (person(name="  "), ZHANG, 422, "too_short", "applicant.name"),
    "name with a hidden turn": (person(name="\u202e某甲"), ZHANG, 422, "invisible_characters", "applicant.name"),
    "name that cannot be seen": (person(name="\u200b"), ZHANG, 422, "invisible_characters", "applicant.name"),
    "text with a NUL": (hotel(note="同意\x00"), ZHANG, 422, "invisible_characters", "note"),
    "name over its length": (person(name="某" * 61), ZHANG, 422, "too_long", "applicant.name"),
    "unknown kind of document": (person(id_type="library"), ZHANG, 422, "not_a_choice", "applicant.id_type"),
    "number without check digit": (
        person(id_number=wrong_last(ID_NUMBER)),
        ZHANG,
        422,
        "resident_id_check_digit",
        "applicant.id_number",
    ),
    "number of fifteen digits": (
        person(id_number="330203900101001"),
        ZHANG,
        422,
        "resident_id_old",
        "applicant.id_number",
    ),
    "number of letters": (person(id_number="abc"), ZHANG, 422, "resident_id_form", "applicant.id_number"),
    "wrong credit code": (firm(uscc=wrong_last(USCC)), ZHANG, 422, "uscc_check_digit", "applicant.uscc"),
    "credit code with an O": (firm(uscc="O" + USCC[1:]), ZHANG, 422, "uscc_form", "applicant.uscc"),
    "wrong phone": (person(phone="12345"), ZHANG, 422, "phone_form", "applicant.phone"),
    "phone of letters": (person(phone="call me"), ZHANG, 422, "phone_form", "applicant.phone"),
    "material missing": (hotel(materials=materials(3)), ZHANG, 422, "material_missing", "materials"),
    "unknown material": (
        hotel(materials=[*materials(5), {"code": "m77", "medium": "paper"}]),
        ZHANG,
        422,
        "unknown_material",
        "materials.5.code",
    ),
    "material named twice": (hotel(materials=materials(5) * 2), ZHANG, 422, "repeated", "materials.5.code"),
    "unknown medium": (hotel(materials=materials(5, m1="air")), ZHANG, 422, "not_a_choice", "materials.0.medium"),
    "too many materials": (hotel(materials=materials(61)), ZHANG, 422, "too_many", "materials"),
    "materials that are no list": (hotel(materials={}), ZHANG, 422, "not_list", "materials"),
    "form that is no object": (hotel(form=[]), ZHANG, 422, "not_object", "form"),
    "form with a number": (hotel(form={"rooms": 20}), ZHANG, 422, "not_text", "form.rooms"),
    "form text over its length": (hotel(form={"rooms": "x" * 501}), ZHANG, 422, "too_long", "form.rooms"),
    "form of too many fields": (hotel(form={f"f{n}": "" for n in range(101)}), ZHANG, 422, "too_many", "form"),
    "unknown delivery": (hotel(delivery={"way": "drone"}), ZHANG, 422, "not_a_choice", "delivery.way"),
    "text over its length": (hotel(note="办" * 2001), ZHANG, 422, "too_long", "note"),
    "identity number in a text": (hotel(note=f"身份证{ID_NUMBER}"), ZHANG, 422, "personal_data_in_text", "note"),
    "phone in a text": (hotel(note="电话13800138000"), ZHANG, 422, "personal_data_in_text", "note"),
    "unknown field": (hotel(urgent=True), ZHANG, 422, "unknown_field", "urgent"),
    "unknown field inside": (person(wife="某"), ZHANG, 422, "unknown_field", "applicant.wife"),
    "naive time": (
        observed("2026-03-01T10:00:00", None),
        POOL,
        422,
        "time_without_offset",
        "observed.at",
    ),
    "naive due": (
        observed("2026-03-01T10:00:00+08:00", "2026-03-09T23:59:59"),
        POOL,
        422,
        "time_without_offset",
        "observed.due",
    ),
    "no time": (observed("yesterday", None), POOL, 422, "not_time", "observed.at"),
    "a time to come": (observed("2026-03-03T10:00:00+08:00", None), POOL, 422, "in_the_future", "observed.at"),
}


@pytest.mark.parametrize("name", INTAKES)
def test_a_bad_application_is_refused_with_its_field_and_nothing_is_written(name: str, hub: Hub) -> None:
    body, who, status, code, field = INTAKES[name]
    before = hub.sizes()
    refused = problem(hub.submit(body, who), status, "invalid_input", field)
    assert (field, code) in {(error["field"], error["code"]) for error in refused["errors"]}
    assert hub.sizes() == before


def test_a_retired_item_takes_no_new_case(hub: Hub) -> None:
    document = hub.get("/v1/items/hotel-licence")["document"] | {"status": "retired"}
    assert hub.ask("PUT", "/v1/items/hotel-licence", POOL, document).status == 201
    refused = problem(hub.submit(hotel()), 422, "invalid_input", "item")
    assert refused["errors"][0]["code"] == "retired_item"


def test_all_that_is_wrong_is_told_at_once(hub: Hub) -> None:
    body = person(id_number="1", phone="2")
    refused = problem(hub.submit(body), 422, "invalid_input", "applicant.id_number", "applicant.phone")
    assert len(refused["errors"]) == 2
    body = hotel(locality="330106", materials=materials(3), delivery={"way": "mail"}, applicant=COMPANY)
    refused = problem(hub.submit(body), 422, "invalid_input", "locality", "materials")
    assert len(refused["errors"]) == 3  # two materials


# Steps: name -> (action, who, body, status, code, fields)
STEPS: dict[str, tuple[str, Identity, Any, int, str, tuple[str, ...]]] = {
    "unknown action": ("dance", LI, {}, 404, "not_found", ()),
    "action not allowed in this state": ("grant", WANG, {}, 409, "action_not_allowed", ()),
    "intake as an action": ("submit", LI, {}, 404, "not_found", ()),
    "without the post": ("accept", WANG, ACCEPT[2], 403, "forbidden", ()),
    "by the applicant": ("accept", ZHANG, ACCEPT[2], 403, "forbidden", ()),
    "by a system": ("accept", POOL, ACCEPT[2], 403, "forbidden", ()),
    "other people's case": ("withdraw", WU, {"reason": NOTE}, 404, "not_found", ()),
    "another county's case": ("accept", {**LI, "org": JIANGBEI}, ACCEPT[2], 404, "not_found", ()),
    "observed on a case of one's own": (
        "accept",
        LI,
        {"observed": {"at": "2026-03-01T10:00:00+08:00", "actor": "x"}},
        403,
        "forbidden",
        (),
    ),
    "naive time": ("accept", LI, {"observed": {"at": "2026-03-01T10:00:00", "actor": "x"}}, 422, "", ("observed.at",)),
    "text over its length": ("accept", LI, {"note": "办" * 2001}, 422, "", ("note",)),
    "text of blanks": ("accept", LI, {"note": "   "}, 422, "", ("note",)),
    "text with a phone": ("accept", LI, {"note": "请电13800138000"}, 422, "", ("note",)),
    "text of a wrong type": ("accept", LI, {"note": 7}, 422, "", ("note",)),
    "days out of range": ("extend", WANG, {"days": 0}, 422, "", ("days",)),
    "days that are text": ("extend", WANG, {"days": "five"}, 422, "", ("days",)),
    "officer with a blank": ("review", WANG, {"on_site_staff": ["wang li"]}, 422, "", ("on_site_staff.0",)),
    "handed to nobody": ("deliver", LI, {"handed_to": "dog"}, 422, "", ("handed_to",)),
    "unknown field": ("accept", LI, {"stamp": 1}, 422, "", ("stamp",)),
    "not an object": ("accept", LI, [], 422, "", ()),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_bad_step_is_refused_and_the_case_stays(name: str, hub: Hub) -> None:
    action, who, body, status, code, fields = STEPS[name]
    case, before = hub.file(), None
    before = {table: rows.copy() for table, rows in hub.cloud.tables.items()}
    path = f"/v1/cases/{case.id}/actions/{action}"
    problem(hub.ask("POST", path, who, body, version=1), status, code or "invalid_input", *fields)
    assert {table: rows.copy() for table, rows in hub.cloud.tables.items()} == before


def test_a_step_that_is_not_allowed_tells_which_are(hub: Hub) -> None:
    case = hub.file()
    for action, status in (("grant", 409), ("dance", 404)):
        refused = hub.ask("POST", f"/v1/cases/{case.id}/actions/{action}", WANG, {}, version=1)
        assert refused.status == status
        assert {"accept", "correct", "refuse"} <= set(refused.json()["allowed_actions"])
        assert "grant" not in refused.json()["allowed_actions"]


def test_versions_are_demanded_and_held_to(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    path = f"/v1/cases/{case.id}/actions/notify"
    body = {"notice": NOTE}
    problem(hub.ask("POST", path, LI, body), 428, "precondition_required")
    problem(hub.ask("POST", path, LI, body, version=1), 412, "stale_version")
    problem(hub.ask("POST", path, LI, body, version=9), 412, "stale_version")
    for wrong in ("*", 'W/"2"', "2", '"two"'):
        reply = hub.ask("POST", path, LI, body, headers={"If-Match": wrong})
        problem(reply, 422, "invalid_input", "If-Match")
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == 2


def test_an_intake_needs_an_idempotency_key(hub: Hub) -> None:
    problem(hub.ask("POST", "/v1/cases", ZHANG, hotel()), 428, "precondition_required")
    problem(hub.ask("POST", "/v1/cases", ZHANG, hotel(), key="a b"), 422, "invalid_input", "Idempotency-Key")
    problem(hub.ask("POST", "/v1/cases", ZHANG, hotel(), key="k" * 65), 422, "invalid_input", "Idempotency-Key")
    assert hub.sizes()["CasesTable"] == 0


RAW: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "not_json"),
    "not JSON": (b"{", 400, "not_json"),
    "a form": (b"item=hotel-licence", 400, "not_json"),
    "not UTF-8": (b"\xff\xfe", 400, "not_json"),
    "text in GBK": ('{"note": "同意"}'.encode("gbk"), 400, "not_json"),
    "a name twice": (b'{"item": "a", "item": "b"}', 400, "not_json"),
    "NaN": (b'{"item": NaN}', 400, "not_json"),
    "a list": (b"[]", 422, "invalid_input"),
    "null": (b"null", 422, "invalid_input"),
    "a number": (b"7", 422, "invalid_input"),
    "over 1 MB": (json.dumps(hotel(note="x" * 1_000_000)).encode(), 413, "too_large"),
    "far over 1 MB": (b"x" * 2_000_000, 413, "too_large"),
}


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("path", ["/v1/cases", "/v1/cases/{id}/actions/accept", "/v1/items/hotel-licence"])
def test_a_body_that_is_none_is_refused_on_every_kind_of_route(path: str, name: str, hub: Hub) -> None:
    raw, status, code = RAW[name]
    case = hub.file()
    before = hub.sizes()
    method, who = ("PUT", POOL) if "items" in path else ("POST", LI)
    headers = {"Content-Type": "application/json"}
    reply = hub.ask(method, path.format(id=case.id), who, key="k", version=1, headers=headers, raw=raw)
    problem(reply, status, code)
    assert hub.sizes() == before


def test_a_body_of_another_kind_is_refused(hub: Hub) -> None:
    raw = json.dumps(hotel()).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        reply = hub.ask("POST", "/v1/cases", ZHANG, key="k", headers={"Content-Type": kind}, raw=raw)
        problem(reply, 415, "unsupported_media_type")


QUERIES: dict[str, tuple[str, Identity | None, str]] = {
    "limit of nothing": (f"/v1/desk?org={HAISHU}&limit=0", LI, "limit"),
    "limit over a hundred": (f"/v1/desk?org={HAISHU}&limit=101", LI, "limit"),
    "limit of text": ("/v1/cases?limit=all", ZHANG, "limit"),
    "desk of nobody": ("/v1/desk", LI, "org"),
    "desk of no code": ("/v1/desk?org=33", LI, "org"),
    "desk due tomorrow": (f"/v1/desk?org={HAISHU}&due=tomorrow", LI, "due"),
    "desk in no state": (f"/v1/desk?org={HAISHU}&state=A-B", LI, "state"),
    "parameter unknown": (f"/v1/desk?org={HAISHU}&sort=due", LI, "sort"),
    "parameter twice": (f"/v1/desk?org={HAISHU}&org={JIANGBEI}", LI, "org"),
    "cursor of our own making": ("/v1/cases?cursor=eyJpZCI6MX0", ZHANG, "cursor"),
    "cursor of no letters": ("/v1/cases?cursor=%E5%BC%A0", ZHANG, "cursor"),
    "deadline from nowhere": ("/v1/calendar/deadline?limit=7&unit=working_day", None, "start"),
    "deadline from no day": ("/v1/calendar/deadline?start=2026-02-30&limit=7&unit=working_day", None, "start"),
    "deadline from a naive time": (
        "/v1/calendar/deadline?start=2026-03-02T09:00:00&limit=7&unit=hour",
        None,
        "start",
    ),
    "deadline of years": ("/v1/calendar/deadline?start=2026-03-02&limit=1001&unit=hour", None, "limit"),
    "deadline in weeks": ("/v1/calendar/deadline?start=2026-03-02&limit=7&unit=week", None, "unit"),
    "version nought": ("/v1/items/hotel-licence?version=0", None, "version"),
    "line unknown": ("/v1/items?line=space", None, "line"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_bad_query_names_its_parameter(name: str, hub: Hub) -> None:
    path, who, field = QUERIES[name]
    problem(hub.ask("GET", path, who), 422, "invalid_input", field)


def test_addresses_and_methods_that_are_not_there(hub: Hub) -> None:
    problem(hub.ask("GET", "/v1/nothing", LI), 404, "not_found")
    problem(hub.ask("GET", "/v1/cases/12345", LI), 404, "not_found")
    problem(hub.ask("GET", "/v1/cases/" + "9" * 21, LI), 404, "not_found")
    reply = hub.ask("DELETE", "/v1/cases", LI)
    problem(reply, 405, "method_not_allowed")
    assert set(reply.headers["allow"].replace(" ", "").split(",")) >= {"GET", "POST"}


def test_an_expired_token_is_told_so(hub: Hub) -> None:
    token = hub.cloud.token(ZHANG)

    def ask() -> Reply:
        return hub.cloud.request("GET", "/v1/cases", token=token)

    hub.cloud.set_clock(hub.cloud.now() + timedelta(hours=12, seconds=59))
    assert ask().status == 200
    hub.cloud.advance(1)
    refused = problem(ask(), 401, "unauthenticated")
    assert "expired" in refused["text"]["en"]


def test_a_text_may_have_two_thousand_characters_and_no_more(hub: Hub) -> None:
    case = hub.file()
    for number, status in ((2001, 422), (2000, 200)):
        assert hub.act(case, "accept", LI, {"note": "办" * number}).status == status
    assert len(hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"][1]["evidence"]["note"]) == 2000
