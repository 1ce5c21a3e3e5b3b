"""What cross-case rules look at: the facts of one organisation in a stretch of days, and how others and before did.

Rows are small and of one organisation, so that a rule over them is bounded whatever the province holds. This module
must not judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chalicelib.domain.calendar import Calendar
from chalicelib.domain.fact import Fact, Value
from chalicelib.domain.rating import DEFAULT, FIRST, RatingLevel, Standard, code_of
from chalicelib.domain.supervision.of_case import NOT_RECORDED, SYSTEM
from chalicelib.domain.supervision.rule import Parameters, Verdict

Tally = Mapping[str, int]  # measure → number of cases

DAY, DAYS, MONTH = "day", "days", "month"
PERIODS = (DAY, DAYS, MONTH)
FINISHES = frozenset({"complete", "settle"})
MEASURES: Mapping[str, frozenset[str]] = {  # what a case did to count, once however often it did it
    "received": frozenset({"submit"}),
    "warned": frozenset({"W01"}),
    "refused": frozenset({"refuse", "not_ours", "deny"}),
    "suspended": frozenset({"suspend"}),
    "returned": frozenset({"return"}),
    "overdue": frozenset({"W02"}),
    "ended_or_overdue": frozenset({"W02", "refuse", "not_ours", "withdraw", *FINISHES}),
}
LOOKED_AT = FINISHES.union(*MEASURES.values())  # the steps and findings that any rule here looks at


@dataclass(frozen=True, slots=True)
class CaseFact:
    """One thing that happened to a case. `node`: an action, or the code of a rule that saw something; `at` None: only
    the day is known; `actor` None: unknown; `automatic`: by nobody; `applicant`: a blind index."""

    case_id: str
    organisation: str
    day: date
    node: str
    at: datetime | None = None
    actor: str | None = None
    item: str | None = None
    applicant: str | None = None
    result: str | None = None
    channel: str | None = None
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class RatingFact:
    """One active rating: `case_id` the case, or of an `anonymous` one its own name; `level` 1 to 5, 5 best; `device`,
    `address`, `person`: on what, from where and by whom it was given (None: unknown), each by a hash good for the day;
    `own`: entered by staff of the unit itself; `finished`: when the case that it rates was finished; `window`: where
    it was given, on site;
    `adverse`: the case went badly for its applicant; `first`: not one that followed a rectification."""

    case_id: str
    at: datetime
    level: int
    device: str | None = None
    own: bool = False
    finished: datetime | None = None
    address: str | None = None
    person: str | None = None
    window: str | None = None
    adverse: bool = False
    first: bool = True
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """One organisation in a stretch from `first` to `last` that is over. `period`: day, days (several, looked at for
    the last of them) or month; `ratings` None: none are pooled; `earlier`: the tallies of the months before, latest
    first; `peers`: those of the organisations beside it in the same stretch; `counted`: its own tally, where the facts
    are not at hand."""

    organisation: str
    period: str
    first: date
    last: date
    facts: tuple[CaseFact, ...] = ()
    ratings: tuple[RatingFact, ...] | None = None
    earlier: tuple[Tally, ...] = ()
    peers: tuple[Tally, ...] = ()
    counted: Tally | None = None

    @property
    def tally(self) -> Tally:
        """How many cases did each of MEASURES."""
        return tally(self.facts) if self.counted is None else self.counted

    @property
    def subject(self) -> str:
        """organisation#day, or organisation#month."""
        return f"{self.organisation}#{self.last.isoformat()[: 7 if self.period == MONTH else 10]}"


SpanCheck = Callable[[Span, Parameters, Calendar], Verdict]
SpanCode = tuple[SpanCheck, tuple[str, ...]]


def tally(facts: Iterable[CaseFact]) -> Tally:
    """How many cases did each of MEASURES."""
    cases: dict[str, set[str]] = {measure: set() for measure in MEASURES}
    for fact in facts:
        for measure, nodes in MEASURES.items():
            if fact.node in nodes:
                cases[measure].add(fact.case_id)
    return {measure: len(found) for measure, found in cases.items()}


def reads(fact: Fact) -> bool:
    """Whether a rule of this kind may look at a fact; a correction may take away what one looked at. What such a rule
    found itself is none, so that no finding leads to another look."""
    return _reads_of_case(fact) or _reads_rating(fact)


def _reads_rating(fact: Fact) -> bool:
    """An active rating as it was given: what was decided about it later is no other rating."""
    return fact.kind == "rating" and fact.n == 0 and fact.data["number"] != DEFAULT


def _reads_of_case(fact: Fact) -> bool:
    if fact.kind == "node":
        return fact.n > 0 or fact.data["node"] in LOOKED_AT
    if fact.kind == "finding":
        return fact.n > 0 or fact.data["rule"] in LOOKED_AT
    return False


def ends_a_row(facts: Iterable[CaseFact]) -> bool:
    """Whether what happened on a day can be the last of what a rule for several days looks for: somebody filed."""
    return any(fact.node == "submit" and fact.applicant is not None for fact in facts)


def of_facts(facts: Iterable[Fact]) -> tuple[CaseFact, ...]:
    """The steps and findings of cases among pooled facts, as far as a rule looks at them; of one thing the latest
    correction counts. What a transfer brought in is told by the organisation that it came from."""
    latest: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        name = (fact.place, fact.kind, fact.id)
        if _reads_of_case(fact) and (name not in latest or latest[name].n < fact.n):
            latest[name] = fact
    return tuple(_of_node(fact) if fact.kind == "node" else _of_finding(fact) for fact in latest.values())


def ratings_of(facts: Iterable[Fact]) -> tuple[RatingFact, ...]:
    """The active ratings among pooled facts, whatever was decided about them later: what was excluded was given all the
    same, and a rule that looks for rigged ratings must see it."""
    return tuple(_of_rating(fact) for fact in facts if _reads_rating(fact))


def _of_rating(fact: Fact) -> RatingFact:
    data, at, after = fact.data, _at(fact.data), fact.data.get("after")
    assert at, "a rating has a time"
    return RatingFact(
        case_id=str(data.get("case", fact.id)),
        at=at,
        level=code_of(RatingLevel(str(data["level"])), Standard.report),
        device=_text(data.get("device")),
        own="own" in data,
        finished=at - timedelta(seconds=after) if isinstance(after, int) else None,
        address=_text(data.get("address")),
        person=_text(data.get("person")),
        window=_text(data.get("window")) if "on_site" in data else None,
        adverse="adverse" in data,
        first=data["number"] == FIRST,
        anonymous="case" not in data,
    )


def _of_node(fact: Fact) -> CaseFact:
    data, actor = fact.data, _text(fact.data.get("actor"))
    return CaseFact(
        case_id=str(data["case"]),
        organisation=fact.organisation,
        day=fact.day,
        node=str(data["node"]),
        at=_at(data),
        actor=None if actor == NOT_RECORDED else actor,
        item=_text(data.get("item")),
        applicant=_text(data.get("applicant")),
        result=_text(data.get("result")),
        channel=_text(data.get("channel")),
        automatic=actor is not None and actor.startswith(SYSTEM),
    )


def _of_finding(fact: Fact) -> CaseFact:
    return CaseFact(str(fact.data["subject"]), fact.organisation, fact.day, str(fact.data["rule"]), _at(fact.data))


def _at(data: Mapping[str, Value]) -> datetime | None:
    milliseconds = data.get("at")
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if isinstance(milliseconds, int) else None


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
