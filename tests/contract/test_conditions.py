"""Which conditions hold of an item, each asked by a delete that depends on it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contract.table import CONDITION, INVALID, Raw, Table, Write, do, refused

A = {"id": "a"}
ITEM = {"id": "a", "v": 1, "s": "x", "n": [1, 2], "u": {"accept": "p1"}, "x": True, "w": None}
VALUES: dict[str, Any] = {
    "one": 1,
    "exactly_one": Raw({"N": "1.00"}),
    "two": 2,
    "x": "x",
    "p1": "p1",
    "p2": "p2",
    "null": None,
    "number": "N",
    "list": [1, 2],
}


def used(condition: str) -> dict[str, Any]:
    return {name: VALUES[name] for name in re.findall(r":(\w+)", condition)}


@pytest.mark.parametrize(
    "condition",
    [
        "u.accept <> :p2",
        "u.review <> :p1",  # the four eyes: a step that nobody took yet is nobody's
        "absent.accept <> :p1",
        "v = :one AND u.accept <> :p2 AND u.review <> :p2",
        "absent <> :null",
        "w = :null",
        "attribute_exists(w)",
        "attribute_not_exists(absent)",
        "attribute_not_exists(u.review)",
        "attribute_type(v, :number)",
        "v = :exactly_one",
        "s <> :one",
        "n = :list",
        "size(n) = :two",
        "n[1] = :two",
        "contains(n, :two)",
        "begins_with(s, :x)",
        "v BETWEEN :one AND :two",
        "v IN (:two, :one)",
        "NOT v = :two",
        "v = :one OR v = :two AND s = :p1",
    ],
)
def test_it_is_true_that(cases: Table, condition: str) -> None:
    do(cases.put(ITEM))
    do(cases.delete(A, condition, **used(condition)))
    assert cases.get(A) is None


@pytest.mark.parametrize(
    "condition",
    [
        "u.accept <> :p1",
        "v = :one AND u.accept <> :p1",
        "absent = :null",
        "absent = gone",
        "absent = :one",
        "absent < :one",
        "attribute_exists(u.review)",
        "attribute_type(s, :number)",
        "x = :one",  # true is not 1
        "s > :one",  # unlike types have no order
        "s < :one",
        "size(absent) < :two",
        "n[7] = :two",
        "contains(s, :one)",
        "v IN (:two, :x)",
        "(v = :one OR v = :two) AND s = :p1",
    ],
)
def test_it_is_not_true_that(cases: Table, condition: str) -> None:
    do(cases.put(ITEM))
    assert refused(cases.delete(A, condition, **used(condition))) == CONDITION
    assert cases.get(A) == ITEM


@pytest.mark.parametrize(
    "condition",
    [
        "v BETWEEN :two AND :one",
        "v BETWEEN :one AND :x",
        "v = :one OR v BETWEEN :two AND :one",
        "v = :undefined",
        "v = :one AND",
        "((v = :one))",
        "status = :one",
        "",
    ],
)
def test_it_cannot_be_asked_whether(cases: Table, condition: str) -> None:
    do(cases.put(ITEM))
    asked = cases.delete(A, "x", **{name: value for name, value in VALUES.items() if f":{name}" in condition.split()})
    assert refused(Write(asked.engine, asked.kind, asked.body | {"ConditionExpression": condition})) == INVALID
