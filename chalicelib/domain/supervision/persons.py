"""Rules about persons: who did two things that belong to two, who was not competent, how many were on site.

Each function looks for what its docstring says; code, severity, basis and parameters are in chalicelib/rules. Steps of
system, administration and test accounts are nobody's. This module must not look at times.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain import organisation
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.item import Item
from chalicelib.domain.supervision.rule import Code, Finding, NotMeasurable, Parameters, Verdict, verdict
from chalicelib.domain.supervision.sightings import RESULT, holder, moment, none_of, sighting
from chalicelib.domain.supervision.timeline import Timeline

_APART = (("accept", "deny"), ("accept", "grant"))  # of a source that does not say which item it is
_SURVEYS = ("review", "settle")  # where an on-site check is recorded


def same_person(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """同一人既受理又决定（即办件和事项未要求分离的除外）。

    One person took both of two steps that the item keeps apart, in whatever order; where the item is not known,
    acceptance and decision."""
    pairs = _APART if timeline.item is None else timeline.item.separation
    if pairs and not any(timeline.tells(one) and timeline.tells(other) for one, other in pairs):
        return NotMeasurable("accept")
    found, unknown = list[Finding](), False
    for pair in pairs:
        if pair[0] not in timeline.numbers or pair[1] not in timeline.numbers:
            continue
        both, nameless = _both(timeline, pair)
        unknown |= nameless
        if both:
            at = max(moment(timeline, number) for number in both)
            found.append(sighting("A03", timeline, max(both), "-".join(pair), at=at, nodes=both))
    return verdict(sorted(found, key=lambda each: each.occurrence), "actor" if unknown else None)


def _both(timeline: Timeline, pair: tuple[str, str]) -> tuple[tuple[int, int] | None, bool]:
    """The first two steps of a pair that one person took, and whether a step has no known actor."""
    taken: dict[str, dict[str, int]] = {node: {} for node in pair}
    nameless = False
    for number, event in timeline.numbered(*pair):
        if event.automatic:
            continue
        if event.actor is None:
            nameless = True
            continue
        other = taken[pair[0] if event.node == pair[1] else pair[1]].get(event.actor)
        if other:
            return (other, number), False
        taken[event.node].setdefault(event.actor, number)
    return None, nameless


def beyond_competence(timeline: Timeline, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """越权办理：决定单位的层级不是该事项的行使层级，或决定人不在承办单位辖区内。

    A decision was made at a level that does not decide this item, or, as recorded elsewhere, by somebody of an
    organisation that is neither above nor below the one that held the case. Whoever acts here for another
    organisation has its mandate, which the step was tried for."""
    decisions = [(number, event) for number, event in timeline.numbered(*RESULT) if not event.automatic]
    if not decisions:
        return none_of(timeline, *RESULT)
    if timeline.item is None:
        return NotMeasurable("item")
    levels = _deciding(timeline.item)
    found, missing = [], None
    for number, event in decisions:
        here = holder(timeline, number)
        level = _level(here)
        if level is None:
            missing = "organisation"
        elif levels and level not in levels:
            found.append(
                sighting("A15", timeline, number, f"{number}:level", level=level, levels=tuple(sorted(levels)))
            )
        elif timeline.pooled and event.seat and _strange(event.seat, here):
            found.append(sighting("A15", timeline, number, f"{number}:elsewhere", seat=event.seat, holder=here))
    return verdict(found, missing)


def _deciding(item: Item) -> frozenset[str]:
    return frozenset({item.two_level.decide}) if item.two_level else frozenset(item.levels)


def _level(code: str) -> str | None:
    try:
        return organisation.level(organisation.seat(code)).value
    except ValueError:  # a name of another system
        return None


def _strange(seat: str, holder: str) -> bool:
    return _level(seat) is not None and not organisation.within(seat, holder) and not organisation.within(holder, seat)


def too_few_on_site(timeline: Timeline, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """现场核查人数不足法定人数，或须现场核查的事项未记录核查人员。

    A check on site was made by fewer staff than the law asks for, or its staff are not recorded though the item is
    checked on site."""
    surveys = timeline.numbered(*_SURVEYS)
    if not surveys:
        return none_of(timeline, *_SURVEYS)
    found, missing = [], None
    needed = timeline.item is None or timeline.item.on_site_check
    for number, event in surveys:
        staff = event.evidence.get("on_site_staff", () if needed else None)
        if event.automatic or staff is None:
            continue
        if timeline.pooled and "on_site_staff" not in event.evidence:
            missing = "on_site_staff"
            continue
        count = len(set(staff)) if isinstance(staff, tuple) else 0
        if count < parameters["staff"]:
            found.append(sighting("A19", timeline, number, str(number), staff=count))
    return verdict(found, missing)


CODE: Mapping[str, Code] = {
    "A03": (same_person, ()),
    "A15": (beyond_competence, ()),
    "A19": (too_few_on_site, ("staff",)),
}
