"""Indicators over the data lake: what a formula, also one that is only a draft, comes to over all of history.

An analyst's tool: it reads a folder of the lake and nothing of the platform, and gives what the platform publishes,
because cells, sums and indicators are the same functions of the same facts. Days are gone through one at a time, so
that only what stands and what the period counts is in memory. This module must not publish.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from chalicelib.domain import lake
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.fact import Fact
from chalicelib.domain.indices import board as boards
from chalicelib.domain.indices import cell as counting
from chalicelib.domain.indices import sums, tally
from chalicelib.domain.indices.board import Row
from chalicelib.domain.indices.indicator import Formula
from chalicelib.domain.indices.period import Period
from chalicelib.domain.indices.sums import LEVELS
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.item import Item, parse
from chalicelib.domain.organisation import Level
from infra.local import load_registry

_DAY = "day="


@dataclass(slots=True)
class _Counted:
    """What the days so far come to, by organisation: what stands, and what happened in the period."""

    standing: dict[str, dict[str, int]] = field(default_factory=dict)
    happened: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, organisation: str, counts: Tally, *, within: bool) -> None:
        sums.grow(self.standing, organisation, tally.stocks(counts))
        if within:
            sums.grow(self.happened, organisation, tally.flows(tally.impersonal(counts)))


def rows(folder: Path, period: Period, formula: Formula, calendar: Calendar) -> Mapping[str, Row]:
    """Every organisation's row of a period by a formula, as far as the lake reaches. ValueError or KeyError for an
    object that does not hold what its name says; FileNotFoundError where the folder holds no day."""
    counted, last = _Counted(), period.first
    for day, facts in _days(folder, period.last):
        last = max(last, day)
        for organisation, own in _by_organisation(facts).items():
            counted.add(organisation, counting.of_facts(own, calendar), within=day >= period.first)
    totals = sums.up_the_tree(sums.together([counted.happened, counted.standing]))
    return boards.rows(formula, totals, min(period.last, last), catalogue(), sums.of_centres(_centres()))


def catalogue() -> Mapping[Level, Tally]:
    """What the items of infra/registry/ count for each level."""
    items = list(_items())
    return {level: sums.of_items(items, level) for level in LEVELS}


def _centres() -> Iterator[str]:
    for path, document in load_registry.entries():
        if path.startswith("/v1/organisations/") and document["level"] in ("province", "city", "county"):
            yield path.rpartition("/")[2]


def _items() -> Iterator[Item]:
    for path, document in load_registry.entries():
        if path.startswith("/v1/items/"):
            yield parse({**document, "id": path.rpartition("/")[2]}, 1)


def _days(folder: Path, last: date) -> Iterator[tuple[date, list[Fact]]]:
    """The days of the lake up to `last`, in their order, with the facts of each."""
    found = sorted((folder / lake.FACTS).glob(f"{_DAY}*"))
    if not found:
        raise FileNotFoundError(f"{folder / lake.FACTS / _DAY}…")
    for place in found:
        day = date.fromisoformat(place.name.removeprefix(_DAY))
        if day <= last:
            objects = sorted(place.glob("*.jsonl"))
            told = (
                row for each in objects for row in lake.rows_of(f"{lake.prefix(day)}{each.name}", each.read_bytes())
            )
            yield day, lake.latest(told)


def _by_organisation(facts: list[Fact]) -> Mapping[str, list[Fact]]:
    found: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[fact.organisation].append(fact)
    return found
