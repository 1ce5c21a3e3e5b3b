"""What is kept beside the cases follows from them: computed once more it is the same, byte for byte."""

from __future__ import annotations

from typing import Any

from tests.flow.conftest import Hub
from tests.flow.rating_steps import ABOVE, FINISHED, done, follow_up, rate, rated
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

    busy_month(hub)
    compared = rebuild.compare(hub.cloud.now())
    assert (compared.missing, compared.different, compared.unfounded) == ((), (), ())
    assert compared.equal
    assert compared.facts > 30
    assert compared.findings > 5


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


def test_the_whole_stream_played_again_changes_nothing(hub: Hub) -> None:
    from infra import rebuild

    busy_month(hub)
    before = kept(hub)
    rebuild.repair(hub.cloud.now())
    hub.cloud.drain()
    assert kept(hub) == before
