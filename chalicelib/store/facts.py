"""Facts as they are kept, and on which days an organisation has any. No other module touches the two tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.fact import Fact, counts
from chalicelib.domain.supervision import span
from chalicelib.store import marks
from chalicelib.store.connection import share
from chalicelib.store.failures import guarded

COMPARE_UNITS, COMPUTE_INDICES = "compare_units", "compute_indices"
# Who computes from facts, and from which of them: a fact that a reader does not read marks nothing for it.
READERS: Mapping[str, Callable[[Fact], bool]] = {
    COMPARE_UNITS: span.reads,
    COMPUTE_INDICES: counts,
}


class FactRow(Model):
    """One fact; `data` is its canonical JSON."""

    class Meta:
        table_name = settings.current().facts_table
        billing_mode = "PAY_PER_REQUEST"

    place = UnicodeAttribute(hash_key=True, attr_name="org_day")
    name = UnicodeAttribute(range_key=True, attr_name="fact")
    data = UnicodeAttribute(attr_name="d")


class DayRow(Model):
    """A day on which an organisation has facts that were compared once; so that a month is read by its days and not by
    the calendar's."""

    class Meta:
        table_name = settings.current().days_table
        billing_mode = "PAY_PER_REQUEST"

    organisation = UnicodeAttribute(hash_key=True, attr_name="org")
    day = UnicodeAttribute(range_key=True)


share(FactRow)
share(DayRow)


def put(facts: Iterable[Fact]) -> None:
    """Keeps facts, and marks their days for whoever reads them; the same again changes nothing but the marks. One write
    a fact, one a day and reader."""
    by_name = {(fact.place, fact.name): fact for fact in facts}
    if not by_name:
        return
    with guarded(), FactRow.batch_write() as batch:
        for (place, name), fact in by_name.items():
            batch.save(FactRow(place, name, data=fact.text))
    # After the facts: a mark without its fact would be lost.
    marks.put((reader, each.place) for each in by_name.values() for reader, reads in READERS.items() if reads(each))


def of_day(organisation: str, day: date) -> list[Fact]:
    """Every fact of an organisation's day, by name; whatever was put before its mark was listed is among them."""
    with guarded():
        return [fact(row) for row in FactRow.query(_place(organisation, day), consistent_read=True)]


def cases_of_day(organisation: str, day: date) -> list[Fact]:
    """Of the same the steps and findings of cases alone, without what happened to work orders."""
    cases = FactRow.name.between("finding#", "node$")  # "$" comes after "#"; no other kind lies between
    with guarded():
        return [fact(row) for row in FactRow.query(_place(organisation, day), cases, consistent_read=True)]


def ratings_of_day(organisation: str, day: date) -> list[Fact]:
    """Of the same the ratings alone."""
    ratings = FactRow.name.startswith("rating#")
    with guarded():
        return [fact(row) for row in FactRow.query(_place(organisation, day), ratings, consistent_read=True)]


def _place(organisation: str, day: date) -> str:
    return f"{organisation}#{day.isoformat()}"


def note_days(organisation: str, days: Iterable[date]) -> None:
    """Keeps that an organisation has facts on these days; the same again changes nothing."""
    with guarded(), DayRow.batch_write() as batch:
        for day in sorted(days):
            batch.save(DayRow(organisation, day.isoformat()))


def days_between(organisation: str, first: date, last: date) -> list[date]:
    """The noted days of an organisation from `first` to `last`, in their order; one read a megabyte."""
    between = DayRow.day.between(first.isoformat(), last.isoformat())
    with guarded():
        return [date.fromisoformat(row.day) for row in DayRow.query(organisation, between, consistent_read=True)]


def fact(row: FactRow) -> Fact:
    """The fact in a row."""
    return _fact(row.place, row.name, row.data)


def of_image(image: Mapping[str, Mapping[str, str]]) -> Fact:
    """The fact in an item as the stream carries it; KeyError or ValueError where it is none."""
    return _fact(image["org_day"]["S"], image["fact"]["S"], image["d"]["S"])


def _fact(place: str, name: str, data: str) -> Fact:
    organisation, _, day = place.partition("#")
    kind, _, rest = name.partition("#")
    id, _, n = rest.rpartition("#")
    return Fact(organisation, date.fromisoformat(day), kind, id, json.loads(data), int(n))
