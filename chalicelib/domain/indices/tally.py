"""A tally (计数): how often each thing was counted. Cells, sums and what stands are tallies and are added alike, so
that a parent is the sum of its children because it is nothing else.

Names are paths: `received`, `received/channel/mobile`, `time/412` (a class of a histogram), `stock/open/2026-03-14`
(open cases that count as overdue from the end of that day on). Counts may be negative in a day: a stock shrinks. This
module must not know what is counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date

from chalicelib.domain.track import TRACK

Tally = Mapping[str, int]

STOCK = "stock/"
PERSONAL = "/staff/"  # units are summed and ranked, people are not


def total(tallies: Iterable[Tally]) -> dict[str, int]:
    """The sum of tallies; what comes to nothing is left out, so that equal sums are equal."""
    found: dict[str, int] = {}
    for each in tallies:
        for name, count in each.items():
            found[name] = found.get(name, 0) + count
    return {name: count for name, count in found.items() if count}


def flows(tally: Tally) -> dict[str, int]:
    """What happened: all but stocks."""
    return {name: count for name, count in tally.items() if not name.startswith(STOCK)}


def stocks(tally: Tally) -> dict[str, int]:
    """What stands, or in a day what came and went of it."""
    return {name: count for name, count in tally.items() if name.startswith(STOCK)}


def summed(tally: Tally) -> dict[str, int]:
    """All but what stays in its cell: what is counted of single members of staff, and tracks, which are many and which
    forecasts alone read."""
    return {name: count for name, count in tally.items() if PERSONAL not in name and not name.startswith(TRACK)}


def settled(tally: Tally, at: date) -> dict[str, int]:
    """A tally whose stocks are looked at when `at` ends: `open` and `open/overdue`, as many of each stock as stand
    there, and as many of them as are past their day."""
    found, until = flows(tally), at.isoformat()
    for name, count in stocks(tally).items():
        stock, _, day = name.removeprefix(STOCK).rpartition("/")
        found[stock] = found.get(stock, 0) + count
        if day[0].isdigit() and day <= until:
            found[f"{stock}/overdue"] = found.get(f"{stock}/overdue", 0) + count
    return found


def part(tally: Tally, prefix: str) -> dict[str, int]:
    """The counts under a path, by what follows it."""
    return {name.removeprefix(prefix): count for name, count in tally.items() if name.startswith(prefix)}


def text(tally: Tally) -> str:
    """The one form in which a tally is kept: the same counts, the same text."""
    return json.dumps(dict(tally), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
