"""Rules about the order of steps: times that go back, what was recorded late, what went back and forth.

Each function looks for what its docstring says; code, severity, basis and parameters are in chalicelib/rules. This
module must not know persons or limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from chalicelib.domain.calendar import Calendar, legal_day
from chalicelib.domain.supervision.rule import Code, Finding, NotMeasurable, Parameters, Verdict, verdict
from chalicelib.domain.supervision.sightings import FINISH, before, none_of, over, sighting
from chalicelib.domain.supervision.timeline import Event, Timeline

_RANKS = {"submit": 0, "accept": 1, "grant": 2, "deny": 2, "settle": 2, "complete": 3, "deliver": 4}


def times_reversed(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """收件、受理、决定、办结、送达的时间先后颠倒，或步骤时间晚于其记录时间。

    Receipt, acceptance, decision, completion and delivery, the first of each, are not in this order of time; or a step
    bears a time after that of its own record. Days without a time are compared as days."""
    if not any(timeline.tells(node) for node in _RANKS if node != "submit"):
        return NotMeasurable("accept")
    steps = _firsts(timeline)
    found, unknown = [], False
    for place, (number, event) in enumerate(steps):
        for earlier, other in steps[:place]:
            pair = (other, event) if _RANKS[other.node] < _RANKS[event.node] else (event, other)
            back = before(pair[1], pair[0])
            unknown |= back is None
            if back:
                at = max(each.at for each in pair if each.at)
                found.append(sighting("A01", timeline, number, str(number), at=at, nodes=(earlier, number)))
                break
    if timeline.observed:
        found += _ahead(timeline)
    return verdict(found, "time" if unknown else None)


def _firsts(timeline: Timeline) -> list[tuple[int, Event]]:
    """The first step of each rank, in the order of record."""
    firsts: dict[int, int] = {}
    for node, rank in _RANKS.items():
        if node in timeline.numbers:
            number = timeline.numbers[node][0]
            firsts[rank] = min(number, firsts.get(rank, number))
    return [(number, timeline.events[number - 1]) for number in sorted(firsts.values())]


def _ahead(timeline: Timeline) -> list[Finding]:
    return [
        sighting("A01", timeline, number, f"{number}:future", at=recorded)
        for number, event in enumerate(timeline.events, start=1)
        if event.at and (recorded := _recorded(event)) and event.at.replace(microsecond=0) > recorded
    ]


def finish_recorded_late(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """办结在发生后超过规定的工作日才补录（体外循环）。

    A completion was recorded more than the working days allowed after it happened: the case went on outside the
    system. A case that was handled here is recorded as it happens."""
    return _recorded_late("A04", timeline, timeline.number(*FINISH), parameters, calendar)


def receipt_recorded_late(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """收件后超过规定的工作日才登记。

    An application was registered more than the working days allowed after it was received."""
    return _recorded_late("A27", timeline, timeline.number("submit"), parameters, calendar)


def _recorded_late(
    rule: str, timeline: Timeline, number: int | None, parameters: Parameters, calendar: Calendar
) -> Verdict:
    if number is None or not timeline.pooled:
        return ()
    event = timeline.events[number - 1]
    recorded = _recorded(event)
    if recorded is None or event.at is None:
        return NotMeasurable("recorded_at" if recorded is None else "time")
    last = calendar.working_day_after(legal_day(event.at), parameters["working_days"])
    if recorded < over(last):
        return ()
    happened, known = legal_day(event.at).isoformat(), legal_day(recorded).isoformat()
    return (sighting(rule, timeline, number, at=over(last), day=happened, recorded=known),)


def _recorded(event: Event) -> datetime | None:
    seconds = event.evidence.get("recorded_at")
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None


def returned_again(timeline: Timeline, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """同一办件被反复退回审查。

    A case was sent back to review as often as the parameter says."""
    numbers = timeline.numbers.get("return", ())
    most = parameters["returns"]
    if len(numbers) < most:
        return none_of(timeline, "return")
    return (sighting("A23", timeline, numbers[most - 1], nodes=tuple(numbers[:most])),)


CODE: Mapping[str, Code] = {
    "A01": (times_reversed, ()),
    "A04": (finish_recorded_late, ("working_days",)),
    "A23": (returned_again, ("returns",)),
    "A27": (receipt_recorded_late, ("working_days",)),
}
