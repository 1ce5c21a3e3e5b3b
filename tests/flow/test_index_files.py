"""Tables of indices as files: they open as what they are, numbers are numbers, and no name becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.flow.conftest import NINE, Hub, problem
from tests.flow.test_indices import HAISHU_HEAD, HEAD, compute, late, settled, sheet
from tests.support.town import HAISHU, JIANGBEI, NANMEN, NINGBO, PUBLISHER, WHOLE

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RANKING = "/v1/indices/2026-03?level=station&format="
EVIL = '=HYPERLINK("http://example.cn","南门")'


@pytest.fixture
def computed(hub: Hub) -> Hub:
    settled(hub, 30)
    hub.life(hub.file(), *WHOLE)
    compute(hub)
    return hub


def rows(text: str) -> list[dict[str, str]]:
    assert text[0] == "\ufeff"
    return list(csv.DictReader(io.StringIO(text[1:])))


def cells(content: bytes) -> list[list[tuple[str, str | None]]]:
    """The cells of a workbook's first sheet, each with its type (`s`: a text)."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
        strings = [
            "".join(each.itertext())
            for each in ElementTree.fromstring(book.read("xl/sharedStrings.xml")).findall("m:si", names)
        ]
        page = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert page.findall(".//m:f", names) == []  # no formula anywhere
        found = []
        for row in page.findall(".//m:row", names):
            here = []
            for each in row.findall("m:c", names):
                value, kind = each.findtext("m:v", default="", namespaces=names), each.get("t")
                here.append((strings[int(value)] if kind == "s" else value, kind))
            found.append(here)
        return found


def test_a_ranking_as_csv_says_what_the_document_says(computed: Hub) -> None:
    reply = computed.ask("GET", RANKING + "csv", HEAD)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    found = rows(reply.body.decode())
    told = computed.get(RANKING + "json", HEAD)["items"]
    assert [one["单位代码"] for one in found] == [one["org"] for one in told]
    assert (found[0]["名次"], float(found[0]["指数"])) == ("1", told[0]["index"])
    assert (found[1]["名次"], found[1]["指数"], found[1]["说明"]) == ("", "", "无数据")


def test_a_spreadsheet_holds_numbers_as_numbers(computed: Hub) -> None:
    problem(computed.ask("GET", RANKING + "xlsx", HEAD), 422, "invalid_input", "Accept")
    reply = computed.ask("GET", RANKING + "xlsx", HEAD, headers={"Accept": XLSX})
    assert (reply.status, reply.headers["content-type"]) == (200, XLSX)
    head, first, *_ = cells(reply.body)
    assert [text for text, _ in head][:4] == ["名次", "单位代码", "单位", "指数"]
    assert [first[0], first[1], first[5]] == [("1", None), (NANMEN, "s"), ("30", None)]
    sheets = computed.ask("GET", f"/v1/indices/2026-03/{HAISHU}?format=xlsx", HEAD, headers={"Accept": XLSX})
    assert len(cells(sheets.body)) == len(computed.get("/v1/indicators")["items"]) + 1


def test_every_workbook_says_what_its_numbers_are_of_and_as_of_when(computed: Hub) -> None:
    stamp = computed.get(f"/v1/indices/2026-03/{NINGBO}", HEAD)["stamp"]
    for path in ("/v1/indices/2026-03?", f"/v1/indices/2026-03/{NINGBO}?", f"/v1/assessments/2026-03/{NINGBO}?"):
        book = zipfile.ZipFile(
            io.BytesIO(computed.ask("GET", f"{path}format=xlsx", HEAD, headers={"Accept": XLSX}).body)
        )
        assert "口径" in book.read("xl/workbook.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
        as_of = f"{stamp['as_of'][:10]} {stamp['as_of'][11:16]}"
        assert all(f"<t>{text}</t>" in strings for text in ("数据截至", as_of, "未月结", stamp["formula"]))


def test_a_name_that_looks_like_a_formula_stays_a_text(computed: Hub) -> None:
    path = f"/v1/organisations/{NANMEN}"
    known: dict[str, Any] = computed.get(path, PUBLISHER)["document"]
    changed = {**known, "name": {"zh": EVIL, "en": "x"}}
    assert computed.ask("PUT", path, PUBLISHER, changed).status == 201
    found = rows(computed.ask("GET", RANKING + "csv", HEAD).body.decode())
    assert found[0]["单位"] == f"'{EVIL}"
    reply = computed.ask("GET", RANKING + "xlsx", HEAD, headers={"Accept": XLSX})
    assert cells(reply.body)[1][2] == (EVIL, "s")
    page = computed.ask("GET", f"/v1/indices/2026-03/{NANMEN}?format=html", HEAD).body.decode()
    assert "=HYPERLINK(&#34;http://example.cn&#34;" in page


def test_a_report_is_a_page_to_print(computed: Hub) -> None:
    computed.cloud.set_clock(NINE.replace(month=4, day=2))
    assert computed.ask("POST", "/v1/indices/2026-03/close", HEAD).status == 200
    late(computed)
    compute(computed)
    reply = computed.ask("GET", f"/v1/indices/2026-03/{HAISHU}?format=html", HAISHU_HEAD)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'unsafe-inline'" in reply.headers["content-security-policy"]  # else a browser shows it bare
    page = reply.body.decode()
    found = sheet(computed, "2026-03", HAISHU)
    assert "size: A4" in page
    assert f"<b>{found['standing']['index']:.2f}</b><span>核心指标指数</span>" in page
    assert all(f"<td>{one['name']['zh']}</td>" in page for one in found["indicators"])
    assert re.search(r"群众满意率</td><td class=\"mid\">—</td><td>— <small>全省本期无此类数据", page)
    assert "月结" in page
    assert "<h2>勘误</h2>" in page
    assert "<h2>下级单位</h2>" in page
    problem(computed.ask("GET", f"/v1/indices/2026-03/{JIANGBEI}?format=html", HAISHU_HEAD), 403, "forbidden")
    problem(computed.ask("GET", RANKING + "pdf", HEAD), 422, "invalid_input", "format")
