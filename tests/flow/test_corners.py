"""The corners of the law, through the door; each test names its article."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.flow.conftest import Hub
from tests.support.town import ACCEPT, HAISHU, LI, NINGBO, WANG, ZHANG, Body, hotel, materials, permit

DAY = timedelta(days=1).total_seconds()


def gathering(organisation: str = HAISHU, **form: str) -> Body:
    """A large gathering: the county up to 5,000 people, the city from there; twenty days before."""
    return hotel(
        item="large-event-permit",
        organisation=organisation,
        materials=materials(5),
        form={"attendance": "3000", "event_date": "2026-04-01", **form},
    )


def told(hub: Hub, body: Body) -> list[tuple[str, str]]:
    """Which fields intake refuses, and by which code."""
    reply = hub.submit(body)
    return [(e["field"], e["code"]) for e in reply.json().get("errors", [])] if reply.status != 201 else []


def test_whoever_is_not_told_within_five_working_days_counts_as_accepted_from_the_day_of_receipt_art_32_4(
    hub: Hub,
) -> None:
    case = hub.file()  # Monday 2026-03-02
    hub.cloud.advance(7 * DAY)  # the fifth working day is Monday 03-09
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] is None
    hub.cloud.advance(DAY)
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] == "accepted"
    accepted = hub.act(case, "accept", LI).json()
    assert accepted["deadlines"]["statutory"]["day"] == "2026-03-30"  # 20 working days from 03-02, not from 03-10
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] is None
    assert hub.get(f"/v1/cases/{case.id}/history", LI)["verified"]


def test_what_is_accepted_in_time_counts_from_acceptance_art_42(hub: Hub) -> None:
    case = hub.file()
    hub.cloud.advance(7 * DAY)
    assert hub.act(case, "accept", LI).json()["deadlines"]["statutory"]["day"] == "2026-04-07"


def test_an_extension_is_refused_once_the_limit_has_passed_art_42(hub: Hub) -> None:
    asked = {"days": 5, "reason": "情况复杂", "approver": "chief", "notice": "已告知"}
    case = hub.life(hub.file(), ACCEPT)  # due 2026-03-30
    hub.cloud.advance(29 * DAY)
    reply = hub.act(case, "extend", WANG, asked)
    assert [e["code"] for e in reply.json()["errors"]] == ["already_overdue"]
    other = hub.life(hub.file(), ACCEPT)
    assert hub.act(other, "extend", WANG, asked).status == 200
    reply = hub.act(other, "extend", WANG, asked)
    assert [e["code"] for e in reply.json()["errors"]] == ["extended_before"]


def test_a_limit_in_hours_runs_by_the_clock_and_not_by_the_calendar_criminal_procedure_law_art_39(hub: Hub) -> None:
    hub.cloud.advance(4 * DAY)  # Friday
    meeting = permit(item="lawyer-meeting", materials=materials(3), delivery={"way": "electronic"})
    case = hub.life(hub.file(meeting), ACCEPT)
    told_dues = case.answer["deadlines"]
    assert told_dues["promised"]["due"] == "2026-03-07T09:00:00.000+08:00"  # Saturday
    assert told_dues["statutory"]["due"] == "2026-03-08T09:00:00.000+08:00"
    clocks = hub.get(f"/v1/cases/{case.id}/deadline", LI)["clocks"]
    (statutory,) = [clock for clock in clocks if clock["clock"] == "statutory"]
    assert [(row["start"][:13], row["end"][:13], row["counted"]) for row in statutory["days"]] == [
        ("2026-03-06T09", "2026-03-08T09", True)
    ]


def test_after_a_correction_the_five_days_begin_anew_art_32_4(hub: Hub) -> None:
    case = hub.file(hotel(materials=materials(5, m4="lacking")))
    hub.act(case, "correct", LI, {"notice": "请补交平面图"})
    hub.cloud.advance(30 * DAY)
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] is None  # it is the applicant's turn
    hub.act(case, "supplement", ZHANG, {"materials": [{"code": "m4", "medium": "paper"}]})
    hub.cloud.advance(10 * DAY)
    assert hub.get(f"/v1/cases/{case.id}", ZHANG)["deemed"] == "accepted"


@pytest.mark.parametrize(
    ("organisation", "form", "refused"),
    [
        (HAISHU, {"attendance": "4999"}, []),
        (NINGBO, {"attendance": "5000"}, []),
        (HAISHU, {"attendance": "5000"}, [("organisation", "wrong_level")]),
        (NINGBO, {"attendance": "4999"}, [("organisation", "wrong_level")]),
        (HAISHU, {"attendance": "many"}, [("form.attendance", "size_needed")]),
        (HAISHU, {"attendance": "-1"}, [("form.attendance", "size_needed")]),
    ],
)
def test_size_decides_the_level_of_a_gathering_art_12(
    organisation: str, form: dict[str, str], refused: list[Any], hub: Hub
) -> None:
    assert told(hub, gathering(organisation, **form)) == refused


@pytest.mark.parametrize(
    ("event", "refused"),
    [
        ("2026-03-22", []),  # twenty days after 2026-03-02
        ("2026-03-21", [("form.event_date", "too_late")]),
        ("soon", [("form.event_date", "event_date_needed")]),
        ("2026-02-30", [("form.event_date", "event_date_needed")]),
    ],
)
def test_a_gathering_is_applied_for_twenty_days_before_art_13(event: str, refused: list[Any], hub: Hub) -> None:
    assert told(hub, gathering(event_date=event)) == refused


def test_an_observed_case_names_an_organisation_that_there_is(hub: Hub) -> None:
    observed = {"at": "2026-03-01T09:00:00+08:00", "source": "elsewhere", "source_id": "1", "actor": "a"}
    body = hotel(item="observed-matter", organisation="339999", applicant=..., observed=observed, materials=[])
    reply = hub.submit(body, {"sub": "pool", "kind": "system"})
    assert [e["code"] for e in reply.json()["errors"]] == ["unknown_organisation"]
