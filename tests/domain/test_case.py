"""What a case's nodes add up to, and that no change of them goes unseen; for cases as they may come to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import clocks
from chalicelib.domain.case import Case, Node, broken_link, link, unfolded
from chalicelib.domain.clocks import Due
from chalicelib.domain.engine import due_changes
from chalicelib.domain.folding import advance, fold
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from tests.support.published import calendar
from tests.support.random_cases import Walk, walks
from tests.support.walks import blank, lenient, observed, opened, walked

SECOND = timedelta(seconds=1)
FULL = walked(lenient(), "correct", "supplement", "accept", "suspend", "resume", "review", "grant", "complete")


@given(walks())
@settings(max_examples=60)
def test_a_head_is_what_its_nodes_add_up_to(walk: Walk) -> None:
    for number, case in enumerate(walk.versions, start=1):
        assert case.version == number == len(case.nodes)
        assert fold(unfolded(case), case.nodes, walk.law) == case
        assert fold(unfolded(walk.case), walk.case.nodes[:number], walk.law) == case
        assert broken_link(case) is None


@given(walks())
@settings(max_examples=60)
def test_times_never_run_backwards(walk: Walk) -> None:
    times = [node.at for node in walk.case.nodes]
    assert times == sorted(times)
    assert walk.case.closed_at is None or walk.case.closed_at in times


@given(walks())
@settings(max_examples=60)
def test_the_clocks_keep_to_the_law(walk: Walk) -> None:
    for case in walk.versions:
        assert set(case.clocks) <= {"statutory", "promised", "stage"}
        assert set(case.dues) == set(case.clocks)
        for name, clock in case.clocks.items():
            assert clock.name == name
            assert all(name in PAUSE_CLASSES[pause.kind].stops for pause in clock.pauses)
            if clock.stopped is None:
                assert case.dues[name] == clocks.due(clock, calendar())
                assert clocks.paused(clock) <= (case.state == "suspended")
        held = case.paused_in if case.state == "suspended" else case.state
        stage = walk.law.procedure.states[held].stage
        assert ("stage" in case.clocks) == (stage is not None and bool(stage.limit or walk.law.item.two_level))


@given(walks())
@settings(max_examples=60)
def test_a_limit_is_extended_once_at_most(walk: Walk) -> None:
    actions = [node.action for node in walk.case.nodes]
    assert actions.count("extend") <= 1
    assert "extend" in actions or not any(clock.extension for clock in walk.case.clocks.values())


@given(walks())
@settings(max_examples=60)
def test_a_node_says_which_dates_it_changed_and_no_other(walk: Walk) -> None:
    for before, after in zip(walk.versions, walk.versions[1:], strict=False):
        assert after.nodes[-1].dues == due_changes(before, after.clocks, calendar())
        unchanged = set(after.dues) - set(after.nodes[-1].dues)
        assert all(after.dues[name] == before.dues[name] for name in unchanged)


def with_node(case: Case, number: int, node: Node) -> Case:
    return replace(case, nodes=(*case.nodes[: number - 1], node, *case.nodes[number:]))


def falsified(node: Node) -> Iterator[tuple[str, Node]]:
    """The node with each of its fields changed in turn, in every way that matters."""
    yield "action", replace(node, action=node.action + "x")
    yield "at", replace(node, at=node.at + timedelta(milliseconds=1))
    yield "actor", replace(node, actor=node.actor + "x")
    yield "request", replace(node, request=node.request + b"x")
    yield "digest", replace(node, digest=b"")
    yield "dossier", replace(node, dossier=b"another" if node.dossier else b"new")
    yield "dossier gone", replace(node, dossier=None if node.dossier else b"new")
    yield "chain", replace(node, chain=bytes(16))
    yield "evidence added", replace(node, evidence={**node.evidence, "x": 1})
    for name, value in node.evidence.items():
        yield f"evidence {name}", replace(node, evidence={**node.evidence, name: 99 if value != 99 else 98})
        yield f"no {name}", replace(node, evidence={k: v for k, v in node.evidence.items() if k != name})
    for name, due in node.dues.items():
        changed = Due(due.last + SECOND, due.provisional) if due else Due(node.at, False)
        yield f"due {name}", replace(node, dues={**node.dues, name: changed})
        yield f"no due {name}", replace(node, dues={k: v for k, v in node.dues.items() if k != name})
        if due:
            yield f"provisional {name}", replace(node, dues={**node.dues, name: Due(due.last, not due.provisional)})
            yield f"paused {name}", replace(node, dues={**node.dues, name: None})


def test_a_change_of_any_field_of_any_node_is_found_at_that_node() -> None:
    for number, node in enumerate(FULL.nodes, start=1):
        for what, false in falsified(node):
            assert broken_link(with_node(FULL, number, false)) == number, what


@given(walks(), st.data())
@settings(max_examples=60)
def test_a_change_in_any_history_is_found_where_it_was_made(walk: Walk, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, walk.case.version))
    _, false = data.draw(st.sampled_from(list(falsified(walk.case.nodes[number - 1]))))
    assert broken_link(with_node(walk.case, number, false)) == number


@given(st.integers(1, FULL.version - 1))
def test_nodes_that_are_swapped_removed_or_put_in_are_found(number: int) -> None:
    nodes = FULL.nodes
    here, following = nodes[number - 1], nodes[number]
    swapped = (*nodes[: number - 1], following, here, *nodes[number + 1 :])
    removed = (*nodes[: number - 1], *nodes[number:])
    doubled = (*nodes[:number], here, *nodes[number:])
    assert broken_link(replace(FULL, nodes=swapped)) == number
    assert broken_link(replace(FULL, nodes=removed)) == number
    assert broken_link(replace(FULL, nodes=doubled)) == number + 1


def test_a_node_of_another_case_does_not_fit() -> None:
    other = replace(blank(lenient()), id="330203011260302000002")
    assert broken_link(fold(other, FULL.nodes, lenient())) == 1


def test_a_history_cut_short_is_whole_in_itself_so_its_length_must_be_kept_beside_it() -> None:
    cut = replace(FULL, nodes=FULL.nodes[:-1])
    assert broken_link(cut) is None
    assert cut.version == FULL.version - 1


def test_a_digest_and_a_text_that_spells_it_are_not_taken_for_each_other() -> None:
    as_digest, as_text = (replace(FULL.nodes[1], evidence={"reason": value}) for value in (b"\xab", "ab"))
    assert link(FULL.nodes[0].chain, as_digest) != link(FULL.nodes[0].chain, as_text)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "330203011260302000002"},
        {"item": "hotel-licence@2"},
        {"organisation": "330206"},
        {"channel": "window"},
        {"taken_at": "3302030001"},
        {"observed": True},
        {"received": FULL.received + SECOND},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_constant_breaks_the_first_link(change: dict[str, object]) -> None:
    assert broken_link(replace(FULL, **change)) == 1  # type: ignore[arg-type]


def test_a_new_key_for_blind_indexes_breaks_no_link() -> None:
    assert broken_link(replace(FULL, applicant="indexed under key 2")) is None


def test_a_case_knows_who_took_each_action_last_and_when_it_was_closed() -> None:
    assert FULL.actors == {"submit": "applicant"} | {node.action: "zhao" for node in FULL.nodes[1:]}
    assert (FULL.result, FULL.closed_at) == ("granted", FULL.nodes[-1].at)
    assert opened(lenient()).closed_at is None


def test_an_action_that_the_procedure_does_not_have_cannot_be_folded() -> None:
    for case in (opened(lenient()), observed(lenient())):
        with pytest.raises(KeyError, match="dance"):
            advance(case, replace(case.nodes[0], action="dance"), lenient())
