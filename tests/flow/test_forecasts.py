"""Forecasts through the door: cases of some weeks become a week looked ahead and chances of being late, explained; and
six weeks later it is told how they came out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.calendar import SHANGHAI
from chalicelib.http.shapes import XLSX
from tests.flow.conftest import NINE, Filed, Hub, problem
from tests.flow.test_counts import seed
from tests.support.town import (
    ACCEPT,
    HAISHU,
    JIANGBEI,
    NINGBO,
    POOL,
    SUSPEND,
    ZHANG,
    ZHEJIANG,
    observed,
    staff,
)
from tests.support.wire import Death, Trouble, counted, first, wire

HEAD = staff("head", ZHEJIANG, "analysis")
HAISHU_HEAD = staff("chen", HAISHU, "supervision")
STRANGER = staff("ma", JIANGBEI, "supervision")
MONDAY = datetime(2026, 1, 5, 9, tzinfo=SHANGHAI)
LIMIT = timedelta(days=10)
EARLY, NEARLY, LATE = 5.0, 9.75, 12.0  # days after which a case is closed, of ten
SIX_WEEKS = timedelta(days=43)


def pooled(hub: Hub, begun: datetime, limit: timedelta, number: str) -> Filed:
    """A case of another system, under the date that it was told."""
    return hub.file(observed(begun.isoformat(), (begun + limit).isoformat(), number), POOL)


def complete(hub: Hub, case: Filed, at: datetime) -> None:
    step = {"at": at.isoformat(), "actor": "clerk-1"}
    hub.life(case, ("complete", POOL, {"observed": step, "result_number": "1"}))


def past(hub: Hub) -> None:
    """Six cases a Monday for seven weeks, all under ten days: twelve are closed after five, ten in the last hours, and
    twenty come late."""
    for number, days in enumerate([EARLY] * 12 + [NEARLY] * 10 + [LATE] * 20):
        begun = MONDAY + timedelta(weeks=number % 7)
        complete(hub, pooled(hub, begun, LIMIT, f"p{number}"), begun + timedelta(days=days))


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T09:00:00+08:00")


def today(hub: Hub) -> dict[str, Filed]:
    """Open cases: one at nine tenths of its limit, one that has just begun, one overdue, one not accepted yet, and one
    whose clocks stand still."""
    return {
        "pressing": pooled(hub, day("2026-02-10"), timedelta(days=22), "pressing"),
        "fresh": pooled(hub, day("2026-03-01"), timedelta(days=19), "fresh"),
        "overdue": pooled(hub, day("2026-02-12"), timedelta(days=15), "overdue"),
        "received": hub.file(),
        "suspended": hub.life(hub.file(), ACCEPT, SUSPEND),
    }


def night(hub: Hub, at: datetime = NINE) -> None:
    hub.cloud.clock.restart(at)
    hub.cloud.drain()
    hub.cloud.run_schedule("compute_indices")
    hub.cloud.run_schedule("forecast_units")


def listed(hub: Hub, org: str = HAISHU, query: str = "", who: Any = HEAD) -> dict[str, Any]:
    found: dict[str, Any] = hub.get(f"/v1/forecasts/{org}/cases{query}", who)
    return found


def test_a_night_looks_ahead(hub: Hub) -> None:
    past(hub)
    seen = today(hub)
    night(hub)
    require_cases(hub, seen)
    require_week(hub)
    require_pages_and_tables(hub, seen)
    require_scope(hub)
    require_reads(hub)
    before = kept(hub)
    with wire() as calls:
        hub.cloud.run_schedule("forecast_units")
    assert kept(hub) == before  # a night that is doubled
    assert counted(calls) == {"Query": 2}


def kept(hub: Hub) -> dict[Any, Any]:
    return {key: row.item for key, row in hub.cloud.tables["ForecastsTable"].rows.items()}


def require_cases(hub: Hub, seen: dict[str, Filed]) -> None:
    """Open cases stand by their chance, and say what it rests on."""
    found = listed(hub)
    assert [one["case_id"] for one in found["items"]] == [seen["pressing"].id, seen["fresh"].id]
    assert (found["day"], found["method"], found["total"], found["next"]) == ("2026-03-02", "outlook@1", 2, None)
    pressing, fresh = found["items"]
    # Of 31 that were open with nine tenths gone 21 were late, the overdue one among them; of 43 at the beginning 21.
    assert (pressing["chance"], pressing["gone"], pressing["flagged"]) == (round(21 / 31, 4), 90, True)
    assert (fresh["chance"], fresh["gone"], fresh["flagged"]) == (round(21 / 43, 4), 5, False)
    assert [(each["org"], each["item"], each["state"], each["cases"], each["late"]) for each in pressing["groups"]] == [
        (ZHEJIANG, None, None, 31, 21),
        (ZHEJIANG, None, "received", 31, 21),
        (ZHEJIANG, "hotel-licence", "received", 31, 21),
        (NINGBO, "hotel-licence", "received", 31, 21),
        (HAISHU, "hotel-licence", "received", 31, 21),
    ]
    assert "31件中，21件超期（68%）" in pressing["text"]["zh"]
    assert "of 31 cases" in pressing["text"]["en"]
    assert "仍处于“已收件”" in pressing["text"]["zh"]
    assert pressing["due"] == "2026-03-04T09:00:00.000+08:00"


def require_week(hub: Hub) -> None:
    """A week is told with its days, at every level."""
    for org in (HAISHU, NINGBO, ZHEJIANG):
        found = hub.get(f"/v1/forecasts/{org}", HEAD)
        week = found["week"]
        assert (week["from_day"], week["to_day"]) == ("2026-03-02", "2026-03-08")
        assert (week["open"], week["overdue"], week["undated"], week["due"]) == (5, 1, 2, 1)
        assert (week["late"], week["unknown"]) == ({"value": 0.68, "low": 0, "high": 2}, 0)
        # Six on each working Monday, and three that came once: on a Tuesday, a Thursday, a Sunday.
        assert week["coming"]["value"] == pytest.approx(6 + (1 + 2 * 0.7) / sum(0.7**k for k in range(6)), abs=0.01)
        assert (week["weeks"], week["days"][0]["coming"], week["last_week"]) == (6, 6.0, 1)
        assert [each["due"] for each in week["days"]] == [0, 0, 1, 0, 0, 0, 0]
        assert [each["working"] for each in week["days"]] == [True] * 5 + [False] * 2
        assert found["record"]["forecasts"] == 0
        assert found["record"]["cases"]["right"] is None


def require_reads(hub: Hub) -> None:
    """A week is two reads (and one more for a record), a page of cases two."""
    for path, reads in (("", {"Query": 1, "GetItem": 1}), ("/cases?limit=1", {"Query": 2})):
        with wire() as calls:
            hub.get(f"/v1/forecasts/{ZHEJIANG}{path}", HEAD)
        assert counted(calls) == reads


def require_pages_and_tables(hub: Hub, seen: dict[str, Filed]) -> None:
    """A list is paged, and leaves as a table."""
    one_page = listed(hub, ZHEJIANG, "?limit=1")
    second = listed(hub, ZHEJIANG, f"?limit=1&cursor={one_page['next']}")
    assert [one["case_id"] for one in (*one_page["items"], *second["items"])] == [seen["pressing"].id, seen["fresh"].id]
    assert second["next"] is None
    reply = hub.ask("GET", f"/v1/forecasts/{HAISHU}/cases?format=csv", HEAD)
    lines = reply.body.decode("utf-8-sig").splitlines()
    assert (reply.status, len(lines), lines[1].split(",")[0]) == (200, 3, seen["pressing"].id)
    assert "已收件,2026-03-04 09:00,90," in lines[1]
    sheet = hub.ask("GET", f"/v1/forecasts/{HAISHU}/cases?format=xlsx", HEAD, headers={"Accept": XLSX})
    assert (sheet.status, sheet.body[:2]) == (200, b"PK")
    problem(hub.ask("GET", f"/v1/forecasts/{HAISHU}/cases?format=xlsx", HEAD), 422, "invalid_input", "Accept")


def require_scope(hub: Hub) -> None:
    """A forecast is for those in whose scope the organisation lies."""
    for path in (f"/v1/forecasts/{HAISHU}", f"/v1/forecasts/{HAISHU}/cases"):
        for who in (STRANGER, ZHANG):
            problem(hub.ask("GET", path, who), 403, "forbidden")
        assert hub.ask("GET", path, HAISHU_HEAD).status == 200
    problem(hub.ask("GET", f"/v1/forecasts/{NINGBO}", HAISHU_HEAD), 403, "forbidden")
    problem(hub.ask("GET", "/v1/forecasts/330299", HEAD), 404, "not_found")


def test_six_weeks_later_it_is_told_how_it_came_out(hub: Hub) -> None:
    past(hub)
    seen = today(hub)
    night(hub)
    hub.cloud.clock.restart(day("2026-03-10"))
    complete(hub, seen["pressing"], day("2026-03-06"))
    complete(hub, seen["fresh"], day("2026-03-09"))
    hub.cloud.clock.restart(NINE + SIX_WEEKS)  # the first night on which it may be scored was missed
    with pytest.raises(Death), wire(lambda call: Trouble.dies_before if "scored#" in str(call.arguments) else None):
        hub.cloud.run_schedule("forecast_units")
    assert hub.get(f"/v1/forecasts/{HAISHU}", HAISHU_HEAD)["record"]["forecasts"] == 0
    night(hub, NINE + SIX_WEEKS)
    found = hub.get(f"/v1/forecasts/{HAISHU}", HAISHU_HEAD)
    record = found["record"]
    assert (record["forecasts"], record["from_day"], record["to_day"]) == (1, "2026-03-02", "2026-03-02")
    cases = record["cases"]
    assert (cases["cases"], cases["late"], cases["flagged"], cases["flagged_late"]) == (2, 1, 1, 1)
    assert (cases["right"], cases["caught"], cases["caught_soonest"], cases["undecided"]) == (1.0, 1.0, 1.0, 0)
    assert cases["brier"] == pytest.approx(((1 - 21 / 31) ** 2 + (21 / 43) ** 2) / 2, abs=0.001)
    # Two came in that week, eight were expected as seven, and one had come in the week before.
    assert record["weeks"] == {
        "weeks": 1,
        "came": 2,
        "mean_error": 5.0,
        "mean_error_last_week": 1.0,
        "within": record["weeks"]["within"],
    }
    assert found["week"]["from_day"] == "2026-04-14"
    assert hub.get(f"/v1/forecasts/{ZHEJIANG}", HEAD)["record"] == record
    after = kept(hub)
    hub.cloud.run_schedule("forecast_units")
    assert kept(hub) == after


def test_before_the_first_night_there_is_none_and_few_cases_give_no_chance(hub: Hub) -> None:
    problem(hub.ask("GET", f"/v1/forecasts/{HAISHU}", HEAD), 404, "not_found")
    pooled(hub, day("2026-02-20"), timedelta(days=15), "alone")
    night(hub)
    (alone,) = listed(hub)["items"]
    assert (alone["chance"], alone["flagged"], alone["groups"]) == (None, False, [])
    assert "不足30件" in alone["text"]["zh"]
    week = hub.get(f"/v1/forecasts/{HAISHU}", HEAD)["week"]
    assert (week["coming"], week["due"], week["unknown"], week["late"]["high"]) == (None, 1, 1, 0)
    forged = "eyJkIjoiMjAyMC0wMS0wMSIsIm4iOjF9"
    reply = hub.ask("GET", f"/v1/forecasts/{HAISHU}/cases?cursor={forged}", HEAD)
    problem(reply, 422, "invalid_input", "cursor")
    problem(hub.ask("GET", f"/v1/forecasts/{JIANGBEI}", HEAD), 404, "not_found")


def test_a_night_that_dies_shows_nothing_and_is_done_again(hub: Hub) -> None:
    hub.life(hub.file(), ACCEPT)
    hub.cloud.drain()
    for operation in ("BatchWriteItem", "PutItem"):
        with pytest.raises(Death), wire(first(operation, Trouble.dies_before)):
            hub.cloud.run_schedule("forecast_units")
        problem(hub.ask("GET", f"/v1/forecasts/{HAISHU}", HEAD), 404, "not_found")
    hub.cloud.run_schedule("forecast_units")
    assert hub.get(f"/v1/forecasts/{HAISHU}", HEAD)["week"]["open"] == 1


def test_a_night_costs_a_page_for_each_hundred_open_cases_and_no_more(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    before = next_night(hub, 1)
    seed(hub, case, 350)
    assert hub.sizes()["CasesTable"] == 351
    more = next_night(hub, 2)
    assert before["BatchGetItem"] == 1
    assert more == {**before, "BatchGetItem": 4, "Query": before["Query"] + 3}
    organisations, months = len(hub.cloud.tables["RegistryTable"].rows), 13  # of other entries there are some too
    assert before["Query"] <= 2 + months + organisations


def next_night(hub: Hub, number: int) -> dict[str, int]:
    """The calls of the night so many days later."""
    hub.cloud.clock.restart(NINE + timedelta(days=number))
    hub.cloud.drain()
    with wire() as calls:
        hub.cloud.run_schedule("forecast_units")
    return counted(calls)
