"""`./zs replay`: small logs written here, and a real one where it is at hand."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.rules import all_rules
from infra.audit import auditing
from infra.cli import replay_command, replay_play
from infra.cli.hub import SYSTEM
from infra.cli.hub import Hub as Client
from infra.cli.replay_play import Pace
from infra.local.cloud import LocalCloud
from infra.logs import mapping, reading
from infra.logs.mapping import BadMap
from infra.logs.rows import BadLog
from tests.flow.conftest import Hub
from tests.support import by_query

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
RECEIPT = SHARED / "receipt_wabo"
BEFORE = datetime(2010, 9, 1, tzinfo=UTC)

MAP = """
source = "small"
timezone = "Europe/Amsterdam"
item = "observed-matter"
due_by = "{due_by}"
[organisation]
default = "330203"
column = "town"
table = {{ North = "330205" }}
[channel]
default = "window"
column = "channel"
table = {{ Internet = "web" }}
[case]
id = "id"
start = "start"
due = "due"
end = "end"
responsible = "clerk"
[event]
case = "id"
activity = "what"
time = "when"
resource = "who"
[accounts]
test = ["robot"]
[[activity]]
is = "In"
action = "submit"
[[activity]]
starts = "A"
action = "accept"
[[activity]]
starts = "AR"
action = "review"
"""
CASES = """id,start,due,end,clerk,channel,town
late,2011-03-01T09:00:00+01:00,2011-03-10T09:00:00+01:00,2011-03-11T00:10:00+01:00,Ann,Internet,South
same day,2011-03-01T10:00:00+01:00,2011-03-10T09:00:00+01:00,2011-03-10T23:10:00+01:00,Ann,Post,North
open,2011-03-02 08:00:00,2011-03-05,,贾某,Internet,North
free,2011-03-02 08:30:00,,2011-03-03 08:30:00,,Internet,North
backwards,2011-03-04 08:00:00,2011-03-30,2011-03-03 08:00:00,Ann,Internet,North
open,2011-03-09 08:00:00,,,Ann,Internet,North
"""
EVENTS = """id,what,when,who
late,In,2011-03-01T09:30:00+01:00,Bob
late,AR check,2011-03-02T09:30:00+01:00,Bob
late,A,2011-03-02T09:20:00+01:00,Two Words
late,Unheard,2011-03-02T09:40:00+01:00,Bob
open,A,2011-03-01 09:00:00,robot
open,AR,,Bob
open,AR,yesterday,Bob
ghost,A,2011-03-02 09:00:00,Bob
,A,2011-03-02 09:00:00,Bob
same day,A,2011-03-12 12:00:00,
"""


@pytest.fixture
def cloud(hub: Hub) -> LocalCloud:
    hub.cloud.reset(BEFORE)
    return hub.cloud


def written(folder: Path, due_by: str = "day") -> Path:
    log = folder / "log"
    log.mkdir(exist_ok=True)
    (log / "cases.csv").write_text(CASES, encoding="utf-8")
    (log / "events.csv.gz").write_bytes(gzip.compress(EVENTS.encode()))
    (folder / "map.toml").write_text(MAP.format(due_by=due_by), encoding="utf-8")
    return log


def played(cloud: LocalCloud, log: Path, pace: Pace = Pace.day) -> dict[str, Any]:
    return replay(cloud, [log], [log.parent / "map.toml"], pace)


def replay(cloud: LocalCloud, paths: list[Path], maps: list[Path], pace: Pace = Pace.day) -> dict[str, Any]:
    logs = replay_command.read(paths, maps)
    return replay_command.run(Client(cloud), logs, replay_command.merged(logs), pace)


@pytest.mark.parametrize("pace", list(Pace))
def test_a_small_log_is_played_and_told_case_by_case(cloud: LocalCloud, tmp_path: Path, pace: Pace) -> None:
    told = played(cloud, written(tmp_path), pace)
    assert told["logs"] == [{"source": "small", "cases": 5, "events": 10}]
    assert told["by_state"] == {"completed": 4, "accepted": 1}
    assert told["by_channel"] == {"web": 4, "window": 1}
    assert told["deadlines"] == {
        "closed": 4,
        "closed_late": 1,
        "closed_in_time": 2,
        "open": 1,
        "open_past_deadline": 1,
        "open_in_time": 0,
        "not_measurable": 1,
    }
    assert told["refused"] == []


def test_nothing_of_a_log_is_dropped_without_its_reason(cloud: LocalCloud, tmp_path: Path) -> None:
    told = played(cloud, written(tmp_path))
    left_out = {(each["what"], each["value"], each["reason"]): each["count"] for each in told["left_out"]}
    assert left_out == {
        ("case", "open", "the case id is repeated"): 1,
        ("event", "Unheard", "no action is mapped to this activity"): 1,
        ("event", "AR", "has no time"): 1,
        ("time", "yesterday", "when is no time that can be read"): 1,
        ("event", "ghost", "its case is not among the cases"): 1,
        ("event", "A", "names no case"): 1,
    }
    assert {(each["what"], each["value"]) for each in told["unmapped"]} == {
        ("channel", "Post"),
        ("organisation", "South"),
    }
    assert sorted(each["reason"].split(";")[0] for each in told["noted"]) == [
        "by a test or admin account",
        "ends before it starts",
        "lies before its case's start",
        "names nobody in clerk",
        "names nobody in who",
    ]


def test_the_histories_keep_times_people_and_the_names_of_the_log(cloud: LocalCloud, tmp_path: Path) -> None:
    client, logs = Client(cloud), replay_command.read([written(tmp_path)], [tmp_path / "map.toml"])
    numbers = replay_play.play(client, replay_command.merged(logs), lambda _: None).numbers
    history = client.get(f"/v1/cases/{numbers['small', 'late']}/history", SYSTEM)
    assert history["verified"]
    assert [(n["action"], n["actor"], n["evidence"].get("activity")) for n in history["nodes"]] == [
        ("submit", "Bob", None),
        ("accept", "Two_Words", "A"),
        ("review", "Bob", "AR check"),
        ("complete", "Ann", "end"),
    ]
    assert history["nodes"][1]["at"] == "2011-03-02T09:20:00.000+08:00"
    assert client.get(f"/v1/cases/{numbers['small', 'open']}/history", SYSTEM)["nodes"][0]["actor"].startswith("p-")


def test_a_deadline_with_a_time_holds_to_the_second_and_one_without_to_the_end_of_its_day(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    told = played(cloud, written(tmp_path, due_by="time"))
    assert told["deadlines"]["closed_late"] == 2  # the one closed on the day itself, after nine
    logs = replay_command.read([tmp_path / "log"], [tmp_path / "map.toml"])
    dues = {case.id: case.due.last for case in logs[0].cases if case.due}
    assert str(dues["open"]) == "2011-03-05 23:59:59.999999+08:00"


def test_playing_a_log_again_changes_nothing_and_tells_the_same(cloud: LocalCloud, tmp_path: Path) -> None:
    log = written(tmp_path)
    first = played(cloud, log)
    sizes = {name: len(rows) for name, rows in cloud.tables.items()}
    again = played(cloud, log)
    assert again.pop("run")["clock"] == "stayed"
    assert first.pop("run")["clock"] == ("moved")
    assert again == first
    assert {name: len(rows) for name, rows in cloud.tables.items()} == sizes


def test_a_case_that_tells_no_due_date_is_due_by_the_limit_of_its_mapping(cloud: LocalCloud, tmp_path: Path) -> None:
    log, mapped = written(tmp_path), tmp_path / "map.toml"
    limit = '[[limit]]\nname = "two days"\nto = ["complete"]\namount = 2\nunit = "calendar_day"\ndue = true\n'
    mapped.write_text(mapped.read_text(encoding="utf-8") + limit, encoding="utf-8")
    told = played(cloud, log)
    assert (told["deadlines"]["not_measurable"], told["deadlines"]["closed_in_time"]) == (0, 3)
    mapped.write_text(mapped.read_text(encoding="utf-8").replace("amount = 2", 'due_column = "due"'), encoding="utf-8")
    with pytest.raises(BadMap, match="is `due` has an `amount`"):
        replay_command.read([log], [mapped])


def test_two_logs_are_merged_by_time_and_a_file_of_rows_needs_no_cases(cloud: LocalCloud, tmp_path: Path) -> None:
    rows = "key,made,shut\n1,03/01/2011 02:00:00 PM,03/02/2011 01:00:00 AM\n2,03/03/2011 12:00:00 PM,\n"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_text(rows, encoding="utf-8")
    mapped = tmp_path / "map.toml"
    mapped.write_text(
        'source = "town-{folder}"\ntimezone = "America/New_York"\ntime_format = "%m/%d/%Y %I:%M:%S %p"\n'
        'item = "observed-matter"\n[organisation]\ndefault = "330203"\n[channel]\ndefault = "web"\n'
        '[case]\nid = "key"\nstart = "made"\nend = "shut"\n[event]\ncase = "key"\ntime = "made"\n',
        encoding="utf-8",
    )
    paths = [tmp_path / "one" / "rows.csv", tmp_path / "two" / "rows.csv"]
    told = replay(cloud, paths, [mapped])
    assert told["cases"] == 4
    assert told["by_state"] == {"completed": 2, "received": 2}
    assert [each["source"] for each in told["logs"]] == ["town-one", "town-two"]
    assert told["refused"] == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ('timezone = "Europe/Amsterdam"', "timezone"),
        ('source = "small"', "source"),
        ('starts = "AR"', "starts"),
        ('id = "id"\nstart', "id"),
        ('what"', "no column"),
    ],
)
def test_a_mapping_that_does_not_hold_says_where(tmp_path: Path, changed: str, said: str) -> None:
    log = written(tmp_path)
    mapped = tmp_path / "map.toml"
    new = 'else"' if said == "no column" else ("start" if said == "id" else "")
    mapped.write_text(mapped.read_text(encoding="utf-8").replace(changed, new, 1), encoding="utf-8")
    with pytest.raises((BadMap, BadLog), match=said):
        replay_command.read([log], [mapped])


def test_every_mapping_that_ships_can_be_read() -> None:
    for file in sorted(mapping.MAPS.glob("*.toml")):
        assert mapping.read(file, file.with_suffix("")).told()


def test_keys_are_short_visible_and_apart() -> None:
    keys = {
        replay_play.request_key("a", case, number) for case in ("1", "Case 1", "件", "x" * 80) for number in (0, -1)
    }
    assert len(keys) == 8
    assert all(len(key) <= 64 and key.isascii() and key.isprintable() and " " not in key for key in keys)


@pytest.mark.long
@pytest.mark.skipif(not RECEIPT.is_dir(), reason=f"the event log receipt_wabo is not at {RECEIPT}")
def test_the_receipt_log_gives_the_known_figures_and_the_findings_of_its_audit(cloud: LocalCloud) -> None:
    logs = replay_command.read([RECEIPT], [])
    told = replay_command.run(Client(cloud), logs, replay_command.merged(logs))
    assert told["logs"] == [{"source": "receipt-wabo", "cases": 1434, "events": 8577}]
    assert (told["cases"], told["refused"], told["left_out"]) == (1434, [], [])
    assert told["deadlines"] == {
        "closed": 1329,
        "closed_late": 309,
        "closed_in_time": 1020,
        "open": 105,
        "open_past_deadline": 37,
        "open_in_time": 68,
        "not_measurable": 0,
    }
    test_accounts = [each for each in told["noted"] if "test or admin" in each["reason"]]
    assert sum(each["count"] for each in test_accounts) == 522
    assert {each["value"]: each["count"] for each in told["unmapped"]} == {"Post": 53, "e-mail": 21, "Intern": 1}
    audited = auditing.audit(reading.read(RECEIPT, logs[0].mapping), all_rules().values())
    assert read_back(cloud) == {code: tally.findings for code, tally in audited.tallies.items() if tally.findings}
    # The indices come to what a query over the file does, from facts alone, and count nothing twice.
    cloud.run_schedule("compute_indices")
    token = cloud.token({"sub": "head", "kind": "staff", "org": "330000", "posts": ["analysis"]})
    book = by_query.receipts(RECEIPT)
    for year in (2010, 2011, 2012):
        sheet = cloud.request("GET", f"/v1/indices/{year}/331123", token=token).json()
        by_query.require_same(sheet, book, "town", year, "2012-01-23")
    total = cloud.request("GET", "/v1/indices/2012/330000", token=token).json()["counts"]
    assert (total["open"], total["open/overdue"]) == (105, 37)


def read_back(cloud: LocalCloud) -> Counter[str]:
    """How many findings of each rule, of cases and of units, the platform tells; each with its evidence, and with its
    order unless it is a yellow light."""
    client = Client(cloud)
    client.send("POST", "/_local/drain")
    found = [
        finding
        for about in ("case", "unit")
        for finding in client.pages(f"/v1/findings?org=331123&from=2010-01-01&to=2012-12-31&about={about}", SYSTEM)
    ]
    assert all(finding["evidence"] for finding in found)
    assert {finding["rule"] for finding in found if finding["order"] is None} == {"W01"}
    return Counter(finding["rule"] for finding in found)
