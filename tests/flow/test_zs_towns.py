"""Two real towns as two counties: the indices after a `./zs replay` are what a plain query over the log's files says.

The query shares nothing with the platform: it reads the CSV as text and counts by itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from infra.cli import replay_command
from infra.cli.hub import Hub as Client
from infra.cli.replay_play import Pace
from infra.local.cloud import LocalCloud
from tests.flow.conftest import Hub
from tests.flow.test_indices import added, fraction
from tests.support import by_query

PERMITS = Path(__file__).parents[2].parent / "shared" / "data" / "bpic15_permits"
BEFORE = datetime(2010, 9, 1, tzinfo=UTC)
TOWNS = {"municipality1": "330203", "municipality2": "330205"}
RECEIVED = "2010"  # every case received in this year, to its end: 841 requests, where the whole logs are 15,946
HEAD = {"sub": "head", "kind": "staff", "org": "330000", "posts": ["analysis"]}

# The log tells no channel: everything is at the window. A case is closed when its decision is sent or it is withdrawn,
# or else when it is put away. It is due on its planned day or eight weeks after it came, and then on no rest day.
QUERY = """
create table chosen as
select town, case_id, startDate, endDate, endDatePlanned from (
  select 'municipality1' as town, * from read_csv('{permits}/municipality1/cases.csv.gz', all_varchar = true)
  union all by name
  select 'municipality2' as town, * from read_csv('{permits}/municipality2/cases.csv.gz', all_varchar = true))
where startDate like '{year}-%';

create table measured as
with sent as (
  select town, case_id, left(timestamp, 19)::timestamp as moment, action_code = '05_EIND_020' as withdrawn
  from (
    select 'municipality1' as town, * from read_csv('{permits}/municipality1/events.csv.gz', all_varchar = true)
    union all by name
    select 'municipality2' as town, * from read_csv('{permits}/municipality2/events.csv.gz', all_varchar = true))
  where action_code in ('01_HOOFD_510_2', '05_EIND_020')),
first_sent as (
  select town, case_id, min(moment) as moment, arg_min(withdrawn, moment) as withdrawn from sent group by all),
told as (
  select *, left(startDate, 19)::timestamp as received, left(endDate, 19)::timestamp as put_away,
    received::date + 56 as weeks, moment is not null and (put_away is null or moment::date <= put_away::date) as by_step
  from chosen left join first_sent using (town, case_id))
select town, 'window' as channel, received,
  if(by_step, moment, put_away) as closed, coalesce(by_step and withdrawn, false) as withdrawn,
  coalesce(left(endDatePlanned, 10)::date, (weeks + [1, 0, 0, 0, 0, 0, 2][dayofweek(weeks) + 1])::date) as due,
  greatest(epoch(closed) - epoch(received), 0) as seconds
from told;
"""


@pytest.fixture
def files() -> duckdb.DuckDBPyConnection:
    book = duckdb.connect()
    book.execute(QUERY.format(permits=PERMITS, year=RECEIVED))
    return book


def replayed(hub: Hub, files: duckdb.DuckDBPyConnection, folder: Path) -> LocalCloud:
    """The two towns, the chosen cases of each, played in with the clock set once."""
    hub.cloud.reset(BEFORE)
    for town in TOWNS:
        (folder / town).mkdir(parents=True)
        for table in ("cases", "events"):
            source = f"read_csv('{PERMITS / town / table}.csv.gz', all_varchar = true)"
            rows = f"from {source} semi join (from chosen where town = '{town}') using (case_id)"
            files.execute(f"copy ({rows}) to '{folder / town / table}.csv' (header)")
    logs = replay_command.read([folder / town for town in TOWNS], [])
    told = replay_command.run(Client(hub.cloud), logs, replay_command.merged(logs), Pace.once)
    assert (told["cases"], told["refused"]) == (118, [])
    hub.cloud.run_schedule("compute_indices")
    return hub.cloud


@pytest.mark.skipif(not PERMITS.is_dir(), reason=f"the event logs are not at {PERMITS}")
def test_two_towns_are_ranked_as_two_counties_and_every_number_is_that_of_the_files(
    hub: Hub, files: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    cloud = replayed(hub, files, tmp_path / PERMITS.name)
    board = asked(cloud, f"/v1/indices/{RECEIVED}?level=county")
    rows = {row["org"]: row for row in board["items"]}
    assert board["stamp"]["as_of"].startswith("2015-")
    assert sorted(rows[county]["rank"] for county in TOWNS.values()) == [1, 2]
    assert all(rows[county]["index"] is not None for county in TOWNS.values())
    last = str(files.sql("select max(closed)::date from measured").fetchall()[0][0])
    for year in range(2010, 2016):
        sheets = {town: asked(cloud, f"/v1/indices/{year}/{county}") for town, county in TOWNS.items()}
        for town, sheet in sheets.items():
            by_query.require_same(sheet, files, town, year, last)
        city, parts = asked(cloud, f"/v1/indices/{year}/330200"), [by_query.counted(each) for each in sheets.values()]
        assert by_query.counted(city) == {name: sum(each[name] for each in parts) for name in by_query.PATHS}
    leads_back(cloud, "2011", "330203", "overdue_rate")
    leads_back(cloud, "2014-Q2", "330205", "archived_rate")


def leads_back(cloud: LocalCloud, period: str, org: str, code: str) -> None:
    """An indicator opens to its facts, and they add up to it, with what had been open before."""
    found = asked(cloud, f"/v1/indices/{period}/{org}")
    indicator = next(one for one in asked(cloud, "/v1/indicators")["items"] if one["code"] == code)
    facts = pages(cloud, f"/v1/indices/{period}/{org}/{code}/facts")
    assert added(found, indicator, facts) == fraction(found, code)
    assert all(asked(cloud, f"/v1/cases/{fact['subject']}")["organisation"] == org for fact in facts[:5])


def pages(cloud: LocalCloud, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = asked(cloud, path)
    while True:
        found += page["items"]
        if page["next"] is None:
            return found
        page = asked(cloud, f"{path}?cursor={page['next']}")


def asked(cloud: LocalCloud, path: str) -> Any:
    reply = cloud.request("GET", path, token=cloud.token(HEAD))
    assert reply.status == 200, reply.body.decode()
    return reply.json()
