"""What the clock makes of deadlines: rungs that are reached, dates that a published calendar settles, and what follows
the end of a case: invitations to rate, and the draw of whom to call.

A run that is missed, doubled or overlapped by another changes nothing. This module must not read or write tables.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib import observability
from chalicelib.services import recount, sweep


def sweep_deadlines(now: datetime) -> None:
    """Claims what is due at `now`, and says that it looked: without this count nobody knows that nothing was due."""
    swept = sweep.sweep(now)
    observability.count("DeadlinesSwept", now, value=swept.due)
    observability.count("RungsReached", now, value=swept.reached)
    observability.count("HistoriesBroken", now, value=len(swept.broken))
    for subject, number in swept.missed.items():
        observability.count("DeadlinesMissed", now, value=number, subject=subject)
    for subject in swept.broken:
        observability.line("steps do not add up; its clocks warn nobody", case_id=subject)


def recount_deadlines(now: datetime) -> None:
    """Counts anew what the calendar of now settles."""
    found = recount.recount(now)
    observability.count("DeadlinesRecounted", now, value=found.moved)


def invite_ratings(now: datetime) -> None:
    """Makes the invitations that are due."""
    from chalicelib.services import finishing  # not needed by any request, whose cold start would pay for it

    observability.count("InvitationsMade", now, value=finishing.invite(now))


def draw_callbacks(now: datetime) -> None:
    """Draws whom to call of what was finished on the days that are over."""
    from chalicelib.services import finishing  # as above

    observability.count("CallbacksDrawn", now, value=finishing.draw(now).called)
