"""The subject of the stream's scenarios that matters: what supervision makes of cases, under everything that befalls a
stream. Facts, findings, deadlines and work orders must be those of a run without faults.

Sweeps come in between, too early, doubled and late: what they put must be the same as well.
"""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

from infra.local.cloud import LocalCloud
from tests.faults.searching import Perform, replay, search
from tests.faults.stage import Pick
from tests.faults.streams import Record, Scenario, Subject, rows_of
from tests.flow.conftest import NINE, Filed, Hub
from tests.support import town as people

READER = "on_case_change"
DERIVED = ("FactsTable", "FindingsTable", "DeadlinesTable", "OrdersTable")
LIVES: tuple[tuple[people.Step, ...], ...] = (
    (people.ACCEPT, people.REVIEW),
    (people.ACCEPT, people.REVIEW, people.GRANT, people.COMPLETE, people.DELIVER),
    (people.CORRECT, people.SUPPLEMENT, people.CORRECT),
    (people.ACCEPT, people.SUSPEND, people.RESUME),
)
GAPS = (0, 1, 4, 9, 20)  # days between two steps: in time, nearly late, late, long late
LATEST = timedelta(days=120)  # when the last sweep comes: every rung of every clock was reached


def fill(cloud: LocalCloud, pick: Pick) -> None:
    """One or two cases on their way, some of them late; time passes between steps and nothing is swept."""
    hub, at = Hub(cloud), NINE + timedelta(hours=2)
    cloud.pump.held = True
    for _ in range(1 + pick(2)):
        life = LIVES[pick(len(LIVES))]
        lacking = people.materials(5, m2="lacking") if life[0] is people.CORRECT else people.materials(5)
        case: Filed = hub.file(people.hotel(materials=lacking))
        for step in life[: 1 + pick(len(life))]:
            at += timedelta(days=GAPS[pick(len(GAPS))])
            cloud.clock.restart(at)
            hub.life(case, step)
    cloud.pump.held = False
    cloud.clock.restart(at + LATEST)
    stream = cloud.tables["CasesTable"].stream
    for record in stream.records if stream else ():  # or they would be too old to be delivered
        record["dynamodb"]["ApproximateCreationDateTime"] = int((at + LATEST).timestamp())


def react(record: Record) -> None:
    """What the platform does with a record; before some of them a sweep comes."""
    if record["dynamodb"]["NewImage"]["v"]["N"] in ("2", "4"):
        sweep()
    importlib.import_module("chalicelib.reactions.watching").watch_case(record)


def sweep() -> None:
    """What schedules do at the end of all, long before its time for what is still in the stream."""
    importlib.import_module("chalicelib.services.sweep").sweep(NINE + LATEST)
    importlib.import_module("chalicelib.services.finishing").invite(NINE + LATEST)


def wrote(cloud: LocalCloud) -> Any:
    """What there is when two sweeps have come at once, and invitations and the draw of whom to call; of deadlines, what
    they say and not of which version."""
    swept = importlib.import_module("chalicelib.services.sweep")
    finishing = importlib.import_module("chalicelib.services.finishing")
    for _ in range(2):
        swept.sweep(cloud.clock.now())
        finishing.invite(cloud.clock.now())
        finishing.draw(cloud.clock.now())
    found = rows_of(*DERIVED)(cloud)
    found["DeadlinesTable"] = {
        key: {name: value for name, value in item.items() if name != "v"}
        for key, item in found["DeadlinesTable"].items()
    }
    return found


def performance() -> Perform:
    """Plays one scenario."""
    subject = Subject(READER, "CasesTable", DERIVED, fill, react, wrote)
    return lambda pick, tally, told: Scenario(subject, pick, tally, told).play()


def searched(start: int, scenarios: int) -> Any:
    """A search, in the town's process."""
    return search(start, scenarios, performance())


def replayed(numbers: list[int]) -> Any:
    """One scenario, in the town's process."""
    return replay(numbers, performance())
