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
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import moto
from chalice.app import Chalice

from chalicelib.domain.calendar import SHANGHAI
from infra import policies
from infra.functions import HTTP_FUNCTION
from infra.local import buckets, cloudwatch_repairs, emf, moto_repairs, tables
from infra.local.boards import Boards
from infra.local.buckets import Buckets
from infra.local.clock import LocalClock
from infra.local.dead_letters import DeadLetters
from infra.local.doors import Doors
from infra.local.dynamo_rows import Rows
from infra.local.emf import Metrics
from infra.local.environment import environment
from infra.local.gateway import Gateway
from infra.local.issuer import AUDIENCE, Issuer
from infra.local.keeping import Keeper, Parts
from infra.local.mappings import Mappings, queues, resources
from infra.local.measuring import Measures
from infra.local.pump import Pump
from infra.local.rights import Rights
from infra.local.schedules import Scheduler, schedules_of
from infra.local.widgets import Widgets
from infra.local.wsgi_client import Reply, call
from infra.watch.watched import Place

REGION, PARTITION = "cn-north-1", "aws-cn"
STAGE = "local"
TEMPLATE = Path(__file__).parents[1] / "tables.yaml"
DEAD_LETTERS = "DeadLetters"  # the logical id of the queue
ENVIRONMENT = {
    "STAGE": STAGE,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # moto knows no host names with an account in them
    "AWS_EC2_METADATA_DISABLED": "true",
    "OIDC_AUDIENCE": AUDIENCE,
    "INDEX_KEYS": "1:" + "5a" * 32,  # these three are keys of this machine's samples; a stage has its own
    "RECEIPT_KEY": "a5" * 32,
    "RATING_KEY": "c3" * 32,
    "RATING_PAGE": "http://127.0.0.1:8000/rate",
    **buckets.variables(TEMPLATE.with_name(buckets.FILE), STAGE),
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
    letters: DeadLetters
    metrics: Metrics
    rights: Rights
    measures: Measures
    tables: Mapping[str, Rows]
    buckets: Buckets
    widgets: Widgets
    boards: Boards
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
        runs: bool = True,
        data: Path | None = None,
        address: str | None = None,
    ) -> LocalCloud:
        """Start everything. `template` has the tables, beside it stands what the stack says of streams and queues, and
        in .chalice beside its directory what functions may do (whatever they want, where there is none); `now` sets the
        clock, which stands still if not `runs`; `data` is a directory that keeps everything, or Unusable is raised;
        `address` is where people find it, where that is not the usual place."""
        with contextlib.ExitStack() as stack:
            keeper = stack.enter_context(contextlib.closing(Keeper(data))) if data else None
            cloud = _started(stack, LocalClock(now, runs=runs), app_factory, template, keeper, address)
            if now is not None:
                cloud.clock.set(now)
            cloud._pumped(cloud.pump.poll)
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
            self._pumped(lambda: self.pump.poll(moment))
            self.clock.set(moment)
            if self.clock.now() < before:
                self.scheduler.rewind()
            self._settle()

    def advance(self, seconds: float) -> None:
        """Move the clock on; what falls due runs once, and the streams are read."""
        with self._lock:
            self._pumped(lambda: self.pump.poll(self.clock.now() + timedelta(seconds=seconds)))
            self.clock.advance(seconds)
            self._settle()

    def catch_up(self) -> None:
        """Run what fell due by now, and read the streams: what happens by itself on AWS while nobody asks anything."""
        with self._lock:
            self._settle()

    def drain(self) -> int:
        """Read every stream to its end; gives the number of records that are done with."""
        with self._lock:
            return self._pumped(self.pump.drain)

    def run_schedule(self, name: str) -> None:
        """Run one schedule now, and read the streams."""
        with self._lock:
            with self.metrics.caught():
                self.scheduler.run(name)
            self._pumped(self.pump.poll)

    def ask_widget(self, name: str, event: Mapping[str, Any]) -> str:
        """What a function behind a custom widget answers to the event of a dashboard."""
        with self._lock, self.metrics.caught():
            return self.widgets.ask(name, event)

    def looked_at(self, look: Callable[[Boards], Any]) -> Any:
        """What is seen on the dashboards, while nothing else runs."""
        with self._lock:
            return look(self.boards)

    def rebuild(self, *, repair: bool) -> dict[str, Any]:
        """What follows from all histories beside what is kept; `repair` puts what is missing first."""
        from infra import rebuild  # reads its settings when it is imported

        with self._lock, self.metrics.caught():
            if repair:
                rebuild.repair(self.clock.now())
            self._pumped(self.pump.drain)
            return asdict(rebuild.compare(self.clock.now()))

    def fill_lake(self) -> int:
        """Put every fact into the data lake once more; gives the number of objects."""
        from infra import lake  # as above

        with self._lock, self.metrics.caught():
            return lake.fill(self.clock.now())

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
            moto_repairs.use_meter(self.measures)
            self.pump.held = False
            self.pump.skip()
            self.dead_letters()
            self.buckets.empty()
            self.measures.store.clear()
            self.rights.refused.clear()
            if now is not None:
                self.clock.restart(now)
            self.scheduler.rewind()
            if self.keeper:
                self.keeper.rewrite()

    def dead_letters(self) -> list[dict[str, Any]]:
        """The messages of the batches that were given up, taken from their queue."""
        found = self.letters.take()
        self._letters_read()
        return found

    def close(self) -> None:
        """Stop everything and put the environment back."""
        self._stack.close()

    def _pumped(self, pump: Callable[[], int]) -> int:
        """Read streams and dead letters by turns until nothing is left that goes on by itself."""
        with self.metrics.caught():
            self._read_letters()  # first: after a restart only they know what must not be trimmed
            done = pump()
            while self._read_letters():
                done += pump()
        return done

    def _read_letters(self) -> int:
        found = self.letters.deliver()
        if found and not self.letters.waiting:
            self._letters_read()
        return found

    def _letters_read(self) -> None:
        self.pump.let_go()
        if self.keeper:
            self.keeper.letters_taken()

    def _settle(self) -> None:
        self._pumped(self.pump.poll)
        now = self.clock.now()
        with self.metrics.caught():
            due = self.scheduler.run_due()
        if due:
            self._pumped(self.pump.poll)
        if self.keeper:
            with moto_repairs.LOCK:
                self.keeper.settled(now if due else None)


def _started(
    stack: contextlib.ExitStack,
    clock: LocalClock,
    app_factory: Callable[[], Chalice],
    template: Path,
    keeper: Keeper | None,
    address: str | None,
) -> LocalCloud:
    issuer = Issuer(keeper.key() if keeper else None)
    stack.callback(issuer.close)
    here = {"OIDC_ISSUER": issuer.url, "OIDC_JWKS_URL": issuer.jwks_url}
    here |= {"RATING_PAGE": f"{address}/rate"} if address else {}
    stack.enter_context(environment({**ENVIRONMENT, **here}))
    rows = _engine(stack, clock, template)
    rights = _rights(template)
    held = Buckets(boto3.client("s3"), buckets.variables(template.with_name(buckets.FILE), STAGE), REGION)
    app = app_factory()
    measures = Measures(cloudwatch_repairs.store_of(REGION), app.app_name, STAGE, clock.now)
    moto_repairs.use_meter(measures)
    handlers = {name: rights.held(name, measures.watched(name, handler)) for name, handler in app.handler_map.items()}
    mappings = Mappings(app, template, STAGE, handlers)
    queue = queues(resources(template), STAGE)[DEAD_LETTERS]
    letters = DeadLetters(queue, mappings.reader(DEAD_LETTERS), clock.now, measures)
    pump = Pump(
        mappings.streams(),
        {name: each.stream for name, each in rows.items() if each.stream},
        now=clock.now,
        dead_letter=keeper.letters_to(letters.send) if keeper else letters.send,
    )
    scheduler = Scheduler(schedules_of(app, handlers), clock.now, pump.poll, REGION)
    parts = Parts(rows, pump, clock, scheduler, lambda: moto_repairs.tokens(REGION))
    return _assembled(app, issuer, parts, letters, rights, held, keeper, measures, Widgets(app, handlers))


def _engine(stack: contextlib.ExitStack, clock: LocalClock, template: Path) -> dict[str, Rows]:
    moto_repairs.install()
    moto_repairs.use_clock(clock.now)
    stack.callback(moto_repairs.forget)
    stack.callback(moto_repairs.use_keeper, None)
    stack.callback(moto_repairs.use_meter, None)
    stack.enter_context(moto.mock_aws(config={"core": {"mock_credentials": False}}))
    definitions = tables.tables_of(tables.read_template(template), STAGE)
    stack.enter_context(environment(tables.create(boto3.client("dynamodb"), definitions)))
    return {name: moto_repairs.table_named(each["TableName"], REGION) for name, each in definitions.items()}


def _rights(template: Path) -> Rights:
    """The rights of the functions of a stack; of one without policy files, all."""
    directory = template.parents[1] / policies.DIRECTORY.name
    found = tables.tables_of(tables.read_template(template), STAGE)
    called = {logical_id: each["TableName"] for logical_id, each in found.items()}
    called |= buckets.names(template.with_name(buckets.FILE), STAGE) | queues(resources(template), STAGE)
    names = {name: logical_id for logical_id, name in called.items()}
    return Rights(policies.read(directory) if directory.exists() else None, names, tables.leading(found))


def _assembled(
    app: Chalice,
    issuer: Issuer,
    parts: Parts,
    letters: DeadLetters,
    rights: Rights,
    storage: Buckets,
    keeper: Keeper | None,
    measures: Measures,
    widgets: Widgets,
) -> LocalCloud:
    lock, clock = threading.RLock(), parts.clock
    metrics = Metrics(emf.into(measures.store), clock.now)
    held: list[LocalCloud] = []

    @contextlib.contextmanager
    def entered() -> Iterator[None]:
        with metrics.caught(), rights.acting(HTTP_FUNCTION):
            yield

    gateway = Gateway(
        app,
        clock.now,
        beside=lambda *request: doors(*request),
        around=entered,
        afterwards=lambda: held[0]._settle(),
        lock=lock,
        told=measures.answered,
    )
    if keeper:
        keeper.take_up(parts)
        moto_repairs.label_streams(REGION)
        moto_repairs.use_keeper(keeper.write)
    # Histories are read whole; of the registry, which was published before the first case and holds no clock, a part.
    histories = {each.table for each in parts.pump.mappings if not each.options.passes}
    clock.used = lambda: any(parts.tables[name].rows for name in histories)
    running = (gateway, clock, issuer, parts.pump, parts.scheduler, letters, metrics, rights, measures)
    boards = Boards(app, Place(STAGE, REGION, buckets.ACCOUNT, PARTITION), measures.store)
    cloud = LocalCloud(*running, parts.tables, storage, widgets, boards, keeper, lock, contextlib.ExitStack(), {})
    doors = Doors(cloud, lambda moment: moment.astimezone(SHANGHAI).isoformat(timespec="seconds"))
    held.append(cloud)
    return cloud
