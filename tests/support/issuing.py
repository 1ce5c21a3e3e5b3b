"""An issuer on the loopback whose key set can change and whose line can be cut, and tokens of its and others' making.

Tokens are good at NOW. This module must not know the verifier.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

NOW = datetime(2026, 9, 30, 1, 0, tzinfo=UTC)
HEAD = {"alg": "RS256", "kid": "k1"}
ISSUER, AUDIENCE = "https://id.example.cn", "zhongshu"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
NEXT_KEY = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


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
