"""The index (核心指标指数) of one organisation beside its peers: scores, weights, shrinkage, rank, band, contributions.

All of it is exact arithmetic on counts, rounded half up once, at the end, to hundredths. What cannot be measured is
left out and the weights of the rest are raised to one. Few cases are drawn toward the peers: as many of the peers'
average as the indicator's `strength` says are put beside one's own. This module must not know where counts come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from chalicelib.domain.indices.indicator import Formula, Indicator
from chalicelib.domain.indices.tally import Tally

HUNDREDTHS = 100
NO_CASES, NOT_POOLED, TOO_FEW = "no_cases", "not_pooled", "too_few"
GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True, slots=True)
class Value:
    """One indicator of one organisation: `numerator` over `denominator`; `score` in hundredths of a point, of the value
    after shrinkage; None where it cannot be measured, and `why`: nothing to divide by, or no such facts anywhere."""

    numerator: int
    denominator: int
    score: int | None = None
    why: str = ""

    @property
    def ratio(self) -> Fraction | None:
        """The value; None where there is nothing to divide by (shown as —)."""
        return Fraction(self.numerator, self.denominator) if self.denominator > 0 else None


@dataclass(frozen=True, slots=True)
class Standing:
    """What an organisation comes to: `index` in hundredths (None: nothing could be measured), its `band`, its `rank`
    inside its level and `rank_beside` inside its level under the same parent, None where it is not ranked: `why`."""

    values: Mapping[str, Value]
    index: int | None
    band: str | None
    volume: int
    rank: int | None = None
    rank_beside: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Peers:
    """What all organisations of a level come to together, beside which few cases are put; and the whole province, of
    which is asked what is pooled at all."""

    counts: Tally
    province: Tally


def standing(formula: Formula, counts: Tally, beside: Peers) -> Standing:
    """What counts come to, without ranks."""
    values = {code: value(one, counts, beside) for code, one in formula.indicators.items()}
    index = weighted(formula, values)
    rounded = None if index is None else hundredths(index)
    volume = counts.get(formula.minimum_count, 0)
    few = index is None or volume < formula.minimum
    return Standing(values, rounded, band(rounded, formula), volume, why=TOO_FEW if few else "")


def value(indicator: Indicator, counts: Tally, beside: Peers) -> Value:
    """One indicator of counts beside peers."""
    numerator, denominator = indicator.measure(counts)
    if not any(beside.province.get(name) for name in indicator.needs):
        return Value(numerator, denominator, why=NOT_POOLED)
    if denominator <= 0:
        return Value(numerator, denominator, why=NO_CASES)
    return Value(
        numerator, denominator, hundredths(indicator.score(_shrunk(indicator, numerator, denominator, beside)))
    )


def _shrunk(indicator: Indicator, numerator: int, denominator: int, beside: Peers) -> Fraction:
    """经验贝叶斯收缩: (own + strength x peers' average) / (own cases + strength)."""
    all_numerator, all_denominator = indicator.measure(beside.counts)
    if all_denominator <= 0:
        return Fraction(numerator, denominator)
    prior = Fraction(all_numerator, all_denominator) * indicator.strength
    return (numerator + prior) / (denominator + indicator.strength)


def shares(formula: Formula, values: Mapping[str, Value]) -> Mapping[str, Fraction]:
    """The weight of each indicator that is measured, raised so that they sum to one; empty where none is."""
    measured = {code: one.weight for code, one in formula.indicators.items() if _counts(one, values)}
    whole = sum(measured.values())
    return {code: weight / whole for code, weight in measured.items()} if whole else {}


def weighted(formula: Formula, values: Mapping[str, Value]) -> Fraction | None:
    """The index of scores, in points; None where nothing is measured."""
    found = points(formula, values)
    return sum(found.values(), Fraction(0)) if found else None


def points(formula: Formula, values: Mapping[str, Value]) -> Mapping[str, Fraction]:
    """What each indicator brings to the index, in points."""
    return {
        code: share * Fraction(values[code].score or 0, HUNDREDTHS) for code, share in shares(formula, values).items()
    }


def shown_points(formula: Formula, values: Mapping[str, Value]) -> Mapping[str, int]:
    """What each indicator brings to the index, in hundredths; they sum to the index as it is shown."""
    return contributions(formula, values, {})


def contributions(formula: Formula, now: Mapping[str, Value], then: Mapping[str, Value]) -> Mapping[str, int]:
    """What each indicator added to the change of the index between two times, in hundredths; they sum to the
    difference of the two indices as they are shown. What came to be measured, or no longer is, counts whole."""
    new, old = points(formula, now), points(formula, then)
    codes = [code for code in formula.indicators if code in new or code in old]
    exact = {code: (new.get(code, Fraction(0)) - old.get(code, Fraction(0))) * HUNDREDTHS for code in codes}
    shown = hundredths(sum(new.values(), Fraction(0))) - hundredths(sum(old.values(), Fraction(0)))
    return _rounded(exact, shown)


def _rounded(exact: Mapping[str, Fraction], whole: int) -> dict[str, int]:
    """Whole numbers next to the exact ones that sum to `whole` (最大余数法)."""
    found = {code: value.numerator // value.denominator for code, value in exact.items()}
    by_rest = sorted(exact, key=lambda code: (found[code] - exact[code], code))
    missing = whole - sum(found.values())
    for number in range(abs(missing)):
        code = by_rest[number % len(by_rest)] if missing > 0 else by_rest[-1 - number % len(by_rest)]
        found[code] += 1 if missing > 0 else -1
    return found


def ranks(indices: Mapping[str, int | None]) -> dict[str, int]:
    """Places by index, the highest first; equals share one and the next is left out: 1, 2, 2, 4."""
    order: Sequence[int] = sorted((index for index in indices.values() if index is not None), reverse=True)
    first: dict[int, int] = {}
    for place, index in enumerate(order, start=1):
        first.setdefault(index, place)
    return {name: first[index] for name, index in indices.items() if index is not None}


def hundredths(value: Fraction) -> int:
    """Rounded half up to hundredths."""
    scaled = value * HUNDREDTHS * 2 + 1
    return scaled.numerator // (scaled.denominator * 2)


def _counts(indicator: Indicator, values: Mapping[str, Value]) -> bool:
    found = values.get(indicator.code)
    return found is not None and found.score is not None and indicator.weight > 0


def band(index: int | None, formula: Formula) -> str | None:
    """The colour of an index or of a score in hundredths (等次); None where there is none."""
    if index is None:
        return None
    green, yellow = formula.bands
    if index >= green * HUNDREDTHS:
        return GREEN
    return YELLOW if index >= yellow * HUNDREDTHS else RED
