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

from joserfc import errors as jose
from joserfc import jws, jwt
from joserfc.jwk import GuestProtocol, RSAKey

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
        self._keys: Mapping[str, RSAKey] = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None

    def find(self, key_id: str, now: datetime) -> RSAKey:
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


def fetch_keys(url: str) -> Mapping[str, RSAKey]:
    """The RS256 keys at `url` by key id; empty if no key set comes within 2 s."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  settings let only https through
            raw = answer.read(_MAX_KEY_SET + 1)
        entries = json.loads(raw)["keys"] if len(raw) <= _MAX_KEY_SET else []
        return {entry["kid"]: RSAKey.import_key(entry) for entry in entries if _usable(entry)}
    except (OSError, HTTPException, ValueError, TypeError, KeyError, RecursionError, jose.JoseError):
        return {}


def _usable(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    strong = len(str(entry.get("n", ""))) >= 342  # 2048 bits in base64url
    purpose = entry.get("use", "sig") == "sig" and entry.get("alg", "RS256") == "RS256"
    named = isinstance(entry.get("kid"), str)
    return entry.get("kty") == "RSA" and strong and purpose and named and "d" not in entry


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

        def key_of(envelope: GuestProtocol) -> RSAKey:
            key_id = envelope.headers().get("kid")
            if not isinstance(key_id, str) or not key_id:
                raise refused("key_missing", "未注明签名密钥", "the header names no key (kid)")
            return self._keys.find(key_id, now)

        registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
        registry.max_header_length = MAX_TOKEN
        try:
            decoded = jwt.decode(token, key_of, algorithms=["RS256"], registry=registry)
        except jose.UnsupportedAlgorithmError:
            raise refused("algorithm", "签名算法不被接受", "only RS256 is accepted") from None
        except jose.BadSignatureError:
            raise refused("signature", "签名不符", "the signature does not verify") from None
        except (jose.JoseError, ValueError, TypeError, AttributeError, RecursionError):
            raise refused("malformed", "格式不符", "not a signed token in compact form") from None
        kind = str(decoded.header.get("typ", "jwt")).lower().removeprefix("application/")
        if kind not in {"jwt", "at+jwt"}:
            raise refused("type", "凭证种类不符", "not an access token")
        return decoded.claims

    def _check(self, claims: Mapping[str, Any], now: datetime) -> None:
        rules = jwt.JWTClaimsRegistry(
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
    if len(subject) > 128 or not subject.isprintable():
        raise refused("subject", "主体标识不符", "sub must be at most 128 printable characters")
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
