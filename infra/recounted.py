"""Cells and indices computed once more, beside those that are kept: cells from facts that follow, indices from cells.

An operator's tool, never a function. What is marked was not computed yet and is no difference: cells of such days are
left out, and while there are any, indices are too. This module must not change anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.calendar import legal_day
from chalicelib.domain.indices import board as boards
from chalicelib.domain.indices import cell as counting
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices import tally
from chalicelib.domain.indices.period import Period
from chalicelib.domain.indices.tally import Tally
from chalicelib.indicators import all_formulas
from chalicelib.services import indexing, publishing, registry
from chalicelib.store import cells, indices, marks
from chalicelib.store.indices import Edition
from infra.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Recounted:
    """How many cells and periods were laid beside those that are kept, and how many days wait to be computed."""

    cells: int
    periods: int
    pending: int


def recount(facts: Ledger, beside: Ledger) -> Recounted:
    """Lays cells and indices out in `beside`, by name; `facts` has what follows from every history."""
    waiting = {mark.place for reader in (indexing.DAYS, indexing.SINCE) for mark in marks.listed(reader)}
    number = _cells(facts, beside, waiting)
    return Recounted(number, 0 if waiting else _periods(beside), len(waiting))


def _cells(facts: Ledger, beside: Ledger, waiting: set[str]) -> int:
    calendar, number = registry.current_calendar(), 0
    kept = (cells.cell(row) for row in cells.CellRow.scan())
    beside.keep(
        (_cell(each.organisation, each.day), _digest(each.counts))
        for each in kept
        if each.counts and f"{each.organisation}#{each.day}" not in waiting
    )
    for organisation, day in facts.places():
        counts = counting.of_facts(facts.cases_of_day(organisation, day), calendar)
        if counts and f"{organisation}#{day}" not in waiting:
            beside.expect_text(_cell(organisation, day), _digest(counts))
            number += 1
    return number


def _periods(beside: Ledger) -> int:
    """Each period by the formula that it was computed with, and of the catalogue what it counted then."""
    known = {periods.parse(edition.period): edition for edition in indices.all_editions()}
    if not known:
        return 0
    horizon = max(legal_day(edition.as_of) for edition in known.values())
    settled = {one: edition for one, edition in known.items() if _is_settled(one, edition, horizon)}
    items, centres = publishing.catalogue(), registry.centres_due()
    for one, totals in publishing.totals_of(list(settled), {}, {}, horizon):
        edition = settled[one]
        formula, kept = all_formulas()[edition.formula], indices.board(edition.period, edition.id)
        found = boards.rows(formula, totals, min(one.last, horizon), items, centres)
        rows = boards.with_registry_of(found, kept, formula)
        for code in sorted({*rows, *kept}):
            name, same = f"index {one.name} {code}", rows.get(code) == kept.get(code)
            if code in kept:
                beside.keep([(name, "kept")])
            if code in rows:
                beside.expect_text(name, "kept" if same else "otherwise")
    return len(settled)


def _is_settled(one: Period, edition: Edition, horizon: date) -> bool:
    """Whether a period is over, or was computed on the last day on which any was."""
    return one.last < horizon or legal_day(edition.as_of) == horizon


def _cell(organisation: str, day: date) -> str:
    return f"cell {organisation}#{day.isoformat()}"


def _digest(counts: Tally) -> str:
    return hashlib.sha256(tally.text(counts).encode()).hexdigest()
