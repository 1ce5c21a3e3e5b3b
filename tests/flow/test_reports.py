"""Monthly reports through the door: a month is closed, the schedule writes, who may reads; what is written stays."""

from __future__ import annotations

import contextlib
import importlib
from itertools import count
from typing import Any

from tests.flow.conftest import NINE, Hub, problem
from tests.flow.test_centres import publish, told
from tests.flow.test_comparing import Clock
from tests.flow.test_indices import HAISHU_HEAD, HEAD, NINGBO_HEAD, compute, late, settled, sheet
from tests.support.town import HAISHU, JIANGBEI, NANMEN, NINGBO, PUBLISHER, WHOLE, ZHANG, ZHEJIANG
from tests.support.wire import Call, Death, Send, tapped


def listed(hub: Hub, who: Any = HEAD, limit: int = 100) -> list[tuple[str, int]]:
    """Every edition of March that somebody may read, page by page."""
    found, cursor = list[tuple[str, int]](), ""
    while True:
        page = hub.get(f"/v1/reports/2026-03?limit={limit}{cursor}", who)
        found += [(one["org"], one["edition"]) for one in page["items"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def page(hub: Hub, org: str, who: Any = HEAD, query: str = "") -> str:
    reply = hub.ask("GET", f"/v1/reports/2026-03/{org}{query}", who)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8"), reply.body.decode()
    return reply.body.decode()


def test_a_closed_month_is_reported_once_and_a_correction_is_a_further_edition(hub: Hub) -> None:
    publish(hub, NINGBO, told(operating="2022-11-15"))
    settled(hub, 30)
    hub.life(hub.file(), *WHOLE)
    compute(hub)
    hub.cloud.run_schedule("write_reports")
    found = problem(hub.ask("GET", f"/v1/reports/2026-03/{HAISHU}", HEAD), 404, "not_found")
    assert "once a month is closed" in found["text"]["en"]
    assert "2026-03" not in hub.get("/v1/reports", HEAD)["periods"]
    hub.cloud.set_clock(NINE.replace(month=4, day=6, hour=10))  # the schedules close March and write
    everybody = [(code, 1) for code in (ZHEJIANG, NINGBO, HAISHU, NANMEN)]
    assert listed(hub) == listed(hub, limit=1) == everybody
    assert hub.get("/v1/reports", HAISHU_HEAD)["periods"][0] == "2026-03"
    first = page(hub, HAISHU, HAISHU_HEAD)
    index = sheet(hub, "2026-03", HAISHU)["standing"]["index"]
    for part in (
        "2026年3月公安政务服务报告",
        f"<b>{index:.2f}</b>",
        "第1版",
        "月结",
        "核心指标",
        "中心建设进度",
        "指标说明",
    ):
        assert part in first, part
    assert "<h2>勘误</h2>" not in first
    late(hub)
    compute(hub)
    for _ in range(2):  # again changes nothing
        hub.cloud.run_schedule("write_reports")
        corrected = [(ZHEJIANG, 2), (NINGBO, 2), (HAISHU, 2)]
        assert listed(hub) == sorted(everybody + corrected)
    second = page(hub, HAISHU)
    assert "第2版（勘误）" in second
    assert "<h2>勘误</h2>" in second
    assert "按时办结率 31/31 → 31/32" in second
    assert f"<b>{index:.2f}</b>" in second  # it is told as it was closed
    assert page(hub, HAISHU, query="?edition=1") == first
    editions = hub.get(f"/v1/reports/2026-03/{HAISHU}?format=json", HAISHU_HEAD)["items"]
    assert [one["edition"] for one in editions] == [1, 2]
    refused = problem(hub.ask("GET", f"/v1/reports/2026-03/{HAISHU}?edition=3", HEAD), 404, "not_found")
    assert "1, 2" in refused["text"]["en"]
    # who may read
    assert listed(hub, HAISHU_HEAD) == [(HAISHU, 1), (HAISHU, 2), (NANMEN, 1)]
    for path, who in ((NINGBO, HAISHU_HEAD), (ZHEJIANG, NINGBO_HEAD), (JIANGBEI, HAISHU_HEAD)):
        problem(hub.ask("GET", f"/v1/reports/2026-03/{path}", who), 403, "forbidden")
    for path in ("", "/2026-03", f"/2026-03/{HAISHU}"):
        problem(hub.ask("GET", f"/v1/reports{path}", ZHANG), 403, "forbidden")
    assert "2026-03" in problem(hub.ask("GET", f"/v1/reports/2026-02/{HAISHU}", HEAD), 404, "not_found")["text"]["en"]


def test_a_report_stays_as_it_was_written_whatever_is_published_since(hub: Hub) -> None:
    hub.file()
    compute(hub)
    hub.cloud.set_clock(NINE.replace(month=4, day=6, hour=10))
    first = page(hub, HAISHU)
    path = f"/v1/organisations/{HAISHU}"
    known: dict[str, Any] = hub.get(path, PUBLISHER)["document"]
    renamed = {**known, "name": {"zh": "<b>海曙</b>", "en": "Haishu"}}
    assert hub.ask("PUT", path, PUBLISHER, renamed).status == 201
    hub.cloud.set_clock(NINE.replace(month=4, day=7, hour=10))
    assert page(hub, HAISHU, query="?edition=1") == first
    asked = hub.ask("GET", f"/v1/indices/2026-03/{HAISHU}?format=html", HEAD).body.decode()
    assert "&lt;b&gt;海曙" in asked


def closed(hub: Hub) -> list[tuple[str, int]]:
    """March is closed by hand and nothing was written of it yet; gives what there will be."""
    hub.cloud.buckets.empty()
    assert hub.ask("POST", "/v1/indices/2026-03/close", HEAD).status == 200
    assert listed(hub) == []
    return [(code, 1) for code in (ZHEJIANG, NINGBO, HAISHU, NANMEN)]


def dies(hub: Hub, number: int) -> bool:
    """Whether a run came as far as the call of this number, before which it dies."""
    came: list[Call] = []

    def handle(call: Call, send: Send) -> Any:
        if call.number == number:
            came.append(call)
            raise Death
        return send()

    with tapped(handle), contextlib.suppress(Death):
        hub.cloud.run_schedule("write_reports")
    return bool(came)


def test_runs_that_are_cut_short_or_die_leave_the_rest_to_the_next(hub: Hub) -> None:
    settled(hub, 2)
    hub.cloud.drain()
    hub.cloud.set_clock(NINE.replace(month=4, day=2))
    wanted = closed(hub)
    for number in range(1, len(wanted) + 1):
        with hub.cloud.metrics.caught():
            event = hub.cloud.scheduler._event("write_reports")
            importlib.import_module("app").write_reports(event, Clock(1))
        assert len(listed(hub)) == number
    hub.cloud.run_schedule("write_reports")
    assert listed(hub) == wanted
    for number in count():
        closed(hub)
        if not dies(hub, number):
            break
        hub.cloud.run_schedule("write_reports")
        assert listed(hub) == wanted, number
    assert number > 3
