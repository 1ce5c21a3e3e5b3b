"""API Gateway before the chalice app, as a WSGI application.

It makes the event that the Lambda would get, with the local clock's time in it, and answers by itself what API
Gateway answers by itself: unknown routes, wrong methods, bodies that are too large. One request at a time enters the
app, as in a Lambda. This module must not know what the routes do.
"""

from __future__ import annotations

import base64
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LambdaEventConverter, LocalGateway, LocalGatewayException, MatchResult, RouteMatcher

from chalicelib.errors import Forbidden, MethodNotAllowed, NotFound, NotJson, Refused, TooLarge, Unauthenticated
from infra.local.answers import Answer, problem

BODY_LIMIT = 1024 * 1024
Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Handler = Callable[[str, str, bytes, Environ], Answer | None]


class _Matcher(RouteMatcher):  # type: ignore[misc]
    """Matches as API Gateway does: a literal segment before a parameter, and no parameters of other routes."""

    def match_route(self, url: str) -> Any:
        parts = urlsplit(url)
        path = parts.path.rstrip("/") or "/"
        segments = path.split("/")
        best: tuple[list[bool], str, dict[str, str]] | None = None
        for route in self.route_urls:
            captured = _captured(route.split("/"), segments)
            if captured is not None:
                rank = [segment.startswith("{") for segment in route.split("/")]
                if best is None or rank < best[0]:
                    best = (rank, route, captured)
        if best is None:
            raise ValueError(f"no route for {path}")
        return MatchResult(best[1], best[2], parse_qs(parts.query, keep_blank_values=True))


def _captured(route: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(route) != len(segments):
        return None
    captured = {}
    for wanted, given in zip(route, segments, strict=True):
        if wanted.startswith("{") and given:
            captured[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return captured


class _Converter(LambdaEventConverter):  # type: ignore[misc]
    """Adds to the event what the platform reads and chalice's own converter leaves out."""

    def __init__(self, matcher: _Matcher, binary_types: list[str], now: Callable[[], datetime]) -> None:
        super().__init__(matcher, binary_types)
        self._now = now
        self.source_ip = "127.0.0.1"

    def create_lambda_event(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        event: dict[str, Any] = super().create_lambda_event(method, path, headers, body)
        if isinstance(event["body"], bytes):
            event["body"] = event["body"].decode() or None
        event.setdefault("isBase64Encoded", False)
        context = event["requestContext"]
        context["requestTimeEpoch"] = int(self._now().timestamp() * 1000)
        context["requestId"] = str(uuid.uuid4())
        context["identity"]["sourceIp"] = self.source_ip
        context["stage"] = "local"
        return event | {"httpMethod": method, "path": context["path"], "resource": context["resourcePath"]}


class Gateway:
    """The WSGI application.

    `beside` answers what stands outside the app or gives None; `around` is entered with the app; `afterwards` runs when
    an answer is on its way, before the next request enters the app; `lock` is held for the app and for `afterwards`;
    `told` learns of each answer its status, how long it took and how long of that the app, in seconds.
    """

    def __init__(
        self,
        app: Chalice,
        now: Callable[[], datetime],
        *,
        beside: Handler,
        around: Callable[[], AbstractContextManager[None]],
        afterwards: Callable[[], None],
        lock: threading.RLock,
        told: Callable[[int, float, float | None], None],
    ) -> None:
        self._app = app
        self._beside = beside
        self._around = around
        self._afterwards = afterwards
        self._lock = lock
        self._told = told
        self._gateway = LocalGateway(app, Config(config_from_disk={"app_name": app.app_name}))
        self._matcher = _Matcher(list(app.routes))
        self._converter = _Converter(self._matcher, app.api.binary_types, now)
        self._gateway.event_converter = self._converter

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        answer, entered = self._answer(method, environ)
        body = b"" if method == "HEAD" or answer.status == 204 else answer.body
        headers = [
            *answer.headers,
            ("Content-Length", str(len(body if answer.status == 204 else answer.body))),
        ]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return _Body(body, self._settle if entered else None)

    def _settle(self) -> None:
        with self._lock:
            self._afterwards()

    def _answer(self, method: str, environ: Environ) -> tuple[Answer, bool]:
        """The answer, and whether the app was entered."""
        uri, began = _raw_uri(environ), time.perf_counter()
        try:
            body = _body(environ)
            answer = self._beside(method, urlsplit(uri).path, body, environ)
            if answer is not None:
                return answer, False
            self._refuse_unknown(method, uri)
        except Refused as refusal:
            answer = problem(refusal, environ.get("HTTP_ACCEPT_LANGUAGE"), *self._allow(refusal, uri))
            self._told(answer.status, time.perf_counter() - began, None)
            return answer, False
        with self._lock, self._around():
            entered = time.perf_counter()
            answer = self._enter(method, uri, body, environ)
            done = time.perf_counter()
            self._told(answer.status, done - began, done - entered)
            return answer, True

    def _refuse_unknown(self, method: str, uri: str) -> None:
        try:
            methods = self._methods(uri)
        except ValueError:
            raise NotFound("没有这个地址", "there is no such address; / shows what there is") from None
        if method not in methods and method != "OPTIONS":
            raise MethodNotAllowed()

    def _methods(self, uri: str) -> list[str]:
        return sorted(self._app.routes[self._matcher.match_route(uri).route])

    def _allow(self, refusal: Refused, uri: str) -> list[tuple[str, str]]:
        return [("Allow", ", ".join(self._methods(uri)))] if isinstance(refusal, MethodNotAllowed) else []

    def _enter(self, method: str, uri: str, body: bytes, environ: Environ) -> Answer:
        if not _is_utf8(body):
            return problem(NotJson(), environ.get("HTTP_ACCEPT_LANGUAGE"))
        self._converter.source_ip = environ.get("REMOTE_ADDR", "127.0.0.1")
        try:
            response = self._gateway.handle_request(method, uri, _headers(environ), body or None)
        except LocalGatewayException as refused:
            cause = Unauthenticated() if refused.CODE == 401 else Forbidden()
            return problem(cause, environ.get("HTTP_ACCEPT_LANGUAGE"))
        return _from_lambda(response)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_lambda(response: dict[str, Any]) -> Answer:
    content = response.get("body") or ""
    body = base64.b64decode(content) if response.get("isBase64Encoded") else content.encode()
    several = response.get("multiValueHeaders") or {}
    headers = [(name, str(value)) for name, value in (response.get("headers") or {}).items()]
    headers += [(name, str(value)) for name, values in several.items() for value in values]
    if body and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Answer(response["statusCode"], tuple(h for h in headers if h[0].lower() != "content-length"), body)


def _raw_uri(environ: Environ) -> str:
    """Path and query as they came, percent-encoded: API Gateway hands path parameters on undecoded."""
    raw = environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw
    path = quote(environ.get("PATH_INFO", "/").encode("latin-1"), safe="/:@!$&'()*+,;=-._~")
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def _body(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > BODY_LIMIT:
        raise TooLarge()
    body: bytes = environ["wsgi.input"].read(int(length)) if int(length) else b""
    return body


def _headers(environ: Environ) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


class _Body:
    """The body of an answer; whoever has sent it calls `close`, as WSGI demands."""

    def __init__(self, body: bytes, afterwards: Callable[[], None] | None) -> None:
        self._body = body
        self._afterwards = afterwards

    def __iter__(self) -> Iterator[bytes]:
        return iter([self._body])

    def close(self) -> None:
        if self._afterwards:
            self._afterwards()
