"""The outlook of an organisation (预测): its week and its open cases by their chances, made once a day from what is
known then. This module must not know where any of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from chalicelib.domain import track
from chalicelib.domain.calendar import Calendar, legal_day
from chalicelib.domain.forecast import chance, week
from chalicelib.domain.forecast.chance import Chance, Grounds, Open, Past
from chalicelib.domain.forecast.method import Method
from chalicelib.domain.forecast.week import Coming, Expected, Risk
from chalicelib.domain.indices import sums
from chalicelib.domain.indices.sums import Book
from chalicelib.domain.indices.tally import Tally

MOST_CASES = 2000  # kept of one unit, those with the greatest chance: at most 150 of the 400 KB that an item may have
OPEN, OVERDUE, UNDATED, DUE = "open", "overdue", "undated", "due/"


@dataclass(frozen=True, slots=True)
class Week:
    """The seven days from `first` on, of an organisation with all below it: open cases, those that are overdue, those
    under no date now; how many are due on each day; how many of those will be late, without the `unknown`, who have no
    chance; what comes (None: too few weeks are known), and what came in the seven days before."""

    first: date
    open: int
    overdue: int
    undated: int
    due: tuple[int, ...]
    late: Expected
    unknown: int
    coming: Coming | None
    last_week: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """An organisation's week, and the open cases that it handles itself, those with the greatest chance first, with
    the grounds of each place; `left_out`: how many more there are."""

    organisation: str
    week: Week
    cases: tuple[Chance, ...] = ()
    grounds: Mapping[str, Grounds] = field(default_factory=dict)
    left_out: int = 0


@dataclass(slots=True)
class Seen:
    """What a run saw of open cases, by who handles them: counts, cases that are in time, tracks of overdue ones."""

    at: datetime
    since: date  # cases that became overdue before are too old to be compared with
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    cases: dict[str, list[Open]] = field(default_factory=dict)
    tracks: dict[str, dict[str, int]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)  # a case that moves between queues meanwhile is met in both

    def undated(self, id: str, organisation: str) -> None:
        """A case that no date binds now."""
        if id not in self.ids:
            self.ids.add(id)
            self._count(organisation, OPEN, UNDATED)

    def case(self, one: Open, states: Sequence[track.Moment]) -> None:
        """A case that a date binds, and where it stood since when."""
        if one.id in self.ids:
            return
        self.ids.add(one.id)
        due = legal_day(one.bound.last)
        if self.at <= one.bound.last:
            self._count(one.organisation, OPEN, f"{DUE}{due.isoformat()}")
            self.cases.setdefault(one.organisation, []).append(one)
            return
        self._count(one.organisation, OPEN, OVERDUE)
        if due >= self.since:
            counts = track.counted(one.item, track.text(states, one.bound, self.at), late=True)
            own = self.tracks.setdefault(one.organisation, {})
            for name, count in counts:
                own[name] = own.get(name, 0) + count

    def _count(self, organisation: str, *names: str) -> None:
        own = self.counts.setdefault(organisation, {})
        for name in names:
            own[name] = own.get(name, 0) + 1


def outlooks(seen: Seen, tracks: Book, received: Book, calendar: Calendar, method: Method) -> list[Outlook]:
    """The outlook of every organisation of which anything is known. `tracks` and `received` are each organisation's
    own: what tracks count, and how many cases came on each day (by its name)."""
    first, past = legal_day(seen.at), chance.past([tracks, seen.tracks])
    found = {code: _chances(cases, seen.at, past, method) for code, cases in seen.cases.items()}
    risks = _up({code: _risk(chances, first) for code, chances in found.items()})
    counts, came = sums.up_the_tree(seen.counts), sums.up_the_tree(received)
    begun = min((date.fromisoformat(day) for days in came.values() for day in days), default=first)
    like, made = week.alike(first, begun, calendar, method), []
    for code in sorted(counts.keys() | came.keys()):
        by_day = {date.fromisoformat(day): count for day, count in came.get(code, {}).items()}
        coming = week.coming(by_day, like, method) if like else None
        here = _week(first, counts.get(code, {}), risks.get(code, Risk()), coming, by_day, method)
        made.append(_outlook(code, here, found.get(code, []), past, method))
    return made


def _chances(cases: Iterable[Open], at: datetime, past: Past, method: Method) -> list[Chance]:
    return sorted((chance.of_case(case, at, past, method) for case in cases), key=chance.order)


def _risk(chances: Iterable[Chance], first: date) -> Risk:
    last = week.days_of(first)[-1]
    return week.risk(one.value for one in chances if legal_day(one.case.bound.last) <= last)


def _up(own: Mapping[str, Risk]) -> Mapping[str, Risk]:
    found: dict[str, Risk] = {}
    for code, here in sorted(own.items()):
        for upper in sums.above(code):
            found[upper] = found.get(upper, Risk()) + here
    return found


def _week(
    first: date, counts: Tally, risk: Risk, coming: Coming | None, came: Mapping[date, int], method: Method
) -> Week:
    return Week(
        first,
        open=counts.get(OPEN, 0),
        overdue=counts.get(OVERDUE, 0),
        undated=counts.get(UNDATED, 0),
        due=tuple(counts.get(f"{DUE}{day.isoformat()}", 0) for day in week.days_of(first)),
        late=week.late(risk, method.within),
        unknown=risk.unknown,
        coming=coming,
        last_week=sum(came.get(day, 0) for day in week.days_before(first)),
    )


def _outlook(code: str, here: Week, chances: Sequence[Chance], past: Past, method: Method) -> Outlook:
    kept = tuple(chances[:MOST_CASES])
    places = {one.place: one for one in kept}
    found = {place: chance.grounds(one, past, method) for place, one in places.items()}
    return Outlook(code, here, kept, found, len(chances) - len(kept))
