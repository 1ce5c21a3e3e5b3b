"""The assessment sheet of a city through the door: what it is judged by, and that it adds up."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.flow.conftest import NINE, Hub, problem
from tests.flow.test_centres import publish, told
from tests.flow.test_index_files import XLSX, cells
from tests.flow.test_indices import HAISHU_HEAD, HEAD, NINGBO_HEAD, compute, late, settled
from tests.support.town import HAISHU, HANGZHOU, JIANGBEI, NINGBO, PUBLISHER, WHOLE, ZHEJIANG, hotel

XIHU = "330106"


def assessed(hub: Hub, period: str = "2026-03", city: str = NINGBO, who: Any = NINGBO_HEAD) -> Any:
    return hub.get(f"/v1/assessments/{period}/{city}", who)


def by_code(found: Any) -> dict[str, Any]:
    return {line["code"]: line for line in found["lines"]}


@pytest.fixture
def year(hub: Hub) -> Hub:
    """Two cities with cases in February and March, and the progress of some centres."""
    publish(hub, ZHEJIANG, told(operating="2023-05-01"))
    publish(hub, NINGBO, told(listed="2022-06-01", operating="2022-11-15"))
    publish(hub, HAISHU, told(listed="2022-07-01", operating="2023-01-10"))
    publish(hub, JIANGBEI, told(listed="2022-07-01"))
    settled(hub, 31)
    hub.life(hub.file(), *WHOLE)
    hub.file(hotel(organisation=XIHU))
    hub.cloud.set_clock(NINE.replace(month=4, day=20))
    hub.life(hub.file(), *WHOLE)
    compute(hub)
    return hub


def test_points_sum_to_the_index_and_changes_to_its_change(year: Hub) -> None:
    for period in ("2026-03", "2026-04", "2026-Q1"):
        found = assessed(year, period)
        whole = sum(round(line["points"] * 100) for line in found["lines"] if line["points"] is not None)
        assert whole == round(found["standing"]["index"] * 100) == round(found["total"] * 100), period
    found = assessed(year, "2026-04")
    added = sum(round(line["added"] * 100) for line in found["lines"] if line["added"] is not None)
    assert added == round(found["before"]["change"] * 100)
    assert {one["org"] for one in found["parts"]} >= {HAISHU}
    document = year.get(f"/v1/indices/2026-03/{NINGBO}", HEAD)
    values = {line["code"]: (line["numerator"], line["denominator"]) for line in assessed(year)["lines"]}
    assert values == {one["code"]: (one["numerator"], one["denominator"]) for one in document["indicators"]}
    lines = by_code(assessed(year))
    assert (lines["online_rate"]["target"], lines["online_rate"]["floor"], lines["online_rate"]["weight"]) == (
        *(0.85, 0.4),
        0.14,
    )
    assert (lines["online_rate"]["rank"], lines["online_rate"]["peers"]) == (1, 1)  # Hangzhou has too few to be ranked


def test_progress_that_was_told_after_the_last_run_is_not_called_missing(hub: Hub) -> None:
    settled(hub, 1)
    compute(hub)
    path = f"/v1/assessments/2026-03/{NINGBO}?format=html"
    assert "尚未上报建设进度" in hub.ask("GET", path, NINGBO_HEAD).body.decode()
    publish(hub, HAISHU, told(listed="2022-07-01"))
    assert "建设进度已上报，尚未计入本期指标" in hub.ask("GET", path, NINGBO_HEAD).body.decode()


def test_a_city_is_assessed_with_construction_in_its_scope_and_in_four_forms(year: Hub) -> None:
    found = assessed(year)["construction"]
    assert (found["operating"], found["due"]) == (2, 11)
    targets = {one["code"]: one for one in found["targets"]}
    assert list(targets) == ["pilot_cities", "whole_province"]  # Ningbo is a pilot city
    assert (targets["pilot_cities"]["needed"], targets["pilot_cities"]["gap"]) == (11, 9)
    assert (targets["pilot_cities"]["in_force"], targets["pilot_cities"]["met"]) == (True, False)
    centres = {one["org"]: one for one in found["centres"]}
    assert len(centres) == 11
    assert (centres[NINGBO]["operating_since"], centres[NINGBO]["days_late"]) == ("2022-11-15", 0)
    assert (centres[HAISHU]["due"], centres[HAISHU]["days_late"]) == ("2022-12-31", 10)
    assert centres[JIANGBEI]["stage"] == "listed"
    assert centres[JIANGBEI]["days_late"] > 1000  # it is late until now
    assert centres["330212"]["stage"] is None
    whole = {one["code"]: one for one in assessed(year, city=ZHEJIANG, who=HEAD)["construction"]["targets"]}
    assert {code: (one["due"], one["operating"]) for code, one in whole.items()} == {
        "pilot_cities": (45, 2),
        "other_cities": (56, 0),
        "whole_province": (102, 3),
    }
    assert whole["other_cities"]["needed"] == 28
    before = {one["code"]: one for one in assessed(year, "2022-11")["construction"]["targets"]}
    assert [one["in_force"] for one in before.values()] == [False, False]
    after = {one["code"]: one for one in assessed(year, "2022-12")["construction"]["targets"]}
    assert (after["pilot_cities"]["in_force"], after["pilot_cities"]["operating"]) == (True, 1)
    path = f"/v1/assessments/2026-03/{NINGBO}"
    problem(year.ask("GET", path, HAISHU_HEAD), 403, "forbidden")
    problem(year.ask("GET", f"/v1/assessments/2026-03/{HANGZHOU}", NINGBO_HEAD), 403, "forbidden")
    problem(year.ask("GET", f"/v1/assessments/2026-03/{HAISHU}", HEAD), 404, "not_found")
    problem(year.ask("GET", f"/v1/assessments/2019-01/{NINGBO}", HEAD), 404, "not_found")
    assert assessed(year, who=HEAD)["stamp"]["formula"] == "core@1"
    opens_as_csv_spreadsheet_and_page(year)


def opens_as_csv_spreadsheet_and_page(year: Hub) -> None:
    assert year.ask("POST", "/v1/indices/2026-03/close", HEAD).status == 200
    late(year)
    publish(year, HAISHU, told(listed="2022-07-01", operating="2026-04-10"))  # told otherwise since
    retired = {**year.get(f"/v1/organisations/{JIANGBEI}")["document"], "status": "retired"}
    assert year.ask("PUT", f"/v1/organisations/{JIANGBEI}", PUBLISHER, retired).status == 201
    compute(year)
    (erratum,) = assessed(year)["errata"]
    changed = {one["code"]: (one["was"], one["now"]) for one in erratum["indicators"]}
    assert changed["operating_rate"] == ([2, 11], [1, 10])
    assert "instant_items_rate" not in changed
    assert assessed(year)["construction"]["operating"] == 2  # a closed month is shown as it was closed
    found, path = assessed(year), f"/v1/assessments/2026-03/{NINGBO}?format="
    rows = list(csv.DictReader(io.StringIO(year.ask("GET", path + "csv", HEAD).body.decode()[1:])))
    assert [row["指标"] for row in rows[:-1]] == [line["name"]["zh"] for line in found["lines"]]
    assert float(rows[-1]["得分贡献"]) == found["total"]
    problem(year.ask("GET", path + "xlsx", HEAD), 422, "invalid_input", "Accept")
    book = year.ask("GET", path + "xlsx", HEAD, headers={"Accept": XLSX})
    assert len(cells(book.body)) == len(found["lines"]) + 2
    page = year.ask("GET", path + "html", NINGBO_HEAD).body.decode()
    assert all(f"<td>{line['name']['zh']}</td>" in page for line in found["lines"])
    for part in ("2026年3月考核表", "中心建设进度", "下级单位对照", "勘误", "数据截至", "指标说明"):
        assert part in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
