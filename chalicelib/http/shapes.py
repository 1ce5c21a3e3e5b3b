"""What answers about indices look like. This module must not know where their numbers come from, so that a process that
only takes steps of cases need not load what computes them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chalicelib.http.fields import Closed, Names, PageQuery, Shown, Time

CSV, HTML = "text/csv; charset=utf-8", "text/html; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class IndicatorOut(Shown):
    """How an indicator is made: counts divided by counts, and scored between floor (0 points) and target (100)."""

    code: str
    name: Names
    formula: Names
    basis: str
    family: str
    direction: str
    numerator: list[str]
    denominator: list[str]
    floor: float
    target: float
    weight: float
    strength: int


class FormulaOut(Shown):
    """A version of all indicators."""

    formula: str
    since: str
    minimum: int
    minimum_count: str
    green: int
    yellow: int
    items: list[IndicatorOut]


class FormulaQuery(Closed):
    """Which version; the one in force where none is named."""

    formula: str | None = Field(default=None, pattern=r"^[a-z_]{1,20}@[0-9]{1,4}$")


class Stamp(Shown):
    """On every number: the period, as of when it was computed, by which formula, how many records lay in quarantine
    then, and since when it is closed."""

    period: str
    from_day: str
    to_day: str
    as_of: Time
    formula: str
    quarantined: int
    closed_at: Time | None


class ValueOut(Shown):
    """One indicator: `value` is null where it cannot be measured, and `why` says: no_cases (nothing to divide by) or
    not_pooled (no such facts in the whole province)."""

    code: str
    name: Names
    value: float | None
    numerator: int
    denominator: int
    score: float | None
    share: float
    points: float | None
    why: str | None


class RankedOut(Shown):
    """One organisation of a ranking. `why`: too_few, where it is shown and not ranked."""

    org: str
    name: Names
    rank: int | None
    rank_beside: int | None
    index: float | None
    band: str | None
    volume: int
    why: str | None


class ChangedOut(Shown):
    """An indicator before and after, as numerator and denominator."""

    code: str
    was: list[int] | None
    now: list[int] | None


class ErratumOut(Shown):
    """勘误: what came out otherwise after the period was closed. The board stays as it was published; `indicators` are
    told on the organisation's own sheet."""

    org: str
    at: Time
    index_was: float | None
    index_now: float | None
    indicators: list[ChangedOut]


class RankingOut(Shown):
    """All organisations of a level, the first first; those that are not ranked come last."""

    stamp: Stamp
    level: str
    items: list[RankedOut]
    errata: list[ErratumOut]


class ContributionOut(Shown):
    """What an indicator added to the change of the index, in points; all of them sum to it."""

    code: str
    points: float


class ChangeOut(Shown):
    """Beside another period: its index, the difference, and what it is made of."""

    period: str
    index: float | None
    change: float | None
    contributions: list[ContributionOut]


class TimesOut(Shown):
    """Handling times of finished cases: the median and the ninth decile. `seconds` within 2 %, `days` (working days)
    exact."""

    cases: int
    median_seconds: int | None
    p90_seconds: int | None
    median_days: int | None
    p90_days: int | None


class PartOut(Shown):
    """One organisation's part in the numbers of the one above it; the parts and `own` sum to the whole."""

    org: str
    name: Names
    values: dict[str, list[int]]
    index: float | None
    rank_beside: int | None


class SheetOut(Shown):
    """One organisation in a period."""

    stamp: Stamp
    standing: RankedOut
    indicators: list[ValueOut]
    times: TimesOut
    counts: dict[str, int]
    before: ChangeOut | None
    last_year: ChangeOut | None
    own: dict[str, list[int]]
    parts: list[PartOut]
    errata: list[ErratumOut]


class CellOut(Shown):
    """One organisation's own counts of a day, by their names. `as_of`, `quarantined`: when the day was last computed,
    and how many records lay in quarantine then; null before the first time."""

    org: str
    day: str
    as_of: Time | None
    quarantined: int | None
    counts: dict[str, int]


class RankingQuery(Closed):
    """Which level is ranked, and in which form: csv, or xlsx, for which `Accept` must name its type as well."""

    level: Literal["province", "city", "county", "station"] = "county"  # windows carry no indicators
    format: Literal["json", "csv", "xlsx"] = "json"


class SheetQuery(Closed):
    """In which form: csv; xlsx, for which `Accept` must name its type as well; html, a report to print."""

    format: Literal["json", "csv", "xlsx", "html"] = "json"


class FactsQuery(PageQuery):
    """Paging."""


class FactOut(Shown):
    """What happened, and what it counts. `subject`: a case or order, null where a rating is anonymous; a stock
    (`stock/open/2026-03-14`: open, overdue from the end of that day on) counts what came and went."""

    org: str
    day: str
    kind: str
    subject: str | None
    what: str
    at: Time | None
    correction: int
    counts: dict[str, int]


class FactsOut(Shown):
    """One page of the facts behind a number; a page may be short and still go on."""

    stamp: Stamp
    org: str
    indicator: str
    numerator: int
    denominator: int
    items: list[FactOut]
    next: str | None
