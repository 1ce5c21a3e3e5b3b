"""The registry through the door: versions, who publishes, what a new version changes and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local import load_registry
from tests.flow.conftest import Hub, problem
from tests.support.town import (
    ACCEPT,
    HAISHU,
    JIANGBEI,
    LI,
    NINGBO,
    POOL,
    PUBLISHER,
    REVIEW,
    ZHANG,
    ZHEJIANG,
    Identity,
    hotel,
    materials,
    staff,
)
from tests.support.wire import Call, Trouble, wire

ITEM = "/v1/items/hotel-licence"
DENY_GUARDS = ["decides_here", "not_deemed_granted", "separate_persons"]
HOLIDAYS = "/v1/calendars/2026"


def published(hub: Hub, path: str) -> dict[str, Any]:
    """The current document, in the form in which it can be published again."""
    document: dict[str, Any] = hub.get(path, LI)["document"]
    return {name: value for name, value in document.items() if name not in ("id", "code")}


def shorter(hub: Hub) -> dict[str, Any]:
    document = published(hub, ITEM)
    return {**document, "promised": {"limit": 2, "unit": "working_day", "basis": ""}}


def test_a_new_version_changes_new_cases_and_no_running_one(hub: Hub) -> None:
    running = hub.file()
    reply = hub.ask("PUT", ITEM, PUBLISHER, shorter(hub))
    assert (reply.status, reply.json()["version"], reply.headers["etag"]) == (201, 2, '"2"')
    fresh = hub.file()
    for case, version, day in ((running, 1, "2026-03-09"), (fresh, 2, "2026-03-04")):
        hub.life(case, ACCEPT)
        assert case.answer["item"]["version"] == version
        assert case.answer["deadlines"]["promised"]["day"] == day


def test_a_running_case_keeps_the_check_list_that_it_pinned(hub: Hub) -> None:
    case = hub.file()
    document = published(hub, ITEM)
    document["materials"] = [*document["materials"][:5], {**document["materials"][0], "code": "m7"}]
    assert hub.ask("PUT", ITEM, PUBLISHER, document).status == 201
    hub.life(case, ACCEPT, REVIEW)
    assert [m["code"] for m in hub.get(f"/v1/cases/{case.id}", LI)["materials"]] == ["m1", "m2", "m3", "m4", "m5", "m6"]
    problem(hub.submit(hotel()), 422, "invalid_input", "materials")
    assert hub.submit(hotel(materials=[*materials(5), {"code": "m7", "medium": "paper"}])).status == 201


def test_a_retired_item_is_listed_refused_to_new_cases_and_kept_by_old_ones(hub: Hub) -> None:
    case = hub.file()
    assert hub.ask("PUT", ITEM, PUBLISHER, {**published(hub, ITEM), "status": "retired"}).status == 201
    assert hub.get(ITEM)["document"]["status"] == "retired"
    problem(hub.submit(hotel()), 422, "invalid_input", "item")
    hub.life(case, ACCEPT, REVIEW)


def test_every_version_stays_readable(hub: Hub) -> None:
    hub.ask("PUT", ITEM, PUBLISHER, shorter(hub))
    assert hub.get(ITEM)["version"] == 2
    assert hub.get(f"{ITEM}?version=1")["document"]["promised"]["limit"] == 5
    assert hub.get(f"{ITEM}?version=2")["document"]["promised"]["limit"] == 2
    problem(hub.ask("GET", f"{ITEM}?version=3"), 404, "not_found")


@pytest.mark.parametrize("path", [ITEM, HOLIDAYS, f"/v1/organisations/{HAISHU}"])
def test_publishing_the_same_again_changes_nothing(path: str, hub: Hub) -> None:
    before = hub.sizes()
    reply = hub.ask("PUT", path, PUBLISHER, published(hub, path))
    assert (reply.status, reply.json()["version"], reply.headers["etag"]) == (200, 1, '"1"')
    assert hub.sizes() == before


def test_the_whole_registry_published_again_changes_nothing(hub: Hub) -> None:
    for path, document in load_registry.entries():
        assert hub.ask("PUT", path, POOL, document).status == 200, path


@pytest.mark.parametrize(
    "who",
    [
        ZHANG,
        LI,
        staff("ops", NINGBO, "operations"),
        staff("ops", HAISHU, "operations"),
        staff("ops", ZHEJIANG, "review"),
    ],
)
def test_only_the_provinces_operations_and_systems_publish(who: Identity, hub: Hub) -> None:
    before = hub.sizes()
    for path in (ITEM, HOLIDAYS, f"/v1/organisations/{HAISHU}"):
        problem(hub.ask("PUT", path, who, published(hub, path)), 403, "forbidden")
    member = {"name": {"zh": "某", "en": "N"}, "org": HAISHU}
    problem(hub.ask("PUT", "/v1/staff/x1", who, member), 403, "forbidden")
    assert hub.sizes() == before


def test_of_two_publishers_at_once_the_second_is_told(hub: Hub) -> None:
    document = shorter(hub)
    done: list[bool] = []

    def overtaken(call: Call) -> Trouble | None:
        if call.operation == "PutItem" and not done:
            done.append(True)
            other = {**document, "visits": 3}
            assert hub.ask("PUT", ITEM, PUBLISHER, other).status == 201
        return None

    with wire(overtaken):
        problem(hub.ask("PUT", ITEM, PUBLISHER, document), 409, "version_conflict")
    assert hub.get(ITEM)["document"]["visits"] == 3
    assert hub.ask("PUT", ITEM, PUBLISHER, document).json()["version"] == 3


def test_every_calendar_year_comes_back_as_it_was_published(hub: Hub) -> None:
    years = 0
    for path, document in load_registry.entries():
        if path.startswith("/v1/calendars/"):
            assert hub.get(path)["document"] == document
            years += 1
    assert years == 23  # 2004 to 2026


def test_a_republished_calendar_changes_the_explanation_and_not_what_was_told(hub: Hub) -> None:
    case = hub.life(hub.file(), ACCEPT)
    told = case.answer["deadlines"]["promised"]
    document = published(hub, HOLIDAYS)
    document["off"] = sorted([*document["off"], "2026-03-05"])
    assert hub.ask("PUT", HOLIDAYS, PUBLISHER, document).json()["version"] == 2
    (promised,) = [
        each for each in hub.get(f"/v1/cases/{case.id}/deadline", LI)["clocks"] if each["clock"] == "promised"
    ]
    assert promised["deadline"]["day"] == "2026-03-10"
    (day,) = [row for row in promised["days"] if row["day"] == "2026-03-05"]
    assert (day["counted"], day["reason"]) == (False, "holiday")
    assert hub.get(f"/v1/cases/{case.id}", LI)["deadlines"]["promised"] == told


def test_a_year_that_is_not_published_makes_a_date_provisional(hub: Hub) -> None:
    path = "/v1/calendar/deadline?start=2026-12-28&limit=10&unit=working_day"
    answer = hub.get(path)
    assert (answer["deadline"]["day"], answer["deadline"]["provisional"]) == ("2027-01-12", True)
    assert not hub.get(path.replace("limit=10", "limit=2"))["deadline"]["provisional"]
    assert hub.ask("GET", "/v1/calendars/2027").status == 404
    spring = ["2027-02-06", "2027-02-07", "2027-02-08"]
    rest = ["2027-05-01", "2027-10-01", "2027-10-02", "2027-10-03"]
    document = {"document": "关于2027年部分节假日安排的通知", "work": []}
    document |= {"off": ["2027-01-01", "2027-01-04", *spring, *rest]}
    for absent in ("2027-01-01", "2027-02-07", "2027-10-03"):  # a slip would be final and silent
        slip = {**document, "off": [day for day in document["off"] if day != absent]}
        assert hub.ask("PUT", "/v1/calendars/2027", PUBLISHER, slip).status == 422
    assert hub.ask("PUT", "/v1/calendars/2027", PUBLISHER, document).status == 201
    answer = hub.get(path)
    assert (answer["deadline"]["day"], answer["deadline"]["provisional"]) == ("2027-01-13", False)


def test_a_case_at_the_end_of_the_published_calendar_says_that_its_date_is_provisional(hub: Hub) -> None:
    hub.cloud.set_clock(hub.cloud.now().replace(month=12, day=28))
    case = hub.life(hub.file(), ACCEPT)
    assert case.answer["deadlines"]["statutory"]["provisional"] is True


def test_a_deadline_starts_on_the_day_after_and_counts_make_up_days(hub: Hub) -> None:
    answer = hub.get("/v1/calendar/deadline?start=2026-09-30&limit=7&unit=working_day")
    assert answer["deadline"]["day"] == "2026-10-15"
    counted = [row["day"] for row in answer["days"] if row["counted"]]
    assert counted[:3] == ["2026-10-08", "2026-10-09", "2026-10-10"]  # the 10th is a make-up Saturday
    hours = hub.get("/v1/calendar/deadline?start=2026-09-30T09:00:00%2B08:00&limit=48&unit=hour")
    assert hours["deadline"]["due"] == "2026-10-02T09:00:00.000+08:00"


MATERIAL = {"code": "m", "name": {"zh": "材料", "en": "Material"}, "necessity": "optional"}
BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "a promise longer than the law": (ITEM, {"promised": {"limit": 21, "unit": "working_day"}}),
    "an unknown procedure": (ITEM, {"procedure": "wish@1"}),
    "no level": (ITEM, {"levels": []}),
    "a level of windows": (ITEM, {"levels": ["window"]}),
    "a pair of one": (ITEM, {"separation": [["accept", "accept"]]}),
    "a name in one language": (ITEM, {"name": {"zh": "旅馆"}}),
    "materials of one code": (ITEM, {"materials": [MATERIAL] * 2}),
    "a holiday of another year": (HOLIDAYS, {"off": ["2025-01-01"]}),
    "a holiday that is no day": (HOLIDAYS, {"off": ["2026-02-30"]}),
    "a day both off and worked": (HOLIDAYS, {"off": ["2026-01-04"], "work": ["2026-01-04"]}),
    "a level that the digits deny": (f"/v1/organisations/{HAISHU}", {"level": "city"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_definition_is_refused_before_it_can_meet_a_case(name: str, hub: Hub) -> None:
    path, change = BROKEN[name]
    before = hub.sizes()
    refused = problem(hub.ask("PUT", path, PUBLISHER, published(hub, path) | change), 422, "invalid_input")
    assert refused["errors"]
    assert hub.sizes() == before


def test_an_organisation_needs_the_one_above_it(hub: Hub) -> None:
    entry = {"name": {"zh": "某派出所", "en": "A station"}, "level": "station"}
    problem(hub.ask("PUT", "/v1/organisations/33099901", PUBLISHER, entry), 422, "invalid_input")
    assert hub.ask("PUT", "/v1/organisations/33020399", PUBLISHER, entry).status == 201


def test_staff_are_published_and_read_inside_only(hub: Hub) -> None:
    entry = {"name": {"zh": "某甲", "en": "N"}, "org": HAISHU, "posts": ["intake"], "lines": ["traffic"]}
    assert hub.ask("PUT", "/v1/staff/x-1", PUBLISHER, entry).status == 201
    assert hub.get("/v1/staff/x-1", LI)["document"]["posts"] == ["intake"]
    problem(hub.ask("GET", "/v1/staff/x-1", ZHANG), 403, "forbidden")
    problem(hub.ask("GET", "/v1/staff/x-1"), 401, "unauthenticated")
    problem(hub.ask("GET", "/v1/staff/nobody", LI), 404, "not_found")
    problem(hub.ask("PUT", "/v1/staff/x-1", PUBLISHER, {**entry, "org": "330299"}), 422, "invalid_input", "org")
    problem(hub.ask("PUT", "/v1/staff/x-1", PUBLISHER, {**entry, "posts": ["king"]}), 422, "invalid_input")


def test_lists_are_paged_and_filtered(hub: Hub) -> None:
    seen, onward = [], ""
    while True:
        page = hub.get(f"/v1/organisations?limit=50{onward}")
        seen += [entry["id"] for entry in page["items"]]
        if page["next"] is None:
            break
        onward = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) >= 102
    assert seen == sorted(seen)
    assert len(hub.get("/v1/organisations?parent=330000&limit=100")["items"]) == 11
    counties = hub.get(f"/v1/organisations?parent={NINGBO}&limit=100")["items"]
    assert {HAISHU, JIANGBEI} <= {entry["id"] for entry in counties}
    for entry in hub.get("/v1/items?line=traffic&level=county")["items"]:
        assert (entry["document"]["line"], "county" in entry["document"]["levels"]) == ("traffic", True)


def test_procedures_tell_states_actions_and_what_they_demand(hub: Hub) -> None:
    found = {each["id"]: each for each in hub.get("/v1/procedures")["items"]}
    assert {"permit@1", "instant@1"} <= set(found)
    deny = next(each for each in found["permit@1"]["actions"] if each["name"] == "deny")
    assert (deny["demands"], deny["posts"], deny["guards"]) == (["reason", "remedy"], ["review"], DENY_GUARDS)
    assert found["permit@1"]["pause_classes"]["hearing"]["zh"] == "听证"
