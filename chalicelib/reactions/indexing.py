"""What the hours make of facts: cells, indices, rankings.

A run that is missed, doubled or overlapped by another changes nothing. This module must not read or write tables.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib import observability
from chalicelib.errors import Busy
from chalicelib.services import indexing


def compute_indices(now: datetime, remaining: Callable[[], int]) -> None:
    """Computes what is marked at `now`, while its Lambda has time (`remaining`, milliseconds); says that it did, and in
    the log where something is left for the next run: for want of time, or because the store was busy."""
    try:
        done = indexing.compute(now, lambda: remaining() / 1000)
    except Busy:
        observability.line("the store is busy; the next run computes what is marked")
        return
    observability.count("CellsComputed", now, value=done.cells)
    observability.count("PeriodsPublished", now, value=done.periods)
    behind = now - (done.behind_since or now)
    observability.count("IndicesBehind", now, value=round(behind.total_seconds()))
    if not done.finished:
        observability.line("what is marked is more than one run computes; the next one goes on")
