"""What a plain query says of a log of cases, beside what the platform's sheet of an organisation and a year says.

The table `measured` has a row a case: town, channel, received, closed (NULL: open), withdrawn, due (a day), and seconds
from receipt to close. The queries share nothing with the platform.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

COUNTED = """
with here as (from measured where town = $town)
select
  count(*) filter (year(received) = $year) as received,
  count(*) filter (year(received) = $year and channel = 'web') as web,
  count(*) filter (year(received) = $year and channel = 'window') as window,
  count(*) filter (year(closed) = $year and not withdrawn) as finished,
  count(*) filter (year(closed) = $year and withdrawn) as withdrawn,
  count(*) filter (year(closed) = $year and not withdrawn and closed::date > due) as late,
  count(*) filter (year(received) <= $year and coalesce(year(closed) > $year, true) and due < till) as waiting
from here, (select least(make_date($year, 12, 31), $last::date) as till)
"""
TIMES = """
with sorted as (
  select list_sort(list(seconds)) as all_of_them, count(*) as number
  from measured where town = $town and year(closed) = $year and not withdrawn)
select all_of_them[ceil(number * 0.5)::int], all_of_them[ceil(number * 0.9)::int] from sorted
"""
PATHS = {
    "received": "received",
    "web": "received/channel/web",
    "window": "received/channel/window",
    "finished": "due",
    "withdrawn": "withdrawn",
    "late": "due/late",
    "waiting": "open/overdue",
}


def receipts(folder: Path) -> duckdb.DuckDBPyConnection:
    """The book of the receipt log, its own file read as text."""
    book = duckdb.connect()
    book.execute(f"""
        create table measured as
        select 'town' as town, if(channel = 'Internet', 'web', 'window') as channel, false as withdrawn,
          left(startdate, 23)::timestamp as received, left(enddate, 23)::timestamp as closed,
          left(deadline, 10)::date as due, greatest(epoch(closed) - epoch(received), 0) as seconds
        from read_csv('{folder}/cases.csv.gz', all_varchar = true)""")
    return book


def require_same(sheet: dict[str, Any], book: duckdb.DuckDBPyConnection, town: str, year: int, last: str) -> None:
    """Holds a sheet against the files: counts to the last one, and times within two in a hundred. `last`: the last day
    of which the log tells."""
    wanted = {"town": town, "year": year}
    told = book.execute(COUNTED, wanted | {"last": last})
    found = dict(zip((column[0] for column in told.description), told.fetchall()[0], strict=True))
    assert counted(sheet) == found, (town, year)
    for name, exact in zip(("median_seconds", "p90_seconds"), book.execute(TIMES, wanted).fetchall()[0], strict=True):
        assert sheet["times"][name] == (None if exact is None else pytest.approx(exact, rel=0.02)), (town, year, name)


def counted(sheet: dict[str, Any]) -> dict[str, int]:
    """What a sheet says it counted; its indicators divide exactly that."""
    found = {name: sheet["counts"].get(path, 0) for name, path in PATHS.items()}
    late, closed = found["late"] + found["waiting"], found["finished"] + found["waiting"]
    shares = {each["code"]: (each["numerator"], each["denominator"]) for each in sheet["indicators"]}
    assert shares["overdue_rate"] == (late, closed)
    assert shares["in_time_rate"] == (closed - late, closed)
    assert shares["online_rate"] == (found["web"], found["received"])
    return found
