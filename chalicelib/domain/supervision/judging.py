"""Asks the rules in force of a case, or of an organisation's stretch of days.

Rules are data (chalicelib/rules), what they look for is code under their names; here the two meet. This module must not
know any rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.calendar import Calendar
from chalicelib.domain.supervision import gatherings, limits, notices, order, pace, persons, rates, ratings, results
from chalicelib.domain.supervision.rule import Code, Finding, NotMeasurable, Rule, Verdict
from chalicelib.domain.supervision.span import Span, SpanCode
from chalicelib.domain.supervision.timeline import Timeline

CASE: Mapping[str, Code] = {
    **order.CODE,
    **pace.CODE,
    **persons.CODE,
    **notices.CODE,
    **limits.CODE,
    **results.CODE,
}
CROSS: Mapping[str, SpanCode] = {**gatherings.CODE, **rates.CODE, **ratings.CODE}
SILENT = frozenset((*notices.SILENT, *pace.SILENT, *limits.SILENT))  # these alone find something if nothing happens
_LATER = timedelta(days=366)  # beyond every silence that a rule may look for


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules saw, in their order; `not_measurable`: what is missing, by the code of each that cannot tell."""

    findings: tuple[Finding, ...]
    not_measurable: Mapping[str, str]


def judge(timeline: Timeline, calendar: Calendar, rules: Iterable[Rule]) -> Judgement:
    """What the rules of one case that are in force among `rules` say of it; others are not asked."""
    findings: list[Finding] = []
    not_measurable: dict[str, str] = {}
    for rule in rules:
        if rule.disabled is None and rule.scope != "cross":
            _add(CASE[rule.code][0](timeline, rule.parameters, calendar), rule, findings, not_measurable)
    return Judgement(tuple(findings), not_measurable)


def judge_span(span: Span, calendar: Calendar, rules: Iterable[Rule]) -> Judgement:
    """What the cross-case rules in force among `rules` for such a stretch say of it; others are not asked."""
    findings: list[Finding] = []
    not_measurable: dict[str, str] = {}
    for rule in rules:
        if rule.disabled is None and rule.scope == "cross" and rule.period == span.period:
            _add(CROSS[rule.code][0](span, rule.parameters, calendar), rule, findings, not_measurable)
    return Judgement(tuple(findings), not_measurable)


def _add(verdict: Verdict, rule: Rule, findings: list[Finding], not_measurable: dict[str, str]) -> None:
    if isinstance(verdict, NotMeasurable):
        not_measurable[rule.code] = verdict.missing
    else:
        findings += verdict


def coming(timeline: Timeline, calendar: Calendar, rules: Iterable[Rule]) -> datetime | None:
    """When the next finding comes to be so if nothing more happens to the case; None where none does. Only silence
    does that: nobody told, nothing delivered, nothing done."""
    silent = [rule for rule in rules if rule.code in SILENT]
    later = judge(replace(timeline, at=timeline.at + _LATER), calendar, silent).findings
    return min((finding.at for finding in later if finding.at > timeline.at), default=None)
