"""Asks the rules of supervision of every case in a log, without any cloud.

The rules are those of the platform, under the parameters of its catalogue; what a log cannot tell is counted as not
measurable and never as "no violation". This module must not read files and must not print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chalicelib.domain.calendar import legal_day
from chalicelib.domain.supervision.judging import Judgement, judge
from chalicelib.domain.supervision.rule import Finding, Rule
from chalicelib.domain.supervision.span import DAYS
from chalicelib.domain.supervision.spans import Rulebook
from infra.audit.figures import Figures
from infra.audit.timelines import Reader
from infra.audit.units import Units
from infra.logs import calendars
from infra.logs.log import Log

_NO_TIME = datetime(1980, 1, 1, tzinfo=UTC)  # of a log in which nothing has a time
Told = Callable[[Finding], None]
EXAMPLES = 10  # cases named of each rule


@dataclass(slots=True)
class Tally:
    """What one rule said: how many findings, of how many cases (a rule that looks at many cases: of how many days and
    months of units), some of them by name; `not_measurable`: how many lack what, by its short code."""

    findings: int = 0
    cases: int = 0
    examples: list[str] = field(default_factory=list)
    not_measurable: Counter[str] = field(default_factory=Counter)

    def add(self, subject: str, number: int) -> None:
        """`number` findings about one subject."""
        self.findings += number
        self.cases += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(subject)


@dataclass(slots=True)
class Audit:
    """What came of one log."""

    log: Log
    figures: Figures
    rules: Mapping[str, Rule]
    tallies: dict[str, Tally]


def audit(log: Log, rules: Iterable[Rule], told: Told | None = None) -> Audit:
    """Every case of `log` judged; each finding is given to `told` as it is made."""
    catalogue = {rule.code: rule for rule in rules}
    figures, tallies = Figures(log.mapping, log.as_of), {code: Tally() for code in catalogue}
    reader = Reader(log, calendars.of(log.mapping), log.as_of or _NO_TIME)
    asked = [rule for rule in catalogue.values() if rule.disabled is None and rule.scope != "cross"]
    units = Units()
    for case in log.cases:
        figures.add(case)
        line = reader.timeline(case)
        judgement = judge(line, reader.calendar, asked)
        units.add(line, log.mapping.item, judgement.findings)
        _count(tallies, judgement, told)
    if log.as_of:
        book = Rulebook(tuple(catalogue.values()), reader.calendar)
        for judged in units.judged(legal_day(log.as_of), book):
            _count(tallies, judged.judgement, told)
    if log.mapping.case.applicant is None:
        # Rules for several days look at days on which somebody known filed; here nobody is.
        for rule in catalogue.values():
            if rule.period == DAYS and rule.disabled is None:
                tallies[rule.code].not_measurable["applicant"] = len(log.cases)
    return Audit(log, figures, catalogue, tallies)


def _count(tallies: Mapping[str, Tally], judgement: Judgement, told: Told | None) -> None:
    by_rule = Counter(finding.rule for finding in judgement.findings)
    for code, number in by_rule.items():
        tallies[code].add(next(each.subject for each in judgement.findings if each.rule == code), number)
    for code, missing in judgement.not_measurable.items():
        tallies[code].not_measurable[missing] += 1
    if told:
        for finding in judgement.findings:
            told(finding)
