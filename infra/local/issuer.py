"""An OpenID Connect issuer for development: it signs whatever identity one asks for.

It listens on loopback only, on a port of its own, so that the platform can fetch its keys while it answers a request.
The key is made at start, or kept in the directory of a run that survives a stop. This module must not be reachable
from a deployed stage.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from chalicelib.domain.authority import Kind, Line, Post
from chalicelib.errors import FieldError, InvalidInput

AUDIENCE = "zhongshu"
LIFE = timedelta(hours=12)
_CHOICES: Mapping[str, list[str]] = {
    "kind": [each.value for each in Kind],
    "posts": [each.value for each in Post],
    "lines": [each.value for each in Line],
}


def new_key() -> RSAKey:
    """A fresh signing key."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)


class Issuer:
    """The issuer, listening from its making until `close`. `url` is its issuer identifier: its address, or, with a
    `key` that is kept, a name that outlives the address. With `tls` it is asked by https."""

    def __init__(self, key: RSAKey | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._key = key or new_key()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._document))
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        address = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self.url = f"urn:zhongshu:local:{self._key.kid}" if key else address
        self.jwks_url = f"{address}/jwks.json"
        threading.Thread(target=self._server.serve_forever, name="issuer", daemon=True).start()

    def token(self, wanted: Mapping[str, Any], now: datetime) -> str:
        """A signed token for an identity {sub, kind, org, posts, lines}, good for twelve hours from `now`. Raises
        InvalidInput that names each field it does not understand."""
        claims = _claims(wanted)
        times = {"iat": int(now.timestamp()), "exp": int((now + LIFE).timestamp())}
        header = {"alg": "RS256", "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, {"iss": self.url, "aud": AUDIENCE, **times, **claims}, self._key)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _document(self, path: str) -> Any:
        if path == "/jwks.json":
            return {"keys": [self._key.as_dict(private=False)]}
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url,
                "jwks_uri": self.jwks_url,
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
            }
        return None


def _handler(document: Callable[[str], Any]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = document(self.path)
            body = json.dumps(found).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Key fetches are no news."""

    return Handler


def _claims(wanted: Mapping[str, Any]) -> dict[str, Any]:
    wrong = [
        FieldError(name, "unknown_field", "没有此字段", "there is no such field; use sub, kind, org, posts, lines")
        for name in wanted.keys() - {"sub", "kind", "org", "posts", "lines"}
    ]
    subject, kind, organisation = wanted.get("sub"), wanted.get("kind"), wanted.get("org")
    if not isinstance(subject, str) or not 0 < len(subject) <= 128:
        wrong.append(FieldError("sub", "text", "应为1至128个字符", "must be 1 to 128 characters"))
    wrong += _unknown("kind", [kind])
    wrong += _unknown("posts", wanted.get("posts", [])) + _unknown("lines", wanted.get("lines", []))
    if kind == Kind.staff and organisation is None:
        wrong.append(FieldError("org", "missing", "工作人员须注明机构编码", "staff need an organisation code"))
    if organisation is not None and not _is_code(organisation):
        wrong.append(FieldError("org", "code", "应为6、8或10位数字", "must have 6, 8 or 10 digits"))
    if kind == Kind.citizen and (organisation or wanted.get("posts") or wanted.get("lines")):
        message = "a citizen has no org, posts or lines"
        wrong.append(FieldError("kind", "citizen", "群众身份不带机构、岗位或警种", message))
    if wrong:
        raise InvalidInput(errors=wrong)
    optional = {name: wanted[name] for name in ("org", "posts", "lines") if wanted.get(name)}
    return {"sub": subject, "kind": kind, **optional}


def _unknown(field: str, given: Any) -> list[FieldError]:
    choices = ", ".join(_CHOICES[field])
    known = isinstance(given, list) and all(each in _CHOICES[field] for each in given)
    return [] if known else [FieldError(field, "choice", f"可选：{choices}", f"may be {choices}")]


def _is_code(text: Any) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) in (6, 8, 10)
