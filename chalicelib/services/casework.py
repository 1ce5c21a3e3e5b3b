"""What intake and transitions share: a case as it is read, folded, judged, and told apart from a retry.

This module must not write.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import authority, rating
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.case import Case, Law, agent_may, broken_link, holders, unfolded
from chalicelib.domain.folding import fold
from chalicelib.domain.guards import forbidden_actors
from chalicelib.domain.order_guards import concerns
from chalicelib.domain.wish import APPLICANT
from chalicelib.errors import BrokenHistory, KeyReused, NotFound
from chalicelib.services import mandates, registry, subjects
from chalicelib.services.subjects import Holder, RequestId
from chalicelib.store import cases
from chalicelib.store.books import Book, Stored


@dataclass(frozen=True, slots=True)
class Known:
    """A case together with what it is judged by."""

    case: Case
    law: Law

    def at(self, version: int) -> Known:
        """The case as it stood when it had `version` nodes: what a request was answered then."""
        return Known(fold(unfolded(self.case), self.case.nodes[:version], self.law), self.law)

    @property
    def code(self) -> str:
        """The query code on the receipt."""
        return subjects.query_code(self.case.id)

    @property
    def rating_link(self) -> str | None:
        """The link on the receipt, to rate the service with which the case came in: the applicant's where they filed
        themselves, else one that staff handed on; None where an agent holds the receipt, who does not rate."""
        if "agent" in self.case.nodes[0].evidence:
            return None
        visit = 1 if rating.came_on_site(self.case) else rating.MATTER
        holder = Holder.applicant if self.case.nodes[0].actor == APPLICANT else Holder.anybody
        return subjects.rating_link(self.case.id, visit, self.case.received, holder)[0]


def judged(stored: Stored) -> Known:
    """A stored case, folded under the law that it pinned. BrokenHistory where its steps do not add up."""
    law = registry.law(stored.blank.item)
    try:
        return Known(fold(stored.blank, stored.nodes, law), law)
    except (KeyError, ValueError) as error:  # an action that the procedure has not, a clock going backwards
        raise BrokenHistory(
            "办件记录校验未通过，请查看流程节点并联系运维", "the steps of this case do not add up; see its /history"
        ) from error


def noted(stored: Stored) -> Case:
    """A stored case with its nodes as they stand, unfolded."""
    return replace(stored.blank, nodes=stored.nodes)


def find(case_id: str, book: Book = cases.BOOK) -> Known | None:
    """The case or order, whoever asks; None where there is none."""
    stored = book.load(case_id)
    return judged(stored) if stored else None


def find_many(case_ids: Collection[str], book: Book) -> dict[str, Known | BrokenHistory]:
    """Cases or orders by number, as of now, and what is wrong with one whose steps do not add up, so that it holds up
    no other; those that do not exist are left out."""
    found = book.load_many(sorted(case_ids), consistent=True)
    return {id: _judged(stored) for id, stored in found.items()}


def _judged(stored: Stored) -> Known | BrokenHistory:
    try:
        return judged(stored)
    except BrokenHistory as broken:
        return broken


def visible(case_id: str, identity: Identity, now: datetime, book: Book = cases.BOOK) -> Known:
    """The case or order, if this identity may see it; NotFound otherwise, and for a number that does not exist."""
    return judged(_seen(case_id, identity, now, book))


def recorded(case_id: str, identity: Identity, now: datetime, book: Book = cases.BOOK) -> tuple[Known, int | None]:
    """The case with its nodes as they stand, unfolded, so that a history that was touched can still be told; and
    the number of the first node that does not hold, or is missing (None: the history is whole)."""
    stored = _seen(case_id, identity, now, book)
    case = noted(stored)
    cut_short = case.version + 1 if case.version != stored.version else None
    return Known(case, registry.law(case.item)), broken_link(case) or cut_short


def _seen(case_id: str, identity: Identity, now: datetime, book: Book) -> Stored:
    stored = book.load(case_id)
    if stored is None or not may_see(identity, noted(stored), now):
        raise unknown()
    return stored


def unknown() -> NotFound:
    """What is said of a case that does not exist, or is not for the asker's eyes."""
    return NotFound("没有此办件，或不在您的查看范围内", "no such case, or not one that you may see")


def may_see(identity: Identity, case: Case, now: datetime) -> bool:
    """The applicant and the agent on record; the organisations that held it, those above them, and the place where
    it was taken in; whoever has a mandate to act for one that held it. Whom a complaint is about does not."""
    if identity.kind is Kind.staff and concerns(case, identity.subject):
        return False
    if subjects.is_applicant(identity, case.applicant):
        return True
    if subjects.is_applicant(identity, case.agent):
        return bool(agent_may(case, now))
    if case.taken_at and authority.sees_organisation(identity, case.taken_at):
        return True
    item = case.item.rpartition("@")[0]
    held = holders(case)
    return any(authority.sees_organisation(identity, code) for code in held) or any(
        mandates.of(identity, code, item, now) for code in held
    )


def replayed(known: Known, request: RequestId) -> Known | None:
    """What this very request already became: the case as it stood then. KeyReused if it said something else."""
    for version in range(known.case.version, 0, -1):
        node = known.case.nodes[version - 1]
        if node.request == request.request:
            if node.digest != request.digest:
                raise KeyReused(
                    "同一幂等键已用于另一请求，请换一个新的键",
                    "this key was used for another request; use a fresh one",
                )
            return known.at(version)
    return None


def queued(known: Known) -> bool:
    """Whether the case waits for somebody in its organisation: until it is archived, or, when it was only
    observed, until it is closed."""
    state = known.law.procedure.states[known.case.state]
    return not (state.closed if known.case.observed else state.final)


def apart(law: Law, action: str) -> Sequence[str]:
    """The earlier actions whose actor may not be the one of `action`."""
    return forbidden_actors(law, action)


def remembered(law: Law) -> Sequence[str]:
    """The actions whose actor the item must remember for the condition of a later write."""
    return sorted({first for first, _ in law.item.separation})
