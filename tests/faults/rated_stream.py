"""What follows from ratings, under everything that befalls a stream: the facts and orders of a run without faults."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

from infra.local.cloud import LocalCloud
from tests.faults.searching import search
from tests.faults.stage import Pick
from tests.faults.streams import Record, Scenario, Subject, rows_of
from tests.flow.conftest import NINE, Hub
from tests.support import town as people

READER = "on_rating_change"
DERIVED = ("FactsTable", "OrdersTable")
LEVELS = ("very_satisfied", "fairly_satisfied", "dissatisfied", "very_dissatisfied")


def fill(cloud: LocalCloud, pick: Pick) -> None:
    """One to four accepted cases and their ratings, good and bad, some of them anonymous."""
    hub = Hub(cloud)
    cloud.pump.held = True
    cloud.clock.restart(NINE + timedelta(hours=2))
    for _ in range(1 + pick(4)):
        case = hub.life(hub.file(), people.ACCEPT)
        body = {"level": LEVELS[pick(len(LEVELS))], "text": "等了很久", "anonymous": bool(pick(2))}
        rating = {"case_id": case.id, **body}
        reply = hub.ask("POST", "/v1/ratings", people.ZHANG, rating, key=f"rate-{case.id}")
        assert reply.status == 201, reply.body.decode()
    cloud.pump.held = False


def react(record: Record) -> None:
    """What the platform does with a record."""
    importlib.import_module("chalicelib.reactions.watching").watch_rating(record)


def searched(start: int, scenarios: int) -> Any:
    """A search, in the town's process."""
    subject = Subject(READER, "RatingsTable", DERIVED, fill, react, rows_of(*DERIVED))
    return search(start, scenarios, lambda pick, tally, told: Scenario(subject, pick, tally, told).play())
