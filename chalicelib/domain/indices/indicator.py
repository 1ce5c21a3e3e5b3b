"""Indicators (指标) as versioned data: what is divided by what, which way is good, how it is scored and weighted.

A formula is a table in `chalicelib/indicators`; it is read strictly, and a version that a period was closed with is
never edited. Counts are named as `cell` and `tally` name them; a count with a minus before it is taken off. This module
must not know organisations or periods.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.item import Text
from chalicelib.errors import BrokenDefinition

CASES, ITEMS, CENTRES = "cases", "items", "centres"  # 按办件, 按事项, 按中心: the families are never mixed
FAMILIES = (CASES, ITEMS, CENTRES)
UP, DOWN = "up", "down"
DIRECTIONS = (UP, DOWN)
_OF_FAMILY = re.compile(r"-?(items|centres)(/.*)?")  # counts of the catalogue and of centres are named so; no others
_CODE = re.compile(r"[a-z]+(_[a-z]+)*")
_COUNT = re.compile(r"-?[a-z_]+(/[a-z_]+)*")
_NUMBERS = ("floor", "target", "weight", "strength")
_KEYS = {"code", "name", "formula", "basis", "family", "direction", "numerator", "denominator", "needs", *_NUMBERS}
_HEAD = {"name", "version", "since", "minimum", "minimum_count", "bands", "indicators"}


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator. `numerator` and `denominator` are names of counts; `floor` and `target` the values that give 0 and
    100 points; `weight` its share of the index (0: shown only); `strength`: how many cases of the peers' average are
    put beside its own, so that few cases do not decide; `needs`: counts of which the whole province must have one, for
    else nothing of the kind is pooled and it cannot be measured at all."""

    code: str
    name: Text
    formula: Text
    basis: str
    family: str
    direction: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    floor: Fraction
    target: Fraction
    weight: Fraction
    strength: int
    needs: tuple[str, ...]

    def measure(self, counts: Tally) -> tuple[int, int]:
        """Numerator and denominator of a settled tally."""
        return _sum(self.numerator, counts), _sum(self.denominator, counts)

    def score(self, value: Fraction) -> Fraction:
        """0 to 100: straight from `floor` to `target`, which is the lower one where less is better."""
        return min(max((value - self.floor) / (self.target - self.floor), Fraction(0)), Fraction(1)) * 100


@dataclass(frozen=True, slots=True)
class Formula:
    """A version of all indicators. Who has fewer than `minimum` of `minimum_count` is shown and not ranked; `bands` are
    the lowest indices of the green and of the yellow band."""

    name: str
    version: int
    since: str
    minimum: int
    minimum_count: str
    bands: tuple[int, int]
    indicators: Mapping[str, Indicator]

    @property
    def ref(self) -> str:
        """`name@version`, as a period names what it was computed with."""
        return f"{self.name}@{self.version}"


def parse(data: Mapping[str, Any]) -> Formula:
    """A formula from its table; BrokenDefinition names the place of what does not hold."""
    if set(data) != _HEAD:
        raise BrokenDefinition(f"unknown or missing: {', '.join(sorted(set(data) ^ _HEAD))}")
    found: dict[str, Indicator] = {}
    for number, entry in enumerate(data["indicators"], start=1):
        one = _indicator(entry, f"indicators[{number}]")
        if one.code in found:
            raise BrokenDefinition(f"indicator {one.code}: it stands there twice")
        found[one.code] = one
    if sum(one.weight for one in found.values()) != 1:
        raise BrokenDefinition("indicators: the weights must sum to 1")
    bands = tuple(data["bands"])
    if len(bands) != 2 or not 0 < bands[1] < bands[0] < 100:
        raise BrokenDefinition("bands: the lowest index of green and of yellow, in this order")
    green, yellow = bands
    return Formula(
        name=str(data["name"]),
        version=_whole(data, "version", "formula"),
        since=str(data["since"]),
        minimum=_whole(data, "minimum", "formula"),
        minimum_count=_counts([data["minimum_count"]], "minimum_count")[0],
        bands=(green, yellow),
        indicators=found,
    )


def _indicator(entry: Mapping[str, Any], place: str) -> Indicator:
    code = str(entry.get("code", ""))
    if not _CODE.fullmatch(code):
        raise BrokenDefinition(f"{place}.code: lower-case words joined by _ are needed, not {code!r}")
    where = f"indicator {code}"
    if set(entry) != _KEYS:
        raise BrokenDefinition(f"{where}: unknown or missing: {', '.join(sorted(set(entry) ^ _KEYS))}")
    family = _one_of(entry, "family", FAMILIES, where)
    numerator, denominator = (_counts(entry[end], f"{where}.{end}") for end in ("numerator", "denominator"))
    for name in (*numerator, *denominator):
        of = _OF_FAMILY.fullmatch(name)
        if (of[1] if of else CASES) != family:
            raise BrokenDefinition(f"{where}: {name} is not counted by {family}; families are never mixed")
    direction = _one_of(entry, "direction", DIRECTIONS, where)
    floor, target, weight = (_fraction(entry[name], f"{where}.{name}") for name in ("floor", "target", "weight"))
    if weight and family != CASES:
        raise BrokenDefinition(f"{where}.weight: only cases make the index")
    if floor == target or (target > floor) != (direction == UP):
        raise BrokenDefinition(f"{where}.target: on the side of the floor that the direction {direction!r} calls good")
    return Indicator(
        code=code,
        name=_text(entry["name"], f"{where}.name"),
        formula=_text(entry["formula"], f"{where}.formula"),
        basis=_filled(entry["basis"], f"{where}.basis"),
        family=family,
        direction=direction,
        numerator=numerator,
        denominator=denominator,
        floor=floor,
        target=target,
        weight=weight,
        strength=_whole(entry, "strength", where),
        needs=_counts(entry["needs"], f"{where}.needs"),
    )


def _sum(names: Sequence[str], counts: Tally) -> int:
    return sum(-counts.get(name[1:], 0) if name.startswith("-") else counts.get(name, 0) for name in names)


def _counts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(_COUNT.fullmatch(str(name)) for name in value):
        raise BrokenDefinition(f"{where}: names of counts are needed")
    return tuple(value)


def _fraction(value: object, where: str) -> Fraction:
    """Given as text ("0.85"), so that it is exact."""
    if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII) or Fraction(value) > 1:
        raise BrokenDefinition(f'{where}: a share from "0" to "1", as text, is needed')
    return Fraction(value)


def _whole(entry: Mapping[str, Any], name: str, where: str) -> int:
    value = entry.get(name)
    if type(value) is not int or value < 0:
        raise BrokenDefinition(f"{where}.{name}: a whole number of 0 or more is needed")
    return value


def _text(value: object, where: str) -> Text:
    if not isinstance(value, Mapping) or set(value) != {"zh", "en"}:
        raise BrokenDefinition(f"{where}: zh and en are both needed")
    return Text(_filled(value["zh"], f"{where}.zh"), _filled(value["en"], f"{where}.en"))


def _filled(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BrokenDefinition(f"{where}: a text is needed")
    return value


def _one_of(entry: Mapping[str, Any], field: str, allowed: Sequence[str], where: str) -> str:
    value = entry.get(field)
    if value not in allowed:
        raise BrokenDefinition(f"{where}.{field}: {value!r} is not one of {', '.join(allowed)}")
    return str(value)
