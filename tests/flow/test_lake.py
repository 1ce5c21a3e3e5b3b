"""The data lake through the door: what happens leaves as lines, whatever becomes of the stream, and SQL over them
counts what the facts count."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from typer.testing import CliRunner

from chalicelib import indicators
from chalicelib.domain import lake, on_time
from chalicelib.domain.fact import Fact
from chalicelib.domain.lake import Row, Stored
from infra.cli.commands import app as commands
from infra.local.pump import StreamMapping
from tests.flow.conftest import NINE, Hub
from tests.flow.test_indices import HEAD, settled
from tests.flow.test_rebuild import busy_month
from tests.flow.test_zs_commands import zs
from tests.support.told import ANSWER, WATCH, complaint, told
from tests.support.town import ACCEPT, ID_NUMBER, NAME, PHONE, PUBLISHER, WHOLE
from tests.support.wire import counted, s3_wire, wire

PAGE = Path(__file__).parents[2] / "docs/data-lake.md"
DAY = "2026-03-02"
FACTS = "zhongshu-local-facts"


def objects(hub: Hub) -> dict[str, bytes]:
    """What lies in the lake, manifests too, once all that happened has left."""
    return {
        key: hub.get(f"/_local/lake/{key}")["content"].encode() for key in hub.get("/_local/lake")["keys"]
    }  # fmt: skip


def rows(found: Mapping[str, bytes]) -> list[Row]:
    return [row for key in found if key.startswith(lake.FACTS) for row in lake.rows_of(key, found[key])]


def kept(hub: Hub) -> list[Fact]:
    """The facts in the table, as the lake may tell them."""
    found = []
    for (place, name), row in hub.cloud.tables["FactsTable"].rows.items():
        (organisation, day), (kind, _, rest) = place.split("#"), name.partition("#")
        id, _, n = rest.rpartition("#")
        data = json.loads(row.item["d"]["S"])
        assert data.keys() <= lake.COLUMNS.keys() | lake.WITHHELD  # a new one is declared before it leaves
        told = {key: value for key, value in data.items() if key in lake.COLUMNS and value is not None}
        found.append(Fact(organisation, date.fromisoformat(day), kind, id, told, int(n)))
    return found


def by_name(facts: list[Fact]) -> dict[tuple[str, str], Fact]:
    return {(each.place, each.name): each for each in facts}


def newest(hub: Hub) -> dict[tuple[str, str], Fact]:
    return by_name(lake.latest(Row(fact) for fact in kept(hub)))


def mapping(hub: Hub) -> StreamMapping:
    (found,) = [each for each in hub.cloud.pump.mappings if each.name == "on_fact"]
    return found


def put(place: str, name: str, data: Any) -> None:
    """A fact put beneath the door; `data` a text stands for itself."""
    text = data if isinstance(data, str) else json.dumps(data)
    item = {"org_day": {"S": place}, "fact": {"S": name}, "d": {"S": text}}
    boto3.client("dynamodb").put_item(TableName=FACTS, Item=item)


def test_every_fact_leaves_once_with_what_may_leave_and_nothing_that_leads_to_a_person(hub: Hub) -> None:
    busy_month(hub)
    complained = told(hub, complaint(anonymous=True, contact=...), None)
    complained.handled()
    complained.done("close", WATCH, ANSWER)
    found = objects(hub)
    assert hub.get("/v1/quarantine", PUBLISHER)["items"] == []
    assert {row.fact.name for row in rows(found)} == {fact.name for fact in kept(hub)}
    assert by_name(lake.latest(rows(found))) == newest(hub)
    assert {"node", "transferred_in", "finding", "order", "rating", "complaint"} <= {
        row.fact.kind for row in rows(found)
    }
    text = b"".join(found.values()).decode()
    assert not any(f'"{name}":' in text for name in lake.WITHHELD)
    assert not any(word in text for word in (NAME, ID_NUMBER, PHONE))


def test_a_batch_that_is_delivered_again_is_the_same_bytes_under_the_same_name(hub: Hub) -> None:
    hub.life(hub.file(), *WHOLE)
    twice = cycle([True, False])
    hub.cloud.pump.again = lambda: next(twice)
    with s3_wire() as calls:
        hub.cloud.drain()
    hub.cloud.pump.again = lambda: False
    assert len(calls) == 2
    assert len(set(calls)) == 1
    found = objects(hub)
    assert len([key for key in found if key.startswith(lake.FACTS)]) == 1
    assert by_name([row.fact for row in rows(found)]) == newest(hub)


def test_batches_that_are_cut_otherwise_are_other_objects_and_the_same_facts(hub: Hub) -> None:
    hub.life(hub.file(), *WHOLE)
    reader = mapping(hub)
    whole, reader.batch_size = reader.batch_size, 1
    found = objects(hub)
    reader.batch_size = whole
    assert len([key for key in found if key.startswith(lake.FACTS)]) == len(kept(hub)) > 1
    assert by_name(lake.latest(rows(found))) == newest(hub)


def test_a_batch_is_one_object_a_day_and_one_mark_and_reads_nothing(hub: Hub) -> None:
    for number in range(50):
        put(f"330203#2026-03-0{1 + number % 2}", f"node#{number}#00", {"node": "submit"})
    with wire() as calls, s3_wire() as puts:
        assert hub.cloud.drain() == 50
    assert [method for method, _ in puts] == ["PUT", "PUT"]  # two days
    assert counted(calls) == {"BatchWriteItem": 1}


def test_facts_wait_for_each_other_for_five_minutes(hub: Hub) -> None:
    hub.file()
    hub.cloud.advance(240)
    assert hub.cloud.buckets.keys("LAKE_BUCKET") == []
    hub.cloud.advance(60)
    assert len(hub.cloud.buckets.keys("LAKE_BUCKET")) == 1


def test_the_list_of_a_day_names_what_is_there_and_is_written_anew_when_something_comes(hub: Hub) -> None:
    hub.file()
    name = f"manifests/day={DAY}.json"
    first = objects(hub)
    with s3_wire() as calls:
        hub.cloud.run_schedule("write_manifests")
    assert calls == []  # nothing came
    put(f"330203#{DAY}", "node#late#00", {"node": "submit", "case": "late"})
    second = objects(hub)
    assert first[name] != second[name]
    told = json.loads(second[name])
    assert told["rows"] == sum(each["rows"] for each in told["objects"]) == len(rows(second))
    assert {each["key"]: each["bytes"] for each in told["objects"]} == {
        key: len(content) for key, content in second.items() if key != name
    }
    assert all(Stored(each["key"], each["bytes"]).rows == each["rows"] for each in told["objects"])


def test_what_a_repair_replaces_counts_as_it_is_now_and_a_correction_by_its_number(hub: Hub) -> None:
    place = f"330203#{DAY}"
    put(place, "rating#r1#00", {"level": "satisfied", "counted": 1})
    put(place, "rating#r1#02", {"level": "satisfied", "counted": 0})
    hub.cloud.drain()
    hub.cloud.advance(1)
    put(place, "rating#r1#02", {"level": "satisfied", "counted": 1})
    put(place, "rating#r1#01", {"level": "satisfied", "counted": 0})
    found = objects(hub)
    assert len(rows(found)) == 4
    (fact,) = lake.latest(rows(found))
    assert (fact.n, fact.data["counted"]) == (2, 1)


@pytest.mark.parametrize("data", ["no JSON", {"at": "noon"}])
def test_a_fact_that_cannot_be_read_is_put_aside_and_the_others_leave(data: Any, hub: Hub) -> None:
    put(f"330203#{DAY}", "node#broken#00", data)
    hub.file()
    assert [row.fact.data["node"] for row in rows(objects(hub))] == ["submit"]
    (row,) = hub.get("/v1/quarantine", PUBLISHER)["items"]
    assert (row["reader"], row["key"]) == ("on_fact", f"node#broken#00/330203#{DAY}")
    hub.ask("POST", f"/v1/quarantine/on_fact/{row['sequence']}/redrive", PUBLISHER)
    assert hub.get("/v1/quarantine", PUBLISHER)["items"][0]["tries"] == 1


def test_what_could_not_leave_while_s3_was_out_is_in_quarantine_and_leaves_when_it_is_run_again(hub: Hub) -> None:
    case = hub.file()
    hub.life(case, ACCEPT)
    with s3_wire(down=True) as calls:
        hub.cloud.drain()
    assert calls
    assert hub.cloud.buckets.keys("LAKE_BUCKET") == []
    aside = hub.get("/v1/quarantine", PUBLISHER)["items"]
    assert {row["reader"] for row in aside} == {"on_fact"}
    for row in aside:
        reply = hub.ask("POST", f"/v1/quarantine/on_fact/{row['sequence']}/redrive", PUBLISHER)
        assert reply.status in (200, 204), reply.body.decode()
    assert by_name(lake.latest(rows(objects(hub)))) == newest(hub)


def test_a_lake_that_is_gone_is_filled_from_the_facts(hub: Hub) -> None:
    hub.life(hub.file(), *WHOLE)
    whole = by_name(lake.latest(rows(objects(hub))))
    assert hub.ask("GET", "/_local/lake/facts/day=2026-03-02/nothing.jsonl").status == 404
    hub.cloud.buckets.empty()
    assert hub.ask("POST", "/_local/lake").status == 200
    assert by_name(lake.latest(rows(objects(hub)))) == whole


def test_the_lake_of_a_stage_is_filled_from_its_tables(hub: Hub) -> None:
    hub.life(hub.file(), *WHOLE)
    whole = by_name(lake.latest(rows(objects(hub))))
    hub.cloud.buckets.empty()
    filled = CliRunner().invoke(commands, ["lake", "fill", "--stage", "local", "--json"])
    assert json.loads(filled.stdout)["objects"] == 1
    assert by_name(lake.latest(rows(objects(hub)))) == whole


# Indicators over the lake

DRAFT = """
[[indicators]]
code = "nobody_came_rate"
name = { zh = "无人到场率", en = "Nobody came" }
formula = { zh = "移动端件数÷收件数", en = "received by mobile ÷ received" }
basis = "a draft"
family = "cases"
direction = "up"
numerator = ["received/channel/mobile"]
denominator = ["received"]
floor = "0"
target = "1"
weight = "0"
strength = 0
needs = ["kind/node"]
"""


def copied(url: str, to: Path) -> str:
    done = zs("lake", "export", str(to), "--url", url)
    assert done.returncode == 0, done.stderr
    return str(to)


def counted_from(lake_of: str, period: str, *more: str) -> dict[str, Any]:
    done = CliRunner().invoke(commands, ["lake", "indices", lake_of, period, "--json", *more])
    assert done.exit_code == 0, done.stderr
    return {row["org"]: row for row in json.loads(done.stdout)["rows"]}


@pytest.mark.parametrize("level", ["province", "county", "station"])
def test_indices_over_the_lake_are_those_that_are_published(level: str, hub: Hub, url: str, tmp_path: Path) -> None:
    busy_month(hub)
    hub.cloud.run_schedule("compute_indices")
    found = counted_from(copied(url, tmp_path / "lake"), "2026-03", "--level", level)
    published = {org: hub.get(f"/v1/indices/2026-03/{org}", HEAD) for org in found}
    assert len(published) > 0
    for org, one in published.items():
        assert (found[org]["index"], found[org]["rank"]) == (one["standing"]["index"], one["standing"]["rank"])
        assert found[org]["indicators"] == {
            each["code"]: [each["numerator"], each["denominator"]] for each in one["indicators"]
        }


def test_a_draft_of_a_new_indicator_is_counted_over_all_of_history(hub: Hub, url: str, tmp_path: Path) -> None:
    settled(hub, 2)  # at a window
    hub.file()
    hub.cloud.set_clock(NINE.replace(month=4, day=2))
    hub.file()
    draft = tmp_path / "draft.toml"
    core = (Path(indicators.__file__).parent / "core-1.toml").read_text(encoding="utf-8")
    draft.write_text(core.replace("version = 1\n", "version = 99\n", 1) + DRAFT, encoding="utf-8")
    place = copied(url, tmp_path / "lake")
    for period, expected in (("2026-03", [1, 3]), ("2026-04", [1, 1]), ("2026", [2, 4])):
        (one,) = counted_from(place, period, "--formula", str(draft), "--level", "province").values()
        assert one["indicators"]["nobody_came_rate"] == expected


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere", "2026-03"], "there is no nowhere/facts/day="),
        ([".", "2026-13"], "2026-13 is no period; one reads 2026-03-02, 2026-W10"),
        ([".", "2026-03", "--formula", "core@9"], "core@9 is no version and no file; there are: core@1"),
        ([".", "2026-03", "--formula", "pyproject.toml"], "the draft pyproject.toml does not hold: unknown or missing"),
        ([".", "2026-03", "--indicator", "x"], "the formula has no x; it has online_rate"),
    ],
)
def test_what_cannot_be_counted_says_why(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(commands, ["lake", "indices", *arguments])
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_damaged_object_of_the_lake_is_named(hub: Hub, url: str, tmp_path: Path) -> None:
    hub.file()
    place = Path(copied(url, tmp_path / "lake"))
    (line,) = place.glob("facts/*/*.jsonl")
    line.write_bytes(line.read_bytes() + b"{}\n")
    done = CliRunner().invoke(commands, ["lake", "indices", str(place), "2026-03"])
    assert done.exit_code == 2
    assert line.name in done.stderr


def statements() -> list[str]:
    """The SQL of the page: table and view for duckdb, the query, the table for Athena."""
    return re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def test_the_query_of_the_page_counts_in_duckdb_what_the_facts_count(
    hub: Hub, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy_month(hub)
    done = zs("lake", "export", str(tmp_path / "lake"), "--url", url)
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(tmp_path)
    table, view, query, _ = statements()
    with duckdb.connect() as base:
        base.execute(table)
        base.execute(view)
        counted = base.execute(query).fetchall()
        (facts,) = base.execute("SELECT count(*) FROM latest").fetchone() or (0,)
    shares = on_time.by_county_and_month(lake.latest(Row(fact) for fact in kept(hub)))
    assert facts == len(newest(hub))
    assert [(county, month, finished, good) for county, month, finished, good, _ in counted] == sorted(
        (*group, len(share.finished), share.on_time) for group, share in shares.items()
    )
    assert any(good < finished for _, _, finished, good, _ in counted)  # something was late, so the count can fail


def test_the_page_names_every_column_in_its_table_and_in_both_declarations() -> None:
    duck, _, _, athena = statements()
    types = {str: ("VARCHAR", "string"), int: ("BIGINT", "bigint")}
    declared = {**lake.KEYS, **lake.COLUMNS}
    page = re.findall(r"^\| `(\w+)` \| ([A-Z]+) \| .+ \| .+ \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert dict(page) == dict(re.findall(r"\"(\w+)\": '(\w+)'", duck)) == {n: types[t][0] for n, t in declared.items()}
    columns = athena.partition("PARTITIONED")[0]
    assert dict(re.findall(r"`(\w+)` (\w+)", columns)) == {n: types[t][1] for n, t in declared.items()}
