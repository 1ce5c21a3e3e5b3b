"""The clocks of a case: limits, pauses, extensions, due instants and lights.

A case carries up to three clocks: statutory (法定办结时限), promised (承诺办结时限) and stage (环节时限). A
clock is a value; every change gives a new one. What is due, overdue or soon due is derived from the clock
and the calendar; `chalicelib.domain.explanation` tells it day by day. This module must not decide who may
pause or extend, and must not read a clock on the wall: time is an argument, and aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from chalicelib.domain.calendar import ONE_DAY, Calendar, end_of_day, legal_day, refuse_naive, start_of_day
from chalicelib.domain.pause_classes import PAUSE_CLASSES

MOST = 10_000  # no legal limit comes near it; an absurd number must not count for minutes


class Unit(StrEnum):
    """What "日" or "时" means in a limit; it depends on the act and is an attribute of the item."""

    working_day = "working_day"  # 工作日: 行政许可法 art. 82
    calendar_day = "calendar_day"  # 自然日: 护照法 art. 6
    hour = "hour"  # 小时: 刑事诉讼法 art. 39


@dataclass(frozen=True, slots=True)
class Limit:
    """`amount` units (0 days: on the spot, 即办); `basis` names its rule ("行政许可法 art. 42").
    ValueError for an amount outside 0 … 10 000."""

    amount: int
    unit: Unit
    basis: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= MOST:
            raise ValueError(f"a limit of {self.amount}: the amount must be 0 to {MOST}")


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause; `kind` is a key of PAUSE_CLASSES. Open while `end` is None."""

    kind: str
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock, running from the legal day (or, in hours, the instant) of `start`.

    `told` is a due instant given from elsewhere (补录): it wins over all counting. `no_later` is an instant that
    the count may not pass and no pause moves, because an event comes (行政许可法 art. 50). The constructor takes
    times in any order, because what happened elsewhere is recorded as it was; ValueError for a naive time
    and for an open pause that is not the last. The functions below change clocks and do check the order.
    """

    name: str
    start: datetime
    limit: Limit
    extension: Limit | None = None
    pauses: tuple[Pause, ...] = ()
    stopped: datetime | None = None
    told: datetime | None = None
    no_later: datetime | None = None

    def __post_init__(self) -> None:
        times = [self.start, self.stopped, self.told, self.no_later]
        for pause in self.pauses:
            times += [pause.start, pause.end]
        for at in times:
            if at is not None:
                refuse_naive(at)
        if None in [pause.end for pause in self.pauses[:-1]]:
            raise ValueError(f"{self.name} clock: only the last pause may be open")

    @property
    def total(self) -> int:
        """The limit with its extension, in the limit's unit."""
        return self.limit.amount + (self.extension.amount if self.extension else 0)


@dataclass(frozen=True, slots=True)
class Due:
    """`last` is the last instant that is in time; `provisional` where a year counted in is not published."""

    last: datetime
    provisional: bool

    @property
    def day(self) -> date:
        """The legal day of `last`."""
        return legal_day(self.last)


class Light(StrEnum):
    """How a clock stands (灯)."""

    green = "green"
    yellow = "yellow"
    red = "red"
    paused = "paused"
    met = "met"
    missed = "missed"


LIGHT_TEXTS: Mapping[Light, Mapping[str, str]] = MappingProxyType(
    {
        Light.green: {"zh-CN": "正常", "en": "in time"},
        Light.yellow: {"zh-CN": "临近到期", "en": "due soon"},
        Light.red: {"zh-CN": "已超期", "en": "overdue"},
        Light.paused: {"zh-CN": "暂停计时", "en": "paused"},
        Light.met: {"zh-CN": "按期办结", "en": "finished in time"},
        Light.missed: {"zh-CN": "超期办结", "en": "finished late"},
    }
)


def paused(clock: Clock) -> bool:
    """Whether a pause is open."""
    return bool(clock.pauses) and clock.pauses[-1].end is None


def pause(clock: Clock, kind: str, at: datetime) -> Clock:
    """The clock paused at `at`. ValueError where it is paused or stopped, where `at` is before its last
    event, and where the class is unknown or does not stop this clock (行政许可法 art. 45)."""
    _check_order(clock, at, "pause")
    if paused(clock):
        raise _nonsense(clock, "pause", "it is paused")
    if kind not in PAUSE_CLASSES:
        raise _nonsense(clock, "pause", f"unknown pause class {kind!r}")
    if clock.name not in PAUSE_CLASSES[kind].stops:
        raise _nonsense(clock, "pause", f"{kind} does not stop it")
    return replace(clock, pauses=(*clock.pauses, Pause(kind, at)))


def resume(clock: Clock, at: datetime) -> Clock:
    """The clock running again from `at`. ValueError where it runs or is stopped, or `at` goes back."""
    _check_order(clock, at, "resume")
    if not paused(clock):
        raise _nonsense(clock, "resume", "it is running")
    return replace(clock, pauses=(*clock.pauses[:-1], replace(clock.pauses[-1], end=at)))


def extend(clock: Clock, limit: Limit) -> Clock:
    """The clock with `limit` more. ValueError for a second extension (行政许可法 art. 42 gives one), for one
    in another unit or of nothing, and on a stopped clock."""
    if clock.stopped is not None:
        raise _nonsense(clock, "extend", "it is stopped")
    if clock.extension is not None:
        raise _nonsense(clock, "extend", "it was extended once already")
    if limit.unit is not clock.limit.unit:
        raise _nonsense(clock, "extend", f"{limit.unit} is another unit than its limit's")
    if limit.amount == 0:
        raise _nonsense(clock, "extend", "an extension of 0 extends nothing")
    return replace(clock, extension=limit)


def stop(clock: Clock, at: datetime) -> Clock:
    """The clock stopped for good at `at`, where an open pause ends too. ValueError as for `pause`."""
    _check_order(clock, at, "stop")
    running = resume(clock, at) if paused(clock) else clock
    return replace(running, stopped=at)


def due(clock: Clock, calendar: Calendar) -> Due | None:
    """When the clock runs out; while a pause is open, only an event that comes (None: nothing does).

    Days: the start day never counts (民法典 art. 201); a day after a pause began, up to the day it ended,
    does not count; a last day that is a rest day moves to the next working day (art. 203). Hours: exact.
    """
    if paused(clock):
        return Due(clock.no_later, provisional=False) if clock.no_later else None
    return _due(clock, calendar)


def warning_from(clock: Clock, calendar: Calendar) -> datetime | None:
    """From when the light is yellow; None while a pause is open and no event comes.

    Days: 00:00 of the working day before the due day, so that at most one working day is left; a limit of
    at most one day (or a told due within one working day) warns on the due day itself. Hours: the last
    fifth of the limit.
    """
    ends = due(clock, calendar)
    return None if ends is None else warning_before(clock, ends, calendar)


def warning_before(clock: Clock, ends: Due, calendar: Calendar) -> datetime:
    """From when the light of a clock that is due at `ends` is yellow, as `warning_from` says; before a provisional
    date the calendar day before it, because nobody knows yet which days are working days."""
    if clock.limit.unit is Unit.hour:
        return ends.last - timedelta(hours=clock.total) / 5
    short = clock.total <= 1
    if clock.told is not None:
        short = ends.day <= calendar.working_day_after(legal_day(clock.start), 1)
    if ends.provisional and not short:
        return start_of_day(ends.day - ONE_DAY)
    return start_of_day(ends.day if short else calendar.working_day_before(ends.day))


def overdue(clock: Clock, calendar: Calendar, at: datetime) -> bool:
    """Whether the clock had run out at `at`, or, for a stopped clock, when it was stopped.

    An open pause holds the due off only if it began in time: pausing late does not undo being late. Times
    are compared at whole seconds, as they are stored. ValueError for a naive `at`.
    """
    refuse_naive(at)
    until = at if clock.stopped is None else clock.stopped
    if clock.no_later is not None and until > clock.no_later:
        return True
    if paused(clock):
        opened = clock.pauses[-1].start
        clock, until = replace(clock, pauses=clock.pauses[:-1]), min(until, opened)
    return until.replace(microsecond=0) > _due(clock, calendar).last.replace(microsecond=0)


def light(clock: Clock, calendar: Calendar, now: datetime) -> Light:
    """How the clock stands at `now`. ValueError for a naive `now`."""
    late = overdue(clock, calendar, now)
    if clock.stopped is not None:
        return Light.missed if late else Light.met
    if late:
        return Light.red
    warning = warning_from(clock, calendar)
    if warning is None:
        return Light.paused
    return Light.yellow if now >= warning else Light.green


def uncounted(clock: Clock) -> tuple[tuple[date, date], ...]:
    """For each pause the first and last day that do not count for it: from the day on which it began to the day
    before it ended (`date.max` while it is open), so that whoever resumes still has that day. A pause that
    ends on the day it began takes nothing out: its first day is later than its last."""
    return tuple(
        (legal_day(one.start), date.max if one.end is None else legal_day(one.end) - ONE_DAY) for one in clock.pauses
    )


def after_hours(clock: Clock) -> datetime:
    """The instant at which the clock's hours have run, leaving out its pauses, all of which have ended."""
    runs_out = clock.start + timedelta(hours=clock.total)
    counted_to = clock.start
    for one in sorted(clock.pauses, key=lambda each: each.start):
        begins = max(one.start, counted_to)
        if one.end is not None and begins < min(runs_out, one.end):
            runs_out += one.end - begins
            counted_to = one.end
    return runs_out


def _due(clock: Clock, calendar: Calendar) -> Due:
    if clock.told is not None:
        return Due(clock.told, provisional=False)
    counted = _counted(clock, calendar)
    if clock.no_later is not None and clock.no_later < counted.last:
        return Due(clock.no_later, provisional=False)
    return counted


def _counted(clock: Clock, calendar: Calendar) -> Due:
    if clock.limit.unit is Unit.hour:
        return Due(after_hours(clock), provisional=False)
    start = legal_day(clock.start)
    every_day = clock.limit.unit is Unit.calendar_day
    last = calendar.last_day(start, clock.total, every_day=every_day, gaps=uncounted(clock))
    return Due(end_of_day(last), calendar.provisional(min(start + ONE_DAY, last), last))


def _check_order(clock: Clock, at: datetime, verb: str) -> None:
    refuse_naive(at)
    if clock.stopped is not None:
        raise _nonsense(clock, verb, "it is stopped")
    latest = clock.start
    if clock.pauses:
        latest = max(latest, clock.pauses[-1].end or clock.pauses[-1].start)
    if at < latest:
        raise _nonsense(clock, verb, f"{at.isoformat()} goes back before {latest.isoformat()}")


def _nonsense(clock: Clock, verb: str, why: str) -> ValueError:
    return ValueError(f"cannot {verb} the {clock.name} clock: {why}")
