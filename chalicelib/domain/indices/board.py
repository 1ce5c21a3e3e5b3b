"""A board (晾晒榜): all organisations of a period with indicators, index and rank, each among those of its level.

This module must not know which numbers were published before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from chalicelib.domain import organisation as organisations
from chalicelib.domain.indices import index, tally
from chalicelib.domain.indices.index import Peers, Standing
from chalicelib.domain.indices.indicator import CASES, ITEMS, Formula
from chalicelib.domain.indices.sums import LEVELS, Book
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.organisation import Level


@dataclass(frozen=True, slots=True)
class Row:
    """One organisation in a period: the counts of itself and all below it, stocks as they stand at its end, and what
    they come to."""

    counts: Tally
    standing: Standing


Rows = Mapping[str, Row]  # by organisation


def rows(formula: Formula, totals: Book, at: date, catalogue: Mapping[Level, Tally], centres: Book) -> dict[str, Row]:
    """Everybody's row, from the counts of each with all below it; stocks are looked at when `at` ends, `catalogue` is
    what the items count for each level, `centres` the centres that each should have."""
    found: dict[str, Row] = {}
    by_level: dict[Level, dict[str, Tally]] = {level: {} for level in LEVELS}
    for code, counts in totals.items():
        here = organisations.level(code)
        by_level[here][code] = tally.settled(counts, at) | dict(catalogue[here]) | dict(centres.get(code, {}))
    province = next(iter(by_level[Level.province].values()), {})
    for members in by_level.values():
        beside = Peers(tally.total(members.values()), province)
        ranked = _ranked({code: index.standing(formula, counts, beside) for code, counts in members.items()})
        found |= {code: Row(totals[code], ranked[code]) for code in members}
    return found


def with_registry_of(board: Rows, earlier: Rows, formula: Formula) -> dict[str, Row]:
    """A board with what the registry counted in an earlier one: a period that is closed is not told otherwise because
    items or organisations were published since. Of centres what was reported since is told."""
    families = {code: one.family for code, one in formula.indicators.items() if one.family != CASES}
    found = dict(board)
    for code in board.keys() & earlier.keys():
        here, then = board[code].standing, earlier[code].standing.values
        kept = {
            name: then[name]
            for name, family in families.items()
            if family == ITEMS or here.values[name].numerator == then[name].numerator
        }
        found[code] = replace(board[code], standing=replace(here, values={**here.values, **kept}))
    return found


def families(board: Rows) -> dict[tuple[Level, str], dict[str, Row]]:
    """The rows by level and parent ("" of the province)."""
    found: dict[tuple[Level, str], dict[str, Row]] = {}
    for code, row in sorted(board.items()):
        place = organisations.level(code), organisations.parent(code) or ""
        found.setdefault(place, {})[code] = row
    return found


def own(totals: Book) -> dict[str, dict[str, int]]:
    """What each organisation has of its own, given what each comes to with all below it: the other way of
    `sums.up_the_tree`."""
    less: dict[str, list[Tally]] = {code: [counts] for code, counts in totals.items()}
    for code, counts in totals.items():
        parent = organisations.parent(code)
        if parent is not None:
            less[parent].append({name: -count for name, count in counts.items()})
    return {code: counts for code, parts in less.items() if (counts := tally.total(parts))}


def _ranked(members: Mapping[str, Standing]) -> dict[str, Standing]:
    indices = {code: None if one.why else one.index for code, one in members.items()}
    ranks, beside = index.ranks(indices), dict[str, int]()
    for parent in {organisations.parent(code) for code in members}:
        beside |= index.ranks({code: each for code, each in indices.items() if organisations.parent(code) == parent})
    return {code: replace(one, rank=ranks.get(code), rank_beside=beside.get(code)) for code, one in members.items()}
