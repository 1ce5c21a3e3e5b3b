"""Guards, one refusal at a time; and observed cases (补录), which none of them refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import engine
from chalicelib.domain.authority import Identity, Post
from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.case import Case, Law, broken_link, unfolded
from chalicelib.domain.clocks import Light, light
from chalicelib.domain.engine import MOST_NODES
from chalicelib.domain.folding import fold
from chalicelib.domain.guards import GUARDS, forbidden_actors
from chalicelib.domain.procedure import GUARDS as NAMES
from chalicelib.domain.procedure import SUBMIT
from chalicelib.errors import Forbidden, InvalidInput, NotFound, SamePerson, TooManySteps
from tests.support.people import APPLICANT, EVERYBODY, POOL, staff
from tests.support.published import calendar
from tests.support.walks import EVIDENCE, HOUR, NINE, law, lenient, observed, opened, recorded, step, walked, wish

PERMIT = law()
OTHER = staff("qian", *Post)
DAY = timedelta(days=1)


def refusal(case: Case, action: str, one: Law = PERMIT, **evidence: Any) -> tuple[str, str]:
    """The field and code of what is said to be wrong."""
    with pytest.raises(InvalidInput) as refused:
        step(case, action, one, **evidence)
    (error,) = refused.value.errors
    return error.field, error.code


def test_every_guard_that_a_table_may_name_is_there() -> None:
    assert set(GUARDS) == set(NAMES)


# Four eyes


@pytest.mark.parametrize("decision", ["grant", "deny"])
def test_who_accepted_may_not_decide(decision: str) -> None:
    reviewed = walked(PERMIT, "accept", "review")
    with pytest.raises(SamePerson, match="you took 'accept'"):
        step(reviewed, decision, PERMIT)
    assert step(reviewed, decision, PERMIT, OTHER).nodes[-1].actor == "qian"
    assert forbidden_actors(PERMIT, decision) == ("accept",)


def test_who_only_reviewed_may_decide() -> None:
    case = step(step(opened(PERMIT), "accept", PERMIT, OTHER), "review", PERMIT)
    assert step(case, "grant", PERMIT).state == "granted"


def test_an_item_without_separation_lets_one_person_do_both() -> None:
    assert walked(lenient(), "accept", "review", "grant").state == "granted"


# Materials


@given(st.integers(0, 0b11_1111))
def test_acceptance_names_each_required_material_that_is_missing(bits: int) -> None:
    case = opened(PERMIT, materials=bits)
    required = {m.code: bit for bit, m in enumerate(PERMIT.item.materials) if m.necessity == "required"}
    absent = [f"materials.{code}" for code, bit in required.items() if not bits & 1 << bit]
    if not absent:
        assert step(case, "accept", PERMIT).state == "accepted"
        return
    with pytest.raises(InvalidInput) as refused:
        step(case, "accept", PERMIT)
    assert [error.field for error in refused.value.errors] == absent
    assert {error.code for error in refused.value.errors} == {"material_missing"}


# Two on site


@pytest.mark.parametrize("named", [(), ("li",), ("li", "li"), "li, sun", 2])
def test_a_check_on_site_by_fewer_than_two_is_refused(named: str | int | tuple[str, ...]) -> None:
    assert refusal(walked(PERMIT, "accept"), "review", on_site_staff=named) == ("on_site_staff", "two_staff_needed")


def test_an_item_without_a_check_on_site_names_nobody() -> None:
    one = law("id-card")
    assert one.item.on_site_check is False
    assert step(walked(one, "accept"), "review", one, on_site_staff=()).state == "reviewed"


# Extension


def test_an_extension_moves_both_dates_by_its_days() -> None:
    case = walked(PERMIT, "accept")
    after = step(case, "extend", PERMIT, days=10)
    assert after.state == "accepted"
    assert set(after.nodes[-1].dues) == {"statutory", "promised"}
    assert all(after.clocks[name].total == case.clocks[name].total + 10 for name in case.clocks)


def test_an_extension_is_counted_in_its_own_unit_and_leaves_a_clock_in_another_alone() -> None:
    one = law("passport")  # by law 15 calendar days and 15 more; promised in working days
    after = step(walked(one, "accept"), "extend", one, days=15)
    assert set(after.nodes[-1].dues) == {"statutory"}
    assert after.clocks["statutory"].total == 30


def test_an_item_whose_limit_the_law_does_not_extend_is_not_extended() -> None:
    one = law("residence-permit")
    assert refusal(walked(one, "accept"), "extend", one) == ("action", "no_extension")


def test_a_second_extension_is_refused() -> None:
    assert refusal(walked(PERMIT, "accept", "extend"), "extend") == ("action", "extended_before")


@pytest.mark.parametrize("days", [0, -1, 11, "5"])
def test_an_extension_by_more_than_the_law_gives_is_refused(days: int | str) -> None:
    assert refusal(walked(PERMIT, "accept"), "extend", days=days) == ("days", "extension_too_long")


def test_nobody_approves_their_own_extension() -> None:
    with pytest.raises(SamePerson):
        step(walked(PERMIT, "accept"), "extend", PERMIT, approver=EVERYBODY.subject)


def test_a_limit_that_has_passed_is_not_extended_and_its_last_instant_is_in_time() -> None:
    case = walked(PERMIT, "accept")
    due = case.dues["statutory"]
    assert due is not None
    late = wish("extend", at=due.last + timedelta(seconds=1))
    with pytest.raises(InvalidInput) as refused:
        engine.take(case, late, PERMIT, calendar())
    assert refused.value.errors[0].code == "already_overdue"
    assert engine.take(case, replace(late, at=due.last), PERMIT, calendar()).version == 3


# Observed cases

ACTIONS = sorted({row.name for row in PERMIT.procedure.actions} - {SUBMIT})


def test_no_guard_and_no_demand_is_asked_of_an_observed_step() -> None:
    case = observed(PERMIT, "accept", "review", "grant", "extend", "extend", "complete")
    assert (case.state, case.result) == ("completed", "granted")
    assert case.actors["accept"] == case.actors["grant"] == "officer 3"


@pytest.mark.parametrize("action", ACTIONS)
def test_an_observed_step_is_recorded_from_any_state(action: str) -> None:
    for before in ACTIONS:
        case = observed(PERMIT, before, action)
        assert [node.action for node in case.nodes] == ["submit", before, action]
        assert case.state in PERMIT.procedure.states


def test_a_pause_that_ends_after_an_observed_case_was_closed_does_not_reopen_it() -> None:
    case = observed(PERMIT, "accept", "suspend", "complete", "resume")
    assert (case.state, case.closed_at) == ("completed", NINE + 3 * HOUR)


@given(st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_an_observed_case_that_is_closed_is_never_reopened(actions: list[str]) -> None:
    case = observed(PERMIT)
    for action in actions:
        after = recorded(case, action, PERMIT, case.nodes[-1].at + HOUR)
        if case.closed_at:
            assert PERMIT.procedure.states[after.state].closed
            assert after.closed_at == case.closed_at
        case = after
    assert fold(unfolded(case), case.nodes, PERMIT) == case
    assert broken_link(case) is None


@given(st.lists(st.sampled_from(ACTIONS), max_size=8), st.integers(-40, 40))
def test_the_due_date_that_an_observed_case_was_told_wins_and_is_its_only_clock(actions: list[str], days: int) -> None:
    told = NINE + days * DAY
    case = observed(PERMIT, *actions, due=told)
    assert set(case.clocks) == {"promised"}
    assert [due and due.last for due in case.dues.values()] == [told]
    assert (case.clocks["promised"].stopped is None) == (case.closed_at is None)


def test_an_observed_case_closed_after_what_it_was_told_is_missed_to_the_second() -> None:
    for due, expected in ((NINE + HOUR, Light.met), (NINE + HOUR - timedelta(seconds=1), Light.missed)):
        case = observed(PERMIT, "complete", due=due)
        assert light(case.clocks["promised"], calendar(), NINE + 99 * DAY) is expected


def test_an_observed_case_that_was_told_no_date_has_no_clock() -> None:
    assert observed(PERMIT, "accept", "suspend", "resume").clocks == {}


def test_observed_steps_keep_their_own_times_even_where_those_run_backwards() -> None:
    case = recorded(observed(PERMIT, "accept", due=NINE + DAY), "complete", PERMIT, NINE - DAY)
    assert case.nodes[-1].at == NINE - DAY
    assert case.closed_at == NINE - DAY
    assert case.clocks["promised"].stopped == NINE
    assert case.nodes[-1].at.tzinfo is SHANGHAI


@pytest.mark.parametrize(
    ("actor", "by"), [(EVERYBODY, "officer 3"), (APPLICANT, None), (POOL, None)], ids=["staff", "applicant", "unnamed"]
)
def test_only_a_system_that_says_who_did_it_records_a_step(actor: Identity, by: str | None) -> None:
    with pytest.raises(Forbidden):
        engine.take(observed(PERMIT), wish("accept", actor, observed_by=by), PERMIT, calendar())


@pytest.mark.parametrize("make", [opened, observed], ids=["own", "observed"])
def test_a_case_takes_a_hundred_and_fifty_steps_and_is_then_refused_by_name(make: Callable[[Law], Case]) -> None:
    case = make(PERMIT)
    full = replace(case, nodes=case.nodes * MOST_NODES)
    actor, by = (POOL, "officer 3") if case.observed else (EVERYBODY, None)
    with pytest.raises(TooManySteps, match="150 steps"):
        engine.take(full, wish("notify", actor, evidence=EVIDENCE, observed_by=by), PERMIT, calendar())


def test_an_observed_case_is_not_submitted_twice() -> None:
    with pytest.raises(NotFound):
        recorded(observed(PERMIT), SUBMIT, PERMIT, NINE + HOUR)
