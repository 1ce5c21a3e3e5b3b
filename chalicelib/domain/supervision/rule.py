"""What a rule of supervision is, and what it says of a timeline: findings with evidence, or why it cannot tell.

Codes, names, severity, legal basis and parameters are data (chalicelib/rules); what a rule looks for is a pure function
under its code. This module must not know where findings go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.calendar import Calendar
from chalicelib.domain.item import Text
from chalicelib.domain.supervision.timeline import Timeline

Fact = str | int | tuple[str | int, ...]
SEVERITIES = ("notice", "yellow", "red")  # 提示, 黄牌, 红牌


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule saw (异常). `occurrence` makes it one within its subject and rule ("": there can be only one), so
    that seeing it again is seeing the same; `at` is when it came to be so, not when somebody looked; `evidence` holds
    node numbers (1-based), names and values that show it, never personal data."""

    rule: str
    subject: str
    organisation: str
    at: datetime
    occurrence: str = ""
    evidence: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name within its subject: rule#occurrence."""
        return f"{self.rule}#{self.occurrence}"


@dataclass(frozen=True, slots=True)
class NotMeasurable:
    """The data lacks what the rule needs: `missing` is a short code ("actor", "deadline", "fee")."""

    missing: str


Verdict = tuple[Finding, ...] | NotMeasurable
Parameters = Mapping[str, int]
Check = Callable[[Timeline, Parameters, Calendar], Verdict]
Code = tuple[Check, tuple[str, ...]]  # what a rule looks for, and the names of the parameters that it reads


def verdict(found: Sequence[Finding], missing: str | None) -> Verdict:
    """What was found; where nothing was and something was missing to tell, that it cannot be measured."""
    return tuple(found) if found or missing is None else NotMeasurable(missing)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is published: `parameters` are whole numbers with their unit in the name ("seconds", "nodes");
    `disabled`: the reason for which it is listed and not asked, None while it is in force; `scope`: case (one
    timeline), clock (rungs of a limit, by the sweep) or cross (many cases, from facts)."""

    code: str
    text: Text
    severity: str
    basis: str
    scope: str
    parameters: Mapping[str, int]
    disabled: Text | None = None
    period: str = ""
