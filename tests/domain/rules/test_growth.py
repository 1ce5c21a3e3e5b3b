"""What was found stays found, unchanged, however the case goes on and whoever looks again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.case import Case, Law
from chalicelib.domain.supervision import ladder
from chalicelib.domain.supervision.judging import SILENT, Judgement, coming, judge
from chalicelib.domain.supervision.of_case import timeline
from chalicelib.domain.supervision.rule import Finding
from chalicelib.domain.supervision.timeline import Timeline
from chalicelib.rules import all_rules
from tests.domain.rules.histories import logs, pooled
from tests.support.published import calendar
from tests.support.random_cases import Walk, walks

RULES = [rule for rule in all_rules().values() if rule.scope == "case"]
EVERY = [rule for rule in all_rules().values() if rule.scope != "cross"]
INSTANT = timedelta(microseconds=1)


def judged(case: Case, law: Law) -> Judgement:
    return judge(timeline(case, law), calendar(), RULES)


def by_key(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    found = {finding.key: finding for finding in findings}
    assert len(found) == len(findings), "two findings have one name"
    return found


def require_growth(walk: Walk) -> None:
    known: dict[str, Finding] = {}
    for case in walk.versions:
        found = by_key(judged(case, walk.law).findings)
        assert known.items() <= found.items()
        known = found


@given(walks())
def test_a_later_judgement_has_every_earlier_finding_unchanged(walk: Walk) -> None:
    require_growth(walk)


@given(pooled())
@settings(max_examples=300)
def test_nor_does_a_pooled_step_that_is_recorded_late_or_out_of_order_change_one(walk: Walk) -> None:
    require_growth(walk)


@given(walks(), st.integers(0, 60 * 24))
def test_what_silence_alone_brought_about_is_found_again_after_the_next_step(walk: Walk, hours: int) -> None:
    for case, following in pairwise(walk.versions):
        now = min(case.nodes[-1].at + timedelta(hours=hours), following.nodes[-1].at)
        seen = by_key(judge(timeline(case, walk.law, now), calendar(), RULES).findings)
        assert seen.items() <= by_key(judged(following, walk.law).findings).items()


@given(walks())
def test_the_next_finding_that_silence_brings_is_foretold_to_the_instant(walk: Walk) -> None:
    for case in walk.versions:
        line = timeline(case, walk.law)
        when = coming(line, calendar(), RULES)
        if when is None:
            later = judge(replace(line, at=line.at + timedelta(days=300)), calendar(), RULES)
            assert later == judge(line, calendar(), RULES)
            continue
        before = judge(replace(line, at=when - INSTANT), calendar(), RULES).findings
        then = judge(replace(line, at=when), calendar(), RULES).findings
        assert before == judge(line, calendar(), RULES).findings
        assert len(then) > len(before)


@given(walks())
def test_what_a_step_brings_is_not_dated_before_the_step_before_it(walk: Walk) -> None:
    for case, following in pairwise(walk.versions):
        last, known = case.nodes[-1].at, by_key(judged(case, walk.law).findings)
        for finding in judged(following, walk.law).findings:
            assert finding.at >= last if finding.key not in known else finding.at <= last


@given(st.one_of(walks(), pooled()))
def test_where_nothing_more_happens_only_the_silent_rules_find_something_more(walk: Walk) -> None:
    loud = [rule for rule in EVERY if rule.code not in SILENT]
    for case in walk.versions:
        line = timeline(case, walk.law)
        assert judge(replace(line, at=line.at + timedelta(days=300)), calendar(), loud) == judge(line, calendar(), loud)


@given(walks())
def test_a_finding_is_dated_when_it_came_to_be_so_and_names_steps_that_are_there(walk: Walk) -> None:
    for case in walk.versions:
        for finding in judged(case, walk.law).findings:
            assert finding.subject == case.id
            assert case.received <= finding.at <= case.nodes[-1].at
            nodes = finding.evidence["nodes"]
            assert isinstance(nodes, tuple)
            assert all(isinstance(number, int) and 1 <= number <= case.version for number in nodes)


@given(pooled(back=False), st.integers(0, 60 * 24))
def test_a_pooled_case_and_a_log_of_it_reach_the_same_rungs(walk: Walk, hours: int) -> None:
    """What the clocks of a case reach step by step is what its terms show in the end."""
    days = all_rules()["W03"].parameters["working_days"]
    now = walk.case.nodes[-1].at + timedelta(hours=hours)
    moments = [later.nodes[-1].at for later in walk.versions[1:]] + [now]
    live = {
        (finding.key, finding.at)
        for case, until in zip(walk.versions, moments, strict=True)
        for finding in ladder.reached(case, calendar(), days, until)
    }
    rules = [rule for rule in EVERY if rule.scope == "clock"]
    audited = judge(timeline(walk.case, walk.law, now), calendar(), rules).findings
    assert {(finding.key, finding.at) for finding in audited} == live


@given(logs())
@settings(max_examples=300)
def test_every_rule_has_an_answer_to_whatever_a_log_holds(log: Timeline) -> None:
    first, again = (judge(log, calendar(), EVERY) for _ in range(2))
    assert first == again
    by_key(first.findings)
    assert not {finding.rule for finding in first.findings} & set(first.not_measurable)


@given(logs())
def test_a_step_of_an_automatic_account_is_nobodys_whatever_its_name(log: Timeline) -> None:
    persons = [all_rules()[code] for code in ("A02", "A03", "A15", "A19")]
    nobody = replace(log, events=tuple(replace(event, automatic=True) for event in log.events))
    assert judge(nobody, calendar(), persons).findings == ()
