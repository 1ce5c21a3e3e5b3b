"""Consultation (咨询): a question is answered from the knowledge base, with its source, or handed over to a person.

What is not sure is not said: the nearest three are offered, and the guidance post (咨询引导岗) gets the question
with the whole conversation as a work order, one for each conversation. This module must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import order, organisation
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.case import Evidence
from chalicelib.domain.consultation.conversation import MOST_TURNS, Conversation, Offer, Turn, told
from chalicelib.domain.consultation.index import Match
from chalicelib.domain.consultation.talk import answered as small_talk
from chalicelib.domain.consultation.words import bare, facets, in_english, read_question, wants_person
from chalicelib.domain.item import Text
from chalicelib.errors import Busy, FieldError, InvalidInput, KeyReused, NotFound
from chalicelib.lexicon import lexicon
from chalicelib.services import admission, casework, filing, knowledge, registry, subjects
from chalicelib.services.casework import Known
from chalicelib.services.filing import ANONYMOUS, Filing
from chalicelib.services.knowledge import Source
from chalicelib.store import conversations, orders
from chalicelib.store.failures import ConditionFailed

LEAST_KEY = 16  # characters of the key of somebody without an account: nobody else's may be the same
_ATTEMPTS = 4  # others may ask in the same conversation meanwhile


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `person`: whether a person is to answer (None: only if no answer is sure); `item`: which matter it
    is about, where the asker says so; `conversation`: the one that it goes on with."""

    text: str
    channel: str
    organisation: str | None = None
    item: str | None = None
    conversation: str | None = None
    person: bool | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """One of the nearest, with where it comes from."""

    source: Source
    confidence: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody is told: `answer` with the first of `nearest` as its source, or None; `order`: what was handed over
    to a person, or None; `said`: what small talk is told, and a question that is too short."""

    conversation: str
    turn: int
    answer: Text | None
    nearest: tuple[Offered, ...]
    order: Known | None
    said: Text | None = None


def ask(question: Question, *, identity: Identity | None, key: str | None, digest: bytes, now: datetime) -> Reply:
    """Answers a question or hands it over, once for each key. NotFound for a conversation that is over or somebody
    else's; InvalidInput, KeyReused, TooManySteps, Busy."""
    errors = [*_unknown(question), *_weak_key(identity, key)]
    if errors:
        raise InvalidInput(errors=errors)
    request = subjects.intake_key(identity or ANONYMOUS, f"questions\n{key}") if key else conversations.new_name()
    for _ in range(_ATTEMPTS):
        before = _conversation(question, identity, request, now)
        earlier = before.asked(request)
        if earlier:
            return _again(before, earlier, digest)
        if len(before.turns) >= MOST_TURNS:
            raise _full()
        asked = Turn(now, question.text, request, digest.hex(), _offers(question, before))
        if _to_person(question, before, asked):
            asked = _handed_over(question, before, asked, identity, now)
        after = before.followed_by(asked)
        try:
            conversations.save(after)
        except ConditionFailed:
            continue
        return _told(after, asked)
    raise Busy("同一对话正在提交其他问题，请重试", "another question came in the same conversation; repeat this one")


def _to_person(question: Question, before: Conversation, asked: Turn) -> bool:
    """Whether the guidance post gets it. Small talk troubles nobody; what is too short is asked back, unless a person
    has the conversation already and can read it there."""
    if question.person is not None:
        return question.person
    if wants_person(question.text, lexicon()):
        return True
    if small_talk(question.text, lexicon().talk):
        return False
    waits = any(turn.order for turn in before.turns)
    return not asked.answered and (waits or not read_question(question.text, lexicon()).vague)


def _said(asked: Turn) -> Text | None:
    if small := small_talk(asked.text, lexicon().talk):
        return small
    return lexicon().talk.short if not asked.answered and read_question(asked.text, lexicon()).vague else None


def _unknown(question: Question) -> Iterator[FieldError]:
    found = registry.find_organisation(question.organisation) if question.organisation else None
    if question.organisation and (found is None or not found.active):
        yield admission.unknown_organisation("organisation")
    if question.item and registry.current_item(question.item) is None:
        yield FieldError("item", "unknown_item", "没有此事项，请在 /v1/items 查询", "no such item; see /v1/items")


def _weak_key(identity: Identity | None, key: str | None) -> Iterator[FieldError]:
    if identity is None and key and len(key) < LEAST_KEY:
        zh = f"未登录时应为至少{LEAST_KEY}个字符的随机值，可不填"
        en = f"{LEAST_KEY} random characters or more without an account, or none"
        yield FieldError("Idempotency-Key", "too_short", zh, en)


def _conversation(question: Question, identity: Identity | None, request: str, now: datetime) -> Conversation:
    """The one that is gone on with, or a new one, named by its first request, so that asking again finds it."""
    owner = subjects.blind(subjects.account(identity.subject)) if _citizen(identity) and identity else ""
    if question.conversation is None:
        id = request[: conversations.ID_LENGTH]
        return conversations.load(id, now) or Conversation(id, owner)
    found = conversations.load(question.conversation, now)
    if found is None or (found.owner and found.owner != owner):
        raise NotFound(
            "对话已结束或不存在，请不填 conversation 重新提问", "this conversation is over; ask without `conversation`"
        )
    return found


def _citizen(identity: Identity | None) -> bool:
    return identity is not None and identity.kind is Kind.citizen


def _full() -> InvalidInput:
    zh = f"一次对话最多{MOST_TURNS}个问题，请不填 conversation 重新提问"
    en = f"a conversation has at most {MOST_TURNS} questions; ask without `conversation`"
    return InvalidInput(zh, en, errors=[FieldError("conversation", "too_long", zh, en)])


def _offers(question: Question, before: Conversation) -> tuple[Offer, ...]:
    """The nearest matters. A question that names no matter is about the one in hand: the item that comes with it, or
    what was answered last."""
    if small_talk(question.text, lexicon().talk):
        return ()
    index = knowledge.index()
    found = index.search(question.text)
    about = f"item/{question.item}" if question.item else before.about
    if not (found and found[0].sure) and about.startswith("item/") and bare(question.text, lexicon()):
        whole = index.search(f"{_name(about, question.text)} {question.text}")
        if whole and whole[0].sure and whole[0].passage.about == about:
            found = whole
    return tuple(_offer(match) for match in found)


def _name(about: str, text: str) -> str:
    """The name of the item in hand, in the language of the question."""
    item = registry.current_item(about.removeprefix("item/"))
    if item is None:
        return ""
    return item.name.en if in_english(text) else item.name.zh


def _offer(match: Match) -> Offer:
    return Offer(match.passage.ref, match.passage.about, round(match.confidence, 3))


def _handed_over(
    question: Question, before: Conversation, asked: Turn, identity: Identity | None, now: datetime
) -> Turn:
    """The turn with the order that it became: the conversation's own, opened or joined, in one transaction with the
    whole conversation as its dossier."""
    known = filing.file(
        _filing(question, before, asked, identity),
        identity=identity or ANONYMOUS,
        key=asked.request,
        digest=bytes.fromhex(asked.digest),
        now=now,
    )
    return replace(asked, order=known.case.id, step=known.case.version)


def _filing(question: Question, before: Conversation, asked: Turn, identity: Identity | None) -> Filing:
    seat = organisation.seat(question.organisation) if question.organisation else _province()
    found: dict[str, Evidence | None] = {
        "type": "person_wanted" if question.person or wants_person(asked.text, lexicon()) else "no_sure_answer",
        "object": "item" if question.item else "organisation",
        "item": question.item,
        "anonymous": 1 if identity is None else None,
    }
    return Filing(
        kind=order.CONSULTATION,
        organisation=seat,
        about=seat,
        channel=question.channel,
        dossier={"statement": asked.text, "conversation": told((*before.turns, asked))},
        evidence={name: value for name, value in found.items() if value is not None},
        applicant=subjects.blind(subjects.account(identity.subject)) if identity and _citizen(identity) else "",
        taken_at=(identity.organisation or "") if identity else "",
        cause=before.id,
    )


def _province() -> str:
    """At whose desk a question lies that names no organisation."""
    return next(entry.id for entry in registry.entries("organisation") if organisation.parent(entry.id) is None)


def _again(conversation: Conversation, earlier: Turn, digest: bytes) -> Reply:
    if earlier.digest != digest.hex():
        raise KeyReused(
            "同一幂等键已用于另一请求，请换一个新的键", "this key was used for another request; use a fresh one"
        )
    return _told(conversation, earlier)


def _told(conversation: Conversation, asked: Turn) -> Reply:
    nearest = tuple(Offered(knowledge.source(each.ref), each.confidence) for each in asked.offers)
    known = casework.find(asked.order, orders.BOOK) if asked.order else None
    return Reply(
        conversation.id,
        conversation.turns.index(asked) + 1,
        knowledge.answer(asked.offers[0].ref, facets(asked.text, lexicon())) if asked.answered else None,
        nearest,
        known.at(asked.step) if known else None,
        _said(asked),
    )
