"""What a question means beside its words: what it names, what it asks for as a paper only, which way somebody moves.

Two questions can be near in words and about different things: 电动车上牌 and 新车上牌, 户口迁到宁波 and 户口迁到外省.
The words that tell such things apart stand in the lexicon. This module must not know any matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_GAP = r"[^,。;!?、\s]{0,8}?"


@dataclass(frozen=True, slots=True)
class Sense:
    """`marks`: each word that tells matters apart, with the name of what it means; `documents`: the same of papers that
    matters are about; `objects`: a paper that a question
    asks whether it is needed; `within` and `inward`: moving inside the hub's land, and into it; `broad`: words of many
    matters; `harmless`: what holds the letters of a danger and is none."""

    marks: Mapping[str, str]
    documents: Mapping[str, str]
    marked: re.Pattern[str]
    documented: re.Pattern[str]
    objects: re.Pattern[str]
    within: re.Pattern[str]
    inward: re.Pattern[str]
    broad: re.Pattern[str]
    harmless: re.Pattern[str]


def parse(data: Mapping[str, Any], spelt: Callable[[str], str]) -> Sense:
    """From the lexicon's table; `spelt` brings a word into the one spelling of its texts."""
    marks, documents = _names(data["marks"], spelt), _names(data["documents"], spelt)
    papers = {spelt(word) for word in data["papers"]}
    paper, needing, home = any_of(papers), any_of(data["needing"]), any_of(data["home"])
    moving, turning, owner = any_of(data["moving"]), any_of(data["turning"]), any_of(data["owners"])
    lost = any_of(spelt(word) for word in data["lost"])
    moves = rf"(?:(?:{moving})|(?<=户口){_GAP}(?:{turning}))"
    return Sense(
        marks,
        documents,
        re.compile(any_of(marks)),
        re.compile(any_of(documents)),
        re.compile(
            rf"(?<=[^\s,。;!?])(?:{needing})(?:{owner})?(?:{paper})(?:(?:和|与|跟|、|及)(?:{paper}))*(?=(?:原件|复印件)?(?:吗|么|嘛|不|$|[?,。]))"
            rf"|(?:没有|没带|忘带|忘带了|不带)(?:{paper})(?=(?:能|可以|可不可以|还能|怎么))"
        ),
        re.compile(rf"(?:从|由)(?:{home}){_GAP}{moves}(?:{home})"),
        re.compile(rf"{moves}(?:{home})"),
        re.compile(any_of(spelt(word) for word in data["broad"])),
        re.compile(rf"{any_of(spelt(word) for word in data['harmless'])}|(?:{lost}了?)(?:{paper})"),
    )


def _names(rows: Iterable[list[str]], spelt: Callable[[str], str]) -> dict[str, str]:
    return {spelt(word): spelt(row[0]) for row in rows for word in row}


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest that fits. They are sorted by their first letters, so that a text is
    not held against each of hundreds at every place; words of Latin letters stand alone, not inside others."""
    heads: dict[str, list[str]] = {}
    for word in sorted(words, key=lambda word: (-len(word), word)):
        tail = re.escape(word[1:]) + (r"(?![a-z])" if word.isascii() else "")
        heads.setdefault(word[0], []).append(tail)
    return "|".join(f"{_alone(head)}(?:{'|'.join(tails)})" for head, tails in heads.items())


def _alone(head: str) -> str:
    return rf"(?<![a-z]){head}" if head.isascii() else head


def directed(text: str, sense: Sense) -> str:
    """The text with one word for each way of moving: 省内迁移 inside the hub's land, 迁入 into it."""
    return sense.inward.sub("迁入", sense.within.sub("省内迁移", text))


def without_objects(text: str, sense: Sense) -> tuple[str, bool]:
    """The text without the papers that it only asks for (办护照要户口簿吗 is about 护照), and whether it had any."""
    found, number = sense.objects.subn("", text)
    return (found, True) if number and found else (text, False)


def marks(text: str, sense: Sense) -> dict[str, str]:
    """The marks that a text in the one spelling names: what each means, by the word that stands there."""
    return {word: sense.marks[word] for word in sense.marked.findall(text)}


def documents(text: str, sense: Sense) -> frozenset[str]:
    """The documents that a text in the one spelling names."""
    return frozenset(sense.documents[word] for word in sense.documented.findall(text))
