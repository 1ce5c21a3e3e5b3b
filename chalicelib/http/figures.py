"""Answers about indices, from what services give: ratios as numbers with six decimals, points with two.

What cannot be measured is null, with the reason, and never 0 or 100. This module must not ask for anything.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from chalicelib.domain import organisation as organisations
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.indices import histogram, index, tally
from chalicelib.domain.indices.board import Row
from chalicelib.domain.indices.indicator import Formula, Indicator
from chalicelib.domain.indices.period import Period
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.organisation import Level
from chalicelib.http.fields import Names, names
from chalicelib.http.shapes import (
    ChangedOut,
    ChangeOut,
    ContributionOut,
    ErratumOut,
    FactOut,
    FormulaOut,
    IndicatorOut,
    PartOut,
    RankedOut,
    SheetOut,
    Stamp,
    TimesOut,
    ValueOut,
)
from chalicelib.services import registry
from chalicelib.services.boards import Board, Sheet
from chalicelib.services.drilling import Behind
from chalicelib.store.indices import Edition, Erratum

PLACES = 6  # decimals of a ratio
_NINETY = Fraction(9, 10)


def members(level: Level, found: Board) -> list[str]:
    """Those that are active, and whoever has figures."""
    known = registry.current("organisation")
    here = {code for code, one in known.items() if organisations.level(code) is level and _active(one.document())}
    return sorted(here | set(found.rows))


def _active(document: dict[str, object]) -> bool:
    return document.get("status", "active") == "active"


def formula(found: Formula) -> FormulaOut:
    """A formula with all its indicators."""
    green, yellow = found.bands
    return FormulaOut(
        formula=found.ref,
        since=found.since,
        minimum=found.minimum,
        minimum_count=found.minimum_count,
        green=green,
        yellow=yellow,
        items=[_indicator(one) for one in found.indicators.values()],
    )


def _indicator(one: Indicator) -> IndicatorOut:
    return IndicatorOut(
        code=one.code,
        name=names(one.name),
        formula=names(one.formula),
        basis=one.basis,
        family=one.family,
        direction=one.direction,
        numerator=list(one.numerator),
        denominator=list(one.denominator),
        floor=float(one.floor),
        target=float(one.target),
        weight=float(one.weight),
        strength=one.strength,
    )


def stamp(found: Board) -> Stamp:
    """What stands on every number."""
    return stamped(found.period, found.edition)


def stamped(period: Period, edition: Edition) -> Stamp:
    """The same, of an edition."""
    closed = edition.closed
    return Stamp(
        period=period.name,
        from_day=period.first.isoformat(),
        to_day=period.last.isoformat(),
        as_of=edition.shown_as_of,
        formula=edition.formula,
        quarantined=edition.shown_quarantined,
        closed_at=closed.at if closed else None,
    )


def fact(each: Behind) -> FactOut:
    """A fact behind a number."""
    data, at = each.fact.data, each.fact.data.get("at")
    subject = data.get("case") or data.get("subject")
    return FactOut(
        org=each.fact.organisation,
        day=each.fact.day.isoformat(),
        kind=each.fact.kind,
        subject=None if subject is None else str(subject),
        what=str(data.get("node") or data.get("finding") or data.get("level") or ""),
        at=datetime.fromtimestamp(at / 1000, tz=UTC) if isinstance(at, int) else None,
        correction=each.fact.n,
        counts=dict(each.counts),
    )


def called(code: str) -> Names:
    """What an organisation is called now; its code where nobody is known by it."""
    known = registry.find_organisation(code)
    return Names(zh=known.zh if known else code, en=known.en if known else code)


def ranked(code: str, row: Row | None) -> RankedOut:
    """An organisation of a ranking, with or without figures."""
    one = row.standing if row else None
    return RankedOut(
        org=code,
        name=called(code),
        rank=one.rank if one else None,
        rank_beside=one.rank_beside if one else None,
        index=points(one.index) if one else None,
        band=one.band if one else None,
        volume=one.volume if one else 0,
        why=(one.why or None) if one else index.NO_CASES,
    )


def sheet(found: Sheet) -> SheetOut:
    """All of one organisation in a period."""
    board, one = found.board, found.row.standing
    shares, brought = index.shares(board.formula, one.values), index.shown_points(board.formula, one.values)
    counts = tally.settled(found.row.counts, min(board.period.last, legal_day(board.edition.as_of)))
    return SheetOut(
        stamp=stamp(board),
        standing=ranked(found.organisation, found.row),
        indicators=[
            _value(each, one.values[code], shares.get(code, Fraction(0)), brought.get(code))
            for code, each in board.formula.indicators.items()
        ],
        times=_times(counts),
        counts={name: count for name, count in sorted(counts.items()) if not name.startswith(("time/", "days/"))},
        before=_change(found, found.before, found.previous),
        last_year=_change(found, found.last_year, found.year_before),
        own=_own(found),
        parts=[_part(code, row) for code, row in sorted(found.children.items())],
        errata=[erratum(each, detailed=True) for each in board.errata],
    )


def _value(one: Indicator, value: index.Value, share: Fraction, added: int | None) -> ValueOut:
    return ValueOut(
        code=one.code,
        name=names(one.name),
        value=None if value.why else ratio(value.ratio),
        numerator=value.numerator,
        denominator=value.denominator,
        score=points(value.score),
        share=round(float(share), PLACES),
        points=points(added if value.why or added is not None else 0),
        why=value.why or None,
    )


def _times(counts: Tally) -> TimesOut:
    classes = {int(name): count for name, count in tally.part(counts, "time/").items()}
    days = {int(name): count for name, count in tally.part(counts, "days/").items()}
    half, nine = (histogram.quantile(classes, share) for share in (Fraction(1, 2), _NINETY))
    return TimesOut(
        cases=sum(classes.values()),
        median_seconds=None if half is None else histogram.middle(half),
        p90_seconds=None if nine is None else histogram.middle(nine),
        median_days=histogram.quantile(days, Fraction(1, 2)),
        p90_days=histogram.quantile(days, _NINETY),
    )


def _change(found: Sheet, then: Row | None, period: Period) -> ChangeOut | None:
    if then is None:
        return None
    now, old = found.row.standing.index, then.standing.index
    return ChangeOut(
        period=period.name,
        index=points(old),
        change=None if now is None or old is None else points(now - old),
        contributions=[
            ContributionOut(code=code, points=added / index.HUNDREDTHS) for code, added in found.changes(then).items()
        ],
    )


def _part(code: str, row: Row) -> PartOut:
    one = row.standing
    return PartOut(
        org=code,
        name=called(code),
        values=_measured(row),
        index=points(one.index),
        rank_beside=one.rank_beside,
    )


def _own(found: Sheet) -> dict[str, list[int]]:
    """What the organisation has of its own, besides what its parts have (本级)."""
    own = {code: list(both) for code, both in _measured(found.row).items()}
    for row in found.children.values():
        for code, (numerator, denominator) in _measured(row).items():
            if code in own:
                own[code] = [own[code][0] - numerator, own[code][1] - denominator]
    by_cases = [code for code, one in found.board.formula.indicators.items() if one.family == "cases"]
    return {code: own[code] for code in by_cases if code in own}


def _measured(row: Row) -> dict[str, list[int]]:
    return {code: [one.numerator, one.denominator] for code, one in row.standing.values.items()}


def erratum(one: Erratum, *, detailed: bool) -> ErratumOut:
    """What came out otherwise later; where it is not `detailed`, of the index alone."""
    was, now = one.was, one.now
    old, new = (_measured(row) if row and detailed else {} for row in (was, now))
    return ErratumOut(
        org=one.organisation,
        at=one.at,
        index_was=points(was.standing.index) if was else None,
        index_now=points(now.standing.index) if now else None,
        indicators=[
            ChangedOut(code=code, was=old.get(code), now=new.get(code))
            for code in sorted({*old, *new})
            if old.get(code) != new.get(code)
        ],
    )


def ratio(value: Fraction | None) -> float | None:
    """A share as it is shown."""
    return None if value is None else round(float(value), PLACES)


def points(value: int | None) -> float | None:
    """Hundredths as points."""
    return None if value is None else value / index.HUNDREDTHS
