"""However `compute_indices` runs: doubled, missed, cut short, overlapped, or dying at any call, what is read is all of
the old or all of the new, and in the end the same; and it costs what was marked and not what is stored."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from infra.local.dynamo_rows import Row
from tests.flow.conftest import NINE, Hub
from tests.flow.test_comparing import Clock
from tests.support.town import (
    ACCEPT,
    HAISHU,
    JIANGBEI,
    NANMEN,
    NINGBO,
    POOL,
    WHOLE,
    ZHEJIANG,
    hotel,
    lodging,
    observed,
    staff,
)
from tests.support.wire import Call, Death, Send, counted, tapped, wire

HEAD = staff("head", ZHEJIANG, "analysis")
PERIODS = ("2026-03-02", "2026-03-20", "2026-W10", "2026-02", "2026-03", "2026-Q1", "2026-H1", "2026")
ORGANISATIONS = (ZHEJIANG, NINGBO, HAISHU, JIANGBEI, NANMEN)
Run = Callable[[Hub], None]


def once(hub: Hub) -> None:
    hub.cloud.run_schedule("compute_indices")


def twice(hub: Hub) -> None:
    once(hub)
    once(hub)


def missed(hub: Hub) -> None:
    pass


def cut_short(hub: Hub) -> None:
    """Runs that have time for one mark each."""
    for _ in range(12):
        with hub.cloud.metrics.caught():
            event = hub.cloud.scheduler._event("compute_indices")
            importlib.import_module("app").compute_indices(event, Clock(1))


def overlapped(number: int) -> Run:
    """A run in which, at the call of this number, another one runs from beginning to end."""

    def run(hub: Hub) -> None:
        begun: list[Call] = []

        def handle(call: Call, send: Send) -> Any:
            if call.number == number and not begun:
                begun.append(call)
                once(hub)
            return send()

        with tapped(handle):
            once(hub)

    return run


def march(hub: Hub, run: Run) -> dict[str, Any]:
    """Cases of a station, two counties and another system, some of them late, computed on the way by `run`; what is
    read in the end."""
    hub.cloud.reset(NINE)
    hub = Hub(hub.cloud)
    hub.life(hub.file(), *WHOLE)
    hub.life(hub.file(), ACCEPT)
    hub.file(lodging())
    run(hub)
    hub.file(hotel(organisation=JIANGBEI))
    hub.cloud.clock.restart(NINE.replace(day=20))
    hub.cloud.drain()
    run(hub)
    late = hub.file(observed("2026-02-10T10:00:00+08:00", "2026-02-20T23:59:59+08:00"), POOL)
    run(hub)
    step = {"at": "2026-03-03T10:00:00+08:00", "actor": "clerk-1"}
    hub.life(late, ("complete", POOL, {"observed": step, "result_number": "1"}))
    run(hub)
    once(hub)
    return {**read(hub), "cells": {key: row.item["d"] for key, row in hub.cloud.tables["CellsTable"].rows.items()}}


def read(hub: Hub, *names: str) -> dict[str, Any]:
    """What the door says of periods and organisations, without when it was computed; and, of some periods alone,
    without those that they are compared with."""
    left_out = ("stamp", "before") if names else ("stamp",)
    found = {}
    for period in names or PERIODS:
        for org in (NINGBO, HAISHU) if names else ORGANISATIONS:
            reply = hub.ask("GET", f"/v1/indices/{period}/{org}", HEAD)
            assert reply.status in (200, 404)
            told = reply.json() if reply.status == 200 else {}
            found[f"{period}/{org}"] = {name: value for name, value in told.items() if name not in left_out}
    return found


@pytest.fixture
def undisturbed(hub: Hub) -> dict[str, Any]:
    return march(hub, once)


@pytest.mark.parametrize("run", [twice, cut_short, overlapped(2), overlapped(9)])
def test_runs_that_are_doubled_cut_short_or_overlapped_come_to_the_same(
    run: Run, hub: Hub, undisturbed: dict[str, Any]
) -> None:
    assert undisturbed["2026-03/330203"]["counts"]["received"] == 3
    found = march(hub, run)
    assert found == undisturbed


def test_runs_that_were_missed_are_made_up_by_the_next(hub: Hub, undisturbed: dict[str, Any]) -> None:
    """But for periods in which nothing happened and nobody looked."""
    found = march(hub, missed)
    assert found == undisturbed


def test_a_fact_that_comes_while_its_day_is_computed_is_computed_after_all(hub: Hub) -> None:
    hub.file()
    hub.cloud.drain()
    came: list[Call] = []

    def handle(call: Call, send: Send) -> Any:
        if call.operation == "DeleteItem" and not came:
            came.append(call)
            hub.file()
            hub.cloud.drain()
        return send()

    with tapped(handle):
        once(hub)
    assert came
    once(hub)
    assert hub.get(f"/v1/indices/2026-03/{HAISHU}", HEAD)["counts"]["received"] == 2


def today(hub: Hub) -> None:
    """Cases of two other organisations, filed today."""
    hub.file(hotel(organisation=JIANGBEI))
    hub.file(lodging())


def late(hub: Hub) -> None:
    """A case of another system, filed yesterday: it stands today too, where nothing happens."""
    hub.file(observed("2026-03-02T17:00:00+08:00", None), POOL)


READ = ("2026-03-02", "2026-03-03", "2026-Q1")


def begun(hub: Hub, more: Run) -> Hub:
    """A hub with one case computed, and `more` that is still to be."""
    hub.cloud.reset(NINE)
    here = Hub(hub.cloud)
    here.life(here.file(), ACCEPT)
    here.cloud.drain()
    once(here)
    here.cloud.set_clock(NINE.replace(day=3))  # which runs what is due
    more(here)
    here.cloud.drain()
    return here


@pytest.mark.parametrize("more", [today, late])
def test_a_crash_at_any_call_leaves_old_or_new_and_never_a_mixture(more: Run, hub: Hub) -> None:
    here = begun(hub, more)
    old = {period: read(here, period) for period in READ}
    once(here)
    new = {period: read(here, period) for period in READ}
    assert old != new
    for number in count():
        if not dies(begun(hub, more), number):
            break
        for period in READ:
            assert read(here, period) in (old[period], new[period]), number
        once(here)
        assert {period: read(here, period) for period in READ} == new, number
    assert number > 20


@pytest.mark.parametrize("more", [today, late])
def test_whoever_is_overtaken_at_any_call_undoes_nothing(more: Run, hub: Hub) -> None:
    """In the middle of a run more comes, and another run computes it from beginning to end."""

    def more_still(here: Hub) -> None:
        here.file()
        late(here) if more is today else today(here)
        here.cloud.drain()

    here = begun(hub, more)
    more_still(here)
    once(here)
    wanted = {period: read(here, period) for period in READ}
    for number in count():
        here = begun(hub, more)
        if not overtaken(here, number, more_still):
            break
        once(here)
        assert {period: read(here, period) for period in READ} == wanted, number
    assert number > 20


def overtaken(hub: Hub, number: int, more: Run) -> bool:
    """Whether a run came as far as the call of this number, before which `more` came and was computed by another."""
    came: list[Call] = []

    def handle(call: Call, send: Send) -> Any:
        if call.number == number and not came:
            came.append(call)
            more(hub)
            once(hub)
        return send()

    with tapped(handle):
        once(hub)
    return bool(came)


def dies(hub: Hub, number: int) -> bool:
    """Whether a run came as far as the call of this number, before which it dies."""

    def handle(call: Call, send: Send) -> Any:
        if call.number == number:
            raise Death
        return send()

    try:
        with tapped(handle):
            once(hub)
    except Death:
        return True
    return False


def test_what_is_computed_anew_from_the_histories_is_what_was_kept(hub: Hub, undisturbed: dict[str, Any]) -> None:
    """Cells and indices are lost, facts put again from cases and orders, as `./zs rebuild --repair` does."""
    from infra import rebuild

    for name in ("CellsTable", "IndicesTable"):
        hub.cloud.tables[name].restore(None)
    assert not any(read(hub, "2026-03").values())
    rebuild.repair(hub.cloud.clock.now())
    once(hub)
    kept = {key: row.item["d"] for key, row in hub.cloud.tables["CellsTable"].rows.items()}
    assert {**read(hub), "cells": kept} == undisturbed


# What it costs


@pytest.mark.parametrize("number", [1_000, 100_000])
def test_a_run_costs_what_was_marked_and_not_what_is_stored(number: int, hub: Hub) -> None:
    """Two organisations' days are marked; beside them lie so many facts of other days and places."""
    hub.file()
    hub.file(lodging())
    hub.cloud.drain()
    once(hub)
    hub.file()
    hub.file(lodging())
    hub.cloud.drain()
    facts = hub.cloud.tables["FactsTable"]
    row = next(row for (place, _), row in facts.rows.items() if place == f"{HAISHU}#2026-03-02")
    for serial in range(number):
        place = f"3304{serial % 99 + 1:02d}#20{serial % 20 + 10}-0{serial % 9 + 1}-{serial % 27 + 1:02d}"
        name = row.item["fact"]["S"].replace("node#", f"node#{serial}-")
        facts.replace((place, name), Row({**row.item, "org_day": {"S": place}, "fact": {"S": name}}, row.sizes))
    with wire() as calls:
        once(hub)
    marked, lengths = 2, 6
    assert counted(calls) == {
        "GetItem": marked,  # their cells as they are
        # two lists of marks, their facts, the quarantine, which days and weeks there are, the month's cells and before
        "Query": 2 + marked + 1 + 2 + 1 + 1,
        "BatchGetItem": 2,  # whether today was computed, and what counts now
        "PutItem": marked + lengths,  # cells, and what counts from now on
        "BatchWriteItem": marked + 1,  # what stands was changed; pages
        "DeleteItem": marked + 1,
    }


def test_a_run_with_nothing_to_do_is_a_few_reads(hub: Hub) -> None:
    hub.file()
    hub.cloud.drain()
    once(hub)
    hub.cloud.advance(3600)
    with wire() as calls:
        once(hub)
    assert counted(calls) == {"Query": 2, "BatchGetItem": 1}
