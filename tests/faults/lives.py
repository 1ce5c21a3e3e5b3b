"""Lives of cases for the stream's scenarios, each lived once a process through the door, with what supervision made of
it as it happened: its records handled and the schedules run before each step.

A scenario delivers the same records months later and in whatever order; what is derived must be the same. This module
must not disturb anything.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from chalicelib.domain.calendar import SHANGHAI
from infra.local.cloud import LocalCloud
from infra.local.dynamo_rows import Key, Row
from tests.faults.town import EXTEND, LACKING, town
from tests.flow.conftest import NINE, Hub
from tests.support import town as people
from tests.support.town import Body, Identity, Step

DERIVED = ("FactsTable", "FindingsTable", "DeadlinesTable", "OrdersTable")
YEAR_END = datetime(2026, 12, 21, 9, tzinfo=SHANGHAI)  # what is promised now is due in a year not yet published
LATEST = datetime(2027, 6, 1, 9, tzinfo=SHANGHAI)  # by now every rung of every clock was reached
NEXT_YEAR: Body = {
    "document": "国办发明电〔2026〕X号",
    "off": [f"2027-{day}" for day in ("01-01", *(f"01-{day:02d}" for day in range(4, 18)), "02-05", "02-06", "02-07",
                                      "02-08", "05-01", "05-02", "10-01", "10-02", "10-03")],
    "work": [],
}  # fmt: skip
RECOUNT: Step = ("recount", people.PUBLISHER, NEXT_YEAR)  # the year is published, and the platform counts anew
Days = tuple[int, Step]  # how long nothing is done before a step


def elsewhere(action: str, at: str) -> Step:
    """A step that another system tells of."""
    return (action, people.POOL, {"observed": {"at": f"{at}+08:00", "actor": "clerk-2"}})


@dataclass(frozen=True, slots=True)
class Plan:
    """A life to be lived: what is filed, by whom and when, and the steps."""

    steps: tuple[Days, ...]
    filed: Body
    who: Identity = field(default_factory=lambda: people.ZHANG)
    begins: datetime = NINE + timedelta(hours=2)


TRANSFER: Step = ("transfer", people.WANG, {"to_organisation": "330205", "reason": people.NOTE, "notice": people.NOTE})
PLANS: Mapping[str, Plan] = {
    "in time": Plan(((0, people.ACCEPT), (1, people.REVIEW), (1, people.GRANT), (1, people.COMPLETE),
                     (1, people.DELIVER)), people.hotel()),
    "late at every step": Plan(((4, people.ACCEPT), (9, people.REVIEW), (9, people.GRANT), (20, people.COMPLETE),
                                (9, people.DELIVER)), people.hotel()),
    "never looked at": Plan((), people.hotel()),
    "accepted and forgotten": Plan(((1, people.ACCEPT),), people.hotel()),
    "corrected twice": Plan(((1, people.CORRECT), (4, people.SUPPLEMENT), (1, people.CORRECT)), LACKING),
    "suspended for too long": Plan(((0, people.ACCEPT), (4, people.SUSPEND), (20, people.RESUME)), people.hotel()),
    "due date moved, then closed": Plan(((0, people.ACCEPT), (4, EXTEND), (4, people.REVIEW), (0, people.GRANT),
                                         (0, people.COMPLETE)), people.hotel()),
    "extended when it was late": Plan(((0, people.ACCEPT), (9, EXTEND)), people.hotel()),
    "transferred when it was late": Plan(((0, people.ACCEPT), (9, TRANSFER)), people.hotel()),
    "of another system": Plan(((9, elsewhere("accept", "2026-03-11T10:30:00")),
                               (30, elsewhere("review", "2026-04-10T10:30:00"))),
                              people.observed("2026-03-02T09:30:00+08:00", "2026-03-06T23:59:59+08:00"), people.POOL),
    "recounted, then closed": Plan(((0, people.ACCEPT), (17, RECOUNT), (14, people.REVIEW), (0, people.GRANT),
                                    (0, people.COMPLETE)), people.hotel(), begins=YEAR_END + timedelta(days=8)),
    "left in a year not published": Plan(((0, people.ACCEPT), (17, RECOUNT)), people.hotel(),
                                         begins=YEAR_END + timedelta(days=8)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Life:
    """A life that was lived: the case as it is now, its records in the stream, and what was derived of it."""

    key: Key
    row: Row
    records: Sequence[Mapping[str, Any]]
    derived: Mapping[str, Mapping[Key, Any]]


@dataclass(frozen=True, slots=True)
class Library:
    """The lives, and the registry before and after the calendar of the next year."""

    lives: Sequence[Life]
    before: dict[Key, Row]
    after: dict[Key, Row]

    @contextmanager
    def published(self) -> Iterator[None]:
        """While this lasts the next year is published, as it was in the end."""
        here, registry = town(), town().cloud.tables["RegistryTable"]
        registry.restore(self.after)
        here.new_process()
        try:
            yield
        finally:
            registry.restore(self.before)
            here.new_process()


@cache
def library() -> Library:
    """The library of this process."""
    here = town()
    registry = here.cloud.tables["RegistryTable"]
    before, after, lives = registry.copy(), dict[Key, Row](), []
    with here.overheard():
        for name, plan in PLANS.items():
            registry.restore(before)
            here.begin("received", cold=True)
            try:
                lives.append(_lived(here.cloud, plan, name))
            finally:
                here.cloud.pump.held = False
            after |= registry.copy()
    found = Library(lives, before, after)
    registry.restore(before)
    here.new_process()
    return found


def _lived(cloud: LocalCloud, plan: Plan, name: str) -> Life:
    for table in ("CasesTable", *DERIVED):
        cloud.tables[table].restore(None)
    cloud.pump.held = True  # orders are not followed here, and cases by hand
    hub, at, records = Hub(cloud), plan.begins, list[Mapping[str, Any]]()
    cloud.clock.restart(at)
    case = hub.file(plan.filed, plan.who, key=name.replace(" ", "-"))
    for days, step in plan.steps:
        at += timedelta(days=days)
        _time_passes(cloud, at, records)
        if step is RECOUNT:
            assert hub.ask("PUT", "/v1/calendars/2027", step[1], step[2]).status == 201
            town().new_process()
            cloud.run_schedule("recount_deadlines")
            case.version += 1  # a step of the platform's own
        else:
            hub.life(case, step)
    _time_passes(cloud, LATEST, records)
    ((key, row),) = cloud.tables["CasesTable"].rows.items()
    if RECOUNT in dict(plan.steps).values():
        _again(cloud, records)
    return Life(key, row, records, derived(cloud))


def _again(cloud: LocalCloud, records: Sequence[Mapping[str, Any]]) -> None:
    """All is derived once more, by the calendar of the end: by which day a silence is too long hangs on it."""
    for table in DERIVED:
        cloud.tables[table].restore(None)
    for record in records:
        importlib.import_module("chalicelib.reactions.watching").watch_case(record)
    swept(LATEST)


def _time_passes(cloud: LocalCloud, until: datetime, records: list[Mapping[str, Any]]) -> None:
    """What is in the stream is handled, and then sweeps come; `records` are those that were handled."""
    watch = importlib.import_module("chalicelib.reactions.watching").watch_case
    stream = cloud.tables["CasesTable"].stream
    assert stream is not None
    for record in stream.records[len(records) :]:
        watch(record)
        records.append(record)
    cloud.clock.restart(until)
    swept(until)


def swept(now: datetime) -> None:
    """Sweeps until nothing is due any more, and the invitations to rate."""
    sweep = importlib.import_module("chalicelib.services.sweep").sweep
    while sweep(now).due:
        pass
    importlib.import_module("chalicelib.services.finishing").invite(now)


def derived(cloud: LocalCloud) -> dict[str, dict[Key, Any]]:
    """What is derived of each case by itself, by table and key; of deadlines what they say and not of which version.
    Who is drawn to be called hangs on what else was finished that day, so that is left out."""
    found = {name: {key: row.item for key, row in cloud.tables[name].rows.items()} for name in DERIVED}
    rows = found["DeadlinesTable"].items()
    found["DeadlinesTable"] = {
        key: {n: value for n, value in item.items() if n != "v"} for key, item in rows if key[1] != "call"
    }
    orders = found["OrdersTable"].items()
    found["OrdersTable"] = {key: item for key, item in orders if item["i"]["S"] != "satisfaction_call@1"}
    return found
