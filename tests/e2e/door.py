"""The platform behind the stack's API gateway, as `infra.cli.hub` asks any platform.

What a stage does not have is a door that gives tokens; here the account's issuer gives them. This module must not know
routes.
"""

from __future__ import annotations

import json as jsons
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import urllib3

from infra.cli.hub import HttpDoor
from infra.local.issuer import Issuer
from infra.local.wsgi_client import Reply
from tests.e2e.stack import Stack

_TOKENS = "/_local/token"


@dataclass(slots=True)
class StackDoor:
    """Requests to one stack over one connection; `answered` counts them by status."""

    http: HttpDoor
    path: str
    issuer: Issuer
    answered: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack, api_stage: str = "api") -> StackDoor:
        """The door of a stack, at a stage of its API."""
        url, trusted = stack.account.server.url, str(stack.account.trusted)
        pool = urllib3.connection_from_url(url, maxsize=1, timeout=60, retries=False, ca_certs=trusted)
        return cls(HttpDoor(url, pool), stack.path(api_stage), stack.account.issuer)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        """One request."""
        if path == _TOKENS:
            given = {"access_token": self.issuer.token(json, datetime.now(UTC))}
            return Reply(200, {}, jsons.dumps(given).encode())
        reply = self.http.request(method, self.path + path, json=json, headers=headers, token=token)
        self.answered[reply.status] = self.answered.get(reply.status, 0) + 1
        return reply

    def close(self) -> None:
        """Close the connection."""
        self.http.pool.close()
