"""Formulas of indicators (指标公式) as data: each version a table, and which one a day is counted with.

A version that a period was closed with is never edited: a change is a new file with a later `since`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from chalicelib.definitions import read
from chalicelib.domain.indices.indicator import Formula, parse
from chalicelib.errors import BrokenDefinition


@cache
def all_formulas() -> Mapping[str, Formula]:
    """Every version by `name@version`; BrokenDefinition names the file and place of what does not hold."""
    found = {}
    for file in sorted(Path(__file__).parent.glob("*.toml")):
        one = read(file, parse)
        if file.stem != f"{one.name}-{one.version}":
            raise BrokenDefinition(f"{file.name}: it calls itself {one.ref}")
        found[one.ref] = one
    return found


def in_force(last: date) -> Formula:
    """The formula of a period that ends on `last`: the latest that is in force by then, or the first of all."""
    by_day = sorted(all_formulas().values(), key=lambda each: (each.since, each.version))
    begun = [each for each in by_day if each.since <= last.isoformat()]
    return begun[-1] if begun else by_day[0]
