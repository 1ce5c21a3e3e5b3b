"""The calendar against the golden vectors, against an independent package, and by its properties."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calendar import (
    DAY_KIND_TEXTS,
    SHANGHAI,
    Calendar,
    CalendarYear,
    DayKind,
    end_of_day,
    legal_day,
    parse_year,
    start_of_day,
)
from chalicelib.errors import BrokenDefinition

ROOT = Path(__file__).parents[2]
GOLDEN_FILE = ROOT.parent / "shared" / "data" / "workday_golden.json"
REGISTRY = tomllib.loads((ROOT / "infra" / "registry" / "calendars.toml").read_text("utf-8"))["year"]
CALENDAR = Calendar(MappingProxyType({int(y): parse_year(int(y), data) for y, data in REGISTRY.items()}))

# accepted on, limit in working days, due on; the first is a real Zhejiang record (Leqing, 2014)
GOLDEN = (
    ("2014-08-19", 11, "2014-09-03"),
    ("2024-02-08", 5, "2024-02-21"),
    ("2024-02-09", 5, "2024-02-22"),
    ("2024-02-10", 5, "2024-02-22"),
    ("2024-04-30", 20, "2024-05-30"),
    ("2024-09-13", 3, "2024-09-19"),
    ("2024-09-30", 1, "2024-10-08"),
    ("2025-01-24", 5, "2025-02-07"),
    ("2025-01-26", 1, "2025-01-27"),
    ("2025-04-30", 7, "2025-05-14"),
    ("2025-09-28", 10, "2025-10-17"),
    ("2025-09-30", 20, "2025-11-04"),
    ("2026-01-03", 1, "2026-01-04"),
    ("2026-02-13", 1, "2026-02-14"),
    ("2026-02-14", 5, "2026-02-28"),
    ("2026-02-28", 1, "2026-03-02"),
    ("2026-04-03", 20, "2026-05-07"),
    ("2026-09-19", 5, "2026-09-24"),
    ("2026-09-30", 7, "2026-10-15"),
    ("2026-10-08", 3, "2026-10-12"),
    ("2026-11-20", 5, "2026-11-27"),
    ("2026-11-21", 5, "2026-11-27"),
    ("2026-11-22", 1, "2026-11-23"),
    ("2026-12-30", 1, "2026-12-31"),
)

days = st.dates(date(2003, 1, 1), date(2029, 12, 31))
counts = st.integers(1, 90)


@pytest.mark.parametrize(("accepted", "limit", "due"), GOLDEN)
def test_a_golden_limit_ends_on_its_golden_day(accepted: str, limit: int, due: str) -> None:
    assert CALENDAR.working_day_after(date.fromisoformat(accepted), limit) == date.fromisoformat(due)


def test_the_golden_rows_here_are_those_of_the_shared_file() -> None:
    if not GOLDEN_FILE.exists():
        pytest.skip("the shared golden file is not beside this checkout; its rows are kept above")
    rows = json.loads(GOLDEN_FILE.read_text("utf-8"))
    assert tuple((row["accept"], row["n"], row["due"]) for row in rows) == GOLDEN


def test_every_day_of_2004_to_2026_agrees_with_the_independent_package() -> None:
    first, last = date(2004, 1, 1), date(2026, 12, 31)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert [d for d in span if CALENDAR.is_working_day(d) != chinese_calendar.is_workday(d)] == []


@pytest.mark.parametrize(("year", "working_days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_its_published_number_of_working_days(year: int, working_days: int) -> None:
    assert CALENDAR.working_days_between(date(year - 1, 12, 31), date(year, 12, 31)) == working_days


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 2, 13), DayKind.working),
        (date(2026, 2, 14), DayKind.make_up),
        (date(2026, 2, 15), DayKind.holiday),  # a Sunday inside the block
        (date(2026, 3, 1), DayKind.weekend),
        (date(2027, 1, 1), DayKind.holiday),
        (date(2027, 5, 3), DayKind.working),
        (date(2027, 2, 6), DayKind.weekend),
    ],
)
def test_a_day_is_of_its_kind(day: date, kind: DayKind) -> None:
    assert CALENDAR.day_kind(day) is kind


def test_every_kind_of_day_has_both_texts() -> None:
    assert {kind: set(texts) for kind, texts in DAY_KIND_TEXTS.items()} == {k: {"zh-CN", "en"} for k in DayKind}


@given(days)
def test_a_working_day_is_one_whose_kind_is_working_or_make_up(day: date) -> None:
    assert CALENDAR.is_working_day(day) == (CALENDAR.day_kind(day) in {DayKind.working, DayKind.make_up})


def test_an_unpublished_year_rests_on_weekends_and_the_fixed_holidays_only() -> None:
    rest = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    on_weekdays = [d for d in rest if d.weekday() < 5 and not CALENDAR.is_working_day(d)]
    assert on_weekdays == [date(2027, 1, 1), date(2027, 10, 1)]
    assert not any(CALENDAR.is_working_day(d) for d in rest if d.weekday() >= 5)


def test_coverage_ends_with_the_last_published_year_and_nowhere_if_there_is_none() -> None:
    assert CALENDAR.coverage_ends() == date(2026, 12, 31)
    assert Calendar({}).coverage_ends() == date.min
    assert CALENDAR.published(2026)
    assert not CALENDAR.published(2027)


@pytest.mark.parametrize(
    ("start", "end", "provisional"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), False),
        (date(2026, 12, 31), date(2027, 1, 1), True),
        (date(2003, 12, 31), date(2004, 1, 1), True),
        (date(2027, 6, 1), date(2027, 6, 1), True),
    ],
)
def test_a_span_is_provisional_if_it_touches_an_unpublished_year(start: date, end: date, provisional: bool) -> None:
    assert CALENDAR.provisional(start, end) is provisional


@given(days, counts)
def test_counting_forth_and_counting_between_agree(start: date, n: int) -> None:
    assert CALENDAR.working_days_between(start, CALENDAR.working_day_after(start, n)) == n


@given(days, counts)
def test_one_more_working_day_ends_strictly_later(start: date, n: int) -> None:
    assert CALENDAR.working_day_after(start, n) < CALENDAR.working_day_after(start, n + 1)


@given(days)
def test_none_after_a_day_is_the_day_itself_only_if_it_is_a_working_day(start: date) -> None:
    found = CALENDAR.working_day_after(start, 0)
    assert found == (start if CALENDAR.is_working_day(start) else CALENDAR.working_day_after(start, 1))


@given(days)
def test_the_working_day_before_is_one_working_day_away(day: date) -> None:
    before = CALENDAR.working_day_before(day)
    assert CALENDAR.is_working_day(before)
    assert CALENDAR.working_days_between(before, day) == int(CALENDAR.is_working_day(day))


gaps = st.lists(st.tuples(st.integers(-20, 60), st.integers(-1, 30)), max_size=4)


@given(days, counts | st.just(0), st.booleans(), gaps)
def test_counting_over_gaps_is_counting_day_by_day(
    start: date, n: int, every_day: bool, stretches: list[tuple[int, int]]
) -> None:
    out = [(start + timedelta(days=at), start + timedelta(days=at + length)) for at, length in stretches]
    day, left = start, n
    while left or not CALENDAR.is_working_day(day) or any(first <= day <= last for first, last in out):
        day += timedelta(days=1)
        counts_here = every_day or CALENDAR.is_working_day(day)
        left -= bool(left and counts_here and not any(first <= day <= last for first, last in out))
    assert CALENDAR.last_day(start, n, every_day=every_day, gaps=out) == day


@given(days, st.integers(-30, 900))
def test_working_days_between_are_those_that_one_meets_on_the_way(start: date, length: int) -> None:
    met = [CALENDAR.is_working_day(start + timedelta(days=n)) for n in range(1, length + 1)]
    assert CALENDAR.working_days_between(start, start + timedelta(days=length)) == sum(met)


def test_counting_past_the_last_year_that_there_is_overflows() -> None:
    assert CALENDAR.working_day_after(date(9999, 12, 30), 1) == date(9999, 12, 31)
    with pytest.raises(OverflowError):
        CALENDAR.working_day_after(date(9999, 12, 30), 2)


def test_nothing_lies_between_a_day_and_an_earlier_one() -> None:
    assert CALENDAR.working_days_between(date(2026, 3, 10), date(2026, 3, 2)) == 0


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        CALENDAR.working_day_after(date(2026, 3, 2), -1)


@given(st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=10), days, counts)
def test_republishing_a_year_with_more_days_off_never_ends_a_limit_earlier(
    more: set[date], start: date, n: int
) -> None:
    old = CALENDAR.years[2026]
    new = CalendarYear(2026, old.off | more, old.work - more, 2, old.document)
    republished = Calendar({**CALENDAR.years, 2026: new})
    assert republished.working_day_after(start, n) >= CALENDAR.working_day_after(start, n)


def test_the_legal_day_is_the_date_in_shanghai() -> None:
    assert legal_day(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)
    assert legal_day(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 2)


def test_a_naive_datetime_has_no_legal_day() -> None:
    with pytest.raises(ValueError, match="naive"):
        legal_day(datetime(2026, 3, 1, 12, 0))  # noqa: DTZ001  the point of the test


@given(days)
def test_a_day_runs_from_its_first_to_its_last_instant(day: date) -> None:
    assert legal_day(start_of_day(day)) == legal_day(end_of_day(day)) == day
    assert end_of_day(day) + timedelta(microseconds=1) == start_of_day(day + timedelta(days=1))
    assert start_of_day(day).tzinfo is SHANGHAI


VALID: Mapping[str, Any] = {"document": "通知", "off": ["2026-10-01"], "work": ["2026-10-10"]}


def test_a_year_is_read_from_iso_dates_or_dates() -> None:
    year = parse_year(2026, VALID, version=3)
    assert year == CalendarYear(2026, frozenset({date(2026, 10, 1)}), frozenset({date(2026, 10, 10)}), 3, "通知")
    assert parse_year(2026, {**VALID, "off": [date(2026, 10, 1)]}, version=3) == year


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"document": " "}, "document"),
        ({"document": 7}, "document"),
        ({"off": "2026-10-01"}, "off: a list"),
        ({"off": ["2026-10-01", "2025-10-02"]}, r"off\[1\].*not in 2026"),
        ({"off": ["2026-10-01", "2026-10-01"]}, r"off\[1\].*twice"),
        ({"off": ["2026-02-30"]}, r"off\[0\].*not a date"),
        ({"off": ["20261001"]}, r"off\[0\].*not a date"),
        ({"off": [20261001]}, r"off\[0\].*not a date"),
        ({"off": [datetime(2026, 10, 1, tzinfo=UTC)]}, r"off\[0\].*not a date"),
        ({"work": ["2026-10-09"]}, "work: 2026-10-09 is no Saturday or Sunday"),
        ({"off": ["2026-10-10"]}, "work: 2026-10-10 is also off"),
        ({"holidays": []}, "holidays"),
    ],
)
def test_a_broken_year_is_refused_by_its_place(change: dict[str, object], place: str) -> None:
    with pytest.raises(BrokenDefinition, match=f"calendar 2026.*{place}"):
        parse_year(2026, {**VALID, **change})


@pytest.mark.parametrize("key", ["document", "off", "work"])
def test_a_year_without_one_of_its_keys_is_refused(key: str) -> None:
    with pytest.raises(BrokenDefinition, match=key):
        parse_year(2026, {name: value for name, value in VALID.items() if name != key})


def test_every_shipped_year_names_its_own_notice() -> None:
    assert sorted(CALENDAR.years) == list(range(2004, 2027))
    for number, year in CALENDAR.years.items():
        assert year.document.startswith(f"国务院办公厅关于{number}年部分节假日安排的通知")
