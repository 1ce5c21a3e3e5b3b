"""Rules about limits: late by law or promise, special procedures and extensions that are no such thing, no delivery.

Each function looks for what its docstring says; code, severity, basis and parameters are in chalicelib/rules. The rungs
are those of `ladder`; a case of this platform is asked for them by its clocks, any other by its terms. This module must
not count a limit: dates come with the timeline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from chalicelib.domain.calendar import Calendar, end_of_day, legal_day
from chalicelib.domain.clocks import Clock, Due, Limit, Unit
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.domain.supervision import ladder
from chalicelib.domain.supervision.rule import Code, Fact, Finding, NotMeasurable, Parameters, Verdict, verdict
from chalicelib.domain.supervision.sightings import CLOSES, RESULT, none_of, over, sighting, unanswered
from chalicelib.domain.supervision.timeline import Event, Term, Timeline

_LONGEST_REST = timedelta(days=20)  # no two working days lie further apart
_TOLD = Limit(0, Unit.calendar_day)
_ENDS_PAUSE = frozenset({"resume", "withdraw", "complete", *RESULT})


def nearly_late(timeline: Timeline, _parameters: Parameters, calendar: Calendar) -> Verdict:
    """临近到期：期限届满前一个工作日仍未办结（小时时限为最后五分之一）。

    A limit was not met by the start of the working day before its last; of a limit of one day, by the start of that
    day; of a limit in hours, by its last fifth."""
    return _reached(timeline, ladder.YELLOW, calendar)


def late(timeline: Timeline, _parameters: Parameters, calendar: Calendar) -> Verdict:
    """超期：期限届满仍未办结，含环节超期和在办超期；暂停计时期间不计。

    The last instant of a limit went by and what it limits was not done, be it done later or still open. Where one of
    the two is a day without a time, days are compared."""
    return _reached(timeline, ladder.RED, calendar)


def late_still(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """超期升级：超期后再过规定的工作日仍未办结，报上一级。

    A limit was not met for as many more working days as the parameter says: it goes to the level above."""
    return _reached(timeline, ladder.ESCALATED, calendar, parameters["working_days"])


def _reached(timeline: Timeline, rule: str, calendar: Calendar, days: int = 0) -> Verdict:
    if not timeline.terms:
        return NotMeasurable("deadline")
    soonest = -_LONGEST_REST if rule == ladder.YELLOW else timedelta(days=days)  # after the last instant
    found: dict[str, Finding] = {}
    for term in timeline.terms:
        until = term.ended or timeline.at
        if term.last is None or until < term.last + soonest:
            continue
        clock, due = _running(timeline, term, term.last)
        at = ladder.when(rule, clock, due, calendar, days)
        if at <= until:
            name = _name(term)
            found.setdefault(name, _on_clock(rule, timeline, term, at, name))
    return tuple(found.values())


def _rungs(timeline: Timeline, term: Term, calendar: Calendar, days: int) -> Iterator[ladder.Rung]:
    """The rungs of a term."""
    return ladder.rungs(*_running(timeline, term, term.last), calendar, days) if term.last else iter(())


def _running(timeline: Timeline, term: Term, last: datetime) -> tuple[Clock, Due]:
    """The clock of a term that ends at `last`; a day is due at its end."""
    if term.whole_days:
        last = end_of_day(legal_day(last))
    opened = timeline.first("submit")
    clock = Clock(term.clock, term.since or (opened and opened.at) or last, _TOLD, told=last)
    return clock, Due(last, term.provisional)


def _on_clock(rule: str, timeline: Timeline, term: Term, at: datetime, name: str) -> Finding:
    shown: dict[str, Fact] = {"clock": term.clock, "due": int(term.last.timestamp()) if term.last else 0}
    return Finding(rule, timeline.case_id, timeline.organisation, at, name, shown)


def withdrawn(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """预警撤回：新公布的日历推迟了暂定期限，按暂定期限发出的预警尚未到时，予以撤回。

    A rung was reached on a provisional date, and the date that the calendar, once published, put in its place has not
    reached it yet: the warning is taken back. `working_days` is that of the rung that goes to the level above."""
    if not timeline.terms:
        return NotMeasurable("deadline")
    days, found = parameters["working_days"], list[Finding]()
    for term in timeline.terms:
        moved = next((each for each in timeline.terms if each.clock == term.clock and each.since == term.ended), None)
        if not term.provisional or term.ended is None or moved is None:
            continue
        later = {rung.rule for rung in _rungs(timeline, moved, calendar, days) if rung.at > term.ended}
        for rung in _rungs(timeline, term, calendar, days):
            if rung.at <= term.ended and rung.rule in later:
                name = f"{rung.rule}#{_name(term)}"
                found.append(_on_clock(ladder.WITHDRAWN, timeline, term, term.ended, name))
    return tuple(found)


def _name(term: Term) -> str:
    """What makes a rung one within its case: the clock; each stage is a clock of its own."""
    stage = f":{int(term.last.timestamp())}" if term.last and term.clock == "stage" else ""
    return f"{term.clock}{stage}{'~' if term.provisional else ''}"


def pauses_misused(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """滥用特别程序：临近到期才启动、多次启动、超过告知的时间、事由不在法定范围。

    A special procedure that began when at most the working days allowed were left or none (of a limit in hours: its
    last fifth), that was not the first, that lasted longer than the applicant was told, or whose cause no law or guide
    names."""
    if "suspend" not in timeline.numbers:
        return none_of(timeline, "suspend")
    found, missing = list[Finding](), None
    for place, (number, event) in enumerate(_pauses(timeline), start=1):
        kind, days = event.evidence.get("pause_class"), event.evidence.get("days")
        if place > parameters["pauses"]:
            found.append(sighting("A07", timeline, number, f"{number}:again", pauses=place))
        if kind not in PAUSE_CLASSES and (kind is not None or not timeline.pooled):
            found.append(sighting("A07", timeline, number, f"{number}:cause"))
        left = _left(timeline, number, parameters["working_days"], calendar)
        if left:
            found.append(sighting("A07", timeline, number, f"{number}:late", due=int(left.timestamp())))
        if isinstance(days, int) and (last := unanswered(timeline, number, _ENDS_PAUSE, days, calendar)):
            found.append(sighting("A07", timeline, number, f"{number}:overlong", at=over(last), days=days))
        if not timeline.terms or kind is None or days is None:
            missing = "pause_class" if kind is None else "days" if days is None else "deadline"
    return verdict(found, missing)


def _pauses(timeline: Timeline) -> Iterator[tuple[int, Event]]:
    """The steps that began a pause; what is said of one that is open begins none."""
    paused = False
    for number, event in timeline.numbered("suspend", *_ENDS_PAUSE):
        if event.node == "suspend" and not paused:
            yield number, event
        paused = event.node == "suspend"


def _left(timeline: Timeline, number: int, days: int, calendar: Calendar) -> datetime | None:
    """The last instant of a limit in force of which little was left at step `number`; None where there was enough."""
    event = timeline.events[number - 1]
    if event.at is None:
        return None
    for term, last in _in_force(timeline, number):
        hours = _hours(timeline, term)
        if hours is not None:
            little = event.at >= last - timedelta(hours=hours) / 5
        else:
            little = calendar.working_days_between(legal_day(event.at), legal_day(last)) <= days
        if little:
            return last
    return None


def _in_force(timeline: Timeline, number: int) -> Iterator[tuple[Term, datetime]]:
    """The terms of the case as a whole, with their last instants, that ran when step `number` was taken; those that it
    moved are among them. A date that the source gave for the whole case runs until the case is recorded as closed."""
    at = timeline.events[number - 1].at
    closed = timeline.number(*CLOSES)
    for term in timeline.terms:
        if term.last is None or at is None or term.clock == "stage":
            continue
        if term.since is None and term.clock in ("statutory", "promised"):
            runs = closed is None or number < closed
        else:
            runs = (term.since is None or term.since <= at) and (term.ended is None or term.ended >= at)
        if runs:
            yield term, term.last


def _hours(timeline: Timeline, term: Term) -> int | None:
    """How long a limit in hours is; None for one in days, and where the source does not say."""
    if timeline.item is None:
        return None
    limit = timeline.item.statutory if term.clock == "statutory" else timeline.item.promised
    return limit.amount if limit and limit.unit is Unit.hour else None


def extension_improper(timeline: Timeline, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """延期不当：期限届满后才延期、再次延期、超过可延长的时间、无批准人或理由。

    An extension after the limit had run out, one more than the law gives, one longer than the item allows (where it is
    not known: than the parameter), or one without its approver or reason."""
    if "extend" not in timeline.numbers:
        return none_of(timeline, "extend")
    found, missing = list[Finding](), None
    item = timeline.item
    most = item.extension.amount if item and item.extension else parameters["working_days"]
    for place, (number, event) in enumerate(timeline.numbered("extend"), start=1):
        days = event.evidence.get("days")
        lacking = tuple(name for name in ("approver", "reason") if not event.evidence.get(name))
        silent = timeline.pooled and not any(name in event.evidence for name in ("approver", "reason"))
        if place > parameters["extensions"]:
            found.append(sighting("A08", timeline, number, f"{number}:again", extensions=place))
        if any(event.at and last < event.at for _, last in _in_force(timeline, number)):
            found.append(sighting("A08", timeline, number, f"{number}:late"))
        if isinstance(days, int) and days > most:
            found.append(sighting("A08", timeline, number, f"{number}:long", days=days, most=most))
        if lacking and not silent:
            found.append(sighting("A08", timeline, number, f"{number}:unapproved", missing=lacking))
        if silent or days is None or not timeline.terms:
            missing = "approver" if silent else "days" if days is None else "deadline"
    return verdict(found, missing)


def not_delivered(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """决定后在法定工作日内未送达。

    A decision whose result was not handed over within the working days of the law. A source that is not known to tell
    of deliveries cannot show that there was none."""
    number = timeline.number(*RESULT)
    if number is None:
        return none_of(timeline, *RESULT)
    if "deliver" not in timeline.numbers and not _tells_deliveries(timeline):
        return NotMeasurable("deliver")
    last = unanswered(timeline, number, ("deliver",), parameters["working_days"], calendar)
    return (sighting("A18", timeline, number, at=over(last), last=last.isoformat()),) if last else ()


def _tells_deliveries(timeline: Timeline) -> bool:
    return "deliver" in timeline.told if timeline.told is not None else not timeline.pooled


CODE: Mapping[str, Code] = {
    "W01": (nearly_late, ()),
    "W02": (late, ()),
    "W03": (late_still, ("working_days",)),
    "W04": (withdrawn, ("working_days",)),
    "A07": (pauses_misused, ("working_days", "pauses")),
    "A08": (extension_improper, ("working_days", "extensions")),
    "A18": (not_delivered, ("working_days",)),
}
SILENT = ("W01", "W02", "W03", "A07", "A18")
