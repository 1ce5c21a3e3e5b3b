"""Clocks: due days against golden cases, pauses, extensions, lights, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from chalicelib.domain import clocks
from chalicelib.domain.calendar import SHANGHAI, Calendar, CalendarYear, end_of_day
from chalicelib.domain.clocks import LIGHT_TEXTS, Clock, Due, Light, Limit, Pause, Unit
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from tests.domain.test_calendar import CALENDAR, GOLDEN

ART_45 = ("hearing", "tender", "auction", "inspection", "testing", "quarantine", "appraisal", "expert_review")


def at(text: str) -> datetime:
    """'2026-03-02 09:30' in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def clock(start: str, amount: int, unit: Unit = Unit.working_day, name: str = "statutory", *pauses: Pause) -> Clock:
    return Clock(name, at(start), Limit(amount, unit), pauses=pauses)


def due_day(one: Clock) -> date:
    found = clocks.due(one, CALENDAR)
    assert found is not None
    return found.day


@pytest.mark.parametrize(("accepted", "limit", "due"), GOLDEN)
def test_a_clock_runs_out_with_the_last_instant_of_its_golden_day(accepted: str, limit: int, due: str) -> None:
    for time in ("00:00", "17:30", "23:59:59"):
        found = clocks.due(clock(f"{accepted} {time}", limit), CALENDAR)
        assert found == Due(end_of_day(date.fromisoformat(due)), provisional=False)


def test_a_start_late_in_the_utc_day_belongs_to_the_next_day_in_shanghai() -> None:
    one = Clock("statutory", datetime(2026, 3, 1, 16, 0, tzinfo=UTC), Limit(1, Unit.working_day))
    assert due_day(one) == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        ("2026-03-02 09:00", 15, "2026-03-17"),
        ("2026-09-18 09:00", 15, "2026-10-08"),  # the 15th day, 10-03, lies in the National Day block
        ("2026-04-24 09:00", 15, "2026-05-09"),  # a Saturday, but one worked in return
        ("2026-02-28 09:00", 60, "2026-04-29"),
        ("2026-03-07 09:00", 0, "2026-03-09"),
    ],
)
def test_a_limit_in_calendar_days_that_ends_on_a_rest_day_moves_to_the_next_working_day(
    start: str, amount: int, due: str
) -> None:
    assert due_day(clock(start, amount, Unit.calendar_day)) == date.fromisoformat(due)


def test_a_limit_in_hours_knows_no_calendar() -> None:
    found = clocks.due(clock("2026-10-01 22:15", 48, Unit.hour), CALENDAR)
    assert found == Due(at("2026-10-03 22:15"), provisional=False)


def test_a_limit_of_none_is_due_on_the_day_itself_or_the_next_working_day() -> None:
    assert due_day(clock("2026-03-02 09:00", 0)) == date(2026, 3, 2)
    assert due_day(clock("2026-03-07 09:00", 0)) == date(2026, 3, 9)


@pytest.mark.parametrize(
    ("opened", "closed", "due"),
    [
        ("2026-03-03 10:00", "2026-03-03 18:00", "2026-03-09"),  # same day: changes nothing
        ("2026-03-03 10:00", "2026-03-04 09:00", "2026-03-10"),  # 03-03 does not count
        ("2026-03-03 10:00", "2026-03-06 09:00", "2026-03-12"),
        ("2026-03-06 10:00", "2026-03-08 09:00", "2026-03-10"),  # Friday; the weekend counts anyway for nothing
        ("2026-03-09 10:00", "2026-03-11 09:00", "2026-03-11"),  # paused on the last day: resumed, it is still there
        ("2026-03-12 10:00", "2026-03-20 09:00", "2026-03-09"),  # after the limit had run out
    ],
)
def test_the_days_from_the_beginning_of_a_pause_to_the_day_before_its_end_do_not_count(
    opened: str, closed: str, due: str
) -> None:
    one = clock("2026-03-02 09:00", 5, Unit.working_day, "statutory", Pause("testing", at(opened), at(closed)))
    assert due_day(one) == date.fromisoformat(due)


def test_a_pause_takes_its_exact_length_out_of_hours() -> None:
    pause = Pause("testing", at("2026-03-02 10:00"), at("2026-03-02 13:30"))
    one = clock("2026-03-02 09:00", 24, Unit.hour, "statutory", pause)
    assert clocks.due(one, CALENDAR) == Due(at("2026-03-03 12:30"), provisional=False)


def test_nothing_is_due_while_a_pause_is_open() -> None:
    one = clocks.pause(clock("2026-03-02 09:00", 5), "testing", at("2026-03-03 10:00"))
    assert clocks.paused(one)
    assert clocks.due(one, CALENDAR) is None
    assert clocks.warning_from(one, CALENDAR) is None
    assert clocks.light(one, CALENDAR, at("2026-12-01 10:00")) is Light.paused
    resumed = clocks.resume(one, at("2026-03-05 10:00"))
    assert not clocks.paused(resumed)
    assert due_day(resumed) == date(2026, 3, 11)


def test_a_pause_opened_too_late_does_not_hide_that_the_clock_is_overdue() -> None:
    one = clocks.pause(clock("2026-03-02 09:00", 5), "testing", at("2026-03-10 10:00"))
    assert clocks.overdue(one, CALENDAR, at("2026-03-11 10:00"))
    assert clocks.light(one, CALENDAR, at("2026-03-11 10:00")) is Light.red


def test_a_due_that_counts_days_of_an_unpublished_year_says_so() -> None:
    early, late = (
        clocks.due(clock("2026-12-30 09:00", 1), CALENDAR),
        clocks.due(clock("2026-12-30 09:00", 2), CALENDAR),
    )
    assert early == Due(end_of_day(date(2026, 12, 31)), provisional=False)
    assert late == Due(end_of_day(date(2027, 1, 4)), provisional=True)


def test_publishing_the_next_year_settles_a_provisional_due() -> None:
    off = frozenset({date(2027, 1, 1), date(2027, 1, 2), date(2027, 1, 3), date(2027, 1, 4)})
    published = Calendar({**CALENDAR.years, 2027: CalendarYear(2027, off, frozenset(), 1, "通知")})
    assert clocks.due(clock("2026-12-30 09:00", 2), published) == Due(end_of_day(date(2027, 1, 5)), provisional=False)


def test_a_told_due_wins_over_counting() -> None:
    told = at("2026-03-20 18:00")
    one = replace(clock("2026-03-02 09:00", 0, Unit.calendar_day), told=told)
    assert clocks.due(one, CALENDAR) == Due(told, provisional=False)
    assert clocks.warning_from(one, CALENDAR) == at("2026-03-19 00:00")
    assert clocks.overdue(one, CALENDAR, at("2026-03-20 18:00:01"))


def test_an_extension_adds_to_the_limit_once() -> None:
    one = clocks.extend(clock("2026-03-02 09:00", 20), Limit(10, Unit.working_day, "行政许可法 art. 42"))
    assert due_day(one) == due_day(clock("2026-03-02 09:00", 30))


RUNNING = clock("2026-03-02 09:00", 5)
PAUSED = clocks.pause(RUNNING, "testing", at("2026-03-03 10:00"))
STOPPED = clocks.stop(RUNNING, at("2026-03-04 10:00"))
LATER = at("2026-03-05 10:00")
TEN_DAYS = Limit(10, Unit.working_day)


def test_what_makes_no_sense_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"cannot pause .* it is paused"):
        clocks.pause(PAUSED, "testing", LATER)
    with pytest.raises(ValueError, match=r"cannot resume .* it is running"):
        clocks.resume(RUNNING, LATER)
    with pytest.raises(ValueError, match=r"cannot extend .* once already"):
        clocks.extend(clocks.extend(RUNNING, TEN_DAYS), TEN_DAYS)
    with pytest.raises(ValueError, match=r"cannot extend .* calendar_day is another unit"):
        clocks.extend(RUNNING, Limit(10, Unit.calendar_day))
    with pytest.raises(ValueError, match=r"cannot extend .* extends nothing"):
        clocks.extend(RUNNING, Limit(0, Unit.working_day))
    with pytest.raises(ValueError, match=r"cannot pause .* unknown pause class 'lunch'"):
        clocks.pause(RUNNING, "lunch", LATER)
    with pytest.raises(ValueError, match="only the last pause may be open"):
        replace(RUNNING, pauses=(Pause("testing", LATER), Pause("testing", LATER, LATER)))


def test_a_stopped_clock_refuses_every_change() -> None:
    with pytest.raises(ValueError, match=r"cannot pause .* it is stopped"):
        clocks.pause(STOPPED, "testing", LATER)
    with pytest.raises(ValueError, match=r"cannot resume .* it is stopped"):
        clocks.resume(STOPPED, LATER)
    with pytest.raises(ValueError, match=r"cannot extend .* it is stopped"):
        clocks.extend(STOPPED, TEN_DAYS)
    with pytest.raises(ValueError, match=r"cannot stop .* it is stopped"):
        clocks.stop(STOPPED, LATER)


def test_time_does_not_go_backwards() -> None:
    with pytest.raises(ValueError, match=r"cannot pause .* goes back"):
        clocks.pause(RUNNING, "testing", at("2026-03-02 08:59"))
    with pytest.raises(ValueError, match=r"cannot resume .* goes back"):
        clocks.resume(PAUSED, at("2026-03-03 09:59"))
    with pytest.raises(ValueError, match=r"cannot stop .* goes back"):
        clocks.stop(clocks.resume(PAUSED, LATER), at("2026-03-05 09:59"))


def test_a_naive_time_is_refused_everywhere() -> None:
    naive = datetime(2026, 3, 5, 10, 0)  # noqa: DTZ001  the point of the test
    for attempt in (
        lambda: Clock("statutory", naive, TEN_DAYS),
        lambda: replace(RUNNING, told=naive),
        lambda: replace(RUNNING, stopped=naive),
        lambda: replace(RUNNING, pauses=(Pause("testing", LATER, naive),)),
        lambda: clocks.pause(RUNNING, "testing", naive),
        lambda: clocks.resume(PAUSED, naive),
        lambda: clocks.stop(RUNNING, naive),
        lambda: clocks.overdue(STOPPED, CALENDAR, naive),
        lambda: clocks.light(RUNNING, CALENDAR, naive),
    ):
        with pytest.raises(ValueError, match="naive"):
            attempt()


@pytest.mark.parametrize("amount", [-1, clocks.MOST + 1])
def test_an_absurd_limit_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="0 to 10000"):
        Limit(amount, Unit.working_day)


@pytest.mark.parametrize("kind", sorted(PAUSE_CLASSES))
def test_the_statutory_clock_stops_only_for_what_the_law_lists(kind: str) -> None:
    assert ("statutory" in PAUSE_CLASSES[kind].stops) == (kind in ART_45)
    assert PAUSE_CLASSES[kind].stops >= {"promised", "stage"}
    if kind not in ART_45:
        with pytest.raises(ValueError, match=f"{kind} does not stop it"):
            clocks.pause(RUNNING, kind, LATER)
    assert clocks.paused(clocks.pause(replace(RUNNING, name="promised"), kind, LATER))


@pytest.mark.parametrize(
    ("now", "light"),
    [
        ("2026-03-02 09:00:00", Light.green),
        ("2026-03-05 23:59:59", Light.green),
        ("2026-03-06 00:00:00", Light.yellow),  # Friday: the due day, Monday, is the one day left
        ("2026-03-09 23:59:59", Light.yellow),
        ("2026-03-10 00:00:00", Light.red),
    ],
)
def test_the_light_turns_yellow_on_the_working_day_before_and_red_after_the_due_day(now: str, light: Light) -> None:
    assert clocks.light(RUNNING, CALENDAR, at(now)) is light


def test_a_limit_of_one_day_warns_on_the_due_day_itself() -> None:
    assert clocks.warning_from(clock("2026-03-02 09:00", 1), CALENDAR) == at("2026-03-03 00:00")
    assert clocks.warning_from(clock("2026-03-02 09:00", 0), CALENDAR) == at("2026-03-02 00:00")


def test_a_limit_in_hours_warns_in_its_last_fifth() -> None:
    assert clocks.warning_from(clock("2026-03-02 09:00", 10, Unit.hour), CALENDAR) == at("2026-03-02 17:00")


def test_a_stopped_clock_is_met_or_missed_whatever_the_time_is_now() -> None:
    now = at("2027-01-01 00:00")
    in_time = clocks.stop(RUNNING, at("2026-03-09 23:59:59"))
    late = clocks.stop(RUNNING, at("2026-03-10 00:00:00"))
    assert clocks.light(in_time, CALENDAR, now) is Light.met
    assert clocks.light(late, CALENDAR, now) is Light.missed
    assert not clocks.overdue(in_time, CALENDAR, now)
    assert clocks.overdue(late, CALENDAR, now)


def test_stopping_a_paused_clock_ends_the_pause_too() -> None:
    ended = clocks.stop(PAUSED, LATER)
    assert ended.pauses == (Pause("testing", at("2026-03-03 10:00"), LATER),)
    assert clocks.light(ended, CALENDAR, LATER) is Light.met


def test_a_fraction_of_a_second_makes_nothing_late() -> None:
    one = clock("2026-03-02 09:00", 1, Unit.hour)
    assert not clocks.overdue(one, CALENDAR, at("2026-03-02 10:00:00.900000"))
    assert clocks.overdue(one, CALENDAR, at("2026-03-02 10:00:01"))


def test_every_light_has_both_texts() -> None:
    assert set(LIGHT_TEXTS) == set(Light)
    assert all(set(texts) == {"zh-CN", "en"} for texts in LIGHT_TEXTS.values())
