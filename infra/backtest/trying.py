"""Tries the forecasts of the platform on a log: day by day as if that day were today, scored by what came later.

Beside each stands the plain way that needs no forecast: due soonest first, and as last week. This module must not read
files and must not print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from chalicelib.domain.calendar import start_of_day
from chalicelib.domain.forecast import chance, score, week
from chalicelib.domain.forecast.chance import ANY, Chance, Past
from chalicelib.domain.forecast.method import Method
from chalicelib.domain.forecast.score import Told
from chalicelib.domain.indices import tally
from chalicelib.domain.track import TRACK
from infra.backtest.cuts import UNIT, Lives, Standing

EVERY = 28  # days between two cut-offs for cases; what comes is tried every week
TOP = 4  # the first of so many that a supervisor looks at: a quarter
_FEW = 8  # open cases in time; with fewer there is nothing to put in order
_STEPS = 5  # of the table of chances
Ranked = Sequence[tuple[Chance, bool]]


@dataclass(slots=True)
class Trial:
    """What came of all cut-off days together: counts by name (`domain.forecast.score`, and those of `_ordered`), and
    for each fifth of the chances how many cases had such a chance and how many of them were late."""

    lives: Lives
    method: Method
    days: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    steps: dict[int, Counter[str]] = field(default_factory=dict)
    chances: float = 0.0

    def add(self, counts: dict[str, int]) -> None:
        """Counts of one more day."""
        self.counts.update(counts)


def tried(lives: Lives, method: Method) -> Trial:
    """Every cut-off day of a log, tried and scored."""
    trial = Trial(lives, method)
    for day in lives.days(EVERY):
        _try_cases(trial, day)
    for day in lives.days(week.DAYS):
        _try_week(trial, day)
    return trial


def _try_cases(trial: Trial, day: date) -> None:
    method = trial.method
    counts, standing = trial.lives.known(day, method.looks_back(day))
    past = chance.past([{UNIT: counts}])
    found = [(chance.of_case(each.case, start_of_day(day), past, method), each) for each in standing]
    told = [_told(one, each) for one, each in found if one.value is not None]
    ranked = [(one, each.late) for one, each in found if one.value is not None and each.late is not None]
    if len(ranked) < _FEW:
        return
    trial.days += 1
    trial.add(score.of_cases(told, method.flagged))
    trial.add(_ordered(ranked, past))
    for one, late in ranked:
        trial.chances += one.value or 0.0
        step = trial.steps.setdefault(min(int((one.value or 0) * _STEPS), _STEPS - 1), Counter())
        step.update({"cases": 1, "late": int(late)})


def _told(one: Chance, standing: Standing) -> Told:
    return Told(one.case.id, one.case.bound.last, one.value or 0.0, standing.late)


def _ordered(found: Ranked, past: Past) -> dict[str, int]:
    """How both orders come out: the late ones in their first quarter, and the pairs of a late case and another in which
    the late one stands first; and the squared errors of who gives each case the share that was late so far."""
    by_chance = [late for _, late in sorted(found, key=_by_chance)]
    by_due = [late for _, late in sorted(found, key=lambda pair: chance.soonest(pair[0]))]
    most = max(round(len(found) / TOP), 1)
    base = _share_so_far(past)
    return {
        "top": most,
        "top/late": sum(by_chance[:most]),
        "top/late/soonest": sum(by_due[:most]),
        "pairs": sum(by_chance) * (len(found) - sum(by_chance)),
        "pairs/right": _right(by_chance),
        "pairs/right/soonest": _right(by_due),
        "squares/base": sum(round((base - late) ** 2 * score.POINTS) for late in by_due),
    }


def _by_chance(pair: tuple[Chance, bool]) -> Any:
    return -(pair[0].value or 0.0), chance.soonest(pair[0])


def _share_so_far(past: Past) -> float:
    name = f"{TRACK}{ANY}/{ANY}/0"
    return past.any_item.get(f"{name}/late", 0) / past.any_item[name]


def _right(order: Sequence[bool]) -> int:
    found, late = 0, 0
    for each in order:
        late += each
        found += 0 if each else late
    return found


def _try_week(trial: Trial, day: date) -> None:
    lives, method = trial.lives, trial.method
    days, came = week.days_of(day), lives.came
    if days[-1] > lives.last_begun:
        return
    known = {each: count for each, count in came.items() if each < day}
    like = week.alike(day, lives.begun, lives.weekdays, method)
    if like is None:
        return
    before = sum(known.get(each - timedelta(days=week.DAYS), 0) for each in days)
    expected = week.coming(known, like, method).expected
    trial.add(score.of_week(sum(came[each] for each in days), (expected.value, expected.low, expected.high), before))


def document(trial: Trial) -> dict[str, Any]:
    """What came of it, for programs; shares are None where there is nothing to divide by."""
    counts, lives = trial.counts, trial.lives
    cases = counts[score.CASES]
    return {
        "log": {"source": lives.log.mapping.source, "cite": lives.log.mapping.cite, "limit": lives.clock},
        "method": trial.method.ref,
        "cut_offs": trial.days,
        "cases": cases,
        "undecided": counts[score.UNDECIDED],
        "late": counts[score.LATE],
        "late_share": _rounded(score.share(counts, score.LATE, score.CASES)),
        "mean_chance": _rounded(trial.chances / cases if cases else None),
        "top_quarter": _both(counts, "top/late", "top/late/soonest", "top"),
        "top_quarter_caught": _both(counts, "top/late", "top/late/soonest", score.LATE),
        "flagged": counts[score.FLAGGED],
        "flagged_right": _both(counts, score.FLAGGED_LATE, score.SOONEST_LATE, score.FLAGGED),
        "flagged_caught": _both(counts, score.FLAGGED_LATE, score.SOONEST_LATE, score.LATE),
        "pairs_right": _both(counts, "pairs/right", "pairs/right/soonest", "pairs"),
        "brier": {
            "forecast": _rounded(score.brier(counts)),
            "share_so_far": _rounded(score.brier(tally.total([counts, _as_base(counts)]))),
        },
        "chances": [_step(trial, number) for number in range(_STEPS)],
        "weeks": {
            "weeks": counts[score.WEEKS],
            "came": counts[score.CAME],
            "missed": _both(counts, score.MISSED, score.MISSED_PLAIN, score.WEEKS, plain="last_week"),
            "within": _rounded(score.share(counts, score.WITHIN, score.WEEKS)),
        },
    }


def _as_base(counts: Counter[str]) -> dict[str, int]:
    return {score.SQUARES: counts["squares/base"] - counts[score.SQUARES]}


def _step(trial: Trial, number: int) -> dict[str, Any]:
    found = trial.steps.get(number, Counter())
    return {
        "from": number / _STEPS,
        "to": (number + 1) / _STEPS,
        "cases": found["cases"],
        "late_share": _rounded(score.share(found, "late", "cases")),
    }


def _both(counts: Counter[str], own: str, other: str, whole: str, plain: str = "soonest") -> dict[str, float | None]:
    return {"forecast": _rounded(score.share(counts, own, whole)), plain: _rounded(score.share(counts, other, whole))}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
