"""Counts of what happens to cases, as metrics for operators. Numbers that anybody is judged by never come from
here: a metric may be lost or doubled. This module must not read or write tables."""

from __future__ import annotations

from chalicelib import observability
from chalicelib.domain.rating import FINISHES, Rating
from chalicelib.store import changes


def count_steps(change: changes.Change) -> None:
    """One count for a case received, by channel, for each step taken, by action, and for a case completed."""
    if change.before == 0:
        observability.count("CasesReceived", change.at, channel=change.stored.blank.channel)
    for version in change.fresh:
        action = change.stored.nodes[version - 1].action
        observability.count("StepsTaken", change.at, action=action)
        if action in FINISHES:
            observability.count("CasesCompleted", change.at)


def count_rating(given: Rating) -> None:
    """One count for a rating that was given, by level."""
    observability.count("RatingsGiven", given.told_at, level=given.level)
