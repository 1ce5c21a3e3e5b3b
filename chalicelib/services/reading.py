"""Reading: one case for those who may see it, its history verified, its queue.

Every list is bounded: a page costs a fixed number of reads, whatever is stored. Scope is part of the key of every
read. This module must not write and must not know HTTP.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain import authority
from chalicelib.domain.authority import Identity, Kind, Mandate
from chalicelib.domain.calendar import end_of_day, legal_day
from chalicelib.errors import Forbidden
from chalicelib.services import casework, mandates, registry, subjects
from chalicelib.services.casework import Known
from chalicelib.services.transitions import document_version
from chalicelib.store import cases, dossiers
from chalicelib.store.books import NO_DUE, Book, Queued, position
from chalicelib.store.dossiers import Dossier

READS_A_PAGE = 4  # how often a page of the desk may read on when a filter leaves rows out
ROWS_A_READ = 100


@dataclass(frozen=True, slots=True)
class History:
    """A case's nodes with their long texts, and what verification found: the first broken link (None: whole),
    and for each node that committed to a dossier whether what is on file is what it committed to."""

    known: Known
    texts: Mapping[bytes, str]
    broken_at: int | None
    dossiers: Mapping[int, str]  # node number → intact | altered | shredded

    @property
    def verified(self) -> bool:
        """Nothing was altered, removed or put in between."""
        return self.broken_at is None and "altered" not in self.dossiers.values()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and the key after which it goes on."""

    rows: tuple[Any, ...]
    after: Mapping[str, Any] | None


def one(case_id: str, identity: Identity, now: datetime) -> tuple[Known, Dossier | None]:
    """The case and its dossier (None when shredded); NotFound where there is none for this identity."""
    known = casework.visible(case_id, identity, now)
    return known, dossiers.load(case_id, document_version(known.case))


def history(case_id: str, identity: Identity, now: datetime, book: Book = cases.BOOK) -> History:
    """The whole history, verified; two reads. Its case is not folded: a history that was touched may add up to
    nothing."""
    known, broken_at = casework.recorded(case_id, identity, now, book)
    forms, texts = dossiers.load_all(case_id)
    found = {
        number: _standing(forms.get(number), node.dossier)
        for number, node in enumerate(known.case.nodes, start=1)
        if node.dossier
    }
    return History(known, texts, broken_at, found)


def _standing(on_file: Dossier | None, commitment: bytes | None) -> str:
    if on_file is None:
        return "shredded"
    return "intact" if commitment and hmac.compare_digest(on_file.commitment, commitment) else "altered"


def desk(
    organisation: str,
    *,
    identity: Identity,
    now: datetime,
    item: str | None,
    state: str | None,
    due: str | None,
    after: Mapping[str, Any] | None,
    most: int,
    book: Book = cases.BOOK,
) -> Page:
    """The queue of an organisation, what is due first on top; `due`: warning (at most one working day left),
    overdue, or None; `item`: an item's id. At most READS_A_PAGE reads; a page may be short and still go on. Another
    organisation's queue is open to those with a mandate: for a delegated item, or at a joint centre."""
    if not _sees_queue(identity, organisation, item, now):
        raise Forbidden(
            "该单位不在您的辖区内；受委托事项请同时填写 item",
            "this organisation is not in your scope; name the `item` that was delegated to you",
        )
    first, last = _range(due, now)
    if after and after["q"] > last:
        return Page((), None)
    if after:  # what fell due since the page before was read still lies behind the cursor
        first = min(first, after["q"])
    rows: list[Queued] = []
    filtered = bool(state or item)
    for _ in range(READS_A_PAGE if filtered else 1):
        found, after = book.desk(
            organisation, first=first, last=last, after=after, most=ROWS_A_READ if filtered else most
        )
        rows += [row for row in found if state in (None, row.state) and item in (None, row.item.rpartition("@")[0])]
        if len(rows) > most:
            rows = rows[:most]
            after = position(rows[-1])
            break
        if after is None or len(rows) == most:
            break
    return Page(tuple(rows), after)


def _sees_queue(identity: Identity, organisation: str, item: str | None, now: datetime) -> bool:
    if identity.kind is Kind.citizen:
        return False
    if authority.sees_organisation(identity, organisation):
        return True
    mandated = mandates.of(identity, organisation, item or "", now)
    return Mandate.joint in mandated or (item is not None and Mandate.delegated in mandated)


def _range(due: str | None, now: datetime) -> tuple[int, int]:
    if due == "overdue":
        return 0, int(now.timestamp()) - 1
    if due == "warning":
        tomorrow = registry.current_calendar().working_day_after(legal_day(now), 1)
        return int(now.timestamp()), int(end_of_day(tomorrow).timestamp())
    return 0, NO_DUE


def mine(identity: Identity, *, after: Mapping[str, Any] | None, most: int, book: Book = cases.BOOK) -> Page:
    """What somebody filed themselves, newest first: two reads a page."""
    if identity.kind is not Kind.citizen:
        raise Forbidden("“我的”仅限本人；工作人员请查单位队列", "“mine” is for applicants; staff ask for a desk")
    index = subjects.blind(subjects.account(identity.subject))
    ids, onward = book.mine(index, after=after, most=most)
    found = book.load_many(ids)
    return Page(tuple(casework.judged(found[id]) for id in ids if id in found), onward)


def progress(case_id: str, code: str) -> Known:
    """The case for anybody who holds its receipt; NotFound alike for a wrong number and a wrong code."""
    if not subjects.holds_receipt(case_id, code):
        raise casework.unknown()
    known = casework.find(case_id)
    if known is None:
        raise casework.unknown()
    return known
