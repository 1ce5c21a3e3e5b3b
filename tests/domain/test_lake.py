"""The lake's lines: the same objects for the same facts, and the same numbers however often and in whatever order lines
are read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import lake, on_time
from chalicelib.domain.fact import Fact, Value
from chalicelib.domain.lake import Row, Stored

DAYS = [date(2026, 3, 31), date(2026, 4, 1)]
COUNTIES = ("330203", "330205", "33020301")


def row(organisation: str, day: date, kind: str, id: str, n: int, revised: int, **data: Value) -> Row:
    return Row(Fact(organisation, day, kind, id, data, n), revised)


@st.composite
def told(draw: st.DrawFn) -> Row:
    organisation, day = draw(st.sampled_from(COUNTIES)), draw(st.sampled_from(DAYS))
    case, n = draw(st.sampled_from(["c1", "c2", "c3"])), draw(st.integers(0, 2))
    if draw(st.booleans()):
        node = draw(st.sampled_from(["submit", "complete", "settle"]))
        return row(organisation, day, "node", f"{case}#0002", n, 0, node=node, case=case)
    limit = draw(st.sampled_from(["promised", "statutory", "stage:received:1", "promised~"]))
    return row(organisation, day, "finding", f"{case}#W02#{limit}", n, 0, rule="W02", subject=case)


def distinct(rows: Sequence[Row]) -> list[Row]:
    """One row for each fact of a name: what is kept is one thing."""
    return list({(each.fact.place, each.fact.name): each for each in rows}.values())


def read(rows: Sequence[Row], cuts: int, seed: int) -> list[Row]:
    """Rows as a reader finds them after a stream that delivered twice, in any order and in batches of `cuts`."""
    many = [*rows, *rows]
    random.Random(seed).shuffle(many)
    batches = [many[at : at + cuts] for at in range(0, len(many), cuts)]
    objects = {key: content for batch in batches for _, key, content in lake.objects(batch)}
    return [each for key, content in objects.items() for each in lake.rows_of(key, content)]


@given(st.lists(told(), max_size=30), st.integers(1, 9), st.integers())
def test_an_indicator_over_the_lake_is_the_one_over_the_facts(rows: list[Row], cuts: int, seed: int) -> None:
    rows = distinct(rows)
    found = lake.latest(read(rows, cuts, seed))
    whole = lake.latest(rows)
    assert {(each.place, each.name): each for each in found} == {(each.place, each.name): each for each in whole}
    assert on_time.by_county_and_month(found) == on_time.by_county_and_month(whole)


@given(st.lists(told(), max_size=30), st.integers())
def test_the_same_rows_in_any_order_and_number_are_the_same_objects(rows: list[Row], seed: int) -> None:
    many = [*rows, *rows]
    random.Random(seed).shuffle(many)
    assert list(lake.objects(many)) == list(lake.objects(rows))
    assert len(list(lake.objects(rows))) <= len(DAYS)


def test_late_is_who_ran_out_of_a_limit_and_not_of_a_stage_or_a_provisional_date() -> None:
    cases = {"c1": "promised", "c2": "stage:received:1", "c3": "promised~", "c4": "statutory"}
    rows = [row("33020301", DAYS[0], "node", f"{case}#0002", 0, 0, node="complete", case=case) for case in cases]
    rows += [row("330203", DAYS[0], "finding", f"{c}#W02#{limit}", 0, 0, subject=c) for c, limit in cases.items()]
    ((group, share),) = on_time.by_county_and_month(lake.latest(rows)).items()
    assert group == ("330203", "2026-03")
    assert (len(share.finished), share.on_time) == (4, 2)


def test_only_what_is_declared_leaves_and_only_as_what_it_is_declared() -> None:
    leaves = row("330203", DAYS[0], "node", "c1#0001", 0, 0, node="submit", applicant="1:ab", unheard_of="x", due=None)
    assert leaves.line == '{"organisation":"330203","kind":"node","id":"c1#0001","n":0,"revised":0,"node":"submit"}'
    with pytest.raises(TypeError, match="due is no int"):
        _ = row("330203", DAYS[0], "node", "c1#0001", 0, 0, due="2026").line
    assert not lake.WITHHELD & lake.COLUMNS.keys()
    assert not lake.KEYS.keys() & lake.COLUMNS.keys()


def test_an_object_that_was_tampered_with_is_refused() -> None:
    ((_, key, content),) = lake.objects([row("330203", DAYS[0], "node", "c1#0001", 0, 0, node="submit")])
    for wrong in (content.replace(b"submit", b"settle"), content * 2, b""):
        with pytest.raises(ValueError, match="does not hold"):
            list(lake.rows_of(key, wrong))


def test_a_list_adds_up_and_is_the_same_in_any_order() -> None:
    found = [Stored("facts/day=2026-03-31/00003-b.jsonl", 30), Stored("facts/day=2026-03-31/00002-a.jsonl", 20)]
    assert lake.manifest(DAYS[0], found) == lake.manifest(DAYS[0], reversed(found))
    assert b'"rows": 5' in lake.manifest(DAYS[0], found)[1]
