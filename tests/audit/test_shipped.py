"""The mappings that ship, on the logs that they are for, against what is known of those logs."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime

import pytest

from infra.logs import mapping, reading
from tests.audit.logs import NOW, SHARED, audit, rule, shipped

here = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the event logs are not at {SHARED}")


@here
def test_the_receipt_log_gives_every_known_figure() -> None:
    document = shipped("receipt_wabo")
    figures = document["figures"]
    assert (figures["cases"], document["log"]["events"], figures["closed"], figures["open"]) == (1434, 8577, 1329, 105)
    assert figures["closed_late"] == {"by_time": 377, "by_day": 309}
    assert figures["open_past_deadline"] == {"by_time": 39, "by_day": 37}
    assert datetime.fromisoformat(figures["as_of"]) == datetime.fromisoformat("2012-01-23T14:42:54.644Z")
    assert figures["together"] == [
        {"nodes": ["check", "accept"], "cases": 1303, "same_person": 1042, "not_measurable": 0}
    ]
    assert (figures["of_one_event"], figures["ended_before_start"]) == (116, 2)
    assert figures["events_by_accounts"] == {"test": 522, "system": 0}
    assert rule(document, "W02")["findings"] == 309 + 37
    assert rule(document, "A08")["not_measurable"] == {"cases": 1434, "missing": {"extend": 1434}}


@here
def test_the_same_log_in_xes_says_the_same() -> None:
    log = SHARED / "receipt_wabo" / "source.xes.gz"
    document, _ = audit(reading.read(log, mapping.read(mapping.find(log), log), NOW))
    assert document == shipped("receipt_wabo")


@here
@pytest.mark.parametrize(("town", "cases", "events"), [("1", 1199, 52217), ("2", 832, 44354)])
def test_two_towns_whose_case_numbers_collide_are_two_logs(town: str, cases: int, events: int) -> None:
    document = shipped(f"bpic15_permits/municipality{town}")
    assert document["log"]["source"] == f"bpic15-municipality{town}"
    assert (document["figures"]["cases"], document["log"]["events"]) == (cases, events)
    assert document["left_out"] == []
    assert rule(document, "W02")["findings"] > 0
    assert rule(document, "A02")["not_measurable"]["missing"] == {
        "time": rule(document, "A02")["not_measurable"]["cases"]
    }


@here
def test_tickets_that_wait_stand_still() -> None:
    document = shipped("helpdesk_italy")
    assert (document["figures"]["cases"], document["log"]["events"]) == (4580, 21348)
    assert rule(document, "A07")["cases"] > 0
    assert rule(document, "W02")["not_measurable"]["missing"] == {"deadline": 295}


@here
def test_requests_of_one_row_each_are_late_as_a_plain_count_has_it() -> None:
    document = shipped("nyc311/nyc311_2011_duedate.csv.gz")
    assert document["figures"]["closed_late"] == _late_requests()
    assert {each["reason"] for each in document["unplaced"]} == {"Closed Date lies before any log"}


def _late_requests() -> dict[str, int]:
    by_time = by_day = 0
    with gzip.open(SHARED / "nyc311" / "nyc311_2011_duedate.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            shut, due = _time(row["Closed Date"]), _time(row["Due Date"])
            if shut and due and shut.year > 1980:
                by_time += shut > due
                by_day += shut.date() > due.date()
    return {"by_time": by_time, "by_day": by_day}


def _time(text: str) -> datetime | None:
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC) if text else None
