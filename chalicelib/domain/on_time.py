"""On-time share (按时办结率) of what was finished, from facts: an indicator computed anew over all of history.

It is given facts, wherever they come from: the table, or the lake (`lake.latest`). This module must not know which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chalicelib.domain.fact import Fact
from chalicelib.domain.rating import FINISHES
from chalicelib.domain.supervision.ladder import RED

_LIMITS = ("promised", "statutory")  # an overdue stage alone does not make a case late


@dataclass(frozen=True, slots=True)
class Share:
    """Cases that were finished (办结), and how many of them within their promised and statutory limits."""

    finished: frozenset[str] = field(default_factory=frozenset)
    late: frozenset[str] = field(default_factory=frozenset)

    @property
    def on_time(self) -> int:
        """How many were finished in time."""
        return len(self.finished - self.late)


def by_county_and_month(facts: Iterable[Fact]) -> Mapping[tuple[str, str], Share]:
    """The share of each county (its six digits) and month of finishing (yyyy-mm). Late is who has a red finding (W02)
    of a limit that no calendar took back. Facts must be the latest; their order does not count."""
    finished: dict[tuple[str, str], set[str]] = {}
    overdue: set[str] = set()
    for fact in facts:
        if fact.kind == "node" and fact.data["node"] in FINISHES:
            group = fact.organisation[:6], f"{fact.day:%Y-%m}"
            finished.setdefault(group, set()).add(str(fact.data["case"]))
        elif fact.kind == "finding" and fact.id.endswith(tuple(f"#{RED}#{limit}" for limit in _LIMITS)):
            overdue.add(str(fact.data["subject"]))
    return {group: Share(frozenset(cases), frozenset(cases & overdue)) for group, cases in finished.items()}
