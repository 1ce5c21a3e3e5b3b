"""Conversations (对话) as they are kept: one item each, for as long as it may be continued.

What people ask may name them, so it is sealed as a dossier is. No other module touches the conversations table.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.consultation.conversation import Conversation, document, turns_of
from chalicelib.store.connection import share
from chalicelib.store.dossiers import seal, unseal
from chalicelib.store.failures import guarded

ID_LENGTH = 24
NAME_LENGTH = 40  # of a request, as of one with a key


class ConversationRow(Model):
    """`v` is the number of its turns; `body` holds them."""

    class Meta:
        table_name = settings.current().conversations_table
        billing_mode = "PAY_PER_REQUEST"

    id = UnicodeAttribute(hash_key=True)
    v = NumberAttribute()
    owner = UnicodeAttribute()
    body = BinaryAttribute(legacy_encoding=False)
    expires = NumberAttribute()


share(ConversationRow)


def new_name() -> str:
    """A name for a request that came without one. Nobody can guess it, nor the conversation that is named by it: who
    knows that may go on with it."""
    return secrets.token_hex(NAME_LENGTH // 2)


def load(id: str, now: datetime) -> Conversation | None:
    """The conversation, if it may still be continued."""
    try:
        with guarded():
            row = ConversationRow.get(id, consistent_read=True)
    except ConversationRow.DoesNotExist:
        return None
    if now.timestamp() >= row.expires:  # DynamoDB deletes it some time later
        return None
    return Conversation(row.id, row.owner, turns_of(unseal(row.body)["turns"]))


def save(conversation: Conversation) -> None:
    """Keeps the conversation with the turn that was just added; ConditionFailed when another was added meanwhile."""
    number = len(conversation.turns)
    row = ConversationRow(
        conversation.id,
        v=number,
        owner=conversation.owner,
        body=seal({"turns": document(conversation.turns)}),
        expires=int(conversation.expires.timestamp()),
    )
    with guarded():
        row.save(condition=ConversationRow.v == number - 1 if number > 1 else _none(conversation.turns[0].at))


def _none(now: datetime) -> Condition:
    """No conversation of this name, or one that is over and not deleted yet."""
    none: Condition = ConversationRow.id.does_not_exist() | (ConversationRow.expires <= int(now.timestamp()))
    return none
