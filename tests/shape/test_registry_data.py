"""The registry's data files hold together: codes, names, limits, staff.

Reads `infra/registry/*.toml` with nothing but tomllib, so that a slip in the data is told apart from
a slip in the loader. It must not import the application.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "infra" / "registry"
DIVISIONS = ROOT.parent / "shared" / "data" / "zj_divisions.json"

Entry = dict[str, Any]

DIGITS = {"province": 6, "city": 6, "county": 6, "station": 8, "window": 10}
POSTS = {"guidance", "intake", "review", "delivery", "operations", "supervision", "analysis"}
LINES = {"public_order", "household", "exit_entry", "traffic", "narcotics", "cyber", "detention"}
UNITS = {"working_day", "calendar_day", "hour"}
WORDS: dict[str, set[Any]] = {
    "type": {"licence", "confirmation", "other", "public_service"},
    "reach": {"county", "city", "province"},
    "silence": {"overdue", "deemed_grant"},
    "visits": {0, 1, 2},
}
RESULTS = {"licence", "certificate", "registration", "filing", "reply", "permit"}
SEPARATED = [["accept", "grant"], ["accept", "deny"]]


def read(path: Path) -> Entry:
    return tomllib.loads(path.read_text(encoding="utf-8"))


CENTRES: list[Entry] = read(REGISTRY / "organisations.toml")["organisation"]
SAMPLE: Entry = read(REGISTRY / "sample.toml")
PLACES: list[Entry] = SAMPLE["organisation"]
STAFF: list[Entry] = SAMPLE["staff"]
FILES = sorted((REGISTRY / "items").glob("*.toml"))
ITEMS: list[Entry] = [item for path in FILES for item in read(path)["item"]]
LISTED = [item for item in ITEMS if item["number"]]
each_item = pytest.mark.parametrize("item", ITEMS, ids=[item["id"] for item in ITEMS])


def parent_of(code: str) -> str | None:
    """The code one step up; digits 00 where a station would stand mean the centre itself."""
    if len(code) == 10:
        return code[:6] if code[6:8] == "00" else code[:8]
    if len(code) == 8:
        return code[:6]
    if code == "330000":
        return None
    return "330000" if code.endswith("00") else code[:4] + "00"


def has_both_languages(name: Entry) -> bool:
    return set(name) == {"zh", "en"} and all(text.strip() for text in name.values())


def longest_calendar_days(limit: Entry) -> int:
    """The most calendar days a limit takes in weeks without public holidays (a Friday start)."""
    days: int = limit["limit"]
    if limit["unit"] == "working_day":
        return days + 2 * math.ceil(days / 5)
    return math.ceil(days / 24) if limit["unit"] == "hour" else days


def test_the_tree_has_one_province_eleven_cities_and_ninety_counties() -> None:
    assert Counter(centre["level"] for centre in CENTRES) == {"province": 1, "city": 11, "county": 90}


def test_organisation_codes_are_unique() -> None:
    codes = [entry["code"] for entry in CENTRES + PLACES]
    assert [code for code, times in Counter(codes).items() if times > 1] == []


def test_every_organisation_has_the_digits_of_its_level_and_a_parent() -> None:
    codes = {entry["code"] for entry in CENTRES + PLACES}
    for entry in CENTRES + PLACES:
        code = entry["code"]
        assert code.isdigit(), code
        assert len(code) == DIGITS[entry["level"]], code
        assert parent_of(code) in codes | {None}, code


def test_every_station_sits_under_a_county() -> None:
    counties = {centre["code"] for centre in CENTRES if centre["level"] == "county"}
    stations = [place["code"] for place in PLACES if place["level"] == "station"]
    assert {code[:6] for code in stations} <= counties
    assert not [code for code in stations if code.endswith("00")]


def test_every_organisation_has_an_area_and_a_name_in_both_languages() -> None:
    for entry in CENTRES + PLACES:
        assert entry["area"], entry
        assert has_both_languages(entry["name"]), entry


def test_names_of_centres_are_unique_in_both_languages() -> None:
    for language in ("zh", "en"):
        assert len({centre["name"][language] for centre in CENTRES}) == len(CENTRES)


def test_everything_invented_says_so() -> None:
    assert all(entry["sample"] is True for entry in PLACES + STAFF)
    assert all("示例" in place["name"]["zh"] and "sample" in place["name"]["en"] for place in PLACES)


def test_areas_and_codes_are_those_of_the_published_divisions() -> None:
    if not DIVISIONS.exists():
        pytest.skip(f"the published divisions are not on this machine: {DIVISIONS}")
    province = json.loads(DIVISIONS.read_text(encoding="utf-8"))
    cities = province["cities"]
    counties = [county for city in cities for county in city["counties"]]
    published = {row["code"]: row["name"] for row in [province, *cities, *counties]}
    assert {centre["code"]: centre["area"] for centre in CENTRES} == published


def test_staff_ids_are_unique_and_start_with_their_organisation() -> None:
    assert len({member["id"] for member in STAFF}) == len(STAFF)
    assert all(member["id"].startswith(f"zs-{member['org']}-") for member in STAFF)


def test_every_member_of_staff_belongs_to_an_organisation_with_known_posts_and_lines() -> None:
    codes = {entry["code"] for entry in CENTRES + PLACES}
    for member in STAFF:
        assert member["org"] in codes, member
        assert has_both_languages(member["name"]), member
        assert set(member["posts"]) <= POSTS, member
        assert set(member["lines"]) <= LINES, member
        assert member["posts"], member
        assert member["lines"], member


def test_every_sample_county_can_handle_a_case_with_duties_apart() -> None:
    for county in sorted({place["code"][:6] for place in PLACES if place["level"] == "station"}):
        members = [member for member in STAFF if member["org"] == county]
        posts = Counter(post for member in members for post in member["posts"])
        assert posts["intake"] >= 2, county
        assert posts["review"] >= 2, county
        assert min(posts["delivery"], posts["supervision"], posts["operations"]) >= 1, county
        assert not [member for member in members if {"intake", "review"} <= set(member["posts"])], county


def test_station_staff_hold_several_posts() -> None:
    stationed = [member for member in STAFF if len(member["org"]) == 8]
    assert stationed
    assert all(len(member["posts"]) > 1 for member in stationed)


def test_the_catalogue_lists_thirty_seven_items_and_the_pooled_one() -> None:
    assert sorted(item["number"] for item in ITEMS) == list(range(38))
    assert len({item["id"] for item in ITEMS}) == 38
    assert [item["id"] for item in ITEMS if not item["number"]] == ["observed-matter"]


def test_every_file_of_items_holds_one_service_line() -> None:
    assert {path.stem for path in FILES} == LINES
    for path in FILES:
        assert {item["line"] for item in read(path)["item"]} == {path.stem}


@each_item
def test_an_item_uses_known_words_only(item: Entry) -> None:
    for key, words in WORDS.items():
        assert item[key] in words, key
    assert set(item["levels"]) <= {"province", "city", "county", "station"}
    assert set(item["delivery"]) <= {"collect", "mail", "electronic"}
    assert set(item["subjects"]) <= {"person", "organisation"}
    assert item["result"]["kind"] in RESULTS
    assert item["levels"]
    assert item["delivery"]
    assert item["subjects"]


@each_item
def test_an_item_speaks_both_languages(item: Entry) -> None:
    texts = [item["name"], item["result"]["name"], item["acceptance_condition"]]
    texts += [material["name"] for material in item["materials"]]
    texts += [item["note"]] if "note" in item else []
    assert all(has_both_languages(text) for text in texts)


@each_item
def test_the_form_decides_procedure_promise_and_separation(item: Entry) -> None:
    if item["form"] == "instant":
        assert item["procedure"] == "instant@1"
        assert item["promised"]["limit"] == 0
        assert item["separation"] == []
    else:
        assert item["form"] == "promised"
        assert item["procedure"] == "permit@1"
        assert item["separation"] == SEPARATED


@each_item
def test_every_limit_from_a_law_names_it(item: Entry) -> None:
    for key in ("statutory", "extension", "lead_time"):
        if key in item:
            assert item[key]["unit"] in UNITS
            assert item[key]["basis"]
    assert item["fee"]["charged"] is False or item["fee"]["basis"]
    assert "extension" not in item or "statutory" in item


@pytest.mark.parametrize("item", LISTED, ids=[item["id"] for item in LISTED])
def test_a_promise_is_made_and_is_no_later_than_the_law(item: Entry) -> None:
    promised: Entry = item["promised"]
    statutory: Entry = item.get("statutory", promised)
    assert promised["unit"] in UNITS
    assert promised["limit"] >= (1 if item["form"] == "promised" else 0)
    if promised["unit"] == statutory["unit"]:
        assert promised["limit"] <= statutory["limit"]
    else:
        assert longest_calendar_days(promised) <= statutory["limit"]
        assert statutory["unit"] == "calendar_day"


@pytest.mark.parametrize("item", LISTED, ids=[item["id"] for item in LISTED])
def test_materials_are_coded_once_and_at_least_one_is_required(item: Entry) -> None:
    materials = item["materials"]
    assert [material["code"] for material in materials] == [f"m{n}" for n in range(1, len(materials) + 1)]
    assert any(material["necessity"] == "required" for material in materials)
    for material in materials:
        assert material["necessity"] in {"required", "conditional", "optional"}
        assert material["source"] in {"applicant", "issued", "shared"}
        assert set(material["mediums"]) <= {"electronic", "paper"}
        assert material["mediums"]


@each_item
def test_grading_ends_in_an_open_step_at_a_level_of_the_item(item: Entry) -> None:
    steps = item.get("graded", {"steps": []})["steps"]
    assert {step["level"] for step in steps} <= set(item["levels"])
    assert [index for index, step in enumerate(steps) if "below" not in step] == ([len(steps) - 1] if steps else [])


def test_the_pooled_item_sets_no_limit_asks_for_nothing_and_is_handled_everywhere() -> None:
    pooled = next(item for item in ITEMS if item["id"] == "observed-matter")
    assert pooled["levels"] == ["province", "city", "county", "station"]
    assert pooled["materials"] == []
    assert not {"statutory", "promised", "extension", "lead_time"} & set(pooled)
