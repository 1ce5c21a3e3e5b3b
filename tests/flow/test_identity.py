"""Tokens at the real door: on every route that needs one, every kind of forgery is 401; and scope is kind by kind."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from chalicelib.http import problems
from tests.flow.conftest import Hub, problem
from tests.support.town import HAISHU, LI, NINGBO, ZHANG

STRANGER = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})


class Forger:
    """Makes tokens that look like the issuer's, from one that is."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.good = hub.cloud.token(LI)
        self.head, self.claims = (json.loads(_decoded(part)) for part in self.good.split(".")[:2])

    def issued(self, head: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Signed by the issuer itself, with other claims (... leaves one out)."""
        content = {name: value for name, value in {**self.claims, **claims}.items() if value is not ...}
        return jwt.encode({**self.head, **(head or {})}, content, self._hub.cloud.issuer._key)

    def strange(self, head: Mapping[str, Any] | None = None) -> str:
        """Signed with a key that the issuer does not know."""
        return jwt.encode({**self.head, **(head or {})}, self.claims, STRANGER)

    def unsigned(self) -> str:
        return f"{_encoded({**self.head, 'alg': 'none'})}.{_encoded(self.claims)}."

    def secret(self) -> str:
        """HS256, with a secret of one's own."""
        return jwt.encode({**self.head, "alg": "HS256"}, self.claims, OctKey.import_key("s" * 32))

    def confused(self) -> str:
        """HS256, with the issuer's public key as the secret."""
        secret = self._hub.cloud.issuer._key.as_pem(private=False)
        signing = f"{_encoded({**self.head, 'alg': 'HS256'})}.{_encoded(self.claims)}"
        mac = hmac.new(secret, signing.encode(), hashlib.sha256).digest()
        return f"{signing}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    def raised(self) -> str:
        """Another payload under the old signature."""
        head, _, signature = self.good.split(".")
        return f"{head}.{_encoded({**self.claims, 'kind': 'system'})}.{signature}"


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


FORGED: dict[str, tuple[Callable[[Forger], str | None], str]] = {
    "no token": (lambda forger: None, "missing"),
    "an empty one": (lambda forger: "Bearer ", "scheme"),
    "basic authentication": (lambda forger: "Basic bGk6bGk=", "scheme"),
    "garbage": (lambda forger: "Bearer a.b.c", "malformed"),
    "alg none": (lambda forger: f"Bearer {forger.unsigned()}", "algorithm"),
    "HS256 with the public key": (lambda forger: f"Bearer {forger.confused()}", "algorithm"),
    "HS256 with a secret": (
        lambda forger: f"Bearer {forger.secret()}",
        "algorithm",
    ),
    "a stranger's key": (lambda forger: f"Bearer {forger.strange()}", "signature"),
    "a stranger's key that it brings along": (
        lambda forger: f"Bearer {forger.strange({'jwk': STRANGER.as_dict(private=False)})}",
        "signature",
    ),
    "a stranger's key set that it names": (
        lambda forger: f"Bearer {forger.strange({'jku': 'https://evil.example/jwks'})}",
        "signature",
    ),
    "an unknown key": (lambda forger: f"Bearer {forger.issued({'kid': 'k9'})}", "key_unknown"),
    "no key named": (lambda forger: f"Bearer {forger.strange({'kid': ''})}", "key_missing"),
    "another payload": (lambda forger: f"Bearer {forger.raised()}", "signature"),
    "another audience": (lambda forger: f"Bearer {forger.issued(aud='elsewhere')}", "audience"),
    "another issuer": (lambda forger: f"Bearer {forger.issued(iss='https://evil.example')}", "issuer"),
    "expired": (lambda forger: f"Bearer {forger.issued(exp=forger.claims['iat'] - 60)}", "expired"),
    "issued tomorrow": (lambda forger: f"Bearer {forger.issued(iat=forger.claims['iat'] + 86_400)}", "issued_at"),
    "without an end": (lambda forger: f"Bearer {forger.issued(exp=...)}", "claim_missing"),
    "an ID token": (lambda forger: f"Bearer {forger.issued({'typ': 'id+jwt'})}", "type"),
    "of no kind": (lambda forger: f"Bearer {forger.issued(kind=...)}", "kind"),
    "of an unknown kind": (lambda forger: f"Bearer {forger.issued(kind='root')}", "kind"),
    "a citizen with posts": (lambda forger: f"Bearer {forger.issued(kind='citizen', org=...)}", "posts"),
    "staff of nowhere": (lambda forger: f"Bearer {forger.issued(org=...)}", "org"),
    "an unknown post": (lambda forger: f"Bearer {forger.issued(posts=['king'])}", "posts"),
}  # fmt: skip


Security = list[dict[str, list[str]]]
CLOSED: Security = [{"bearer": []}]
EITHER: Security = [{"bearer": []}, {}]
PUBLIC: Security = []
# What public routes are asked with, where a bare question says nothing.
WITH: dict[str, Any] = {
    "/v1/progress": {"case_id": "3" * 21, "code": "ABCDEFGH"},
    "/v1/orders/progress": {"order_id": "0" * 24, "code": "ABCDEFGH"},
    "/v1/calendar/deadline": "?start=2026-03-02&limit=1&unit=hour",
    "/v1/complaints": f"?org={HAISHU}",
}


def operations(hub: Hub) -> list[tuple[str, str, Security]]:
    """Method, filled path and what security is declared, of every declared operation."""
    names = {"case_id": "3" * 21, "action": "accept", "item_id": "hotel-licence", "code": HAISHU, "year": "2026"}
    names |= {"period": "2026-03", "org": HAISHU, "city": NINGBO, "day": "2026-03-02", "indicator": "online_rate"}
    names |= {"delegation_id": "some-delegation", "reader": "on_case_change", "sequence": "1", "order_id": "0" * 24}
    names |= {"rating_id": f"{'0' * 24}-1", "device_id": "tablet-1", "knowledge_id": "passport-first"}
    return [
        (method.upper(), path.format(**names, staff_id="li"), declared["security"])
        for path, methods in hub.get("/v1/openapi.json")["paths"].items()
        for method, declared in methods.items()
    ]


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_401_on_every_route_that_needs_one(name: str, hub: Hub) -> None:
    make, check = FORGED[name]
    authorization = make(Forger(hub))
    headers = {"Authorization": authorization} if authorization is not None else {}
    tried = 0
    for method, path, security in operations(hub):
        if security == PUBLIC or (security == EITHER and authorization is None):
            continue
        tried += 1
        reply = hub.ask(method, path, headers=headers, key="k", version=1)
        refused = problem(reply, 401, "unauthenticated")
        assert reply.headers["www-authenticate"] == problems.CHALLENGE
        assert refused["text"]["en"].startswith(f"{check}:"), (path, refused["text"]["en"])
        long_parts = [part for part in (authorization or "").split(".") if len(part) > 20]
        assert not any(part in reply.body.decode() for part in long_parts)
    assert tried >= 12


def test_the_good_token_that_the_forgeries_are_made_of_is_taken(hub: Hub) -> None:
    forger = Forger(hub)
    for token in (forger.good, forger.issued(), forger.issued({"typ": "at+jwt"}), forger.issued(aud=["x", "zhongshu"])):
        reply = hub.ask("GET", f"/v1/desk?org={HAISHU}", headers={"Authorization": f"Bearer {token}"})
        assert reply.status == 200


def test_public_routes_ask_for_nothing_and_look_at_no_token(hub: Hub) -> None:
    public = [(method, path) for method, path, security in operations(hub) if security == PUBLIC]
    assert len(public) >= 8
    link = hub.file().answer["rating_link"]
    for method, path in public:
        for headers in ({}, {"Authorization": "Bearer forged"}):
            given = {**WITH, "/v1/rating-progress": {"link": link}}.get(path, "")
            query, body = (given, None) if isinstance(given, str) else ("", given)
            assert hub.ask(method, path + query, None, body, headers=headers).status in (200, 404), path


def test_every_operation_is_closed_public_or_open_to_both(hub: Hub) -> None:
    declared = {(method, path): security for method, path, security in operations(hub)}
    assert all(security in (CLOSED, EITHER, PUBLIC) for security in declared.values())
    assert declared["POST", "/v1/orders"] == EITHER


def test_an_identity_is_what_its_token_says_and_no_more(hub: Hub) -> None:
    """The same subject as a citizen and as an officer of several posts: each may do its own."""
    case = hub.file()
    officer = {"sub": "zhang", "kind": "staff", "org": HAISHU, "posts": ["delivery"]}
    problem(hub.act(case, "accept", officer, {"note": "同意"}), 403, "forbidden")
    problem(hub.act(case, "withdraw", officer, {"reason": "不再办理"}), 403, "forbidden")
    assert hub.act(case, "withdraw", ZHANG, {"reason": "不再办理"}).status == 200
