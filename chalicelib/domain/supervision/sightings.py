"""What the rules of one case share: making a finding, who held the case then, and silence that lasted too long.

Whatever is said of a step is taken from the steps up to it in the order of record, so that a case that goes on changes
nothing of what was found before. This module must not know any rule.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from chalicelib.domain.calendar import ONE_DAY, Calendar, legal_day, start_of_day
from chalicelib.domain.supervision.rule import Fact, Finding, NotMeasurable, Verdict
from chalicelib.domain.supervision.timeline import Event, Timeline

RESULT = ("grant", "deny", "settle")  # the decision
FINISH = ("complete", "settle")
CLOSES = (*FINISH, "refuse", "not_ours", "withdraw", "deliver", "archive")
_HOME = ("return", "complete", "withdraw")  # back to whoever handles the case
SEEN_TO = frozenset({"accept", "correct", "refuse", "not_ours", "withdraw", "complete", *RESULT})  # an application


def none_of(timeline: Timeline, *nodes: str) -> Verdict:
    """What to say where a case has none of these nodes: nothing is wrong, or, of a source that cannot tell of any of
    them, that it cannot be measured."""
    return () if timeline.tells(*nodes) else NotMeasurable(nodes[0])


def sighting(
    rule: str,
    timeline: Timeline,
    number: int,
    occurrence: str = "",
    *,
    at: datetime | None = None,
    nodes: tuple[int, ...] = (),
    **evidence: Fact,
) -> Finding:
    """A finding about step `number`, at its time unless told otherwise; its organisation is the one that held the case
    when the step was taken."""
    shown: dict[str, Fact] = {"nodes": nodes or (number,), **evidence}
    when = at or moment(timeline, number)
    return Finding(rule, timeline.case_id, holder(timeline, number), when, occurrence, shown)


def moment(timeline: Timeline, number: int) -> datetime:
    """When step `number` was taken; where that is unknown, the last known time before it."""
    earlier = (event.at for event in reversed(timeline.events[:number]) if event.at)
    return next(earlier, timeline.at)


def holder(timeline: Timeline, number: int) -> str:
    """In whose hands the case lay (当前持件单位) when step `number` was taken: its handler's, or those of the level
    above that decides."""
    handler = holds = timeline.organisation
    if "transfer" not in timeline.numbers and "forward" not in timeline.numbers:
        return holds
    for passed, event in timeline.numbered("transfer", "forward", *_HOME):
        if passed >= number:
            break
        to = event.evidence.get("to_organisation")
        holds = to if isinstance(to, str) and event.node not in _HOME else handler
        if event.node == "transfer":
            handler = holds
    return holds


def over(day: date) -> datetime:
    """The instant at which `day` is over."""
    return start_of_day(day + ONE_DAY)


def before(one: Event, other: Event) -> bool | None:
    """Whether `one` was earlier than `other`: by the day where one of them is a day without a time; None where a time
    is unknown."""
    if one.at is None or other.at is None:
        return None
    if one.whole_day or other.whole_day:
        return legal_day(one.at) < legal_day(other.at)
    return one.at < other.at


def on_file(timeline: Timeline, number: int) -> int | None:
    """The bitmap of the materials that were on file before step `number`; None where the source does not say."""
    for event in reversed(timeline.events[: number - 1]):
        bits = event.evidence.get("materials")
        if isinstance(bits, int):
            return bits
    return None


def unanswered(timeline: Timeline, number: int, answers: Collection[str], days: int, calendar: Calendar) -> date | None:
    """The last of `days` working days after step `number`, where it went by without a step of `answers`; None where
    one came, or may still come. A step that is recorded after that day shows it, whatever is recorded later."""
    opened = timeline.events[number - 1].at
    if opened is None or not _may_be_over(timeline, number, answers, opened + timedelta(days=days)):
        return None
    last = calendar.working_day_after(legal_day(opened), days)
    limit = over(last)
    for event in timeline.events[number:]:
        if event.at is not None and event.at >= limit:
            return last
        if event.node in answers:
            return None
    return last if timeline.at >= limit else None


def _may_be_over(timeline: Timeline, number: int, answers: Collection[str], soonest: datetime) -> bool:
    """Whether the days can have gone by, seen without a calendar: n working days take n days at least."""
    for event in timeline.events[number:]:
        if event.at is not None and event.at > soonest:
            return True
        if event.node in answers:
            return False
    return timeline.at > soonest
