"""How a text is read before it is looked up: one spelling, one word for a thing, and what each piece weighs.

Chinese is not cut into words here: single characters, and pairs of near ones, carry a question whose characters were
lost or whose words changed places. What a language knows stands in the lexicon, as data. This module must not know
any matter, and reads every text without an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.consultation import sense, talk
from chalicelib.domain.consultation.sense import Sense
from chalicelib.domain.consultation.talk import Talk
from chalicelib.errors import BrokenDefinition

FACETS = ("materials", "limit", "fee", "place", "online", "condition")
WEIGHTS = {"asking": 0.3, "common": 0.6, "elsewhere": 2.0}  # beside 1, a word of a matter
PAIR = 0.25  # what a pair of pieces weighs beside one piece
SHORT = 3  # letters: a question of fewer, without a word of a matter, is about anything
STEM = 5  # letters of an English word that count: registers, registered and registration are one


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is known of a language: what words weigh, which words are one (variant → the catalogue's), which letters
    are one, the words that ask for a part of a guide, and those that ask for a person."""

    weights: Mapping[str, float]
    synonyms: Mapping[str, str]
    letters: Mapping[int, str]
    facets: Mapping[str, tuple[str, ...]]
    person: tuple[str, ...]
    variants: re.Pattern[str]
    pieces: re.Pattern[str]
    sense: Sense
    talk: Talk


def parse(data: Mapping[str, Any]) -> Lexicon:
    """A lexicon from its table; BrokenDefinition names what does not hold."""
    synonyms = _synonyms(data["synonyms"])
    pairs = data["traditional"].split()
    if any(len(pair) != 2 for pair in pairs):
        raise BrokenDefinition("lexicon.traditional: pairs of letters are needed, with blanks between")
    if set(data["facets"]) != set(FACETS):
        raise BrokenDefinition(f"lexicon.facets: exactly {', '.join(FACETS)} are needed")
    weights = {word: weight for name, weight in reversed(WEIGHTS.items()) for word in data[name]}
    variants = re.compile(sense.any_of(synonyms))
    return Lexicon(
        weights,
        synonyms,
        {ord(old): new for old, new in pairs},
        {name: tuple(words) for name, words in data["facets"].items()},
        tuple(data["person"]),
        variants,
        re.compile(f"{sense.any_of(w for w in weights if not w.isascii())}|[a-z]+|[0-9]+|[^\\W_]"),
        sense.parse(data["sense"], lambda word: variants.sub(lambda match: synonyms[match[0]], word)),
        talk.parse(data["talk"]),
    )


def _synonyms(rows: Iterable[list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for first, *variants in rows:
        for word in (first, *variants):
            if found.setdefault(word, first) != first:
                raise BrokenDefinition(f"lexicon.synonyms: {word!r} stands in two rows")
    return found


def plain(text: str, lexicon: Lexicon) -> str:
    """The text in one spelling: NFKC, small letters, letters of the mainland, one word for a thing and a direction."""
    text = sense.directed(_spelt(text, lexicon), lexicon.sense)
    return lexicon.variants.sub(lambda match: lexicon.synonyms[match[0]], text)


def _spelt(text: str, lexicon: Lexicon) -> str:
    return unicodedata.normalize("NFKC", text).lower().translate(lexicon.letters)


def pieces(text: str, lexicon: Lexicon) -> list[tuple[str, float]]:
    """The pieces of a text in order, each with its weight: a character, a number, the stem of an English word."""
    return _pieces(plain(text, lexicon), lexicon)


def _pieces(text: str, lexicon: Lexicon) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for match in lexicon.pieces.finditer(text):
        weight = lexicon.weights.get(match[0], 1.0)
        if match[0].isascii():
            found.append((match[0][:STEM], weight))
        elif weight > 1:  # a subject of another service, in one piece
            found.append((match[0], weight * len(match[0])))
        else:
            found.extend((letter, weight) for letter in match[0])
    return found


def grams(text: str, lexicon: Lexicon) -> dict[str, float]:
    """What a text is compared by: its pieces, and the pairs of pieces next to each other or with one between."""
    return _grams(pieces(text, lexicon))


def _grams(row: Sequence[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for piece, weight in row:
        found[piece] = max(found.get(piece, 0.0), weight)
    for near in (1, 2):
        for (one, left), (other, right) in zip(row, row[near:], strict=False):
            pair = f"{one} {other}"
            found[pair] = max(found.get(pair, 0.0), PAIR * min(left, right))
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as it is compared: its grams, the marks and documents it names (lexicon.toml), and its words of a
    matter. `vague`: a question is too short to be about one matter: a word of many (户口), or hardly any."""

    grams: Mapping[str, float]
    marks: Mapping[str, str]
    documents: frozenset[str]
    cores: frozenset[str]
    vague: bool = False

    @property
    def named(self) -> frozenset[str]:
        """What tells its matter apart from others."""
        return self.documents.union(self.marks.values())

    def lacks(self, phrase: Reading) -> bool:
        """Whether one of the phrase's marks is not named, nor half of its letters there as words of a matter; those of
        a document (假护照 beside 护照) do not count."""
        named, common = frozenset(self.marks.values()), frozenset("".join(phrase.documents))
        missing = (frozenset(word) for word, name in phrase.marks.items() if name not in named)
        own = (letters - common or letters for letters in missing)
        return any(len(self.cores & letters) * 2 < len(letters) for letters in own)


def read(text: str, lexicon: Lexicon) -> Reading:
    """A phrase as it is compared."""
    return _read(plain(text, lexicon), lexicon)[0]


def read_question(text: str, lexicon: Lexicon) -> Reading:
    """A question as it is compared: without the papers that it only asks for."""
    said = sense.without_objects(plain(text, lexicon), lexicon.sense)[0]
    found, letters = _read(said, lexicon)
    rest, broad = lexicon.sense.broad.subn("", said)
    nothing = broad > 0 and all(weight <= WEIGHTS["asking"] for _, weight in _pieces(rest, lexicon))
    return replace(found, vague=nothing or (not found.cores and letters < SHORT))


def _read(text: str, lexicon: Lexicon) -> tuple[Reading, int]:
    """A text in one spelling, and how many letters of it count."""
    row = _pieces(text, lexicon)
    core = frozenset(piece for piece, weight in row if weight >= 1)
    marks, documents = sense.marks(text, lexicon.sense), sense.documents(text, lexicon.sense)
    return Reading(_grams(row), marks, documents, core), sum(len(piece) for piece, _ in row)


def facets(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Which parts of a guide a question is after, in the order of FACETS; none where it does not say."""
    asked = _spelt(text, lexicon)
    objects = sense.without_objects(plain(text, lexicon), lexicon.sense)[1]
    return tuple(
        name
        for name in FACETS
        if (objects and name == "materials") or any(word in asked for word in lexicon.facets[name])
    )


def bare(text: str, lexicon: Lexicon) -> bool:
    """Whether a question names no matter: every word of it is one of asking, or of every service."""
    return all(weight < 1 for _, weight in pieces(text, lexicon))


def wants_person(text: str, lexicon: Lexicon) -> bool:
    """Whether somebody asks for a person instead of an answer: a word of two letters (人工) says so alone only."""
    asked = _spelt(text, lexicon)
    letters = "".join(letter for letter in asked if letter.isalnum())
    return any(word == letters if len(word) < SHORT else word in asked for word in lexicon.person)


def in_english(text: str) -> bool:
    """Whether a text is English: of Latin letters, and not of digits alone."""
    return text.isascii() and any(letter.isalpha() for letter in text)
