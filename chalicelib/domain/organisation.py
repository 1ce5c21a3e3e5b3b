"""The organisation tree: province 省厅, city 市, county 县, station 派出所/网点, window 窗口.

A code carries its place in the tree in its digits (330203 海曙 → 33020301 a station → 3302030101 its window),
so scope is a prefix and needs no look-up. This module must not read tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from chalicelib.errors import BrokenDefinition

_CODE = re.compile(r"\d{6}(\d{2}){0,2}", re.ASCII)
_CENTRE_STATION = "00"  # a window of a centre itself stands under "station" 00


class Level(StrEnum):
    """Levels of the tree; the four upper ones carry indicators, windows are where people come."""

    province = "province"
    city = "city"
    county = "county"
    station = "station"
    window = "window"


WITH_CENTRE = (Level.province, Level.city, Level.county)  # 浙公办〔2023〕6号 2(1); below them are extension points


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation as published: `area` is the name of its division, `sample` marks invented ones."""

    code: str
    level: Level
    zh: str
    en: str
    active: bool = True
    sample: bool = False
    area: str = ""


@lru_cache(maxsize=1024)
def level(code: str) -> Level:
    """The level that a code's digits say; ValueError for anything that is not an organisation code."""
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code!r} is not an organisation code (6, 8 or 10 digits)")
    if len(code) == 10:
        return Level.window
    if len(code) == 8:
        return Level.station
    if code.endswith("0000"):
        return Level.province
    return Level.city if code.endswith("00") else Level.county


def scope(code: str) -> str:
    """The prefix that this organisation and everything below it share ("330200" → "3302")."""
    match level(code):
        case Level.province:
            return code[:2]
        case Level.city:
            return code[:4]
        case Level.window if code[6:8] == _CENTRE_STATION:
            return scope(code[:6]) + "#" + code[8:]
        case _:
            return code


def within(code: str, upper: str) -> bool:
    """Whether `code` is `upper` or stands below it; a centre's own windows stand below the centre."""
    return scope(code).startswith(scope(upper))


def seat(code: str) -> str:
    """The organisation in whose name somebody at `code` acts: a window acts for its station or centre."""
    if level(code) is not Level.window:
        return code
    return code[:6] if code[6:8] == _CENTRE_STATION else code[:8]


def area(code: str) -> str:
    """The six digits of the administrative division that a code stands in."""
    return code[:6]


def parent(code: str) -> str | None:
    """The organisation directly above; None for the province."""
    match level(code):
        case Level.province:
            return None
        case Level.city:
            return code[:2] + "0000"
        case Level.county:
            return code[:4] + "00"
        case Level.station:
            return code[:6]
        case Level.window:
            return seat(code)


def above(code: str, wanted: Level) -> str | None:
    """The organisation of the level `wanted` at or above `code`; None where there is none."""
    here: str | None = code
    while here is not None and level(here) is not wanted:
        here = parent(here)
    return here


def parse(data: Mapping[str, Any]) -> Organisation:
    """An organisation from its registry entry; BrokenDefinition names what does not fit."""
    code = str(data.get("code", ""))
    try:
        digits = level(code)
    except ValueError as error:
        raise BrokenDefinition(f"organisation code: {error}") from error
    if data.get("level", digits.value) != digits.value:
        raise BrokenDefinition(f"organisation {code}.level: the digits say {digits.value}")
    if digits is Level.station and code.endswith(_CENTRE_STATION):
        raise BrokenDefinition(f"organisation {code}.code: {_CENTRE_STATION} stands for the centre itself, no station")
    name = data.get("name", {})
    if not (name.get("zh") and name.get("en")):
        raise BrokenDefinition(f"organisation {code}.name: zh and en are both needed")
    return Organisation(
        code,
        digits,
        name["zh"],
        name["en"],
        data.get("status", "active") == "active",
        bool(data.get("sample")),
        data.get("area", ""),
    )
