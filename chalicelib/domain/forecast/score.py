"""How a forecast came out (预测复盘), once the outcomes are known, and how the plain ways would have come out.

Of the cases that a forecast flagged, how many were late; of those that were late, how many it had flagged; the same if
as many had been taken by their dates, due soonest first. A score is counts, so units and days can be added up. Cases
whose outcome is not known yet are told and left out. This module must not forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from chalicelib.domain.indices.tally import Tally

POINTS = 10_000  # a squared error of one
CASES, UNDECIDED, LATE, FLAGGED = "cases", "undecided", "late", "flagged"
FLAGGED_LATE, SOONEST_LATE, SQUARES = "flagged/late", "soonest/late", "squares"
WEEKS, CAME, FORECAST, MISSED, MISSED_PLAIN, WITHIN = (
    "weeks",
    "came",
    "came/forecast",
    "came/missed",
    "came/missed/last_week",
    "came/within",
)


@dataclass(frozen=True, slots=True)
class Told:
    """A case that was forecast: its chance, the date that it had then, and whether it was late (None: not known)."""

    id: str
    due: datetime
    chance: float
    late: bool | None


def of_cases(told: Iterable[Told], flagged: Fraction) -> dict[str, int]:
    """The score of one unit's cases: those that are decided, flagged, late; the sum of squared errors in POINTS."""
    everybody = list(told)
    known = [one for one in everybody if one.late is not None]
    chosen = [one for one in known if one.chance >= flagged]
    soonest = sorted(known, key=lambda one: (one.due, one.id))[: len(chosen)]
    counts = {
        CASES: len(known),
        UNDECIDED: len(everybody) - len(known),
        LATE: _late(known),
        FLAGGED: len(chosen),
        FLAGGED_LATE: _late(chosen),
        SOONEST_LATE: _late(soonest),
        SQUARES: sum(round((one.chance - bool(one.late)) ** 2 * POINTS) for one in known),
    }
    return {name: count for name, count in counts.items() if count}


def of_week(came: int, expected: tuple[float, int, int], last_week: int) -> dict[str, int]:
    """The score of what came to one organisation in a week, against `expected` (value, low, high) and against what had
    come in the week before."""
    value, low, high = expected
    counts = {
        WEEKS: 1,
        CAME: came,
        FORECAST: round(value),
        MISSED: abs(came - round(value)),
        MISSED_PLAIN: abs(came - last_week),
        WITHIN: int(low <= came <= high),
    }
    return {name: count for name, count in counts.items() if count}


def share(counts: Tally, part: str, whole: str) -> float | None:
    """One count of another; None of nothing."""
    return counts.get(part, 0) / counts[whole] if counts.get(whole) else None


def brier(counts: Tally) -> float | None:
    """The mean squared error of the chances (Brier 1950): 0 is perfect, 0.25 says nothing."""
    found = share(counts, SQUARES, CASES)
    return None if found is None else found / POINTS


def _late(told: Sequence[Told]) -> int:
    return sum(bool(one.late) for one in told)
