"""Cross-case rules about what gathers: by night, at a month's end, in a minute, from one applicant.

Each function looks for what its docstring says; code, severity, basis and parameters are in chalicelib/rules. This
module must not compare organisations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from chalicelib.domain.calendar import ONE_DAY, SHANGHAI, Calendar
from chalicelib.domain.supervision.rule import Fact, Finding, Parameters, Verdict, verdict
from chalicelib.domain.supervision.sightings import over
from chalicelib.domain.supervision.span import FINISHES, CaseFact, Span, SpanCode


def off_hours(span: Span, parameters: Parameters, calendar: Calendar) -> Verdict:
    """深夜或非工作日集中办结：同一人在夜间，或休息日在窗口，大量办结。

    One person finished many cases of one day by night, or at a window on a rest day."""
    rest = not calendar.is_working_day(span.last)
    found, missing = defaultdict[str, list[CaseFact]](list), None
    for fact in _by_persons(span):
        at_window = rest and fact.channel == "window"
        if fact.actor is None or (fact.at is None and not at_window):
            missing = "actor" if fact.actor is None else "time"
        elif at_window or _by_night(fact, parameters["from_hour"], parameters["to_hour"]):
            found[fact.actor].append(fact)
    return verdict(_batches("A09", span, found, parameters["cases"]), missing)


def _by_persons(span: Span) -> Iterable[CaseFact]:
    return (fact for fact in span.facts if fact.node in FINISHES and not fact.automatic)


def _by_night(fact: CaseFact, from_hour: int, to_hour: int) -> bool:
    hour = fact.at.astimezone(SHANGHAI).hour if fact.at else 12
    return hour >= from_hour or hour < to_hour


def _batches(rule: str, span: Span, by: Mapping[str, list[CaseFact]], most: int) -> list[Finding]:
    """A finding for each person who reached `most`, at the time at which they did."""
    found = []
    for name, facts in sorted(by.items()):
        if len(facts) >= most:
            reached = sorted(facts, key=_when)[:most]
            found.append(_finding(rule, span, _when(reached[-1])[0], name, cases=_cases(reached)))
    return found


def _when(fact: CaseFact) -> tuple[datetime, str]:
    return fact.at or over(fact.day), fact.case_id


def _cases(facts: Iterable[CaseFact]) -> tuple[str, ...]:
    return tuple(fact.case_id for fact in facts)


def _finding(rule: str, span: Span, at: datetime, occurrence: str = "", **evidence: Fact) -> Finding:
    return Finding(rule, span.subject, span.organisation, at, occurrence, evidence)


def in_one_minute(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """批量办结：同一人在规定秒数内集中办结多件。

    One person finished many cases within the seconds of the parameter."""
    by, missing = defaultdict[str, list[tuple[datetime, str]]](list), None
    for fact in _by_persons(span):
        if fact.actor is None or fact.at is None:
            missing = "actor" if fact.actor is None else "time"
        else:
            by[fact.actor].append((fact.at, fact.case_id))
    most, seconds, found = parameters["cases"], timedelta(seconds=parameters["seconds"]), []
    for name, times in sorted(by.items()):
        times.sort()
        for start in range(len(times) - most + 1):
            batch = times[start : start + most]
            if batch[-1][0] - batch[0][0] < seconds:
                found.append(_finding("A34", span, batch[-1][0], name, cases=tuple(case_id for _, case_id in batch)))
                break
    return verdict(found, missing)


def month_end_rush(span: Span, parameters: Parameters, calendar: Calendar) -> Verdict:
    """月末突击：月末最后几个工作日的日均办结量远高于当月此前的日均办结量。

    In the last working days of a month so many cases were finished that their daily mean is more than the given
    percentage of the mean of the working days before."""
    tail = _last_working_days(span.last, parameters["working_days"], calendar)
    days = calendar.working_days_between(span.first - ONE_DAY, tail - ONE_DAY)
    finished = sorted((fact for fact in span.facts if fact.node in FINISHES), key=_when)
    earlier = sum(fact.day < tail for fact in finished)
    late = [fact for fact in finished if fact.day >= tail]
    most = parameters["percent"] * earlier * parameters["working_days"]
    for number, fact in enumerate(late, start=1):
        if days and number >= parameters["cases"] and number * days * 100 > most:
            return (_finding("A10", span, _when(fact)[0], finished=number, before=earlier, days=days),)
    return ()


def _last_working_days(last: date, number: int, calendar: Calendar) -> date:
    """The first of the last `number` working days up to `last`."""
    day = last + ONE_DAY
    for _ in range(number):
        day = calendar.working_day_before(day)
    return day


def one_applicant(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """一人多办：同一申请人在数日内多次申请同一事项。

    One applicant filed as many cases of one item within the days of the parameter; told on the day on which that number
    was reached."""
    since, by, missing = span.last - timedelta(days=parameters["days"] - 1), defaultdict(list), None
    for fact in span.facts:
        if fact.node != "submit" or not since <= fact.day <= span.last:
            continue
        if fact.applicant is None or fact.item is None:
            missing = "applicant" if fact.applicant is None else "item"
        else:
            by[fact.applicant, fact.item.partition("@")[0]].append(fact)
    found = []
    for filed in by.values():
        reached = sorted(filed, key=_when)[: parameters["cases"]]
        if len(reached) == parameters["cases"] and reached[-1].day == span.last:
            at, name = _when(reached[-1])
            found.append(_finding("A14", span, at, name, cases=_cases(reached), item=reached[-1].item or ""))
    return verdict(sorted(found, key=lambda each: each.occurrence), missing)


CODE: Mapping[str, SpanCode] = {
    "A09": (off_hours, ("cases", "from_hour", "to_hour")),
    "A10": (month_end_rush, ("working_days", "percent", "cases")),
    "A14": (one_applicant, ("cases", "days")),
    "A34": (in_one_minute, ("cases", "seconds")),
}
