"""A timeline: what happened to one case, in the field's terms, as the rules of supervision read it.

A case of this platform gives one, and so does a case in any event log, so that a rule is written once and tried on
both. What is not known is None, and a rule that needs it says "not measurable". Days and hours are those of
Asia/Shanghai: a log of another place is put on its clock, wall time for wall time. This module must not judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.case import Evidence
from chalicelib.domain.item import Item

_ENDS = frozenset({"submit", "complete", "settle", "refuse", "not_ours", "withdraw", "deliver", "archive"})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `node` is an action of the procedures (docs/glossary.md), or "" where the source has a step without counterpart,
    which `label` then names; `at` None: the time is unknown or impossible; `whole_day`: the stamp is a day without a
    time; `actor` None: unknown; `seat`: the organisation of the actor, None where it is the one that holds the case or
    unknown; `automatic`: by a system, administration or test account, whom no rule about persons looks at; `joined`:
    taken in one request with the event before, so that no time lies between them.
    """

    node: str
    at: datetime | None
    actor: str | None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    label: str = ""
    seat: str | None = None
    whole_day: bool = False
    automatic: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """One limit of a case and how it came out: `clock` names it (statutory, promised, stage, or a name of a mapping);
    `last` is the last instant in time (None: it stands still); `ended` when what it limits was done (None: not yet);
    `whole_days`: `last` and `ended` are compared as legal days, because one of them is a day without a time. A date
    that was moved is a term of its own, which ended when it was moved; `since`: when the date was set (None: by the
    source, from the start)."""

    clock: str
    last: datetime | None
    ended: datetime | None
    whole_days: bool = False
    provisional: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One case. `organisation`: the one that it was filed with (a transfer says in its evidence to whom it went);
    `events` are in the order of record, which need not be that of time; `item` None and `form` None: the source does
    not say; `ended`: when it was closed, None while it is open; `at`: the instant up to which the source tells (for a
    log, its last event); `observed`: its steps were taken elsewhere; `told`: the nodes that the source can tell of
    (None: every one, as far as is known). `numbers` are the 1-based numbers of the events by node."""

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
    told: frozenset[str] | None = None
    numbers: Mapping[str, Sequence[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers: dict[str, list[int]] = {}
        for number, event in enumerate(self.events, start=1):
            if event.node in numbers:
                numbers[event.node].append(number)
            else:
                numbers[event.node] = [number]
        object.__setattr__(self, "numbers", numbers)

    @property
    def pooled(self) -> bool:
        """Whether it comes from elsewhere, so that what a step does not say need not be missing there."""
        return self.observed or self.item is None

    def tells(self, *nodes: str) -> bool:
        """Whether the source can tell of one of these nodes, as far as is known."""
        return self.told is None or not self.told.isdisjoint(nodes)

    def tells_steps(self) -> bool:
        """Whether the source can tell of anything between the receipt of a case and its end."""
        return self.told is None or bool(self.told - _ENDS)

    def number(self, *nodes: str) -> int | None:
        """The number of the first event of one of these nodes."""
        first = None
        for node in nodes:
            if node in self.numbers and (first is None or self.numbers[node][0] < first):
                first = self.numbers[node][0]
        return first

    def numbered(self, *nodes: str) -> list[tuple[int, Event]]:
        """Every event of one of these nodes with its number, in the order of record."""
        numbers: list[int] = []
        for node in nodes:
            numbers += self.numbers.get(node, ())
        numbers.sort()
        return [(number, self.events[number - 1]) for number in numbers]

    def first(self, *nodes: str) -> Event | None:
        """The first event of one of these nodes."""
        number = self.number(*nodes)
        return self.events[number - 1] if number else None

    def all(self, *nodes: str) -> tuple[Event, ...]:
        """Every event of one of these nodes."""
        return tuple(event for _, event in self.numbered(*nodes))
