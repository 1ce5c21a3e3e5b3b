"""Knowledge (知识库): questions with their answers as they are published, and what of the registry can answer.

`parse` is strict, so that a broken entry is refused when it is published and never given as an answer. This module
must not read tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.consultation.index import Passage
from chalicelib.domain.item import Item, Text
from chalicelib.errors import BrokenDefinition


@dataclass(frozen=True, slots=True)
class Knowledge:
    """One entry: a question, other ways to ask it (相似问法), the answer, and where the answer comes from. `item`: the
    service item that it is about, if any; `signals`: words on which it is told first (紧急用语). What nobody put into
    English is given in Chinese."""

    id: str
    version: int
    item: str | None
    question: Text
    similar: tuple[str, ...]
    answer: Text
    source: str
    active: bool
    signals: tuple[str, ...] = ()

    @property
    def passage(self) -> Passage:
        """What it is found by."""
        about = f"item/{self.item}" if self.item else f"knowledge/{self.id}"
        return Passage(
            f"knowledge/{self.id}@{self.version}",
            about,
            (self.question.zh, self.question.en, *self.similar),
            self.signals,
        )


def parse(data: Mapping[str, Any], version: int) -> Knowledge:
    """An entry from its registry document; BrokenDefinition names the place that does not fit."""
    where = f"knowledge {data.get('id', '?')}"
    if not data.get("source"):
        raise BrokenDefinition(f"{where}.source: where the answer comes from is needed")
    similar = tuple(str(each) for each in data.get("similar", ()))
    if len(set(similar)) < len(similar):
        raise BrokenDefinition(f"{where}.similar: each way to ask stands once")
    return Knowledge(
        str(data["id"]),
        version,
        data.get("item"),
        _text(data.get("question"), f"{where}.question"),
        similar,
        _text(data.get("answer"), f"{where}.answer"),
        str(data["source"]),
        data.get("status", "active") == "active",
        tuple(str(each) for each in data.get("signals", ())),
    )


def of_item(item: Item) -> Passage:
    """What a service item's guide is found by: its name."""
    return Passage(f"item/{item.ref}", f"item/{item.id}", (item.name.zh, item.name.en))


def _text(value: object, where: str) -> Text:
    if not isinstance(value, Mapping) or not value.get("zh"):
        raise BrokenDefinition(f"{where}: zh is needed")
    return Text(str(value["zh"]), str(value.get("en") or value["zh"]))
