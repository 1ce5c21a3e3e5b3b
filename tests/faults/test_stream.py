"""Three hundred scenarios of a stream over a small reaction, and that the net catches reactions that are wrong."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from infra.local.cloud import LocalCloud
from tests.faults.conftest import Elsewhere
from tests.faults.searching import Perform, replay, search
from tests.faults.stage import Pick
from tests.faults.streams import Mishap, Record, Scenario, Subject, rows_of
from tests.support.wire import Trouble

SEEDS = (1, 2, 3, 4)
SCENARIOS = 75
BOUND = 75  # scenarios within which a wrong reaction must be found out
READER, WRITTEN = "small_reaction", "RequestsTable"


# A small reaction: for each step that an item took by a change, one row, by a put that can be done again.


def fill(cloud: LocalCloud, pick: Pick) -> None:
    """One to four items of one to four steps, each step one write, item by item."""
    client = boto3.client("dynamodb")
    for key in "abcd"[: 1 + pick(4)]:
        for version in range(1, 2 + pick(4)):
            steps = {"L": [{"S": f"{key}{n}"} for n in range(1, version + 1)]}
            client.put_item(TableName="zhongshu-local-cases", Item={"id": {"S": key}, "n": steps})


def steps(record: Record) -> list[tuple[int, str]]:
    """Number and text of the steps that this change brought."""
    change = record["dynamodb"]
    before = len(change["OldImage"]["n"]["L"]) if "OldImage" in change else 0
    found = [(number, step["S"]) for number, step in enumerate(change["NewImage"]["n"]["L"], start=1)]
    return found[before:]


def save(key: str, number: int) -> None:
    """A row; the same again changes nothing."""
    requests = importlib.import_module("chalicelib.store.requests")  # reads its settings when it is imported
    row = requests.RequestRow(key, case_id=key, digest=b"", expires=number)
    requests.persistently(row.save)


def a_row_for_each_step(record: Record) -> None:
    for number, step in steps(record):
        save(step, number)


# Three that are wrong.


def counting_up(record: Record) -> None:
    """Adds to what is there, so that what comes twice counts twice."""
    requests = importlib.import_module("chalicelib.store.requests")
    (key,) = record["dynamodb"]["Keys"].values()
    actions = [requests.RequestRow.expires.add(len(steps(record)))]
    connection = requests.connection()
    requests.persistently(
        lambda: connection.update_item(requests.RequestRow.Meta.table_name, key["S"], actions=actions)
    )


def only_what_is_newer(record: Record) -> None:
    """Passes by a change that is older than what it has seen, so that what was put aside is lost."""
    cases = {name: value["S"] for name, value in record["dynamodb"]["Keys"].items()}
    requests = importlib.import_module("chalicelib.store.requests")
    found = steps(record)
    seen = requests.find(f"{cases['id']} newest")
    if seen is None or int(seen.case_id) < found[-1][0]:
        a_row_for_each_step(record)
        row = requests.RequestRow(f"{cases['id']} newest", case_id=str(found[-1][0]), digest=b"", expires=0)
        requests.persistently(row.save)


def by_arrival(record: Record) -> None:
    """Writes what only the order of arrival tells."""
    for number, step in steps(record):
        save(step, number)
        save("last", ord(step[0]))


def performance(reaction: Callable[[Record], None]) -> Perform:
    subject = Subject(READER, "CasesTable", (WRITTEN,), fill, reaction, rows_of(WRITTEN))
    return lambda pick, tally, told: Scenario(subject, pick, tally, told).play()


def searched(start: int, scenarios: int, reaction: Callable[[Record], None]) -> Any:
    """A search, in the town's process."""
    return search(start, scenarios, performance(reaction))


def replayed(numbers: list[int], reaction: Callable[[Record], None]) -> Any:
    """One scenario, in the town's process."""
    return replay(numbers, performance(reaction))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_becomes_of_a_stream_nothing_is_lost_and_nothing_doubled(seed: int, in_town: Elsewhere) -> None:
    outcome = in_town(searched, seed, SCENARIOS, a_row_for_each_step)
    print(f"seed {seed}: {outcome.played} scenarios, {dict(outcome.tally)}")
    assert outcome.found is None, f"seed {seed}\n{outcome.found}"
    assert outcome.played >= SCENARIOS
    happened = Counter(outcome.tally)
    for each in (*list(Mishap)[1:], Trouble.throttled, Trouble.unanswered, Trouble.dies_after):
        assert happened[each.name] > 0, each
    assert happened["quarantined"] > SCENARIOS / 10
    assert happened["dead letters"] > SCENARIOS / 10
    assert happened["redriven"] > SCENARIOS / 5


@pytest.mark.parametrize("reaction", [counting_up, only_what_is_newer, by_arrival])
def test_a_reaction_that_is_wrong_is_found_out_and_the_scenario_made_small(
    reaction: Callable[[Record], None], in_town: Elsewhere
) -> None:
    outcome = in_town(searched, 1, BOUND, reaction)
    print(f"{reaction.__name__}: held {outcome.played} scenarios; {outcome.found}")
    assert outcome.found is not None
    again, told = in_town(replayed, outcome.found.numbers, reaction)
    assert again is not None
    assert again.violation == outcome.found.violation
    assert told == outcome.found.told
    assert in_town(replayed, outcome.found.numbers, a_row_for_each_step)[0] is None


def test_an_undisturbed_scenario_is_a_list_of_nothing(in_town: Elsewhere) -> None:
    found, told = in_town(replayed, [], a_row_for_each_step)
    assert found is None
    assert [line for line in told if "PutItem" in line] == [f"    {READER}: PutItem"]
