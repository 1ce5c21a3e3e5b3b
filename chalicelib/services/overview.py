"""What dashboards show of tables: how counties stand, and where cases are overdue.

A fixed number of reads whatever is stored: a period's page of a level, and what the worst units were warned of. It
gives codes, numbers and case numbers, never personal data. This module must not write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from chalicelib.domain.calendar import legal_day
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices import tally
from chalicelib.domain.indices.board import Row
from chalicelib.domain.indices.period import Period, Span
from chalicelib.domain.order import is_order
from chalicelib.domain.organisation import Level
from chalicelib.domain.supervision import ladder
from chalicelib.domain.supervision.rule import Finding
from chalicelib.services import registry
from chalicelib.store import findings, indices
from chalicelib.store.indices import Edition

SPANS = (Span.day, Span.week, Span.month, Span.quarter, Span.year)
LEVELS = (Level.city, Level.county)
_WORST = 5  # counties that are looked into
_UNITS = 8  # units in them whose findings are read
_FINDINGS = 20  # of each unit, the latest
_LOOK_BACK = timedelta(days=30)
_RED = (ladder.RED, ladder.ESCALATED)


@dataclass(frozen=True, slots=True)
class Member:
    """One organisation and its row in a period; `open` and `overdue`: cases that stand when the period is looked at."""

    code: str
    zh: str
    en: str
    row: Row
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A period as it was published, with the organisations of a level."""

    period: Period
    edition: Edition
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Overdue:
    """The counties with overdue cases, the most first, and in the worst of them which units hold how many and what they
    were warned of last."""

    overview: Overview
    units: tuple[tuple[Member, tuple[Finding, ...]], ...]


def standing(now: datetime, span: Span, level: Level) -> Overview | None:
    """The organisations of a level in the period of `now`, by rank, those without one last; None where it was not
    computed yet. Two reads."""
    found = _published(now, span)
    if found is None:
        return None
    period, edition = found
    rows = indices.board(period.name, edition.shown, level)
    members = [_member(code, row, legal_day(now)) for code, row in rows.items()]
    members.sort(key=lambda one: (one.row.standing.rank or len(members) + 1, one.code))
    return Overview(period, edition, tuple(members))


def overdue(now: datetime) -> Overdue | None:
    """Where cases are overdue in the month of `now`; None where it was not computed yet. At most 2 + _WORST + _UNITS
    reads."""
    seen = standing(now, Span.month, Level.county)
    if seen is None:
        return None
    late = sorted((one for one in seen.members if one.overdue), key=lambda one: (-one.overdue, one.code))
    units = [unit for county in late[:_WORST] for unit in _units(county, seen, legal_day(now))]
    units.sort(key=lambda one: (-one.overdue, one.code))
    warned = tuple((unit, _warnings(unit.code, now)) for unit in units[:_UNITS])
    return Overdue(Overview(seen.period, seen.edition, tuple(late)), warned)


def _published(now: datetime, span: Span) -> tuple[Period, Edition] | None:
    period = periods.of(legal_day(now), span)
    edition = indices.editions([period]).get(period.name)
    return (period, edition) if edition else None


def _units(county: Member, seen: Overview, today: date) -> Iterator[Member]:
    """The stations of a county that hold overdue cases, and the county with those that it holds itself."""
    rows = indices.page(seen.period.name, seen.edition.shown, Level.station, county.code)
    stations = [_member(code, row, today) for code, row in rows.items()]
    yield from (one for one in stations if one.overdue)
    opened, late = (sum(getattr(one, name) for one in stations) for name in ("open", "overdue"))
    if county.overdue > late:
        yield Member(county.code, county.zh, county.en, county.row, county.open - opened, county.overdue - late)


def _member(code: str, row: Row, today: date) -> Member:
    known = registry.find_organisation(code)
    counts: Mapping[str, int] = tally.settled(row.counts, today)
    zh, en = (known.zh, known.en) if known else (code, code)
    return Member(code, zh, en, row, counts.get("open", 0), counts.get("open/overdue", 0))


def _warnings(code: str, now: datetime) -> tuple[Finding, ...]:
    """The latest red lights of an organisation, the last one first."""
    found, _ = findings.handled_by(
        code, first=now - _LOOK_BACK, last=now, after=None, most=_FINDINGS, newest_first=True
    )
    red = (one for one in found if one.rule in _RED and not is_order(one.subject))
    return tuple(islice(red, 3))
