"""Facts as cross-case rules read them: small rows, the latest correction of each, counts of cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.fact import Fact, Value, of_finding
from chalicelib.domain.supervision.judging import judge_span
from chalicelib.domain.supervision.rule import Finding
from chalicelib.domain.supervision.span import CaseFact, RatingFact, ends_a_row, of_facts, ratings_of, reads, tally
from chalicelib.rules import all_rules
from tests.domain.rules.notation import Example, examples, span
from tests.support.people import COUNTY
from tests.support.published import calendar
from tests.support.walks import NINE

DAY = date(2026, 3, 2)
MS = round(NINE.timestamp() * 1000)


def node(id: str, n: int = 0, kind: str = "node", **data: Any) -> Fact:
    return Fact(COUNTY, DAY, kind, id, {"case": "c1", "node": "complete", "at": MS, "actor": "zhang", **data}, n)


def test_a_step_keeps_what_rules_need() -> None:
    (found,) = of_facts([node("c1#0004", item="passport@2", applicant="1:abc", channel="web", result="granted")])
    assert found == CaseFact(
        "c1", COUNTY, DAY, "complete", NINE, "zhang", "passport@2", "1:abc", "granted", "web", automatic=False
    )  # fmt: skip


def test_a_finding_stands_under_its_rule() -> None:
    finding = Finding("W02", "c1", COUNTY, datetime(2026, 3, 10, 16, tzinfo=UTC), "promised")
    (found,) = of_facts([of_finding(finding, "red")])
    assert (found.case_id, found.node, found.day, found.at) == ("c1", "W02", date(2026, 3, 11), finding.at)


def test_of_a_corrected_fact_the_latest_counts_whatever_order_they_come_in() -> None:
    facts = [node("c1#0004", 1, actor="li"), node("c1#0004", actor="zhang"), node("c1#0004", 2, actor="wang")]
    assert [found.actor for found in of_facts(facts)] == ["wang"]


def test_a_rating_is_what_was_given_whatever_was_decided_about_it() -> None:
    data: dict[str, Value] = {
        "number": 1,
        "level": "dissatisfied",
        "at": MS,
        "after": 9,
        "device": "d1",
        "own": 1,
        "counted": 1,
    }
    given = Fact(COUNTY, DAY, "rating", "r-1", data)
    out = Fact(COUNTY, DAY, "rating", "r-1", {**data, "after": 0}, 4)
    again = Fact(COUNTY, DAY, "rating", "r-2", {**data, "number": 2, "case": "c1", "on_site": 1, "window": "w1"})
    default = Fact(COUNTY, DAY, "rating", "r-0", {**data, "number": 0})
    first, second = ratings_of([out, given, again, default, node("c1#0004")])
    assert first == RatingFact("r-1", NINE, 2, "d1", own=True, finished=NINE - timedelta(seconds=9), anonymous=True)
    assert (second.case_id, second.first, second.window) == ("c1", False, "w1")


def test_what_a_transfer_brought_in_is_told_by_whom_it_came_from() -> None:
    assert of_facts([node("c1#0004", kind="transferred_in"), node("o1#0001", kind="order")]) == ()


def test_nobody_is_no_person() -> None:
    nameless, robot = of_facts([node("c1#1", actor="not-recorded"), node("c2#1", actor="system:ocr")])
    assert (nameless.actor, nameless.automatic, robot.automatic) == (None, False, True)


def test_a_case_counts_once_however_often_it_does_something() -> None:
    facts = [CaseFact(case, COUNTY, DAY, node) for case, node in
             [("a", "submit"), ("b", "submit"), ("a", "suspend"), ("a", "suspend"), ("a", "W02"), ("a", "complete"),
              ("b", "refuse"), ("b", "check")]]  # fmt: skip
    assert tally(facts) == {
        "received": 2, "warned": 0, "refused": 1, "suspended": 1, "returned": 0, "overdue": 1, "ended_or_overdue": 2,
    }  # fmt: skip


CROSS = [each for rule in all_rules().values() if rule.period and not rule.disabled for each in examples(rule.code)]


@pytest.mark.parametrize("example", CROSS, ids=[example.name for example in CROSS])
def test_no_rule_looks_at_more_than_what_marks_a_day(example: Example) -> None:
    """Or a fact would come that leads to no look: what `reads` leaves out changes nothing that a rule says."""
    rule = all_rules()[example.rule]
    whole = span(example.data, rule.period)
    read = replace(whole, facts=tuple(fact for fact in whole.facts if reads(pooled(fact))))
    assert judge_span(read, calendar(), [rule]) == judge_span(whole, calendar(), [rule])
    last = [fact for fact in whole.facts if fact.day == whole.last]
    if rule.period == "days" and not ends_a_row(last):
        assert judge_span(whole, calendar(), [rule]).findings == ()


def pooled(fact: CaseFact) -> Fact:
    """As it is kept: a step, or what a rule saw."""
    if fact.node[0].isupper():
        return Fact(COUNTY, fact.day, "finding", "f", {"rule": fact.node, "subject": fact.case_id})
    return Fact(COUNTY, fact.day, "node", "n", {"node": fact.node, "case": fact.case_id})


def test_what_a_cross_case_rule_found_leads_to_no_other_look() -> None:
    codes = [code for code, rule in all_rules().items() if rule.scope == "cross"]
    assert codes
    for code in codes:
        assert not reads(of_finding(Finding(code, f"{COUNTY}#2026-03-02", COUNTY, NINE), "notice"))
        assert reads(replace(of_finding(Finding(code, f"{COUNTY}#2026-03-02", COUNTY, NINE), "notice"), n=1))


def test_a_work_order_that_is_late_is_no_late_case() -> None:
    late = of_finding(Finding("W02", "0123456789abcdef01234567", COUNTY, NINE, "stage"), "red")
    assert late.kind == "order_finding"
    assert of_facts([late]) == ()
