"""What a thousand cases cost on AWS: `python -m tests.bench.cost`.

One county's cases are played through the door of the local cloud: twenty steps each, rated, one in a hundred badly and
followed up, each handed over to the line that supervises it and not pushed in time. Every unit that DynamoDB, Lambda,
API Gateway, S3 and CloudWatch Logs would bill is counted, by function.
The same days without any case are taken off; what a run of each schedule costs by itself is told as often as it runs in
a month. Prices and what is assumed stand in prices.toml. This module must not measure time.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from moto.core.botocore_stubber import BotocoreStubber

from infra.functions import HTTP_FUNCTION, Function, functions_of
from infra.local import load_registry
from infra.local.cloud import LocalCloud
from infra.local.emf import Metrics
from infra.local.schedules import Schedule
from infra.watch import resources
from infra.watch.catalogue import own_metrics
from tests.flow.conftest import NINE, Filed, Hub
from tests.flow.rating_steps import BAD, DESK, step
from tests.support.declared import PLACE, WATCHED
from tests.support.town import ACCEPT, ARCHIVE, COMPLETE, DELIVER, GRANT, NOTE, REVIEW, WANG, ZHANG, Step

PRICES: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "prices.toml").read_text(encoding="utf-8"))
CASES = 100  # one of them is rated badly
DAYS = 5
CHECK: Step = ("check", WANG, {"note": NOTE})
STEPS: tuple[tuple[Step, ...], ...] = (  # by working day; the filing is the first of twenty
    (ACCEPT, CHECK, CHECK, CHECK),
    (CHECK, CHECK, CHECK, CHECK, CHECK),
    (CHECK, CHECK, CHECK, CHECK, CHECK),
    (REVIEW, GRANT, COMPLETE),
    (DELIVER, ARCHIVE),
)
GOOD = {"level": "satisfied"}
Units = Counter[tuple[str, str]]  # by function and unit
_READS = ("GetItem", "Query", "BatchGetItem", "TransactGetItems")


@dataclass(slots=True)
class Meter:
    """What is billed while functions run; `function` is the one that began last."""

    metrics: Metrics
    function: str = ""
    units: Units = field(default_factory=Counter)
    _told: int = 0

    def __post_init__(self) -> None:
        self._told = self.metrics.bytes

    def begins(self, function: str) -> None:
        """A function is invoked."""
        self.ends()
        self.function = function
        self.count("invocations")
        self.count("log_bytes", PRICES["bytes"]["around_an_invocation"])

    def ends(self) -> None:
        """The function that began last has written all its metrics, which are lines too."""
        self.count("log_bytes", self.metrics.bytes - self._told)
        self._told = self.metrics.bytes

    def count(self, unit: str, number: float = 1) -> None:
        """So many units of what it uses."""
        self.units[self.function, unit] += number  # type: ignore[assignment]  # halves of read units

    def dynamodb(self, operation: str, status: int, answer: Mapping[str, Any]) -> None:
        """A call to DynamoDB; one that a condition refuses costs a unit."""
        unit = "read_units" if operation in _READS else "write_units"
        consumed = answer.get("ConsumedCapacity", []) if status == 200 else {"CapacityUnits": 1}
        for each in consumed if isinstance(consumed, list) else [consumed]:
            self.count(unit, each["CapacityUnits"])
        self.count("calls")


class _Lines(io.TextIOBase):
    """A standard output whose lines are billed, and go nowhere."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def write(self, text: str) -> int:
        self._meter.count("log_bytes", len(text.encode()))
        return len(text)


@contextlib.contextmanager
def metered(cloud: LocalCloud) -> Iterator[Meter]:
    """While this lasts, what functions use is counted."""
    meter, beneath = Meter(cloud.metrics), BotocoreStubber.process_request

    def send(stubber: Any, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", b"")
        target = target.decode() if isinstance(target, bytes) else target
        if target.startswith("DynamoDB_"):
            request.body = json.dumps({**json.loads(request.body), "ReturnConsumedCapacity": "INDEXES"}).encode()
            status, _, text = answer = beneath(stubber, request)
            meter.dynamodb(target.partition(".")[2], status, json.loads(text))
            return answer
        if "s3." in (urlsplit(request.url).hostname or ""):
            meter.count("calls")
            meter.count("objects_put", request.method == "PUT")
        return beneath(stubber, request)

    BotocoreStubber.process_request, cloud.rights.begins = send, meter.begins
    try:
        with contextlib.redirect_stdout(_Lines(meter)):
            yield meter
        meter.ends()
    finally:
        BotocoreStubber.process_request, cloud.rights.begins = beneath, lambda _: None


def played(hub: Hub, cases: int) -> Units:
    """So many cases from intake to archive and rating, and what was billed."""
    hub.cloud.reset(NINE)
    with metered(hub.cloud) as meter:
        filed = [hub.file(key=f"case-{number}") for number in range(cases)]
        for day, steps in enumerate(STEPS):
            for case in filed:
                hub.life(case, *steps)
            hub.cloud.set_clock(NINE + timedelta(days=day + (1 if day < DAYS - 1 else 3), hours=1))
        for number, case in enumerate(filed):
            _rated(hub, case, bad=number == 0)
        hub.cloud.set_clock(NINE + timedelta(days=DAYS + 3))
    return meter.units


def _rated(hub: Hub, case: Filed, *, bad: bool) -> None:
    body = {"case_id": case.id, **(BAD if bad else GOOD)}
    told = hub.ask("POST", "/v1/ratings", ZHANG, body, key=f"rating-{case.id}")
    assert told.status == 201, told.body.decode()
    if bad:
        order = hub.get(f"/v1/ratings/{told.json()['rating_id']}", DESK)["inside"]["follow_up"]
        spoken = {"verdict": "founded", "note": NOTE}
        assert step(hub, order, "call_back", DESK, spoken).status == 200
        assert step(hub, order, "rectify", DESK, {"note": NOTE}).status == 200


def bill(units: Mapping[str, float], functions: Mapping[str, Function], function: str) -> dict[str, float]:
    """What the units of one function cost, by unit."""
    found = {unit: number * PRICES["each"][unit] for unit, number in units.items() if unit in PRICES["each"]}
    assumed = PRICES["milliseconds"]
    seconds = (units.get("invocations", 0) * assumed["a_start"] + units.get("calls", 0) * assumed["a_call"]) / 1000
    found["gigabyte_seconds"] = seconds * functions[function].memory / 1024 * PRICES["each"]["gigabyte_seconds"]
    if function == HTTP_FUNCTION:
        found["http_requests"] = units.get("invocations", 0) * PRICES["each"]["http_requests"]
    return found


def by_function(units: Units, scale: float) -> dict[str, dict[str, float]]:
    """The units of each function, so many times."""
    found: dict[str, dict[str, float]] = {}
    for (function, unit), number in sorted(units.items()):
        if function:
            found.setdefault(function, {})[unit] = number * scale
    return found


def by_itself(idle: Units, schedules: Iterable[Schedule]) -> dict[str, dict[str, float]]:
    """The units of each schedule in a month in which nothing happens."""
    found = by_function(idle, 1)
    return {
        each.name: {unit: number / found[each.name]["invocations"] * _runs(each) for unit, number in here.items()}
        for each in schedules
        if (here := found.get(each.name))
    }


def _runs(schedule: Schedule) -> int:
    """How often it fires in thirty days."""
    minute = timedelta(minutes=1)
    moments = (NINE + number * minute for number in range(30 * 24 * 60))
    return sum(schedule.fell_due(moment - minute, moment) for moment in moments)


def standing() -> dict[str, int]:
    """What of a stage is billed by the month: how many of each."""
    made = resources.resources(WATCHED).values()
    alarms = [each["Properties"] for each in made if each["Type"] == "AWS::CloudWatch::Alarm"]
    return {
        "alarm_metrics": sum(
            sum("MetricStat" in one for one in each.get("Metrics", ({"MetricStat": 1},))) for each in alarms
        ),
        "joint_alarms": sum(each["Type"] == "AWS::CloudWatch::CompositeAlarm" for each in made),
        "custom_metrics": len(list(own_metrics(WATCHED, PLACE))),
        "dashboards": sum(each["Type"] == "AWS::CloudWatch::Dashboard" for each in made),
        "keys": 1,
    }


def document(cloud: LocalCloud) -> dict[str, Any]:
    """Units and cost of a thousand cases, and of a month of schedules, by function."""
    hub = Hub(cloud)
    token = cloud.token(load_registry.PUBLISHER)

    def put(path: str, entry: dict[str, Any]) -> None:
        assert cloud.request("PUT", path, json=entry, token=token).status in (200, 201)

    load_registry.load(put)
    cloud.mark()
    functions = {each.name: each for each in functions_of(importlib.import_module("app").app)}
    idle = played(hub, 0)
    busy = played(hub, CASES)
    busy.subtract(idle)
    return {
        "prices": {name: PRICES[name] for name in ("region", "currency", "dated")},
        "a thousand cases": _billed(by_function(busy, 1000 / CASES), functions),
        "a month of schedules": _billed(by_itself(idle, cloud.scheduler.schedules.values()), functions),
        "a month of what stands": standing(),
    }


def _billed(units: Mapping[str, dict[str, float]], functions: Mapping[str, Function]) -> dict[str, Any]:
    costs = {name: bill(here, functions, name) for name, here in units.items()}
    return {"units": units, "cost": costs, "total": sum(sum(each.values()) for each in costs.values())}


def show(found: Mapping[str, Any]) -> None:
    """The breakdowns, a function a line."""
    for what in ("a thousand cases", "a month of schedules"):
        _table(what, found[what], found["prices"]["currency"])
    stands = found["a month of what stands"]
    costs = {what: number * PRICES["each_month"][what] for what, number in stands.items()}
    print("a month of what stands: " + ", ".join(f"{stands[what]} {what} {cost:.2f}" for what, cost in costs.items()))
    print(f"together {sum(costs.values()):.2f} {found['prices']['currency']}\n")
    print(f"prices of {found['prices']['region']}, {found['prices']['dated']}")


def _table(what: str, found: Mapping[str, Any], currency: str) -> None:
    units = ("invocations", "write_units", "read_units", "calls", "objects_put", "log_bytes")
    print(f"{what:<22}" + "".join(f"{unit:>14}" for unit in units) + f"{currency:>10}")
    for function, here in found["units"].items():
        cost = sum(found["cost"][function].values())
        print(f"{function:<22}" + "".join(f"{here.get(unit, 0):>14,.0f}" for unit in units) + f"{cost:>10.4f}")
    by_unit: Counter[str] = Counter()
    for each in found["cost"].values():
        by_unit.update(each)
    print(", ".join(f"{unit} {cost:.4f}" for unit, cost in by_unit.most_common()))
    print(f"together {found['total']:.4f} {currency}\n")


def main() -> None:
    """Prints the breakdowns; with `--json` the document on standard output, for a program."""
    cloud = LocalCloud.start(NINE, runs=False)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = document(cloud)
    finally:
        cloud.close()
    if "--json" in sys.argv:
        print(json.dumps(found))
        sys.stdout = sys.stderr
    show(found)


if __name__ == "__main__":
    main()
