"""Histograms (直方图) that can be added: how long things took, in classes whose width grows with the time.

A class is named by its number in a tally. Any quantile of any sum of histograms is within ERROR of a time that was
measured (Masson, Rim, Lee: DDSketch, VLDB 2019), because each class is that much wider than the one before. Bounds are
whole seconds, so that no machine's logarithm decides where a time belongs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from fractions import Fraction

ERROR = Fraction(2, 100)
_WIDTH = Fraction(15, 1000)  # of ERROR; the rest is for what stands for a class being a whole second
_GROWTH = (1 + _WIDTH) / (1 - _WIDTH)
_EXACT = 100  # up to here each second is a class of its own
_LONGEST = 100 * 366 * 86_400  # a hundred years, in seconds


def _bounds() -> tuple[int, ...]:
    """The last second of each class: each is longer by _GROWTH than the one before."""
    found = [0]
    while found[-1] < _LONGEST:
        first = found[-1] + 1
        found.append(first if first < _EXACT else int(first * _GROWTH))
    return tuple(found)


BOUNDS = _bounds()


def class_of(seconds: int) -> int:
    """The number of the class of a time; what is longer than a hundred years is in the last."""
    return min(bisect_left(BOUNDS, seconds), len(BOUNDS) - 1)


def middle(number: int) -> int:
    """The time that stands for a class, in seconds: no time of the class is further from it than ERROR of itself."""
    last = BOUNDS[number]
    first = BOUNDS[number - 1] + 1 if number else 0
    return round(Fraction(2 * first * last, first + last)) if first else 0


def quantile(counts: Mapping[int, int], share: Fraction) -> int | None:
    """The smallest key such that at least `share` of what was counted is not greater; None of nothing."""
    wanted, passed = share * sum(counts.values()), 0
    for key in sorted(counts):
        passed += counts[key]
        if passed and passed >= wanted:
            return key
    return None
