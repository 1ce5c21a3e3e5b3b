"""What assessment sheets look like. This module must not know where their numbers come from, so that a process that
only takes steps of cases need not load what computes them."""

from __future__ import annotations

from chalicelib.http.fields import Names, Shown
from chalicelib.http.shapes import ChangeOut, ErratumOut, PartOut, RankedOut, Stamp


class LineOut(Shown):
    """One indicator. `points` of all lines sum to the index, `added` to its change; `floor` gives 0 points and `target`
    100; `rank` is that of the score among `peers` of its level; `change` is the difference of values, as a share."""

    code: str
    name: Names
    family: str
    direction: str
    value: float | None
    numerator: int
    denominator: int
    floor: float
    target: float
    score: float | None
    band: str | None
    weight: float
    share: float
    points: float | None
    rank: int | None
    peers: int
    value_before: float | None
    change: float | None
    added: float | None
    why: str | None


class TargetOut(Shown):
    """A target on the last day: how many of those due operate and how many must; `in_force` once its day is over."""

    code: str
    name: Names
    by: str
    share: float
    due: int
    operating: int
    needed: int
    gap: int
    met: bool
    in_force: bool
    basis: str


class CentreOut(Shown):
    """A centre on the last day. `stage` is null where nothing was told; `days_late` until it operated, or until now."""

    org: str
    name: Names
    stage: str | None
    stage_name: Names | None
    since: str | None
    due: str | None
    operating_since: str | None
    days_late: int
    tasks_met: int
    tasks: int
    lacks: list[Names]


class ConstructionOut(Shown):
    """建设进度: the share of centres that operate, its targets by date, and centres one by one."""

    value: float | None
    operating: int
    due: int
    why: str | None
    targets: list[TargetOut]
    centres: list[CentreOut]


class AssessmentOut(Shown):
    """考核表: a city, or the province over its cities, in a period. `total` is the sum of the points of all lines, and
    the index; `parts` stand beside it with their own values."""

    stamp: Stamp
    standing: RankedOut
    total: float | None
    lines: list[LineOut]
    before: ChangeOut | None
    last_year: ChangeOut | None
    parts: list[PartOut]
    construction: ConstructionOut | None
    errata: list[ErratumOut]
