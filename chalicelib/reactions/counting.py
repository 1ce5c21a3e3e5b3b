"""Counts of what happens to cases, as metrics for operators. Numbers that anybody is judged by never come from
here: a metric may be lost or doubled. This module must not read or write tables."""

from __future__ import annotations

from chalicelib import observability
from chalicelib.store import changes


def count_steps(change: changes.Change) -> None:
    """One count for a case received, by channel, and for each step taken, by action."""
    if change.before == 0:
        observability.count("CasesReceived", change.at, channel=change.stored.blank.channel)
    for version in change.fresh:
        observability.count("StepsTaken", change.at, action=change.stored.nodes[version - 1].action)
