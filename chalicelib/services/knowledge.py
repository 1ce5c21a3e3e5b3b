"""What questions are answered from (知识库): guides of the items, published answers, and replies that staff released.

The index is built from the registry's documents when the first question comes, and again when one of them changed. This
module must not know HTTP, nor who asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chalicelib.domain import item as items
from chalicelib.domain.consultation import guide, knowledge
from chalicelib.domain.consultation.index import Index
from chalicelib.domain.item import Text
from chalicelib.lexicon import lexicon
from chalicelib.services import registry
from chalicelib.store.registry import Entry


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer comes from: an entry of the registry in its version. `origin`: what it rests on in turn."""

    kind: str
    id: str
    version: int
    title: Text
    item: str | None
    origin: str


def index() -> Index:
    """The knowledge base as it is published now, at most as old as the registry's memory."""
    return _index(registry.entries("item"), registry.entries("knowledge"))


@lru_cache(maxsize=1)
def _index(item_entries: tuple[Entry, ...], knowledge_entries: tuple[Entry, ...]) -> Index:
    known = [items.parse({**entry.document(), "id": entry.id}, entry.version) for entry in item_entries]
    answers = [_knowledge(entry) for entry in knowledge_entries]
    passages = [knowledge.of_item(each) for each in known if each.active]
    return Index([*passages, *(each.passage for each in answers if each.active)], lexicon())


def source(ref: str) -> Source:
    """What `kind/id@version` is, for whoever was told of it."""
    entry = _entry(ref)
    if entry.kind == "item":
        name = entry.document()["name"]
        return Source("item", entry.id, entry.version, Text(name["zh"], name["en"]), entry.id, "办事指南")
    found = _knowledge(entry)
    return Source("knowledge", entry.id, entry.version, found.question, found.item, found.source)


def answer(ref: str, facets: Sequence[str]) -> Text:
    """What the entry `kind/id@version` says to a question after these parts of a guide. The guide is that of today."""
    entry = _entry(ref)
    if entry.kind == "item":
        return guide.told(entry.document(), facets)
    found = _knowledge(entry)
    if found.item is None or not facets:
        return found.answer
    said = guide.told(_guide(found.item), facets)
    return Text(f"{found.answer.zh}{said.zh}", f"{found.answer.en} {said.en}")


def _guide(id: str) -> Mapping[str, Any]:
    return registry.entry("item", id).document()


def _entry(ref: str) -> Entry:
    kind, _, name = ref.partition("/")
    id, _, version = name.rpartition("@")
    return registry.entry(kind, id, int(version))


def _knowledge(entry: Entry) -> knowledge.Knowledge:
    return knowledge.parse({**entry.document(), "id": entry.id}, entry.version)
