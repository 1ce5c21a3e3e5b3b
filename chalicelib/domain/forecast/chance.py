"""The chance that an open case will be late (超期可能性): of those that were where it is now, how many were.

A case is compared with those that were in the same state when as much of their limit was gone: of the same item at the
same unit, and, where those are few, in the county, the city, the province, and of any item. Each group is weighed
against the wider one before it, so that few cases do not decide. Everything is counted from tracks
(`chalicelib.domain.track`), which can be added up. This module must not know where counts come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from chalicelib.domain.forecast.method import Method
from chalicelib.domain.indices import sums
from chalicelib.domain.indices.sums import Book
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.track import PARTS, TRACK, Bound

ANY = "*"  # any item, any state


@dataclass(frozen=True, slots=True)
class Open:
    """An open case as a forecast looks at it: who handles it, its item without version, its state, its limit."""

    id: str
    organisation: str
    item: str
    state: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that were in `state` (ANY) at some part of their limit, of `item` (ANY), at `organisation` and below: how
    many, and how many of them came to be late."""

    organisation: str
    item: str
    state: str
    cases: int
    late: int


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a chance rests on: the groups with any cases from the widest to the closest, the place in them of the
    closest that has enough (None: none has), and the part of the limit by which half of that one's item were closed
    (None: more than half were late)."""

    groups: tuple[Group, ...]
    named: int | None
    half: int | None


@dataclass(frozen=True, slots=True)
class Chance:
    """An open case with its chance of being late, 0 to 1, None where too few were ever in its place; `part`: how many
    parts of its limit are gone."""

    case: Open
    part: int
    value: float | None

    @property
    def place(self) -> str:
        """Cases of one unit with the same place have the same chance, on the same grounds."""
        return f"{self.case.item}/{self.case.state}/{self.part}"


@dataclass(frozen=True)
class Past:
    """Tracks of cases whose outcome is known: counts of each organisation with all below it."""

    totals: Book
    _left: dict[str, Mapping[str, Sequence[int]]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def widest(self) -> str | None:
        """The organisation above all, None of nothing."""
        return min(self.totals, key=lambda code: (-sum(self.totals[code].values()), code), default=None)

    @cached_property
    def any_item(self) -> Tally:
        """What the widest counts of all items together, and of all states."""
        found: dict[str, int] = {}
        for name, count in self.totals.get(self.widest or "", {}).items():
            _, _, state, rest = name.split("/", 3)
            for each in (state, ANY):
                wide = f"{TRACK}{ANY}/{each}/{rest}"
                found[wide] = found.get(wide, 0) + count
        return found

    def half(self, organisation: str, item: str) -> int | None:
        """The first part of the limit at which at most half of an item's cases (ANY) were still open; None where more
        than half were late."""
        if organisation not in self._left:  # one pass over an organisation's counts, for all of its items
            self._left[organisation] = _left_open(self.totals.get(organisation, {}))
        left = self._left[organisation].get(item, (0,))
        return next((part for part, count in enumerate(left) if 2 * count <= left[0]), None)


def past(own: Iterable[Book]) -> Past:
    """The past of books that each say what organisations count of their own."""
    return Past(sums.up_the_tree(sums.together(own)))


def of_case(case: Open, at: datetime, known: Past, method: Method) -> Chance:
    """The chance of a case that is open and in time at `at`."""
    part = min(case.bound.part(at), PARTS - 1)
    found = _groups(case, part, known)
    if not found or found[0].cases < method.minimum:
        return Chance(case, part, None)
    value = found[0].late / found[0].cases
    for group in found[1:]:
        value = (group.late + method.strength * value) / (group.cases + method.strength)
    return Chance(case, part, value)


def grounds(one: Chance, known: Past, method: Method) -> Grounds:
    """What a chance rests on."""
    found = _groups(one.case, one.part, known)
    enough = [place for place, group in enumerate(found) if group.cases >= method.minimum]
    if not enough:
        return Grounds(tuple(found), None, None)
    named = found[enough[-1]]
    return Grounds(tuple(found), enough[-1], known.half(named.organisation, named.item))


def order(one: Chance) -> tuple[float, datetime, str]:
    """The greatest chance first, of equals the one that is due first; those without a chance come last."""
    return -(-1.0 if one.value is None else one.value), *soonest(one)


def soonest(one: Chance) -> tuple[datetime, str]:
    """The order that needs no forecast: due soonest first."""
    return one.case.bound.last, one.case.id


def _groups(case: Open, part: int, known: Past) -> list[Group]:
    """From the widest to the closest; those without any case are left out."""
    if known.widest is None:
        return []
    above = [code for code in sums.above(case.organisation) if code != known.widest]
    places = [
        (known.widest, ANY, ANY),
        (known.widest, ANY, case.state),
        (known.widest, case.item, case.state),
        *((code, case.item, case.state) for code in reversed(above)),
    ]
    found = (_group(*place, part, known) for place in places)
    return [group for group in found if group.cases]


def _group(organisation: str, item: str, state: str, part: int, known: Past) -> Group:
    empty = Group(organisation, item, state, 0, 0)
    counts, name = _counts(empty, known), f"{TRACK}{item}/{state}/{part}"
    return Group(organisation, item, state, counts.get(name, 0), counts.get(f"{name}/late", 0))


def _counts(group: Group, known: Past) -> Tally:
    return known.any_item if group.item == ANY else known.totals.get(group.organisation, {})


def _left_open(counts: Tally) -> Mapping[str, Sequence[int]]:
    """How many cases of each item, and of ANY, were still open at each part."""
    found: dict[str, list[int]] = {}
    for name, count in counts.items():
        _, item, _, part, *late = name.split("/")
        for each in () if late else (item, ANY):
            found.setdefault(each, [0] * PARTS)[int(part)] += count
    return found
