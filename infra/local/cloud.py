"""The local cloud: moto, the tables of the stack's template, an issuer, and the app between gateway, streams and
schedules, in one process, without an account and without a network.

    cloud = LocalCloud.start(now=datetime(2026, 9, 30, 9, tzinfo=SHANGHAI))
    answer = cloud.request("POST", "/v1/cases", json={…}, token=cloud.token({"sub": "zhang", "kind": "citizen"}))
    cloud.drain(); cloud.advance(86_400); cloud.reset(); cloud.close()

One at a time in a process. This module must not know what the platform's data mean.
"""

from __future__ import annotations

import contextlib
import importlib
import json as jsons
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import moto
from chalice.app import Chalice

from chalicelib.domain.calendar import SHANGHAI
from infra.local import moto_repairs, tables
from infra.local.clock import LocalClock
from infra.local.doors import Doors
from infra.local.dynamo_rows import Rows
from infra.local.emf import Metrics
from infra.local.gateway import Gateway
from infra.local.issuer import AUDIENCE, Issuer
from infra.local.keeping import Keeper, Parts
from infra.local.pump import Options, Pump, mappings_of
from infra.local.schedules import Scheduler, schedules_of
from infra.local.wsgi_client import Reply, call

REGION = "cn-north-1"
STAGE = "local"
TEMPLATE = Path(__file__).parents[1] / "tables.yaml"
DEAD_LETTERS = f"zhongshu-{STAGE}-dead-letters"
ENVIRONMENT = {
    "STAGE": STAGE,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # moto knows no host names with an account in them
    "AWS_EC2_METADATA_DISABLED": "true",
    "OIDC_AUDIENCE": AUDIENCE,
    "INDEX_KEYS": "1:" + "5a" * 32,  # these two are keys of this machine's samples; a stage has its own
    "RECEIPT_KEY": "a5" * 32,
}


def _the_app() -> Chalice:
    """The platform's app, imported only now because it reads its settings from the environment."""
    app: Chalice = importlib.import_module("app").app
    return app


@dataclass(slots=True)
class LocalCloud:
    """A running local cloud. `wsgi` is the whole HTTP side; the methods below are for tools and tests."""

    wsgi: Gateway
    clock: LocalClock
    issuer: Issuer
    pump: Pump
    scheduler: Scheduler
    metrics: Metrics
    tables: Mapping[str, Rows]
    keeper: Keeper | None
    _lock: threading.RLock
    _stack: contextlib.ExitStack
    _kept: dict[str, Any]

    @classmethod
    def start(
        cls,
        now: datetime | None = None,
        *,
        app_factory: Callable[[], Chalice] = _the_app,
        template: Path = TEMPLATE,
        streams: Mapping[str, Options] | None = None,
        runs: bool = True,
        data: Path | None = None,
    ) -> LocalCloud:
        """Start everything. `now` sets the clock, which stands still if not `runs`; `streams` overrides the settings
        of stream mappings by function name; `data` is a directory that keeps everything, or Unusable is raised."""
        with contextlib.ExitStack() as stack:
            keeper = stack.enter_context(contextlib.closing(Keeper(data))) if data else None
            cloud = _started(stack, LocalClock(now, runs=runs), app_factory, template, streams, keeper)
            if now is not None:
                cloud.clock.set(now)
            cloud._pumped()
            cloud._stack = stack.pop_all()
        return cloud

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        """Send one HTTP request in process; the streams have been read when it comes back."""
        sent = dict(headers or {})
        if json is not None:
            body = jsons.dumps(json).encode()
            sent.setdefault("Content-Type", "application/json")
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return call(self.wsgi, method, path, sent, body)

    def token(self, wanted: Mapping[str, Any]) -> str:
        """A development token for {sub, kind, org, posts, lines}."""
        return self.issuer.token(wanted, self.clock.now())

    def now(self) -> datetime:
        """The local clock's time, in UTC."""
        return self.clock.now()

    def set_clock(self, moment: datetime) -> None:
        """Set the clock; what falls due runs once, and the streams are read."""
        with self._lock:
            before = self.clock.now()
            self.clock.set(moment)
            if self.clock.now() < before:
                self.scheduler.rewind()
            self._settle()

    def advance(self, seconds: float) -> None:
        """Move the clock on; what falls due runs once, and the streams are read."""
        with self._lock:
            self.clock.advance(seconds)
            self._settle()

    def drain(self) -> int:
        """Read every stream to its end and publish metrics; gives the number of records delivered."""
        with self._lock:
            delivered = self._pumped()
            self.metrics.flush()
            return delivered

    def run_schedule(self, name: str) -> None:
        """Run one schedule now, and read the streams."""
        with self._lock, self.metrics.caught():
            self.scheduler.run(name)

    def schedule_names(self) -> list[str]:
        """The schedules that there are."""
        return list(self.scheduler.schedules)

    def mark(self) -> None:
        """Remember the tables as they are now: `reset` comes back to this."""
        with self._lock:
            self.drain()
            self._kept = {name: rows.copy() for name, rows in self.tables.items()}

    def forget_mark(self) -> None:
        """Let `reset` empty the tables again."""
        self._kept = {}

    def reset(self, now: datetime | None = None) -> None:
        """Put the tables back to the last `mark` (or to nothing), forget all stream records and dead letters, and
        set the clock to `now`, backwards too."""
        with self._lock:
            for name, rows in self.tables.items():
                rows.restore(self._kept.get(name))
            moto_repairs.forget()
            moto_repairs.use_clock(self.clock.now)
            self.pump.skip()
            self.dead_letters()
            self.metrics.forget()
            if now is not None:
                self.clock.restart(now)
            self.scheduler.rewind()
            if self.keeper:
                self.keeper.rewrite()

    def dead_letters(self) -> list[dict[str, Any]]:
        """The messages of the batches that were given up, taken from their queue."""
        client, found = boto3.client("sqs"), []
        while messages := client.receive_message(QueueUrl=_queue_url(), MaxNumberOfMessages=10).get("Messages"):
            for each in messages:
                found.append(jsons.loads(each["Body"]))
                client.delete_message(QueueUrl=_queue_url(), ReceiptHandle=each["ReceiptHandle"])
        if self.keeper:
            self.keeper.letters_taken()
        return found

    def close(self) -> None:
        """Stop everything and put the environment back."""
        self._stack.close()

    def _pumped(self) -> int:
        with self.metrics.caught():
            return self.pump.drain()

    def _settle(self) -> None:
        self._pumped()
        now = self.clock.now()
        with self.metrics.caught():
            due = self.scheduler.run_due()
        self.metrics.settle()
        if self.keeper:
            with moto_repairs.LOCK:
                self.keeper.settled(now if due else None)


def _started(
    stack: contextlib.ExitStack,
    clock: LocalClock,
    app_factory: Callable[[], Chalice],
    template: Path,
    streams: Mapping[str, Options] | None,
    keeper: Keeper | None,
) -> LocalCloud:
    issuer = Issuer(keeper.key() if keeper else None)
    stack.callback(issuer.close)
    stack.enter_context(_environment({**ENVIRONMENT, "OIDC_ISSUER": issuer.url, "OIDC_JWKS_URL": issuer.jwks_url}))
    rows = _engine(stack, clock, template)
    app = app_factory()
    pump = Pump(
        mappings_of(app, streams),
        {name: each.stream for name, each in rows.items() if each.stream},
        now=clock.now,
        dead_letter=keeper.letters_to(_send_dead_letter) if keeper else _send_dead_letter,
    )
    scheduler = Scheduler(schedules_of(app), clock.now, pump.drain, REGION)
    parts = Parts(rows, pump, clock, scheduler, lambda: moto_repairs.tokens(REGION))
    return _assembled(app, issuer, parts, keeper)


def _engine(stack: contextlib.ExitStack, clock: LocalClock, template: Path) -> dict[str, Rows]:
    moto_repairs.install()
    moto_repairs.use_clock(clock.now)
    stack.callback(moto_repairs.forget)
    stack.callback(moto_repairs.use_keeper, None)
    stack.enter_context(moto.mock_aws(config={"core": {"mock_credentials": False}}))
    definitions = tables.tables_of(tables.read_template(template), STAGE)
    stack.enter_context(_environment(tables.create(boto3.client("dynamodb"), definitions)))
    boto3.client("sqs").create_queue(QueueName=DEAD_LETTERS)
    return {name: moto_repairs.table_named(each["TableName"], REGION) for name, each in definitions.items()}


def _assembled(app: Chalice, issuer: Issuer, parts: Parts, keeper: Keeper | None) -> LocalCloud:
    lock, clock = threading.RLock(), parts.clock
    metrics = Metrics(boto3.client("cloudwatch"), clock.now)
    held: list[LocalCloud] = []
    gateway = Gateway(
        app,
        clock.now,
        beside=lambda *request: doors(*request),
        around=metrics.caught,
        afterwards=lambda: held[0]._settle(),
        lock=lock,
    )
    if keeper:
        keeper.take_up(parts)
        moto_repairs.label_streams(REGION)
        moto_repairs.use_keeper(keeper.write)
    # Histories have a stream; the registry, which was published before the first case, holds no clock.
    clock.used = lambda: any(rows for rows in parts.tables.values() if rows.stream)
    running = (gateway, clock, issuer, parts.pump, parts.scheduler, metrics, parts.tables, keeper)
    cloud = LocalCloud(*running, lock, contextlib.ExitStack(), {})
    doors = Doors(cloud, lambda moment: moment.astimezone(SHANGHAI).isoformat(timespec="seconds"))
    held.append(cloud)
    return cloud


def _queue_url() -> str:
    url: str = boto3.client("sqs").get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    return url


def _send_dead_letter(message: Mapping[str, Any]) -> None:
    boto3.client("sqs").send_message(QueueUrl=_queue_url(), MessageBody=jsons.dumps(message))


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
