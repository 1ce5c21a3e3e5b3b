"""What a log says before any rule is asked: cases, what was closed late, who did what together.

Deadlines are held against what happened in both ways that people mean: to the millisecond, a date without a time being
its midnight, and by calendar day. This module must not know rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.domain.calendar import legal_day
from infra.audit.timelines import closing
from infra.logs.log import LoggedCase
from infra.logs.mapping import LogMap
from infra.logs.stamps import Stamp

Pair = tuple[str, str]


@dataclass(slots=True)
class Figures:
    """Counts of one log; `at`: its last moment, None where nothing in it has a time."""

    mapping: LogMap
    at: datetime | None
    counts: Counter[str] = field(default_factory=Counter)
    pairs: dict[Pair, Counter[str]] = field(default_factory=dict)

    def add(self, case: LoggedCase) -> None:
        """Counts one case."""
        counts, last = self.counts, closing(case, self.mapping.form)
        counts["cases"] += 1
        counts["closed" if last else "open"] += 1
        counts["closed_nobody_knows_when"] += bool(last and last.at is None)
        counts["of_one_event"] += case.events == 1
        counts["without_events"] += case.events == 0
        counts["ended_before_start"] += bool(case.end and case.start and case.end.last < case.start.at)
        counts["without_deadline"] += case.due is None
        if case.due and (last is None or last.at):
            self._against(case.due, last.at if last else None)
        for pair in self.mapping.together:
            self._together(case, pair)

    def _against(self, due: Stamp, ended: Stamp | None) -> None:
        name = "closed_late" if ended else "open_past_deadline"
        until = ended.at if ended else self.at
        if until is None:
            return
        self.counts[f"{name}_by_time"] += until > due.at
        self.counts[f"{name}_by_day"] += legal_day(until) > legal_day(due.at)

    def _together(self, case: LoggedCase, pair: Pair) -> None:
        found = self.pairs.setdefault(pair, Counter())
        who = [{deed.actor for deed in case.deeds if deed.node == node} for node in pair]
        if not all(who):
            return
        found["cases"] += 1
        if (who[0] & who[1]) - {""}:
            found["same_person"] += 1
        elif "" in who[0] | who[1]:
            found["not_measurable"] += 1

    def document(self, accounts: Mapping[str, int]) -> dict[str, Any]:
        """The counts, for programs."""
        counts = self.counts
        return {
            "as_of": self.at.replace(tzinfo=self.mapping.timezone).isoformat() if self.at else None,
            "cases": counts["cases"],
            "closed": counts["closed"],
            "open": counts["open"],
            "closed_nobody_knows_when": counts["closed_nobody_knows_when"],
            "closed_late": _both(counts, "closed_late"),
            "open_past_deadline": _both(counts, "open_past_deadline"),
            "without_deadline": counts["without_deadline"],
            "of_one_event": counts["of_one_event"],
            "without_events": counts["without_events"],
            "ended_before_start": counts["ended_before_start"],
            "events_by_accounts": {kind: accounts.get(kind, 0) for kind in ("test", "system")},
            "together": [
                {"nodes": list(pair), **{name: found[name] for name in ("cases", "same_person", "not_measurable")}}
                for pair, found in self.pairs.items()
            ],
        }


def _both(counts: Mapping[str, int], name: str) -> dict[str, int]:
    return {way: counts[f"{name}_{way}"] for way in ("by_time", "by_day")}
