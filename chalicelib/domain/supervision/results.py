"""Rules about materials and results: what was accepted without them, completed without one, or decided both ways.

Each function looks for what its docstring says; code, severity, basis and parameters are in chalicelib/rules. This
module must not look at times beyond their order.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain import materials
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.supervision.rule import Code, Finding, NotMeasurable, Parameters, Verdict, verdict
from chalicelib.domain.supervision.sightings import FINISH, before, moment, none_of, on_file, sighting
from chalicelib.domain.supervision.timeline import Timeline

_WORK = frozenset(
    {"accept", "review", "return", "forward", "suspend", "extend", "grant", "deny", "correct", "supplement"}
)
_OPPOSED = ((("accept",), ("refuse", "not_ours")), (("grant",), ("deny",)))


def materials_missing(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """受理时缺少必要材料，且无共享或容缺标记。

    A required material was neither there nor shared nor promised to follow when the application was accepted."""
    number = timeline.number("accept", "settle")
    if number is None:
        return none_of(timeline, "accept", "settle")
    if timeline.item is None:
        return NotMeasurable("item")
    bits = on_file(timeline, number)
    if bits is None:
        required = any(each.necessity == "required" for each in timeline.item.materials)
        return NotMeasurable("materials") if required else ()
    lacking = tuple(each.code for each in materials.missing(timeline.item, bits))
    return (sighting("A11", timeline, number, str(number), materials=lacking),) if lacking else ()


def completed_in_name(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """虚假办结：准予办结无结果文号，或办结后又继续办理。

    A grant was completed without the number of its result, or the case was worked on after it was completed."""
    number = timeline.number(*FINISH)
    if number is None:
        return none_of(timeline, *FINISH)
    found, missing = list[Finding](), None
    finish = timeline.events[number - 1]
    decided = timeline.number("grant", "settle")
    if decided is not None and decided <= number and not finish.evidence.get("result_number"):
        if timeline.pooled and "result_number" not in finish.evidence:
            missing = "result_number"
        else:
            found.append(sighting("A12", timeline, number, f"{number}:number"))
    for later, event in enumerate(timeline.events, start=1):
        if event.node in _WORK and before(finish, event):
            found.append(sighting("A12", timeline, later, f"{later}:reopened", nodes=(number, later)))
            break
    return verdict(found, missing)


def decided_both_ways(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """意见矛盾：同一办件既受理又不予受理，或既准予又不予许可。

    Of one case two posts said opposite things: accepted and not accepted, or granted and denied."""
    if not any(timeline.tells(*ones) and timeline.tells(*others) for ones, others in _OPPOSED):
        return NotMeasurable("refuse")
    found = []
    for ones, others in _OPPOSED:
        second = timeline.number(*others)
        first = timeline.number(*ones) if second else None
        if first and second:
            nodes = (min(first, second), max(first, second))
            at = max(moment(timeline, number) for number in nodes)
            found.append(sighting("A24", timeline, nodes[1], ones[0], at=at, nodes=nodes))
    return tuple(found)


def item_not_in_force(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """使用已停用或未启用的事项办理。

    A case was taken in under an item that was retired, or not in force yet."""
    if timeline.item is None:
        return NotMeasurable("item")
    return () if timeline.item.active else (sighting("A25", timeline, 1, item=timeline.item.ref),)


CODE: Mapping[str, Code] = {
    "A11": (materials_missing, ()),
    "A12": (completed_in_name, ()),
    "A24": (decided_both_ways, ()),
    "A25": (item_not_in_force, ()),
}
