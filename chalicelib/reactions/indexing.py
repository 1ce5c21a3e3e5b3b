"""What the hours make of facts: cells, indices, rankings.

A run that is missed, doubled or overlapped by another changes nothing. This module must not read or write tables.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib import observability
from chalicelib.services import indexing


def compute_indices(now: datetime, remaining: Callable[[], int]) -> None:
    """Computes what is marked at `now`, while its Lambda has time (`remaining`, milliseconds); says that it did, and in
    the log where something is left for the next run."""
    done = indexing.compute(now, lambda: remaining() / 1000)
    observability.count("CellsComputed", now, value=done.cells)
    observability.count("PeriodsPublished", now, value=done.periods)
    if not done.finished:
        observability.line("what is marked is more than one run computes; the next one goes on")
