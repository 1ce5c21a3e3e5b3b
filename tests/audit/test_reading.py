"""Logs as people have them: other columns, other dates, other letters, and much that is missing or impossible."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from infra.logs import mapping, reading
from infra.logs.log import Log
from infra.logs.mapping import BadMap
from infra.logs.rows import BadLog
from tests.audit.logs import HEAD, NOW, audit, read

MAP = """
source = "other"
timezone = "{zone}"
{top}
[case]
id = {id}
[event]
activity = "step"
time = "at"
resource = "by"
{event}
[[activity]]
is = "in"
action = "submit"
[[activity]]
code_starts = "20"
action = "review"
[[activity]]
code = "205"
action = "grant"
[[activity]]
starts = "zu"
action = "deny"
{more}
"""


def other(folder: Path, text: str | bytes, *, zone: str = "Asia/Shanghai", id: str = '"case"', **parts: str) -> Log:
    file = folder / "log.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    keys = {"top": "", "event": "", "more": "", **parts}
    (folder / "map.toml").write_text(MAP.format(zone=zone, id=id, **keys), encoding="utf-8")
    return reading.read(file, mapping.read(folder / "map.toml", file), NOW)


def steps(log: Log, number: int = 0) -> list[tuple[str, str, str]]:
    return [(deed.node, str(deed.at.at)[:19] if deed.at else "", deed.actor) for deed in log.cases[number].deeds]


def test_windows_letters_semicolons_and_german_dates_are_read(tmp_path: Path) -> None:
    text = "case;step;at;by\r\n1;in;03.02.2026 08:30;Müller\r\n1;zurück;04.02.2026;Jörg\r\n".encode("cp1252")
    log = other(tmp_path, text, top='time_format = ["%d.%m.%Y %H:%M", "%d.%m.%Y"]')
    assert steps(log) == [("submit", "2026-02-03 08:30:00", "Müller"), ("deny", "2026-02-04 00:00:00", "Jörg")]
    assert [deed.at.whole_day for deed in log.cases[0].deeds if deed.at] == [False, True]
    assert ["cp1252" in reason for _, _, reason in log.noted] == [True]


def test_an_encoding_that_is_named_is_used_and_one_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    text = "case,step,at,by\n1,in,2026年2月3日,张三\n".encode("gb18030")
    log = other(tmp_path, text, top='encoding = "gb18030"\ntime_format = "%Y年%m月%d日"')
    assert steps(log) == [("submit", "2026-02-03 00:00:00", "张三")]
    with pytest.raises(BadLog, match="it is not utf-8"):
        other(tmp_path, text, top='encoding = "utf-8"')
    with pytest.raises(BadLog, match="no encoding"):
        other(tmp_path, text, top='encoding = "klingon"')


def test_an_activity_is_told_by_its_code_before_its_name(tmp_path: Path) -> None:
    text = "case,step,at,by,code\n1,in,2026-02-03 08:00,a,1\n1,zu,2026-02-03 09:00,a,205\n1,zu,2026-02-03 10:00,a,207\n"
    log = other(tmp_path, text, event='code = "code"')
    assert [node for node, _, _ in steps(log)] == ["submit", "grant", "review"]


def test_several_columns_name_a_case_where_one_collides(tmp_path: Path) -> None:
    text = "town,case,step,at,by\nN,1,in,2026-02-03,a\nS,1,in,2026-02-04,a\nN,1,zu,2026-02-05,b\n,1,zu,2026-02-05,b\n"
    log = other(tmp_path, text, id='["town", "case"]')
    assert [(case.id, len(case.deeds)) for case in log.cases] == [("N/1", 2), ("S/1", 1)]
    assert dict(log.left_out) == {("event", "zu", "names no case"): 1}


def test_times_that_cannot_be_are_told_and_the_steps_stay(tmp_path: Path) -> None:
    rows = ["in,2026-02-03 08:00", "zu,1900-01-01", "zu,2099-01-01", "zu,2026-02-30", "zu,9999-99-99", "zu,"]
    log = other(tmp_path, "case,step,at,by\n" + "".join(f"1,{row},a\n" for row in rows))
    assert [at for _, at, _ in steps(log)] == ["2026-02-03 08:00:00", "", "", "", "", ""]
    assert sorted(reason for _, _, reason in log.unplaced.elements()) == [
        "at is no time that can be read",
        "at is no time that can be read",
        "at lies after the log can have been written",
        "at lies before any log",
        "has no time",
    ]
    document, _ = audit(log)
    missing = {each["code"]: each["not_measurable"]["missing"] for each in document["rules"]}
    assert missing["A01"] == {"time": 1}


def test_wall_time_of_the_log_is_wall_time_here_whatever_the_offset(tmp_path: Path) -> None:
    stamps = ("in,2026-02-03T08:00:00-05:00", "zu,2026-02-03T14:00:00Z", "zu,2026-02-03T23:30:00-05:00")
    text = "case,step,at,by\n" + "".join(f"1,{stamp},a\n" for stamp in stamps)
    log = other(tmp_path, text, zone="America/New_York")
    assert [at for _, at, _ in steps(log)] == ["2026-02-03 08:00:00", "2026-02-03 09:00:00", "2026-02-03 23:30:00"]
    assert audit(log)[0]["figures"]["as_of"] == "2026-02-03T23:30:00-05:00"


def test_nobody_is_nobody_and_accounts_are_nobodys(tmp_path: Path) -> None:
    text = "case,step,at,by\n1,in,2026-02-03,NULL\n1,zu,2026-02-04,batch-7\n1,zu,2026-02-05,TEST\n1,zu,2026-02-06,\n"
    log = other(tmp_path, text, more='[accounts]\nsystem = ["batch-*"]\ntest = "TEST"')
    assert [(deed.actor, deed.account) for deed in log.cases[0].deeds] == [
        ("", None), ("batch-7", "system"), ("TEST", "test"), ("", None)
    ]  # fmt: skip
    assert audit(log)[0]["figures"]["events_by_accounts"] == {"test": 1, "system": 1}


@pytest.mark.parametrize(("keep", "number"), [("keep", 3), ("drop", 2)])
def test_events_that_stand_twice_are_kept_or_dropped_and_told(tmp_path: Path, keep: str, number: int) -> None:
    text = "case,step,at,by\n1,in,2026-02-03,a\n1,zu,2026-02-04,b\n1,zu,2026-02-04,b\n"
    log = other(tmp_path, text, top=f'duplicates = "{keep}"')
    assert len(log.cases[0].deeds) == number
    assert sum((log.noted + log.left_out).values()) == 1


def test_what_is_excluded_and_what_is_no_step_is_counted(tmp_path: Path) -> None:
    text = "case,step,at,by,life,kind\n1,in,2026-02-03,a,start,x\n1,in,2026-02-03,a,complete,x\n1,zu,2026-02-04,a,,y\n"
    more = '[[exclude]]\nwhat = "event"\ncolumn = "kind"\nvalues = "y"\n'
    log = other(tmp_path, text, event='lifecycle = "life"', more=more)
    assert [node for node, _, _ in steps(log)] == ["submit"]
    assert sorted(reason for _, _, reason in log.left_out) == [
        "excluded by the mapping: kind", "its lifecycle transition is no step"
    ]  # fmt: skip


def test_days_without_a_time_keep_the_order_of_the_log(tmp_path: Path) -> None:
    log = read(
        tmp_path,
        "1,2026-02-02 08:00,,2026-02-04\n",
        "1,check,2026-02-03 15:00,a\n1,accept,2026-02-03,a\n1,grant,2026-02-04 16:00,a\n1,review,2026-02-03,a\n",
    )
    assert [deed.node for deed in log.cases[0].deeds] == ["submit", "check", "accept", "review", "grant", "complete"]


def test_evidence_has_columns_too(tmp_path: Path) -> None:
    text = (
        "case,step,at,by,why,n,who\n1,in,2026-02-03,a,,,\n1,zu,2026-02-04,b,incomplete,12,x; y\n1,zu,2026-02-05,b,,x,\n"
    )
    log = other(tmp_path, text, event='evidence = { reason = "why", days = "n", on_site_staff = "who" }')
    assert [dict(deed.evidence) for deed in log.cases[0].deeds] == [
        {}, {"reason": "incomplete", "days": 12, "on_site_staff": ("x", "y")}, {}
    ]  # fmt: skip


XES = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}<log xes.version="1.0"><global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
<trace><string key="concept:name" value="1"/><string key="town" value="N"><string key="nested" value="no"/></string>
<event><string key="concept:name" value="check"/><date key="time:timestamp" value="2026-02-03T08:00:00+08:00"/></event>
</trace></log>"""
XES_MAP = """
source = "x"
timezone = "Asia/Shanghai"
[organisation]
column = "town"
[case]
id = "case_id"
[event]
activity = "activity"
time = "timestamp"
resource = "{resource}"
[[activity]]
is = "check"
action = "check"
"""


def xes(folder: Path, text: str, resource: str = "") -> Log:
    file = folder / "log.xes.gz"
    file.write_bytes(gzip.compress(text.encode()))
    lines = XES_MAP.format(resource=resource).replace('resource = ""\n', "")
    (folder / "map.toml").write_text(lines, encoding="utf-8")
    return reading.read(file, mapping.read(folder / "map.toml", file), NOW)


def test_xes_is_read_and_its_standard_keys_have_the_names_of_csv(tmp_path: Path) -> None:
    log = xes(tmp_path, XES.format(doctype=""))
    assert (log.cases[0].id, log.cases[0].organisation) == ("1", "N")
    assert steps(log)[1][:2] == ("check", "2026-02-03 08:00:00")


def test_xes_that_is_broken_lacks_a_column_or_declares_entities_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLog, match="no XES document"):
        xes(tmp_path, "<log><trace></log>")
    with pytest.raises(BadLog, match="no event has the attribute 'org:resource'"):
        xes(tmp_path, XES.format(doctype=""), resource="resource")
    with pytest.raises(BadLog, match="entity"):
        xes(tmp_path, XES.format(doctype='<!DOCTYPE log [<!ENTITY a "aaaa">]>'))


def test_a_column_that_is_not_there_is_named_unless_it_may_be_lacking(tmp_path: Path) -> None:
    text = "case,step,at,by\n1,in,2026-02-03,a\n"
    with pytest.raises(BadLog, match="no column 'code'; it has case, step, at, by"):
        other(tmp_path, text, event='code = "code"')
    assert len(other(tmp_path, text, event='code = "code"', top='optional = "code"').cases) == 1


def test_short_and_long_rows_empty_files_and_broken_gzip(tmp_path: Path) -> None:
    log = other(tmp_path, "case,step,at,by\n1,in,2026-02-03\n\n1,zu,2026-02-04,a,b,c\n")
    assert [node for node, _, _ in steps(log)] == ["submit", "deny"]
    assert list(log.noted.elements())[-1][2].startswith(("rows with more", "names nobody"))
    assert other(tmp_path, "case,step,at,by\n").cases == []
    (tmp_path / "log.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(BadLog, match=r"log\.csv\.gz"):
        reading.read(tmp_path / "log.csv.gz", mapping.read(tmp_path / "map.toml", tmp_path), NOW)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"top": "colour = 1"}, "unknown key 'colour'"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"id": "[]"}, "case.id"),
        ({"more": '[[activity]]\nis = "x"\naction = "fly"'}, "'fly' is no node"),
        ({"more": '[[activity]]\nis = "in"\naction = "grant"'}, "mapped twice"),
        ({"more": '[[activity]]\naction = "grant"'}, "one of `is`"),
        ({"more": '[[limit]]\nname = "l"\nto = "grant"\namount = 1\ndue_column = "d"'}, "one of `amount`"),
        ({"more": '[[limit]]\nname = "l"\nto = "grant"\namount = 1\nunit = "week"'}, "limit.0.unit"),
        ({"event": 'evidence = { mood = "m" }'}, "read by no rule"),
        ({"top": "as_of = 2026-02-03T08:00:00"}, "needs its offset"),
        ({"top": "source ="}, "map.toml"),
    ],
)
def test_a_mapping_that_does_not_hold_says_where_and_what_is_allowed(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadMap, match=said):
        other(tmp_path, "case,step,at,by\n", **wrong)


def test_a_case_without_any_time_is_a_case_that_nobody_can_measure(tmp_path: Path) -> None:
    log = read(tmp_path, "", "1,check,,a\n", head=HEAD.replace('start = "start"\ndue = "due"\nend = "end"\n', ""))
    document, found = audit(log)
    assert document["figures"]["cases"] == 1
    assert found == []
