"""The page of the rules of supervision (监察规则): what each looks for, on what it rests, and its labelled examples.

Names, basis and parameters are those of the catalogue, the explanation is the function's own docstring, and the
examples are the files that test it. This module must not add to them.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chalicelib.domain.supervision.judging import CASE, CROSS
from chalicelib.domain.supervision.rule import Rule
from chalicelib.rules import all_rules
from infra.reference import markdown
from infra.reference.glossary import Glossary
from infra.reference.markdown import BREAK

PATH = "rules.md"
TITLE = "监察规则 Rules of supervision"
EXAMPLES = Path(__file__).parents[2] / "tests/domain/rules/examples"
_WORDS = "Supervision 监管"
_INTRO = """\
每条规则是一个纯函数，名称、级别、依据和参数是数据；停用的规则列明原因。数据不足以判断时规则答“无从判断”，不作“无异常”。
每条规则附标注样例（正例、反例、临界），样例即其测试；写法见 `tests/domain/rules/notation.py`，日期均为 2026 年，时间为
北京时间。

Each rule is a pure function whose name, severity, basis and parameters are data; a disabled rule stays here with its
reason. Where data lack, a rule says “not measurable” and never “nothing wrong”. The labelled examples (positive,
negative, boundary) are its tests; how they are written: `tests/domain/rules/notation.py`. All days are of 2026, all
hours of Beijing."""
_KINDS = {"positive": "正例", "negative": "反例", "boundary": "临界"}
_SAID = ("kind", "zh", "en", "finds", "not_measurable")


def page(words: Glossary) -> str:
    """The page of every rule, in the order of the catalogue."""
    rules = all_rules().values()
    return markdown.page(TITLE, "README.md", _INTRO, _overview(rules, words), *(_rule(rule, words) for rule in rules))


def _overview(rules: Iterable[Rule], words: Glossary) -> str:
    rows = [
        (
            f"[**{rule.code}**]({PATH}#{rule.code})",
            f"{rule.text.zh}{BREAK}{rule.text.en}",
            words.choice("severity", rule.severity),
            _scope(rule, words),
            "停用 disabled" if rule.disabled else "",
        )
        for rule in rules
    ]
    return markdown.table(("代码 Code", "名称 Name", "级别 Severity", "对象 Of", "状态 Status"), rows)


def _scope(rule: Rule, words: Glossary) -> str:
    period = f"（{words.choice('period', rule.period)}）" if rule.period else ""
    return words.choice("scope", rule.scope) + period


def _rule(rule: Rule, words: Glossary) -> str:
    parameters = [f"{words.shown(name, _WORDS)} = {value}" for name, value in rule.parameters.items()]
    rows = [
        ("规则 Rule", _looks_for(rule)),
        ("级别 Severity", f"{words.choice('severity', rule.severity)} `{rule.severity}`"),
        ("对象 Of", _scope(rule, words)),
        ("依据 Basis", rule.basis),
        ("参数 Parameters", BREAK.join(parameters)),
        ("停用 Disabled", markdown.bilingual(rule.disabled.zh, rule.disabled.en) if rule.disabled else ""),
    ]
    title = f"{rule.code} {rule.text.zh} {rule.text.en}"
    said = markdown.table(("", ""), [row for row in rows if row[1]])
    return f"{markdown.anchor(rule.code)}\n\n{markdown.section(title, said, _examples(rule))}"


def _looks_for(rule: Rule) -> str:
    """What the function of the rule says of itself; a rule without data has none."""
    function, _ = (CROSS if rule.scope == "cross" else CASE).get(rule.code, (None, ()))
    return markdown.prose(inspect.getdoc(function) or "") if function else ""


def _examples(rule: Rule) -> str:
    file = EXAMPLES / f"{rule.code}.toml"
    if rule.disabled and not file.is_file():
        return ""
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["example"]
    headings = ("样例 Example", "情形 Situation", "输入 Given", "结论 Says")
    return markdown.table(headings, [_example(entry) for entry in entries])


def _example(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"{_KINDS[entry['kind']]} {entry['kind']}",
        markdown.bilingual(entry["zh"], entry["en"]),
        BREAK.join(f"`{line}`" for line in _given(entry)),
        _says(entry),
    )


def _given(entry: Mapping[str, Any]) -> Iterator[str]:
    """The lines of an example as they stand in its file."""
    for key, value in entry.items():
        if key in _SAID:
            continue
        if isinstance(value, str) and "\n" in value:
            yield from value.strip().splitlines()
        elif isinstance(value, list):
            yield from (f"{key}: {each}" for each in value)
        else:
            yield str(value) if key in ("events", "facts") else f"{key}: {value}"


def _says(entry: Mapping[str, Any]) -> str:
    if "not_measurable" in entry:
        return f"无从判断 not measurable{BREAK}`{entry['not_measurable']}`"
    if not entry.get("finds"):
        return "无 nothing"
    return f"异常 found{BREAK}" + BREAK.join(f"`{each}`" for each in entry["finds"])
