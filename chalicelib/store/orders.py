"""Work orders as they are kept: the book of orders, and the orders about something. No other module touches the
table."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib import settings
from chalicelib.store.books import DESK, Book, Row
from chalicelib.store.connection import share
from chalicelib.store.failures import guarded

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
        index_name = "mine"
        projection = KeysOnlyProjection()

    applicant = UnicodeAttribute(hash_key=True, attr_name="a")
    received = NumberAttribute(range_key=True, attr_name="r")


class OrderRow(Row):
    """The item. Declared equal to OrdersTable in infra/tables.yaml; a test holds them together."""

    class Meta:
        table_name = settings.current().orders_table
        billing_mode = "PAY_PER_REQUEST"

    desk = _Desk()
    by_subject = _About()
    mine = _Mine()


share(OrderRow)
BOOK = Book(OrderRow)


def about(subject: str) -> list[str]:
    """The names of the orders about a case, an order or an organisation's day, in the order of opening; one read."""
    with guarded():
        return [row.id for row in OrderRow.by_subject.query(subject, limit=MOST_ABOUT)]
