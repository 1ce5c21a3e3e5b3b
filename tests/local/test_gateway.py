"""The gateway, the doors beside the app, and the pages."""

from __future__ import annotations

import json
import urllib.request

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from infra.local.cloud import LocalCloud
from tests.local.conftest import NINE


def test_the_event_carries_the_local_time_and_an_id_of_its_own(cloud: LocalCloud) -> None:
    first, second = (cloud.request("GET", "/v1/echo?a=%E4%B8%AD&b=").json() for _ in range(2))
    assert first["at"] == NINE.timestamp() * 1000
    assert first["id"] != second["id"]
    assert first["query"] == {"a": "中", "b": ""}


def test_path_parameters_stay_encoded_and_literal_segments_win(cloud: LocalCloud) -> None:
    assert cloud.request("PUT", "/v1/notes/a%2Fb%20c", body=b"x").json() == {"name": "a%2Fb%20c"}
    assert cloud.request("GET", "/v1/notes/special").json() == {"name": "the special one"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "allow"),
    [
        ("GET", "/v1/none", 404, "not_found", None),
        ("DELETE", "/v1/echo", 405, "method_not_allowed", "GET, POST"),
        ("GET", "/_local/token", 405, "method_not_allowed", "POST"),
        ("GET", "/_local/none", 404, "not_found", None),
    ],
)
def test_unknown_routes_and_methods_are_problem_documents(
    cloud: LocalCloud, method: str, path: str, status: int, code: str, allow: str | None
) -> None:
    answer = cloud.request(method, path)
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("allow") == allow


def test_a_body_over_1_mb_is_refused_before_the_app(cloud: LocalCloud) -> None:
    answer = cloud.request("PUT", "/v1/notes/a", body=b"x" * (1024 * 1024 + 1))
    assert (answer.status, answer.json()["code"]) == (413, "too_large")
    assert cloud.request("PUT", "/v1/notes/a", body=b"x" * 300_000).status == 200


def test_a_head_or_options_request_has_no_body(cloud: LocalCloud) -> None:
    assert cloud.request("HEAD", "/v1/echo").body == b""
    assert cloud.request("OPTIONS", "/v1/echo").status == 200


def test_a_token_verifies_against_the_issuer_s_published_keys(cloud: LocalCloud) -> None:
    wanted = {"sub": "li", "kind": "staff", "org": "330203", "posts": ["intake"]}
    token = cloud.request("POST", "/_local/token", json=wanted).json()["access_token"]
    with urllib.request.urlopen(cloud.issuer.jwks_url, timeout=5) as answer:
        keys = KeySet.import_key_set(json.load(answer))
    claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
    assert {name: claims[name] for name in wanted} == wanted
    assert claims["exp"] - claims["iat"] == 12 * 3600
    assert claims["iat"] == NINE.timestamp()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"sub": "a", "kind": "boss"}, "kind"),
        ({"sub": "a", "kind": "staff"}, "org"),
        ({"sub": "a", "kind": "staff", "org": "330203", "posts": ["king"]}, "posts"),
        ({"sub": "a", "kind": "citizen", "posts": ["intake"]}, "kind"),
        ({"kind": "citizen"}, "sub"),
        ({"sub": "a", "kind": "citizen", "colour": "red"}, "colour"),
    ],
)
def test_an_identity_that_makes_no_sense_is_refused_by_field(
    cloud: LocalCloud, wanted: dict[str, object], field: str
) -> None:
    refused = cloud.request("POST", "/_local/token", json=wanted)
    assert (refused.status, [error["field"] for error in refused.json()["errors"]]) == (422, [field])


def test_bodies_of_the_doors_must_be_json_objects(cloud: LocalCloud) -> None:
    assert cloud.request("POST", "/_local/clock", body=b"{").status == 400
    wrong: list[object] = [[], {}, {"now": "2026-09-30T09:00:00"}, {"now": "soon"}, {"advance": -1}, {"advance": "x"}]
    for body in wrong:
        assert cloud.request("POST", "/_local/clock", json=body).status == 422


def test_the_page_stands_on_files_of_this_machine_only(cloud: LocalCloud) -> None:
    page = cloud.request("GET", "/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b"http://" not in page.body
    assert b"https://" not in page.body
    script = cloud.request("GET", "/_page/swagger-ui-bundle.min.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert cloud.request("GET", "/_page/page.js", headers={"If-None-Match": "x"}).status == 200
    rate = cloud.request("GET", "/rate").body + cloud.request("GET", "/_page/rate.js").body
    assert b"http" not in rate.replace(b"http-equiv", b"")
    tag = script.headers["etag"]
    assert cloud.request("GET", "/_page/swagger-ui-bundle.min.js", headers={"If-None-Match": tag}).status == 304
