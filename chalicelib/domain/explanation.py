"""Why a clock is due when it is due: one row a day, or one row a span of hours, each with its reason.

Written for staff and citizens who ask "why this day?". It counts by its own walk, apart from
`chalicelib.domain.clocks.due`; a property test holds the two together. It must not decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from chalicelib.domain.calendar import ONE_DAY, Calendar, DayKind, legal_day
from chalicelib.domain.clocks import Clock, Limit, Pause, Unit, paused, uncounted


class Reason(StrEnum):
    """Why a row counts or does not."""

    start_day = "start_day"
    working = "working"
    make_up = "make_up"
    calendar_day = "calendar_day"
    running = "running"
    extension = "extension"
    weekend = "weekend"
    holiday = "holiday"
    paused = "paused"
    rolled = "rolled"
    told = "told"
    event = "event"


REASON_TEXTS: Mapping[Reason, Mapping[str, str]] = MappingProxyType(
    {
        Reason.start_day: {"zh-CN": "起始日不计入", "en": "the start day does not count"},
        Reason.working: {"zh-CN": "工作日，计入", "en": "working day, counts"},
        Reason.make_up: {"zh-CN": "调休上班，计入", "en": "make-up working day, counts"},
        Reason.calendar_day: {"zh-CN": "自然日，计入", "en": "calendar day, counts"},
        Reason.running: {"zh-CN": "计时中", "en": "running"},
        Reason.extension: {"zh-CN": "经批准延长，计入", "en": "within the approved extension, counts"},
        Reason.weekend: {"zh-CN": "周末，不计入", "en": "weekend, does not count"},
        Reason.holiday: {"zh-CN": "法定节假日，不计入", "en": "public holiday, does not count"},
        Reason.paused: {"zh-CN": "特别程序或补件期间，不计入", "en": "paused, does not count"},
        Reason.rolled: {"zh-CN": "届满日为休息日，顺延至此日", "en": "moved here from a rest day"},
        Reason.told: {"zh-CN": "按来源系统所载期限", "en": "due as given by the system it came from"},
        Reason.event: {
            "zh-CN": "最迟至此日（活动或有效期届满前）",
            "en": "no later than this, before the event or expiry",
        },
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """One day: `number` is its place in the count if `counted`; `pause` the class of the pause it lies in."""

    day: date
    kind: DayKind
    counted: bool
    number: int | None
    reason: Reason
    pause: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of an hour clock, from `start` to `end` (None: a pause that is still open)."""

    start: datetime
    end: datetime | None
    counted: bool
    reason: Reason
    pause: str | None = None

    @property
    def day(self) -> date:
        """The legal day on which the stretch ends, or began if it is open."""
        return legal_day(self.end or self.start)


def explain(clock: Clock, calendar: Calendar) -> tuple[Step | Span, ...]:
    """The rows from the clock's start to its due day: Steps for a limit in days, Spans for one in hours.

    A told due gives the start day and the told day. While a pause is open the last row is its first day that
    does not count (for hours, the open span), unless the limit had run out before. An event that comes before the
    count has run ends the rows with its own.
    """
    if clock.told is not None:
        start, told = legal_day(clock.start), legal_day(clock.told)
        return (
            Step(start, calendar.day_kind(start), False, None, Reason.start_day),
            Step(told, calendar.day_kind(told), False, None, Reason.told),
        )
    rows = tuple(_spans(clock)) if clock.limit.unit is Unit.hour else tuple(_steps(clock, calendar))
    if clock.no_later is None:
        return rows
    last = legal_day(clock.no_later)
    if rows[-1].day <= last and not paused(clock):
        return rows
    before = tuple(row for row in rows if row.day < last)
    return (*before, Step(last, calendar.day_kind(last), False, None, Reason.event))


def _steps(clock: Clock, calendar: Calendar) -> Iterator[Step]:
    day, number = legal_day(clock.start), 0
    gaps = tuple(zip(clock.pauses, uncounted(clock), strict=True))
    yield Step(day, calendar.day_kind(day), False, None, Reason.start_day)
    settled = calendar.is_working_day(day) and not any(first <= day <= last for _, (first, last) in gaps)
    while number < clock.total or not settled:
        day += ONE_DAY
        kind, working = calendar.day_kind(day), calendar.is_working_day(day)
        gap = next((gap for gap in gaps if gap[1][0] <= day <= gap[1][1]), None)
        if gap is not None:
            yield Step(day, kind, False, None, Reason.paused, gap[0].kind)
            if gap[0].end is None:
                return
            settled = False
        elif number == clock.total:
            yield Step(day, kind, False, None, Reason.rolled if working else Reason(kind))
            settled = working
        elif working or clock.limit.unit is Unit.calendar_day:
            number += 1
            yield Step(day, kind, True, number, _why_counted(clock, kind, number))
            settled = working
        else:
            yield Step(day, kind, False, None, Reason(kind))


def _why_counted(clock: Clock, kind: DayKind, number: int) -> Reason:
    if number > clock.limit.amount:
        return Reason.extension
    return Reason.calendar_day if clock.limit.unit is Unit.calendar_day else Reason(kind)


def _spans(clock: Clock) -> Iterator[Span]:
    """Runs the limit, then the extension, through the pauses in the order in which they began."""
    at = clock.start
    waiting = sorted(clock.pauses, key=lambda one: one.start)
    parts: list[tuple[Reason, Limit | None]] = [
        (Reason.running, clock.limit),
        (Reason.extension, clock.extension),
    ]
    for reason, limit in parts:
        if limit is None:
            continue
        left = timedelta(hours=limit.amount)
        while (one := _cuts(waiting, at, left)) is not None:
            begins = max(one.start, at)
            if begins > at:
                yield Span(at, begins, True, reason)
            yield Span(begins, one.end, False, Reason.paused, one.kind)
            if one.end is None:
                return
            left -= begins - at
            at = one.end
        yield Span(at, at + left, True, reason)
        at += left


def _cuts(pauses: list[Pause], at: datetime, left: timedelta) -> Pause | None:
    """The first pause that begins before the hours left at `at` have run, and takes time out of them."""
    for one in pauses:
        begins = max(one.start, at)
        if begins < at + left and (one.end is None or one.end > begins):
            return one
    return None
