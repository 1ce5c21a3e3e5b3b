"""Pages to print (A4, zh-CN): the report of an organisation and the assessment sheet of a city, as one file each.

A page is whole in itself: no script, no picture, nothing that is loaded from elsewhere. Everything that comes from data
is escaped by the template engine. This module must not compute numbers.
"""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.construction import plan
from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.indices.index import HUNDREDTHS
from chalicelib.domain.indices.indicator import UP
from chalicelib.domain.indices.period import Period, Span
from chalicelib.domain.organisation import Level, level
from chalicelib.services import registry
from chalicelib.services.assessing import Assessment, Line
from chalicelib.services.reporting import Report

if TYPE_CHECKING:
    from jinja2 import Environment

NONE = "—"
_BANDS = {"green": "绿", "yellow": "黄", "red": "红"}
_WHY = {"no_cases": "无数据", "not_pooled": "全省本期无此类数据", "too_few": "件数不足，不参与排名"}
_BY_AREA = (Level.city, Level.county)
_PEERS = {Level.province: "全省", Level.city: "全省各市", Level.county: "本市各县", Level.station: "本县各所"}


def report(found: Report) -> str:
    """The report (月报) of an organisation."""
    return _engine().get_template("report.html").render(report=found, of=found.assessment)


def assessment(found: Assessment) -> str:
    """The assessment sheet (考核表) of a city."""
    return _engine().get_template("assessment.html").render(of=found)


def title_of(period: Period) -> str:
    """A period as it is written: 2026年3月."""
    year, month = period.first.year, period.first.month
    match period.span:
        case Span.day:
            return f"{year}年{month}月{period.first.day}日"
        case Span.week:
            iso, week, _ = period.first.isocalendar()
            return f"{iso}年第{week}周"
        case Span.month:
            return f"{year}年{month}月"
        case Span.quarter:
            return f"{year}年第{(month + 2) // 3}季度"
        case Span.half:
            return f"{year}年{'上' if month == 1 else '下'}半年"
        case Span.year:
            return f"{year}年"


def _share(value: Fraction | None) -> str:
    return NONE if value is None else f"{float(value) * 100:.2f}%"


def _signed_share(value: Fraction | None) -> str:
    return NONE if value is None else f"{float(value) * 100:+.2f}"


def _points(value: int | None) -> str:
    return NONE if value is None else f"{value / HUNDREDTHS:.2f}"


def _signed(value: int | None) -> str:
    return NONE if value is None else f"{value / HUNDREDTHS:+.2f}"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _day(at: date | None) -> str:
    return at.isoformat() if at else NONE


def _called(code: str) -> str:
    known = registry.find_organisation(code)
    return known.zh if known else code


def _short(code: str) -> str:
    """An organisation by its area, which is shorter, where it is a city or county."""
    known = registry.find_organisation(code)
    return known.area if known and known.area and known.level in _BY_AREA else _called(code)


def _target(line: Line) -> str:
    sign = "≥" if line.indicator.direction == UP else "≤"
    return f"{sign}{float(line.indicator.target) * 100:g}%"


@cache
def _engine() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # tables and documents do without

    engine = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    engine.filters |= {
        "share": _share,
        "signed_share": _signed_share,
        "points": _points,
        "signed": _signed,
        "minute": _minute,
        "day": _day,
        "called": _called,
        "short": _short,
        "target": _target,
        "title": title_of,
        "why": lambda code: _WHY.get(code, code),
        "band": lambda code: _BANDS.get(code, NONE),
        "ranked": lambda code: level(code) is not Level.province,
        "peers": lambda code: _PEERS[level(code)],
        "stage": lambda code: plan().stages[code].text.zh,
    }
    engine.globals["tasks"] = len(plan().tasks)
    return engine
