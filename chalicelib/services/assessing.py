"""The assessment of an organisation for a period (考核): each indicator with its target, points, rank and change, and
how far the construction of its centres is.

All of it is made of a sheet and the rows beside it: numbers that were published, so that a closed period is assessed as
it was closed. The stages of single centres are those published now, as of the period's end. This module must not write
and must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from chalicelib.construction import plan
from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Identity
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.construction import Centre, Plan, Reached, Target, Task, Told
from chalicelib.domain.indices import index
from chalicelib.domain.indices.board import Row, Rows
from chalicelib.domain.indices.index import Value
from chalicelib.domain.indices.indicator import Indicator
from chalicelib.domain.organisation import Level
from chalicelib.errors import NotFound
from chalicelib.services import boards, centres, registry
from chalicelib.services.boards import Sheet

RATE = "operating_rate"  # the indicator that the plan's targets are about
ASSESSED = (Level.province, Level.city)


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator: its value now and in the period before, its share of the index, what it brings (`points`) and what
    it added to the change (`added`), both in hundredths and summing exactly; `rank` of its score among `peers` that are
    ranked."""

    indicator: Indicator
    value: Value
    band: str | None
    share: Fraction
    points: int | None
    rank: int | None
    peers: int
    before: Value | None
    added: int | None

    @property
    def change(self) -> Fraction | None:
        """The difference to the value of the period before; None where either cannot be measured."""
        now, then = (None if one is None or one.why else one.ratio for one in (self.value, self.before))
        return None if now is None or then is None else now - then


@dataclass(frozen=True, slots=True)
class Progress:
    """One centre at the end of a period: its stage (None: nothing was told), until when it must operate, since when it
    does, how many days late that is or, while it does not, has been; and which tasks it lacks."""

    code: str
    stage: Told | None
    due: date | None
    begun: date | None
    days_late: int
    lacks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Construction:
    """建设进度: the share of centres that operate, the targets for them on that day, and one by one the organisation's
    own centre and those directly below it."""

    rate: Value
    targets: tuple[Reached, ...]
    centres: tuple[Progress, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """An organisation's sheet with its lines, and construction (None of a station)."""

    sheet: Sheet
    lines: tuple[Line, ...]
    construction: Construction | None


def assessment(name: str, code: str, *, identity: Identity) -> Assessment:
    """The assessment sheet (考核表) of a city, or of the province over its cities; for those in whose scope it lies."""
    if organisations.level(code) not in ASSESSED:
        raise NotFound(
            f"考核表以市为单位；{code} 的指标见 /v1/indices/{name}/{code}",
            f"cities are assessed; for {code} see /v1/indices/{name}/{code}",
        )
    return of(boards.sheet(name, code, identity=identity), boards.beside(name, code))


def of(sheet: Sheet, peers: Rows) -> Assessment:
    """The assessment of a sheet beside the rows of its level."""
    return Assessment(sheet, tuple(_lines(sheet, peers)), _construction(sheet))


def _lines(sheet: Sheet, peers: Rows) -> Iterator[Line]:
    formula, values = sheet.board.formula, sheet.row.standing.values
    shares, points = index.shares(formula, values), index.shown_points(formula, values)
    added = sheet.changes(sheet.before)
    for code, one in formula.indicators.items():
        scores = {name: None if row.standing.why else row.standing.values[code].score for name, row in peers.items()}
        yield Line(
            indicator=one,
            value=values[code],
            band=index.band(values[code].score, formula),
            share=shares.get(code, Fraction(0)),
            points=points.get(code),
            rank=index.ranks(scores).get(sheet.organisation),
            peers=sum(score is not None for score in scores.values()),
            before=sheet.before.standing.values.get(code) if sheet.before else None,
            added=added.get(code),
        )


def _construction(sheet: Sheet) -> Construction | None:
    if organisations.level(sheet.organisation) is Level.station:
        return None
    at = min(sheet.board.period.last, legal_day(sheet.board.edition.as_of))
    rate, found = sheet.row.standing.values[RATE], plan()
    targets = () if rate.why else tuple(_reached(found, sheet, at))
    return Construction(rate, targets, tuple(_progress(found, sheet.organisation, at)))


def _reached(found: Plan, sheet: Sheet, at: date) -> Iterator[Reached]:
    """The targets that are set to a province or city. Where the province itself is due it is its own whole; else it is
    the sum of the cities that a target covers."""
    here = organisations.level(sheet.organisation)
    if here not in ASSESSED:
        return
    cities: Mapping[str, Row] = sheet.children if here is Level.province else {sheet.organisation: sheet.row}
    for target in found.targets:
        if here is Level.province and target.covers(sheet.organisation):
            parts = [sheet.row.standing.values[RATE]]
        else:
            parts = [_rate(cities.get(code), code) for code in _cities(sheet.organisation, target)]
        due, operating = sum(one.denominator for one in parts), sum(one.numerator for one in parts)
        if due:
            yield Reached(target, due, operating, in_force=at >= target.by)


def _cities(scope: str, target: Target) -> list[str]:
    """The cities in a scope that a target covers."""
    known = [entry.id for entry in registry.entries("organisation") if organisations.within(entry.id, scope)]
    return [code for code in known if organisations.level(code) is Level.city and target.covers(code)]


def _rate(row: Row | None, code: str) -> Value:
    """The rate of a city; of one without any figures nothing operates that was told of."""
    return row.standing.values[RATE] if row else Value(0, registry.centres_due()[code]["centres"])


def _progress(found: Plan, code: str, at: date) -> Iterator[Progress]:
    told = {centre.code: centre for centre in centres.published(code)}
    due = [one for one in registry.centres_due() if one == code or organisations.parent(one) == code]
    for one in sorted(due):
        yield _of_centre(found, one, told.get(one), at)


def _of_centre(found: Plan, code: str, centre: Centre | None, at: date) -> Progress:
    due, begun = found.due(code), centre.begun(found, at) if centre else None
    met = {task.code for task in centre.tasks(at)} if centre else set()
    return Progress(
        code=code,
        stage=centre.stage(at) if centre else None,
        due=due,
        begun=begun,
        days_late=max(((begun or at) - due).days, 0) if due else 0,
        lacks=tuple(task for name, task in found.tasks.items() if name not in met),
    )
