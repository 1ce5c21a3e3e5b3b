"""Tables of indices as files: CSV, spreadsheet, and a page to print.

Numbers are numbers. A text that a spreadsheet would take for a formula is marked as text, because names come from a
registry that many write to. This module must not know where numbers come from.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from chalicelib.http.files import File
from chalicelib.http.shapes import CSV, HTML, XLSX, ErratumOut, PartOut, RankingOut, SheetOut, Stamp, ValueOut
from chalicelib.http.words import invalid

Cell = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"  # without it spreadsheets read Chinese wrongly
_WHY = {"no_cases": "无数据", "not_pooled": "尚未归集", "too_few": "件数不足，不参与排名"}
_BANDS = {"green": "绿", "yellow": "黄", "red": "红"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its title, the name of its file, heads and rows; None is a cell that cannot be measured."""

    title: str
    name: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


def of_ranking(found: RankingOut) -> Table:
    """The table of a ranking."""
    heads = ("名次", "单位代码", "单位", "指数", "等次", "收件数", "同级同上级名次", "说明")
    rows = [
        (one.rank, one.org, one.name.zh, one.index, _band(one.band), one.volume, one.rank_beside, _why(one.why))
        for one in found.items
    ]
    return Table(f"{found.stamp.period} 指数排名", f"ranking-{found.stamp.period}-{found.level}", heads, rows)


def of_sheet(found: SheetOut) -> Table:
    """The table of one organisation's indicators."""
    heads = ("代码", "指标", "值", "分子", "分母", "得分", "权重", "贡献分", "说明")
    rows = [
        (
            one.code,
            one.name.zh,
            one.value,
            one.numerator,
            one.denominator,
            one.score,
            one.share,
            one.points,
            _why(one.why),
        )
        for one in found.indicators
    ]
    title = f"{found.standing.name.zh} {found.stamp.period} 指标"
    return Table(title, f"indicators-{found.stamp.period}-{found.standing.org}", heads, rows)


def as_file(form: str, accept: str, table: Table) -> File:
    """The table as csv or xlsx. API Gateway hands bytes on only to whom says that they are accepted."""
    if form == "csv":
        return as_csv(table)
    if accept.split(",")[0].split(";")[0].strip() != XLSX:
        raise invalid(
            "Accept",
            "wrong_form",
            f"下载xlsx时Accept须为 {XLSX}；或用 format=csv",
            f"xlsx needs Accept: {XLSX}; or take csv",
        )
    return as_xlsx(table)


def as_csv(table: Table) -> File:
    """UTF-8 with a byte order mark, RFC 4180."""
    out = io.StringIO()
    out.write(_BOM)
    writer = csv.writer(out)
    writer.writerows([table.heads, *([_safe(cell) for cell in row] for row in table.rows)])
    return File(CSV, f"{table.name}.csv", out.getvalue())


def as_xlsx(table: Table) -> File:
    """A workbook with one sheet."""
    import xlsxwriter  # a fifth of a second, for this alone

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        page = book.add_worksheet(table.name[:31])
        page.write_row(0, 0, table.heads, book.add_format({"bold": True}))
        for number, row in enumerate(table.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(number, column, cell)
                elif cell is not None:
                    page.write_number(number, column, cell)
        page.freeze_panes(1, 0)
        page.autofit()
    return File(XLSX, f"{table.name}.xlsx", out.getvalue())


def as_page(found: SheetOut) -> File:
    """月报: one organisation's report as a page of A4."""
    one, before, times = found.standing, found.before, found.times
    names = {each.code: each.name.zh for each in found.indicators}
    changes = (
        [(names.get(each.code, each.code), _signed(each.points)) for each in before.contributions] if before else []
    )
    parts = [
        _table("主要数据", ("项目", "数值"), _head(found)),
        _table(
            "指标", ("指标", "值", "分子/分母", "得分", "权重", "贡献分"), [_line(each) for each in found.indicators]
        ),
        _table("指数变化由来", ("指标", "分"), changes),
        _table(
            "办理时长",
            ("办结件数", "中位数（工作日）", "九成以内（工作日）"),
            [(str(times.cases), _number(times.median_days), _number(times.p90_days))],
        ),
        _table("下级单位", ("单位", "指数", "名次"), [_part(each) for each in found.parts]),
        _table("勘误", ("时间", "原指数", "现指数"), [_erratum(each) for each in found.errata]),
    ]
    title = f"{one.name.zh}　{found.stamp.period} 公安政务服务指标报告"
    text = _PAGE.format(title=escape(title), stamp=escape(_stamp(found.stamp)), body="".join(parts))
    return File(HTML, f"report-{found.stamp.period}-{one.org}.html", text)


_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title><style>
@page {{ size: A4; margin: 18mm 16mm }}
body {{ font: 10.5pt/1.5 "FangSong", "STFangsong", serif; max-width: 178mm; margin: 8mm auto; color: #000 }}
h1 {{ font: bold 18pt "SimHei", sans-serif; text-align: center; margin: 0 0 4mm }}
h2 {{ font: bold 12pt "SimHei", sans-serif; margin: 6mm 0 2mm; break-after: avoid }}
p {{ text-align: center; font-size: 9pt; color: #444 }}
table {{ width: 100%; border-collapse: collapse }}
th, td {{ border: .3pt solid #666; padding: 1mm 2mm; text-align: right }}
th {{ background: #eee }}
th:first-child, td:first-child {{ text-align: left }}
thead {{ display: table-header-group }}
tr {{ break-inside: avoid }}
</style></head><body><h1>{title}</h1><p>{stamp}</p>{body}</body></html>
"""


def _head(found: SheetOut) -> list[tuple[str, str]]:
    one, before = found.standing, found.before
    return [
        ("指数", _number(one.index)),
        ("等次", _band(one.band) or "—"),
        ("本级名次", _number(one.rank)),
        ("同上级名次", _number(one.rank_beside)),
        ("收件数", str(one.volume)),
        (f"较 {before.period}" if before else "较上期", _signed(before.change) if before else "—"),
    ]


def _line(one: ValueOut) -> tuple[str, ...]:
    value = f"— {_why(one.why)}" if one.value is None else _percent(one.value)
    counts = f"{one.numerator}/{one.denominator}"
    return one.name.zh, value, counts, _number(one.score), _percent(one.share), _number(one.points)


def _part(one: PartOut) -> tuple[str, ...]:
    return one.name.zh, _number(one.index), _number(one.rank_beside)


def _erratum(one: ErratumOut) -> tuple[str, ...]:
    return f"{one.at:%Y-%m-%d}", _number(one.index_was), _number(one.index_now)


def _table(title: str, heads: Iterable[str], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


def _stamp(stamp: Stamp) -> str:
    closed = f"；{stamp.closed_at:%Y-%m-%d} 月结" if stamp.closed_at else "；未月结"
    return (
        f"{stamp.from_day} 至 {stamp.to_day}；数据截至 {stamp.as_of:%Y-%m-%d %H:%M}；公式 {stamp.formula}；"
        f"隔离区记录 {stamp.quarantined} 条{closed}"
    )


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _why(code: str | None) -> str:
    return _WHY.get(code, code) if code else ""


def _band(code: str | None) -> str:
    return _BANDS.get(code, code) if code else ""


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"


def _signed(value: float | None) -> str:
    return "—" if value is None else f"{value:+.2f}"


def _percent(value: float) -> str:
    return f"{value * 100:.2f}%"
