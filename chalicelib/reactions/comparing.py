"""What the end of a day and of a month makes of facts: cross-case rules are asked of what is over.

A run that is missed, doubled or overlapped by another changes nothing. This module must not read or write tables.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib import observability
from chalicelib.services import comparing


def compare_units(now: datetime, remaining: Callable[[], int]) -> None:
    """Judges what is marked and over at `now`, while its Lambda has time (`remaining`, milliseconds); says that it
    looked, and in the log where something is left for the next run."""
    done = comparing.compare(now, lambda: remaining() / 1000)
    observability.count("SpansCompared", now, value=done.days + done.months)
    observability.count("PatternsSeen", now, value=done.seen)
    if not done.finished:
        observability.line("what is marked is more than one run compares; the next one goes on")
