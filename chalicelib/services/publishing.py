"""Periods computed from cells, and published: sums up the tree, indicators, indices, ranks, in one edition a period.

The days of a month are gone through once, with what stands carried from each to the next; longer periods are sums of
months. Everything is computed anew and replaces what was there, so that again, later or by two at once it comes to the
same. Round trips follow what is wanted and never what is stored. This module must not know facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby

from chalicelib.domain.calendar import ONE_DAY
from chalicelib.domain.indices import board as boards
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices import sums, tally
from chalicelib.domain.indices.board import Rows
from chalicelib.domain.indices.period import Period, Span
from chalicelib.domain.indices.sums import LEVELS, Book
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.organisation import Level
from chalicelib.indicators import all_formulas, in_force
from chalicelib.services import registry
from chalicelib.store import cells, indices, marks, reports
from chalicelib.store.indices import Edition

_SHORT = (Span.day, Span.week, Span.month)  # those that are summed from days; the others are summed from months
Totals = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be published: as of `now`, with days up to `horizon` (today, or the day of the latest fact)."""

    wanted: Collection[Period]
    horizon: date
    now: datetime
    quarantined: int


def publish(order: Order) -> bool:
    """Computes and publishes each wanted period. False where somebody else published one of them meanwhile: then what
    was read may be old, and it must be done again."""
    first = periods.of(min(one.first for one in _short(order.wanted)), Span.month)
    around = {*order.wanted, *(month for one in order.wanted for month in periods.months(one))}
    seen = indices.editions(sorted(around | {periods.before(first)}, key=lambda one: one.key))
    totals = dict(totals_of(order.wanted, _opening(first, seen), seen, order.horizon))
    return _put(order, totals, seen)


def totals_of(
    wanted: Collection[Period], opening: Book, seen: Mapping[str, Edition], horizon: date
) -> Iterator[tuple[Period, Totals]]:
    """What each wanted period comes to up the tree, the short ones as they end and then the long; one of them at least
    is short. `opening` stood before the month of the first of them; months that are not wanted are read from the
    editions in `seen`."""
    short, months = _short(wanted), dict[Period, Totals]()
    for one, totals in _from_days(short, _months(short, horizon), opening, horizon):
        if one.span is Span.month:
            months[one] = totals
        yield one, totals
    for one in wanted:
        if one.span not in _SHORT:
            yield one, _from_months(one, months, seen, horizon)


def _short(wanted: Collection[Period]) -> list[Period]:
    return sorted((one for one in wanted if one.span in _SHORT), key=lambda one: (one.first, one.key))


def _months(short: Sequence[Period], horizon: date) -> list[Period]:
    """The months to go through, without a gap, because what stands is carried on."""
    found = [periods.of(short[0].first, Span.month)]
    last = max(min(one.last, horizon) for one in short)
    while found[-1].last < last:
        found.append(periods.of(found[-1].last + ONE_DAY, Span.month))
    return found


def _opening(first: Period, seen: Mapping[str, Edition]) -> Book:
    """What stood at each organisation before a month began."""
    before = seen.get(periods.before(first).name) or indices.latest(Span.month, first)
    if before is None:
        return {}
    totals = {code: row.counts for code, row in indices.board(before.period, before.id).items()}
    return {code: tally.stocks(counts) for code, counts in boards.own(totals).items()}


@dataclass(slots=True)
class _Books:
    """Counts of each organisation's own that grow as the days are gone through: what happened in each period that is
    wanted, and what stands."""

    standing: Totals
    happened: dict[Period, Totals] = field(default_factory=dict)

    def add(self, today: Book, running: Sequence[Period]) -> None:
        """One more day."""
        for code, counts in today.items():
            sums.grow(self.standing, code, tally.stocks(counts))
            for one in running:
                sums.grow(self.happened.setdefault(one, {}), code, tally.flows(counts))

    def totals(self, one: Period) -> Totals:
        """A period that is over, or has come to today, up the tree."""
        return sums.up_the_tree(sums.together([self.happened.pop(one, {}), self.standing]))


def _from_days(
    short: Sequence[Period], months: Sequence[Period], opening: Book, horizon: date
) -> Iterator[tuple[Period, Totals]]:
    books = _Books({code: dict(counts) for code, counts in opening.items()})
    for month in months:
        here = [one for one in short if one.first <= month.last and one.last >= month.first]
        for day, today in _days(month, horizon):
            books.add(today, [one for one in here if one.first <= day <= one.last])
            for one in here:
                if day == min(one.last, horizon):
                    yield one, books.totals(one)


def _days(month: Period, horizon: date) -> Iterator[tuple[date, Book]]:
    """The days of a month with the cells of each, those without any among them."""
    last = min(month.last, horizon)
    kept = groupby(cells.between(month.first, last), key=lambda cell: cell.day)
    day, following = month.first, next(kept, None)
    while day <= last:
        today: Book = {}
        if following and following[0] == day:
            today = {cell.organisation: tally.summed(cell.counts) for cell in following[1]}
            following = next(kept, None)
        yield day, today
        day += ONE_DAY


def _from_months(long: Period, totals: Mapping[Period, Totals], seen: Mapping[str, Edition], horizon: date) -> Totals:
    found: list[Book] = []
    for month in periods.months(long):
        if month.first > horizon:
            break
        if month in totals:
            found.append(totals[month])
        elif month.name in seen:
            kept = indices.board(month.name, seen[month.name].id)
            found.append({code: row.counts for code, row in kept.items()})
    return sums.row(found)


def _put(order: Order, totals: Mapping[Period, Totals], seen: Mapping[str, Edition]) -> bool:
    made: list[tuple[Period, Edition, Rows]] = []
    items, centres = catalogue(), registry.centres_due()
    for one in sorted(totals, key=lambda one: (len(periods.months(one)), one.key)):
        known = seen.get(one.name)
        formula = all_formulas()[known.formula] if known and known.closed else in_force(one.last)
        rows = boards.rows(formula, totals[one], min(one.last, order.horizon), items, centres)
        was = indices.board(known.period, known.id) if known and known.closed else {}
        rows = boards.with_registry_of(rows, was, formula)
        edition = Edition(
            one.name, indices.new_edition(), order.now, formula.ref, order.quarantined, indices.parts_of(rows)
        )
        edition = _follow(edition, known, rows, was)
        if known is None or edition.id != known.id:
            made.append((one, edition, rows))
    indices.put_pages([(edition, rows) for _, edition, rows in made], _dropped(made, seen))
    vain = [edition for one, edition, _ in made if not indices.make_count(one.key, edition, seen.get(one.name))]
    if vain:
        indices.put_pages([], [(edition.period, edition.id, edition.parts) for edition in vain])
    # After they count: whoever dies in between computes them again, and marks them then.
    closed = [one for one in totals if one.span is Span.month and (known := seen.get(one.name)) and known.closed]
    marks.put((reports.READER, one.name) for one in closed)
    return not vain


def _follow(edition: Edition, known: Edition | None, rows: Rows, was: Rows) -> Edition:
    """The edition as it follows the one that counts now. Of a closed period one that says the same is not needed, and
    one by which anybody stands otherwise is an erratum."""
    if known is None:
        return edition
    if known.closed is None:
        return replace(edition, before=(known.id, known.parts))
    if was == rows:
        return known
    before = None if known.id == known.closed.edition else (known.id, known.parts)
    edition = replace(edition, before=before, closed=known.closed, corrected=known.corrected)
    if indices.put_errata(known.period, edition.id, edition.as_of, was, rows):
        return replace(edition, corrected=(*known.corrected, edition.id))
    return edition  # only what no indicator is made of came out otherwise


def _dropped(
    made: Sequence[tuple[Period, Edition, Rows]], seen: Mapping[str, Edition]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The pages that nobody reads any more: of the edition before the one that counts now."""
    for one, _, _ in made:
        known = seen.get(one.name)
        if known and known.before:
            id, parts = known.before
            yield one.name, id, parts


def catalogue() -> Mapping[Level, Tally]:
    """What the items that are published count for each level."""
    items = [item for id in registry.current("item") if (item := registry.current_item(id))]
    return {level: sums.of_items(items, level) for level in LEVELS}
