"""Counts of what happens to cases, as metrics for operators. Numbers that anybody is judged by never come from
here: a metric may be lost or doubled. This module must not read or write tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib import observability


def count_steps(records: Iterable[Mapping[str, Any]]) -> None:
    """One count for each case received, by channel, and for each step taken, by action."""
    for record in records:
        change = record["dynamodb"]
        image = change.get("NewImage")
        if image is None:
            continue
        at = datetime.fromtimestamp(change["ApproximateCreationDateTime"], tz=UTC)
        before = len(change["OldImage"]["n"]["L"]) if "OldImage" in change else 0
        if not before:
            observability.count("CasesReceived", at, channel=image["c"]["S"])
        for node in image["n"]["L"][before:]:
            observability.count("StepsTaken", at, action=node["M"]["a"]["S"])
