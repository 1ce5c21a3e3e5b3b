"""Cases as they are kept: the book of cases. No other module touches the table."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib import settings
from chalicelib.store.books import DESK, MINE, Book, Row
from chalicelib.store.connection import share


class _Desk(GlobalSecondaryIndex["CaseRow"]):
    class Meta:
        index_name = DESK
        projection = IncludeProjection(["s", "i", "c"])

    holder = UnicodeAttribute(hash_key=True, attr_name="h")
    due = NumberAttribute(range_key=True, attr_name="q")


class _Mine(GlobalSecondaryIndex["CaseRow"]):
    class Meta:
        index_name = MINE
        projection = KeysOnlyProjection()

    applicant = UnicodeAttribute(hash_key=True, attr_name="a")
    received = NumberAttribute(range_key=True, attr_name="r")


class CaseRow(Row):
    """The item. Declared equal to CasesTable in infra/tables.yaml; a test holds them together."""

    class Meta:
        table_name = settings.current().cases_table
        billing_mode = "PAY_PER_REQUEST"

    desk = _Desk()
    mine = _Mine()


share(CaseRow)
BOOK = Book(CaseRow)
