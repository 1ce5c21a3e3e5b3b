"""Sums (汇总): days into months and longer, organisations into those above them.

A parent is its own counts and those of everything below it, by the codes' own digits: a code carries its place in the
tree, so a number of last year is summed up the tree of last year. A stock at the end of a period is what stood before
it and what came and went since. This module must not judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chalicelib.domain import organisation as organisations
from chalicelib.domain.clocks import Unit
from chalicelib.domain.indices import tally
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.item import Item
from chalicelib.domain.organisation import Level

LEVELS = (Level.province, Level.city, Level.county, Level.station)
Book = Mapping[str, Tally]  # by organisation


def above(code: str) -> Iterator[str]:
    """An organisation that carries indicators and all above it, from below; a window counts for its seat."""
    here: str | None = organisations.seat(code)
    while here is not None:
        yield here
        here = organisations.parent(here)


def up_the_tree(own: Book) -> dict[str, dict[str, int]]:
    """What each organisation and everything below it come to, from what each has of its own."""
    parts: dict[str, list[Tally]] = {}
    for code, counts in own.items():
        for upper in above(code):
            parts.setdefault(upper, []).append(counts)
    return _filled({code: tally.total(counts) for code, counts in parts.items()})


def together(books: Iterable[Book]) -> dict[str, dict[str, int]]:
    """The sum of several stretches, organisation by organisation."""
    parts: dict[str, list[Tally]] = {}
    for book in books:
        for code, counts in book.items():
            parts.setdefault(code, []).append(counts)
    return _filled({code: tally.total(counts) for code, counts in parts.items()})


def grow(book: dict[str, dict[str, int]], code: str, counts: Tally) -> None:
    """Adds counts to what an organisation has in a book."""
    own = book.setdefault(code, {})
    for name, count in counts.items():
        own[name] = own.get(name, 0) + count


def closing(opening: Book, happened: Book) -> dict[str, dict[str, int]]:
    """A stretch as it is kept: what happened in it, and what stands at its end."""
    return together([{code: tally.stocks(counts) for code, counts in opening.items()}, happened])


def row(stretches: Iterable[Book]) -> dict[str, dict[str, int]]:
    """Stretches that follow each other as one: what happened in all, and what stands at the end of the last."""
    found = list(stretches)
    happened = [{code: tally.flows(counts) for code, counts in book.items()} for book in found]
    standing = [{code: tally.stocks(counts) for code, counts in book.items()} for book in found[-1:]]
    return together([*happened, *standing])


def of_centres(organisations: Iterable[str]) -> dict[str, dict[str, int]]:
    """How many centres (of province, city, county) each organisation should have, itself included, by their codes."""
    return up_the_tree({code: {"centres": 1} for code in organisations})


def of_items(items: Iterable[Item], level: Level) -> dict[str, int]:
    """What the catalogue counts for a level: the active items that it handles, and their limits in working days."""
    found = [item for item in items if item.active and level in item.levels]
    both = [(item.statutory, item.promised) for item in found if item.statutory and item.promised]
    days = [(law.amount, own.amount) for law, own in both if {law.unit, own.unit} == {Unit.working_day} and law.amount]
    return {
        "items": len(found),
        "items/instant": sum(item.form == "instant" for item in found),
        "items/online": sum(item.online for item in found),
        "items/limit": sum(law for law, _ in days),
        "items/promised": sum(own for _, own in days),
    }


def _filled(book: Mapping[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {code: counts for code, counts in sorted(book.items()) if counts}
