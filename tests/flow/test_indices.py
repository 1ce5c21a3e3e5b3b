"""Indices through the door: what happens to cases becomes numbers of four levels, and each number leads back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain.indices import tally
from chalicelib.http import cursors
from tests.flow.conftest import NINE, Hub, problem
from tests.flow.test_supervision import CITY_WATCH, WATCH, carded
from tests.support.town import (
    ACCEPT,
    COMPLETE,
    GRANT,
    HAISHU,
    JIANGBEI,
    NANMEN,
    NINGBO,
    PERSON,
    POOL,
    PUBLISHER,
    REVIEW,
    WHOLE,
    ZHANG,
    ZHEJIANG,
    hotel,
    lodging,
    observed,
    staff,
)

HEAD = staff("head", ZHEJIANG, "analysis")
NINGBO_HEAD = staff("ningbo-9", NINGBO, "analysis")
HAISHU_HEAD = staff("chen", HAISHU, "supervision")
CLERK = staff("qian", NANMEN, "intake")


def settled(hub: Hub, number: int) -> None:
    """So many cases settled on the spot at a window of Nanmen station."""
    for serial in range(number):
        person = {**PERSON, "id_type": "passport", "id_number": f"E{10_000_000 + serial}"}
        finish = {"result_number": "居登2026-1", "handed_to": "applicant"}
        hub.file(lodging(channel="window", finish=finish, applicant=person), CLERK)


def compute(hub: Hub) -> None:
    hub.cloud.drain()
    hub.cloud.run_schedule("compute_indices")


def sheet(hub: Hub, period: str, org: str, who: Any = HEAD) -> dict[str, Any]:
    found: dict[str, Any] = hub.get(f"/v1/indices/{period}/{org}", who)
    return found


def measured(found: dict[str, Any]) -> dict[str, Any]:
    return {one["code"]: one for one in found["indicators"]}


def fraction(found: dict[str, Any], code: str) -> tuple[int, int]:
    one = measured(found)[code]
    return one["numerator"], one["denominator"]


def test_what_happened_is_counted_at_every_level_and_period(hub: Hub) -> None:
    hub.life(hub.file(), *WHOLE)
    hub.file(hotel(channel="window"), staff("li", HAISHU, "intake"))
    settled(hub, 2)
    compute(hub)
    for period in ("2026-03-02", "2026-W10", "2026-03", "2026-Q1", "2026-H1", "2026"):
        for org in (ZHEJIANG, NINGBO, HAISHU):
            found = sheet(hub, period, org)
            assert found["counts"]["received"] == 4, (period, org)
            assert fraction(found, "online_rate") == (1, 4)
            assert fraction(found, "in_time_rate") == (3, 3)
            assert fraction(found, "archived_rate") == (1, 3)
            assert found["stamp"]["quarantined"] == 0
        station = sheet(hub, period, NANMEN)
        assert (station["counts"]["received"], station["counts"]["finished"]) == (2, 2)
    assert hub.get(f"/v1/cells/{NANMEN}/2026-03-02", HEAD)["counts"]["received"] == 2


def test_what_cannot_be_measured_is_null_and_says_why(hub: Hub) -> None:
    hub.file()
    compute(hub)
    found = measured(sheet(hub, "2026-03", HAISHU))
    assert (found["satisfied_rate"]["value"], found["satisfied_rate"]["why"]) == (None, "not_pooled")
    assert (found["in_time_rate"]["value"], found["in_time_rate"]["why"]) == (None, "no_cases")
    assert found["online_rate"]["value"] == 1.0
    assert sum(one["share"] for one in found.values()) == pytest.approx(1, abs=1e-5)
    assert found["in_time_rate"]["share"] == 0


def test_open_overdue_cases_are_in_the_denominator_by_the_clock_alone(hub: Hub) -> None:
    hub.life(hub.file(), ACCEPT)
    hub.life(hub.file(), ACCEPT, REVIEW, GRANT, COMPLETE)
    compute(hub)
    assert fraction(sheet(hub, "2026-03", HAISHU), "in_time_rate") == (1, 1)
    hub.cloud.set_clock(NINE.replace(day=25))
    found = sheet(hub, "2026-03", HAISHU)
    assert fraction(found, "in_time_rate") == (1, 2)
    assert fraction(sheet(hub, "2026-03-02", HAISHU), "in_time_rate") == (1, 1)  # as it stood at the end of that day
    hub.cloud.set_clock(NINE.replace(month=5, day=4))
    for period in ("2026-05", "2026-05-04", "2026-Q2"):  # nothing happened in them, and it is still open
        assert fraction(sheet(hub, period, HAISHU), "in_time_rate") == (0, 1)
    assert fraction(sheet(hub, "2026-H1", NINGBO), "overdue_rate") == (1, 2)


def test_a_level_is_ranked_and_who_has_no_figures_is_listed(hub: Hub) -> None:
    settled(hub, 30)
    hub.file()
    compute(hub)
    found = hub.get("/v1/indices/2026-03?level=station", HAISHU_HEAD)
    first = found["items"][0]
    assert (first["org"], first["rank"], first["rank_beside"], first["volume"]) == (NANMEN, 1, 1, 30)
    assert first["index"] is not None
    assert len(found["items"]) == 40
    assert {one["why"] for one in found["items"][1:]} == {"no_cases"}
    counties = hub.get("/v1/indices/2026-03", HAISHU_HEAD)
    assert len(counties["items"]) == 90
    assert counties["items"][0]["org"] == HAISHU


def test_a_county_sees_its_own_details_and_of_others_the_rank_only(hub: Hub) -> None:
    hub.file()
    compute(hub)
    assert sheet(hub, "2026-03", HAISHU, HAISHU_HEAD)["counts"]["received"] == 1
    for path in (
        f"/v1/indices/2026-03/{JIANGBEI}",
        f"/v1/indices/2026-03/{NINGBO}",
        f"/v1/cells/{JIANGBEI}/2026-03-02",
    ):
        problem(hub.ask("GET", path, HAISHU_HEAD), 403, "forbidden")
    problem(hub.ask("GET", "/v1/indices/2026-03", ZHANG), 403, "forbidden")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/indices/2026-13", "2026-W10"),
        ("/v1/indices/2026-W60", "2026-W10"),
        ("/v1/indices/2019-01", "2026-03"),
        (f"/v1/indices/2026-03/{HAISHU}99", "/v1/organisations"),
        (f"/v1/cells/{HAISHU}/2026-02-30", "no such day"),
        ("/v1/indices/march", "period in the path must match"),
        (f"/v1/assessments/2026-03/{HAISHU}", f"/v1/indices/2026-03/{HAISHU}"),
    ],
)
def test_what_is_unknown_is_refused_and_says_what_there_is(path: str, says: str, hub: Hub) -> None:
    hub.file()
    compute(hub)
    assert says in problem(hub.ask("GET", path, HEAD), 404, "not_found")["text"]["en"]


@pytest.mark.parametrize("level", ["village", "window", ""])  # a window has no figures of its own
def test_an_unknown_level_is_refused_with_those_there_are(level: str, hub: Hub) -> None:
    found = problem(hub.ask("GET", f"/v1/indices/2026-03?level={level}", HEAD), 422, "invalid_input", "level")
    assert "province, city, county, station" in str(found["errors"])
    assert "window" not in str(found["errors"])


def test_the_change_of_an_index_is_the_sum_of_its_contributions(hub: Hub) -> None:
    settled(hub, 3)
    hub.file()
    hub.cloud.set_clock(NINE + timedelta(days=40))
    hub.life(hub.file(), *WHOLE)
    compute(hub)
    found = sheet(hub, "2026-04", HAISHU)
    before = found["before"]
    assert before["period"] == "2026-03"
    assert before["change"] == pytest.approx(found["standing"]["index"] - before["index"])
    assert sum(one["points"] for one in before["contributions"]) == pytest.approx(before["change"])
    assert before["contributions"]
    assert found["last_year"] is None


def test_what_was_published_a_moment_ago_is_counted_with(hub: Hub) -> None:
    known = hub.get("/v1/items/hotel-licence")["document"]
    assert hub.ask("PUT", "/v1/items/hotel-licence", PUBLISHER, {**known, "visits": 7}).status == 201
    settled(hub, 1)
    compute(hub)  # in the process that published it, by a function that may only list the registry
    assert fraction(sheet(hub, "2026-03", HAISHU), "no_visit_rate")[1] > 0


def test_indicators_are_public_with_their_formula_in_both_languages(hub: Hub) -> None:
    found = hub.get("/v1/indicators")
    assert found["formula"] == "core@1"
    assert sum(one["weight"] for one in found["items"]) == pytest.approx(1)
    assert all(one["name"]["zh"] and one["formula"]["zh"] and one["formula"]["en"] for one in found["items"])
    problem(hub.ask("GET", "/v1/indicators?formula=core@9"), 422, "invalid_input", "formula")


# Down to the facts


def facts(hub: Hub, period: str, org: str, indicator: str, limit: int = 100) -> list[Any]:
    """Every fact behind a number, page by page."""
    found, cursor = [], ""
    while True:
        path = f"/v1/indices/{period}/{org}/{indicator}/facts?limit={limit}{cursor}"
        page = hub.get(path, HEAD)
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def added(found: dict[str, Any], indicator: dict[str, Any], behind: list[Any]) -> tuple[int, int]:
    """What facts add up to, stocks looked at as a sheet does: at the end of its period, or of the day it is as of."""
    last = min(found["stamp"]["to_day"], found["stamp"]["as_of"][:10])
    counts = tally.settled(tally.total(each["counts"] for each in behind), date.fromisoformat(last))

    def end(names: list[str]) -> int:
        return sum(-counts.get(name[1:], 0) if name[0] == "-" else counts.get(name, 0) for name in names)

    return end(indicator["numerator"]), end(indicator["denominator"])


def test_each_number_opens_to_the_facts_that_make_it(hub: Hub) -> None:
    cases = [hub.life(hub.file(), *WHOLE) for _ in range(2)]
    settled(hub, 3)
    hub.cloud.set_clock(NINE + timedelta(days=9))
    settled(hub, 2)
    compute(hub)
    found = sheet(hub, "2026-03", NINGBO)
    by_code = measured(found)
    for one in hub.get("/v1/indicators")["items"]:
        number = by_code[one["code"]]
        if one["family"] == "items":
            problem(hub.ask("GET", f"/v1/indices/2026-03/{NINGBO}/{one['code']}/facts", HEAD), 404, "not_found")
            continue
        if one["family"] == "centres":
            continue  # none was told of here; see test_centres
        for limit in (2, 100):
            behind = facts(hub, "2026-03", NINGBO, one["code"], limit)
            assert added(found, one, behind) == (number["numerator"], number["denominator"]), one["code"]
    subjects = {
        each["subject"] for each in facts(hub, "2026-03", HAISHU, "archived_rate") if "archived" in each["counts"]
    }
    assert subjects == {case.id for case in cases}


def test_what_stood_before_a_period_opens_to_the_facts_that_brought_it(hub: Hub) -> None:
    """Of two cases left open one came late in April; of two that were not archived one was then."""
    waiting, late = (hub.life(hub.file(), ACCEPT) for _ in range(2))
    unfiled, filed = (hub.life(hub.file(), *WHOLE[:-1]) for _ in range(2))
    hub.cloud.set_clock(NINE.replace(month=4, day=8))
    hub.life(late, REVIEW, GRANT, COMPLETE)
    hub.life(filed, WHOLE[-1])
    compute(hub)
    found = sheet(hub, "2026-04", HAISHU)
    by_code = {one["code"]: one for one in hub.get("/v1/indicators")["items"]}
    for code, number in (("in_time_rate", (0, 2)), ("overdue_rate", (2, 2)), ("archived_rate", (1, 3))):
        assert fraction(found, code) == number
        whole = facts(hub, "2026-04", HAISHU, code)
        assert facts(hub, "2026-04", HAISHU, code, limit=1) == whole
        assert added(found, by_code[code], whole) == number
        days = [each["day"] for each in whole]
        assert days == sorted(days, reverse=True)  # of April there is one day only, and it comes before March
        assert {"2026-04-08", "2026-03-02"} == {*days}
        assert len({(each["subject"], each["at"], each["what"]) for each in whole}) == len(whole)
        stood = {each["subject"] for each in whole if each["day"] < "2026-04"}
        assert stood >= ({unfiled.id, filed.id} if code == "archived_rate" else {waiting.id, late.id})
    assert facts(hub, "2026-04", HAISHU, "online_rate") == []  # what happened in March is of March


def test_a_forged_cursor_or_an_unknown_indicator_is_refused(hub: Hub) -> None:
    hub.file()
    compute(hub)
    path = f"/v1/indices/2026-03/{HAISHU}"
    found = problem(hub.ask("GET", f"{path}/happiness_rate/facts", HEAD), 404, "not_found")
    assert "online_rate" in found["text"]["en"]
    for day, org in (
        ("never", ""),
        ("2026-02-28", ""),  # this indicator is made of no stock
        ("2026-04-01", ""),
        ("2026-03-02", JIANGBEI),
        ("2026-03-02", NINGBO),  # whose code comes before
        ("2026-03-02", f"{HAISHU}~"),
    ):
        forged = cursors.encode({"d": day, "o": org, "f": ""})
        problem(hub.ask("GET", f"{path}/online_rate/facts?cursor={forged}", HEAD), 422, "invalid_input", "cursor")
    problem(hub.ask("GET", f"/v1/indices/2026-03/{JIANGBEI}/online_rate/facts", HAISHU_HEAD), 403, "forbidden")


# Closing


def late(hub: Hub) -> None:
    """A case of another system that comes to be known only now, though it was filed and finished in March."""
    case = hub.file(observed("2026-03-03T10:00:00+08:00", "2026-03-05T23:59:59+08:00", "late"), POOL)
    step = {"at": "2026-03-09T10:00:00+08:00", "actor": "clerk-1"}
    hub.life(case, ("complete", POOL, {"observed": step, "result_number": "1"}))


def test_a_closed_month_stays_as_it_was_and_what_comes_later_is_an_erratum(hub: Hub) -> None:
    hub.life(hub.file(), *WHOLE)
    compute(hub)
    problem(hub.ask("POST", "/v1/indices/2026-03/close", HEAD), 409, "action_not_allowed")
    hub.cloud.set_clock(NINE.replace(month=4, day=2))
    problem(hub.ask("POST", "/v1/indices/2026-03/close", NINGBO_HEAD), 403, "forbidden")
    closed = hub.ask("POST", "/v1/indices/2026-03/close", HEAD).json()
    assert closed["closed_at"] is not None
    assert hub.ask("POST", "/v1/indices/2026-03/close", HEAD).json() == closed
    before = sheet(hub, "2026-03", HAISHU)
    item = hub.get("/v1/items/hotel-licence")["document"]
    assert hub.ask("PUT", "/v1/items/hotel-licence", PUBLISHER, {**item, "online": False}).status == 201
    late(hub)
    compute(hub)
    after = sheet(hub, "2026-03", HAISHU)
    (erratum,) = after["errata"]
    assert {**after, "errata": []} == before
    changed = {one["code"]: (one["was"], one["now"]) for one in erratum["indicators"]}
    assert changed["in_time_rate"] == ([1, 1], [1, 2])
    assert "online_items_rate" not in changed  # which the catalogue of March had otherwise
    assert fraction(sheet(hub, "2026-Q1", HAISHU), "in_time_rate") == (1, 2)  # which is not closed
    assert fraction(sheet(hub, "2026-03-03", HAISHU), "mobile_rate") == (1, 1)
    ranking = hub.get("/v1/indices/2026-03", HEAD)
    assert [(one["org"], one["indicators"]) for one in ranking["errata"]] == [(HAISHU, [])]


def test_who_had_nothing_when_the_month_was_closed_is_told_where_the_erratum_is(hub: Hub) -> None:
    settled(hub, 1)
    hub.cloud.set_clock(NINE.replace(month=4, day=2))
    assert hub.ask("POST", "/v1/indices/2026-03/close", HEAD).status == 200
    told = observed("2026-03-03T10:00:00+08:00", "2026-03-05T23:59:59+08:00", "late")
    hub.file({**told, "organisation": JIANGBEI}, POOL)
    compute(hub)
    found = problem(hub.ask("GET", f"/v1/indices/2026-03/{JIANGBEI}", HEAD), 404, "not_found")
    assert found["text"]["en"].endswith("is an erratum of /v1/indices/2026-03?level=county")
    assert JIANGBEI in [one["org"] for one in hub.get("/v1/indices/2026-03", HEAD)["errata"]]


def test_a_closed_month_says_as_of_when_its_numbers_are_and_not_when_it_was_closed(hub: Hub) -> None:
    settled(hub, 1)
    hub.cloud.set_clock(NINE.replace(month=4, day=2))
    hub.cloud.set_clock(NINE.replace(month=4, day=2, minute=20))
    before = sheet(hub, "2026-03", HAISHU)["stamp"]
    closed = hub.ask("POST", "/v1/indices/2026-03/close", HEAD).json()
    assert closed["closed_at"][:16] == "2026-04-02T09:20"
    late(hub)
    hub.cloud.set_clock(NINE.replace(month=4, day=3))
    compute(hub)
    after = sheet(hub, "2026-03", HAISHU)
    assert after["errata"]
    assert after["stamp"] == closed == {**before, "closed_at": closed["closed_at"]}
    assert before["as_of"] < closed["closed_at"]


def test_months_are_closed_by_the_schedule_on_the_sixth_day(hub: Hub) -> None:
    hub.file()
    compute(hub)
    hub.cloud.set_clock(NINE.replace(month=4, day=5))
    assert sheet(hub, "2026-03", HAISHU)["stamp"]["closed_at"] is None
    hub.cloud.set_clock(NINE.replace(month=4, day=6, hour=10))
    found = sheet(hub, "2026-03", HAISHU)["stamp"]
    assert found["closed_at"][:10] == "2026-04-06"
    assert found["formula"] == "core@1"
    assert sheet(hub, "2026-Q1", HAISHU)["stamp"]["closed_at"] is not None
    assert sheet(hub, "2026-H1", HAISHU)["stamp"]["closed_at"] is None


def test_a_period_in_which_nothing_happens_any_more_is_computed_once_it_is_over(hub: Hub) -> None:
    """The last run within it saw it as it stood then; the first run after it sees it as it ended."""
    hub.cloud.set_clock(NINE.replace(day=18))
    late(hub)
    hub.cloud.set_clock(NINE.replace(day=19))
    for period, over in (("2026-W12", NINE.replace(day=24)), ("2026-03", NINE.replace(month=4, day=2))):
        assert sheet(hub, period, HAISHU)["stamp"]["as_of"][:10] < over.date().isoformat()
        hub.cloud.set_clock(over)  # no run on any day between
        assert sheet(hub, period, HAISHU)["stamp"]["as_of"][:10] == over.date().isoformat()
    hub.cloud.set_clock(NINE.replace(month=4, day=6))
    assert sheet(hub, "2026-03", HAISHU)["stamp"]["closed_at"][:10] == "2026-04-06"


def test_what_only_stands_is_measured_though_nothing_happened_in_the_period(hub: Hub) -> None:
    hub.life(hub.file(), ACCEPT)
    compute(hub)
    hub.cloud.set_clock(NINE.replace(month=5, day=20))
    for period in ("2026-05-20", "2026-W21"):  # nobody did anything in them, in the whole province
        one = measured(sheet(hub, period, HAISHU))
        assert (one["in_time_rate"]["value"], one["in_time_rate"]["why"]) == (0, None)
        assert one["online_rate"]["why"] == "not_pooled"


def test_a_closed_month_has_no_erratum_of_what_no_indicator_is_made_of(hub: Hub) -> None:
    from chalicelib.store import cells, marks  # read their settings when they are imported

    hub.life(hub.file(), *WHOLE)
    compute(hub)
    hub.cloud.set_clock(NINE.replace(month=4, day=2))
    assert hub.ask("POST", "/v1/indices/2026-03/close", HEAD).status == 200
    before = sheet(hub, "2026-03", HAISHU)
    day = date(2026, 3, 3)
    cells.replace(cells.one(HAISHU, day), {**cells.one(HAISHU, day).counts, "days/999": 1})
    marks.put([("compute_indices", f"{HAISHU}#2026-03-02")])
    compute(hub)
    assert sheet(hub, "2026-03", HAISHU) == before


def test_an_appeal_that_is_upheld_after_the_month_was_closed_is_an_erratum(hub: Hub) -> None:
    card = carded(hub)
    compute(hub)
    assert fraction(sheet(hub, "2026-03", HAISHU), "anomaly_rate") == (1, 1)
    hub.cloud.set_clock(NINE.replace(month=4, day=2))
    assert hub.ask("POST", "/v1/indices/2026-03/close", HEAD).status == 200
    card.done("appeal", WATCH, {"reason": "系统故障所致"}).done("uphold", CITY_WATCH, {"reason": "情况属实"})
    compute(hub)
    found = sheet(hub, "2026-03", HAISHU)
    assert fraction(found, "anomaly_rate") == (1, 1)
    (erratum,) = found["errata"]
    assert [(one["code"], one["was"], one["now"]) for one in erratum["indicators"]] == [
        ("anomaly_rate", [1, 1], [0, 1])
    ]
    assert erratum["index_now"] > erratum["index_was"]
    behind = facts(hub, "2026-03", HAISHU, "anomaly_rate")
    assert [each["correction"] for each in behind if each["kind"] == "anomaly"] == []  # it counts nothing any more
    assert fraction(sheet(hub, "2026", HAISHU), "anomaly_rate") == (0, 1)
