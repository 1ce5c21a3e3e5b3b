"""What went wrong with logs of strangers, once each."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest

from infra.cli import output
from infra.logs import mapping, reading
from infra.logs.mapping import BadMap
from infra.logs.rows import BadLog
from tests.audit.logs import HEAD, NOW, audit, read, rule
from tests.audit.test_limits import ACCEPTED, LIMIT, OPEN, WEEKS, term

NO_DUE = HEAD.replace('due = "due"\n', "")


def test_a_wait_that_the_meeting_step_ends_does_not_count(tmp_path: Path) -> None:
    still = 'amount = 2\nstands_still = "suspend"'
    events = ACCEPTED + "1,suspend,2026-02-06 10:00,a\n1,grant,2026-02-20 10:00,a\n"
    assert term(tmp_path, events, still) == ("2026-02-23 23:59:59", "2026-02-20 10:00:00")


def test_the_earlier_of_the_case_end_and_the_meeting_step_ends_a_limit(tmp_path: Path) -> None:
    events = ACCEPTED + "1,grant,2026-02-20 10:00,a\n"
    assert term(tmp_path, events, "amount = 2", "1,2026-02-02 08:00,,2026-02-06 09:00\n")[1] == "2026-02-06 09:00:00"


def test_closed_at_a_time_that_nobody_knows_is_not_open_and_not_late(tmp_path: Path) -> None:
    for end in ("2099-01-01", "2026-02-30"):
        document, found = audit(read(tmp_path, f"1,2026-01-05 08:00,2026-01-06,{end}\n", ACCEPTED, "", WEEKS))
        figures = document["figures"]
        assert (figures["closed"], figures["closed_nobody_knows_when"], figures["open"]) == (1, 1, 0)
        assert figures["closed_late"] == figures["open_past_deadline"] == {"by_time": 0, "by_day": 0}
        assert not [each for each in found if each.rule[0] == "W"]
        assert rule(document, "W02")["not_measurable"]["cases"] == 1


def test_a_limit_whose_end_has_no_time_is_not_measured(tmp_path: Path) -> None:
    log = read(
        tmp_path, OPEN, ACCEPTED + "1,grant,2026-02-30,a\n1,review,2026-02-25 09:00,a\n", LIMIT + "amount = 2", WEEKS
    )
    assert rule(audit(log)[0], "W02")["not_measurable"]["missing"] == {"deadline": 1}


def test_an_instant_case_is_closed_by_its_settlement_or_denial(tmp_path: Path) -> None:
    more = '[[activity]]\nis = "done"\naction = "settle"\n'
    for step in ("done", "deny"):
        log = read(tmp_path, OPEN, f"1,{step},2026-02-02 09:00,a\n", more, 'form = "instant"\n')
        assert audit(log)[0]["figures"]["closed"] == 1


def test_numbers_that_look_like_dates_are_read_as_the_mapping_says(tmp_path: Path) -> None:
    head = HEAD.replace('start = "start"\ndue = "due"\nend = "end"\n', "")
    log = read(tmp_path, "", "1,check,1301020412345,a\n", top='time_format = "epoch_ms"\n', head=head)
    assert [str(each.at.at)[:10] for each in log.cases[0].deeds if each.at] == ["2011-03-25", "2011-03-25"]
    new_york = head.replace("Asia/Shanghai", "America/New_York")
    log = read(tmp_path, "", "1,check,1715299200,a\n", top='time_format = "epoch"\n', head=new_york)
    assert next((str(each.at.at)[:19], each.at.whole_day) for each in log.cases[0].deeds if each.at) == (
        "2024-05-09 20:00:00",
        False,
    )


@pytest.mark.parametrize(
    ("column", "cell"), [("amount_column", "2.9"), ("amount_column", "-3"), ("due_column", "31.02.2024")]
)
def test_a_limit_that_cannot_be_read_is_told(tmp_path: Path, column: str, cell: str) -> None:
    log = read(tmp_path, f"1,2026-02-02 08:00,{cell},\n", ACCEPTED, f'{LIMIT}{column} = "due"', WEEKS, NO_DUE)
    assert [(each["what"], each["value"]) for each in audit(log)[0]["unplaced"]] == [("limit", cell)]


def test_a_deadline_that_means_none_is_none(tmp_path: Path) -> None:
    document, _ = audit(read(tmp_path, "1,2026-02-02 08:00,9999-12-31,\n", ACCEPTED))
    assert document["figures"]["without_deadline"] == 1
    assert "no deadline" in document["unplaced"][0]["reason"]


def test_what_stands_for_nothing_names_no_case(tmp_path: Path) -> None:
    head = HEAD.replace('start = "start"\ndue = "due"\nend = "end"\n', "")
    log = read(tmp_path, "", "NULL,check,2026-02-03,a\n 5,check,2026-02-03,a\n5,accept,2026-02-04,a\n", head=head)
    assert [case.id for case in log.cases] == ["5"]
    assert sum(log.left_out.values()) == 1


def test_what_is_supplied_after_acceptance_waits_for_none(tmp_path: Path) -> None:
    events = "1,accept,2026-02-03 09:00,a\n1,correct,2026-02-04 09:00,a\n1,supplement,2026-02-05 09:00,a\n"
    log = read(tmp_path, OPEN, events + "1,review,2026-03-01 09:00,a\n", "", WEEKS)
    assert rule(audit(log)[0], "A06")["findings"] == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"top": 'time_format = "%Q"\n'}, "no format of strptime"),
        ({"more": LIMIT.replace('"l"', '"promised"') + "amount = 1"}, "name of a clock"),
        ({"head": HEAD.replace('end = "end"', 'end = "end"\nend_action = "grant"')}, "closes no case"),
        ({"top": "as_of = 2026-02-03T08:00:00+08:00\n"}, "before the last event"),
    ],
)
def test_a_mapping_that_would_count_wrongly_is_refused(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BadMap, match=said):
        read(tmp_path, OPEN, ACCEPTED, **wrong)


def test_files_that_are_no_logs_are_refused_and_not_taken_for_empty_ones(tmp_path: Path) -> None:
    read(tmp_path, OPEN, ACCEPTED)
    mapped = mapping.read(tmp_path / "map.toml", tmp_path)
    broken = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + zlib.compress(b"id,what\n")[2:8] + b"\xff" * 40
    for name, content, said in (
        ("page.xes", b"<html></html>", "begins with <html>"),
        ("old.xes", b"<?xml version='1.0' encoding='gb18030'?><log/>", "UTF-8"),
        ("broken.csv.gz", broken, "broken"),
        ("none.csv", b"", "the file is empty"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadLog, match=said):
            reading.read(tmp_path / name, mapped, NOW)


def test_events_of_no_trace_are_told(tmp_path: Path) -> None:
    head = (
        'source = "x"\ntimezone = "UTC"\n[case]\nid = "case_id"\n[event]\ntime = "timestamp"\nresource = "resource"\n'
    )
    (tmp_path / "map.toml").write_text(head, encoding="utf-8")
    date = '<date key="time:timestamp" value="2026-02-03T08:00:00Z"/>'
    event = f'<x:event>{date}<string key="resource" value="a"/></x:event>'
    (tmp_path / "log.xes").write_text(f'<x:log xmlns:x="x">{event}</x:log>', encoding="utf-8")
    log = reading.read(tmp_path / "log.xes", mapping.read(tmp_path / "map.toml", tmp_path), NOW)
    assert (log.events, sum(log.left_out.values())) == (1, 1)


def test_a_name_with_brackets_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output.told("left out", [("event", "[/red]x", "as [bold]it[/bold] is", 1)])
    assert "[/red]x" in capsys.readouterr().out
