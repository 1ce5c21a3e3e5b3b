"""Indices as they are kept: the pages of a period, and which of them count. No other module touches the table.

A period is computed as a whole into pages of a new edition, one page for each family (a level under one parent), and
then one conditional write says that this edition counts: whoever reads sees all of the old or all of the new. The
edition before is kept until the next one, for whoever is still reading it; the edition that a period was closed with
is kept for good.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.indices.board import Row, Rows, families
from chalicelib.domain.indices.index import Standing, Value
from chalicelib.domain.indices.period import Period, Span
from chalicelib.domain.organisation import Level
from chalicelib.store.connection import share
from chalicelib.store.failures import ConditionFailed, guarded, persistently
from chalicelib.store.packing import pack, unpack

_EDITIONS = "editions"  # the partition of what counts; its rows are small and read by their names
_LONGEST_BATCH = 100


@dataclass(frozen=True, slots=True)
class Closing:
    """月结: who closed a period and when, and the edition that it is shown with from then on, as of when that was
    computed and how many records lay in quarantine then."""

    edition: str
    at: datetime
    by: str
    as_of: datetime
    quarantined: int


@dataclass(frozen=True, slots=True)
class Edition:
    """What counts of a period: the pages under `id` (their names in `parts`), as of when, by which formula, and how
    many records lay in quarantine then. `before`: the edition that it replaced, with its pages; `closed` once the
    period is; `corrected`: the editions since, in which something came out otherwise."""

    period: str
    id: str
    as_of: datetime
    formula: str
    quarantined: int
    parts: tuple[str, ...]
    before: tuple[str, tuple[str, ...]] | None = None
    closed: Closing | None = None
    corrected: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The edition that is shown: of a closed period the one that it was closed with."""
        return self.closed.edition if self.closed else self.id

    @property
    def shown_as_of(self) -> datetime:
        """As of when what is shown was computed."""
        return self.closed.as_of if self.closed else self.as_of

    @property
    def shown_quarantined(self) -> int:
        """How many records lay in quarantine when what is shown was computed."""
        return self.closed.quarantined if self.closed else self.quarantined


class IndexRow(Model):
    """A page, or what counts of a period; `content` is compressed JSON."""

    class Meta:
        table_name = settings.current().indices_table
        billing_mode = "PAY_PER_REQUEST"

    page = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    edition = UnicodeAttribute(attr_name="e", null=True)
    content = BinaryAttribute(legacy_encoding=False, attr_name="d")


share(IndexRow)


def new_edition() -> str:
    """A name that nobody else gives."""
    return uuid.uuid4().hex[:16]


def editions(periods: Iterable[Period]) -> dict[str, Edition]:
    """What counts of each of these periods, by name; those never computed are left out. One read a hundred."""
    found: dict[str, Edition] = {}
    keys = [(_EDITIONS, period.key) for period in periods]
    for start in range(0, len(keys), _LONGEST_BATCH):
        with guarded():
            for row in IndexRow.batch_get(keys[start : start + _LONGEST_BATCH], consistent_read=True):
                one = _edition(row)
                found[one.period] = one
    return found


def all_editions() -> Iterator[Edition]:
    """What counts of every period that was ever computed, those of one length in the order of time."""
    with guarded():
        for row in IndexRow.query(_EDITIONS, consistent_read=True):
            yield _edition(row)


def computed(first: Period, last: Period, most: int | None = None) -> list[str]:
    """The names of the periods of one length from `first` to `last` ever computed, in order; the first `most`."""
    between = IndexRow.part.between(first.key, last.key)
    with guarded():
        rows = IndexRow.query(_EDITIONS, between, consistent_read=True, limit=most, attributes_to_get=["part"])
        return [row.part.partition("#")[2] for row in rows]


def latest(span: Span, before: Period) -> Edition | None:
    """The last period of a length before another one that was computed."""
    earlier = IndexRow.part.between(f"{span}#", before.key)
    with guarded():
        rows = IndexRow.query(_EDITIONS, earlier, consistent_read=True, scan_index_forward=False, limit=2)
        return next((_edition(row) for row in rows if row.part != before.key), None)


def put_pages(wanted: Iterable[tuple[Edition, Rows]], dropped: Iterable[tuple[str, str, Sequence[str]]] = ()) -> None:
    """Writes the pages of editions that do not count yet, and removes those of others (period, edition, parts) that
    nobody reads any more. Twenty-five a round trip."""
    with guarded(), IndexRow.batch_write() as batch:
        for edition, board in wanted:
            for (level, parent), rows in families(board).items():
                content = pack({code: _packed(row) for code, row in rows.items()})
                batch.save(IndexRow(_page(edition.period, edition.id), part_of(level, parent), content=content))
        for period, id, parts in dropped:
            for part in parts:
                batch.delete(IndexRow(_page(period, id), part))


def make_count(key: str, edition: Edition, seen: Edition | None) -> bool:
    """Says that an edition counts from now on, in the place of the one that was seen; False, and nothing is changed,
    where another came meanwhile."""
    row = IndexRow(_EDITIONS, key, edition=_token(edition), content=pack(_told(edition)))
    condition = IndexRow.edition == _token(seen) if seen else IndexRow.part.does_not_exist()
    try:
        persistently(lambda: row.save(condition=condition))
    except ConditionFailed:
        return False
    return True


def page(period: str, edition: str, level: Level, parent: str | None) -> dict[str, Row]:
    """The rows of one family."""
    try:
        with guarded():
            row = IndexRow.get(_page(period, edition), part_of(level, parent or ""), consistent_read=True)
    except IndexRow.DoesNotExist:
        return {}
    return _rows(row)


def board(period: str, edition: str, level: Level | None = None) -> dict[str, Row]:
    """The rows of a level, or of all."""
    condition = IndexRow.part.startswith(f"{level}#") if level else None
    found: dict[str, Row] = {}
    with guarded():
        for row in IndexRow.query(_page(period, edition), condition, consistent_read=True):
            found |= _rows(row)
    return found


def part_of(level: Level, parent: str) -> str:
    """The name of a family's page."""
    return f"{level}#{parent}"


def parts_of(board: Rows) -> tuple[str, ...]:
    """The names of the pages that rows fill."""
    return tuple(sorted(part_of(level, parent) for level, parent in families(board)))


def put_errata(period: str, edition: str, at: datetime, was: Rows, now: Rows) -> bool:
    """勘误: keeps who stands otherwise in an edition of a closed period than in the one before it; False: nobody."""
    same = {code for code in was.keys() & now.keys() if was[code].standing == now[code].standing}
    changed = sorted((was.keys() | now.keys()) - same)
    with guarded(), IndexRow.batch_write() as batch:
        for code in changed:
            told = {"at": at.timestamp(), "was": _or_none(was.get(code)), "now": _or_none(now.get(code))}
            batch.save(IndexRow(_errata(period), f"{code}#{edition}", content=pack(told)))
    return bool(changed)


@dataclass(frozen=True, slots=True)
class Erratum:
    """What came out otherwise after a period was closed: the row before and after."""

    organisation: str
    at: datetime
    was: Row | None
    now: Row | None


def errata(edition: Edition, organisation: str | None = None) -> list[Erratum]:
    """The errata of a closed period, in the order in which they came, of one organisation or of all."""
    condition = IndexRow.part.startswith(f"{organisation}#") if organisation else None
    found: list[tuple[int, str, Erratum]] = []
    with guarded():
        for row in IndexRow.query(_errata(edition.period), condition, consistent_read=True):
            code, _, id = row.part.partition("#")
            if id in edition.corrected:
                told = unpack(row.content)
                at = datetime.fromtimestamp(told["at"], tz=UTC)
                one = Erratum(code, at, *(_unpacked(row) if row else None for row in (told["was"], told["now"])))
                found.append((edition.corrected.index(id), code, one))
    return [one for _, _, one in sorted(found, key=lambda each: each[:2])]


def _page(period: str, edition: str) -> str:
    return f"{period}#{edition}"


def _errata(period: str) -> str:
    return f"{period}#errata"


def _token(edition: Edition) -> str:
    return f"{edition.id}{'!' if edition.closed else ''}"


def _told(edition: Edition) -> dict[str, Any]:
    closed, before = edition.closed, edition.before
    return {
        "as_of": edition.as_of.timestamp(),
        "formula": edition.formula,
        "quarantined": edition.quarantined,
        "parts": list(edition.parts),
        "before": [before[0], list(before[1])] if before else None,
        "closed": _closing(closed) if closed else None,
        "corrected": list(edition.corrected),
    }


def _closing(one: Closing) -> list[Any]:
    return [one.edition, one.at.timestamp(), one.by, one.as_of.timestamp(), one.quarantined]


def _closed(edition: str, at: float, by: str, as_of: float, quarantined: int) -> Closing:
    return Closing(edition, _instant(at), by, _instant(as_of), quarantined)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _edition(row: IndexRow) -> Edition:
    told, token = unpack(row.content), row.edition or ""
    before, closed = told["before"], told["closed"]
    return Edition(
        period=row.part.partition("#")[2],
        id=token.rstrip("!"),
        as_of=_instant(told["as_of"]),
        formula=told["formula"],
        quarantined=told["quarantined"],
        parts=tuple(told["parts"]),
        before=(before[0], tuple(before[1])) if before else None,
        closed=_closed(*closed) if closed else None,
        corrected=tuple(told["corrected"]),
    )


def _packed(row: Row) -> dict[str, Any]:
    one = row.standing
    values = {code: [v.numerator, v.denominator, v.score, v.why] for code, v in one.values.items()}
    return {
        "t": dict(row.counts),
        "v": values,
        "x": [one.index, one.band, one.volume, one.rank, one.rank_beside, one.why],
    }


def _unpacked(told: Mapping[str, Any]) -> Row:
    index, band, volume, rank, beside, why = told["x"]
    values = {code: Value(*entry) for code, entry in told["v"].items()}
    return Row(told["t"], Standing(values, index, band, volume, rank, beside, why))


def _rows(row: IndexRow) -> dict[str, Row]:
    return {code: _unpacked(told) for code, told in unpack(row.content).items()}


def _or_none(row: Row | None) -> dict[str, Any] | None:
    return _packed(row) if row else None
