"""What follows from the histories and what is kept, side by side in a database of its own on disk.

However much a stage holds, only a page of it is in memory; the database is temporary and goes with the process. This
module must not read tables and must not judge.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from chalicelib.domain.fact import Fact
from chalicelib.domain.supervision import span
from chalicelib.domain.supervision.rule import Finding

MOST_NAMED = 1_000
_SCHEMA = """
create table due (name text primary key, text text, org text, day text, kind text, id text, n integer,
                  read integer, recorded integer) without rowid;
create index of_day on due (org, day) where org is not null;
create table kept (name text primary key, text text) without rowid;
create table superseded (name text primary key) without rowid;
create table rated (case_id text primary key, at integer) without rowid;
"""
_MISSING = "select name from due where name not in (select name from kept)"
_DIFFERENT = """select name from due join kept using (name) where due.text <> kept.text
                and name not in (select name from superseded)"""
_UNFOUNDED = """select name from kept where name not in (select name from due)
                and name not in (select name from superseded)"""
_SUPERSEDED = "select name from superseded"


@dataclass(frozen=True, slots=True)
class Names:
    """How many there are, and the first MOST_NAMED of them in their order."""

    number: int
    names: tuple[str, ...]

    def __add__(self, other: Names) -> Names:
        return Names(self.number + other.number, (*self.names, *other.names)[:MOST_NAMED])


class Ledger:
    """The database. What is due can be read as a `spans.Pool`: cross-case rules are asked of it."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("")  # no name: a temporary file, of which what fits stays in memory
        self._base.executescript(_SCHEMA)

    def close(self) -> None:
        """Removes it."""
        self._base.close()

    def expect(self, facts: Iterable[Fact], findings: Iterable[Finding]) -> None:
        """These follow."""
        self._base.executemany("insert or replace into due values (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, facts))
        rows = [(name(finding), text(finding), *[None] * 7) for finding in findings]
        self._base.executemany("insert or replace into due values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def expect_text(self, name: str, text: str) -> None:
        """Something else follows: what it is called, and what it says."""
        self._base.execute("insert into due (name, text) values (?, ?)", (name, text))

    def keep(self, rows: Iterable[tuple[str, str]]) -> None:
        """These are kept: names and texts."""
        self._base.executemany("insert into kept values (?, ?)", rows)

    def supersede(self, found: Finding) -> None:
        """A finding that is kept as it was first seen, before facts came that would have shown it otherwise."""
        self._base.execute("insert into superseded values (?)", (name(found),))

    def note_rated(self, ratings: Iterable[tuple[str, int]]) -> None:
        """These cases were rated then (epoch milliseconds); the first time stays."""
        sql = "insert into rated values (?, ?) on conflict do update set at = min(at, excluded.at)"
        self._base.executemany(sql, ratings)

    def first_rated(self, case_id: str) -> datetime | None:
        """When a case was first rated; None while it was not."""
        found = self._base.execute("select at from rated where case_id = ?", (case_id,)).fetchone()
        return datetime.fromtimestamp(found[0] / 1000, tz=UTC) if found else None

    def is_due(self, found: Finding) -> bool:
        """Whether a finding follows just as it is."""
        return self._one("select 1 from due where name = ? and text = ?", name(found), text(found)) is not None

    def is_kept(self, found: Finding) -> bool:
        """Whether a finding of this name is kept, whatever it says."""
        return self._one("select 1 from kept where name = ?", name(found)) is not None

    def came_late(self, organisations: Iterable[str], first: date, last: date, after: int) -> bool:
        """Whether a fact of these organisations' days was recorded only at `after` (epoch seconds) or later."""
        sql = "select 1 from due where org = ? and day between ? and ? and recorded >= ?"
        days = first.isoformat(), last.isoformat()
        return any(self._one(sql, organisation, *days, after) is not None for organisation in organisations)

    def cases_of_day(self, organisation: str, day: date, /) -> list[Fact]:
        """Every fact of an organisation's day that follows."""
        found = self._base.execute(
            "select kind, id, text, n from due where org = ? and day = ? order by name", (organisation, day.isoformat())
        )
        return [Fact(organisation, day, kind, id, json.loads(data), n) for kind, id, data, n in found]

    def ratings_of_day(self, organisation: str, day: date, /) -> list[Fact]:
        """The same; whoever asks takes the ratings."""
        return self.cases_of_day(organisation, day)

    def days_between(self, organisation: str, first: date, last: date, /) -> list[date]:
        """The days with facts that a cross-case rule looks at, in their order."""
        found = self._base.execute(
            "select distinct day from due where org = ? and day between ? and ? and read order by day",
            (organisation, first.isoformat(), last.isoformat()),
        )
        return [date.fromisoformat(day) for (day,) in found]

    def places(self) -> Iterator[tuple[str, date]]:
        """Each organisation's day with facts, in their order."""
        found = self._base.execute("select distinct org, day from due where org is not null order by org, day")
        return ((org, date.fromisoformat(day)) for org, day in found)

    def organisations(self) -> list[str]:
        """Those with facts that a cross-case rule looks at."""
        return [org for (org,) in self._base.execute("select distinct org from due where read order by org")]

    def counted(self) -> tuple[int, int]:
        """How many facts and how many findings follow."""
        return (
            self._count("select name from due where org is not null"),
            self._count("select name from due where org is null"),
        )

    def missing(self) -> Names:
        """What follows and is not kept."""
        return self._names(_MISSING)

    def different(self) -> Names:
        """What is kept otherwise than it follows."""
        return self._names(_DIFFERENT)

    def unfounded(self) -> Names:
        """What is kept and follows from nothing."""
        return self._names(_UNFOUNDED)

    def superseded(self) -> Names:
        """Findings as they were first seen, which later facts would show otherwise."""
        return self._names(_SUPERSEDED)

    def _names(self, sql: str) -> Names:
        first = self._base.execute(f"{sql} order by name limit {MOST_NAMED}")
        return Names(self._count(sql), tuple(row[0] for row in first))

    def _count(self, sql: str) -> int:
        return int(self._base.execute(f"select count(*) from ({sql})").fetchone()[0])  # noqa: S608  our own constants

    def _one(self, sql: str, *values: object) -> object:
        return self._base.execute(sql, values).fetchone()


def _row(fact: Fact) -> tuple[object, ...]:
    recorded = fact.data.get("recorded_at")
    place = fact.organisation, fact.day.isoformat(), fact.kind, fact.id, fact.n
    return f"{fact.place} {fact.name}", fact.text, *place, span.reads(fact), recorded


def name(finding: Finding) -> str:
    """What a finding is called here."""
    return f"{finding.subject} {finding.key}"


def text(finding: Finding) -> str:
    """All that it says, in one form."""
    return f"{finding.organisation} {round(finding.at.timestamp() * 1000)} {sorted(finding.evidence.items())}"


def cross_case(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Those of an organisation's day or month."""
    return (finding for finding in findings if "#" in finding.subject)
