"""The platform as a client sees it: one connection, tokens per identity, refusals as exceptions.

Everything that `./zs` knows and does goes through here, by HTTP. A `LocalCloud` is a door as well, which is how tests
play in process. This module must not know commands.
"""

from __future__ import annotations

import json as jsons
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3

from infra.local.wsgi_client import Reply

Identity = Mapping[str, Any]
TOKEN_LIFE = timedelta(hours=11)  # an hour less than what the local issuer gives
SYSTEM: Identity = {"sub": "zs-operator", "kind": "system"}


class Door(Protocol):
    """Whatever answers requests."""

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply: ...


class NoAnswer(Exception):  # noqa: N818  it says what is wrong
    """Nothing listens there, or it broke off."""


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """A server, over one connection that is kept open."""

    url: str
    pool: urllib3.HTTPConnectionPool

    @classmethod
    def at(cls, url: str) -> HttpDoor:
        """The server at `url`; ValueError if that is no http(s) URL."""
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError(f"{url!r} is no http(s) URL")
        pool = urllib3.connection_from_url(url, maxsize=1, timeout=60, retries=False)
        return cls(url.rstrip("/"), pool)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        """One request; NoAnswer where there is none."""
        sent = dict(headers or {})
        body = None if json is None else jsons.dumps(json).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        try:
            answer = self.pool.urlopen(method, path, body=body, headers=sent)
        except urllib3.exceptions.HTTPError as broken:
            raise NoAnswer(f"{self.url}: {broken.__class__.__name__}") from broken
        return Reply(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.data)


class RefusedByServer(Exception):  # noqa: N818  a refusal is an answer, not a fault
    """The platform's problem document."""

    def __init__(self, method: str, path: str, reply: Reply) -> None:
        self.status = reply.status
        found = _json(reply)
        self.problem: Mapping[str, Any] = found if isinstance(found, dict) else {}
        self.code = str(self.problem.get("code", reply.status))
        self.place = f"{method} {path}"
        super().__init__(f"{self.place}: {self.status} {self.code} {self.detail}")

    @property
    def detail(self) -> str:
        """What it says, with the fields it names."""
        fields = [f"{each['field']}: {each['text']['en']}" for each in self.problem.get("errors", [])]
        return "; ".join([str(self.problem.get("detail", "")), *fields])

    @property
    def text(self) -> str:
        """What it says in Chinese, where it does."""
        found = self.problem.get("text", {})
        return str(found.get("zh-CN", "")) if isinstance(found, dict) else ""


def _json(reply: Reply) -> Any:
    try:
        return reply.json()
    except ValueError:
        return None


class Hub:
    """Requests in the name of an identity. Tokens come from the local issuer and are renewed by the local clock, or
    `token` is one that was given from outside and serves for everybody. `requests` counts what was sent."""

    def __init__(self, door: Door, token: str | None = None) -> None:
        self._door = door
        self._given = token
        self._tokens: dict[str, tuple[str, datetime | None]] = {}
        self._known: datetime | None = None  # the local clock when it was last heard
        self.requests = 0

    def get(self, path: str, who: Identity | None = None) -> Any:
        """The JSON that a GET answers."""
        return self.send("GET", path, who=who)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        who: Identity | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON of a successful answer; RefusedByServer for any other."""
        reply = self._request(method, path, body, who, headers)
        if reply.status == 401 and who is not None and self._given is None:
            self._tokens.pop(_name(who), None)  # somebody else moved the clock
            reply = self._request(method, path, body, who, headers)
        if reply.status >= 400:
            raise RefusedByServer(method, path, reply)
        return reply.json()

    def pages(self, path: str, who: Identity | None = None, most: int | None = None) -> list[Any]:
        """The items of a cursor list, all of them or the first `most`."""
        found: list[Any] = []
        joint, cursor = "&" if "?" in path else "?", ""
        while True:
            page = self.get(f"{path}{joint}limit=100{cursor}", who)
            found += page["items"]
            if page["next"] is None or (most is not None and len(found) >= most):
                return found if most is None else found[:most]
            cursor = f"&cursor={page['next']}"

    def now(self) -> datetime:
        """The local clock."""
        return self._heard(self.get("/_local/clock"))

    def set_clock(self, moment: datetime) -> datetime:
        """Sets the local clock; RefusedByServer if it may not go back."""
        return self._heard(self.send("POST", "/_local/clock", {"now": moment.isoformat()}))

    def token(self, who: Identity) -> str:
        """A token for `who`, good for the next hour of the local clock at least."""
        if self._given is not None:
            return self._given
        name = _name(who)
        held = self._tokens.get(name)
        if held and (held[1] is None or self._known is None or self._known - held[1] < TOKEN_LIFE):
            return held[0]
        fresh: str = self.send("POST", "/_local/token", dict(who))["access_token"]
        self._tokens[name] = fresh, self._known
        return fresh

    def _request(
        self, method: str, path: str, body: Any, who: Identity | None, headers: Mapping[str, str] | None
    ) -> Reply:
        token = self.token(who) if who is not None else None
        self.requests += 1
        sent = {"Accept-Language": "en", **(headers or {})}  # refusals carry the Chinese text beside
        return self._door.request(method, path, json=body, headers=sent, token=token)

    def _heard(self, answer: Mapping[str, str]) -> datetime:
        self._known = datetime.fromisoformat(answer["now"])
        return self._known


def _name(who: Identity) -> str:
    return jsons.dumps(dict(who), sort_keys=True)


Progress = Callable[[int], None]
