"""The stream of orders under everything that befalls it: what follows from complaints must be that of a run without
faults.

Compared is what follows from the complaints themselves: facts, findings, deadlines, and the supervision orders that are
opened. What those set off in turn is not, because the scenario's stream ends with the records that it began with.
"""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

from infra.local.cloud import LocalCloud
from tests.faults.searching import Perform, search
from tests.faults.stage import Pick
from tests.faults.streams import Record, Scenario, Subject
from tests.flow.conftest import NINE, Hub
from tests.support import told as voices
from tests.support.town import WU, ZHANG, Step

DERIVED = ("FactsTable", "FindingsTable", "DeadlinesTable", "OrdersTable")
NOTE = {"note": "已核实"}
LIFE: tuple[Step, ...] = (
    ("dispatch", voices.WATCH, voices.SIMPLE),
    ("sign", voices.HANDLER, {}),
    ("report", voices.HANDLER, NOTE),
    ("approve", voices.WATCH, {}),
    ("close", voices.WATCH, voices.CALLED),
    ("archive", voices.WATCH, {}),
)
GAPS = (0, 1, 4, 9, 20)  # days between two steps: in time, nearly late, late, long late
AFTER = timedelta(days=120)  # when it is delivered: every rung of every clock was reached
_filled: set[str] = set()


def fill(cloud: LocalCloud, pick: Pick) -> None:
    """One or two complaints on their way, some of them late, some told twice."""
    hub, at = Hub(cloud), NINE + timedelta(hours=2)
    stream = cloud.tables["OrdersTable"].stream
    assert stream is not None
    stream.trimmed, stream.records = stream.end, []  # what the orders of another scenario set off
    cloud.pump.skip()
    cloud.pump.held = True
    _filled.clear()
    for who in (ZHANG, WU)[: 1 + pick(2)]:
        body = voices.no_service() if pick(2) else voices.complaint()
        order = voices.told(hub, body, who)
        _filled.add(order.id)
        if pick(2):
            order.answer |= voices.told(hub, body, who).answer
        for action, actor, evidence in LIFE[: pick(len(LIFE) + 1)]:
            at += timedelta(days=GAPS[pick(len(GAPS))])
            cloud.clock.restart(at)
            order.done(action, actor, evidence)
    cloud.pump.held = False
    cloud.clock.restart(at + AFTER)
    for record in stream.records:  # or they would be too old to be delivered
        record["dynamodb"]["ApproximateCreationDateTime"] = int((at + AFTER).timestamp())


def react(record: Record) -> None:
    """What the platform does with a record."""
    importlib.import_module("chalicelib.reactions.watching").watch_order(record)


def wrote(cloud: LocalCloud) -> Any:
    """What followed from the complaints; of what they set off, only that it was opened."""
    found: dict[str, Any] = {}
    for name in DERIVED[:3]:
        rows = cloud.tables[name].rows.items()
        found[name] = {key: row.item for key, row in rows if _filled & {key[0], *key[1].split("#")}}
    opened = (row.item for row in cloud.tables["OrdersTable"].rows.values())
    found["opened"] = {item["id"]["S"]: item["b"]["S"] for item in opened if item["b"]["S"] in _filled}
    return found


def performance() -> Perform:
    """Plays one scenario."""
    subject = Subject("on_order_change", "OrdersTable", DERIVED, fill, react, wrote)
    return lambda pick, tally, told: Scenario(subject, pick, tally, told).play()


def searched(start: int, scenarios: int) -> Any:
    """A search, in the town's process."""
    return search(start, scenarios, performance())
