"""The data lake (数据湖): facts as lines of text that leave the platform for analysis, and how a reader reads them.

One line is one fact; lines of one legal day lie together in objects that are named by what they hold. A fact may be
told by several lines, again or corrected, so a reader takes `latest`. What leads to a person stays behind: only what
COLUMNS names leaves. This module must not know where the lake is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.fact import Fact, Value

FACTS, MANIFESTS = "facts/", "manifests/"
KEYS: Mapping[str, type] = {"organisation": str, "kind": str, "id": str, "n": int, "revised": int}
# What a fact may say in the lake, and of what type; docs/data-lake.md says what each means.
COLUMNS: Mapping[str, type] = {
    "about": str, "actor": str, "adverse": int, "after": int, "anonymous": int, "at": int, "call_back": str,
    "case": str, "case_channel": str, "channel": str, "closes": str, "complexity": str, "confirmed": int,
    "counted": int, "days": int, "delivery_now": str, "delivery_was": str, "disclosure": str, "due": int,
    "file_now": str, "file_was": str, "finding": str, "form": str, "from": str, "gaps": str, "handler": str,
    "item": str, "late": int, "level": str, "limit": str, "line": str, "node": str, "notices": int, "number": int,
    "object": str, "observed": int, "on_site": int, "open_now": str, "open_was": str, "order": str, "own": int,
    "reached": int, "reasons": str, "recorded_at": int, "repeated": int, "result": str, "reviewer": str, "rule": str,
    "seconds": int, "severity": str, "since": str, "staff": str, "stage_now": str, "stage_was": str, "state": str,
    "step": int, "subject": str, "track": str, "type": str, "unfit": int, "verdict": str, "why": str, "window": str,
    "withdrawn": int,
}  # fmt: skip
# What a fact may say and no line does: blind indexes and keyed hashes of people and of what they carry, and what
# somebody wrote in their own words.
WITHHELD = frozenset({"applicant", "device", "address", "person", "reason"})
_DIGITS = 32  # of a SHA-256: two objects of one name hold the same


@dataclass(frozen=True, slots=True)
class Row:
    """A fact as the lake tells it. `revised`: 0 as it was first kept; epoch seconds when a repair replaced what was
    kept, and then the newest counts."""

    fact: Fact
    revised: int = 0

    @property
    def line(self) -> str:
        """Its line: one JSON object, keys in one order, without the day, which names the partition. TypeError for a
        value that is not of its column's type: readers would stumble over it."""
        fact = self.fact
        keys = {"organisation": fact.organisation, "kind": fact.kind, "id": fact.id, "n": fact.n}
        told = {name: _checked(name, fact.data[name]) for name in sorted(fact.data.keys() & COLUMNS.keys())}
        known = {name: value for name, value in told.items() if value is not None}
        return json.dumps({**keys, "revised": self.revised, **known}, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the lake, as its name tells: its day, and how many lines it holds."""

    key: str
    size: int

    @property
    def rows(self) -> int:
        """The number of its lines."""
        return int(self.key.rpartition("/")[2].partition("-")[0])


def objects(rows: Iterable[Row]) -> Iterator[tuple[date, str, bytes]]:
    """The objects that hold these rows, one a day: day, key, content. The same rows, in whatever order and however
    often, give the same bytes under the same key; other bytes have another key. Lines are sorted, so that their order
    tells nobody when an anonymous rating was given."""
    days: defaultdict[date, set[str]] = defaultdict(set)
    for row in rows:
        days[row.fact.day].add(row.line)
    for day, lines in sorted(days.items()):
        body = "".join(f"{line}\n" for line in sorted(lines)).encode()
        name = f"{len(lines):05d}-{hashlib.sha256(body).hexdigest()[:_DIGITS]}.jsonl"
        yield day, f"{prefix(day)}{name}", body


def prefix(day: date) -> str:
    """Where the objects of a day lie."""
    return f"{FACTS}day={day.isoformat()}/"


def manifest(day: date, found: Iterable[Stored]) -> tuple[str, bytes]:
    """The list (清单) of a day's objects with their lines and bytes: key and content, the same for the same objects.
    Lines are counted as they lie there; a fact that several tell counts in each."""
    listed = sorted(found, key=lambda each: each.key)
    document = {
        "day": day.isoformat(),
        "rows": sum(each.rows for each in listed),
        "objects": [{"key": each.key, "rows": each.rows, "bytes": each.size} for each in listed],
    }
    return f"{MANIFESTS}day={day.isoformat()}.json", (json.dumps(document, indent=1) + "\n").encode()


def rows_of(key: str, content: bytes) -> Iterator[Row]:
    """The rows of an object; ValueError where its name does not fit its content, KeyError for a line that is none."""
    lines = content.decode().splitlines()
    number, _, digest = key.rpartition("/")[2].removesuffix(".jsonl").partition("-")
    if int(number) != len(lines) or hashlib.sha256(content).hexdigest()[:_DIGITS] != digest:
        raise ValueError(f"{key} does not hold what its name says")
    day = date.fromisoformat(key.split("day=")[1][: len("yyyy-mm-dd")])
    for line in lines:
        told = json.loads(line)
        organisation, kind, id, n, revised = (told.pop(name) for name in KEYS)
        yield Row(Fact(organisation, day, kind, id, told, n), revised)


def latest(rows: Iterable[Row]) -> list[Fact]:
    """One fact for each thing at its place: of its corrections the highest n, of those the newest. The view `latest` of
    docs/data-lake.md is the same in SQL."""
    newest: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        name = row.fact.place, row.fact.kind, row.fact.id
        if name not in newest or _age(row) > _age(newest[name]):
            newest[name] = row
    return [row.fact for row in newest.values()]


def _age(row: Row) -> tuple[int, int]:
    return row.fact.n, row.revised


def _checked(name: str, value: Value) -> Value:
    if value is not None and type(value) is not COLUMNS[name]:
        raise TypeError(f"{name} is no {COLUMNS[name].__name__}")
    return value
