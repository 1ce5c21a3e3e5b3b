"""Finds which passage of the knowledge base (知识库) answers a question, and says how sure it is.

A phrase is compared with a question by how much of the one is in the other, rare pieces counting for more (inverse
document frequency, as BM25 counts it); a passage is as near as its nearest phrase. This module must not know where
passages come from.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.consultation.words import WEIGHTS, Lexicon, Reading, plain, read, read_question

SURE = 0.6  # from this confidence on a question is answered
NEAREST = 3
# Confidence is a logistic curve over the logarithms of both shares, fitted by `tests.bench.consultation` on questions
# that were written after the phrases, on damaged names, and on messages about other matters.
_BASE, _OF_QUESTION, _OF_PHRASE = 5.0, 2.2, 2.7
_ASTRAY = 0.5  # of the confidence is left where the question names what the matter does not: never enough to be sure
_ORDER = 1 / 3  # of two phrases the shorter one wins, but less than by its share alone


@dataclass(frozen=True, slots=True)
class Passage:
    """One thing that can answer: `ref` names it, `about` the matter it is about, `phrases` are its name and the
    questions that it answers. `signals`: whatever holds one of these words is answered by this passage first."""

    ref: str
    about: str
    phrases: tuple[str, ...]
    signals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """How near a passage is: `of_question` and `of_phrase` are shares in 0 … 1 of what both have in common. `astray`:
    the question names something that tells it apart from the passage's matter, or has no word of it. `most`: the
    confidence of the match before it, which is nearer."""

    passage: Passage
    phrase: str
    of_question: float
    of_phrase: float
    astray: bool = False
    most: float = 1.0

    @property
    def confidence(self) -> float:
        """How likely it is in 0 … 1 that the passage answers the question (docs/consultation.md says how measured)."""
        shares = _OF_QUESTION * math.log(self.of_question) + _OF_PHRASE * math.log(self.of_phrase)
        likely = 1 / (1 + math.exp(-_BASE - shares))
        return min(self.most, likely * _ASTRAY if self.astray else likely)

    @property
    def sure(self) -> bool:
        """Whether the question is answered at all."""
        return self.confidence >= SURE

    @property
    def order(self) -> float:
        """By which matches are ranked; larger is nearer."""
        near = _near(self.of_question, self.of_phrase)
        return near * _ASTRAY if self.astray else near


class Index:
    """Passages, ready to be searched. Built once, never changed."""

    def __init__(self, passages: Iterable[Passage], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        passages = tuple(passages)
        self._phrases = [(passage, phrase) for passage in passages for phrase in passage.phrases]
        readings = [read(phrase, lexicon) for _, phrase in self._phrases]
        self._readings = readings
        self._named: dict[str, frozenset[str]] = {}
        for (passage, _), reading in zip(self._phrases, readings, strict=True):
            self._named[passage.about] = self._named.get(passage.about, frozenset()) | reading.named
        self._signals = [(plain(word, lexicon), each) for each in passages for word in each.signals]
        every = [_held(reading) for reading in readings]
        self._rarity, self._unseen = _rarity(self._phrases, every)
        self._weights = array("d", (sum(self._rarity[g] * w for g, w in each.items()) for each in every))
        self._numbers: dict[str, array[int]] = {gram: array("L") for gram in self._rarity}
        self._shares: dict[str, array[float]] = {gram: array("d") for gram in self._rarity}
        for number, each in enumerate(every):
            for gram, weight in each.items():
                self._numbers[gram].append(number)
                self._shares[gram].append(weight)

    def search(self, question: str) -> list[Match]:
        """The NEAREST matters, each by its nearest passage, the nearest first; none where nothing is in common."""
        asked = read_question(question, self._lexicon)
        total = sum(self._rarity.get(gram, self._unseen) * weight for gram, weight in asked.grams.items())
        nearest: dict[str, Match] = {}
        best: dict[str, float] = {}
        for number, common in self._common(asked.grams).items():
            passage, phrase = self._phrases[number]
            shares = min(1.0, common / total), min(1.0, common / self._weights[number])
            known = best.get(passage.about, -1.0)
            if _near(*shares) <= known:  # the most of them
                continue
            match = Match(passage, phrase, *shares, self._astray(asked, number))
            if match.order > known:
                nearest[passage.about], best[passage.about] = match, match.order
        nearest.update(self._signalled(question))
        return _capped(sorted(nearest.values(), key=lambda match: (-match.order, match.passage.ref))[:NEAREST])

    def _signalled(self, question: str) -> dict[str, Match]:
        """What is told first: the passages that have a signal which the question holds."""
        text = self._lexicon.sense.harmless.sub(" ", plain(question, self._lexicon))
        return {each.about: Match(each, word, 1.0, 1.0) for word, each in self._signals if word in text}

    def _astray(self, asked: Reading, number: int) -> bool:
        """Whether a phrase is about something else, however near in words."""
        phrase = self._readings[number]
        other = bool(asked.cores and phrase.cores and not asked.cores & phrase.cores)
        lacking = not asked.named <= self._named[self._phrases[number][0].about]
        return asked.vague or other or lacking or asked.lacks(phrase)

    def _common(self, asked: Mapping[str, float]) -> dict[int, float]:
        """What each phrase has in common with the question, by the phrase's number."""
        found: dict[int, float] = {}
        for gram, weight in asked.items():
            rarity = self._rarity.get(gram, 0.0)
            for number, share in zip(self._numbers.get(gram, ()), self._shares.get(gram, ()), strict=True):
                found[number] = found.get(number, 0.0) + rarity * min(weight, share)
        return found


def _near(of_question: float, of_phrase: float) -> float:
    return float(of_question ** (1 - _ORDER) * of_phrase**_ORDER)


def _capped(matches: Iterable[Match]) -> list[Match]:
    """The matches in their order, none surer than the one before it."""
    found: list[Match] = []
    for match in matches:
        found.append(replace(match, most=found[-1].confidence) if found else match)
    return found


def _held(reading: Reading) -> dict[str, float]:
    """The grams of a phrase. One that names a subject of another service, as an example, does not answer for it."""
    return {g: weight if weight <= 1 else WEIGHTS["common"] for g, weight in reading.grams.items()}


def _rarity(
    phrases: Sequence[tuple[Passage, str]], every: Sequence[dict[str, float]]
) -> tuple[dict[str, float], float]:
    """How rare each gram is among the passages, and a gram that none has: ln(1 + (N - n + ½) / (n + ½))."""
    held: dict[str, set[str]] = {}
    for (passage, _), each in zip(phrases, every, strict=True):
        held.setdefault(passage.ref, set()).update(each)
    counts = Counter(gram for of_one in held.values() for gram in of_one)
    number = len(held)
    rarity = {gram: math.log(1 + (number - n + 0.5) / (n + 0.5)) for gram, n in counts.items()}
    return rarity, math.log(1 + (number + 0.5) / 0.5)
