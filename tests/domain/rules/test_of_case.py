"""A case as a timeline says what the folded case says, without folding it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from chalicelib.domain import engine
from chalicelib.domain.authority import Post
from chalicelib.domain.case import unfolded
from chalicelib.domain.clocks import paused
from chalicelib.domain.procedure import Procedure
from chalicelib.domain.supervision.of_case import effect, timeline
from chalicelib.procedures import all_procedures
from tests.domain.rules.histories import pooled
from tests.support.people import APPLICANT, POOL, STATION_WINDOW, staff
from tests.support.published import calendar
from tests.support.random_cases import Walk, walks
from tests.support.walks import HOUR, NINE, blank, law, lenient, observed, opened, recorded, step, walked, wish

EVERY = tuple(Post)
WHOLE = ("statutory", "promised")


def require_the_same(walk: Walk) -> None:
    case = walk.case
    found = timeline(replace(unfolded(case), nodes=case.nodes), walk.law)
    assert (found.ended, found.result, found.organisation) == (case.closed_at, case.result, case.organisation)
    assert [(event.node, event.at) for event in found.events] == [(node.action, node.at) for node in case.nodes]
    running = {name for name, clock in case.clocks.items() if clock.stopped is None and not paused(clock)} & {*WHOLE}
    open_terms = {term.clock: term.last and term.last.replace(microsecond=0) for term in found.terms if not term.ended}
    dues = {name: due.last.replace(microsecond=0) for name in running if (due := case.dues[name])}
    assert open_terms == dues


@given(walks())
def test_state_result_and_dates_are_those_of_the_folded_case(walk: Walk) -> None:
    require_the_same(walk)


@given(pooled())
def test_so_they_are_of_a_pooled_case(walk: Walk) -> None:
    require_the_same(walk)


def test_each_date_is_a_term_until_a_step_moves_it_or_stops_its_clock() -> None:
    case = walked(lenient(), "accept", "suspend", "resume", "review", "grant", "complete")
    at = [node.at for node in case.nodes]
    found = [(term.clock, term.since, term.ended) for term in timeline(case, law()).terms]
    assert sorted(found) == [
        ("promised", at[1], at[2]),  # suspended: it stands still
        ("promised", at[3], at[6]),
        ("statutory", at[1], at[2]),
        ("statutory", at[3], at[6]),
    ]


def test_a_date_of_a_pooled_case_is_its_sources_own_and_runs_from_the_start() -> None:
    due = NINE + 100 * HOUR
    (term,) = timeline(observed(law("observed-matter"), "accept", due=due), law("observed-matter")).terms
    assert (term.clock, term.since, term.ended) == ("promised", None, None)
    assert term.last
    assert term.last.replace(microsecond=0) == due
    closed = observed(law("observed-matter"), "accept", "complete", due=due)
    (term,) = timeline(closed, law("observed-matter")).terms
    assert term.ended == closed.closed_at


def test_an_actor_elsewhere_has_a_seat_and_nobody_has_a_name() -> None:
    one = law("observed-matter")
    case = walked(law("temporary-id-card"), "settle")
    at_station = step(case, "deliver", law("temporary-id-card"), staff("sun", *EVERY, org=STATION_WINDOW))
    assert timeline(at_station, law("temporary-id-card")).events[-1].seat == STATION_WINDOW[:8]
    nameless = engine.take(
        observed(one), wish("accept", POOL, NINE + HOUR, {}, observed_by="not-recorded"), one, calendar()
    )
    assert timeline(nameless, one).events[-1].actor is None
    robot = engine.take(observed(one), wish("accept", POOL, NINE + HOUR, {}, observed_by="system:ocr"), one, calendar())
    assert [event.automatic for event in timeline(robot, one).events] == [False, True]


def test_what_was_done_in_one_request_is_joined() -> None:
    one = law("temporary-id-card")
    filed = wish("submit", APPLICANT, NINE, {"materials": 7})
    case = engine.open_case(blank(one), filed, one, calendar())
    settled = replace(filed, action="settle", actor=staff("zhao", *EVERY), evidence={"result_number": "1"})
    case = engine.take(case, settled, one, calendar())
    assert [event.joined for event in timeline(case, one).events] == [False, True]
    later = step(case, "deliver", one)
    assert [event.joined for event in timeline(later, one).events] == [False, True, False]


def test_a_step_of_the_platform_is_nobodys() -> None:
    case = step(walked(law(), "accept"), "recalculate", law(), POOL)
    assert [event.automatic for event in timeline(case, law()).events] == [False, False, True]


def test_it_tells_up_to_the_last_step_unless_told_otherwise() -> None:
    case = walked(law(), "accept")
    assert timeline(case, law()).at == case.nodes[-1].at
    assert timeline(case, law(), NINE + 90 * HOUR).at == NINE + 90 * HOUR


def test_a_label_is_what_an_observed_step_is_called_there() -> None:
    one = law("observed-matter")
    case = recorded(observed(one), "check", one, NINE + HOUR, activity="T02 Check confirmation of receipt")
    assert timeline(case, one).events[-1].label == "T02 Check confirmation of receipt"


def test_an_action_that_its_procedure_has_not_is_refused_by_name() -> None:
    case = opened(law("temporary-id-card"))
    foreign = replace(case, nodes=(*case.nodes, replace(case.nodes[0], action="grant")))
    with pytest.raises(KeyError, match="grant"):
        timeline(foreign, law("temporary-id-card"))


@pytest.mark.parametrize("procedure", all_procedures().values(), ids=lambda each: each.ref)
def test_the_rows_of_one_action_do_the_same_whatever_state_they_leave(procedure: Procedure) -> None:
    """What a step does is read from its action alone."""
    for name in {row.name for row in procedure.actions}:
        effects = {effect(procedure, row) for row in procedure.rows(name)}
        assert len(effects) == 1, name
