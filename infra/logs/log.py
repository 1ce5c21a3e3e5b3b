"""What an event log holds once it was read: cases, each with its deeds in the order of record.

The times are on Shanghai's clock (`infra.logs.stamps`). This module must not read and must not judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from infra.logs.evidence import Evidence
from infra.logs.mapping import LogMap
from infra.logs.stamps import Stamp

Told = tuple[str, str, str]  # what, its value, the reason
END = -1  # the number of the deed that a case's end gives


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that happened. `number` tells it apart within its case: 0 is the intake, END the end. `node`: what the
    mapping makes of it, "" where it has no counterpart, and `label` what the log calls it; `at` None: unknown or
    impossible; `actor` "": unknown; `account`: test or system where it is nobody's."""

    number: int
    node: str
    at: Stamp | None
    actor: str
    label: str
    account: str | None = None
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedCase:
    """A case of a log. `start`: as the log says, or its first event. `deeds` are in the order of record: the intake
    first, the others by time, those of one moment or of one day without a time as the log has them; what has no time
    stays behind what stands before it; `places` are the times by which they are in that order. `events`: how many the
    log has; `figures`: what the columns of limits say."""

    id: str
    organisation: str | None
    channel: str | None
    start: Stamp | None
    due: Stamp | None
    end: Stamp | None
    responsible: str
    applicant: str
    events: int
    deeds: tuple[Deed, ...]
    places: tuple[datetime, ...]
    figures: Mapping[str, str]


@dataclass(slots=True)
class Log:
    """What was read: the cases, counts of rows, and what did not fit. `as_of`: the last moment of which it tells."""

    mapping: LogMap
    path: Path
    cases: list[LoggedCase] = field(default_factory=list)
    events: int = 0
    as_of: datetime | None = None
    accounts: Counter[str] = field(default_factory=Counter)  # events by test and system accounts
    left_out: Counter[Told] = field(default_factory=Counter)
    unplaced: Counter[Told] = field(
        default_factory=Counter
    )  # events without a node or a time: kept for who can use them
    unmapped: Counter[Told] = field(default_factory=Counter)  # taken as the default
    noted: Counter[Told] = field(default_factory=Counter)  # taken as it is, and worth knowing

    @property
    def folder(self) -> str:
        """The name of the folder that it is, or lies in."""
        return (self.path if self.path.is_dir() else self.path.parent).resolve().name
