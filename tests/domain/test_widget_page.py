"""The HTML of a widget: exactly this, escaped, and legible on a light and a dark ground."""

from __future__ import annotations

import pytest

from chalicelib.reactions import widget_page
from chalicelib.reactions.widget_page import Cell, Column, Words

COLUMNS = (Column(Words("单位", "Unit")), Column(Words("超期", "Overdue"), number=True))
LINES = [(Cell(Words("<海曙>", "Hai & shu")), Cell("3", light="red")), (Cell("江北"), Cell("0"))]
GOLDEN = (
    '<div class="zs cwdb-no-default-styles" lang="zh-CN"><table><thead><tr><th scope="col">单位</th>'
    '<th class="n" scope="col">超期</th></tr></thead><tbody><tr><td>&lt;海曙&gt;</td><td class="n red">3</td></tr>'
    '<tr><td>江北</td><td class="n">0</td></tr></tbody></table><p>另有 2 行；放大部件可见</p><p>截至 09:00</p></div>'
)


def page(*, english: bool = False, dark: bool = False) -> str:
    table = widget_page.table(COLUMNS, LINES, 2, english=english)
    return widget_page.page((table, Words("截至 09:00", "as of 09:00")), english=english, dark=dark)


def test_a_page_is_this_html() -> None:
    assert page().partition("</style>")[2] == GOLDEN


def test_in_english_it_says_the_same() -> None:
    html = page(english=True)
    assert "<td>Hai &amp; shu</td>" in html
    assert "<p>2 more lines; a larger widget shows them</p><p>as of 09:00</p></div>" in html
    assert 'lang="en"' in html


def luminance(colour: str) -> float:
    """The relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("colours", "ground"), [(widget_page.LIGHT, "#ffffff"), (widget_page.DARK, "#0f1b2a")])
def test_text_and_lights_stand_out_from_their_ground(colours: tuple[str, ...], ground: str) -> None:
    text, _, heads, *lights = colours
    assert all(contrast(colour, ground) >= 4.5 for colour in (text, *lights))
    assert contrast(text, heads) >= 4.5


def test_a_theme_has_colours_of_its_own() -> None:
    for dark, colours in ((False, widget_page.LIGHT), (True, widget_page.DARK)):
        style = page(dark=dark).partition("</style>")[0]
        assert all(colour in style for colour in colours)
