"""The organisation's queue and one's own cases: order, filters, pages and scope."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.flow.conftest import NINE, Filed, Hub, problem
from tests.support.town import (
    ACCEPT,
    ARCHIVE,
    COMPLETE,
    DELIVER,
    GRANT,
    HAISHU,
    HANGZHOU,
    JIANGBEI,
    LI,
    NANMEN,
    NINGBO,
    POOL,
    REVIEW,
    SUSPEND,
    WU,
    ZHANG,
    ZHEJIANG,
    Identity,
    hotel,
    lodging,
    observed,
    staff,
)

DESK = f"/v1/desk?org={HAISHU}"


def ids(page: Any) -> list[str]:
    return [row["case_id"] for row in page["items"]]


def pages(hub: Hub, path: str, who: Identity) -> list[list[str]]:
    """All pages behind a path, each as case numbers."""
    found, onward = [], ""
    while True:
        page = hub.get(path + onward, who)
        found.append(ids(page))
        if page["next"] is None:
            return found
        onward = f"&cursor={page['next']}"


def filed_every_day(hub: Hub, number: int) -> list[Filed]:
    found = []
    for _ in range(number):
        found.append(hub.file())
        hub.cloud.advance(86_400)
    return found


def test_what_is_due_first_stands_on_top_and_paused_cases_last(hub: Hub) -> None:
    first, second, third = filed_every_day(hub, 3)
    hub.life(first, ACCEPT, SUSPEND)
    hub.life(third, ACCEPT)
    page = hub.get(DESK, LI)
    assert ids(page) == [second.id, third.id, first.id]
    dues = [row["due"] for row in page["items"]]
    assert dues == ["2026-03-10T23:59:59.000+08:00", "2026-03-12T23:59:59.000+08:00", None]
    assert [row["state"] for row in page["items"]] == ["received", "accepted", "suspended"]
    assert page["items"][0]["item"]["name"]["en"] == "Special-trade licence for hotels"


def test_a_case_leaves_the_queue_when_it_is_archived_and_not_before(hub: Hub) -> None:
    case = hub.file()
    for step in (ACCEPT, REVIEW, GRANT, COMPLETE, DELIVER):
        hub.life(case, step)
        assert ids(hub.get(DESK, LI)) == [case.id], step[0]
    hub.life(case, ARCHIVE)
    assert ids(hub.get(DESK, LI)) == []


def test_an_observed_case_waits_until_it_is_closed(hub: Hub) -> None:
    case = hub.file(observed("2026-02-02T10:00:00+08:00", "2026-02-27T23:59:59+08:00"), POOL)
    row = hub.get(DESK, LI)["items"][0]
    assert (row["case_id"], row["overdue"]) == (case.id, True)
    step = {"observed": {"at": "2026-03-01T10:00:00+08:00", "actor": "clerk-2"}}
    assert hub.act(case, "complete", POOL, step).status == 200
    assert ids(hub.get(DESK, LI)) == []


DUE = datetime(2026, 3, 9, 23, 59, 59, tzinfo=NINE.tzinfo)  # of a case received on Monday the 2nd


@pytest.mark.parametrize(
    ("now", "warned", "overdue"),
    [
        (NINE, False, False),
        (datetime(2026, 3, 5, 23, 59, 59, tzinfo=NINE.tzinfo), False, False),  # Thursday: two working days left
        (datetime(2026, 3, 6, 0, 0, tzinfo=NINE.tzinfo), True, False),  # Friday: Monday is the next working day
        (datetime(2026, 3, 8, 12, 0, tzinfo=NINE.tzinfo), True, False),
        (DUE, True, False),
        (DUE + timedelta(seconds=1), False, True),
        (DUE + timedelta(days=30), False, True),
    ],
)
def test_warning_and_overdue_follow_the_clock(now: datetime, warned: bool, overdue: bool, hub: Hub) -> None:
    case = hub.file()
    paused = hub.life(hub.file(), ACCEPT, SUSPEND)
    hub.cloud.set_clock(now)
    found = {due: ids(hub.get(f"{DESK}&due={due}", LI)) for due in ("warning", "overdue")}
    assert found == {"warning": [case.id] if warned else [], "overdue": [case.id] if overdue else []}
    rows = hub.get(DESK, LI)["items"]
    assert [(row["case_id"], row["overdue"]) for row in rows] == [(case.id, overdue), (paused.id, False)]


def test_pages_show_every_case_once_and_in_order(hub: Hub) -> None:
    filed = [case.id for case in filed_every_day(hub, 7)]
    same_due = [hub.file().id for _ in range(4)]
    for size in (1, 2, 3, 5, 11, 100):
        found = pages(hub, f"{DESK}&limit={size}", LI)
        assert all(len(page) <= size for page in found)
        flat = [id for page in found for id in page]
        assert flat[:7] == filed
        assert sorted(flat) == sorted(filed + same_due), size


def test_a_filter_by_state_goes_over_pages_and_loses_no_row(hub: Hub) -> None:
    cases = filed_every_day(hub, 9)
    accepted = [hub.life(case, ACCEPT).id for case in cases[::2]]
    for size in (1, 2, 4, 100):
        flat = [id for page in pages(hub, f"{DESK}&state=accepted&limit={size}", LI) for id in page]
        assert sorted(flat) == sorted(accepted), size
        assert len(flat) == len(set(flat))
    assert pages(hub, f"{DESK}&state=granted", LI) == [[]]
    late = [id for page in pages(hub, f"{DESK}&state=received&due=overdue&limit=1", LI) for id in page]
    assert late == [case.id for case in cases[1:2]]  # nine days on, the first of them is overdue


def test_steps_between_two_pages_neither_hide_nor_repeat_what_did_not_move(hub: Hub) -> None:
    cases = filed_every_day(hub, 6)
    first = hub.get(f"{DESK}&limit=3", LI)
    hub.life(cases[0], ("withdraw", ZHANG, {"reason": "不再办理"}))
    rest = hub.get(f"{DESK}&limit=100&cursor={first['next']}", LI)
    still = [case.id for case in cases[1:]]
    seen = ids(first) + ids(rest)
    assert [id for id in seen if id in still] == still


@pytest.mark.parametrize("seat", [HAISHU, "3302030001", NINGBO, ZHEJIANG])
def test_the_desk_is_for_the_organisation_and_those_above_it(seat: str, hub: Hub) -> None:
    case = hub.file()
    assert ids(hub.get(DESK, staff("somebody", seat, "supervision"))) == [case.id]


@pytest.mark.parametrize("seat", [JIANGBEI, HANGZHOU, NANMEN])
def test_the_desk_of_another_organisation_is_closed(seat: str, hub: Hub) -> None:
    hub.file()
    problem(hub.ask("GET", DESK, staff("somebody", seat, "intake", "supervision")), 403, "forbidden")


def test_applicants_have_no_desk_and_staff_no_cases_of_their_own(hub: Hub) -> None:
    problem(hub.ask("GET", DESK, ZHANG), 403, "forbidden")
    problem(hub.ask("GET", "/v1/cases", LI), 403, "forbidden")


def test_a_station_has_a_queue_of_its_own(hub: Hub) -> None:
    case = hub.file(lodging())
    hub.file()
    assert ids(hub.get(f"/v1/desk?org={NANMEN}", staff("lu", NANMEN, "intake"))) == [case.id]
    assert ids(hub.get(f"/v1/desk?org={NANMEN}", LI)) == [case.id]


def tampered(cursor: str) -> list[str]:
    return [cursor[:-4], cursor[::-1], "e30", "W10", "MQ", "bnVsbA", "a", "eyJpZCI6IjEiLCJxIjoiMSJ9", cursor + "AAAA"]


def test_a_tampered_cursor_is_refused_and_opens_nothing(hub: Hub) -> None:
    filed_every_day(hub, 3)
    desk = hub.get(f"{DESK}&limit=1", LI)["next"]
    mine = hub.get("/v1/cases?limit=1", ZHANG)["next"]
    for path, who, cursor, other in ((f"{DESK}&", LI, desk, mine), ("/v1/cases?", ZHANG, mine, desk)):
        for wrong in [*tampered(cursor), other]:
            problem(hub.ask("GET", f"{path}cursor={wrong}", who), 422, "invalid_input", "cursor")
    foreign = staff("somebody", JIANGBEI, "intake")
    assert ids(hub.get(f"/v1/desk?org={JIANGBEI}&cursor={desk}", foreign)) == []  # it holds a position, no scope
    assert ids(hub.get(f"/v1/cases?cursor={mine}", WU)) == []


def test_my_cases_are_mine_newest_first(hub: Hub) -> None:
    first, second, third = filed_every_day(hub, 3)
    theirs = hub.file(who=WU)
    hub.life(first, ACCEPT)
    page = hub.get("/v1/cases", ZHANG)
    assert ids(page) == [third.id, second.id, first.id]
    assert [row["state"] for row in page["items"]] == ["received", "received", "accepted"]
    assert ids(hub.get("/v1/cases", WU)) == [theirs.id]
    assert [len(found) for found in pages(hub, "/v1/cases?limit=2", ZHANG)] == [2, 1]


def test_my_cases_hold_what_was_archived_too(hub: Hub) -> None:
    case = hub.life(hub.file(), ("withdraw", ZHANG, {"reason": "不再办理"}), ARCHIVE)
    assert ids(hub.get("/v1/cases", ZHANG)) == [case.id]


def test_my_cases_of_one_instant_are_all_there_over_pages(hub: Hub) -> None:
    filed = {hub.file(hotel(form={"rooms": str(n)})).id for n in range(7)}
    flat = [id for page in pages(hub, "/v1/cases?limit=2", ZHANG) for id in page]
    assert len(flat) == 7
    assert set(flat) == filed
