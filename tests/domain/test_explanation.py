"""Explanations: every day or stretch of a clock is told, with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from chalicelib.domain import clocks
from chalicelib.domain.clocks import Limit, Pause, Unit
from chalicelib.domain.explanation import REASON_TEXTS, Reason, Span, Step, explain
from tests.domain.test_calendar import CALENDAR
from tests.domain.test_clocks import PAUSED, at, clock


def test_an_explanation_in_working_days_tells_every_day_and_why() -> None:
    pause = Pause("testing", at("2026-02-12 10:00"), at("2026-02-13 10:00"))
    one = clocks.extend(clock("2026-02-11 09:00", 2, Unit.working_day, "statutory", pause), Limit(2, Unit.working_day))
    rows = [row for row in explain(one, CALENDAR) if isinstance(row, Step)]
    told = [(row.day.day, row.reason.value, row.number) for row in rows if row.reason is not Reason.holiday]
    assert told == [
        (11, "start_day", None),
        (12, "paused", None),
        (13, "working", 1),
        (14, "make_up", 2),
        (24, "extension", 3),
        (25, "extension", 4),
    ]
    assert [row.day.day for row in rows if row.reason is Reason.holiday] == list(range(15, 24))
    assert [row.pause for row in rows if row.reason is Reason.paused] == ["testing"]


def test_an_explanation_in_calendar_days_shows_how_the_last_day_moved() -> None:
    rows = explain(clock("2026-03-05 09:00", 2, Unit.calendar_day), CALENDAR)
    assert [row.reason.value for row in rows] == [
        "start_day",
        "calendar_day",
        "calendar_day",
        "weekend",
        "rolled",
    ]


def test_an_explanation_while_paused_ends_with_the_first_day_that_does_not_count() -> None:
    rows = explain(PAUSED, CALENDAR)
    assert [(row.day, row.reason.value) for row in rows] == [
        (date(2026, 3, 2), "start_day"),
        (date(2026, 3, 3), "paused"),
    ]


def test_an_explanation_in_hours_tells_every_stretch() -> None:
    closed = Pause("testing", at("2026-03-02 10:00"), at("2026-03-02 12:00"))
    opened = Pause("hearing", at("2026-03-02 14:00"))
    one = clocks.extend(clock("2026-03-02 09:00", 2, Unit.hour, "statutory", closed), Limit(2, Unit.hour))
    running = Span(at("2026-03-02 09:00"), at("2026-03-02 10:00"), True, Reason.running)
    halted = Span(at("2026-03-02 10:00"), at("2026-03-02 12:00"), False, Reason.paused, "testing")
    rest = Span(at("2026-03-02 12:00"), at("2026-03-02 13:00"), True, Reason.running)
    extra = Span(at("2026-03-02 13:00"), at("2026-03-02 15:00"), True, Reason.extension)
    assert explain(one, CALENDAR) == (running, halted, rest, extra)
    still = explain(replace(one, pauses=(closed, opened)), CALENDAR)
    assert still[-1] == Span(at("2026-03-02 14:00"), None, False, Reason.paused, "hearing")
    assert still[-1].day == date(2026, 3, 2)


def test_a_told_due_is_explained_by_being_told() -> None:
    one = replace(clock("2026-03-02 09:00", 0, Unit.calendar_day), told=at("2026-03-20 18:00"))
    assert [(row.day, row.reason) for row in explain(one, CALENDAR)] == [
        (date(2026, 3, 2), Reason.start_day),
        (date(2026, 3, 20), Reason.told),
    ]


def test_every_reason_has_both_texts() -> None:
    assert set(REASON_TEXTS) == set(Reason)
    assert all(set(texts) == {"zh-CN", "en"} for texts in REASON_TEXTS.values())
