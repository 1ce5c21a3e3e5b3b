"""The engine walks the tables in force exhaustively: what a table allows succeeds, all else is refused by name."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import cache

import pytest

from chalicelib.domain import clocks, engine
from chalicelib.domain.authority import Identity, Post
from chalicelib.domain.case import Case, Law
from chalicelib.domain.engine import MOST_NODES
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.domain.procedure import BACK, SUBMIT
from chalicelib.errors import ActionNotAllowed, Forbidden, InvalidInput, NotFound, TooManySteps
from tests.support.people import APPLICANT, CLERK, POOL, REVIEWER, staff
from tests.support.published import calendar
from tests.support.walks import HOUR, NINE, law, lenient, opened, step, walked, wish

PERMIT, TWO_LEVELS, INSTANT = "hotel-licence", "security-company-licence", "temporary-id-card"
each_procedure = pytest.mark.parametrize(
    "item", [PERMIT, TWO_LEVELS, INSTANT], ids=["permit", "permit of two levels", "instant"]
)

Situation = tuple[str, str, bool, str | None]


def situation(case: Case) -> Situation:
    """What decides which steps are possible: two cases alike in this go on alike."""
    extended = any(node.action == "extend" for node in case.nodes)
    return case.state, case.paused_in if case.state == "suspended" else "", extended, case.result


def possible(case: Case, one: Law) -> list[str]:
    """The actions that the table allows, without those that a guard refuses here: a second extension, a decision by
    the lower of two levels, passing up what is decided here."""
    refused = {"extend"} if situation(case)[2] or one.item.extension is None else set()
    if one.item.two_level is None:
        refused.add("forward")
    elif case.state == "reviewed":
        refused |= {"grant", "deny"}
    return [action for action in one.procedure.allowed(case.state) if action not in refused]


def edges(one: Law) -> set[tuple[str, str]]:
    """The edges of the table that a case of this item can follow."""
    found = {(row.name, state) for row in one.procedure.actions for state in row.sources}
    if one.item.extension is None:
        found -= {edge for edge in found if edge[0] == "extend"}
    if one.item.two_level is None:
        return {edge for edge in found if edge[0] != "forward" and edge[1] != "forwarded"}
    return found - {("grant", "reviewed"), ("deny", "reviewed")}


@cache
def explored(item: str) -> tuple[dict[Situation, Case], dict[Situation, set[Situation]]]:
    """One case for every situation that can come about, and the situations that can follow each."""
    one = lenient(item)
    first = opened(one)
    cases, after = {situation(first): first}, dict[Situation, set[Situation]]()
    todo = deque([first])
    while todo:
        case = todo.popleft()
        following = [step(case, action, one) for action in possible(case, one)]
        after[situation(case)] = {situation(each) for each in following}
        fresh = {situation(each): each for each in following if situation(each) not in cases}
        cases |= fresh
        todo += fresh.values()
    return cases, after


@each_procedure
def test_every_step_that_the_table_allows_succeeds_and_leads_where_the_table_says(item: str) -> None:
    one = lenient(item)
    seen = set()
    for case in explored(item)[0].values():
        for action in possible(case, one):
            row = one.procedure.find(action, case.state)
            assert row is not None
            after = step(case, action, one)
            expected = case.paused_in if row.target == BACK else row.target or case.state
            assert (after.state, after.version) == (expected, case.version + 1)
            assert after.nodes[-1].action == action
            seen |= {(action, case.state)}
    assert seen == edges(one)


@each_procedure
def test_every_other_step_is_refused_with_the_list_of_what_is_possible(item: str) -> None:
    one = lenient(item)
    names = {row.name for row in one.procedure.actions} - {SUBMIT}
    for case in explored(item)[0].values():
        allowed = one.procedure.allowed(case.state)
        for action in names - set(allowed):
            with pytest.raises(ActionNotAllowed) as refused:
                step(case, action, one)
            assert refused.value.allowed_actions == allowed


@each_procedure
@pytest.mark.parametrize("action", ["dance", SUBMIT])
def test_an_action_that_the_procedure_does_not_have_is_not_found(item: str, action: str) -> None:
    with pytest.raises(NotFound) as refused:
        step(opened(lenient(item)), action, lenient(item))
    assert refused.value.allowed_actions == lenient(item).procedure.allowed("received")


@each_procedure
@pytest.mark.parametrize("empty", [None, "", ()])
def test_every_demand_that_is_not_met_is_named(item: str, empty: object) -> None:
    one, checked = lenient(item), set()
    for case in explored(item)[0].values():
        for action in possible(case, one):
            row = one.procedure.find(action, case.state)
            assert row is not None
            for demand in row.demands:
                with pytest.raises(InvalidInput) as refused:
                    step(case, action, one, **{demand: empty})  # type: ignore[arg-type]
                assert [(error.field, error.code) for error in refused.value.errors] == [(demand, "demanded")]
                checked.add((action, demand))
    followed = {action for action, _ in edges(one)}
    assert checked == {(r.name, d) for r in one.procedure.actions if r.name in followed for d in r.demands}


def test_all_unmet_demands_are_told_at_once() -> None:
    one = lenient()
    with pytest.raises(InvalidInput) as refused:
        engine.take(walked(one, "accept", "review"), wish("deny", evidence={}), one, calendar())
    assert [error.field for error in refused.value.errors] == ["reason", "remedy"]


def test_an_unknown_class_of_special_procedure_is_refused_with_the_known_ones() -> None:
    one = lenient()
    with pytest.raises(InvalidInput) as refused:
        step(walked(one, "accept"), "suspend", one, pause_class="holiday")
    assert refused.value.errors[0].field == "pause_class"
    assert all(code in refused.value.errors[0].en for code in PAUSE_CLASSES)


@each_procedure
def test_from_every_situation_the_archive_can_be_reached_and_only_there_a_case_ends(item: str) -> None:
    cases, after = explored(item)
    ending = {each for each, following in after.items() if not following}
    assert {each[0] for each in ending} == {"archived"}
    assert all(cases[each].result for each in ending)
    home = set(ending)
    while more := {each for each, following in after.items() if following & home} - home:
        home |= more
    assert home == set(cases)


@each_procedure
def test_every_result_of_the_table_ends_in_the_archive(item: str) -> None:
    results = {state.result for state in lenient(item).procedure.states.values() if state.result}
    assert {each[3] for each in explored(item)[0] if each[0] == "archived"} == results


def test_a_pause_returns_to_the_state_that_it_left() -> None:
    one = lenient()
    for before in (["accept"], ["accept", "review"]):
        case = walked(one, *before)
        paused = step(case, "suspend", one)
        assert (paused.state, paused.paused_in) == ("suspended", case.state)
        assert step(paused, "resume", one).state == case.state


def test_only_an_hearing_or_the_like_stops_the_statutory_clock() -> None:
    one = lenient()
    for code, kind in PAUSE_CLASSES.items():
        paused = step(walked(one, "accept"), "suspend", one, pause_class=code)
        standing = {name for name, clock in paused.clocks.items() if clocks.paused(clock)}
        assert standing == kind.stops & {"statutory", "promised"}
        assert {name for name, due in paused.dues.items() if due is None} == standing
        resumed = step(paused, "resume", one)
        assert not any(clocks.paused(clock) for clock in resumed.clocks.values())
        assert None not in resumed.dues.values()


def test_both_clocks_begin_with_acceptance_and_stop_with_completion() -> None:
    one = lenient()
    assert set(opened(one).clocks) == {"stage"}
    accepted = walked(one, "accept")
    assert set(accepted.clocks) == {"statutory", "promised"}
    done = walked(one, "accept", "review", "grant", "complete")
    assert all(done.clocks[name].stopped == done.nodes[-1].at for name in ("statutory", "promised"))


def test_delivery_is_due_ten_working_days_after_the_decision_however_late_it_was_completed() -> None:
    one = lenient()
    for decision in ("grant", "deny"):
        decided = walked(one, "accept", "review", decision)
        done = engine.take(decided, wish("complete", at=decided.nodes[-1].at + 90 * HOUR), one, calendar())
        assert done.clocks["stage"].start == decided.nodes[-1].at
        assert done.clocks["stage"].limit.amount == 10


def test_an_instant_item_is_counted_anew_after_a_correction() -> None:
    one = lenient(INSTANT)
    asked = walked(one, "correct")
    assert all(clock.stopped for name, clock in asked.clocks.items() if name != "stage")
    again = step(asked, "supplement", one)
    assert again.clocks["statutory"].start == again.nodes[-1].at
    assert again.due() == again.dues["promised"]


def test_a_step_by_a_machine_whose_clock_is_behind_is_recorded_no_earlier_than_the_one_before() -> None:
    one = lenient()
    case = walked(one, "accept")
    after = engine.take(case, wish("review", at=NINE - HOUR), one, calendar())
    assert after.nodes[-1].at == case.nodes[-1].at


def test_what_is_due_first_stands_for_the_case() -> None:
    case = walked(lenient(), "accept")
    dues = [due.last for due in case.dues.values() if due]
    first = case.due()
    assert first is not None
    assert len(dues) == 2
    assert first.last == min(dues)
    paused = step(case, "suspend", lenient())
    assert paused.due() is None


def test_the_hundred_and_fiftieth_step_is_the_last() -> None:
    one = lenient()
    case = opened(one)
    full = replace(case, nodes=case.nodes * MOST_NODES)
    with pytest.raises(TooManySteps, match="150 steps"):
        step(full, "accept", one)
    almost = replace(case, nodes=case.nodes * (MOST_NODES - 1))
    assert step(almost, "accept", one).version == MOST_NODES


@pytest.mark.parametrize(
    ("before", "action", "actor"),
    [
        (["accept"], "review", CLERK),
        (["accept"], "review", APPLICANT),
        (["accept"], "review", staff("far", Post.review, org="330206")),
        (["accept", "review"], "grant", POOL),
        ([], "accept", REVIEWER),
    ],
)
def test_who_may_not_act_is_told_so_before_anything_is_demanded(
    before: list[str], action: str, actor: Identity
) -> None:
    one = law()
    with pytest.raises(Forbidden):
        engine.take(walked(lenient(), *before), wish(action, actor, evidence={}), one, calendar())


def test_an_applicant_is_not_named_in_the_history() -> None:
    case = opened(lenient())
    assert case.nodes[0].actor == "applicant"
    assert APPLICANT.subject not in repr(case.nodes)
