"""What follows from a rating, and from the orders about it: facts, the follow-up of a bad one, the end of its loop.

Each is an idempotent put or a step of the platform's own, named by its cause, so that a record that comes twice, late
or again from the start changes nothing. This module must not decide what a rating is worth: that is the domain's.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain import fact, order, rating
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.case import Evidence
from chalicelib.domain.fact import Fact, Value
from chalicelib.domain.rating import AGAIN, DECIDES, FIRST, SUPERSEDED, Rating, Way
from chalicelib.services import orders, ratings, registry, subjects
from chalicelib.store import facts
from chalicelib.store import orders as books
from chalicelib.store import ratings as store
from chalicelib.store.books import Stored

_AFTER_FOLLOW_UP = 200  # a review comes when the follow-up, at most 150 steps, is over
_FOR_GOOD = 400  # the applicant's own rating stands in the other's place, whatever was decided about that


def follow(given: Rating) -> None:
    """Puts what follows from a rating: its fact; of a bad one the one order; of a second one the end of that order."""
    facts.put(list(facts_of(given)))
    if given.asks_for_follow_up:
        orders.open_order(
            order.FOLLOW_UP,
            given.id,
            about=given.id if given.anonymous else given.case_id,
            organisation=given.organisation,
            at=given.told_at,
            evidence={"rating": given.id},
        )
    if given.number == AGAIN:
        orders.act_as_platform(
            ratings.follow_up_of(given.service),
            "dispute" if given.level.bad else "rate_again",
            {"rating": given.id},
            cause=given.id,
            now=given.told_at,
            book=books.BOOK,
        )


def follow_order(stored: Stored, before: int) -> None:
    """Puts what the steps of an order after its first `before` say of a rating, or of a case that was called."""
    facts.put(facts_of_order(stored, before))


def facts_of(given: Rating) -> Iterator[Fact]:
    """The fact of a rating before anybody decided anything; and where the applicant rated a service that somebody else
    rated too, the fact that theirs stands in the other's place: the same whichever of the two is looked at."""
    law = registry.law(given.item)
    yield fact.of_rating(given, law, rating.standing(given.number))
    if given.number == FIRST:
        beside = Way.here if given.way is Way.own else Way.own
        other = store.one(subjects.service(given.case_id, given.visit, beside), FIRST)
        if other:
            here = other if given.way is Way.own else given
            yield fact.of_rating(here, registry.law(here.item), SUPERSEDED, _FOR_GOOD)


def facts_of_order(stored: Stored, before: int) -> Iterator[Fact]:
    """What an order's steps after its first `before` say, beside that they were taken."""
    kind = stored.blank.item.partition("@")[0]
    for number, node in enumerate(stored.nodes[before:], start=before + 1):
        if kind in (order.FOLLOW_UP, order.RATING_REVIEW) and node.action in DECIDES:
            given = _about(stored)
            n = number if kind == order.FOLLOW_UP else _AFTER_FOLLOW_UP + number
            decision: dict[str, Value] = {
                "reviewer": node.actor,
                "reason": _text(node.evidence.get("reason")),
                "order": stored.blank.id,
                "step": number,
            }
            yield fact.of_rating(given, registry.law(given.item), DECIDES[node.action], n, decision)
        if kind == order.SATISFACTION_CALL and node.action in ("answer", "give_up"):
            data: dict[str, Value] = {
                "case": stored.blank.about,
                "case_channel": stored.blank.channel,
                "reached": int(node.action == "answer"),
            }
            level = node.evidence.get("satisfaction")
            answer = data | ({"level": str(level)} if level else {})
            yield Fact(stored.blank.organisation, legal_day(node.at), "callback", stored.blank.id, answer)


def _about(stored: Stored) -> Rating:
    """The rating that an order is about; LookupError where it is gone, for nobody removes one."""
    service, _, number = str(stored.nodes[0].evidence["rating"]).rpartition("-")
    found = store.one(service, int(number))
    if found is None:
        raise LookupError("an order about a rating that is not there")
    return found


def _text(value: Evidence | None) -> str:
    """A short text as it is; a long one by its digest, under which the history has it."""
    return value.hex() if isinstance(value, bytes) else str(value)
