"""Tables of indices as files: CSV and spreadsheets.

Numbers are numbers. A text that a spreadsheet would take for a formula is marked as text, because names come from a
registry that many write to. This module must not know where numbers come from.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.calendar import SHANGHAI
from chalicelib.http.files import File
from chalicelib.http.shapes import CSV, XLSX, RankingOut, SheetOut, Stamp
from chalicelib.http.words import invalid

Cell = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"  # without it spreadsheets read Chinese wrongly
WHY = {"no_cases": "无数据", "not_pooled": "全省本期无此类数据", "too_few": "件数不足，不参与排名"}
_BANDS = {"green": "绿", "yellow": "黄", "red": "红"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its title, the name of its file, heads and rows; None is a cell that cannot be measured. `label` is
    what its sheet is called; columns in `shares` are shown in per cent; `total`: the last row sums the others up."""

    title: str
    name: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    label: str = ""
    shares: frozenset[int] = frozenset()
    total: bool = False


def of_ranking(found: RankingOut) -> Table:
    """The table of a ranking."""
    heads = ("名次", "单位代码", "单位", "指数", "等次", "收件数", "同级同上级名次", "说明")
    rows = [
        (one.rank, one.org, one.name.zh, one.index, _band(one.band), one.volume, one.rank_beside, why(one.why))
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
            why(one.why),
        )
        for one in found.indicators
    ]
    title = f"{found.standing.name.zh} {found.stamp.period} 指标"
    name = f"indicators-{found.stamp.period}-{found.standing.org}"
    return Table(title, name, heads, rows, shares=frozenset({2, 6}))


def of_stamp(found: Stamp) -> Table:
    """The table that says of all others in its file what they are numbers of, and as of when."""
    closed = _minute(found.closed_at) if found.closed_at else "未月结"
    rows: list[tuple[Cell, ...]] = [
        ("统计周期", f"{found.period}（{found.from_day} 至 {found.to_day}）"),
        ("数据截至", _minute(found.as_of)),
        ("月结时间", closed),
        ("公式版本", found.formula),
        ("隔离区记录数", found.quarantined),
    ]
    return Table(f"{found.period} 口径", f"stamp-{found.period}", ("项目", "内容"), rows, label="口径")


def as_file(form: str, accept: str, tables: Sequence[Table]) -> File:
    """Tables as a file, xlsx or csv; as csv the first of them. API Gateway hands bytes on only to whom says that they
    are accepted."""
    if form == "csv":
        return as_csv(tables[0])
    if accept.split(",")[0].split(";")[0].strip() != XLSX:
        raise invalid(
            "Accept",
            "wrong_form",
            f"下载xlsx时Accept须为 {XLSX}；或用 format=csv",
            f"xlsx needs Accept: {XLSX}; or take csv",
        )
    return as_xlsx(tables)


def as_csv(table: Table) -> File:
    """UTF-8 with a byte order mark, RFC 4180."""
    out = io.StringIO()
    out.write(_BOM)
    writer = csv.writer(out)
    writer.writerows([table.heads, *([_safe(cell) for cell in row] for row in table.rows)])
    return File(CSV, f"{table.name}.csv", out.getvalue())


def as_xlsx(tables: Sequence[Table]) -> File:
    """A workbook with one sheet a table: heads stay in sight, a printed page is as wide as its table."""
    import xlsxwriter  # a fifth of a second, for this alone

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.formats[0].set_font_size(10)
        for table in tables:
            _write(book, book.add_worksheet(table.label or table.name[:31]), table)
    return File(XLSX, f"{tables[0].name}.xlsx", out.getvalue())


def _write(book: Any, page: Any, table: Table) -> None:
    framed = {"border": 1, "border_color": "#999999", "font_size": 10, "valign": "vcenter"}
    heads = book.add_format({**framed, "bold": True, "bg_color": "#E8EEF4", "text_wrap": True, "align": "center"})
    plain, last = book.add_format(framed), book.add_format({**framed, "bold": True, "top": 2, "num_format": "0.00"})
    share, point = (book.add_format({**framed, "num_format": form}) for form in ("0.00%", "0.00"))
    page.write_row(0, 0, table.heads, heads)
    for number, row in enumerate(table.rows, start=1):
        total = table.total and number == len(table.rows)
        for column, cell in enumerate(row):
            numeric = share if column in table.shares else point if isinstance(cell, float) else plain
            _write_cell(page, number, column, cell, last if total and not isinstance(cell, int) else numeric)
    page.set_header(f"&C&14{table.title.replace('&', '&&')}")
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.freeze_panes(1, 1)
    _set_widths(page, table)


def _write_cell(page: Any, row: int, column: int, cell: Cell, look: Any) -> None:
    if isinstance(cell, str):
        page.write_string(row, column, cell, look)
    elif cell is None:
        page.write_blank(row, column, None, look)
    else:
        page.write_number(row, column, cell, look)


def _set_widths(page: Any, table: Table) -> None:
    """Columns as wide as what stands in them; a Chinese character takes the place of two. Heads are wrapped."""
    lines = 1
    for column, head in enumerate(table.heads):
        texts = [cell for row in table.rows if column < len(row) and isinstance(cell := row[column], str)]
        widest = max((_width(text) for text in texts), default=0) + 2
        width = min(max(widest, min(_width(head) + 2, 14), 9), 48)
        lines = max(lines, -(-_width(head) // (width - 2)))
        page.set_column(column, column, width)
    page.set_row(0, 15 * lines + 6)


def _width(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def why(code: str | None) -> str:
    """Why something cannot be measured or ranked, in words."""
    return WHY.get(code, code) if code else ""


def _minute(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _band(code: str | None) -> str:
    return _BANDS.get(code, code) if code else ""
