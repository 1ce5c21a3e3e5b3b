"""What a step changes in what stands: open by its date, delivered, archived, and how a case came out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given

from chalicelib.domain import stock
from chalicelib.domain.calendar import end_of_day
from chalicelib.domain.case import Case
from chalicelib.domain.clocks import Due
from chalicelib.domain.fact import Fact
from chalicelib.domain.indices import cell
from tests.support.published import calendar
from tests.support.random_cases import Walk, walks

MONDAY = date(2026, 3, 2)


def moves(walk: Walk) -> list[tuple[Case | None, Case]]:
    return list(zip((None, *walk.versions), walk.versions, strict=False))


@given(walks())
def test_what_a_history_adds_to_stocks_is_where_it_stands(walk: Walk) -> None:
    stands: dict[str, str] = {}
    for before, after in moves(walk):
        was, now = stock.standing(before, walk.law), stock.standing(after, walk.law)
        for name, day in stock.left(was, now).items():
            assert stands.pop(name.removesuffix("_was")) == day
        for name, day in stock.entered(was, now).items():
            assert name.removesuffix("_now") not in stands
            stands[name.removesuffix("_now")] = day
        assert stands == now


@given(walks())
def test_a_case_is_open_until_it_closes_and_closes_once(walk: Walk) -> None:
    outcomes = [dict(stock.outcome(before, after, walk.law)) for before, after in moves(walk)]
    closing = [number for number, each in enumerate(outcomes) if "closes" in each]
    assert len(closing) == (walk.case.closed_at is not None)
    for number, version in enumerate(walk.versions):
        assert (stock.OPEN in stock.standing(version, walk.law)) == (not closing or number < closing[0])


@given(walks())
def test_pausing_late_does_not_undo_being_late(walk: Walk) -> None:
    """Whoever was past the date when a pause began stands under the old date as long as it lasts."""
    for before, after in pairwise(walk.versions):
        if after.state != "suspended" or before.state == "suspended":
            continue
        due = before.dues.get("promised")
        if due and after.nodes[-1].at > due.last:
            day = (due.last + timedelta(seconds=1)).date().isoformat()
            assert stock.standing(after, walk.law)[stock.OPEN] == stock.standing(before, walk.law)[stock.OPEN] == day


@given(walks())
def test_being_late_is_being_past_the_date_that_was_told(walk: Walk) -> None:
    for before, after in moves(walk):
        told = dict(stock.outcome(before, after, walk.law))
        if before is None or "closes" not in told or "late" not in told:
            continue
        running = [one for name in ("promised", "statutory") if (one := before.clocks.get(name)) and not one.stopped]
        due: Due | None = before.dues.get(running[0].name) if running else None
        if due:
            assert told["late"] == (after.nodes[-1].at.replace(microsecond=0) > due.last.replace(microsecond=0))


def test_working_days_are_counted_without_the_days_of_pauses() -> None:
    """From Monday to Friday of the week after: nine; a pause from Wednesday to the next Tuesday takes five."""
    fact = Fact("330203", MONDAY + timedelta(days=11), "node", "1", {"since": MONDAY.isoformat()})
    assert cell.worked(fact, calendar()) == 9
    paused = {**fact.data, "gaps": "2026-03-04/2026-03-10"}
    assert cell.worked(replace(fact, data=paused), calendar()) == 4
    twice = {**fact.data, "gaps": "2026-03-04/2026-03-05,2026-03-05/2026-03-06,2026-03-12/2026-03-11"}
    assert cell.worked(replace(fact, data=twice), calendar()) == 6
    before = {**fact.data, "gaps": "2026-02-20/2026-03-03"}
    assert cell.worked(replace(fact, data=before), calendar()) == 8


def test_a_case_counts_as_overdue_from_the_end_of_the_day_after_its_last() -> None:
    due = Due(end_of_day(MONDAY), provisional=False)
    assert stock._day(due) == "2026-03-03"
    assert stock._day(replace(due, last=due.last - timedelta(hours=5))) == "2026-03-02"  # a limit in hours
    assert stock._day(None) == stock.UNDATED
