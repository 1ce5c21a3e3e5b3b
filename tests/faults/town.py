"""A town in a process of its own: the local cloud with its registry, cases at every stage to begin from, and the door.

Requests enter the real app as API Gateway would send them, without its one-at-a-time lock: clients stop at calls to
DynamoDB only, and the app looks at its current request before the first of those. This module must not judge.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from botocore.retries.quota import RetryQuota
from chalice.local import LambdaContext

from chalicelib.domain.calendar import SHANGHAI
from infra.functions import HTTP_FUNCTION
from infra.local import load_registry, moto_repairs
from infra.local.cloud import LocalCloud
from infra.local.dynamo_rows import Key, Row
from infra.local.wsgi_client import Reply
from tests.faults.stage import acting
from tests.support import town as people
from tests.support.told import complaint
from tests.support.town import Body, Identity, Step

NINE = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)  # a Monday inside the published calendar
CHEAT = people.staff("cheat", people.HAISHU, "intake", "review", "delivery", lines=("public_order",))
LACKING = people.hotel(materials=people.materials(5, m2="lacking"))
ACCEPT_BY_CHEAT: Step = ("accept", CHEAT, {"note": people.NOTE})
EXTEND_BODY: Body = {"days": 5, "reason": people.NOTE, "approver": "chief", "notice": people.NOTE}
EXTEND: Step = ("extend", people.WANG, EXTEND_BODY)
LAMBDA_SECONDS = 25  # as .chalice/config.json says
WARM_SECONDS = 10  # the registry's thirty seconds must not run out within a schedule
HISTORIES = ("CasesTable", "DossiersTable", "RequestsTable", "OrdersTable")
# Where the case stands with which a schedule begins: what was filed, and the steps taken since.
BEGINNINGS: Mapping[str, tuple[Body, tuple[Step, ...]]] = {
    "received": (people.hotel(), ()),
    "lacking": (LACKING, ()),
    "correction": (LACKING, (people.CORRECT,)),
    "accepted": (people.hotel(), (people.ACCEPT,)),
    "accepted by the cheat": (people.hotel(), (ACCEPT_BY_CHEAT,)),
    "reviewed": (people.hotel(), (ACCEPT_BY_CHEAT, people.REVIEW)),
    "extended": (people.hotel(), (people.ACCEPT, EXTEND)),
    "suspended": (people.hotel(), (people.ACCEPT, people.SUSPEND)),
    "granted": (people.hotel(), (people.ACCEPT, people.REVIEW, people.GRANT)),
    "instant": (people.lodging(), ()),
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request, the same at every retry. `route` is the app's, `places` its parameters."""

    who: Identity
    method: str
    route: str
    places: Mapping[str, str]
    body: Any = None
    key: str | None = None
    version: int | None = None
    query: Mapping[str, str] | None = None

    def __str__(self) -> str:
        subject = self.who["sub"]
        if self.method == "GET":
            return f"{subject} reads"
        named = f"key {self.key}" if self.key else "no key"
        action = self.places.get("action")
        return f"{subject} {action} at {self.version}, {named}" if action else f"{subject} files, {named}"


def filing(who: Identity, body: Body, key: str) -> Request:
    """An intake."""
    return Request(who, "POST", "/v1/cases", {}, body, key)


def telling(who: Identity, body: Body, key: str) -> Request:
    """A complaint."""
    return Request(who, "POST", "/v1/orders", {}, body, key)


def step(who: Identity, case: str, action: str, body: Body, version: int, key: str | None) -> Request:
    """A transition."""
    places = {"case_id": case, "action": action}
    return Request(who, "POST", "/v1/cases/{case_id}/actions/{action}", places, body, key, version)


def reading(who: Identity, case: str) -> Request:
    """A look at a case."""
    return Request(who, "GET", "/v1/cases/{case_id}", {"case_id": case})


def event(request: Request, token: str, now: datetime) -> dict[str, Any]:
    """What API Gateway hands to the Lambda."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    if request.key is not None:
        headers["idempotency-key"] = request.key
    if request.version is not None:
        headers["if-match"] = f'"{request.version}"'
    context = {
        "httpMethod": request.method,
        "resourcePath": request.route,
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "requestId": "schedule",
    }
    query = {name: [value] for name, value in request.query.items()} if request.query else None
    return {
        "resource": request.route, "httpMethod": request.method, "requestContext": context, "headers": headers,
        "multiValueQueryStringParameters": query, "pathParameters": dict(request.places), "stageVariables": None,
        "body": None if request.body is None else json.dumps(request.body, ensure_ascii=False),
        "isBase64Encoded": False,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beginning:
    """A case to begin from: its number, and the tables with nothing but it."""

    case: str
    tables: Mapping[str, dict[Key, Row]]


@dataclass(slots=True)
class Town:
    """The running town. `output` is what the platform wrote since the last `begin`."""

    cloud: LocalCloud
    app: Any
    registry: Any
    quotas: list[RetryQuota]
    beginnings: dict[str, Beginning] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    output: io.StringIO = field(default_factory=io.StringIO)
    cold: bool = True
    warmed: float = 0.0

    def ask(self, request: Request, skew: float = 0, lasts: float = LAMBDA_SECONDS) -> Reply:
        """The answer of the app, at the present time of the virtual clock, moved by `skew` seconds; its Lambda lasts
        so many by the client's own time, in which others' waiting does not count."""
        now = self.cloud.clock.now() + timedelta(seconds=skew)
        actor = acting()
        watch = SimpleNamespace(time=lambda: actor.lived if actor else 0.0)
        context = LambdaContext(HTTP_FUNCTION, 512, round(lasts * 1000), watch)
        with self.cloud.rights.acting(HTTP_FUNCTION):
            answer = self.app(event(request, self._token(request.who), now), context)
        headers = {name.lower(): str(value) for name, value in answer["headers"].items()}
        return Reply(answer["statusCode"], headers, answer["body"].encode())

    def begin(self, name: str, *, cold: bool = False, jitter: int = 0) -> Beginning:
        """Everything as it was when the case of this beginning had come so far, an hour later. `jitter` seeds the
        pauses that the SDK draws."""
        beginning = self.beginnings[name]
        self._restore(beginning.tables)
        self.cloud.clock.restart(NINE + timedelta(hours=1))
        random.seed(jitter)
        for quota in self.quotas:  # a new SDK client's
            quota.release(RetryQuota.INITIAL_CAPACITY)
        if cold:
            self.new_process()
        elif self.cold or time.perf_counter() - self.warmed > WARM_SECONDS:
            self.warm()
        self.output.seek(0)
        self.output.truncate()
        return beginning

    def new_process(self) -> None:
        """The next request meets a process that knows nothing of the registry."""
        self.registry.forget()
        self.cold = True

    def warm(self) -> None:
        """Let the process know of the registry what requests ask."""
        self.registry.forget()
        for kind in self.registry.store.KINDS:
            self.registry.entries(kind)
        self.registry.current_calendar()
        for body, _ in BEGINNINGS.values():
            self.registry.current_item(body["item"])
        self.cold, self.warmed = False, time.perf_counter()

    def tables(self) -> dict[str, dict[Key, Row]]:
        """What the tables of histories hold."""
        return {name: self.cloud.tables[name].copy() for name in HISTORIES}

    @contextlib.contextmanager
    def overheard(self) -> Iterator[None]:
        """What the platform writes while this lasts goes to `output`."""
        with contextlib.redirect_stdout(self.output):
            yield

    def build(self, body: Body, steps: tuple[Step, ...]) -> Beginning:
        """A case that was filed and moved on an empty day."""
        self._restore({})
        self.cloud.clock.restart(NINE)
        filed = self.expect(filing(people.ZHANG, body, "beginning"))
        for action, who, content in steps:
            filed = self.expect(step(who, filed["case_id"], action, content, filed["version"], None))
        return Beginning(filed["case_id"], self.tables())

    def told(self) -> Beginning:
        """A complaint that was filed on an empty day; its number stands for the case's."""
        self._restore({})
        self.cloud.clock.restart(NINE)
        answer = self.expect(telling(people.ZHANG, complaint(statement="先前的反映"), "beginning"))
        return Beginning(answer["order_id"], self.tables())

    def expect(self, request: Request) -> Any:
        """The body of an answer that must be a success."""
        reply = self.ask(request)
        assert reply.status in (200, 201), reply.body.decode()
        return reply.json()

    def _restore(self, kept: Mapping[str, dict[Key, Row]]) -> None:
        for name in HISTORIES:
            self.cloud.tables[name].restore(kept.get(name))
        moto_repairs.forget()
        self.cloud.pump.skip()

    def _token(self, who: Identity) -> str:
        named = json.dumps(who, sort_keys=True)
        if named not in self.tokens:
            self.tokens[named] = self.cloud.issuer.token(who, NINE)
        return self.tokens[named]


@cache
def town() -> Town:
    """The town of this process, opened when it is first needed."""
    cloud = LocalCloud.start(NINE, runs=False)
    token = cloud.token(load_registry.PUBLISHER)
    with contextlib.redirect_stdout(io.StringIO()):
        load_registry.load(lambda path, entry: _published(cloud.request("PUT", path, json=entry, token=token)))
    registry = importlib.import_module("chalicelib.services.registry")  # reads its settings when it is imported
    opened = Town(cloud, importlib.import_module("app").app, registry, [])
    with opened.overheard():
        for name, (body, steps) in BEGINNINGS.items():
            opened.beginnings[name] = opened.build(body, steps)
        opened.beginnings["told"] = opened.told()
    opened.quotas += [each for each in gc.get_objects() if isinstance(each, RetryQuota)]
    return opened


def _published(reply: Reply) -> None:
    assert reply.status in (200, 201), reply.body.decode()
