"""Facts → cells → indices is a function: whatever order facts come in, and however often; and sums are sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import organisation as organisations
from chalicelib.domain.fact import Fact, Value
from chalicelib.domain.indices import board, cell, period, sums, tally
from chalicelib.domain.indices.board import Rows
from chalicelib.domain.indices.period import Period, Span
from chalicelib.domain.indices.sums import LEVELS
from chalicelib.domain.organisation import Level
from chalicelib.indicators import in_force
from tests.domain.indices.histories import PLACES, delivered, histories
from tests.support.published import calendar, item_documents, published_item

Own = dict[str, dict[str, int]]
CATALOGUE = {level: sums.of_items([published_item(one["id"]) for one in item_documents()], level) for level in LEVELS}


def days(facts: Iterable[Fact]) -> dict[date, Own]:
    """Each organisation's cell of each day."""
    by_place: dict[tuple[date, str], list[Fact]] = {}
    for each in facts:
        by_place.setdefault((each.day, each.organisation), []).append(each)
    found: dict[date, Own] = {}
    for (day, code), here in sorted(by_place.items()):
        found.setdefault(day, {})[code] = tally.summed(cell.of_facts(here, calendar()))
    return found


def whole(cells: dict[date, Own], one: Period) -> Own:
    """A period of each organisation's own: what happened in it, and what stands at its end."""
    happened = [
        {code: tally.flows(each) for code, each in book.items()}
        for day, book in cells.items()
        if one.first <= day <= one.last
    ]
    standing = [
        {code: tally.stocks(each) for code, each in book.items()} for day, book in cells.items() if day <= one.last
    ]
    return sums.together([*happened, *standing])


def rows(cells: dict[date, Own], one: Period) -> Rows:
    return board.rows(in_force(one.last), sums.up_the_tree(whole(cells, one)), one.last, CATALOGUE, {})


def around(facts: list[Fact]) -> list[Period]:
    return sorted({one for each in facts for one in period.all_of(each.day)}, key=lambda one: one.key)


@given(histories())
def test_children_sum_to_their_parent_at_every_level_and_period(facts: list[Fact]) -> None:
    cells = days(facts)
    for one in around(facts):
        own = whole(cells, one)
        totals = sums.up_the_tree(own)
        for code, counts in totals.items():
            below = [each for other, each in totals.items() if organisations.parent(other) == code]
            assert counts == tally.total([own.get(code, {}), *below]), (one.name, code)
        assert board.own(totals) == {code: counts for code, counts in own.items() if counts}


@given(histories())
def test_months_sum_to_every_longer_period(facts: list[Fact]) -> None:
    cells = days(facts)
    for one in around(facts):
        if one.span in (Span.quarter, Span.half, Span.year):
            months = [sums.up_the_tree(whole(cells, month)) for month in period.months(one)]
            assert sums.row(months) == sums.up_the_tree(whole(cells, one))


@settings(max_examples=25)
@given(histories(), st.data())
def test_late_doubled_and_reordered_facts_give_the_same_bytes(facts: list[Fact], data: st.DataObject) -> None:
    cells, again = days(facts), days(delivered(data, facts))
    texts = {(day, code): tally.text(counts) for day, book in cells.items() for code, counts in book.items()}
    assert {(day, code): tally.text(each) for day, book in again.items() for code, each in book.items()} == texts
    for one in around(facts):
        assert repr(rows(again, one)) == repr(rows(cells, one))


@settings(max_examples=25)
@given(histories(), st.sampled_from(PLACES), st.integers(0, 300))
def test_a_rating_that_is_excluded_and_included_again_gives_the_same_number(
    facts: list[Fact], code: str, offset: int
) -> None:
    told: dict[str, Value] = {"counted": 1, "why": "active", "level": "dissatisfied", "channel": "web"}
    rating = Fact(code, date(2026, 1, 15) + timedelta(days=offset), "rating", "mine", told)
    excluded = replace(rating, n=1, data={**told, "counted": 0, "why": "excluded"})
    included = replace(rating, n=2, data={**told, "why": "included"})
    once, without, again = (
        days([*facts, *more]) for more in ([rating], [rating, excluded], [rating, excluded, included])
    )
    for one in around([rating]):
        assert rows(again, one) == rows(once, one)
        before, after = (rows(each, one)[code].standing.values["satisfied_rate"] for each in (once, without))
        assert before.denominator == after.denominator + 1


@given(histories())
def test_what_stands_is_what_was_received_and_is_not_closed(facts: list[Fact]) -> None:
    """Opened less closed is open, and nobody is overdue who is not open; over all organisations, at each day."""
    cells = days(facts)
    for day in sorted(cells):
        province = sums.up_the_tree(whole(cells, period.of(day, Span.day))).get("330000", {})
        so_far = [each for each in facts if each.day <= day and each.kind == "node"]
        opened = sum(each.data["node"] == "submit" for each in so_far)
        closed = sum("closes" in each.data for each in so_far)
        standing = tally.settled(province, day)
        assert standing.get("open", 0) == opened - closed
        assert 0 <= standing.get("open/overdue", 0) <= standing.get("open", 0)


@settings(max_examples=25)
@given(histories())
def test_nothing_to_divide_by_is_never_a_number(facts: list[Fact]) -> None:
    for one in around(facts):
        for row in rows(days(facts), one).values():
            for value in row.standing.values.values():
                assert (value.score is None) == bool(value.why)
                assert value.score is None or value.denominator > 0


def test_an_item_counts_once_at_whoever_exercises_it_and_at_all_above() -> None:
    listed = [document for document in item_documents() if document["number"]]  # and not what stands for other systems
    assert CATALOGUE[Level.province]["items"] == len(listed) == 37
    assert CATALOGUE[Level.station]["items"] == sum("station" in document["levels"] for document in listed)
    for above, below in pairwise(LEVELS):
        assert all(CATALOGUE[above][name] >= CATALOGUE[below][name] for name in CATALOGUE[below])
    fit = [document for document in listed if document["online"]]
    assert CATALOGUE[Level.province]["items/online"] == len(fit)
    assert CATALOGUE[Level.province]["items/online/no_visit"] == sum(document["visits"] == 0 for document in fit)


@given(histories())
def test_what_stands_is_told_from_what_happened_by_its_name(facts: list[Fact]) -> None:
    for each in facts:
        counts = cell.of_fact(each, calendar())
        assert all(cell.stands(name) for name in tally.settled(tally.stocks(counts), date.max))
        assert not any(cell.stands(name) for name in tally.flows(counts))


def test_stocks_of_orders_and_centres_are_named_like_those_of_cases() -> None:
    for name in ("file", "open/overdue", "orders/complaint/open/overdue", "orders/follow_up/stage/to_call/overdue"):
        assert cell.stands(name)
    assert cell.stands("centres/operating")
    for name in (
        "due/late",
        "orders/complaint/due",
        "orders/follow_up/call_back/late",
        "centres/begun/late",
        "centres",
    ):
        assert not cell.stands(name)
