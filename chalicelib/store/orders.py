"""Work orders as they are kept: the book of orders, the orders about something, and the published ones. No other module
touches the table."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib import settings
from chalicelib.domain.case import Case
from chalicelib.store.books import DESK, MINE, Book, Row
from chalicelib.store.connection import share
from chalicelib.store.failures import guarded

_APART = 1000
MOST_ABOUT = 100  # orders about one thing that are told; a case has a few


class _Desk(GlobalSecondaryIndex["OrderRow"]):
    class Meta:
        index_name = DESK
        projection = IncludeProjection(["s", "i", "c"])

    holder = UnicodeAttribute(hash_key=True, attr_name="h")
    due = NumberAttribute(range_key=True, attr_name="q")


class _About(GlobalSecondaryIndex["OrderRow"]):
    class Meta:
        index_name = "about"
        projection = KeysOnlyProjection()

    about = UnicodeAttribute(hash_key=True, attr_name="b")
    received = NumberAttribute(range_key=True, attr_name="r")


class _Mine(GlobalSecondaryIndex["OrderRow"]):
    class Meta:
        index_name = MINE
        projection = KeysOnlyProjection()

    applicant = UnicodeAttribute(hash_key=True, attr_name="a")
    received = NumberAttribute(range_key=True, attr_name="r")


class _Published(GlobalSecondaryIndex["OrderRow"]):
    class Meta:
        index_name = "published"
        projection = KeysOnlyProjection()

    published = UnicodeAttribute(hash_key=True, attr_name="p")
    place = NumberAttribute(range_key=True, attr_name="t")


class OrderRow(Row):
    """The item. Declared equal to OrdersTable in infra/tables.yaml; a test holds them together."""

    class Meta:
        table_name = settings.current().orders_table
        billing_mode = "PAY_PER_REQUEST"

    desk = _Desk()
    by_subject = _About()
    mine = _Mine()
    by_result = _Published()
    published = UnicodeAttribute(attr_name="p", null=True)
    place = NumberAttribute(attr_name="t", null=True)


share(OrderRow)


def _published(after: Case) -> list[Action]:
    """A result that is public is found under whom it is about, in the order of closing. The place tells of the order
    no more than two results of one millisecond need to be told apart."""
    last = after.nodes[-1]
    if last.evidence.get("disclosure") != "public":
        return []
    place = round(last.at.timestamp() * 1000) * _APART + int(after.id[:4], 16) % _APART
    return [OrderRow.published.set(after.about), OrderRow.place.set(place)]


BOOK = Book(OrderRow, _published)


def published(about: str, *, before: int | None, most: int) -> tuple[list[str], int | None]:
    """The names of the orders about something whose result is public, newest first, before a place; and the place
    after which it goes on (None: no further). One read."""
    condition = OrderRow.place < before if before is not None else None
    with guarded():
        page = OrderRow.by_result.query(about, condition, scan_index_forward=False, limit=most, page_size=most)
        rows = list(page)
    return [row.id for row in rows], int(rows[-1].place) if len(rows) == most else None


def about(subject: str) -> list[str]:
    """The names of the orders about a case, an order or an organisation's day, in the order of opening; one read."""
    with guarded():
        return [row.id for row in OrderRow.by_subject.query(subject, limit=MOST_ABOUT)]
