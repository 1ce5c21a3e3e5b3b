"""Cross-case rules about rates: a unit against those beside it, and against its own months before.

Ratios are compared as products of counts, never as means of ratios. Each function looks for what its docstring says;
code, severity, basis and parameters are in chalicelib/rules. This module must not rank anybody.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.calendar import Calendar
from chalicelib.domain.supervision.rule import Finding, NotMeasurable, Parameters, Verdict
from chalicelib.domain.supervision.sightings import over
from chalicelib.domain.supervision.span import Span, SpanCode

_PEERS = ("percent", "cases", "least", "peers")


def warned_often(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """预警率畸高：当月临近到期预警办件占收件的比例远高于同级单位。

    Of the cases received in the month, many more were warned of a limit than beside it."""
    return _against_peers("A28", span, parameters, "warned", "received")


def refused_often(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """不予受理、不予许可率畸高：当月所占收件的比例远高于同级单位。

    Many more cases were refused, referred elsewhere or denied than beside it."""
    return _against_peers("A29", span, parameters, "refused", "received")


def suspended_often(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """特别程序率畸高：当月启动特别程序的办件占收件的比例远高于同级单位。

    Many more cases were suspended for special procedures than beside it."""
    return _against_peers("A30", span, parameters, "suspended", "received")


def returned_often(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """退回率畸高：当月被退回审查的办件占收件的比例远高于同级单位。

    Many more cases were sent back to review than beside it."""
    return _against_peers("A31", span, parameters, "returned", "received")


def late_often(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """超期率畸高：当月超期办件占办结和在办超期办件的比例远高于同级单位。

    Of the cases that ended or ran out of time in the month, many more were late than beside it; those still open are
    counted, so that leaving them open makes nothing better."""
    return _against_peers("A32", span, parameters, "overdue", "ended_or_overdue")


def _against_peers(rule: str, span: Span, parameters: Parameters, part: str, whole: str) -> Verdict:
    own = span.tally
    if own[whole] < parameters["cases"]:
        return NotMeasurable("cases")
    peers = [each for each in span.peers if each[whole] >= parameters["cases"]]
    if len(peers) < parameters["peers"]:
        return NotMeasurable("peers")
    theirs, of_theirs = sum(each[part] for each in peers), sum(each[whole] for each in peers)
    if own[part] < parameters["least"] or own[part] * of_theirs * 100 <= parameters["percent"] * theirs * own[whole]:
        return ()
    shown = {"cases": own[part], "of": own[whole], "beside": theirs, "of_beside": of_theirs}
    return (Finding(rule, span.subject, span.organisation, over(span.last), "", shown),)


def volume_jumps(span: Span, parameters: Parameters, _calendar: Calendar) -> Verdict:
    """办件量突变：当月收件量较前数月均值骤增或骤减。

    In a month far more or far fewer cases were received than in the mean of the months before."""
    months = parameters["months"]
    if len(span.earlier) < months:
        return NotMeasurable("months")
    now, before = span.tally["received"], sum(each["received"] for each in span.earlier[:months])
    if max(now * months, before) < parameters["cases"] * months:
        return NotMeasurable("cases")
    shown = {"cases": now, "before": before, "months": months}
    for name, jumped in (
        ("more", now * months * 100 > parameters["up_percent"] * before),
        ("fewer", now * months * 100 < parameters["down_percent"] * before),
    ):
        if jumped:
            return (Finding("A33", span.subject, span.organisation, over(span.last), name, shown),)
    return ()


CODE: Mapping[str, SpanCode] = {
    "A28": (warned_often, _PEERS),
    "A29": (refused_often, _PEERS),
    "A30": (suspended_often, _PEERS),
    "A31": (returned_often, _PEERS),
    "A32": (late_often, _PEERS),
    "A33": (volume_jumps, ("months", "cases", "up_percent", "down_percent")),
}
