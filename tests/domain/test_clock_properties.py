"""What holds for every clock, whatever its unit, pauses and extension."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import clocks
from chalicelib.domain.calendar import Calendar, CalendarYear, end_of_day, legal_day, start_of_day
from chalicelib.domain.clocks import Clock, Due, Light, Limit, Pause, Unit
from chalicelib.domain.explanation import Span, Step, explain
from tests.domain.test_calendar import CALENDAR
from tests.domain.test_clocks import due_day

instants = st.datetimes(datetime(2023, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
stretches = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=3)


@st.composite
def running_clocks(draw: st.DrawFn, units: tuple[Unit, ...] = tuple(Unit)) -> Clock:
    """Clocks of every unit with closed pauses in order, and sometimes an extension."""
    start, unit = draw(instants), draw(st.sampled_from(units))
    extension = draw(st.none() | st.integers(1, 15).map(lambda n: Limit(n, unit)))
    pauses, cursor = [], start
    for wait, length in draw(stretches):
        opened = cursor + timedelta(hours=wait)
        cursor = opened + timedelta(hours=length)
        pauses.append(Pause("testing", opened, cursor))
    return Clock("statutory", start, Limit(draw(st.integers(0, 60)), unit), extension, tuple(pauses))


@given(running_clocks())
def test_the_last_row_of_an_explanation_is_the_due_day(one: Clock) -> None:
    assert explain(one, CALENDAR)[-1].day == due_day(one)


@given(running_clocks(), st.integers(0, 120))
def test_an_event_that_comes_first_is_the_due_day_and_the_last_row(one: Clock, days: int) -> None:
    event = end_of_day(legal_day(one.start) + timedelta(days=days))
    with_event, without = clocks.due(replace(one, no_later=event), CALENDAR), clocks.due(one, CALENDAR)
    assert with_event is not None
    assert without is not None
    assert with_event.last == min(event, without.last)
    assert explain(replace(one, no_later=event), CALENDAR)[-1].day == with_event.day


@given(running_clocks((Unit.working_day, Unit.calendar_day)))
def test_the_counted_rows_of_an_explanation_number_the_whole_limit(one: Clock) -> None:
    rows = [row for row in explain(one, CALENDAR) if isinstance(row, Step)]
    assert [row.number for row in rows if row.counted] == list(range(1, one.total + 1))
    assert [row.day for row in rows] == [rows[0].day + timedelta(days=n) for n in range(len(rows))]
    assert (rows[0].day, rows[0].counted) == (legal_day(one.start), False)


@given(running_clocks((Unit.hour,)))
def test_the_counted_spans_of_an_explanation_last_as_long_as_the_limit(one: Clock) -> None:
    spans = [row for row in explain(one, CALENDAR) if isinstance(row, Span)]
    ran = sum((s.end - s.start for s in spans if s.counted and s.end), timedelta())
    assert ran == timedelta(hours=one.total)
    assert clocks.due(one, CALENDAR) == Due(spans[-1].end or one.start, provisional=False)


@given(running_clocks(), st.integers(1, 30))
def test_a_longer_limit_is_never_due_earlier(one: Clock, more: int) -> None:
    longer = replace(one, limit=replace(one.limit, amount=one.limit.amount + more))
    assert due_day(longer) >= due_day(one)


@given(running_clocks(), st.integers(0, 400), st.integers(0, 400))
def test_one_more_pause_never_makes_a_clock_due_earlier(one: Clock, wait: int, length: int) -> None:
    opened = one.start + timedelta(hours=wait)
    pause = Pause("testing", opened, opened + timedelta(hours=length))
    with_pause, without = (
        clocks.due(replace(one, pauses=(*one.pauses, pause)), CALENDAR),
        clocks.due(one, CALENDAR),
    )
    assert with_pause is not None
    assert without is not None
    assert with_pause.last >= without.last


@given(running_clocks((Unit.working_day, Unit.calendar_day)), st.integers(0, 90), st.data())
def test_a_pause_that_ends_on_the_day_it_began_changes_no_limit_in_days(
    one: Clock, day: int, data: st.DataObject
) -> None:
    midnight = start_of_day(legal_day(one.start) + timedelta(days=day))
    seconds = sorted(data.draw(st.tuples(st.integers(0, 86399), st.integers(0, 86399))))
    pause = Pause("testing", midnight + timedelta(seconds=seconds[0]), midnight + timedelta(seconds=seconds[1]))
    assert due_day(replace(one, pauses=(*one.pauses, pause))) == due_day(one)


@given(running_clocks((Unit.working_day,)))
def test_a_limit_in_working_days_ends_on_a_working_day_after_its_start_day(one: Clock) -> None:
    last = due_day(one)
    assert CALENDAR.is_working_day(last)
    assert last > legal_day(one.start) or one.total == 0


@given(running_clocks(), st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=10))
def test_more_days_off_never_make_a_clock_due_earlier(one: Clock, more: set[date]) -> None:
    old = CALENDAR.years[2026]
    new = CalendarYear(2026, old.off | more, old.work - more, 2, old.document)
    later = clocks.due(one, Calendar({**CALENDAR.years, 2026: new}))
    assert later is not None
    assert later.day >= due_day(one)


@given(running_clocks(), instants)
def test_a_clock_is_red_exactly_when_it_is_overdue(one: Clock, now: datetime) -> None:
    assert (clocks.light(one, CALENDAR, now) is Light.red) == clocks.overdue(one, CALENDAR, now)
