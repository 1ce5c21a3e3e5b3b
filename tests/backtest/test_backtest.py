"""Forecasts tried on logs: on a small one whose answer is known, without looking ahead; and on the real ones."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chalicelib.forecasts import all_methods
from infra.backtest import cuts, trying
from infra.cli.commands import app
from infra.logs import mapping, reading
from infra.logs.log import Log
from tests.audit.logs import NOW, SHARED, read

METHOD = all_methods()["outlook@1"]
PAGE = Path(__file__).parents[2] / "docs" / "forecasting.md"
here = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the event logs are not at {SHARED}")
BEGUN = datetime(2024, 1, 1, 9)  # noqa: DTZ001  the wall time of a log


def small(folder: Path, cases: int = 500, more: str = "") -> Log:
    """A case a day under thirty days. Every other one is reviewed on its second day and closed on its tenth; the others
    are never reviewed, and late."""
    rows, events = [], []
    for number in range(cases):
        start = BEGUN + timedelta(days=number)
        good = number % 2 == 0
        end = start + timedelta(days=9 if good else 40)
        rows.append(f"c{number},{start},{start + timedelta(days=30)},{end}")
        events.append(f"c{number},accept,{start},li")
        if good:
            events.append(f"c{number},review,{start + timedelta(days=1)},wang")
    return read(folder, "\n".join(rows) + "\n" + more, "\n".join(events) + "\n")


def found(log: Log) -> dict[str, Any]:
    return trying.document(trying.tried(cuts.lives(log), METHOD))


def test_where_the_state_tells_all_it_is_found_and_due_soonest_first_is_blind(tmp_path: Path) -> None:
    document = found(small(tmp_path))
    assert document["log"]["limit"] == "promised"
    assert document["late_share"] == pytest.approx(0.75, abs=0.05)  # the late ones are open for longer
    assert document["pairs_right"]["forecast"] == 1.0
    assert document["pairs_right"]["soonest"] < 0.95
    assert document["brier"]["forecast"] < document["brier"]["share_so_far"] / 2
    assert document["flagged_right"]["forecast"] > 0.95
    assert document["weeks"]["missed"] == {"forecast": 0.0, "last_week": 0.0}  # one comes every day
    assert document["weeks"]["within"] == 1.0


def test_what_comes_later_changes_nothing_of_what_was_known(tmp_path: Path) -> None:
    """On a cut-off day the log and the same log cut off there say the same."""
    whole = cuts.lives(small(tmp_path))
    (day, *_) = whole.days(28)
    since = METHOD.looks_back(day)
    counts, standing = whole.known(day, since)
    days = (day - BEGUN.date()).days
    short, early = (
        tmp_path / "short",
        [(tmp_path / "log" / name).read_text().splitlines() for name in ("cases.csv", "events.csv")],
    )
    short.mkdir()
    rows, events = ([line for line in lines[1:] if _number(line) < days] for lines in early)
    rows = [line if line.split(",")[3] < f"{day}" else line.rsplit(",", 1)[0] + "," for line in rows]
    events = [line for line in events if line.split(",")[2] < f"{day}"]
    last = f"c{days},accept,{day} 12:00:00,li\n"  # so that the log tells of this day
    ended = read(
        short,
        "\n".join(rows) + f"\nc{days},{day} 12:00:00,{day + timedelta(days=30)},\n",
        "\n".join(events) + "\n" + last,
    )
    again, standing_again = cuts.lives(ended).known(day, since)
    assert again == counts
    assert [one.case for one in standing_again] == [one.case for one in standing]
    assert {one.late for one in standing_again} == {None}


def _number(line: str) -> int:
    return int(line.split(",")[0].removeprefix("c"))


def test_a_log_without_a_limit_or_a_time_is_refused(tmp_path: Path) -> None:
    log = read(tmp_path, "a,2026-01-01 09:00:00,,\n", "a,accept,2026-01-02 09:00:00,li\n")
    with pytest.raises(ValueError, match="no case has a limit"):
        cuts.lives(log)
    with pytest.raises(ValueError, match="no case has the limit 'decision'"):
        cuts.lives(small(tmp_path, 3), "decision")


def test_the_command_tells_it_in_words_or_for_programs_and_refuses_what_it_cannot_try(tmp_path: Path) -> None:
    log = small(tmp_path, 300)
    command = ("forecast", "backtest", str(log.path), "--map", str(tmp_path / "map.toml"))
    assert json.loads(zs(*command, "--json").stdout) == found(log)
    shown = zs(*command)
    assert shown.exit_code == 0, shown.stderr
    assert "先到期先办" in shown.stdout
    refused = zs(*command, "--limit", "decision")
    assert refused.exit_code == 2
    assert "decision" in refused.stderr


def zs(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


# What docs/forecasting.md says of each log, row by row.
LOGS = ("receipt_wabo", "bpic15_permits/municipality1", "bpic15_permits/municipality2", "helpdesk_italy")


def written(column: int) -> list[list[str]]:
    """The cells of a log in the two tables of docs/forecasting.md."""
    tables, rows = list[list[str]](), list[str]()
    for line in [*PAGE.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("|"):
            rows.append(line.strip("|").split("|")[column].replace("*", "").strip())
        elif rows:
            tables.append(rows[2:])
            rows = []
    return tables


def measured(document: dict[str, Any]) -> list[list[str]]:
    """The same cells, as they come out."""
    brier, weeks = document["brier"], document["weeks"]
    first = [
        f"{document['cut_offs']}; {document['cases']:,}",
        f"{_percent(document['late_share'])}; {_percent(document['mean_chance'])}",
        *(_both(document[name]) for name in ("pairs_right", "top_quarter", "top_quarter_caught")),
        f"{document['flagged']}; {_both(document['flagged_right'])}",
        _both(document["flagged_caught"]),
        f"{brier['forecast']} / {brier['share_so_far']}",
        f"{weeks['weeks']}; {weeks['came'] / weeks['weeks']:.1f}",
        f"{weeks['missed']['forecast']:.2f} / {weeks['missed']['last_week']:.2f}",
        _percent(weeks["within"]),
    ]
    second = [
        f"{step['cases']:,}; {_percent(step['late_share'])}" if step["cases"] else "0" for step in document["chances"]
    ]
    return [first, second]


def _both(pair: dict[str, float]) -> str:
    return f"{_percent(pair['forecast'])} / {_percent(pair['soonest'])}"


def _percent(value: float) -> str:
    return f"{value * 100:.1f} %"


@here
@pytest.mark.parametrize("name", LOGS)
def test_on_real_logs_forecasts_come_out_as_it_is_written(name: str) -> None:
    log = SHARED / name
    document = found(reading.read(log, mapping.read(mapping.find(log), log), NOW))
    first, second = written(LOGS.index(name) + 1)
    assert [first[1:], second] == measured(document)  # the first row names the limit
