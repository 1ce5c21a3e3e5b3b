"""One request to a WSGI application in process, and its answer. This module must not know routes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def call(
    application: Callable[..., Iterable[bytes]],
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Reply:
    """Send a request; it is over, with all that follows it, when this returns."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    chunks = application(_environ(method, path, headers, body), lambda *line: started.append(line))
    try:
        content = b"".join(chunks)
    finally:
        if close := getattr(chunks, "close", None):
            close()
    status, given = started[0]
    return Reply(int(status.split()[0]), {name.lower(): value for name, value in given}, content)


def _environ(method: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    plain, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": path,
        "PATH_INFO": unquote_to_bytes(plain).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ
