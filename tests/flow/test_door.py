"""The door's framework, through a small app of its own: tokens, headers, bodies, problems, the reference."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from chalice import Chalice
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from chalicelib import errors, observability, settings
from chalicelib.domain import identifiers
from chalicelib.domain.authority import Identity, Kind, Line, Post
from chalicelib.http import openapi, problems
from chalicelib.http.identity import Verifier
from chalicelib.http.operation import Access, Answer, Call, Door, mount

NOW = datetime(2026, 9, 30, 1, 0, tzinfo=UTC)
HEAD = {"alg": "RS256", "kid": "k1"}
ISSUER, AUDIENCE = "https://id.example.cn", "zhongshu"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
NEXT_KEY = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


# An issuer on the loopback whose key set can change and whose line can be cut.


class Issuer:
    """Serves `keys` as a key set; counts how often it is asked."""

    def __init__(self) -> None:
        self.keys = [KEY]
        self.raw: bytes | None = None
        self.asked = 0
        issuer = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                document = {"keys": [key.as_dict(private=False) for key in issuer.keys]}
                content = json.dumps(document).encode() if issuer.raw is None else issuer.raw
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Page)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self._open = True

    def close(self) -> None:
        if self._open:
            self._open = False
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return Verifier(ISSUER, AUDIENCE, issuer.url)


def claims(**changes: object) -> dict[str, Any]:
    usual: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "u-1",
        "kind": "staff",
        "org": "330203",
        "posts": ["intake"],
        "lines": ["public_order"],
        "iat": int(NOW.timestamp()) - 10,
        "exp": int(NOW.timestamp()) + 600,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def signed(content: Mapping[str, Any], key: RSAKey = KEY, header: Mapping[str, Any] = HEAD) -> str:
    return jwt.encode(dict(header), dict(content), key, algorithms=["RS256"])


def token(key: RSAKey = KEY, header: Mapping[str, Any] = HEAD, **changes: object) -> str:
    return signed(claims(**changes), key, header)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def check_of(verifier: Verifier, forged: str, now: datetime = NOW) -> str:
    """The check at which a token fails; the refusal must not repeat any part of the token."""
    with pytest.raises(errors.Unauthenticated) as caught:
        verifier.verify(forged, now)
    for part in forged.split("."):
        assert len(part) < 12 or part not in caught.value.zh + caught.value.en
    return caught.value.en.split(":")[0]


def test_a_good_token_becomes_the_identity_it_names(verifier: Verifier) -> None:
    assert verifier.verify(token(), NOW) == Identity(
        "u-1", Kind.staff, "330203", frozenset({Post.intake}), frozenset({Line.public_order})
    )
    citizen = token(kind="citizen", org=..., posts=..., lines=..., aud=["other", AUDIENCE])
    assert verifier.verify(citizen, NOW) == Identity("u-1", Kind.citizen)
    assert verifier.verify(token(kind="system", org=None, posts=[], lines=[]), NOW).kind is Kind.system


PUBLIC_PEM = KEY.as_pem(private=False)
SIGNED = token().split(".")


def unsigned() -> str:
    return f"{segment({'alg': 'none', 'kid': 'k1'})}.{segment(claims())}."


def confused() -> str:
    head = {"alg": "HS256", "kid": "k1"}
    signing = f"{segment(head)}.{segment(claims())}"
    mac = hmac.new(PUBLIC_PEM, signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def lacking(claim: str) -> str:
    return signed({name: value for name, value in claims().items() if name != claim})


FORGED: dict[str, tuple[Callable[[], str], str]] = {
    "alg none": (unsigned, "algorithm"),
    "alg HS256 with the public key": (confused, "algorithm"),
    "alg HS256 with a secret": (
        lambda: jwt.encode({"alg": "HS256", "kid": "k1"}, claims(), OctKey.import_key("s" * 32)),
        "algorithm",
    ),
    "alg RS512": (
        lambda: jwt.encode({"alg": "RS512", "kid": "k1"}, claims(), KEY, algorithms=["RS512"]),
        "algorithm",
    ),
    "another key": (lambda: token(STRANGER), "signature"),
    "changed payload": (lambda: f"{SIGNED[0]}.{segment(claims(sub='u-2'))}.{SIGNED[2]}", "signature"),
    "no signature": (lambda: f"{SIGNED[0]}.{SIGNED[1]}.", "signature"),
    "own key in the header": (
        lambda: token(STRANGER, {**HEAD, "jwk": STRANGER.as_dict(private=False)}),
        "signature",
    ),
    "own key set named in the header": (
        lambda: token(STRANGER, {**HEAD, "jku": "https://evil.example/jwks"}),
        "signature",
    ),
    "unknown key": (lambda: token(KEY, {"alg": "RS256", "kid": "k9"}), "key_unknown"),
    "no key named": (lambda: token(KEY, {"alg": "RS256"}), "key_missing"),
    "unknown critical header": (
        lambda: f"{segment({**HEAD, 'crit': ['x'], 'x': 1})}.{SIGNED[1]}.{SIGNED[2]}",
        "malformed",
    ),
    "an ID token": (lambda: token(KEY, {**HEAD, "typ": "id+jwt"}), "type"),
    "another issuer": (lambda: token(iss="https://evil.example"), "issuer"),
    "another audience": (lambda: token(aud="other"), "audience"),
    "audience of several others": (lambda: token(aud=["a", "b"]), "audience"),
    "audience of no text": (lambda: token(aud=7), "audience"),
    "expired": (lambda: token(exp=int(NOW.timestamp()) - 60), "expired"),
    "expiry that is no number": (lambda: token(exp="tomorrow"), "expiry"),
    "not yet valid": (lambda: token(nbf=int(NOW.timestamp()) + 61), "not_yet_valid"),
    "issued in the future": (lambda: token(iat=int(NOW.timestamp()) + 61), "issued_at"),
    **{f"no {name}": (partial(lacking, name), "claim_missing") for name in ("iss", "aud", "sub", "exp", "iat")},
    "no kind": (lambda: token(kind=...), "kind"),
    "unknown kind": (lambda: token(kind="root"), "kind"),
    "unknown post": (lambda: token(posts=["intake", "king"]), "posts"),
    "posts that are no list": (lambda: token(posts="intake"), "posts"),
    "unknown line": (lambda: token(lines=["space"]), "lines"),
    "staff without organisation": (lambda: token(org=...), "org"),
    "organisation of 7 digits": (lambda: token(org="3302031"), "org"),
    "organisation that is a number": (lambda: token(org=330203), "org"),
    "a citizen with posts": (lambda: token(kind="citizen", org=..., lines=...), "posts"),
    "an empty subject": (lambda: token(sub=""), "subject"),
    "a subject that is no text": (lambda: token(sub=7), "subject"),
    "a subject that is too long": (lambda: token(sub="u" * 129), "subject"),
    "too long": (lambda: token(note="x" * 9000), "too_long"),
    "garbage": (lambda: "a.b.c", "malformed"),
    "no dots": (lambda: "garbage", "malformed"),
    "empty": (lambda: "", "malformed"),
    "header that is a list": (lambda: f"{segment([])}.{SIGNED[1]}.{SIGNED[2]}", "malformed"),
    "payload that is a list": (lambda: jws.serialize_compact(HEAD, b"[]", KEY, ["RS256"]), "malformed"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused_at_the_right_check(name: str, verifier: Verifier) -> None:
    make, check = FORGED[name]
    assert check_of(verifier, make()) == check


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
def test_clocks_may_differ_by_a_minute(claim: str, verifier: Verifier) -> None:
    edge = {"exp": -59, "nbf": 60, "iat": 60}[claim]
    verifier.verify(signed({**claims(), claim: int(NOW.timestamp()) + edge}), NOW)


@given(st.text(max_size=60))
def test_no_text_breaks_the_verifier(text: str) -> None:
    with pytest.raises(errors.Refused):
        Verifier(ISSUER, AUDIENCE, "http://127.0.0.1:9/none").verify(text, NOW)


def test_keys_are_fetched_once_and_outlive_the_issuer(issuer: Issuer, verifier: Verifier) -> None:
    for minute in range(5):
        verifier.verify(token(), NOW + timedelta(minutes=minute))
    assert issuer.asked == 1
    issuer.close()
    late = NOW + timedelta(hours=5)
    verifier.verify(token(iat=int(late.timestamp()), exp=int(late.timestamp()) + 60), late)


def test_without_any_key_the_door_is_busy_and_asks_again_after_five_seconds(issuer: Issuer, verifier: Verifier) -> None:
    issuer.raw = b"<html>"
    for second in (0, 1, 4):
        with pytest.raises(errors.Busy):
            verifier.verify(token(), NOW + timedelta(seconds=second))
    assert issuer.asked == 1
    issuer.raw = None
    assert verifier.verify(token(), NOW + timedelta(seconds=5)).subject == "u-1"


def test_unknown_keys_make_one_fetch_a_minute_and_a_new_key_is_found(issuer: Issuer, verifier: Verifier) -> None:
    verifier.verify(token(), NOW)
    fresh = token(NEXT_KEY, {"alg": "RS256", "kid": "k2"})
    for second in range(0, 60, 7):
        assert check_of(verifier, fresh, NOW + timedelta(seconds=second)) == "key_unknown"
    assert issuer.asked == 1
    issuer.keys = [KEY, NEXT_KEY]
    assert verifier.verify(fresh, NOW + timedelta(seconds=60)).subject == "u-1"
    assert issuer.asked == 2


def test_a_key_that_the_issuer_withdrew_is_forgotten_after_an_hour(issuer: Issuer, verifier: Verifier) -> None:
    verifier.verify(token(), NOW)
    issuer.keys = [NEXT_KEY]
    later = NOW + timedelta(hours=1)
    old = token(iat=int(later.timestamp()), exp=int(later.timestamp()) + 60)
    assert check_of(verifier, old, later) == "key_unknown"


@pytest.mark.parametrize(
    "keys",
    [
        b"[]",
        b"{}",
        b'{"keys": 7}',
        b'{"keys": ["x", {"kty": "RSA"}, {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]}',
        json.dumps({"keys": [KEY.as_dict(private=True)]}).encode(),
        json.dumps({"keys": [{**KEY.as_dict(private=False), "use": "enc"}]}).encode(),
        json.dumps({"keys": [{**KEY.as_dict(private=False), "n": "AQAB"}]}).encode(),
        b'{"keys": []' + b" " * 70_000 + b"}",
    ],
)
def test_a_key_set_without_a_usable_key_is_none(keys: bytes, issuer: Issuer, verifier: Verifier) -> None:
    issuer.raw = keys
    with pytest.raises(errors.Busy):
        verifier.verify(token(), NOW)


# A small app behind the door.


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Person(Form):
    kind: Literal["person"]
    name: Annotated[str, Field(min_length=1, max_length=5)]
    id_number: str

    @field_validator("id_number")
    @classmethod
    def checked(cls, value: str) -> str:
        return identifiers.resident_id(value, date(2026, 9, 30)).number


class Firm(Form):
    kind: Literal["firm"]
    uscc: Annotated[str, Field(pattern="^[0-9A-Z]{18}$")]


class Colour(StrEnum):
    red = "red"
    blue = "blue"


class Material(Form):
    code: str
    copies: Annotated[int, Field(ge=1, le=9)] = 1


class ThingIn(Form):
    applicant: Annotated[Person | Firm, Field(discriminator="kind")]
    colour: Colour = Colour.red
    materials: Annotated[list[Material], Field(max_length=2)] = []
    at: AwareDatetime | None = None
    weight: float | None = None
    parts: dict[str, str] = {}


class ThingOut(BaseModel):
    name: str
    now: AwareDatetime
    digest: str
    key: str | None = None
    version: int | None = None


class ThingQuery(Form):
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    colour: Colour | None = None


def thing(call: Call, name: str) -> ThingOut:
    return ThingOut(name=name, now=call.now, digest=call.digest.hex(), key=call.key, version=call.version)


def tiny(verifier: Verifier) -> tuple[Chalice, list[Door]]:
    door = Door("chalicelib.http.things", ("物", "Things"), verifier.verify)

    @door.operation(
        "POST",
        "/v1/things",
        summary=("提交", "Send in"),
        body=ThingIn,
        out=ThingOut,
        status=(201, 200),
        key=True,
        etag=True,
        refusals=[errors.KeyReused],
    )
    def send_in(call: Call) -> Answer:
        """Send a thing in."""
        return Answer(thing(call, call.who.subject), version=1)

    @door.operation("GET", "/v1/things", summary=("列表", "List"), query=ThingQuery, out=ThingOut)
    def find(call: Call) -> Answer:
        return Answer(thing(call, f"{call.query.limit} {call.query.colour}"))

    @door.operation(
        "POST",
        "/v1/things/{name}/actions",
        summary=("变更", "Change"),
        where={"name": "[^/]{1,9}"},
        body=Material,
        out=ThingOut,
        version=True,
        key="optional",
        refusals=[errors.ActionNotAllowed],
    )
    def change(call: Call) -> Answer:
        if call.body.code == "never":
            raise errors.ActionNotAllowed("现在不行", "not now", allowed_actions=["wait"])
        if call.body.code == "undeclared":
            return Answer(thing(call, ""), status=202)
        if call.body.code == "broken":
            raise KeyError("张三 330106199001011234")
        return Answer(thing(call, call.path["name"]), version=call.expected_version + 1)

    @door.operation("GET", "/v1/open", summary=("公开", "Open"), out=ThingOut, access=Access.public)
    def read_open(call: Call) -> Answer:
        return Answer(thing(call, str(call.identity)))

    doors = [door, openapi.door_for([door], verifier.verify)]
    app = Chalice("zhongshu", configure_logs=False)
    mount(app, *doors)
    return app, doors


@pytest.fixture
def app(verifier: Verifier) -> Chalice:
    return tiny(verifier)[0]


GOOD: dict[str, Any] = {"applicant": {"kind": "person", "name": "张三", "id_number": "11010519491231002X"}}
TOKEN = token()


def ask(
    app: Chalice,
    method: str = "POST",
    route: str = "/v1/things",
    body: object = None,
    headers: Mapping[str, str | None] | None = None,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, list[str]] | None = None,
) -> tuple[int, dict[str, str], Any]:
    """Send a request as API Gateway would; a header of None is left out. Status, headers, body."""
    usual = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {TOKEN}",
        "Idempotency-Key": "k-1",
        "If-Match": '"3"',
    }
    sent = {name: value for name, value in {**usual, **(headers or {})}.items() if value is not None}
    raw = body if body is None or isinstance(body, str | bytes) else json.dumps(body, ensure_ascii=False)
    event = {
        "resource": route,
        "httpMethod": method,
        "requestContext": {
            "httpMethod": method,
            "resourcePath": route,
            "requestTimeEpoch": int(NOW.timestamp() * 1000) + 250,
            "requestId": "request-1",
        },
        "headers": sent,
        "multiValueQueryStringParameters": query,
        "pathParameters": path,
        "stageVariables": None,
        "body": raw,
    }
    answer = app(event, None)
    return answer["statusCode"], answer["headers"], json.loads(answer["body"])


def change(app: Chalice, code: str = "m1", name: str = "a", **headers: str | None) -> tuple[int, dict[str, str], Any]:
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    return ask(app, route="/v1/things/{name}/actions", body={"code": code}, path={"name": name}, headers=sent)


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


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the logger of the service writes."""
    logger = logging.getLogger(observability.SERVICE)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logger.handlers[0].formatter)
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)


def test_an_unexpected_fault_tells_a_reference_only_and_the_log_tells_no_personal_data(
    app: Chalice, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, body = change(app, "broken")
    assert (status, body["code"], body["reference"]) == (500, "internal", "request-1")
    fault, line = (json.loads(each) for each in log.getvalue().splitlines())
    assert fault["request_id"] == "request-1"
    assert "test_door.py" in fault["exception"]
    assert "KeyError" in fault["exception"]
    assert "张" not in log.getvalue()
    assert "330106199001011234" not in log.getvalue()
    assert (line["status"], line["code"]) == (500, "internal")
    assert '"UnexpectedErrors": 1' in capsys.readouterr().out


def test_an_answer_that_is_not_declared_is_a_fault(app: Chalice) -> None:
    assert change(app, "undeclared")[0] == 500


def test_a_request_leaves_one_line_of_listed_fields(app: Chalice, log: io.StringIO) -> None:
    change(app, name="%E5%BC%A0")
    line = json.loads(log.getvalue())
    assert line["message"] == "request"
    assert line["route"] == "/v1/things/{name}/actions"
    assert (line["status"], line["code"], line["kind"]) == (200, "ok", "staff")
    frame = {"level", "location", "message", "timestamp", "service"}
    assert set(line) - frame <= observability.FIELDS
    with pytest.raises(ValueError, match="not loggable"):
        observability.note(name="张三")


def test_only_catalogued_metrics_can_be_counted(capsys: pytest.CaptureFixture[str]) -> None:
    observability.count("RecordsQuarantined", NOW, 2, stream="cases")
    line = json.loads(capsys.readouterr().out)
    assert line["RecordsQuarantined"] == 2
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage", "stream"]]
    assert line["_aws"]["Timestamp"] == NOW.timestamp() * 1000
    wrong: list[tuple[str, dict[str, str]]] = [
        ("Unknown", {}),
        ("RecordsQuarantined", {}),
        ("SweepsCompleted", {"org": "33"}),
    ]
    for name, dimensions in wrong:
        with pytest.raises(ValueError, match="no metric"):
            observability.count(name, NOW, 1, **dimensions)
    with pytest.raises(ValueError, match="aware"):
        observability.count("SweepsCompleted", NOW.replace(tzinfo=None))


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


def test_a_contradiction_in_a_declaration_is_noticed_at_once(verifier: Verifier) -> None:
    door = Door("m", ("门", "Door"), verifier.verify)
    with pytest.raises(ValueError, match="path parameter"):
        door.operation("GET", "/v1/{x}", summary=("", ""), out=ThingOut)(lambda call: Answer(thing(call, "")))
    with pytest.raises(ValueError, match="no body"):
        door.operation("GET", "/v1/x", summary=("", ""), body=Form, out=ThingOut)(lambda call: Answer(thing(call, "")))


ENVIRONMENT = {
    "STAGE": "test",
    "CASES_TABLE": "cases",
    "DOSSIERS_TABLE": "dossiers",
    "REQUESTS_TABLE": "requests",
    "REGISTRY_TABLE": "registry",
    "OIDC_ISSUER": ISSUER,
    "OIDC_AUDIENCE": AUDIENCE,
    "OIDC_JWKS_URL": "https://id.example.cn/jwks",
    "INDEX_KEYS": f"1:{'0a' * 32},2:{'0b' * 32}",
    "RECEIPT_KEY": "0c" * 32,
}


def test_settings_are_read_from_the_environment_and_keys_are_not_shown() -> None:
    found = settings.load(ENVIRONMENT)
    assert (found.stage, found.index_key_version) == ("test", 2)
    assert found.index_keys == {1: b"\x0a" * 32, 2: b"\x0b" * 32}
    assert "0c0c" not in repr(found)
    assert "\\x0c" not in repr(found)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_setting_is_named(name: str) -> None:
    for value in ({}, {name: "  "}):
        with pytest.raises(settings.BadSetting, match=name):
            settings.load({**{k: v for k, v in ENVIRONMENT.items() if k != name}, **value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_JWKS_URL", "http://id.example.cn/jwks"),
        ("OIDC_JWKS_URL", "file:///etc/passwd"),
        ("RECEIPT_KEY", "0c" * 31),
        ("RECEIPT_KEY", "zz" * 32),
        ("INDEX_KEYS", "0a" * 32),
        ("INDEX_KEYS", f"0:{'0a' * 32}"),
        ("INDEX_KEYS", f"1:{'0a' * 32},1:{'0b' * 32}"),
        ("INDEX_KEYS", "1:abc"),
    ],
)
def test_a_setting_that_is_not_understood_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(settings.BadSetting, match=name) as caught:
        settings.load({**ENVIRONMENT, name: value})
    assert value not in str(caught.value)


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
