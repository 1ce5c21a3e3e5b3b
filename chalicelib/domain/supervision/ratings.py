"""Cross-case rules about ratings: given in haste or by the staff, many from one place, all of them good, none where it
went badly.

They open findings and drop nothing: a rating counts until somebody decides otherwise. Each function looks for what its
docstring says; code, severity, basis and parameters are in chalicelib/rules. This module must not compare
organisations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from chalicelib.domain.calendar import Calendar
from chalicelib.domain.supervision.rule import Fact as FactValue
from chalicelib.domain.supervision.rule import Finding, NotMeasurable, Parameters, Verdict, verdict
from chalicelib.domain.supervision.sightings import over
from chalicelib.domain.supervision.span import FINISHES, RatingFact, Span, SpanCode

_GOOD = 3  # 基本满意 and better: the two lower levels are bad ratings (浙政办函〔2019〕65号)
_BAD_ENDS = frozenset({"refuse", "not_ours", "deny", "W02"})


def in_haste(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """刷评：同一单位一日内多条好评在办结后数秒内作出，或由本单位工作人员录入。

    Many good ratings of one day came within seconds of the end of their cases, or were entered by the unit's own
    staff."""
    if span.ratings is None:
        return NotMeasurable("ratings")
    haste = timedelta(seconds=parameters["seconds"])
    quick = [
        rating
        for rating in span.ratings
        if rating.level >= _GOOD
        and (rating.own or (rating.finished is not None and timedelta(0) <= rating.at - rating.finished < haste))
    ]
    return tuple(_many("A13", span, {"": quick}, parameters["ratings"]))


def entered_by_the_unit(span: Span, _parameters: Parameters, _calendar: Calendar) -> Verdict:
    """代录好评：被评价单位的工作人员自行录入好评。

    Staff of the unit that is rated entered a good rating themselves. It is not counted; that it was entered is looked
    into."""
    if span.ratings is None:
        return NotMeasurable("ratings")
    entered = [rating for rating in span.ratings if rating.own and rating.level >= _GOOD]
    return tuple(_many("A40", span, {"": entered}, 1)) if entered else ()


def from_one_device(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """同一设备评价：同一设备一日内作出多条评价。

    Many ratings of one day were given on one device."""
    return _gathered("A35", span, parameters, "device", lambda rating: rating.device)


def from_one_address(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """同一网络地址评价：同一网络地址一日内作出多条评价。

    Many ratings of one day came from one network address; devices that stand at the window have none."""
    return _gathered("A36", span, parameters, "address", lambda rating: rating.address)


def by_one_person(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """同一人集中评价：同一办事人一日内作出多条评价。

    One applicant gave many ratings in one day."""
    return _gathered("A37", span, parameters, "person", lambda rating: rating.person)


def _gathered(
    rule: str, span: Span, parameters: Parameters, missing: str, by: Callable[[RatingFact], str | None]
) -> Verdict:
    if span.ratings is None:
        return NotMeasurable("ratings")
    found, unknown = defaultdict[str, list[RatingFact]](list), False
    for rating in span.ratings:
        name = by(rating)
        if name is None:
            unknown = True
        else:
            found[name].append(rating)
    return verdict(_many(rule, span, found, parameters["ratings"]), missing if unknown else None)


def _many(rule: str, span: Span, by: Mapping[str, list[RatingFact]], most: int) -> list[Finding]:
    found = []
    for name, ratings in sorted(by.items()):
        if len(ratings) >= most:
            reached = sorted(ratings, key=lambda rating: (rating.at, rating.case_id))[:most]
            at, evidence = _shown(reached)
            found.append(Finding(rule, span.subject, span.organisation, at, name, evidence))
    return found


def _shown(reached: list[RatingFact]) -> tuple[datetime, Mapping[str, FactValue]]:
    """When it was reached, and the evidence. Beside an anonymous rating none is named, and none by its
    minute: what gathers is of one person or device, so that each named one would say whose the anonymous ones are."""
    last = reached[-1].at
    if any(rating.anonymous for rating in reached):
        return last.replace(minute=0, second=0, microsecond=0), {"ratings": len(reached)}
    return last, {"cases": tuple(rating.case_id for rating in reached)}


def all_good(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """全部好评：同一窗口当月评价数量较多且无一差评。

    In a month a window had many ratings, and not one of them was bad."""
    if span.ratings is None:
        return NotMeasurable("ratings")
    by = defaultdict[str, list[RatingFact]](list)
    for rating in span.ratings:
        if rating.first and rating.window is not None:
            by[rating.window].append(rating)
    found = []
    for window, ratings in sorted(by.items()):
        if len(ratings) >= parameters["ratings"] and all(rating.level >= _GOOD for rating in ratings):
            shown = {"ratings": len(ratings)}
            found.append(Finding("A38", span.subject, span.organisation, over(span.last), window, shown))
    return tuple(found)


def silent_where_it_went_badly(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """不利办件无人评价：当月超期、不予受理或不予许可的办件无一评价，而其他办件多有评价。

    Of the cases that went badly for their applicants in a month (late, refused, denied, referred elsewhere) none was
    rated, while of the others at least the given percentage were."""
    if span.ratings is None:
        return NotMeasurable("ratings")
    badly = {fact.case_id for fact in span.facts if fact.node in _BAD_ENDS}
    others = {fact.case_id for fact in span.facts if fact.node in FINISHES} - badly
    if len(badly) < parameters["cases"] or len(others) < parameters["cases"]:
        return NotMeasurable("cases")
    first = [rating for rating in span.ratings if rating.first]
    of_badly = sum(rating.adverse for rating in first)
    of_others = len(first) - of_badly
    if of_badly or of_others * 100 < parameters["percent"] * len(others):
        return ()
    shown = {"cases": len(badly), "ratings": of_others, "of": len(others)}
    return (Finding("A39", span.subject, span.organisation, over(span.last), "", shown),)


CODE: Mapping[str, SpanCode] = {
    "A13": (in_haste, ("ratings", "seconds")),
    "A35": (from_one_device, ("ratings",)),
    "A36": (from_one_address, ("ratings",)),
    "A37": (by_one_person, ("ratings",)),
    "A38": (all_good, ("ratings",)),
    "A39": (silent_where_it_went_badly, ("cases", "percent")),
    "A40": (entered_by_the_unit, ()),
}
