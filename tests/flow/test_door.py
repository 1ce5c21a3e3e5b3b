"""The door's framework, through a small app of its own: headers, bodies, problems, the reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from chalice import Chalice

from chalicelib import errors
from chalicelib.http import openapi, problems
from chalicelib.http.identity import Verifier
from chalicelib.http.mounting import mount
from chalicelib.http.operation import Answer, Door
from tests.support.issuing import (
    AUDIENCE,
    ISSUER,
    Issuer,
)
from tests.support.small_app import (
    GOOD,
    TOKEN,
    Form,
    ThingOut,
    ask,
    change,
    thing,
    tiny,
)


def test_a_declared_request_reaches_its_handler_with_everything_checked(app: Chalice) -> None:
    status, headers, body = ask(app, body=GOOD)
    assert (status, body["name"], body["key"]) == (201, "u-1", "k-1")
    assert body["now"] == "2026-09-30T01:00:00.250000Z"
    assert headers["ETag"] == '"1"'
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"] == "request-1"
    assert headers["Content-Type"] == "application/json"


def test_the_digest_is_that_of_the_content_and_not_of_its_spelling(app: Chalice) -> None:
    one = ask(app, body=GOOD)[2]["digest"]
    spelled = '{ "applicant": {"id_number":"11010519491231002x", "name":"\\u5f20三","kind":"person"}}'
    assert ask(app, body=spelled)[2]["digest"] == one
    assert ask(app, body={**GOOD, "colour": "blue"})[2]["digest"] != one


def test_who_asks_is_settled_before_anything_else_is_looked_at(app: Chalice) -> None:
    bad = {"Authorization": None, "Content-Type": "text/plain", "Idempotency-Key": None}
    status, headers, body = ask(app, body="{", headers=bad)
    assert (status, body["code"]) == (401, "unauthenticated")
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(app, body=GOOD, headers={"Authorization": "Basic dTpw"})[2]["text"]["en"].startswith("scheme")
    assert ask(app, body=GOOD, headers={"Authorization": f"bearer {TOKEN}"})[0] == 201


def test_a_public_route_takes_no_notice_of_a_token(app: Chalice) -> None:
    for authorization in (None, "Bearer forged", f"Bearer {TOKEN}"):
        status, _, body = ask(app, "GET", "/v1/open", headers={"Authorization": authorization})
        assert (status, body["name"]) == (200, "None")


def test_a_silent_issuer_makes_503_with_retry_after(issuer: Issuer) -> None:
    issuer.close()
    status, headers, body = ask(tiny(Verifier(ISSUER, AUDIENCE, issuer.url))[0], body=GOOD)
    assert (status, body["code"], headers["Retry-After"]) == (503, "busy", "5")


def test_a_creating_request_needs_a_key_of_visible_ascii(app: Chalice) -> None:
    assert ask(app, body=GOOD, headers={"Idempotency-Key": None})[0] == 428
    for key in ("a b", "钥", "k" * 65, "k\t"):
        status, _, body = ask(app, body=GOOD, headers={"Idempotency-Key": key})
        assert (status, body["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert ask(app, body=GOOD, headers={"Idempotency-Key": "~" * 64})[0] == 201
    assert change(app, Idempotency_Key=None)[0] == 200


def test_a_change_needs_one_strong_version(app: Chalice) -> None:
    status, headers, body = change(app)
    assert (status, body["version"], headers["ETag"]) == (200, 3, '"4"')
    assert change(app, If_Match=None)[2]["code"] == "precondition_required"
    for wrong in ("*", 'W/"3"', "3", '"0"', '"1", "2"', '"03"', '"v3"', '"-1"'):
        status, _, body = change(app, If_Match=wrong)
        assert (status, body["errors"][0]["field"]) == (422, "If-Match"), wrong


def test_a_path_parameter_is_unquoted_and_held_to_its_pattern(app: Chalice) -> None:
    assert change(app, name="%E5%BC%A0%20b")[2]["name"] == "张 b"
    assert change(app, name="a%2Fb")[2]["code"] == "not_found"
    assert change(app, name="much-too-long")[2]["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 400, "not_json"),
        ("  ", 400, "not_json"),
        ("{", 400, "not_json"),
        (b"\xff\xfe", 400, "not_json"),
        ('{"weight": NaN}', 400, "not_json"),
        ('{"weight": Infinity}', 400, "not_json"),
        ('{"a": 1, "a": 1}', 400, "not_json"),
        ('{"applicant": {"name": "a", "name": "b"}}', 400, "not_json"),
        ("[" * 40 + "]" * 40, 400, "not_json"),
        ("[" * 100_000, 400, "not_json"),
        ('{"a": "\\ud800"}', 400, "not_json"),
        ("9" * 5000, 400, "not_json"),
        ('"' + "x" * 1_000_000 + '"', 413, "too_large"),
        ("[]", 422, "invalid_input"),
        ("null", 422, "invalid_input"),
    ],
)
def test_a_body_that_is_no_good_json_is_refused_by_name(body: object, status: int, code: str, app: Chalice) -> None:
    found, _, problem = ask(app, body=body)
    assert (found, problem["code"]) == (status, code)


@pytest.mark.parametrize("kind", [None, "text/plain", "multipart/form-data", "application/jsonx"])
def test_another_media_type_is_refused(kind: str | None, app: Chalice) -> None:
    assert ask(app, body=GOOD, headers={"Content-Type": kind})[0] == 415


def test_a_charset_of_utf_8_may_be_named(app: Chalice) -> None:
    for kind in ("application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'):
        assert ask(app, body=GOOD, headers={"Content-Type": kind})[0] == 201


PERSON = GOOD["applicant"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "applicant", "required"),
        ({"applicant": {"kind": "person", "name": "a"}}, "applicant.id_number", "required"),
        ({"applicant": {**PERSON, "name": ""}}, "applicant.name", "too_short"),
        ({"applicant": {**PERSON, "name": "abcdef"}}, "applicant.name", "too_long"),
        ({"applicant": {**PERSON, "name": 5}}, "applicant.name", "not_text"),
        ({"applicant": {**PERSON, "id_number": "330203"}}, "applicant.id_number", "resident_id_form"),
        ({"applicant": {**PERSON, "person": 1}}, "applicant.person", "unknown_field"),
        ({"applicant": {"kind": "firm", "uscc": "x"}}, "applicant.uscc", "wrong_form"),
        ({"applicant": {"kind": "ghost"}}, "applicant", "not_a_choice"),
        ({"applicant": {}}, "applicant", "required"),
        ({"applicant": "x"}, "applicant", "not_object"),
        ({**GOOD, "colour": "green"}, "colour", "not_a_choice"),
        ({**GOOD, "materials": {}}, "materials", "not_list"),
        ({**GOOD, "materials": [{}]}, "materials.0.code", "required"),
        (
            {**GOOD, "materials": [{"code": "a"}, {"code": "b", "copies": 0}]},
            "materials.1.copies",
            "out_of_range",
        ),
        ({**GOOD, "materials": [{"code": "a", "copies": 1.5}]}, "materials.0.copies", "not_integer"),
        ({**GOOD, "materials": [{"code": "a"}] * 3}, "materials", "too_many"),
        ({**GOOD, "at": "2026-09-30T09:00:00"}, "at", "time_without_offset"),
        ({**GOOD, "at": "tomorrow"}, "at", "not_time"),
        ({**GOOD, "weight": "heavy"}, "weight", "not_number"),
        ({**GOOD, "parts": {"a": 1}}, "parts.a", "not_text"),
        ({**GOOD, "more": 1}, "more", "unknown_field"),
    ],
)
def test_each_field_at_fault_is_named_by_its_path(body: dict[str, Any], field: str, code: str, app: Chalice) -> None:
    status, _, problem = ask(app, body=body)
    assert (status, problem["code"]) == (422, "invalid_input")
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]
    text = problem["errors"][0]["text"]
    assert text["zh-CN"]
    assert text["en"]
    assert "{" not in text["zh-CN"].replace("{18}", "") + text["en"].replace("{18}", "")


def test_a_choice_lists_what_is_allowed_in_both_languages(app: Chalice) -> None:
    text = ask(app, body={**GOOD, "colour": "green"})[2]["errors"][0]["text"]
    assert text == {"zh-CN": "应为以下之一：red, blue", "en": "must be one of red, blue"}


def test_a_query_is_checked_like_a_body(app: Chalice) -> None:
    def find(**query: list[str]) -> tuple[int, Any]:
        status, _, body = ask(app, "GET", query=query or None)
        return status, body["name"] if status == 200 else body["errors"][0]

    assert find() == (200, "20 None")
    assert find(limit=["5"], colour=["blue"]) == (200, "5 blue")
    for query, field, code in (
        ({"limit": ["0"]}, "limit", "out_of_range"),
        ({"limit": ["x"]}, "limit", "not_integer"),
        ({"limit": ["1", "2"]}, "limit", "repeated"),
        ({"colour": ["green"]}, "colour", "not_a_choice"),
        ({"page": ["1"]}, "page", "unknown_field"),
    ):
        status, error = find(**query)
        assert (status, error["field"], error["code"]) == (422, field, code)
    assert ask(app, "GET", "/v1/open", query={"a": ["1"]})[0] == 422


def test_a_refusal_speaks_the_language_asked_for_and_carries_both(app: Chalice) -> None:
    status, headers, body = change(app, "never", Accept_Language="fr, en;q=0.8, zh;q=0.5")
    assert (status, headers["Content-Type"], headers["Content-Language"]) == (409, problems.MEDIA_TYPE, "en")
    assert body == {
        "type": "/problems/action_not_allowed",
        "title": "Not allowed in this state",
        "status": 409,
        "code": "action_not_allowed",
        "detail": "not now",
        "text": {"zh-CN": "现在不行", "en": "not now"},
        "errors": [],
        "allowed_actions": ["wait"],
    }
    assert change(app, "never")[2]["detail"] == "现在不行"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("zh-TW, en;q=0.9", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("en;q=x", "zh-CN"),
        ("fr", "zh-CN"),
        ("*", "zh-CN"),
        ("en;q=nan", "zh-CN"),
    ],
)
def test_the_language_is_negotiated(header: str | None, language: str) -> None:
    assert problems.language(header) == language


def test_the_frameworks_own_refusals_are_problems_too(app: Chalice) -> None:
    status, headers, body = ask(app, "PATCH")
    assert (status, body["code"], headers["Content-Type"]) == (405, "method_not_allowed", problems.MEDIA_TYPE)
    assert set(headers["Allow"].split(", ")) == {"GET", "POST"}


def kinds_of_refusal(base: type[errors.Refused] = errors.Refused) -> Iterator[type[errors.Refused]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of_refusal(kind)


def test_every_kind_of_refusal_has_its_row_and_every_row_its_kind() -> None:
    codes = [kind.code for kind in kinds_of_refusal()]
    assert sorted(codes) == sorted(set(problems.TABLE) - {problems.INTERNAL})
    for row in problems.TABLE.values():
        assert 400 <= row.status <= 503
        assert all((row.zh, row.en, row.do_zh, row.do_en))


def test_every_route_of_the_app_is_declared_and_documented(verifier: Verifier) -> None:
    app, doors = tiny(verifier)
    routes = {(method, path) for path, methods in app.routes.items() for method in methods}
    declared = {(each.method, each.path) for door in doors for each in door.operations}
    assert routes == declared
    paths = ask(app, "GET", "/v1/openapi.json", headers={"Authorization": None})[2]["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == declared


def test_a_door_is_opened_when_one_of_its_paths_is_asked_for(verifier: Verifier) -> None:
    things, words = tiny(verifier)[1][0], Door("m", ("词", "Words"), verifier.verify)
    words.operation("PUT", "/v1/things", summary=("", ""), out=ThingOut)(lambda call: Answer(thing(call, "")))
    words.operation("GET", "/v1/words", summary=("", ""), out=ThingOut)(lambda call: Answer(thing(call, "")))
    opened: list[str] = []

    def load(name: str) -> Door:
        opened.append(name)
        return {"things": things, "words": words}[name]

    app = Chalice("zhongshu", configure_logs=False)
    mount(app, {"things": ("/v1/things", "/v1/open"), "words": ("/v1/words", "/v1/things")}, load)
    assert (app.routes["/v1/nowhere"], opened) == ({}, [])
    assert (set(app.routes["/v1/open"]), opened[0]) == ({"GET"}, "things")
    assert set(app.routes["/v1/things"]) == {"GET", "POST", "PUT"}, "all of a path, whichever door was first"
    assert ("/v1/words" in app.routes, len(app.routes)) == (True, 5)


def test_a_contradiction_in_a_declaration_is_noticed_at_once(verifier: Verifier) -> None:
    door = Door("m", ("门", "Door"), verifier.verify)
    with pytest.raises(ValueError, match="path parameter"):
        door.operation("GET", "/v1/{x}", summary=("", ""), out=ThingOut)(lambda call: Answer(thing(call, "")))
    with pytest.raises(ValueError, match="no body"):
        door.operation("GET", "/v1/x", summary=("", ""), body=Form, out=ThingOut)(lambda call: Answer(thing(call, "")))


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref")
        for value in part.values():
            yield from references(value)
    if isinstance(part, list):
        for value in part:
            yield from references(value)


def test_the_document_is_whole_and_says_what_the_door_enforces(verifier: Verifier) -> None:
    document = openapi.document(tiny(verifier)[1])
    schemas = document["components"]["schemas"]
    assert {name.rsplit("/", 1)[-1] for name in references(document)} <= set(schemas)
    for schema in schemas.values():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
    send_in = document["paths"]["/v1/things"]["post"]
    assert send_in["operationId"] == "things_send_in"
    assert {each["name"]: each.get("required", False) for each in send_in["parameters"]} == {
        "Idempotency-Key": True,
        "Accept-Language": False,
    }
    assert set(send_in["responses"]) == {*["200", "201", "400", "401", "413", "415", "422", "428", "500", "503"]}
    codes = send_in["responses"]["422"]["content"][problems.MEDIA_TYPE]["schema"]["properties"]["code"]
    assert codes == {"enum": ["invalid_input", "key_reused"]}
    change = document["paths"]["/v1/things/{name}/actions"]["post"]
    assert {"404", "409", "412", "428"} <= set(change["responses"])
    assert document["paths"]["/v1/open"]["get"]["security"] == []
    query = document["paths"]["/v1/things"]["get"]["parameters"]
    assert query[0]["schema"]["maximum"] == 100
    assert query[1]["schema"]["enum"] == ["red", "blue"]


def test_two_operations_of_one_name_are_refused(verifier: Verifier) -> None:
    door = tiny(verifier)[1][0]
    with pytest.raises(ValueError, match="must differ"):
        openapi.document([door, door])
