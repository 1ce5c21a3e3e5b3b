"""`./zs` as typed: against a server on loopback, and where none answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Any

import boto3
from typer.testing import CliRunner, Result

from infra.cli import demo_command
from infra.cli.commands import app
from infra.cli.hub import Hub as Client
from tests.flow.conftest import Hub

ROOT = Path(__file__).parents[2]
COMMANDS = [
    "demo",
    "replay",
    "audit",
    "case",
    "desk",
    "ask",
    "deadline",
    "token",
    "clock",
    "redrive",
    "rebuild",
    "registry",
    "lake",
    "forecast",
]


def zs(*arguments: str) -> CompletedProcess[str]:
    """In a process of its own: the server of these tests writes its log lines to this one's stdout."""
    return run([sys.executable, "-m", "infra.cli", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def zs_here(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def told(*arguments: str) -> Any:
    result = zs(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_a_question_is_answered_with_its_source_or_handed_over(url: str) -> None:
    told_in_words = zs("ask", "身份证丢了怎么补办", "--url", url).stdout
    assert "knowledge/id-card-lost@1" in told_in_words
    first = told("ask", "办护照要带什么", "--url", url)
    assert told("ask", "那要多久", "--in", first["conversation"], "--url", url)["turn"] == 2
    assert told("ask", "天气怎么样", "--url", url)["handed_over"] is None
    assert told("ask", "天气怎么样", "--person", "--org", "330203", "--url", url)["handed_over"]["code"]


def test_every_command_is_listed_and_explains_itself_in_both_languages() -> None:
    assert all(name in zs_here("--help").stdout for name in COMMANDS)
    for name in COMMANDS:
        shown = zs_here(name, "--help").stdout
        assert any("\u4e00" <= letter <= "\u9fff" for letter in shown), name
        assert " / " in shown, name


def test_a_sample_week_is_played_without_a_refusal(hub: Hub) -> None:
    found = demo_command.run(Client(hub.cloud), seed=7, cases=80)
    assert (found["refused"], found["stopped"], found["cases"]) == ([], [], 80)
    assert set(found["by_channel"]) == {"mobile", "web", "kiosk", "window"}
    assert len(found["by_state"]) >= 8
    assert sum(found["by_rating"].values()) >= 10
    assert sum(found["overdue_by_desk"].values()) > 0
    history = hub.get(f"/v1/cases/{found['example']['case']}/history", {"sub": "s", "kind": "system"})
    assert history["verified"]


def test_the_same_seed_and_start_play_the_same_week(hub: Hub) -> None:
    start = hub.cloud.now()
    weeks = []
    for _ in range(2):
        hub.cloud.reset(start)
        weeks.append(demo_command.run(Client(hub.cloud), seed=3, cases=25))
    assert [week.pop("run") is not None for week in weeks] == [True, True]
    assert weeks[0] == weeks[1]


def test_case_desk_and_deadline_show_what_the_platform_says(hub: Hub, url: str) -> None:
    filed = hub.file()
    shown = zs("case", filed.id, "--url", url)
    assert shown.returncode == 0
    assert filed.id in shown.stdout
    assert "Verified" in shown.stdout
    assert told("case", filed.id, "--url", url)["history"]["verified"]
    assert [row["case_id"] for row in told("desk", filed.answer["organisation"], "--url", url)] == [filed.id]
    assert told("desk", filed.answer["organisation"], "--due", "overdue", "--url", url) == []
    assert told("deadline", "2026-09-30", "7", "--url", url)["deadline"]["day"] == "2026-10-15"
    assert "make-up working day" in zs("deadline", "2026-09-30", "7", "--url", url).stdout


def test_the_clock_is_read_set_and_moved_on(hub: Hub, url: str) -> None:
    before = told("clock", "--url", url)["now"]
    assert told("clock", "--advance", "2d", "--url", url)["now"][:10] > before[:10]
    assert told("clock", "--set", "2026-06-01T09:00", "--url", url)["now"] == "2026-06-01T09:00:00+08:00"
    assert told("clock", "--set", "2026-03-01", "--url", url)["now"] == "2026-03-01T00:00:00+08:00"  # no case yet
    hub.file()
    refused = zs("clock", "--set", "2020-01-01", "--url", url)
    assert refused.returncode == 1
    assert "version_conflict" in refused.stderr
    assert zs("clock", "--advance", "soon", "--url", url).returncode == 2


def test_a_token_is_printed_alone_and_serves(hub: Hub, url: str) -> None:
    printed = zs("token", "--kind", "staff", "--org", "330203", "--post", "review", "--url", url)
    assert printed.stdout.count("\n") == 1
    reply = hub.cloud.request("GET", "/v1/desk?org=330203", token=printed.stdout.strip())
    assert reply.status == 200
    assert zs("token", "--kind", "staff", "--url", url).returncode == 1


def test_a_registry_is_published_again_without_new_versions(url: str, tmp_path: Path) -> None:
    first = told("registry", "load", "--url", url)
    assert first["published"] == first["first_versions"] > 300
    (tmp_path / "more.toml").write_text(
        '[[organisation]]\ncode = "33020399"\nlevel = "station"\nname = { zh = "示例所", en = "Sample" }\n',
        encoding="utf-8",
    )
    assert told("registry", "load", str(tmp_path), "--url", url)["published"] == 1
    assert zs("registry", "load", str(tmp_path / "none"), "--url", url).returncode == 2


def test_a_record_in_quarantine_is_listed_and_redriven(hub: Hub, url: str) -> None:
    boto3.client("dynamodb").put_item(TableName="zhongshu-local-cases", Item={"id": {"S": "broken"}})
    hub.cloud.drain()
    (row,) = told("redrive", "--all", "--dry-run", "--url", url)
    named = f"on_case_change/{row['sequence']}"
    assert (row["key"], row["tries"]) == ("broken", 0)
    shown = zs("redrive", "--id", named, "--url", url)
    assert shown.returncode == 1
    assert "1 still there" in shown.stdout
    assert "KeyError" in shown.stdout
    assert told("redrive", "--all", "--dry-run", "--url", url)[0]["tries"] == 1
    assert zs("redrive", "--id", "on_case_change/1", "--url", url).returncode == 2
    assert zs("redrive", "--url", url).returncode == 2
    assert zs("redrive", "--all", "--id", named, "--url", url).returncode == 2


def test_where_no_server_answers_the_message_names_the_command_to_run() -> None:
    for command in (["clock"], ["desk", "330203"], ["demo"]):
        result = zs_here(*command, "--url", "http://127.0.0.1:9")
        assert result.exit_code == 1
        assert "make run" in result.stderr
    assert zs_here("clock", "--url", "nonsense").exit_code == 2


def test_a_log_without_a_mapping_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    result = zs_here("replay", str(tmp_path))
    assert result.exit_code == 2
    assert "docs/event-logs.md" in result.stderr


def test_a_log_is_audited_without_any_server(tmp_path: Path) -> None:
    rows = "case,step,at,by\n1,in,2026-02-03T08:00,Ann\n1,ok,2026-02-20T08:00,Ann\n1,yes,2026-02-20T08:00,Ann\n"
    (tmp_path / "log.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "map.toml").write_text(
        'source = "small"\ntimezone = "Asia/Shanghai"\n[case]\nid = "case"\n'
        '[event]\nactivity = "step"\ntime = "at"\nresource = "by"\n'
        '[[activity]]\nis = "in"\naction = "submit"\n[[activity]]\nis = "ok"\naction = "accept"\n'
        '[[activity]]\nis = "yes"\naction = "grant"\n',
        encoding="utf-8",
    )
    command = ["audit", str(tmp_path / "log.csv"), "--map", str(tmp_path / "map.toml")]
    shown = zs_here(*command, "--json", str(tmp_path / "out.json"), "--findings", str(tmp_path / "found.jsonl"))
    assert shown.exit_code == 0, shown.stderr
    assert "同人受审" in shown.stdout
    assert "not measurable" in shown.stdout
    found = [json.loads(line) for line in (tmp_path / "found.jsonl").read_text(encoding="utf-8").splitlines()]
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert sum(rule["findings"] for rule in written["rules"]) == len(found)
    assert {"A03", "A06", "A02"} <= {each["rule"] for each in found}
    assert json.loads(zs_here(*command, "--json", "-").stdout) == written


def test_an_audit_of_nothing_says_what_is_wrong(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        result = zs_here("audit", str(path), "--map", str(tmp_path / "none.toml"))
        assert result.exit_code == 2
        assert "none.toml" in result.stderr
