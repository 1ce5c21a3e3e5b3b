"""Questions with known answers, to measure the retrieval of answers by: written ones, damaged names, other matters.

What was not written by this project lies outside it (`../shared/data`); where it is absent, `shared()` says so.
This module must not judge what is found.
"""

from __future__ import annotations

import csv
import gzip
import random
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chalicelib.domain.consultation import knowledge
from chalicelib.domain.consultation.index import Index, Passage
from chalicelib.lexicon import lexicon
from tests.support import published

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
ITEMS = DATA / "cn_gd_service_items" / "items_public_security.csv.gz"
MESSAGES = DATA / "cn_gov_messages" / "messages_category_sample.csv.gz"
OTHER_MATTERS = ("城乡建设", "环境保护", "劳动和社会保障", "教育文体", "卫生计生", "商贸旅游")
BORDERING = ("交通运输",)  # about matters of the traffic police too
SETS = ("tuned", "fitted", "held_out", "reported", "reported_held_out", "unseen")
LOST = 0.3  # share of a name's characters that a damaged question lacks
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the matter that answers it; None where none does."""

    text: str
    about: str | None


def shared() -> bool:
    """Whether the data from outside are there."""
    return ITEMS.exists() and MESSAGES.exists()


def written(name: str) -> list[Asked]:
    """One of SETS of tests/support/questions.toml."""
    table = tomllib.loads((Path(__file__).parent / "questions.toml").read_text(encoding="utf-8"))[name]
    answered = [Asked(text, about) for about, texts in table["answered"].items() for text in texts]
    return answered + [Asked(text, None) for text in table["refused"]["questions"]]


@cache
def sample_index() -> Index:
    """The sample registry as a knowledge base."""
    return Index([*_items(), *_entries()], lexicon())


def _items() -> Iterator[Passage]:
    for document in published.item_documents():
        yield knowledge.of_item(published.published_item(document["id"]))


def _entries() -> Iterator[Passage]:
    for document in published.read(published.REGISTRY / "knowledge.toml")["knowledge"]:
        yield knowledge.parse(document, 1).passage


@cache
def guangdong_names() -> tuple[str, ...]:
    """The names of the 177 public-security items of Guangdong; five names stand twice."""
    return tuple(row["TASK_NAME"] for row in _rows(ITEMS))


@cache
def guangdong_index() -> Index:
    """Those items as a knowledge base; items of one name are one matter."""
    return Index([Passage(f"item/{n}@1", name, (name,)) for n, name in enumerate(guangdong_names())], lexicon())


def damaged(seed: int, each: int = 10) -> list[Asked]:
    """`each` questions from every name: cut into pieces of two characters, two pieces chosen at random change places,
    then 30 % of the characters (rounded), chosen at random, are left out."""
    chance = random.Random(seed)
    return [Asked(_damaged(name, chance), name) for name in guangdong_names() for _ in range(each)]


def _damaged(name: str, chance: random.Random) -> str:
    words = [name[n : n + 2] for n in range(0, len(name), 2)]
    one, other = chance.sample(range(len(words)), 2)
    words[one], words[other] = words[other], words[one]
    swapped = "".join(words)
    lost = set(chance.sample(range(len(swapped)), round(LOST * len(swapped))))
    return "".join(letter for n, letter in enumerate(swapped) if n not in lost)


def others(labels: Sequence[str] = OTHER_MATTERS, *, whole: bool = False) -> list[Asked]:
    """Citizens' messages under these labels: their subjects, or their whole texts as far as a question may be long."""
    field = "留言详情" if whole else "留言主题"
    return [Asked(row[field].strip()[:LONGEST], None) for row in _rows(MESSAGES) if row["一级分类"] in labels]


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))
