"""One local cloud for a test process, with the registry published once, put back before each test."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from chalice import Chalice

from chalicelib import observability
from chalicelib.domain.calendar import SHANGHAI
from chalicelib.http.identity import Verifier
from infra.local import load_registry, moto_repairs
from infra.local.cloud import LocalCloud
from infra.local.server import serving
from infra.local.wsgi_client import Reply
from tests.support.issuing import AUDIENCE, ISSUER, Issuer
from tests.support.small_app import tiny
from tests.support.town import ZHANG, Body, Identity, Step, hotel

NINE = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)  # a Monday inside the published calendar


@dataclass(slots=True)
class Filed:
    """A case as a test follows it: its number, code, and the version last told."""

    id: str
    code: str
    version: int
    answer: dict[str, Any]


@dataclass(slots=True)
class Hub:
    """The door of a running local cloud, asked as somebody."""

    cloud: LocalCloud = field(repr=False)
    _keys: Iterator[int] = field(default_factory=count, repr=False)

    def ask(
        self,
        method: str,
        path: str,
        who: Identity | None = None,
        body: Any = None,
        *,
        key: str | None = None,
        version: int | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes = b"",
    ) -> Reply:
        """One request with a fresh token of `who`; `key` and `version` become Idempotency-Key and If-Match."""
        sent = dict(headers or {})
        if key is not None:
            sent["Idempotency-Key"] = key
        if version is not None:
            sent["If-Match"] = f'"{version}"'
        token = self.cloud.token(who) if who else None
        return self.cloud.request(method, path, json=body, body=raw, headers=sent, token=token)

    def get(self, path: str, who: Identity | None = None) -> Any:
        """The body of a GET that succeeds."""
        reply = self.ask("GET", path, who)
        assert reply.status == 200, reply.body.decode()
        return reply.json()

    def submit(self, body: Body, who: Identity = ZHANG, key: str | None = None) -> Reply:
        """POST /v1/cases, under a fresh key unless one is given."""
        return self.ask("POST", "/v1/cases", who, body, key=key or f"key-{next(self._keys)}")

    def file(self, body: Body | None = None, who: Identity = ZHANG, key: str | None = None) -> Filed:
        """A case that was filed: a hotel licence unless a body is given."""
        reply = self.submit(body or hotel(), who, key)
        assert reply.status == 201, reply.body.decode()
        answer = reply.json()
        return Filed(answer["case_id"], answer["code"], answer["version"], answer)

    def act(
        self, case: Filed, action: str, who: Identity, body: Body | None = None, *, key: str | None = None
    ) -> Reply:
        """One step on the version last told; the case follows when it succeeds."""
        path = f"/v1/cases/{case.id}/actions/{action}"
        reply = self.ask("POST", path, who, body or {}, key=key, version=case.version)
        if reply.status == 200:
            case.answer = reply.json()
            case.version = case.answer["version"]
        return reply

    def life(self, case: Filed, *steps: Step) -> Filed:
        """The case after steps that all succeed."""
        for action, who, body in steps:
            reply = self.act(case, action, who, body)
            assert reply.status == 200, f"{action}: {reply.body.decode()}"
        return case

    def sizes(self) -> dict[str, int]:
        """How many items each table holds."""
        return {name: len(rows) for name, rows in self.cloud.tables.items()}


@pytest.fixture(scope="session")
def running() -> Iterator[LocalCloud]:
    cloud = LocalCloud.start(NINE, runs=False)
    token = cloud.token(load_registry.PUBLISHER)

    def put(path: str, document: dict[str, Any]) -> None:
        reply = cloud.request("PUT", path, json=document, token=token)
        assert reply.status in (200, 201), reply.body.decode()

    load_registry.load(put)
    cloud.mark()
    yield cloud
    cloud.close()


@pytest.fixture
def hub(running: LocalCloud) -> Iterator[Hub]:
    from chalicelib.services import registry  # reads its settings when it is imported

    moto_repairs.use_clock(running.clock.now)  # other tests of this process run other clouds
    running.reset(NINE)
    registry.forget()
    yield Hub(running)
    assert not running.rights.refused, "\n".join(running.rights.refused)


@pytest.fixture
def url(hub: Hub) -> Iterator[str]:
    """Where the hub is served over HTTP."""
    with serving(hub.cloud.wsgi, 0) as server:
        running = threading.Thread(target=server.run)
        running.start()
        yield f"http://127.0.0.1:{server.effective_port}"
        server.trigger.pull_trigger(server.close)
        running.join(10)
        assert not running.is_alive()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return Verifier(ISSUER, AUDIENCE, issuer.url)


@pytest.fixture
def app(verifier: Verifier) -> Chalice:
    return tiny(verifier)[0]


def problem(reply: Reply, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The problem document of a refusal, held to what every refusal must say; `fields` must be among the named."""
    document: dict[str, Any] = reply.json()
    assert (reply.status, document["code"]) == (status, code), reply.body.decode()
    assert reply.headers["content-type"] == "application/problem+json"
    assert document["status"] == status
    assert all(document["text"][language].strip() for language in ("zh-CN", "en"))
    for error in document["errors"]:
        assert all(error["text"][language].strip() for language in ("zh-CN", "en"))
    assert set(fields) <= {error["field"] for error in document["errors"]}, document["errors"]
    return document


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the service's logger writes."""
    logger = logging.getLogger(observability.SERVICE)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logger.handlers[0].formatter)
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)
