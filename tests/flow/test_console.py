"""The console of a local run: states of alarms, the pages, and what is asked of them wrongly."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from infra.watch import alarms
from tests.flow.conftest import Hub, problem
from tests.flow.test_boards import BODIES, PLACE
from tests.flow.test_quarantine import break_one
from tests.support.declared import WATCHED
from tests.support.town import HAISHU, WHOLE

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

# Alarms


def states(hub: Hub) -> dict[str, Any]:
    return {one["name"]: one for one in hub.get("/_local/alarms")["alarms"]}


def test_alarms_are_judged_by_what_was_measured_and_say_why_and_what_to_do(hub: Hub) -> None:
    calm = states(hub)
    assert {one.name for one in alarms.alarms(WATCHED, PLACE)} == calm.keys()
    assert calm["records-quarantined"]["state"] == "OK"
    break_one(hub)
    for _ in range(60):
        assert hub.ask("GET", f"/v1/desk?org={HAISHU}", headers={"Authorization": "Bearer bad"}).status == 401
    hub.cloud.drain()
    hub.cloud.advance(300)
    for _ in range(60):
        hub.ask("GET", f"/v1/desk?org={HAISHU}", headers={"Authorization": "Bearer bad"})
    found = states(hub)
    aside = found["records-quarantined"]
    assert (aside["state"], aside["runbook"], aside["urgency"]) == ("ALARM", "records-quarantined", "page")
    assert "latest 0, threshold 0" in aside["reason"]["en"]
    assert "1个越限" in aside["reason"]["zh-CN"]
    assert found["tokens-refused"]["state"] == "ALARM"
    assert found["slo-availability-14.4x"]["state"] == "OK"
    assert found["sweep_deadlines-silent"]["state"] == "OK"  # what fell due has run when alarms are asked for
    runbook = hub.ask("GET", "/_page/runbook.md").body.decode()
    assert all(f"\n## {one['runbook']}\n" in runbook for one in found.values())


def test_what_no_local_run_can_know_is_neither_well_nor_ill(hub: Hub) -> None:
    found = states(hub)
    unknown = {name for name, one in found.items() if one["state"] is None}
    assert {"cases-throttled", "cases.desk-throttled", "cases-system-errors", "account-concurrency"} <= unknown
    assert {found[name]["reason"]["en"] for name in unknown} == {"not measured locally"}
    assert found["api_handler-throttled"]["state"] == "OK"


# The page


@pytest.mark.parametrize("board", BODIES)
def test_a_dashboard_is_shown_as_it_stands_in_the_stack(board: str, hub: Hub) -> None:
    assert hub.get(f"/_local/dashboards/{board}") == BODIES[board]
    assert board in {each["name"] for each in hub.get("/_local/dashboards")["dashboards"]}
    page = hub.ask("GET", f"/dashboards/{board}")
    assert page.status == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self'")


def test_every_file_that_a_page_asks_for_is_there_and_comes_from_this_machine(hub: Hub) -> None:
    waiting, seen = ["/dashboards", "/runbook"], set[str]()
    while waiting:
        path = waiting.pop()
        reply = hub.ask("GET", path)
        assert reply.status == 200, path
        seen.add(path)
        text = reply.body.decode()
        assert not re.search(r"(?:src|href)=[\"']https?:", text), path
        named = re.findall(r"(?:src|href)=\"(/[^\"]*)\"", text) + re.findall(r"fetch\(\"([^\"]+)\"\)", text)
        named += [f"/_page/{name}" for name in re.findall(r"from \"\./([^\"]+)\"", text)]
        waiting += [
            each for each in named if each not in seen and not each.startswith("/_page/swagger") and each != "/"
        ]
    assert {"/_page/chart.js", "/_page/markdown.js", "/_page/theme.js", "/_page/runbook.md"} <= seen


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
@pytest.mark.parametrize("board", BODIES)
def test_a_browser_draws_every_widget_and_nothing_in_one_can_act(
    board: str, hub: Hub, url: str, tmp_path: Path
) -> None:
    hub.life(hub.file(), *WHOLE)
    hub.cloud.run_schedule("compute_indices")
    page = rendered(f"{url}/dashboards/{board}?range=1d", tmp_path)
    assert 'data-ready="yes"' in page
    assert 'class="wrong"' not in page
    kinds = Counter(widget["type"] for widget in BODIES[board]["widgets"])
    for kind, number in kinds.items():
        assert len(re.findall(f'class="widget {kind}[" ]', page)) == number, kind
    drawn = len(re.findall('<svg |class="nothing"|class="number"', page))
    assert drawn >= kinds["metric"]
    assert page.count('<iframe sandbox=""') == kinds["custom"]
    assert "<svg " in page


def rendered(url: str, profile: Path) -> str:
    """What a browser makes of a page, as HTML."""
    assert CHROMIUM is not None
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]
    command += [f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom", url]
    return run(command, capture_output=True, text=True, check=True, timeout=120).stdout


ROW = ["Zhongshu", "CasesReceived", {"id": "m0", "stat": "Sum", "label": "l"}]
ASKED: dict[str, Any] = {
    "metrics": [ROW],
    "period": 60,
    "from": "2026-03-02T08:00:00+08:00",
    "to": "2026-03-02T09:00:00+08:00",
}
WRONG = [
    ("from", {"from": "yesterday"}),
    ("to", {"to": "2026-03-02T07:00:00+08:00"}),
    ("period", {"period": 45}),
    ("period", {"from": "2025-03-02T08:00:00+08:00"}),
    ("metrics", {"metrics": None}),
    ("metrics", {"metrics": ["Zhongshu"]}),
    ("metrics", {"metrics": [["Zhongshu", "CasesReceived"]]}),
    ("metrics", {"metrics": [[*ROW[:2], {"id": "m0", "stat": "Most"}]]}),
    ("metrics", {"metrics": [ROW, [{"id": "e", "expression": "m1 * 2"}]]}),
    ("metrics", {"metrics": [ROW, [{"id": "e", "expression": "m0 *"}]]}),
]


@pytest.mark.parametrize(("field", "change"), WRONG)
def test_what_is_asked_wrongly_of_metrics_is_said(field: str, change: dict[str, Any], hub: Hub) -> None:
    assert hub.ask("POST", "/_local/metrics", None, ASKED).status == 200
    problem(hub.ask("POST", "/_local/metrics", None, {**ASKED, **change}), 422, "invalid_input", field)


def test_a_dashboard_that_there_is_not_is_told_with_those_that_there_are(hub: Hub) -> None:
    refused = problem(hub.ask("GET", "/_local/dashboards/nobody"), 404, "not_found")
    assert all(board in refused["text"]["en"] for board in BODIES)
