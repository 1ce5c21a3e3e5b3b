"""Limits as a mapping gives them: from node to node, from a column, in working days, calendar days and hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.audit.timelines import Reader
from infra.logs import calendars
from infra.logs.log import Log
from tests.audit.logs import HEAD, audit, read, rule

LIMIT = '[[limit]]\nname = "l"\nfrom = "accept"\nto = ["grant", "deny"]\n'
OPEN = "1,2026-02-02 08:00,,\n"
WEEKS = 'calendar = "weekdays"\n'


def terms(log: Log) -> list[tuple[str, str]]:
    """The last instant of each term of the first case, and when it was met."""
    assert log.as_of
    found = Reader(log, calendars.of(log.mapping), log.as_of).timeline(log.cases[0]).terms
    return [(str(each.last)[:19], str(each.ended)[:19]) for each in found if each.clock == "l"]


def term(folder: Path, events: str, more: str, cases: str = OPEN, top: str = WEEKS) -> tuple[str, str]:
    """Those of the one limit."""
    (found,) = terms(read(folder, cases, events, LIMIT + more, top))
    return found


ACCEPTED = "1,accept,2026-02-05 10:00,a\n"  # a Thursday


@pytest.mark.parametrize(
    ("limit", "last"),
    [
        ("amount = 2", "2026-02-09 23:59:59"),
        ('amount = 2\nunit = "calendar_day"', "2026-02-09 23:59:59"),  # a Saturday, so the Monday (民法典 art. 203)
        ('amount = 30\nunit = "hour"', "2026-02-06 16:00:00"),
        ("amount = 0", "2026-02-05 23:59:59"),
    ],
)
def test_it_counts_as_the_platform_counts(tmp_path: Path, limit: str, last: str) -> None:
    assert term(tmp_path, ACCEPTED + "1,grant,2026-02-20 10:00,b\n", limit) == (last, "2026-02-20 10:00:00")


def test_it_counts_by_the_calendar_that_is_named(tmp_path: Path) -> None:
    last = {
        top: term(tmp_path, "1,accept,2026-02-12 10:00,a\n", "amount = 2", top=top)[0][:10]
        for top in (WEEKS, 'calendar = "published"\n', "calendar = { off = [2026-02-13], work = [2026-02-14] }\n")
    }
    assert list(last.values()) == ["2026-02-16", "2026-02-14", "2026-02-16"]  # 2026-02-14 is worked for 春节


def test_it_stands_still_while_the_mapping_says_so(tmp_path: Path) -> None:
    still = 'amount = 2\nstands_still = "suspend"'
    waits = "1,suspend,2026-02-06 10:00,a\n"
    assert term(tmp_path, ACCEPTED + waits + "1,review,2026-02-11 10:00,a\n", still) == ("2026-02-12 23:59:59", "None")
    assert term(tmp_path, ACCEPTED + waits, still) == ("None", "None")
    late = "1,suspend,2026-02-20 10:00,a\n"
    assert term(tmp_path, ACCEPTED + late, still)[0] == "2026-02-09 23:59:59"  # to wait when it is late undoes nothing


def test_it_ends_with_the_case(tmp_path: Path) -> None:
    assert term(tmp_path, ACCEPTED, "amount = 2", "1,2026-02-02 08:00,,2026-02-06 09:00\n")[1] == "2026-02-06 09:00:00"


@pytest.mark.parametrize(
    ("column", "cell", "last"),
    [
        ("amount_column", "3", "2026-02-10 23:59:59"),
        ("due_column", "2026-02-09", "2026-02-09 23:59:59"),
        ("due_column", "2026-02-09 12:00", "2026-02-09 12:00:00"),
    ],
)
def test_it_comes_from_a_column_as_a_number_or_as_a_date(tmp_path: Path, column: str, cell: str, last: str) -> None:
    head = HEAD.replace('due = "due"\n', "")
    log = read(tmp_path, f"1,2026-02-02 08:00,{cell},\n", ACCEPTED, f'{LIMIT}{column} = "due"', WEEKS, head)
    assert terms(log) == [(last, "None")]


def test_where_the_column_says_nothing_there_is_no_limit(tmp_path: Path) -> None:
    log = read(tmp_path, "1,2026-02-02 08:00,soon,\n", ACCEPTED, LIMIT + 'amount_column = "due"', WEEKS)
    assert terms(log) == []


def test_a_day_is_due_at_its_end_and_done_on_that_day_is_in_time(tmp_path: Path) -> None:
    ends = ("2026-02-05", "2026-02-05 23:30", "2026-02-06")
    cases = "".join(f"{number},2026-02-02,2026-02-05,{end}\n" for number, end in enumerate(ends, start=1))
    document, found = audit(read(tmp_path, cases, "1,check,2026-02-02,a\n", top=WEEKS))
    assert [each.subject for each in found if each.rule == "W02"] == ["3"]
    assert document["figures"]["closed_late"] == {"by_time": 2, "by_day": 1}
    assert rule(document, "W02")["cases"] == 1
