"""Work orders: opened by the platform from a cause, moved by staff through the same steps as cases.

One order follows from one cause, under a name made of it, so that opening it again finds it. This module must not know
HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import engine, order
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.case import Case, Evidence
from chalicelib.domain.order_guards import concerns
from chalicelib.domain.procedure import SUBMIT
from chalicelib.domain.supervision.rule import Finding
from chalicelib.domain.wish import Wish, set_apart
from chalicelib.errors import ActionNotAllowed, Busy, StaleVersion
from chalicelib.services import casework, reading, registry, subjects, transitions, watchers
from chalicelib.services.casework import Known
from chalicelib.services.reading import History, Page
from chalicelib.services.transitions import Step
from chalicelib.store import dossiers, orders
from chalicelib.store.books import Book
from chalicelib.store.failures import ConditionFailed

PLATFORM = Identity("zhongshu", Kind.system)  # who takes the steps that nobody takes
CHANNEL = "supervision"
_FOLLOW = (order.VERIFICATION, order.SUPERVISION_ORDER)  # from a finding
_ATTEMPTS = 4  # others may move it meanwhile


def open_order(
    kind: str,
    cause: str,
    *,
    about: str,
    organisation: str,
    at: datetime,
    evidence: Mapping[str, Evidence],
    channel: str = CHANNEL,
    by: Identity = PLATFORM,
) -> str:
    """Opens the one order of `kind` that follows from `cause`, or finds it; gives its name. `at` is when the cause came
    to be, so that whenever it is opened its first step is the same; `by`: in whose name."""
    id = order.name(kind, cause)
    law = registry.law(f"{kind}@1")
    blank = Case(id, f"{kind}@1", organisation, channel, "", "", observed=False, received=at, about=about)
    digest = hashlib.sha256(cause.encode()).digest()
    request = subjects.request_id(by, SUBMIT, cause, digest)
    kept, texts = set_apart(evidence)
    wish = Wish(SUBMIT, by, at, request.request, request.digest, kept)
    known = Known(engine.open_case(blank, wish, law, registry.current_calendar()), law)
    dossiers.put_texts(id, texts)
    try:
        orders.BOOK.add(known.case, queued=casework.queued(known), kept=casework.remembered(law))
    except ConditionFailed:
        return id  # it was opened before
    return id


def act_as_platform(
    id: str, action: str, evidence: Mapping[str, Evidence], *, cause: str, now: datetime, book: Book
) -> Known | None:
    """Takes a step of the platform's own, once for each cause, on whatever version there is; None where there is no
    such case or order, or its procedure does not permit the step now. Busy when others keep moving it."""
    digest = hashlib.sha256(cause.encode()).digest()
    for _ in range(_ATTEMPTS):
        known = casework.find(id, book)
        if known is None:
            return None
        step = Step(action, known.case.version, evidence)
        try:
            return transitions.act(id, step, identity=PLATFORM, key=cause, digest=digest, now=now, book=book)
        except StaleVersion:
            continue
        except ActionNotAllowed:
            return None
    raise Busy("办件正被他人办理，请稍后重试", "others keep moving this; try again")


def of_case(case_id: str, identity: Identity, now: datetime) -> list[Known]:
    """The orders about one case, oldest first; for staff who may see the case."""
    watchers.require_staff(identity)
    casework.visible(case_id, identity, now)
    found = orders.BOOK.load_many(orders.about(case_id))
    known = [casework.judged(stored) for stored in found.values()]
    seen = [each for each in known if casework.may_see(identity, each.case, now)]
    return sorted(seen, key=lambda each: (each.case.received, each.case.id))


def following(findings: Sequence[Finding]) -> Mapping[str, Known]:
    """The order that followed from each of these findings, by its cause (`order.cause`); one round trip for fifty.
    A yellow light has none."""
    names = {order.name(kind, order.cause(each)): order.cause(each) for each in findings for kind in _FOLLOW}
    found = orders.BOOK.load_many(list(names))
    return {names[id]: casework.judged(stored) for id, stored in found.items()}


def one(order_id: str, identity: Identity, now: datetime) -> Known:
    """One order; NotFound where there is none for this identity."""
    return casework.visible(order_id, identity, now, orders.BOOK)


def history(order_id: str, identity: Identity, now: datetime) -> History:
    """The whole history of an order, verified."""
    return reading.history(order_id, identity, now, orders.BOOK)


def desk(
    organisation: str,
    *,
    identity: Identity,
    now: datetime,
    kind: str | None,
    state: str | None,
    due: str | None,
    after: Mapping[str, Any] | None,
    most: int,
) -> Page:
    """The orders that wait at an organisation, what is due first on top; as `reading.desk`. What is about the asker is
    not among them."""
    page = reading.desk(
        organisation,
        identity=identity,
        now=now,
        item=kind,
        state=state,
        due=due,
        after=after,
        most=most,
        book=orders.BOOK,
    )
    hidden = _about_oneself(page, identity)
    return Page(tuple(row for row in page.rows if row.id not in hidden), page.after)


def _about_oneself(page: Page, identity: Identity) -> frozenset[str]:
    filed = [row.id for row in page.rows if row.item.rpartition("@")[0] in order.FILED]
    found = orders.BOOK.load_many(filed) if filed and identity.kind is Kind.staff else {}
    return frozenset(id for id, stored in found.items() if concerns(casework.noted(stored), identity.subject))


def mine(identity: Identity, *, after: Mapping[str, Any] | None, most: int) -> Page:
    """What somebody filed themselves, newest first; as `reading.mine`."""
    return reading.mine(identity, after=after, most=most, book=orders.BOOK)


def act(order_id: str, step: Step, *, identity: Identity, key: str | None, digest: bytes, now: datetime) -> Known:
    """Takes a step of an order, or answers again what this request already became; as `transitions.act`."""
    return transitions.act(order_id, step, identity=identity, key=key, digest=digest, now=now, book=orders.BOOK)
