"""Who is asking: a bearer token of the configured OIDC issuer, verified strictly, as an Identity.

One algorithm (RS256), one issuer, one audience, keys only from the issuer's own key set: what a token says
about its own key (jku, x5u, jwk) is not looked at. A refusal names the check that failed and never the
token. What the identity may do is for `domain.authority`; this module must not decide it.
"""

from __future__ import annotations

import functools
import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http.client import HTTPException
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import errors as jose
from joserfc._rfc7519.claims import JWTClaimsRegistry  # joserfc.jwt would load every cipher and X.509 beside it
from joserfc.registry import JWS_HEADER_REGISTRY, check_registry_header
from joserfc.util import base64_to_int, json_b64decode, urlsafe_b64decode

from chalicelib import settings
from chalicelib.domain.authority import Identity, Kind, Line, Post
from chalicelib.errors import Busy, Unauthenticated

_Named = TypeVar("_Named", bound=StrEnum)

LEEWAY = 60  # seconds by which clocks of issuer and platform may differ
MAX_TOKEN = 8_192  # characters
_MAX_KEY_SET = 65_536  # bytes
_REFRESH_GAP = timedelta(minutes=1)  # between two fetches, however many unknown key ids come
_RETRY_GAP = timedelta(seconds=5)  # the same while no key is known at all
_MAX_AGE = timedelta(hours=1)  # a key that the issuer withdrew is forgotten after this
_EXTENSIONS = frozenset({"crit", "b64"})  # RFC 7515, 7797: a header that asks for more than is understood here
_ORGANISATION = re.compile(r"[0-9]{6}(?:[0-9]{2}){0,2}", re.ASCII)


def refused(check: str, zh: str, en: str) -> Unauthenticated:
    """The refusal of a token: `check` is the stable name of what failed, put before the English text."""
    return Unauthenticated(f"登录凭证无效（{check}）：{zh}", f"{check}: {en}")


class KeySet:
    """The issuer's public keys by key id, fetched when needed and kept for the life of the process.

    Keys that are known go on working while the issuer cannot be reached. Without any key: Busy.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None

    def find(self, key_id: str, now: datetime) -> RSAPublicKey:
        """The key named `key_id`. Raises Unauthenticated if there is none, Busy if the issuer is silent."""
        old = self._fetched is None or not timedelta() <= now - self._fetched < _MAX_AGE
        if (old or key_id not in self._keys) and self._may_fetch(now):
            self._tried = now
            fresh = fetch_keys(self._url)
            if fresh:
                self._keys, self._fetched = fresh, now
        if not self._keys:
            zh, en = "暂时无法核验登录凭证，请稍后重试", "tokens cannot be verified at the moment"
            raise Busy(zh, en, retry_after=5)
        if key_id not in self._keys:
            raise refused("key_unknown", "签名密钥不属于签发方", "the issuer has no such key")
        return self._keys[key_id]

    def _may_fetch(self, now: datetime) -> bool:
        gap = _REFRESH_GAP if self._keys else _RETRY_GAP
        return self._tried is None or not timedelta() <= now - self._tried < gap


def fetch_keys(url: str) -> Mapping[str, RSAPublicKey]:
    """The RS256 keys at `url` by key id; empty if no key set comes within 2 s."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  settings let only https through
            raw = answer.read(_MAX_KEY_SET + 1)
        entries = json.loads(raw)["keys"] if len(raw) <= _MAX_KEY_SET else []
        return {entry["kid"]: _imported(entry) for entry in entries if _usable(entry)}
    except (OSError, HTTPException, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _imported(entry: Mapping[str, Any]) -> RSAPublicKey:
    return RSAPublicNumbers(base64_to_int(entry["e"]), base64_to_int(entry["n"])).public_key()


def _usable(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    strong = len(str(entry.get("n", ""))) >= 342  # 2048 bits in base64url
    purpose = entry.get("use", "sig") == "sig" and entry.get("alg", "RS256") == "RS256"
    verifies = "verify" in entry.get("key_ops", ["verify"])
    named = isinstance(entry.get("kid"), str)
    return entry.get("kty") == "RSA" and strong and purpose and verifies and named and "d" not in entry


@dataclass(slots=True)
class Verifier:
    """Verifies tokens of one issuer for one audience with the keys at `jwks_url`."""

    issuer: str
    audience: str
    jwks_url: str
    _keys: KeySet = field(init=False)

    def __post_init__(self) -> None:
        self._keys = KeySet(self.jwks_url)

    def verify(self, token: str, now: datetime) -> Identity:
        """The identity in `token` at `now` (aware). Raises Unauthenticated, or Busy if no key can be had."""
        claims = self._signed(token, now)
        self._check(claims, now)
        return identity_of(claims)

    def _signed(self, token: str, now: datetime) -> Mapping[str, Any]:
        if len(token) > MAX_TOKEN:
            raise refused("too_long", "凭证过长", f"over {MAX_TOKEN} characters")
        parts = token.split(".")
        if len(parts) != 3:
            raise _malformed()
        head, payload, signature = parts
        header = _header(head)
        if header["alg"] != "RS256":
            raise refused("algorithm", "签名算法不被接受", "only RS256 is accepted")
        key_id = header.get("kid")
        if not isinstance(key_id, str) or not key_id:
            raise refused("key_missing", "未注明签名密钥", "the header names no key (kid)")
        if not _verifies(self._keys.find(key_id, now), f"{head}.{payload}", signature):
            raise refused("signature", "签名不符", "the signature does not verify")
        kind = str(header.get("typ", "jwt")).lower().removeprefix("application/")
        if kind not in {"jwt", "at+jwt"}:
            raise refused("type", "凭证种类不符", "not an access token")
        return _object(payload)

    def _check(self, claims: Mapping[str, Any], now: datetime) -> None:
        rules = JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            rules.validate(dict(claims))
        except jose.MissingClaimError as missing:
            raise refused("claim_missing", "缺少必要声明", f"the token lacks {missing.claim}") from None
        except jose.ExpiredTokenError:
            raise refused("expired", "已过期，请重新登录", "the token has expired; sign in again") from None
        except jose.InvalidClaimError as wrong:
            check = _CLAIM_CHECKS.get(wrong.claim, "claim")
            raise refused(check, "声明不符", f"{wrong.claim} is not accepted") from None


def _malformed() -> Unauthenticated:
    return refused("malformed", "格式不符", "not a signed token in compact form")


def _header(part: str) -> Mapping[str, Any]:
    """The header of a token, each parameter of the kind that it should be."""
    header = _object(part)
    try:
        check_registry_header(JWS_HEADER_REGISTRY, header)
    except jose.JoseError:
        raise _malformed() from None
    if header.keys() & _EXTENSIONS:
        raise _malformed()
    return header


def _object(part: str) -> dict[str, Any]:
    """The JSON object that a part of a token holds."""
    try:
        found = json_b64decode(part.encode())
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(found, dict):
        raise _malformed()
    return found


def _verifies(key: RSAPublicKey, signed: str, signature: str) -> bool:
    try:
        key.verify(urlsafe_b64decode(signature.encode()), signed.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


_CLAIM_CHECKS: Mapping[str, str] = {
    "iss": "issuer",
    "aud": "audience",
    "sub": "subject",
    "exp": "expiry",
    "nbf": "not_yet_valid",
    "iat": "issued_at",
}


def identity_of(claims: Mapping[str, Any]) -> Identity:
    """The identity in claims whose signature and times are verified: `kind`, and for staff `org`, `posts`,
    `lines`. Raises Unauthenticated where they are missing, unknown or do not go together."""
    kind = _one(Kind, claims.get("kind"), "kind")
    organisation = claims.get("org")
    if organisation is not None and not (isinstance(organisation, str) and _ORGANISATION.fullmatch(organisation)):
        raise refused("org", "机构编码应为6、8或10位数字", "org must have 6, 8 or 10 digits")
    posts = frozenset(_one(Post, name, "posts") for name in _list(claims, "posts"))
    lines = frozenset(_one(Line, name, "lines") for name in _list(claims, "lines"))
    if kind is Kind.staff and organisation is None:
        raise refused("org", "工作人员须注明机构", "staff must have an org")
    if kind is Kind.citizen and (organisation or posts or lines):
        raise refused("posts", "群众身份不得带机构或岗位", "a citizen has no org, posts or lines")
    subject = claims["sub"]
    if len(subject) > 128 or not (subject.isascii() and subject.isprintable()):  # OpenID Connect Core 1.0, 2: ASCII
        raise refused("subject", "主体标识限128个ASCII字符", "sub must be at most 128 printable ASCII characters")
    return Identity(subject, kind, organisation, posts, lines)


def _one(choices: type[_Named], name: object, claim: str) -> _Named:
    if not isinstance(name, str) or name not in set(choices):
        raise refused(claim, f"未知的{claim}", f"{claim} may be {', '.join(choices)}")
    return choices(name)


def _list(claims: Mapping[str, Any], name: str) -> list[object]:
    value = claims.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 20:
        raise refused(name, f"{name}应为列表", f"{name} must be a list")
    return value


@functools.cache
def verifier() -> Verifier:
    """The verifier of this process, as the settings say."""
    known = settings.current()
    return Verifier(known.oidc_issuer, known.oidc_audience, known.oidc_jwks_url)


def verify(token: str, now: datetime) -> Identity:
    """The identity in `token` at `now`, by the verifier of this process."""
    return verifier().verify(token, now)
