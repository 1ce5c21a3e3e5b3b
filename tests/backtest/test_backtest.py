"""Forecasts tried on logs: on a small one whose answer is known, without looking ahead; and on the real ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.forecasts import all_methods
from infra.backtest import cuts, trying
from infra.logs import mapping, reading
from infra.logs.log import Log
from tests.audit.logs import NOW, SHARED, read

METHOD = all_methods()["outlook@1"]
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


# log → pairs in the right order, the late among the first quarter, Brier; and the mean error of weeks: each of the
# forecast and of the plain way. Nothing was chosen by the last one, and there the order is no better.
REAL = {
    "receipt_wabo": ((0.645, 0.602), (0.52, 0.478), (0.204, 0.226), (5.82, 6.22)),
    "bpic15_permits/municipality1": ((0.694, 0.651), (0.792, 0.734), (0.222, 0.256), (2.09, 2.447)),
    "bpic15_permits/municipality2": ((0.661, 0.615), (0.768, 0.732), (0.225, 0.245), (2.074, 2.537)),
    "helpdesk_italy": ((0.718, 0.721), (0.385, 0.404), (0.141, 0.198), (7.086, 7.928)),
}


@here
@pytest.mark.parametrize("name", REAL)
def test_on_real_logs_forecasts_come_out_as_it_is_written(name: str) -> None:
    log = SHARED / name
    document = found(reading.read(log, mapping.read(mapping.find(log), log), NOW))
    pairs, top, brier, weeks = REAL[name]
    assert tuple(document["pairs_right"].values()) == pairs
    assert tuple(document["top_quarter"].values()) == top
    assert tuple(document["brier"].values()) == brier
    assert tuple(document["weeks"]["missed"].values()) == weeks
