"""HTML for a widget of CloudWatch: tables and lines of text, legible in the light and in the dark, with nothing but
tags and one style sheet, because scripts are taken out there. Whatever is written into it is escaped here. This module
must not know what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# Text, lines, heads, then red, yellow, green; each on its ground at a contrast of 4.5 and more (WCAG AA).
LIGHT = ("#16191f", "#d5dbdb", "#f2f3f3", "#c0180c", "#8a5a00", "#0b6e2f")
DARK = ("#e9ebed", "#414d5c", "#192534", "#ff8a80", "#f2c94c", "#6fcf97")
_STYLE = """<style>
.zs {{ font: 13px/1.4 "Noto Sans SC", "Microsoft YaHei", sans-serif; color: {0} }}
.zs table {{ width: 100%; border-collapse: collapse; font: inherit; color: inherit }}
.zs th {{ background: {2}; font-weight: 600; position: sticky; top: 0 }}
.zs th, .zs td {{ padding: 3px 8px; border-bottom: 1px solid {1}; text-align: left }}
.zs .n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }}
.zs .red {{ color: {3} }} .zs .yellow {{ color: {4} }} .zs .green {{ color: {5} }}
.zs .red::before, .zs .yellow::before, .zs .green::before {{ content: "● " }}
.zs p {{ margin: 6px 8px }}
</style>"""


@dataclass(frozen=True, slots=True)
class Words:
    """The same in two languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its head; numbers stand on the right."""

    head: Words
    number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell; `light`: red, yellow or green."""

    what: Words | str
    light: str = ""


def page(parts: Sequence[str | Words], *, english: bool, dark: bool) -> str:
    """A page of tables (strings that `table` gave) and paragraphs (Words)."""
    style = _STYLE.format(*(DARK if dark else LIGHT))
    told = "".join(f"<p>{_text(part, english)}</p>" if isinstance(part, Words) else part for part in parts)
    lang = "en" if english else "zh-CN"
    return f'{style}<div class="zs cwdb-no-default-styles" lang="{lang}">{told}</div>'


def table(columns: Sequence[Column], lines: Sequence[Sequence[Cell]], more: int, *, english: bool) -> str:
    """A table; `more`: how many lines there was no room for."""
    heads = "".join(f'<th{_class(column)} scope="col">{_text(column.head, english)}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_class(column, cell.light)}>{_text(cell.what, english)}</td>"
            for column, cell in zip(columns, line, strict=True)
        )
        + "</tr>"
        for line in lines
    )
    rest = Words(f"另有 {more} 行；放大部件可见", f"{more} more lines; a larger widget shows them")
    below = f"<p>{_text(rest, english)}</p>" if more > 0 else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{below}"


def _class(column: Column, light: str = "") -> str:
    names = " ".join(name for name in ("n" if column.number else "", light) if name)
    return f' class="{names}"' if names else ""


def _text(words: Words | str, english: bool) -> str:
    if isinstance(words, str):
        return escape(words)
    return escape(words.en if english else words.zh)
