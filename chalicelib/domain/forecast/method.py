"""A method of forecasting as versioned data, read strictly. This module must not know where it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from chalicelib.errors import BrokenDefinition

_COUNTS = ("months", "minimum", "strength", "weeks", "weeks_needed", "wait", "record")
_LONGEST = {"months": 36, "weeks": 26, "wait": 90, "record": 90}


@dataclass(frozen=True, slots=True)
class Method:
    """How a forecast is made. Of cases: those closed in so many `months` are looked at; a group needs `minimum` cases;
    `strength` of a wider group are put beside it; a chance of `flagged` or more is flagged. Of what comes: `weeks` are
    looked at, `weeks_needed` at least, each weighing `fade` of the one after it; `within`: the share of weeks that an
    interval should hold. It is scored `wait` days later, and `record` scored forecasts make its record."""

    name: str
    version: int
    since: str
    months: int
    minimum: int
    strength: int
    flagged: Fraction
    weeks: int
    weeks_needed: int
    fade: Fraction
    within: Fraction
    wait: int
    record: int

    @property
    def ref(self) -> str:
        """`name@version`, as a forecast names what it was made with."""
        return f"{self.name}@{self.version}"

    def looks_back(self, day: date) -> date:
        """The first day of those whose closed cases are looked at on `day`."""
        return day - timedelta(days=round(365 * self.months / 12))


def parse(data: Mapping[str, Any]) -> Method:
    """A method from its table; BrokenDefinition names what does not fit."""
    known = {each.name for each in fields(Method)}
    if data.keys() != known:
        raise BrokenDefinition(f"unknown or missing: {', '.join(sorted(data.keys() ^ known))}")
    counts = {name: _count(name, data[name]) for name in ("version", *_COUNTS)}
    if counts["weeks_needed"] > counts["weeks"]:
        raise BrokenDefinition("weeks_needed: at most `weeks`")
    return Method(
        name=str(data["name"]),
        version=counts["version"],
        since=_day(data["since"]),
        months=counts["months"],
        minimum=counts["minimum"],
        strength=counts["strength"],
        flagged=_share("flagged", data["flagged"]),
        weeks=counts["weeks"],
        weeks_needed=counts["weeks_needed"],
        fade=_share("fade", data["fade"]),
        within=_share("within", data["within"]),
        wait=counts["wait"],
        record=counts["record"],
    )


def _count(name: str, value: object) -> int:
    most = _LONGEST.get(name, 10_000)
    if type(value) is not int or not 1 <= value <= most:
        raise BrokenDefinition(f"{name}: a whole number from 1 to {most}")
    return value


def _share(name: str, value: object) -> Fraction:
    try:
        found = Fraction(value) if isinstance(value, str) else Fraction(0)
    except ValueError:
        found = Fraction(0)
    if not 0 < found < 1:
        raise BrokenDefinition(f'{name}: a share between 0 and 1 in quotes, like "0.50"')
    return found


def _day(value: object) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise BrokenDefinition("since: a day, like 2019-01-01") from error
