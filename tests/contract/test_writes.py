"""Single writes: conditions on them, what an update does to an item, and what a refused one leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.table import CONDITION, INVALID, Table, code, do, plain, refusal, refused

A = {"id": "a"}
ABSENT = "attribute_not_exists(id)"
NODES = [{"a": "file", "w": "p1"}]
CASE = {"id": "a", "v": 1, "s": "received", "n": NODES, "h": "330203", "q": 5, "u": {"accept": "p1"}}

APPEND = "SET v = :next, n = list_append(n, :fresh)"


# a put


def test_a_put_replaces_the_whole_item(cases: Table) -> None:
    do(cases.put(CASE))
    do(cases.put({"id": "a", "v": 2}))
    assert cases.get(A) == {"id": "a", "v": 2}


def test_a_put_on_absence_wins_once(cases: Table) -> None:
    do(cases.put(CASE, ABSENT))
    assert refused(cases.put({"id": "a", "v": 9}, ABSENT)) == CONDITION
    assert cases.get(A) == CASE


def test_a_put_on_absence_under_a_sort_key_looks_at_that_item_only(dossiers: Table) -> None:
    do(dossiers.put({"id": "a", "part": "form#1"}, "attribute_not_exists(part)"))
    do(dossiers.put({"id": "a", "part": "form#2"}, "attribute_not_exists(part)"))
    assert refused(dossiers.put({"id": "a", "part": "form#1"}, "attribute_not_exists(part)")) == CONDITION


def test_a_put_gives_the_old_item_when_it_is_asked_to(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 1}))
    answer = do(cases.put({"id": "a", "v": 2}), ReturnValues="ALL_OLD")
    assert plain(answer["Attributes"]) == {"id": "a", "v": 1}


def test_a_failed_condition_shows_the_item_when_it_is_asked_to(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 7}))
    answer = refusal(do, cases.put(A, ABSENT), ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert plain(answer["Item"]) == {"id": "a", "v": 7}


# an update


def test_an_append_on_the_version_adds_to_the_list_and_moves_the_version(cases: Table) -> None:
    do(cases.put(CASE))
    fresh = [{"a": "accept", "w": "p2"}]
    do(cases.update(A, APPEND, "v = :v", next=2, fresh=fresh, v=1))
    assert cases.get(A) == CASE | {"v": 2, "n": NODES + fresh}


def test_an_append_on_a_version_that_moved_is_refused_and_leaves_nothing(cases: Table) -> None:
    do(cases.put(CASE))
    assert refused(cases.update(A, APPEND, "v = :v", next=3, fresh=NODES, v=2)) == CONDITION
    assert cases.get(A) == CASE


def test_an_update_on_a_version_does_not_bring_an_absent_item_to_life(cases: Table) -> None:
    assert refused(cases.update(A, "SET s = :s", "v = :v", s="x", v=1)) == CONDITION
    assert cases.get(A) is None


def test_an_update_without_condition_makes_an_absent_item(cases: Table) -> None:
    do(cases.update(A, "SET s = :s", s="x"))
    assert cases.get(A) == {"id": "a", "s": "x"}


def test_list_append_keeps_the_order_of_its_operands(cases: Table) -> None:
    do(cases.put({"id": "a", "n": [2]}))
    do(cases.update(A, "SET n = list_append(:before, n)", before=[0, 1]))
    assert cases.get(A) == {"id": "a", "n": [0, 1, 2]}


def test_if_not_exists_takes_its_default_once(cases: Table) -> None:
    for _ in range(3):
        change = "SET v = if_not_exists(v, :zero) + :one, n = list_append(if_not_exists(n, :none), :fresh)"
        do(cases.update(A, change, zero=0, one=1, none=[], fresh=["x"]))
    assert cases.get(A) == {"id": "a", "v": 3, "n": ["x", "x", "x"]}


def test_every_value_of_an_update_is_taken_from_the_item_as_it_was(cases: Table) -> None:
    do(cases.put({"id": "a", "s": "old", "v": 1}))
    do(cases.update(A, "SET s = :new, i = s, v = v + :one, c = v", new="new", one=1))
    assert cases.get(A) == {"id": "a", "s": "new", "i": "old", "v": 2, "c": 1}


def test_setting_and_removing_go_together(cases: Table) -> None:
    do(cases.put(CASE))
    do(cases.update(A, "SET s = :s REMOVE h, q, nothing", s="archived"))
    assert cases.get(A) == {"id": "a", "v": 1, "s": "archived", "n": NODES, "u": {"accept": "p1"}}


def test_a_path_into_a_map_changes_that_entry_only(cases: Table) -> None:
    do(cases.put({"id": "a", "u": {"accept": "p1", "review": "p2"}}))
    do(cases.update(A, "SET u.deliver = :w REMOVE u.accept", w="p3"))
    assert cases.get(A) == {"id": "a", "u": {"review": "p2", "deliver": "p3"}}


def test_elements_are_removed_by_the_positions_they_had(cases: Table) -> None:
    do(cases.put({"id": "a", "n": [0, 1, 2, 3]}))
    do(cases.update(A, "REMOVE n[0], n[2]"))
    assert cases.get(A) == {"id": "a", "n": [1, 3]}


def test_adding_counts_from_nothing(cases: Table) -> None:
    do(cases.update(A, "ADD v :n", n=2))
    do(cases.update(A, "ADD v :n", n=-5))
    assert cases.get(A) == {"id": "a", "v": -3}


def test_placeholders_stand_for_names_as_the_library_writes_them(cases: Table) -> None:
    do(cases.put(CASE))
    names = {"#0": "v", "#1": "s", "#2": "n", "#3": "h", "#4": "u", "#5": "accept"}
    change = "SET #0 = :0, #1 = :1, #2 = list_append (#2, :2) REMOVE #3"
    write = cases.update(A, change, "(#0 = :3 AND #4.#5 <> :4)", **{"0": 2, "1": "x", "2": ["y"], "3": 1, "4": "p2"})
    do(write, ExpressionAttributeNames=names)
    assert cases.get(A) == {"id": "a", "v": 2, "s": "x", "n": [*NODES, "y"], "q": 5, "u": {"accept": "p1"}}


def test_an_update_gives_the_new_item_when_it_is_asked_to(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 1, "s": "x"}))
    answer = do(cases.update(A, "SET v = :v", v=2), ReturnValues="ALL_NEW")
    assert plain(answer["Attributes"]) == {"id": "a", "v": 2, "s": "x"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("SET s = :text, i = absent", id="a path that is not there"),
        pytest.param("SET s = :text, v = absent + :one", id="a sum with nothing"),
        pytest.param("SET v = :one, s = s + :one", id="a sum of text and number"),
        pytest.param("SET v = :one ADD s :one", id="counting up a text"),
        pytest.param("SET v = :one, n = list_append(s, :list)", id="appending to a text"),
        pytest.param("SET v = :one, absent.accept = :text", id="an entry of a map that is not there"),
        pytest.param("SET u = :map, u.accept = :text", id="two paths that overlap"),
        pytest.param("SET s = :text REMOVE s", id="setting and removing the same"),
        pytest.param("SET v = :one, id = :text", id="another key"),
        pytest.param("SET v = :one, q = :text", id="a text under an index of numbers"),
        pytest.param("SET v = :one, h = :empty", id="an empty key of an index"),
        pytest.param("SET v = :one, s = :big", id="more than 400 KB"),
        pytest.param("SET v = :undefined", id="a placeholder without value"),
        pytest.param("SET status = :one", id="a reserved word"),
        pytest.param("SET v := :one", id="no expression at all"),
    ],
)
def test_an_update_is_refused_whole_for(cases: Table, change: str) -> None:
    before = CASE | {"i": "x" * 1000}
    do(cases.put(before))
    values: dict[str, Any] = {"text": "x", "one": 1, "list": ["x"], "map": {}, "empty": "", "big": "x" * 409_000}
    used = {name: value for name, value in values.items() if f":{name}" in change}
    assert refused(cases.update(A, change, **used)) == INVALID
    assert cases.get(A) == before


def test_a_value_that_no_expression_uses_is_refused(cases: Table) -> None:
    assert refused(cases.put(CASE, ABSENT, unused=1)) == INVALID
    assert refused(cases.update(A, "SET v = :v", v=1, unused=1)) == INVALID
    assert code(cases.query, "id = :id", id="a", unused=1) == INVALID
    assert code(do, cases.put(CASE), ExpressionAttributeNames={"#unused": "v"}) == INVALID


# a delete


def test_a_delete_on_condition_keeps_the_item_when_it_fails(cases: Table) -> None:
    do(cases.put({"id": "a", "v": 1}))
    assert refused(cases.delete(A, "v = :v", v=2)) == CONDITION
    assert cases.get(A) == {"id": "a", "v": 1}
    do(cases.delete(A, "v = :v", v=1))
    assert cases.get(A) is None


def test_deleting_what_is_not_there_succeeds(cases: Table) -> None:
    do(cases.delete(A))
    assert refused(cases.delete(A, "attribute_exists(id)")) == CONDITION
