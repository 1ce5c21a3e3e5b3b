"""Releases (入库): what a person answered and another released becomes an entry of the knowledge base.

The entry's name is made of the order's, and it is put once, so that a record that comes again changes nothing. This
module must not decide who may release.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chalicelib.domain.calendar import legal_day
from chalicelib.domain.case import Evidence, Node
from chalicelib.store import dossiers
from chalicelib.store import registry as entries
from chalicelib.store.books import Stored
from chalicelib.store.failures import ConditionFailed

_SHOWN = "%Y年%m月%d日"


def publish(stored: Stored, before: int) -> None:
    """Publishes what the steps of a consultation after its first `before` released."""
    for number, node in enumerate(stored.nodes[before:], start=before):
        if node.action == "release":
            proposed = next(each for each in reversed(stored.nodes[:number]) if each.action == "propose")
            with suppress(ConditionFailed):  # it was published before
                entries.publish("knowledge", name(stored.blank.id), 1, _document(stored, proposed), node.at, node.actor)


def name(order_id: str) -> str:
    """The entry that follows from an order."""
    return f"reply-{order_id}"


def _document(stored: Stored, proposed: Node) -> dict[str, Any]:
    texts = dossiers.load_all(stored.blank.id)[1]
    item = stored.nodes[0].evidence.get("item")
    answered = next(node for node in reversed(stored.nodes) if node.action == "answer")
    document: dict[str, Any] = {
        "question": {"zh": _text(proposed.evidence["question"], texts)},
        "answer": {"zh": _text(proposed.evidence["reply"], texts)},
        "similar": [],
        "source": f"{stored.blank.about} 咨询引导岗{legal_day(answered.at).strftime(_SHOWN)}人工答复，经审核入库",
        "status": "active",
        "sample": False,
    }
    return document | ({"item": item} if isinstance(item, str) else {})


def _text(value: Evidence, texts: dict[bytes, str]) -> str:
    return texts[value] if isinstance(value, bytes) else str(value)
