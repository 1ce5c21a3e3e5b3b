"""A small app behind the door, with one route of every kind, and a way to ask it as API Gateway would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from chalice import Chalice
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from chalicelib import errors
from chalicelib.domain import identifiers
from chalicelib.http import openapi
from chalicelib.http.identity import Verifier
from chalicelib.http.mounting import mount
from chalicelib.http.operation import Access, Answer, Call, Door
from tests.support.issuing import NOW, token


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

    doors = {"things": door, "openapi": openapi.door_for(lambda: list(doors.values()), verifier.verify)}
    app = Chalice("zhongshu", configure_logs=False)
    mount(app, {"things": ("/v1/things", "/v1/open"), "openapi": ("/v1/openapi.json",)}, doors.__getitem__)
    return app, list(doors.values())


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
