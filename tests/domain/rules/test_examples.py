"""Every rule says of its labelled examples what the labels say, and each of its parameters decides one of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.supervision.rule import Rule
from chalicelib.rules import all_rules
from tests.domain.rules.notation import KINDS, Example, examples, expected, files, said

ENABLED = [rule for rule in all_rules().values() if rule.disabled is None]
EXAMPLES = [example for rule in ENABLED for example in examples(rule.code)]
each_rule = pytest.mark.parametrize("rule", ENABLED, ids=[rule.code for rule in ENABLED])


def test_every_rule_in_force_has_examples_and_no_other_has() -> None:
    assert files() == sorted(rule.code for rule in ENABLED)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_a_rule_says_of_an_example_what_its_label_says(example: Example) -> None:
    found = said(example, all_rules()[example.rule])
    finds, missing = expected(example)
    assert (set(found.finds), found.missing) == (set(finds), missing)
    for occurrence, since in finds.items():
        assert since in (None, found.finds[occurrence]), found.finds[occurrence]


@each_rule
def test_a_rule_has_positive_negative_and_boundary_examples_in_both_languages(rule: Rule) -> None:
    found = examples(rule.code)
    assert {example.kind for example in found} == set(KINDS)
    for example in found:
        assert example.data["zh"].strip(), example.name
        assert example.data["en"].strip(), example.name
        finds, missing = expected(example)
        assert not (finds and missing), example.name
        assert example.kind == "boundary" or bool(finds) == (example.kind == "positive"), example.name


PARAMETERS = [(rule, name) for rule in ENABLED for name in rule.parameters]


@pytest.mark.parametrize("by", [1, -1], ids=["one more", "one less"])
@pytest.mark.parametrize(("rule", "name"), PARAMETERS, ids=[f"{rule.code} {name}" for rule, name in PARAMETERS])
def test_a_parameter_off_by_one_turns_a_boundary_example(rule: Rule, name: str, by: int) -> None:
    changed = replace(rule, parameters={**rule.parameters, name: rule.parameters[name] + by})
    boundary = [example for example in examples(rule.code) if example.kind == "boundary"]
    turned = [example for example in boundary if _seen(example, changed) != _seen(example, rule)]
    assert turned, "no example lies at this boundary"


def _seen(example: Example, rule: Rule) -> set[str]:
    return set(said(example, rule).finds)
