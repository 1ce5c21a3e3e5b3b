"""What the routes of indices do: ask the service, and answer with a document, a table or a page.

It is loaded with the first of these requests, because no step of a case needs it. This module must not decide who may
see what.
"""

from __future__ import annotations

from datetime import date

from chalicelib import errors, pages
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.organisation import Level
from chalicelib.http import cursors, figures, sheets
from chalicelib.http.files import File
from chalicelib.http.operation import Call
from chalicelib.http.shapes import (
    HTML,
    CellOut,
    FactsOut,
    FactsQuery,
    FormulaOut,
    FormulaQuery,
    RankingOut,
    RankingQuery,
    SheetOut,
    SheetQuery,
    Stamp,
)
from chalicelib.services import boards, closing, drilling, reporting


def formula(call: Call) -> FormulaOut:
    """Every indicator of a formula."""
    query: FormulaQuery = call.query
    return figures.formula(boards.formula(query.formula, legal_day(call.now)))


def ranking(call: Call) -> RankingOut | File:
    """A ranking, the first first; those that are not ranked come last."""
    query: RankingQuery = call.query
    level = Level(query.level)
    found = boards.ranking(call.path["period"], level, identity=call.who)
    items = [figures.ranked(code, found.rows.get(code)) for code in figures.members(level, found)]
    items.sort(key=lambda one: (one.rank is None, one.rank or 0, -(one.index or 0), one.org))
    errata = [figures.erratum(one, detailed=False) for one in found.errata]  # everybody may see a ranking
    told = RankingOut(stamp=figures.stamp(found), level=level, items=items, errata=errata)
    return (
        told
        if query.format == "json"
        else sheets.as_file(query.format, call.accept, [sheets.of_ranking(told), sheets.of_stamp(told.stamp)])
    )


def sheet(call: Call) -> SheetOut | File:
    """One organisation's sheet, as a document, a table or a page."""
    query: SheetQuery = call.query
    found = boards.sheet(call.path["period"], call.path["org"], identity=call.who)
    match query.format:
        case "json":
            return figures.sheet(found)
        case "html":
            report = reporting.of(found, boards.beside(found.board.period.name, found.organisation))
            return File(HTML, f"report-{found.board.period.name}-{found.organisation}.html", pages.report(report))
        case _:
            told = figures.sheet(found)
            return sheets.as_file(query.format, call.accept, [sheets.of_sheet(told), sheets.of_stamp(told.stamp)])


def facts(call: Call) -> FactsOut:
    """One page of the facts behind a number."""
    query: FactsQuery = call.query
    after = cursors.decode(query.cursor, {"d": str, "o": str, "f": str}, blank=("o", "f"))
    page = drilling.behind(
        call.path["period"],
        call.path["org"],
        call.path["indicator"],
        identity=call.who,
        after=after,
        most=query.limit,
    )
    value = page.sheet.row.standing.values[page.indicator.code]
    return FactsOut(
        stamp=figures.stamp(page.sheet.board),
        org=page.sheet.organisation,
        indicator=page.indicator.code,
        numerator=value.numerator,
        denominator=value.denominator,
        items=[figures.fact(each) for each in page.rows],
        next=cursors.encode(page.after),
    )


def close(call: Call) -> Stamp:
    """The stamp of a period that is closed."""
    return figures.stamped(
        boards.parse_period(call.path["period"]), closing.close(call.path["period"], identity=call.who, now=call.now)
    )


def cell(call: Call) -> CellOut:
    """One organisation's own counts of a day."""
    try:
        day = date.fromisoformat(call.path["day"])
    except ValueError as error:
        raise errors.NotFound("没有这一天", "there is no such day") from error
    found, edition = boards.cell(call.path["org"], day, identity=call.who)
    return CellOut(
        org=found.organisation,
        day=found.day.isoformat(),
        as_of=edition.as_of if edition else None,
        quarantined=edition.quarantined if edition else None,
        counts=dict(sorted(found.counts.items())),
    )
