"""Asking many rules at once: who is asked, who is not, and what is told of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from chalicelib.domain.item import Text
from chalicelib.domain.supervision.judging import coming, judge, judge_span
from chalicelib.domain.supervision.span import RatingFact, Span
from chalicelib.domain.supervision.timeline import Event, Timeline
from chalicelib.rules import all_rules
from tests.support.people import COUNTY
from tests.support.published import calendar
from tests.support.walks import HOUR, NINE

RULES = tuple(all_rules().values())
ONE_PERSON = Timeline(
    "case", COUNTY, NINE + 2 * HOUR, (Event("accept", NINE, "zhang"), Event("grant", NINE + HOUR, "zhang"))
)
MANY = tuple(RatingFact(f"c{number}", NINE, 5, "d1", own=True) for number in range(9))
DAY = Span(COUNTY, "day", date(2026, 3, 2), date(2026, 3, 2), ratings=MANY)


def test_a_disabled_rule_is_listed_and_not_asked() -> None:
    assert [finding.rule for finding in judge(ONE_PERSON, calendar(), RULES).findings] == ["A03"]
    off = tuple(replace(rule, disabled=Text("试运行", "on trial")) for rule in RULES)
    judgement = judge(ONE_PERSON, calendar(), off)
    assert (judgement.findings, dict(judgement.not_measurable)) == ((), {})
    assert [finding.rule for finding in judge_span(DAY, calendar(), RULES).findings] == ["A13", "A35", "A40"]
    assert judge_span(DAY, calendar(), off).findings == ()
    assert all_rules()["A16"].disabled, "a rule without data stays in the catalogue"


def test_what_cannot_be_told_is_told_with_what_is_missing() -> None:
    judgement = judge(ONE_PERSON, calendar(), RULES)
    assert judgement.not_measurable == {
        "W01": "deadline", "W02": "deadline", "W03": "deadline", "W04": "deadline",
        "A11": "item", "A15": "item", "A18": "deliver", "A25": "item",
    }  # fmt: skip


def test_only_those_that_are_given_are_asked() -> None:
    assert judge(ONE_PERSON, calendar(), [all_rules()["A01"]]).findings == ()
    assert judge(ONE_PERSON, calendar(), [all_rules()["A03"]]).findings != ()


def test_a_case_is_not_asked_what_many_cases_tell_and_the_other_way_round() -> None:
    asked = {*judge(ONE_PERSON, calendar(), RULES).not_measurable, "A03"}
    assert not asked & {rule.code for rule in RULES if rule.scope == "cross"}
    judgement = judge_span(DAY, calendar(), RULES)
    assert {*judgement.not_measurable, *(finding.rule for finding in judgement.findings)} == {
        "A13",
        "A35",
        "A36",
        "A37",
        "A40",
    }


def test_a_stretch_is_asked_by_the_rules_of_its_period_only() -> None:
    month = replace(DAY, period="month", last=date(2026, 3, 31))
    assert set(judge_span(month, calendar(), RULES).not_measurable) == {"A28", "A29", "A30", "A31", "A32", "A33", "A39"}
    assert judge_span(replace(DAY, period="days"), calendar(), RULES).not_measurable == {}


def test_a_finding_about_many_cases_is_about_an_organisations_day_or_month() -> None:
    assert {finding.subject for finding in judge_span(DAY, calendar(), RULES).findings} == {"330203#2026-03-02"}
    assert replace(DAY, period="month", last=date(2026, 3, 31)).subject == "330203#2026-03"


def test_nothing_comes_of_a_case_that_is_over() -> None:
    """Its handling ended and nothing is measurable that silence could bring."""
    rules = [rule for rule in RULES if rule.scope == "case"]
    over = replace(ONE_PERSON, events=(Event("submit", NINE, "a"), Event("refuse", NINE + HOUR, "b")))
    assert coming(over, calendar(), rules) is None
    waiting = replace(ONE_PERSON, events=(Event("submit", NINE, "a"),), at=NINE)
    foretold = coming(waiting, calendar(), rules)
    assert foretold is not None
    assert foretold.date() == date(2026, 3, 10)


def test_an_empty_log_case_is_no_trouble() -> None:
    empty = Timeline("case", COUNTY, NINE, ())
    assert judge(empty, calendar(), RULES).findings == ()
