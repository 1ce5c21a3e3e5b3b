"""What may be read of indices: rankings, one organisation's indicators, cells, and the facts behind a number.

Everybody on the staff sees published rankings; details and facts are for those in whose scope an organisation lies.
This module must not write and must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.domain import authority
from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Identity, Kind
from chalicelib.domain.indices import index
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices.board import Row, Rows, families
from chalicelib.domain.indices.indicator import Formula, Indicator
from chalicelib.domain.indices.period import FORMS, Period, Span
from chalicelib.domain.indices.sums import LEVELS
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.organisation import Level
from chalicelib.errors import FieldError, Forbidden, InvalidInput, NotFound
from chalicelib.indicators import all_formulas, in_force
from chalicelib.services import registry
from chalicelib.store import cells, indices
from chalicelib.store.cells import Cell
from chalicelib.store.indices import Edition, Erratum

_FAR = date(9998, 1, 1)  # behind every period that was computed


@dataclass(frozen=True, slots=True)
class Board:
    """A published period: its edition, the formula that it was computed with, and rows by organisation."""

    period: Period
    edition: Edition
    formula: Formula
    rows: Mapping[str, Row]
    errata: tuple[Erratum, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One organisation in a period, beside the period before and the same of last year (None where there is none),
    and its children (None of a station)."""

    board: Board
    organisation: str
    row: Row
    before: Row | None
    last_year: Row | None
    children: Mapping[str, Row]

    @property
    def previous(self) -> Period:
        """The period before."""
        return periods.before(self.board.period)

    @property
    def year_before(self) -> Period:
        """The same period of last year."""
        return periods.year_before(self.board.period)

    def changes(self, then: Row | None) -> Mapping[str, int]:
        """What each indicator added to the change of the index since then, in hundredths of a point."""
        if then is None or then.standing.index is None or self.row.standing.index is None:
            return {}
        return index.contributions(self.board.formula, self.row.standing.values, then.standing.values)


def ranking(name: str, level: Level, *, identity: Identity) -> Board:
    """All organisations of a level in a period. Everybody on the staff may see ranks."""
    _require_staff(identity)
    period = parse_period(name)
    edition = _edition(period)
    rows = indices.board(period.name, edition.shown, level)
    found = tuple(one for one in _errata(edition) if organisations.level(one.organisation) is level)
    return Board(period, edition, all_formulas()[edition.formula], rows, found)


def sheet(name: str, code: str, *, identity: Identity) -> Sheet:
    """One organisation's numbers, for those in whose scope it lies."""
    require_scope(identity, code)
    period = parse_period(name)
    found = indices.editions([period, periods.before(period), periods.year_before(period)])
    edition = found.get(period.name) or _not_computed(period)
    before, last_year = (
        _row(found.get(one.name), code) for one in (periods.before(period), periods.year_before(period))
    )
    row = _row(edition, code)
    if row is None:
        raise _without_figures(edition, code)
    board = Board(period, edition, all_formulas()[edition.formula], {code: row}, _errata(edition, code))
    return Sheet(board, code, row, before, last_year, _children(edition, code))


def sheets(edition: Edition) -> Iterator[tuple[Sheet, Rows]]:
    """The sheet of everybody in a period as it is shown, without errata, and the rows beside it. A few reads, however
    many there are."""
    period = periods.parse(edition.period)
    around = indices.editions([periods.before(period), periods.year_before(period)])
    before, last_year = (
        indices.board(one.name, around[one.name].shown) if one.name in around else {}
        for one in (periods.before(period), periods.year_before(period))
    )
    rows = indices.board(period.name, edition.shown)
    board = Board(period, edition, all_formulas()[edition.formula], rows)
    found = families(rows)
    for (level, _), peers in found.items():
        for code, row in peers.items():
            children = found.get((LEVELS[LEVELS.index(level) + 1], code), {}) if level is not LEVELS[-1] else {}
            yield Sheet(board, code, row, before.get(code), last_year.get(code), children), peers


def beside(name: str, code: str) -> Rows:
    """The rows of the level of an organisation under the same parent, by which it is ranked; none where the period was
    not computed. For whoever may see the organisation itself: that is asked before."""
    period = parse_period(name)
    edition = _edition(period)
    return indices.page(period.name, edition.shown, organisations.level(code), organisations.parent(code))


def cell(code: str, day: date, *, identity: Identity) -> tuple[Cell, Edition | None]:
    """One organisation's own counts of a day, without those below it, and the edition of that day; None where it was
    not computed yet."""
    require_scope(identity, code)
    period = periods.of(day, Span.day)
    return cells.one(code, day), indices.editions([period]).get(period.name)


def counts(period: Period, code: str) -> Tally | None:
    """What an organisation and all below it come to in a period, as it is known now; None of one that was never
    computed. Two reads; for whoever may see the organisation itself: that is asked before."""
    edition = indices.editions([period]).get(period.name)
    if edition is None:
        return None
    row = _row_of(edition, edition.id, code)
    return row.counts if row else {}


def formula(version: str | None, today: date) -> Formula:
    """A formula by `name@version`, or the one in force."""
    if version is None:
        return in_force(today)
    if version not in all_formulas():
        known = "、".join(all_formulas())
        raise InvalidInput(errors=[FieldError("formula", "unknown", f"现有：{known}", f"there are: {known}")])
    return all_formulas()[version]


def indicator(found: Formula, code: str) -> Indicator:
    """An indicator of a formula; NotFound names those that there are."""
    if code not in found.indicators:
        known = ", ".join(found.indicators)
        raise NotFound(f"没有这个指标；现有：{known}", f"no such indicator; there are: {known}")
    return found.indicators[code]


def parse_period(name: str) -> Period:
    """A period by its name; NotFound says how one reads."""
    try:
        return periods.parse(name)
    except ValueError as error:
        raise NotFound(f"没有这个周期；写法如：{FORMS}", f"no such period; one reads {FORMS}") from error


def require_scope(identity: Identity, code: str) -> None:
    """Forbidden unless an organisation lies in the scope of who asks; NotFound where there is none of this code."""
    _require_staff(identity)
    known = registry.find_organisation(code)
    if known is None or known.level not in LEVELS:
        raise NotFound(
            f"没有这个单位，或它不承载指标：{code}；现有单位见 /v1/organisations",
            f"no organisation {code} that carries indicators; /v1/organisations lists them",
        )
    if not authority.sees_organisation(identity, code):
        raise Forbidden(
            "该单位不在您的辖区内，仅可查看其公布的排名",
            "this organisation is not in your scope; its published rank is all there is to see",
        )


def _require_staff(identity: Identity) -> None:
    if identity.kind is Kind.citizen:
        raise Forbidden("指标仅供工作人员查看", "indices are for staff")


def _edition(period: Period) -> Edition:
    return indices.editions([period]).get(period.name) or _not_computed(period)


def _not_computed(period: Period) -> Edition:
    last = indices.latest(period.span, periods.of(_FAR, period.span))
    zh, en = (f"；最近的是 {last.period}", f"; the latest is {last.period}") if last else ("", "")
    raise NotFound(f"{period.name} 尚未计算{zh}", f"{period.name} has not been computed{en}")


def _without_figures(edition: Edition, code: str) -> NotFound:
    zh, en = f"{code} 在 {edition.period} 没有数据", f"{code} has no figures in {edition.period}"
    if not _errata(edition, code):
        return NotFound(zh, en)
    there = f"/v1/indices/{edition.period}?level={organisations.level(code)}"
    return NotFound(
        f"{zh}；月结后才归集的，见 {there} 的勘误", f"{en}; what came after it was closed is an erratum of {there}"
    )


def _row(edition: Edition | None, code: str) -> Row | None:
    return _row_of(edition, edition.shown, code) if edition else None


def _row_of(edition: Edition, id: str, code: str) -> Row | None:
    level, parent = organisations.level(code), organisations.parent(code)
    return indices.page(edition.period, id, level, parent).get(code)


def _children(edition: Edition, code: str) -> Mapping[str, Row]:
    place = LEVELS.index(organisations.level(code)) + 1
    if place == len(LEVELS):
        return {}
    return indices.page(edition.period, edition.shown, LEVELS[place], code)


def _errata(edition: Edition, code: str | None = None) -> tuple[Erratum, ...]:
    return tuple(indices.errata(edition, code)) if edition.corrected else ()
