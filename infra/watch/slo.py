"""Service level objectives (服务水平目标) and how fast their error budget burns.

An objective promises that a share of requests goes well. A burn rate of 1 uses up exactly what a month may fail; one of
14.4 uses up two per cent of it in an hour. Somebody is woken where a long window burns fast and a short one shows that
it still does, so that an alarm neither comes for a moment's trouble nor stays when it is over (Google, The Site
Reliability Workbook, ch. 5). Pure: the alarms in the stack are held equal to this by tests on recorded series. This
module must not know CloudWatch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

FEWEST = 3  # requests that went wrong in a window; below that, at night, one bad request would be a tenth of all


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised: the share of requests that go well (`target`), within `milliseconds` where it is of time."""

    name: str
    zh: str
    en: str
    target: float
    milliseconds: int | None = None

    @property
    def budget(self) -> float:
        """The share that may go wrong."""
        return 1 - self.target


@dataclass(frozen=True, slots=True)
class Burn:
    """A burn rate that must not be passed in a long and a short window (seconds) at once; `page`: somebody is woken."""

    rate: float
    long: int
    short: int
    page: bool


@dataclass(frozen=True, slots=True)
class Minute:
    """What was counted in a minute."""

    at: datetime
    requests: float
    wrong: float


AVAILABILITY = Objective("availability", "可用性", "availability", 0.999)
LATENCY = Objective("latency", "响应时间", "latency", 0.99, 3000)
OBJECTIVES = (AVAILABILITY, LATENCY)
BURNS = (
    Burn(14.4, 3_600, 300, page=True),
    Burn(6, 21_600, 1_800, page=True),
    Burn(3, 86_400, 7_200, page=False),
)


def burn_rate(series: Iterable[Minute], objective: Objective, until: datetime, seconds: int) -> float:
    """How fast the budget burnt in the window of `seconds` before `until`; 0 where fewer than FEWEST went wrong."""
    since = until - timedelta(seconds=seconds)
    window = [minute for minute in series if since <= minute.at < until]
    wrong = sum(minute.wrong for minute in window)
    if wrong < FEWEST:
        return 0.0
    return wrong / sum(minute.requests for minute in window) / objective.budget


def burning(series: Iterable[Minute], objective: Objective, now: datetime) -> tuple[Burn, ...]:
    """The burns that are passed at `now` in both of their windows."""
    kept = list(series)
    return tuple(
        burn
        for burn in BURNS
        if all(burn_rate(kept, objective, now, window) > burn.rate for window in (burn.long, burn.short))
    )


def left(series: Iterable[Minute], objective: Objective) -> float:
    """The share of the error budget that a series leaves; below zero where it is overdrawn."""
    kept = list(series)
    requests = sum(minute.requests for minute in kept)
    return 1.0 if not requests else 1 - sum(minute.wrong for minute in kept) / requests / objective.budget
