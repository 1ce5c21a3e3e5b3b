"""A timeline: what happened to one case, in the field's terms, as the rules of supervision read it.

A case of this platform gives one, and so does a case in any event log, so that a rule is written once and tried on
both. What is not known is None, and a rule that needs it says "not measurable". This module must not judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.case import Evidence
from chalicelib.domain.item import Item


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `node` is an action of the procedures (docs/glossary.md), or "" where the source has a step without counterpart,
    which `label` then names; `at` None: the time is unknown or impossible; `whole_day`: the stamp is a day without a
    time; `actor` None: unknown; `seat`: the organisation of the actor, None where it is the one that holds the case or
    unknown; `automatic`: by a system, administration or test account, whom no rule about persons looks at.
    """

    node: str
    at: datetime | None
    actor: str | None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    label: str = ""
    seat: str | None = None
    whole_day: bool = False
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """One limit of a case and how it came out: `clock` names it (statutory, promised, stage, or a name of a mapping);
    `last` is the last instant in time (None: it stands still); `ended` when what it limits was done (None: not yet);
    `whole_days`: `last` and `ended` are compared as legal days, because one of them is a day without a time."""

    clock: str
    last: datetime | None
    ended: datetime | None
    whole_days: bool = False
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """One case. `events` are in the order of record, which need not be that of time; `item` None and `form` None:
    the source does not say; `materials`: the bitmap over the item's list when it was accepted; `ended`: when it was
    closed, None while it is open; `at`: the instant up to which the source tells (for a log, its last event)."""

    case_id: str
    organisation: str
    at: datetime
    events: tuple[Event, ...]
    terms: tuple[Term, ...] = ()
    item: Item | None = None
    form: str | None = None
    channel: str | None = None
    applicant: str | None = None
    ended: datetime | None = None
    result: str | None = None
    observed: bool = False

    def first(self, *nodes: str) -> Event | None:
        """The first event of one of these nodes."""
        return next((event for event in self.events if event.node in nodes), None)

    def all(self, *nodes: str) -> tuple[Event, ...]:
        """Every event of one of these nodes."""
        return tuple(event for event in self.events if event.node in nodes)
