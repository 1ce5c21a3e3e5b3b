"""Facts as they are kept, and the marks that say which days must be computed anew. No other module touches the two
tables."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import date

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.fact import Fact
from chalicelib.store.connection import share
from chalicelib.store.failures import guarded


class FactRow(Model):
    """One fact; `data` is its canonical JSON."""

    class Meta:
        table_name = settings.current().facts_table
        billing_mode = "PAY_PER_REQUEST"

    place = UnicodeAttribute(hash_key=True, attr_name="org_day")
    name = UnicodeAttribute(range_key=True, attr_name="fact")
    data = UnicodeAttribute(attr_name="d")


class DirtyRow(Model):
    """A day of an organisation whose numbers must be computed anew. `token` is new at each mark, so that whoever
    computed removes the mark only if nothing came meanwhile."""

    class Meta:
        table_name = settings.current().dirty_table
        billing_mode = "PAY_PER_REQUEST"

    place = UnicodeAttribute(hash_key=True, attr_name="org_day")
    token = UnicodeAttribute()


share(FactRow)
share(DirtyRow)


def put(facts: Iterable[Fact]) -> None:
    """Keeps facts, and marks their days; the same again changes nothing but the marks. One write a fact, one a day."""
    by_name = {(fact.place, fact.name): fact for fact in facts}
    if not by_name:
        return
    with guarded(), FactRow.batch_write() as batch:
        for (place, name), fact in by_name.items():
            batch.save(FactRow(place, name, data=fact.text))
    with guarded(), DirtyRow.batch_write() as batch:  # after the facts: a mark without its fact would be lost
        for place in sorted({place for place, _ in by_name}):
            batch.save(DirtyRow(place, token=uuid.uuid4().hex))


def of_day(organisation: str, day: date) -> list[Fact]:
    """Every fact of an organisation's day, by name."""
    with guarded():
        return [_fact(row) for row in FactRow.query(f"{organisation}#{day.isoformat()}")]


def _fact(row: FactRow) -> Fact:
    organisation, _, day = row.place.partition("#")
    kind, _, rest = row.name.partition("#")
    id, _, n = rest.rpartition("#")
    return Fact(organisation, date.fromisoformat(day), kind, id, json.loads(row.data), int(n))
