"""The event source mapping: order, batches, windows, checkpoints, what is delivered twice, what is filtered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.cloud import LocalCloud
from infra.local.patterns import parse
from tests.local.pumped import Answering, Seen, pumped


class Crash(BaseException):
    """Whoever drives the pump dies."""


def test_records_come_in_order_and_in_batches_and_are_trimmed() -> None:
    seen = Seen(set())
    here = pumped(seen, "abcdefghij")
    assert here.pump.drain() == 10
    assert seen.batches == [list("abcd"), list("efgh"), list("ij")]
    assert (here.letters, here.stream.records, here.stream.end) == ([], [], 10)


def test_a_batch_is_at_most_six_megabytes() -> None:
    seen = Seen(set())
    here = pumped(seen, ["a", "b", "c", "d"])
    for record in here.stream.records:
        record["dynamodb"]["SizeBytes"] = 2_500_000
    here.stream.records[3]["dynamodb"]["SizeBytes"] = 7_000_000
    here.pump.drain()
    assert seen.batches == [["a", "b"], ["c"], ["d"]]


def test_a_batch_that_is_not_full_waits_for_its_window() -> None:
    seen = Seen(set())
    here = pumped(seen, "ab", window_seconds=5)
    assert here.pump.poll() == 0
    here.later(4)
    here.put("c")
    assert here.pump.poll() == 0
    here.later(1)
    assert here.pump.poll() == 3
    assert seen.batches == [list("abc")]


def test_a_full_batch_waits_for_nothing_and_what_is_left_of_it_does() -> None:
    seen = Seen(set())
    here = pumped(seen, "abcdef", window_seconds=300)
    assert here.pump.poll() == 4
    assert here.pump.poll() == 0
    assert seen.batches == [list("abcd")]
    assert here.pump.drain() == 2  # as if the window were over


def test_a_mapping_starts_with_the_oldest_record_or_with_the_next() -> None:
    for position, found in (("TRIM_HORIZON", list("abc")), ("LATEST", ["c"])):
        seen = Seen(set())
        here = pumped(seen, "ab")
        again = pumped(seen, "", starting_position=position)
        again.stream.records += here.stream.records
        again.__post_init__()
        again.put("c")
        again.pump.drain()
        assert seen.done == found


def test_filtered_records_are_passed_by_and_do_not_count_for_the_batch() -> None:
    seen = Seen(set())
    wanted = parse(json.dumps({"dynamodb": {"Keys": {"id": {"S": [{"prefix": "x"}]}}}}))
    also = parse(json.dumps({"dynamodb": {"Keys": {"id": {"S": ["a"]}}}}))
    here = pumped(seen, ["a", "b", "x1", "b", "x2", "x3", "b", "x4", "b"], passes=(wanted, also))
    assert here.pump.drain() == 9
    assert seen.batches == [["a", "x1", "x2", "x3"], ["x4"]]
    here.put("b")
    assert here.pump.drain() == 1
    assert here.stream.records == []


def test_a_crash_before_the_checkpoint_delivers_again() -> None:
    seen = Seen(set())

    def crashing(event: Any, context: Any) -> Any:
        seen(event, context)
        if len(seen.batches) == 1:
            raise Crash

    here = pumped(crashing, "ab")
    with pytest.raises(Crash):
        here.pump.drain()
    here.pump.drain()
    assert seen.batches == [["a", "b"], ["a", "b"]]


def test_a_batch_whose_checkpoint_is_lost_is_delivered_again() -> None:
    seen = Seen(set())
    here = pumped(seen, "abcdef")
    times = iter([True, False, True, True, False])
    here.pump.again = lambda: next(times)
    assert here.pump.drain() == 6
    assert seen.batches == [list("abcd")] * 2 + [list("ef")] * 3


def test_a_function_gets_copies_and_json() -> None:
    def spoiling(event: Any, context: Any) -> Any:
        event["Records"][0]["dynamodb"].clear()
        return {1, 2}  # nothing that Lambda could send back

    here = pumped(spoiling, "a", retries=1)
    here.pump.drain()
    assert (here.mapping.stats.invocations, here.mapping.stats.failures) == (2, 2)
    assert here.lost() == [1]


def test_streams_that_feed_each_other_for_ever_are_refused() -> None:
    def feeding(event: Any, context: Any) -> None:
        here.put("x")

    here = pumped(feeding, "a")
    with pytest.raises(RuntimeError, match="do not come to rest"):
        here.pump.drain()


def test_what_a_mapping_has_done_is_counted() -> None:
    here = pumped(Answering(None, lambda numbers: {"batchItemFailures": [{"itemIdentifier": numbers[1]}]}), "abcdef")
    here.pump.drain()
    stats = here.mapping.stats
    assert (stats.invocations, stats.records, stats.failures, stats.given_up) == (3, 4 + 2 + 1, 1, 0)


@given(st.lists(st.sampled_from("abcdef"), max_size=12), st.sets(st.sampled_from("abcdef")), st.integers(0, 3))
def test_whatever_breaks_everything_else_is_delivered_in_order(
    names: list[str], poison: set[str], retries: int
) -> None:
    seen = Seen({f"{name}{i}" for i, name in enumerate(names) if name in poison})
    here = pumped(seen, [f"{name}{i}" for i, name in enumerate(names)], retries=retries)
    here.pump.drain()
    firsts = list(dict.fromkeys(seen.done))
    assert firsts == [f"{name}{i}" for i, name in enumerate(names) if name not in poison]
    assert here.lost() == [1] * len(seen.poison)
    here.pump.let_go()
    here.pump.drain()
    assert here.stream.records == []


def test_the_running_cloud_reads_its_mapping_beside_its_tables(cloud: LocalCloud) -> None:
    (mapping,) = cloud.pump.mappings
    assert (mapping.name, mapping.table, mapping.batch_size) == ("on_notes", "NotesTable", 3)
    assert mapping.options.bisect
    assert mapping.options.retries == 5
