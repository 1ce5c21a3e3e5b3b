"""Rules about pace: decided faster than anybody can read, nothing done for long, open for long.

Each function looks for what its docstring says; code, severity, basis and parameters are in chalicelib/rules. This
module must not know limits: what is late by law or promise is the ladder's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from chalicelib.domain.calendar import ONE_DAY, Calendar, legal_day
from chalicelib.domain.supervision.rule import Code, Finding, NotMeasurable, Parameters, Verdict, verdict
from chalicelib.domain.supervision.sightings import CLOSES, FINISH, over, sighting
from chalicelib.domain.supervision.timeline import Timeline

_EXAMINES = ("accept", "review", "grant", "deny")
_WAITS = frozenset({"correct", "suspend"})  # for the applicant, or for a special procedure
_STAYS = frozenset({"notify", "check", "recalculate"})  # whoever waited waits on


def too_fast(timeline: Timeline, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """秒办：承诺件受理到办结、即办件收件到办结过快；或受理、审查、决定之间同秒完成。

    A person finished a promised item within seconds of accepting it, or an instant item within seconds of receiving
    it; or took two of acceptance, review and decision in one breath. What is done in one request has no time between.
    Stamps without a time cannot tell."""
    if not timeline.tells(*_EXAMINES, *FINISH):
        return NotMeasurable("accept")
    examined = [(number, event) for number, event in timeline.numbered(*_EXAMINES) if not event.automatic]
    found, unknown = list[Finding](), False
    for (number, _), (following, _) in pairwise(examined):
        quick = _within(timeline, number, following, parameters["step_seconds"])
        unknown |= quick is None
        if quick:
            found.append(sighting("A02", timeline, following, str(following), nodes=(number, following)))
    whole = _whole(timeline, parameters)
    if isinstance(whole, Finding):
        found.append(whole)
    return verdict(found, "time" if unknown or isinstance(whole, NotMeasurable) else None)


def _whole(timeline: Timeline, parameters: Parameters) -> Finding | NotMeasurable | None:
    """From acceptance, or from receipt where there is none, to completion."""
    number = next((n for n, event in timeline.numbered(*FINISH) if not event.automatic), None)
    if number is None:
        return None
    accepted = [each for each in timeline.numbers.get("accept", ()) if each < number]
    start = accepted[0] if accepted else timeline.number("submit")
    if start is None or start > number:
        return None
    promised = timeline.form == "promised" or (timeline.form is None and bool(accepted))
    seconds = parameters["promised_seconds" if promised else "instant_seconds"]
    quick = _within(timeline, start, number, seconds)
    if quick is None:
        return NotMeasurable("time")
    return sighting("A02", timeline, number, str(number), nodes=(start, number)) if quick else None


def _within(timeline: Timeline, start: int, number: int, seconds: int) -> bool | None:
    """Whether step `number` followed step `start` in less than `seconds`; None where the stamps cannot tell."""
    one, other = timeline.events[start - 1], timeline.events[number - 1]
    if one.at is None or other.at is None:
        return None
    if one.whole_day or other.whole_day:
        return None if abs(legal_day(other.at) - legal_day(one.at)) <= ONE_DAY else False
    if not timedelta(0) <= other.at - one.at < timedelta(seconds=seconds):
        return False
    # Filed and settled at the window in one request (浙公办〔2023〕6号: 即办件窗口直接出件), it took no measured time.
    return not all(event.joined for event in timeline.events[start:number])


def idle(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """久拖未办：在办期间连续多个工作日无任何办理动作（等待补正、特别程序期间除外），应予催办。

    An open case on which nothing was done for more than the working days allowed, and which waited neither for its
    applicant nor for a special procedure: its handler is to be urged."""
    if not timeline.tells_steps():
        return NotMeasurable("steps")
    days = parameters["working_days"]
    found = []
    for number, since, until in _lulls(timeline):
        if until - since <= timedelta(days=days):
            continue  # n working days take n days at least
        last = calendar.working_day_after(legal_day(since), days)
        if until >= over(last):
            found.append(sighting("A21", timeline, number + 1, str(number), at=over(last), nodes=(number,)))
    return tuple(found)


def open_for_long(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """超长在办：扣除等待补正和特别程序后，在办超过规定工作日仍未办结，应予督办。

    A case that is open beyond the working days allowed, those left out on which it waited for its applicant or for a
    special procedure: the level above is to look at it."""
    if not timeline.tells(*CLOSES):
        return NotMeasurable("complete")
    left = parameters["working_days"]
    begun = reached = timeline.at  # the stretch that is looked at, of lulls that follow each other at once
    for number, since, until in _lulls(timeline):
        if since != reached:
            left -= calendar.working_days_between(legal_day(begun), legal_day(reached))
            begun = since
        reached = until
        if until - begun > timedelta(days=left):
            last = calendar.working_day_after(legal_day(begun), left)
            if until >= over(last):
                return (sighting("A22", timeline, number + 1, at=over(last), nodes=(1, number)),)
    return ()


def _lulls(timeline: Timeline) -> Iterator[tuple[int, datetime, datetime]]:
    """The stretches between one step and the next, up to the end, in which the case lay with whoever handles it: the
    number of the step before, when it was taken, and until when nothing was. A step that was recorded late, with a
    time before the latest, ends no stretch and begins none."""
    since: tuple[int, datetime] | None = None
    waits = False
    for number, event in enumerate(timeline.events, start=1):
        if event.at is None and event.node in CLOSES:
            return  # nobody knows how long it was open
        if event.at is None or event.node == "recalculate":
            continue
        if since is not None and not waits and event.at > since[1]:
            yield *since, event.at
        if event.node in CLOSES or (event.node == "deny" and timeline.form == "instant"):
            return
        if since is None or event.at >= since[1]:
            since = (number, event.at)
        waits = event.node in _WAITS or (waits and event.node in _STAYS)
    end = timeline.ended or timeline.at
    if since is not None and not waits and end > since[1]:
        yield *since, end


CODE: Mapping[str, Code] = {
    "A02": (too_fast, ("promised_seconds", "instant_seconds", "step_seconds")),
    "A21": (idle, ("working_days",)),
    "A22": (open_for_long, ("working_days",)),
}
SILENT = ("A21", "A22")
