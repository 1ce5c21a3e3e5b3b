"""Cross-case rules through the door: what gathers at a unit is found the next morning, what stands out of its peers
when the month is over; a run that comes late, twice, cut short or not at all changes nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.flow.conftest import NINE, Hub
from tests.support.town import HAISHU, NANMEN, NINGBO, NOTE, PERSON, POOL, lodging, observed, staff
from tests.support.wire import Call, Send, tapped

CLERK = staff("qian", NANMEN, "intake")
WATCH, HAISHU_WATCH = staff("nanmen-9", NANMEN, "supervision"), staff("chen", HAISHU, "supervision")
NINGBO_WATCH = staff("ningbo-9", NINGBO, "supervision")
SUNDAY, MONTH_END, APRIL = NINE.replace(day=8), NINE.replace(day=31), NINE.replace(month=4, day=1, hour=8)
COUNTIES = (HAISHU, "330205", "330206", "330211")
KEPT = ("FactsTable", "FindingsTable", "OrdersTable", "DaysTable", "DirtyTable")


def persons(number: int) -> list[dict[str, Any]]:
    """Applicants that are not each other."""
    return [{**PERSON, "id_type": "passport", "id_number": f"E{10_000_000 + n}"} for n in range(number)]


def settled(hub: Hub, number: int, minutes: int = 4) -> list[str]:
    """So many cases settled on the spot by one clerk at a window, a few minutes apart."""
    found = []
    for person in persons(number):
        finish = {"result_number": "居登2026-1", "handed_to": "applicant"}
        found.append(hub.file(lodging(channel="window", finish=finish, applicant=person), CLERK).id)
        hub.cloud.advance(minutes * 60)
    return found


def findings(hub: Hub, org: str, rule: str, who: Any) -> list[Any]:
    """What a rule found at an organisation, all pages of it."""
    path = f"/v1/findings?org={org}&rule={rule}"
    page = hub.get(path, who)
    found = list(page["items"])
    while page["next"]:
        page = hub.get(f"{path}&cursor={page['next']}", who)
        found += page["items"]
    return found


def orders(hub: Hub, org: str, who: Any, finding: str) -> list[Any]:
    """The orders at an organisation's desk that follow from a finding of this name."""
    rows = hub.get(f"/v1/orders?org={org}&limit=100", who)["items"]
    found = [hub.get(f"/v1/orders/{row['order_id']}", who) for row in rows]
    return [each for each in found if each["finding"] == finding]


def test_a_batch_on_a_rest_day_is_found_the_next_morning_with_its_order(hub: Hub) -> None:
    hub.cloud.clock.restart(SUNDAY)
    cases = settled(hub, 20)
    hub.cloud.run_schedule("compare_units")
    assert findings(hub, NANMEN, "A09", WATCH) == []  # the day is not over
    hub.cloud.set_clock(SUNDAY.replace(day=9, hour=8))
    (found,) = findings(hub, NANMEN, "A09", WATCH)
    assert (found["subject"], found["occurrence"]) == (f"{NANMEN}#2026-03-08", "qian")
    assert found["at"] == hub.get(f"/v1/cases/{cases[-1]}", CLERK)["received_at"]
    assert sorted(found["evidence"]["cases"]) == sorted(cases)
    assert (found["name"]["zh"], found["severity"]) == ("深夜或休息日集中办件", "yellow")
    (order,) = orders(hub, NANMEN, WATCH, "A09#qian")
    assert (order["kind"], order["about"], order["holder"]) == ("verification", found["subject"], NANMEN)
    assert order["opened_at"] == "2026-03-09T00:00:00.000+08:00"  # when it could be known, not when somebody looked
    assert findings(hub, HAISHU, "A09", HAISHU_WATCH) == []


def test_many_cases_of_one_person_are_found_by_their_numbers_and_not_by_the_person(hub: Hub) -> None:
    cases = []
    for _ in range(3):
        cases.append(hub.file(lodging()).id)
        hub.cloud.advance(2 * 86_400)
    hub.cloud.advance(86_400)
    (found,) = findings(hub, NANMEN, "A14", WATCH)
    assert found["subject"] == f"{NANMEN}#2026-03-06"  # the day of the third
    assert found["evidence"] == {"cases": cases, "item": "residence-registration@1"}
    facts = hub.cloud.tables["FactsTable"].rows
    (index,) = {part for row in facts.values() for part in row.item["d"]["S"].split('"') if part.startswith("1:")}
    told = [*hub.cloud.tables["FindingsTable"].rows.items(), *hub.cloud.tables["OrdersTable"].rows.items()]
    assert index not in repr([(key, row.item) for key, row in told])


def test_a_rush_at_the_end_of_a_month_is_found_when_it_is_over(hub: Hub) -> None:
    hub.cloud.clock.restart(MONTH_END)
    settled(hub, 10)
    hub.cloud.set_clock(APRIL)
    (found,) = findings(hub, NANMEN, "A10", WATCH)
    assert (found["subject"], found["evidence"]) == (f"{NANMEN}#2026-03", {"before": 0, "days": 20, "finished": 10})
    (order,) = orders(hub, NANMEN, WATCH, "A10#")
    assert (order["about"], order["holder"]) == (found["subject"], NANMEN)


def test_a_unit_that_refuses_far_more_than_its_peers_is_found_beside_them(hub: Hub) -> None:
    """Pooled from elsewhere, as a month of four counties is; one of them refuses a quarter of what it receives."""
    for number, county in enumerate(COUNTIES):
        for serial in range(30):
            body = observed("2026-03-02T08:00:00+08:00", None, f"{county}-{serial}")
            case = hub.file({**body, "organisation": county}, POOL)
            if serial < (8 if number == 0 else 1):
                step = {"observed": {"at": "2026-03-02T08:30:00+08:00", "actor": "clerk-1"}}
                hub.life(case, ("refuse", POOL, {**step, "reason": NOTE, "remedy": NOTE}))
    hub.cloud.set_clock(APRIL)
    (found,) = findings(hub, HAISHU, "A29", HAISHU_WATCH)
    assert (found["subject"], found["at"]) == (f"{HAISHU}#2026-03", "2026-04-01T00:00:00.000+08:00")
    assert found["evidence"] == {"beside": 3, "cases": 8, "of": 30, "of_beside": 90}
    assert len(orders(hub, HAISHU, HAISHU_WATCH, "A29#")) == 1
    assert [findings(hub, county, "A29", NINGBO_WATCH) for county in COUNTIES[1:]] == [[], [], []]


def test_a_unit_to_which_nobody_comes_any_more_is_found_without_a_fact_of_that_month(hub: Hub) -> None:
    for month in (1, 2, 3):
        for serial in range(30):
            hub.file(observed(f"2026-{month:02d}-02T08:00:00+08:00", None, f"{month}-{serial}"), POOL)
    hub.cloud.set_clock(APRIL)
    assert findings(hub, HAISHU, "A33", HAISHU_WATCH) == []
    hub.cloud.set_clock(APRIL.replace(month=5))
    (found,) = findings(hub, HAISHU, "A33", HAISHU_WATCH)
    assert (found["subject"], found["occurrence"]) == (f"{HAISHU}#2026-04", "fewer")
    assert found["evidence"] == {"before": 90, "cases": 0, "months": 3}


def test_what_is_pooled_weeks_later_reopens_its_day_and_month(hub: Hub) -> None:
    hub.cloud.clock.restart(APRIL - timedelta(days=1))
    hub.file(observed("2026-02-27T10:00:00+08:00", None), POOL)
    hub.cloud.set_clock(APRIL)
    assert findings(hub, HAISHU, "A10", HAISHU_WATCH) == []
    for number in range(20):
        body = observed("2026-02-27T22:00:00+08:00", None, f"late-{number}") | {"channel": "window"}
        at = {"at": f"2026-02-27T23:{number:02d}:00+08:00", "actor": "clerk-1"}
        hub.life(hub.file(body, POOL), ("complete", POOL, {"observed": at, "result_number": "1"}))
    hub.cloud.advance(86_400)
    (night,), (rush,) = (findings(hub, HAISHU, rule, HAISHU_WATCH) for rule in ("A09", "A10"))
    assert (night["subject"], night["occurrence"]) == (f"{HAISHU}#2026-02-27", "clerk-1")
    assert (night["at"], rush["subject"]) == ("2026-02-27T23:19:00.000+08:00", f"{HAISHU}#2026-02")
    (order,) = orders(hub, HAISHU, HAISHU_WATCH, "A09#clerk-1")
    assert order["opened_at"][:10] == "2026-04-01"  # nobody could have known it before


def pooled(hub: Hub, number: int) -> None:
    """A case of another system, finished late on the first Sunday of March."""
    at = f"2026-03-08T23:{number:02d}:00+08:00"
    case = hub.file(observed(at, None, f"night-{number}"), POOL)
    hub.life(case, ("complete", POOL, {"observed": {"at": at, "actor": "clerk-1"}, "result_number": "1"}))


def test_a_fact_that_comes_while_its_day_is_judged_is_judged_after_all(hub: Hub) -> None:
    hub.cloud.clock.restart(SUNDAY.replace(hour=23, minute=59))
    for number in range(19):
        pooled(hub, number)
    came: list[Call] = []

    def handle(call: Call, send: Send) -> Any:
        if call.operation == "DeleteItem" and not came:
            came.append(call)
            pooled(hub, 19)  # the day was judged and its mark is about to be removed
        return send()

    with tapped(handle):
        hub.cloud.set_clock(SUNDAY.replace(day=9, hour=1, minute=0))
    assert came
    assert findings(hub, HAISHU, "A09", HAISHU_WATCH) == []
    hub.cloud.run_schedule("compare_units")
    assert len(findings(hub, HAISHU, "A09", HAISHU_WATCH)) == 1


# However often it runs


def march(hub: Hub, night: Callable[[datetime], None]) -> dict[str, Any]:
    """A rest day's batch, a month's end, a fact that comes late; what is kept when `night` came after each."""
    hub.cloud.reset(SUNDAY)
    hub = Hub(hub.cloud)  # which begins with the same keys, and so with the same case numbers
    settled(hub, 20)
    night(SUNDAY.replace(day=9))
    hub.cloud.clock.restart(MONTH_END)
    settled(hub, 10)
    night(APRIL)
    hub.file(observed("2026-03-08T10:00:00+08:00", None), POOL)
    night(APRIL.replace(day=2))
    hub.cloud.clock.restart(APRIL.replace(day=20))
    again = ["sweep_deadlines"] * 4  # what was opened by a sweep falls due in a later one
    for name in ("compare_units", "invite_ratings", *again):
        hub.cloud.run_schedule(name)
    hub.cloud.drain()
    kept = {name: {key: _said(row.item) for key, row in hub.cloud.tables[name].rows.items()} for name in KEPT}
    # An invitation is called by a commitment, which is salted.
    kept["FactsTable"] = {key: row for key, row in kept["FactsTable"].items() if not key[1].startswith("rating_inv")}
    return kept


def _said(item: Any) -> Any:
    return {name: value for name, value in item.items() if name != "token"}


def run(hub: Hub, times: int) -> Callable[[datetime], None]:
    """A night in which the schedule runs so often."""

    def night(at: datetime) -> None:
        hub.cloud.clock.restart(at)
        for _ in range(times):
            hub.cloud.run_schedule("compare_units")

    return night


class Clock:
    """The time that a Lambda has left: `calls` times enough, then none."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def get_remaining_time_in_millis(self) -> int:
        self.calls -= 1
        return 900_000 if self.calls >= 0 else 0


def cut_short(hub: Hub) -> Callable[[datetime], None]:
    """A night in which each run has time for one piece of work only."""

    def night(at: datetime) -> None:
        hub.cloud.clock.restart(at)
        for _ in range(4):
            with hub.cloud.metrics.caught():
                event = hub.cloud.scheduler._event("compare_units")
                importlib.import_module("app").compare_units(event, Clock(1))
            hub.cloud.drain()

    return night


@pytest.mark.parametrize("fault", ["doubled", "missed", "cut short"])
def test_a_run_that_is_doubled_missed_or_cut_short_changes_nothing(fault: str, hub: Hub) -> None:
    nights = {"doubled": run(hub, 2), "missed": run(hub, 0), "cut short": cut_short(hub)}
    undisturbed = march(hub, run(hub, 1))
    assert any("#2026-03-08" in key[0] for key in undisturbed["FindingsTable"])
    assert any(key[0].endswith("#2026-03") for key in undisturbed["FindingsTable"])
    assert march(hub, nights[fault]) == undisturbed


def test_what_was_found_and_judged_leaves_no_mark_and_is_not_judged_again(hub: Hub) -> None:
    march(hub, run(hub, 1))
    left = {place for _, place in hub.cloud.tables["DirtyTable"].rows}
    assert left
    assert all(place >= "2026-04" for place in left)  # months to come, and what was filed today
    before = {key: row.item for key, row in hub.cloud.tables["DirtyTable"].rows.items()}
    hub.cloud.run_schedule("compare_units")
    assert {key: row.item for key, row in hub.cloud.tables["DirtyTable"].rows.items()} == before
