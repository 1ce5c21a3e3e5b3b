"""What an intake's Idempotency-Key already became, kept thirty days; and the writes that are transactions.

Intake puts the case or order, its dossier and the request row together or not at all; what was filed again joins the
order that is open, in the same way; a correction changes the case and adds a dossier together. No other module touches
the requests table, and no other write is a transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.domain.case import Case
from chalicelib.store import cases, dossiers
from chalicelib.store.books import Book
from chalicelib.store.connection import connection, share
from chalicelib.store.dossiers import Dossier
from chalicelib.store.failures import guarded, persistently

KEPT = timedelta(days=30)
_REQUEST, _CASE = 0, 1  # the order of intake's operations, in which a cancelled transaction tells its reasons


class RequestRow(Model):
    """`key` is a hash of subject and Idempotency-Key; `digest` that of the body."""

    class Meta:
        table_name = settings.current().requests_table
        billing_mode = "PAY_PER_REQUEST"

    key = UnicodeAttribute(hash_key=True)
    case_id = UnicodeAttribute()
    digest = BinaryAttribute(legacy_encoding=False)
    expires = NumberAttribute()


share(RequestRow)


@dataclass(frozen=True, slots=True)
class Known:
    """An earlier request under the same key: what it became, and the digest of its body."""

    case_id: str
    digest: bytes


def find(key: str) -> Known | None:
    """What the request `key` became, or None."""
    try:
        with guarded():
            row = RequestRow.get(key, consistent_read=True)
    except RequestRow.DoesNotExist:
        return None
    return Known(row.case_id, row.digest)


def taken_by_request(failed: frozenset[int]) -> bool:
    """Whether an intake failed because its key was used before (and not because the number was taken)."""
    return _REQUEST in failed


def create(
    key: str,
    digest: bytes,
    case: Case,
    dossier: Dossier,
    *,
    queued: bool,
    kept: Sequence[str],
    book: Book = cases.BOOK,
) -> None:
    """Puts request, case or order, and dossier together. ConditionFailed tells which of them was there already."""
    request = _request(key, digest, case)
    row = book.row_of(case, queued=queued, kept=kept)
    document = dossiers.row_of(case.id, 1, dossier)

    def write() -> None:
        with TransactWrite(connection=connection(), client_request_token=_token(key, case)) as transaction:
            transaction.save(request, condition=RequestRow.key.does_not_exist())
            transaction.save(row, condition=book.model.id.does_not_exist())
            transaction.save(document)

    persistently(write)


def join(
    key: str, digest: bytes, before: Case, after: Case, dossier: Dossier, *, kept: Sequence[str], book: Book
) -> None:
    """Puts the request row, and appends to the order that it joins with a dossier part. ConditionFailed when the key
    was used before or the version moved."""
    request = _request(key, digest, after)
    document = dossiers.row_of(after.id, after.version, dossier)
    row, actions, condition = book.update_of(before, after, queued=True, apart=(), kept=kept)
    fresh = RequestRow.key.does_not_exist()

    def write() -> None:
        with TransactWrite(connection=connection(), client_request_token=_token(key, after)) as transaction:
            transaction.save(request, condition=fresh)
            transaction.save(document)
            transaction.update(row, actions=actions, condition=condition)

    persistently(write)


def _request(key: str, digest: bytes, case: Case) -> RequestRow:
    """What the request `key` became: the last step of `case`."""
    expires = int((case.nodes[-1].at + KEPT).timestamp())
    return RequestRow(key, case_id=case.id, digest=digest, expires=expires)


def amend(
    before: Case, after: Case, dossier: Dossier, *, queued: bool, apart: Sequence[str], kept: Sequence[str]
) -> None:
    """Appends to the case and adds a dossier part, together. ConditionFailed when the version moved."""
    document = dossiers.row_of(after.id, after.version, dossier)
    row, actions, condition = cases.BOOK.update_of(before, after, queued=queued, apart=apart, kept=kept)

    def write() -> None:
        token = _token(after.nodes[-1].request.hex(), after)
        with TransactWrite(connection=connection(), client_request_token=token) as transaction:
            transaction.save(document)
            transaction.update(row, actions=actions, condition=condition)

    persistently(write)


def _token(key: str, case: Case) -> str:
    """The SDK's own retries of one attempt are recognised by this; another attempt has another token, since the
    salt of its dossier is part of the history."""
    return hashlib.sha256(f"{key}:{case.id}:{case.version}:{case.chain.hex()}".encode()).hexdigest()[:36]
