"""What the functions behind custom widgets answer: a dashboard of CloudWatch asks, and shows the HTML that comes back.

The widget says in which language and theme it is looked at, how large it is and until when its time runs; that is the
`now` of what is shown. Asked with `describe` it gets the documentation in Markdown. Nothing here reads tables, and
nothing that is shown is personal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.indices.index import HUNDREDTHS
from chalicelib.domain.indices.period import Span
from chalicelib.domain.organisation import Level
from chalicelib.domain.supervision.rule import Finding
from chalicelib.reactions import widget_page
from chalicelib.reactions.widget_page import Cell, Column, Words
from chalicelib.rules import all_rules
from chalicelib.services import overview
from chalicelib.services.overview import LEVELS, SPANS, Member, Overview

_ROW = 26  # pixels of a line of a table
_BESIDE = 110  # pixels of what stands above and below it
_FEWEST = 5
_CLOCKS = {
    "statutory": Words("法定", "statutory"),
    "promised": Words("承诺", "promised"),
    "stage": Words("环节", "stage"),
}

COUNTIES = f"""### show_counties 县级指数
`level` 层级: {" · ".join(LEVELS)} (county). `period` 统计周期: {" · ".join(SPANS)} (month);
以所看时段的终点为准 / the one in which the time that is looked at ends.

Ranking of a level as published: rank, index, cases, those open and overdue. Reads `indices`.
```yaml
level: county
period: month
```"""
OVERDUE = """### show_overdue 超期办件
无参数 / no parameters. Counties with overdue cases, and in the worst of them who holds how many, with the latest red
lights. Reads `indices` and `findings`.
```yaml
```"""


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a widget is looked at: until when, whether in English and in the dark, and how many lines it has room for."""

    now: datetime
    english: bool
    dark: bool
    lines: int
    params: Mapping[str, Any]


def show_counties(event: Mapping[str, Any]) -> str:
    """The ranking of a level: HTML, or its documentation."""
    if event.get("describe"):
        return COUNTIES
    asked = _asked(event)
    level, span = asked.params.get("level", Level.county), asked.params.get("period", Span.month)
    for name, value, allowed in (("level", level, LEVELS), ("period", span, SPANS)):
        if value not in allowed:
            return _page(
                asked, Words(f"{name} 应为：{'、'.join(allowed)}", f"{name} must be one of: {', '.join(allowed)}")
            )
    found = overview.standing(asked.now, Span(span), Level(level))
    return _page(asked, _NOT_YET) if found is None else _ranking(asked, found)


def show_overdue(event: Mapping[str, Any]) -> str:
    """Where cases are overdue: HTML, or its documentation."""
    if event.get("describe"):
        return OVERDUE
    asked = _asked(event)
    found = overview.overdue(asked.now)
    if found is None:
        return _page(asked, _NOT_YET)
    if not found.overview.members:
        return _page(asked, Words("没有超期办件", "no case is overdue"), _stamp(found.overview))
    counties = [_overdue_line(one) for one in found.overview.members]
    units = [_unit_line(one, warned) for one, warned in found.units]
    half = max(_FEWEST, asked.lines // 2)
    return _page(
        asked,
        _table(asked, _OVERDUE_COLUMNS, counties, half),
        Words("超期最多的单位与最近红灯", "Units with the most, and their latest red lights"),
        _table(asked, _UNIT_COLUMNS, units, half),
        _stamp(found.overview),
    )


_NOT_YET = Words(
    "该周期尚未计算；compute_indices 每小时运行", "this period is not computed yet; compute_indices runs every hour"
)
_RANKING_COLUMNS = (
    Column(Words("名次", "Rank"), number=True),
    Column(Words("单位", "Organisation")),
    Column(Words("指数", "Index"), number=True),
    Column(Words("收件", "Cases"), number=True),
    Column(Words("在办", "Open"), number=True),
    Column(Words("超期", "Overdue"), number=True),
)
_OVERDUE_COLUMNS = (*_RANKING_COLUMNS[1:2], *_RANKING_COLUMNS[4:], Column(Words("超期占比", "Share"), number=True))
_UNIT_COLUMNS = (*_RANKING_COLUMNS[1:2], _RANKING_COLUMNS[5], Column(Words("最近红灯", "Latest red lights")))


def _ranking(asked: _Asked, found: Overview) -> str:
    lines = [
        (
            Cell(str(one.row.standing.rank or "—")),
            _name(one),
            Cell(_points(one.row.standing.index), light=one.row.standing.band or ""),
            Cell(str(one.row.standing.volume)),
            Cell(str(one.open)),
            Cell(str(one.overdue), light="red" if one.overdue else ""),
        )
        for one in found.members
    ]
    return _page(asked, _table(asked, _RANKING_COLUMNS, lines, asked.lines), _stamp(found))


def _overdue_line(one: Member) -> tuple[Cell, ...]:
    share = f"{100 * one.overdue / one.open:.1f} %" if one.open else "—"
    return _name(one), Cell(str(one.open)), Cell(str(one.overdue), light="red"), Cell(share)


def _unit_line(one: Member, warned: tuple[Finding, ...]) -> tuple[Cell, ...]:
    told = [_told(each) for each in warned]
    both = Words("；".join(each.zh for each in told) or "—", "; ".join(each.en for each in told) or "—")
    return _name(one), Cell(str(one.overdue), light="red"), Cell(both)


def _told(found: Finding) -> Words:
    """A red light: the case, what ran out and when."""
    rule, clock = all_rules()[found.rule].text, _CLOCKS[str(found.evidence["clock"])]
    at = f"{found.at.astimezone(SHANGHAI):%m-%d %H:%M}"
    return Words(f"{found.subject} {clock.zh}{rule.zh} {at}", f"{found.subject} {clock.en}: {rule.en} {at}")


def _name(one: Member) -> Cell:
    return Cell(Words(one.zh, one.en))


def _points(index: int | None) -> str:
    return "—" if index is None else f"{index / HUNDREDTHS:.2f}"


def _stamp(found: Overview) -> Words:
    """What stands on every number: the period, as of when, and what it lacks."""
    as_of = f"{found.edition.shown_as_of.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    lacking = found.edition.shown_quarantined
    zh = f"{found.period.name}，数据截至 {as_of}" + (f"，{lacking} 条记录在隔离区未计入" if lacking else "")
    en = f"{found.period.name} as of {as_of}" + (f", without {lacking} records in quarantine" if lacking else "")
    return Words(zh, en)


def _table(asked: _Asked, columns: tuple[Column, ...], lines: Sequence[tuple[Cell, ...]], most: int) -> str:
    return widget_page.table(columns, lines[:most], len(lines) - most, english=asked.english)


def _page(asked: _Asked, *parts: str | Words) -> str:
    return widget_page.page(parts, english=asked.english, dark=asked.dark)


def _asked(event: Mapping[str, Any]) -> _Asked:
    """What the widget says of itself. KeyError for what does not come from a dashboard."""
    context = event["widgetContext"]
    stretch = context["timeRange"]
    until = stretch.get("zoom", stretch)["end"]
    return _Asked(
        now=datetime.fromtimestamp(until / 1000, tz=UTC),
        english=str(context.get("locale", "")).startswith("en"),
        dark=context.get("theme") == "dark",
        lines=max(_FEWEST, (int(context.get("height", 0)) - _BESIDE) // _ROW),
        params=context.get("params") or {},
    )
