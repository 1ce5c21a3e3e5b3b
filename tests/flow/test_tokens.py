"""Tokens, as the verifier takes or refuses them, and the issuer's keys as they come and go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from chalicelib import errors
from chalicelib.domain.authority import Identity, Kind, Line, Post
from chalicelib.http.identity import Verifier
from tests.support.issuing import (
    AUDIENCE,
    HEAD,
    ISSUER,
    KEY,
    NEXT_KEY,
    NOW,
    STRANGER,
    Issuer,
    claims,
    segment,
    signed,
    token,
)


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
    "a critical header that others understand": (lambda: token(KEY, {**HEAD, "crit": ["kid"]}), "malformed"),
    "a payload that is not encoded": (
        lambda: f"{segment({**HEAD, 'b64': False})}.{SIGNED[1]}.{SIGNED[2]}",
        "malformed",
    ),
    "a header of the wrong kind": (lambda: f"{segment({**HEAD, 'typ': 7})}.{SIGNED[1]}.{SIGNED[2]}", "malformed"),
    "a signature with padding": (lambda: f"{SIGNED[0]}.{SIGNED[1]}.{SIGNED[2]}==", "signature"),
    "a signature with other letters for the same bytes": (
        lambda: f"{SIGNED[0]}.{SIGNED[1]}.{SIGNED[2][:-1]}{chr(ord(SIGNED[2][-1]) + 1)}",
        "signature",
    ),
    "a fourth part": (lambda: f"{token()}.{SIGNED[2]}", "malformed"),
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
    "a subject in other letters than ASCII": (lambda: token(sub="某甲"), "subject"),
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


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, float("nan"), 10**400, "", "x", "RS256", "none", "k1", "JWT", [], ["kid"], {}, ISSUER]
)
PARAMETERS = st.sampled_from(["alg", "kid", "typ", "cty", "crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "note"])
CLAIMS = st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "jti"])
HEADERS = st.dictionaries(PARAMETERS, JUNK, max_size=2).map(lambda changes: {**HEAD, **changes})
EDITS = st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.sampled_from("ABab09-_.=+/ \n文")), max_size=2)


def edited(text: str, edits: list[tuple[float, bool, str]]) -> str:
    """`text` with each letter put in, or in another's place, at its share of the length."""
    for share, instead, letter in edits:
        at = int(share * (len(text) - 1))
        text = text[:at] + letter + text[at + instead :]
    return text


def library_takes(text: str) -> bool:
    """Whether joserfc with all that it can, allowed RS256 and the issuer's key, takes the token."""
    registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    registry.max_header_length = 8_192
    rules = jwt.JWTClaimsRegistry(
        now=int(NOW.timestamp()),
        leeway=60,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(jwt.decode(text, KEY, algorithms=["RS256"], registry=registry).claims)
    except (JoseError, ValueError, TypeError, AttributeError):
        return False
    return True


@pytest.fixture(scope="module")
def known() -> Iterator[Verifier]:
    """A verifier that keeps the issuer's key through every example."""
    issuer = Issuer()
    yield Verifier(ISSUER, AUDIENCE, issuer.url)
    issuer.close()


@given(HEADERS, st.dictionaries(CLAIMS, JUNK, max_size=1), EDITS)
def test_nothing_is_taken_that_the_library_would_refuse(
    known: Verifier, header: dict[str, Any], changes: dict[str, Any], edits: list[tuple[float, bool, str]]
) -> None:
    signing = f"{segment(header)}.{segment({**claims(), **changes})}"
    assert KEY.private_key is not None
    signature = KEY.private_key.sign(signing.encode(), PKCS1v15(), SHA256())
    text = edited(f"{signing}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}", edits)
    try:
        known.verify(text, NOW)
    except errors.Unauthenticated:
        return
    assert library_takes(text)


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
