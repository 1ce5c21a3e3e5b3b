"""Cases as they are kept: the book of cases, and the cases of an applicant. No other module touches the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib import settings
from chalicelib.store.books import DESK, Book, Row
from chalicelib.store.connection import share
from chalicelib.store.failures import guarded


class _Desk(GlobalSecondaryIndex["CaseRow"]):
    class Meta:
        index_name = DESK
        projection = IncludeProjection(["s", "i", "c"])

    holder = UnicodeAttribute(hash_key=True, attr_name="h")
    due = NumberAttribute(range_key=True, attr_name="q")


class _Mine(GlobalSecondaryIndex["CaseRow"]):
    class Meta:
        index_name = "mine"
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


def mine(applicant: str, *, after: Mapping[str, Any] | None, most: int) -> tuple[list[str], Mapping[str, Any] | None]:
    """The numbers of an applicant's cases, newest first, and where to go on; one read."""
    with guarded():
        page = CaseRow.mine.query(
            applicant,
            scan_index_forward=False,
            limit=most,
            page_size=most,
            last_evaluated_key=_mine_key(applicant, after) if after else None,
        )
        ids = [row.id for row in page]
    onward = page.last_evaluated_key
    return ids, {"id": onward["id"]["S"], "r": int(onward["r"]["N"])} if onward else None


def _mine_key(applicant: str, after: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": {"S": after["id"]}, "a": {"S": applicant}, "r": {"N": str(after["r"])}}
