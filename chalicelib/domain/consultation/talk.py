"""Small talk (寒暄): what asks for nothing — a greeting, thanks, a number, an insult — and the short answer it gets.

It is no question, so that nobody is troubled with it. This module must not answer anything about a matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.item import Text

_BETWEEN = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d{1,20}")
_ENDINGS = "啊呀吧了呢哦啦哈嘛哟"


@dataclass(frozen=True, slots=True)
class Talk:
    """What people say, in one spelling, and what they are told; `number` and `nothing` answer a bare number and a text
    without a word (😀), `short` a question too short to be about one matter."""

    said: Mapping[str, Text]
    number: Text
    nothing: Text
    short: Text


def parse(data: Mapping[str, Any]) -> Talk:
    """From the lexicon's table."""
    texts = {name: Text(row["zh"], row["en"]) for name, row in data.items()}
    said = {word: texts[name] for name, row in data.items() for word in row.get("words", ())}
    return Talk(said, texts["number"], texts["nothing"], texts["short"])


def answered(text: str, talk: Talk) -> Text | None:
    """What a text that is small talk throughout is told; None where it may be a question."""
    parts = [part for part in _BETWEEN.split(unicodedata.normalize("NFKC", text).lower()) if part]
    if not parts:
        return talk.nothing
    whole = talk.said.get(" ".join(parts))
    found = [_of(part, talk) for part in parts]
    return whole or (None if None in found else found[0])


def _of(part: str, talk: Talk) -> Text | None:
    if _NUMBER.fullmatch(part):
        return talk.number
    return talk.said.get(part) or talk.said.get(part.rstrip(_ENDINGS))
