"""Rules about what applicants are told: once and in time, with reasons and remedies, and nothing asked for twice.

Each function looks for what its docstring says; code, severity, basis and parameters are in chalicelib/rules. This
module must not read what was told, only whether it was.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain import materials
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.supervision.rule import Code, Finding, NotMeasurable, Parameters, Verdict, verdict
from chalicelib.domain.supervision.sightings import SEEN_TO, none_of, on_file, over, sighting, unanswered
from chalicelib.domain.supervision.timeline import Event, Timeline

_ANSWERS = ("accept", "correct", "refuse", "not_ours", "settle")  # a source that tells of none cannot show silence
_COMES_IN = ("submit", "supplement")
_SAYS: Mapping[str, tuple[str, ...]] = {  # what a refusal tells besides itself: 行政许可法 art. 32(1)(2), 38
    "refuse": ("reason", "remedy"),
    "deny": ("reason", "remedy"),
    "not_ours": ("reason", "competent_authority"),
}


def corrections_repeated(timeline: Timeline, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """受理前反复要求补正（应当一次性告知）。

    Corrections were asked for as often as the parameter says before the application was accepted; the law has all of
    it told at once."""
    accepted = timeline.number("accept", "settle") or len(timeline.events) + 1
    numbers = [number for number in timeline.numbers.get("correct", ()) if number < accepted]
    most = parameters["notices"]
    if len(numbers) < most:
        return none_of(timeline, "correct")
    return (sighting("A05", timeline, numbers[most - 1], nodes=tuple(numbers[:most])),)


def not_told_in_time(timeline: Timeline, parameters: Parameters, calendar: Calendar) -> Verdict:
    """收件（或补正提交）后在法定工作日内既未受理、也未告知补正或不予受理（逾期视为受理）。

    An application, or what was supplied later, lay for more than the working days of the law and was neither accepted
    nor answered; by law it counts as accepted from the day on which it came in."""
    if not timeline.tells(*_ANSWERS):
        return NotMeasurable("accept")
    found = list[Finding]()
    accepted = timeline.number("accept", "settle") or len(timeline.events) + 1
    for number, event in timeline.numbered(*_COMES_IN):
        if event.node == "supplement" and number > accepted:
            continue  # what is supplied in the review waits for no acceptance
        if event.at is None:
            return verdict(found, "time")
        last = unanswered(timeline, number, SEEN_TO, parameters["working_days"], calendar)
        if last:
            found.append(sighting("A06", timeline, number, str(number), at=over(last), last=last.isoformat()))
    return tuple(found)


def refused_without_reason(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """不予受理、不予许可未说明理由，或未告知救济途径（不属职权的未告知有权机关）。

    A refusal or denial without its reason or without the remedy, or a referral that does not say to whom. A step of
    another system that carries no text at all says nothing of what was told."""
    refusals = timeline.numbered(*_SAYS)
    if not refusals:
        return none_of(timeline, *_SAYS)
    found, missing = [], None
    for number, event in refusals:
        lacking = _lacking(event, _SAYS[event.node])
        if timeline.pooled and not any(name in event.evidence for name in _SAYS[event.node]):
            missing = "reason"
        elif lacking:
            found.append(sighting("A17", timeline, number, str(number), missing=lacking))
    return verdict(found, missing)


def _lacking(event: Event, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not event.evidence.get(name))


def asked_for_what_was_there(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """再次补正所要求的材料，首次告知时已在卷而未提出（应当一次告知全部内容）。

    A second notice asks for a material that was on file when the first was given, and that the first did not name:
    what was wrong with it could have been told then."""
    notices = timeline.numbered("correct")
    if len(notices) < 2:
        return none_of(timeline, "correct")
    if timeline.item is None:
        return NotMeasurable("item")
    first, event = notices[0]
    bits, named = on_file(timeline, first), event.evidence.get("corrections")
    if bits is None or not isinstance(named, tuple):
        return NotMeasurable("materials" if bits is None else "corrections")
    there = set(materials.present(timeline.item, bits)) - set(named)
    found = list[Finding]()
    for number, later in notices[1:]:
        codes = later.evidence.get("corrections")
        again = tuple(code for code in codes if code in there) if isinstance(codes, tuple) else ()
        if again:
            found.append(sighting("A26", timeline, number, str(number), nodes=(first, number), materials=again))
    return tuple(found)


CODE: Mapping[str, Code] = {
    "A05": (corrections_repeated, ("notices",)),
    "A06": (not_told_in_time, ("working_days",)),
    "A17": (refused_without_reason, ()),
    "A26": (asked_for_what_was_there, ()),
}
SILENT = ("A06",)
