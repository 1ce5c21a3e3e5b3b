"""Rules over many cases, asked of a log: batches by night, many cases of one applicant, units beside each other."""

from __future__ import annotations

from pathlib import Path

from tests.audit.logs import HEAD, audit, read, rule

BY_UNIT = '[organisation]\ncolumn = "due"\n'
LAST = "9,2026-02-20 08:00,x,\n"  # a later day, so that the days before are over


def cases(number: int, end: str, unit: str = "Nord", first: int = 100) -> str:
    return "".join(f"{first + each},2026-02-02 08:00,{unit},{end}\n" for each in range(number))


def units_head(more: str = "") -> str:
    return HEAD.replace('due = "due"\n', f'responsible = "due"\n{more}')


def test_a_night_of_twenty_by_one_person_is_found_on_its_day(tmp_path: Path) -> None:
    log = read(
        tmp_path, cases(20, "2026-02-03 23:10") + LAST, "100,check,2026-02-02 09:00,a\n", BY_UNIT, "", units_head()
    )
    document, found = audit(log)
    assert [(each.subject, each.occurrence) for each in found if each.rule == "A09"] == [("Nord#2026-02-03", "Nord")]
    assert rule(document, "A09")["examples"] == ["Nord#2026-02-03"]


def test_days_without_a_time_cannot_show_a_night(tmp_path: Path) -> None:
    log = read(tmp_path, cases(20, "2026-02-03") + LAST, "100,check,2026-02-02 09:00,a\n", BY_UNIT, "", units_head())
    document, _ = audit(log)
    assert rule(document, "A09")["findings"] == 0
    assert rule(document, "A09")["not_measurable"]["missing"] == {"time": 1}


def test_one_applicant_with_three_cases_needs_applicants_to_be_told(tmp_path: Path) -> None:
    events = "100,check,2026-02-02 09:00,a\n"
    log = read(tmp_path, cases(3, "") + LAST, events, BY_UNIT, "", units_head('applicant = "due"\n'))
    assert [each.subject for each in audit(log)[1] if each.rule == "A14"] == ["Nord#2026-02-02"]
    log = read(tmp_path, cases(3, "") + LAST, events, BY_UNIT, "", units_head())
    assert rule(audit(log)[0], "A14")["not_measurable"]["missing"] == {"applicant": 4}


def test_a_unit_is_held_against_those_beside_it_in_a_month_that_is_over(tmp_path: Path) -> None:
    rows = "".join(cases(40, "", unit, number * 1000) for number, unit in enumerate(("A", "B", "C", "D"), start=1))
    refused = "".join(f"{1000 + each},deny,2026-02-05 09:00,a\n" for each in range(10))
    others = "".join(f"{number}000,deny,2026-02-05 09:00,a\n" for number in (2, 3, 4))
    last = "9,2026-03-01 08:00,x,\n"
    document, found = audit(read(tmp_path, rows + last, refused + others, BY_UNIT, "", units_head()))
    assert [(each.subject, each.evidence["cases"]) for each in found if each.rule == "A29"] == [("A#2026-02", 10)]
    assert rule(document, "A33")["not_measurable"]["missing"] == {"months": 4}
