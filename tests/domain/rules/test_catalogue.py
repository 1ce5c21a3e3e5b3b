"""The catalogue of rules: the one in force holds, and each kind of broken one is refused with its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from chalicelib import rules
from chalicelib.domain.supervision.catalogue import parse
from chalicelib.domain.supervision.judging import CASE, CROSS
from chalicelib.errors import BrokenDefinition
from tests.support.published import ROOT

Table = dict[str, Any]
CATALOGUE: Table = tomllib.loads((ROOT / "chalicelib/rules/rules.toml").read_text(encoding="utf-8"))


def entry(table: Table, code: str) -> Table:
    found: Table = next(each for each in table["rules"] if each["code"] == code)
    return found


def refusal(change: Callable[[Table], Any]) -> str:
    """What is said of the catalogue after `change`."""
    table = deepcopy(CATALOGUE)
    change(table)
    with pytest.raises(BrokenDefinition) as refused:
        parse(table)
    return str(refused.value)


def test_the_catalogue_in_force_has_every_rule_under_its_code() -> None:
    found = rules.all_rules()
    assert set(found) == {each["code"] for each in CATALOGUE["rules"]}
    assert all(code == rule.code for code, rule in found.items())
    assert {f"A{number:02d}" for number in range(1, 41)} | {f"W{number:02d}" for number in range(1, 5)} == set(found)


def test_no_rule_is_switched_off_without_a_reason_in_both_languages() -> None:
    disabled = {code: rule.disabled for code, rule in rules.all_rules().items() if rule.disabled}
    assert set(disabled) == {"A16", "A20"}
    assert all(reason.zh and reason.en for reason in disabled.values())
    assert {*CASE, *CROSS} == set(rules.all_rules()) - set(disabled)


def test_every_rule_names_a_law_a_document_or_says_that_it_is_our_own() -> None:
    for rule in rules.all_rules().values():
        assert re.search(r"art\. \d+|〔\d{4}〕|default", rule.basis), rule.code
        assert re.search(r"[\u4e00-\u9fff]", rule.text.zh), rule.code


def test_a_rule_whose_thresholds_have_no_source_says_so() -> None:
    """Numbers that no law gives are called defaults."""
    sourced = {"A05", "A06", "A08", "A18", "A19", "A21", "A22"}
    for rule in rules.all_rules().values():
        assert not rule.parameters or rule.code in sourced or "default" in rule.basis, rule.code


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.update(more=1), "rules: unknown key 'more'"),
        (lambda t: t.update(rules={}), "rules: a list"),
        (lambda t: t["rules"].append(1), r"rules[45]: a table"),
        (lambda t: entry(t, "A02").update(colour="red"), "rules[9]: unknown key 'colour'; known are code"),
        (lambda t: entry(t, "A02").update(code="C002"), "rules[9].code: a letter A or W"),
        (lambda t: entry(t, "A02").pop("code"), "rules[9].code"),
        (lambda t: t["rules"].append(entry(t, "A02")), "rule A02: it stands there twice"),
        (lambda t: entry(t, "A02").pop("zh"), "rule A02.zh: a text"),
        (lambda t: entry(t, "A02").update(en=" "), "rule A02.en: a text"),
        (lambda t: entry(t, "A02").pop("basis"), "rule A02.basis: a text"),
        (lambda t: entry(t, "A02").update(severity="pink"), "rule A02.severity: 'pink' is not one of notice"),
        (lambda t: entry(t, "A02").update(scope="all"), "rule A02.scope: 'all' is not one of case"),
        (lambda t: entry(t, "A02").update(scope="clock"), "rule A02.scope: the rungs of clocks"),
        (lambda t: entry(t, "W01").update(scope="case"), "rule W01.scope: the rungs of clocks"),
        (lambda t: entry(t, "A02").update(scope="cross", period="day"), "rule A02: no function of scope 'cross'"),
        (lambda t: entry(t, "A02").update(period="day"), "rule A02.period: only a rule of scope 'cross'"),
        (lambda t: entry(t, "A09").pop("period"), "rule A09.period: None is not one of day"),
        (lambda t: entry(t, "A02")["parameters"].pop("step_seconds"), "rule A02.parameters.step_seconds: a whole"),
        (lambda t: entry(t, "A02")["parameters"].update(minutes=1), "rule A02.parameters: unknown key 'minutes'"),
        (lambda t: entry(t, "A02")["parameters"].update(step_seconds=-1), "rule A02.parameters.step_seconds"),
        (lambda t: entry(t, "A02")["parameters"].update(step_seconds=True), "rule A02.parameters.step_seconds"),
        (lambda t: entry(t, "A02")["parameters"].update(step_seconds=0.5), "rule A02.parameters.step_seconds"),
        (lambda t: entry(t, "A02").update(parameters=[]), "rule A02.parameters: a table"),
        (lambda t: entry(t, "A01").update(parameters={"x": 1}), "rule A01.parameters: unknown key 'x'; known are none"),
        (lambda t: entry(t, "A16").pop("disabled"), "rule A16: no function of scope 'case'"),
        (lambda t: entry(t, "A16")["disabled"].pop("en"), "rule A16.disabled.en: a text"),
        (lambda t: entry(t, "A16").update(disabled="later"), "rule A16.disabled: a table"),
        (lambda t: t["rules"].remove(entry(t, "A02")), "rule A02: there is code for it, but no entry"),
        (lambda t: t["rules"].remove(entry(t, "A09")), "rule A09: there is code for it, but no entry"),
    ],
)  # fmt: skip
def test_a_broken_catalogue_is_refused_by_name(change: Callable[[Table], Any], told: str) -> None:
    assert told in refusal(change)


def test_a_rule_with_code_may_be_disabled_and_keeps_its_parameters() -> None:
    table = deepcopy(CATALOGUE)
    entry(table, "A02")["disabled"] = {"zh": "试运行", "en": "on trial"}
    assert parse(table)["A02"].disabled is not None
    assert parse(table)["A02"].parameters == rules.all_rules()["A02"].parameters


def test_what_is_withdrawn_is_counted_as_what_was_warned_of() -> None:
    found = rules.all_rules()
    assert found["W04"].parameters == found["W03"].parameters
