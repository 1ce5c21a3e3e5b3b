"""The words of docs/glossary.md as data, so that the generated pages call things by their official names.

A word that the glossary does not have is remembered as missing, and the pages are not written. This module must not
know what the words are used for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

THINGS = "Things"
IDENTITIES = "Identities, posts, lines, levels, channels"
STATES = "States and results"
ACTIONS = "Actions"
DEMANDS = "Demands, evidence, guards"
CLOCKS = "Clocks"
ITEM = "Attributes of an item"

_ROW = re.compile(r"\| (`.+?) \| (.+?) \| (.*) \|")
_CODE = re.compile(r"`(\w+)`")
_CHOICE = re.compile(r"`(\w+)` ([\u4e00-\u9fff/（）()]+)")

Words = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Glossary:
    """`words` is the Chinese by (section, code), `choices` by (attribute, value); `missing` says what was asked for in
    vain."""

    words: Words
    choices: Words
    missing: set[str] = field(default_factory=set)

    def zh(self, code: str, section: str) -> str:
        """The Chinese for `code` in a section."""
        return self._found(self.words, section, code)

    def shown(self, code: str, section: str) -> str:
        """The Chinese for `code` in a section, with the code beside it."""
        return f"{self.zh(code, section)} `{code}`"

    def choice(self, attribute: str, value: str) -> str:
        """The Chinese for a value of an item's attribute, as its row in the glossary lists it."""
        return self._found(self.choices, attribute, value)

    def heading(self, code: str) -> str:
        """The Chinese for `code` in the first section that has it."""
        found = self._anywhere(code)
        if found is None:
            self.missing.add(f"`{code}`")
        return found or code

    def guess(self, code: str) -> str:
        """`code` with the Chinese of the first section that has it, or alone."""
        found = self._anywhere(code)
        return f"{found} `{code}`" if found else f"`{code}`"

    def amount(self, number: int, unit: str) -> str:
        """A limit of `number` units; of none it is 即办, on the spot."""
        return f"{number} 个{self.zh(unit, CLOCKS)}" if number else "即办"

    def _anywhere(self, code: str) -> str | None:
        return next((zh for (_, known), zh in self.words.items() if known == code), None)

    def _found(self, words: Words, place: str, code: str) -> str:
        if (place, code) not in words:
            self.missing.add(f"`{code}` ({place})")
        return words.get((place, code), code)


def parse(text: str) -> Glossary:
    """The glossary from its page."""
    words: dict[tuple[str, str], str] = {}
    choices: dict[tuple[str, str], str] = {}
    for section, names, zh, meaning in _rows(text):
        codes = _CODE.findall(names)
        each = zh.split("、")
        for number, code in enumerate(codes):
            words.setdefault((section, code), each[number] if len(each) == len(codes) else zh)
            choices.update({(code, value): name for value, name in _CHOICE.findall(meaning)})
    return Glossary(words, choices)


def _rows(text: str) -> Iterator[tuple[str, str, str, str]]:
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif found := _ROW.fullmatch(line):
            yield section, found[1], found[2].replace("°", ""), found[3]
