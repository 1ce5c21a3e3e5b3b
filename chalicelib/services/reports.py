"""Monthly reports (月报) that are kept: one of each organisation once a month is closed, a further edition for each
correction; and who may read them.

Whoever closes or corrects a month marks it afterwards, again if they died in between; what is missing of it is then
asked of what is kept. So a run that is missed, doubled, overlapped or cut short leaves the rest to the next, and
nothing is written twice. An edition never changes. This module must not know how a report looks: that is given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices.period import Period
from chalicelib.errors import Forbidden, NotFound
from chalicelib.services import boards, reporting
from chalicelib.services.reporting import Report
from chalicelib.store import indices, marks
from chalicelib.store import reports as store
from chalicelib.store.reports import Kept

ENOUGH_SECONDS = 20  # a month is begun, and a report written, with so much left
MOST_NAMED = 12
Render = Callable[[Report], str]


@dataclass(frozen=True, slots=True)
class Written:
    """How many editions one run wrote, and whether it came to the end of what was missing."""

    editions: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Editions by organisation, and whether there are more."""

    rows: Sequence[Kept]
    more: bool


def write(render: Render, left: Callable[[], float]) -> Written:
    """Writes what is missing of the months that were closed or corrected since, the earliest first, as long as `left`
    (seconds) gives ENOUGH_SECONDS."""
    done = 0
    for mark in marks.listed(store.READER):
        for report in _missing(periods.parse(mark.place)):
            if left() < ENOUGH_SECONDS:
                return Written(done, finished=False)
            done += store.put_new(mark.place, report.sheet.organisation, report.edition or 1, render(report))
        marks.remove(mark)
    return Written(done, finished=True)


def _missing(period: Period) -> Iterator[Report]:
    """The reports of a closed month that are not kept: of each organisation one, and one more each time that it was
    told otherwise. None of a month that is marked and not closed: who closes it marks it again."""
    edition = indices.editions([period]).get(period.name)
    if edition is None or edition.closed is None:
        return
    kept = {(one.organisation, one.edition) for one in store.below(period.name, "")}
    told: dict[str, list[indices.Erratum]] = {}
    for one in indices.errata(edition) if edition.corrected else ():
        told.setdefault(one.organisation, []).append(one)
    for sheet, peers in boards.sheets(edition):
        errata = told.get(sheet.organisation, [])
        for number in range(1, len(errata) + 2):
            if (sheet.organisation, number) not in kept:
                board = replace(sheet.board, errata=tuple(errata[: number - 1]))
                yield reporting.of(replace(sheet, board=board), peers, number)


def kept_periods(*, identity: Identity) -> list[str]:
    """The periods of which there are reports, the latest first; for staff."""
    _scope(identity)
    return sorted(store.periods(), reverse=True)


def page(name: str, *, identity: Identity, after: tuple[str, int] | None, most: int) -> Page:
    """The editions of a period that are in the scope of who asks, by organisation."""
    period = boards.parse_period(name)
    rows = list(islice(store.below(period.name, _scope(identity), after), most + 1))
    return Page(rows[:most], len(rows) > most)


def editions(name: str, code: str, *, identity: Identity) -> list[Kept]:
    """The editions of one organisation's report, the first first; NotFound says of which periods there are any."""
    boards.require_scope(identity, code)
    period = boards.parse_period(name)
    found = store.of(period.name, code)
    if not found:
        there = sorted(store.periods(), reverse=True)[:MOST_NAMED]
        raise NotFound(
            f"{code} 没有 {name} 的报告；报告在月结后生成，现有：{'、'.join(there) or '无'}",
            f"there is no report of {code} for {name}; one is written once a month is closed; there are: "
            f"{', '.join(there) or 'none'}",
        )
    return found


def edition(name: str, code: str, number: int | None, *, identity: Identity) -> tuple[Kept, str]:
    """One edition of a report and what it says, the newest unless one is named."""
    found = {one.edition: one for one in editions(name, code, identity=identity)}
    chosen = found.get(max(found) if number is None else number)
    if chosen is None:
        raise NotFound(
            f"没有第 {number} 版；现有：{'、'.join(map(str, found))}",
            f"there is no edition {number}; there are: {', '.join(map(str, found))}",
        )
    return chosen, store.content(chosen)


def _scope(identity: Identity) -> str:
    """The beginning of the codes whose reports somebody may read."""
    if identity.kind is Kind.citizen:
        raise Forbidden("报告仅供工作人员查看", "reports are for staff")
    return organisations.scope(organisations.seat(identity.organisation)) if identity.organisation else ""
