"""Values, keys and sizes: what is kept exactly, what is refused, and reading several items at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.table import INVALID, NOT_FOUND, Raw, Table, code, do, plain, refused, typed

A = {"id": "a"}
LIMIT = 400 * 1024


def raw(cases: Table, name: str) -> Any:
    return cases.engine.ddb.get_item(TableName=cases.name, Key=typed(A), ConsistentRead=True)["Item"][name]


def many(cases: Table, ids: list[str]) -> Any:
    keys = [typed({"id": id}) for id in ids]
    return cases.engine.ddb.batch_get_item(RequestItems={cases.name: {"Keys": keys}})


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="an empty text"),
        pytest.param("办件 𠮷 \x00", id="a text of any characters"),
        pytest.param(bytes(range(256)), id="bytes"),
        pytest.param(b"", id="no bytes"),
        pytest.param(None, id="null"),
        pytest.param(False, id="false"),
        pytest.param([], id="an empty list"),
        pytest.param({}, id="an empty map"),
        pytest.param([{"r": b"\x00\xff", "d": {"s": [1], "p": None}}, "x", 2], id="nodes of a history"),
        pytest.param({"a", "b"}, id="a set"),
    ],
)
def test_it_comes_back_as_it_was_put(cases: Table, value: Any) -> None:
    do(cases.put({"id": "a", "n": value}))
    assert cases.get(A) == {"id": "a", "n": value}


def test_null_is_there_and_an_absent_attribute_is_not(cases: Table) -> None:
    do(cases.put({"id": "a", "w": None}))
    assert cases.get(A) == {"id": "a", "w": None}
    do(cases.delete(A, "attribute_exists(w) AND attribute_not_exists(x)"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("253402271999", "253402271999"),
        ("1790000000123", "1790000000123"),
        ("0.1", "0.1"),
        ("1.50", "1.5"),
        ("007", "7"),
        ("-0", "0"),
        ("1E3", "1000"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
    ],
)
def test_a_number_is_kept_exactly_in_its_plain_form(cases: Table, given: str, kept: str) -> None:
    do(cases.put({"id": "a", "v": Raw({"N": given})}))
    assert raw(cases, "v") == {"N": kept}


def test_sums_are_exact_to_38_digits(cases: Table) -> None:
    do(cases.put({"id": "a", "v": Raw({"N": "12345678901234567890123456789012345.67"})}))
    do(cases.update(A, "ADD v :cent", cent=Raw({"N": "0.01"})))
    assert raw(cases, "v") == {"N": "12345678901234567890123456789012345.68"}


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({"v": 1}, id="no key"),
        pytest.param({"id": ""}, id="an empty key"),
        pytest.param({"id": 1}, id="a number as key"),
        pytest.param({"id": None}, id="null as key"),
        pytest.param({"id": "x" * 2049}, id="a key over 2048 bytes"),
        pytest.param({"id": "a", "h": "", "q": 1}, id="an empty key of an index"),
        pytest.param({"id": "a", "h": None, "q": 1}, id="null as key of an index"),
        pytest.param({"id": "a", "h": "o", "q": "1"}, id="a text as number of an index"),
        pytest.param({"id": "a", "v": Raw({"N": "1" * 39})}, id="39 digits"),
        pytest.param({"id": "a", "v": Raw({"N": "1E126"})}, id="a number too large"),
        pytest.param({"id": "a", "v": Raw({"N": "one"})}, id="a number that is none"),
        pytest.param({"id": "a", "v": Raw({"SS": []})}, id="an empty set"),
        pytest.param({"id": "a", "v": Raw({"SS": ["x", "x"]})}, id="a set with a duplicate"),
    ],
)
def test_a_put_is_refused_for(cases: Table, item: dict[str, Any]) -> None:
    assert refused(cases.put(item)) == INVALID
    assert cases.get(A) is None


@pytest.mark.parametrize(
    "key",
    [
        pytest.param({"id": ""}, id="an empty key"),
        pytest.param({"id": 1}, id="a number"),
        pytest.param({"v": "a"}, id="another attribute"),
        pytest.param({"id": "a", "v": 1}, id="more than the key"),
    ],
)
def test_no_action_takes_as_key(cases: Table, key: dict[str, Any]) -> None:
    assert code(cases.get, key) == INVALID
    assert refused(cases.update(key, "SET s = :s", s="x")) == INVALID
    assert refused(cases.delete(key)) == INVALID


def test_half_a_key_is_refused(dossiers: Table) -> None:
    assert code(dossiers.get, A) == INVALID
    assert refused(dossiers.put(A)) == INVALID


def test_a_table_that_is_not_there_is_named_as_such(cases: Table) -> None:
    nowhere = Table(cases.engine, "no-such-table")
    assert refused(nowhere.put(A)) == NOT_FOUND
    assert code(nowhere.get, A) == NOT_FOUND


# sizes: attribute names count too


def test_an_item_of_exactly_400_kilobytes_is_kept_and_one_byte_more_is_refused(cases: Table) -> None:
    room = LIMIT - len("id" + "a" + "s")
    do(cases.put({"id": "a", "s": "x" * room}))
    assert refused(cases.put({"id": "b", "s": "x" * (room + 1)})) == INVALID


@pytest.mark.parametrize("rest", [0, 1, 2])
def test_bytes_count_as_themselves_and_not_as_they_are_sent(cases: Table, rest: int) -> None:
    room = LIMIT - len("id" + "a" + "s" + "t" + "x" * rest)
    do(cases.put({"id": "a", "s": b"x" * room, "t": "x" * rest}))
    assert refused(cases.put({"id": "a", "s": b"x" * (room + 1), "t": "x" * rest})) == INVALID


def test_size_is_counted_in_bytes_of_utf_8(cases: Table) -> None:
    assert refused(cases.put({"id": "a", "s": "办" * (LIMIT // 3)})) == INVALID
    do(cases.put({"id": "a", "s": "办" * (LIMIT // 3 - 2)}))


def test_an_append_beyond_400_kilobytes_is_refused_and_leaves_the_item(cases: Table) -> None:
    before = {"id": "a", "v": 1, "n": ["x" * 300_000]}
    do(cases.put(before))
    grow = cases.update(A, "SET v = :two, n = list_append(n, :more)", two=2, more=["x" * 200_000])
    assert refused(grow) == INVALID
    assert cases.get(A) == before


# reading many


def test_a_hundred_items_are_read_at_once_and_absent_ones_are_left_out(cases: Table) -> None:
    for n in range(3):
        do(cases.put({"id": f"c{n}", "v": n}))
    answer = many(cases, [f"c{n}" for n in range(100)])
    assert sorted(plain(each)["id"] for each in answer["Responses"][cases.name]) == ["c0", "c1", "c2"]
    assert answer["UnprocessedKeys"] == {}


def test_a_hundred_and_one_items_or_one_twice_are_refused(cases: Table) -> None:
    assert code(many, cases, [f"c{n}" for n in range(101)]) == INVALID
    assert code(many, cases, ["c1", "c1"]) == INVALID


def test_what_does_not_fit_into_16_megabytes_is_left_as_unprocessed_keys(cases: Table) -> None:
    ids = [f"c{n}" for n in range(42)]
    for id in ids:
        do(cases.put({"id": id, "s": "x" * 400_000}))
    answer = many(cases, ids)
    left = answer["UnprocessedKeys"][cases.name]["Keys"]
    assert 0 < len(left) < len(ids)
    read = [each["id"]["S"] for each in answer["Responses"][cases.name]]
    assert sorted(read + [each["id"]["S"] for each in left]) == sorted(ids)


def test_a_time_to_live_is_accepted_and_described_and_its_attribute_stays(requests: Table) -> None:
    ddb, name = requests.engine.ddb, requests.name
    ddb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    described = ddb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described["AttributeName"] == "expires"
    do(requests.put({"key": "k", "expires": 4_000_000_000}))
    assert requests.get({"key": "k"}) == {"key": "k", "expires": 4_000_000_000}
