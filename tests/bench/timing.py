"""Two pieces of work against each other, in one process and one run: CPU time, interleaved, medians of rounds.

The machine's speed and its other guests fall on both sides alike, so only the ratio is worth keeping.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Work = Callable[[], object]
ROUNDS = 61


@dataclass(frozen=True, slots=True)
class Compared:
    """CPU seconds of one call of ours and of the floor, and the median over the rounds of their quotient."""

    ours: float
    floor: float
    ratio: float


def compare(ours: Work, floor: Work, *, calls: int, rounds: int = ROUNDS) -> Compared:
    """`calls` of ours, `calls` of the floor, ours, the floor …, after two rounds to warm up."""
    gc.collect()
    pairs = [(_seconds(ours, calls), _seconds(floor, calls)) for _ in range(rounds + 2)][2:]
    return compared(pairs)


def compared(pairs: Sequence[tuple[float, float]]) -> Compared:
    """What the rounds come to."""
    return Compared(
        statistics.median(ours for ours, _ in pairs),
        statistics.median(floor for _, floor in pairs),
        statistics.median(ours / floor for ours, floor in pairs),
    )


def _seconds(work: Work, calls: int) -> float:
    begun = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - begun) / calls
