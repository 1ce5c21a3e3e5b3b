"""What is kept beside the cases follows from them: computed once more it is the same, byte for byte."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from chalicelib import settings
from infra import stage
from infra.cli.commands import app
from infra.local.dynamo_rows import Row
from tests.flow.conftest import Hub
from tests.flow.rating_steps import ABOVE, FINISHED, done, follow_up, rate, rated
from tests.flow.test_comparing import march, run
from tests.support.town import (
    ACCEPT,
    COMPLETE,
    CORRECT,
    DELIVER,
    GRANT,
    HAISHU,
    NOTE,
    POOL,
    REVIEW,
    SUPPLEMENT,
    SUSPEND,
    WANG,
    ZHANG,
    hotel,
    lodging,
    materials,
    observed,
    staff,
)

DAY = 86_400
DERIVED = ("FactsTable", "FindingsTable")
WATCH = staff("chen", HAISHU, "supervision")


def busy_month(hub: Hub) -> None:
    """Cases of many kinds, some of them late, one of them transferred, one of them elsewhere; orders are moved."""
    hub.life(hub.file(), ACCEPT, REVIEW, GRANT, COMPLETE, DELIVER)
    hub.life(hub.file(hotel(materials=materials(5, m2="lacking"))), CORRECT, SUPPLEMENT, CORRECT)
    hub.life(hub.file(), ACCEPT, SUSPEND)
    hub.file(lodging())
    hub.file(observed("2026-01-05T09:00:00+08:00", "2026-01-20T23:59:59+08:00"), POOL)
    moved = {"to_organisation": "330205", "reason": NOTE, "notice": NOTE}
    hub.life(hub.file(), ACCEPT, ("transfer", WANG, moved))
    rate(hub, {"case_id": hub.life(hub.file(), *FINISHED).id, "level": "satisfied"}, ZHANG)
    bad = follow_up(hub, rated(hub, hub.life(hub.file(), *FINISHED))["rating_id"])["order_id"]
    done(hub, bad, "call_back", WATCH, {"verdict": "unfounded", "note": NOTE})
    done(hub, bad, "appeal", WATCH, {"reason": NOTE})
    done(hub, bad, "uphold", ABOVE, {"reason": NOTE * 10})
    left, late = hub.life(hub.file(), ACCEPT), hub.life(hub.file(), ACCEPT)
    hub.cloud.advance(9 * DAY)
    hub.life(late, REVIEW, GRANT, COMPLETE)
    for row in hub.get(f"/v1/orders?org={HAISHU}&limit=100", WATCH)["items"][:2]:
        path = f"/v1/orders/{row['order_id']}/actions/confirm"
        assert hub.ask("POST", path, WATCH, {"note": NOTE}, version=1).status == 200
    hub.cloud.advance(12 * DAY)
    for _ in range(4):  # an order that was opened by a sweep falls due in a later one
        hub.cloud.run_schedule("sweep_deadlines")
    assert left.id != late.id


def kept(hub: Hub) -> dict[str, Any]:
    """Every item of the tables that follow from cases and orders."""
    return {
        name: {key: row.item for key, row in hub.cloud.tables[name].rows.items()} for name in (*DERIVED, "OrdersTable")
    }


def test_facts_and_findings_computed_once_more_are_those_of_the_live_run(hub: Hub) -> None:
    from infra import rebuild  # reads its settings when it is imported
    from infra.ledger import Names

    busy_month(hub)
    hub.cloud.run_schedule("compute_indices")
    compared = rebuild.compare(hub.cloud.now())
    none = Names(0, ())
    assert (compared.missing, compared.different, compared.unfounded, compared.superseded) == (none,) * 4
    assert compared.equal
    assert compared.facts > 30
    assert compared.findings > 5
    assert compared.cells > 10
    assert compared.periods > 20
    assert compared.pending == 0


def test_what_was_lost_is_put_again_and_nothing_else_changes(hub: Hub) -> None:
    from infra import rebuild

    busy_month(hub)
    before = kept(hub)
    for name in DERIVED:
        rows = hub.cloud.tables[name]
        for key in list(rows.rows)[::2]:
            rows.replace(key, None)
    assert not rebuild.compare(hub.cloud.now()).equal
    rebuild.repair(hub.cloud.now())
    hub.cloud.drain()
    assert rebuild.compare(hub.cloud.now()).equal
    assert kept(hub) == before


def test_cells_and_indices_that_are_kept_otherwise_are_named_and_computing_mends_them(hub: Hub) -> None:
    from chalicelib.store import cells
    from infra import rebuild

    busy_month(hub)
    hub.cloud.run_schedule("compute_indices")
    day, far = date(2026, 3, 2), date(2026, 3, 1)
    cell = cells.one(HAISHU, day)
    cells.replace(cell, {**cell.counts, "received": 99})
    cells.replace(cells.one(HAISHU, far), {"received": 1})
    cells.replace(cells.one("33020301", day), {})
    compared = rebuild.compare(hub.cloud.now())
    assert _cells(compared.different) == [f"cell {HAISHU}#2026-03-02"]
    assert _cells(compared.unfounded) == [f"cell {HAISHU}#2026-03-01"]
    assert _cells(compared.missing) == ["cell 33020301#2026-03-02"]
    assert f"index 2026-03 {HAISHU}" in compared.different.names  # which do not follow from these cells
    rebuild.repair(hub.cloud.now())  # marks every day
    pending = rebuild.compare(hub.cloud.now())
    assert pending.pending > 0
    assert pending.periods == 0
    cells.replace(cells.one(HAISHU, far), {})  # in which nothing happened, so nothing marks it
    hub.cloud.run_schedule("compute_indices")
    assert rebuild.compare(hub.cloud.now()).equal


def _cells(found: Any) -> list[str]:
    return [name for name in found.names if name.startswith("cell ")]


def test_the_whole_stream_played_again_changes_nothing(hub: Hub) -> None:
    from infra import rebuild

    busy_month(hub)
    before = kept(hub)
    rebuild.repair(hub.cloud.now())
    hub.cloud.drain()
    assert kept(hub) == before


# Many cases at once


def test_what_cross_case_rules_saw_is_what_they_see_in_facts_computed_once_more(hub: Hub) -> None:
    from infra import rebuild

    march(hub, run(hub, 1))
    before = kept(hub)
    compared = rebuild.compare(hub.cloud.now())
    assert compared.equal
    assert compared.superseded.number == 0
    seen = {key[1].partition("#")[0] for key in before["FindingsTable"] if "#" in key[0]}
    assert seen >= {"A09", "A10"}
    for table in (*DERIVED, "DaysTable", "DirtyTable"):
        hub.cloud.tables[table].restore(None)
    missing = rebuild.compare(hub.cloud.now()).missing
    assert len([name for name in missing.names if not name.startswith("cell ")]) == compared.facts + compared.findings
    rebuild.repair(hub.cloud.now())
    hub.cloud.drain()
    assert kept(hub) == before


def test_a_finding_stays_as_it_was_seen_when_more_is_pooled_and_rebuild_says_why(hub: Hub) -> None:
    from infra import rebuild

    def night_shift(hour: int, cases: int) -> None:
        for minute in range(cases):
            at = f"2026-02-27T{hour}:{minute:02d}:00+08:00"
            case = hub.file(observed(at, None, f"{hour}-{minute}"), POOL)
            hub.life(case, ("complete", POOL, {"observed": {"at": at, "actor": "clerk-1"}, "result_number": "1"}))

    night_shift(23, 20)
    hub.cloud.advance(DAY)
    before = kept(hub)["FindingsTable"]
    assert ("330203#2026-02-27", "A09#clerk-1") in before
    night_shift(22, 5)  # earlier that night, told later: others are the first twenty now
    hub.cloud.advance(DAY)
    assert {key: kept(hub)["FindingsTable"][key] for key in before} == before
    compared = rebuild.compare(hub.cloud.now())
    assert compared.equal
    assert "330203#2026-02-27 A09#clerk-1" in compared.superseded.names


def test_a_finding_of_a_day_that_nothing_explains_is_told(hub: Hub) -> None:
    from infra import rebuild

    march(hub, run(hub, 1))
    rows = hub.cloud.tables["FindingsTable"]
    key, row = next((key, row) for key, row in rows.rows.items() if key[1] == "A09#qian")
    rows.replace(key, Row({**row.item, "e": {"S": '{"cases":["x"]}'}}, row.sizes))
    invented = "33020302#2026-03-08", "A09#nobody"
    rows.replace(invented, Row({**row.item, "subject": {"S": invented[0]}, "key": {"S": invented[1]}}, row.sizes))
    compared = rebuild.compare(hub.cloud.now())
    assert f"{key[0]} {key[1]}" in compared.different.names
    assert f"{invented[0]} {invented[1]}" in compared.unfounded.names


def test_a_deployed_stage_is_compared_by_its_tables(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT, REVIEW)
    hub.cloud.drain()
    told = CliRunner().invoke(app, ["rebuild", "--stage", "local", "--json"])
    found = json.loads(told.stdout)
    assert found["subjects"] >= 1
    assert found["unfounded"]["number"] == 0
    assert not any(case.id in name and "node#" in name for name in found["missing"]["names"])


def test_a_stage_without_a_region_is_refused_before_anything_is_read(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    told = CliRunner().invoke(app, ["rebuild", "--stage", "local"])
    assert told.exit_code == 2
    assert "AWS_DEFAULT_REGION" in told.stderr


def test_the_tables_of_a_stage_are_called_as_the_template_says() -> None:
    found = stage.variables("city", "210987654321")
    assert (found["CASES_TABLE"], found["DAYS_TABLE"]) == ("zhongshu-city-cases", "zhongshu-city-days")
    settings.load(found)  # nothing that the platform asks for is missing
