"""What answers about forecasts look like. This module must not know where their numbers come from, so that a process
that only takes steps of cases need not load what computes them."""

from __future__ import annotations

from typing import Literal

from chalicelib.http.fields import Names, PageQuery, Shown, Time


class ExpectedOut(Shown):
    """How many are expected, and between which two numbers it should lie four times in five."""

    value: float
    low: int
    high: int


class DayOut(Shown):
    """A day of the week: whether it is a working day, how many open cases are due on it, how many are expected to come
    (null: too few weeks are known)."""

    day: str
    working: bool
    due: int
    coming: float | None


class WeekOut(Shown):
    """Seven days. `open` cases are `overdue` now, or `undated` (not accepted yet, or their clocks stand still), or in
    time; of those that are `due` in the week, `late`: how many will be late, without the
    `unknown`, who have no chance because too few cases were ever where they are. `coming`: null where fewer than the
    method's weeks are known; `last_week`: what came in the seven days before."""

    from_day: str
    to_day: str
    open: int
    overdue: int
    undated: int
    due: int
    late: ExpectedOut
    unknown: int
    coming: ExpectedOut | None
    weeks: int
    last_week: int
    days: list[DayOut]


class CaseRecordOut(Shown):
    """How forecasts of cases came out. Of the `cases` that are decided: `late`, `flagged`, `flagged_late`; and
    `soonest_late`: the late ones had as many been taken due soonest first. Shares: `right` of the flagged, `caught` of
    the late, each beside due soonest first; `brier` 0 perfect, 0.25 says nothing. `undecided` are left out. null:
    nothing to divide by."""

    cases: int
    undecided: int
    late: int
    flagged: int
    flagged_late: int
    soonest_late: int
    right: float | None
    right_soonest: float | None
    caught: float | None
    caught_soonest: float | None
    brier: float | None


class WeekRecordOut(Shown):
    """How forecasts of what comes came out: the mean error in cases, beside as last week, and the share of weeks that
    lay within the interval."""

    weeks: int
    came: int
    mean_error: float | None
    mean_error_last_week: float | None
    within: float | None


class RecordOut(Shown):
    """复盘: the latest forecasts that are scored, each counted once; from the first to the last of their days."""

    forecasts: int
    from_day: str | None
    to_day: str | None
    cases: CaseRecordOut
    weeks: WeekRecordOut


class ForecastOut(Shown):
    """One organisation's week with all below it, as it was forecast at `made_at` by `method`, and the record."""

    org: str
    name: Names
    day: str
    made_at: Time
    method: str
    week: WeekOut
    record: RecordOut


class GroupOut(Shown):
    """Cases that once stood where this one stands: of an organisation with all below it, of an item and in a state
    (null: any): how many, and how many of them were late."""

    org: str
    item: str | None
    state: str | None
    cases: int
    late: int


class ChanceOut(Shown):
    """An open case. `gone`: how much of its limit is gone, in hundredths. `chance` of being late, 0 to 1, null where
    too few cases were ever there; `flagged` from the method's threshold on. `groups` from the widest to the closest;
    `text` tells the closest that is large enough, and how long its cases took."""

    case_id: str
    org: str
    item: str
    name: Names
    state: str
    state_name: Names
    due: Time
    gone: int
    chance: float | None
    flagged: bool
    text: Names
    groups: list[GroupOut]


class CasesOut(Shown):
    """One page of open cases; `total`: all of them; `left_out`: those beyond what is kept of one unit."""

    org: str
    day: str
    made_at: Time
    method: str
    items: list[ChanceOut]
    total: int
    left_out: int
    next: str | None


class CasesQuery(PageQuery):
    """Paging, or the form: csv or xlsx with all cases, for which `Accept` must name its type as well."""

    format: Literal["json", "csv", "xlsx"] = "json"
