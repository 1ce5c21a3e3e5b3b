"""What an audit found, for people and for programs. This module must not judge."""

from __future__ import annotations

from collections import Counter
from typing import Any

from chalicelib.domain.supervision.rule import Finding, Rule
from infra.audit.auditing import Audit, Tally
from infra.cli import output
from infra.logs.log import Log, Told

_FIGURES = (
    ("cases", "办件  cases"),
    ("closed", "已办结  closed"),
    ("open", "在办  open"),
    ("closed_nobody_knows_when", "办结时间不明，无法判断  closed at a time that nobody knows: not measurable"),
    ("closed_late", "超期办结  closed after the deadline"),
    ("open_past_deadline", "在办且已超期  open and past the deadline at the end of the log"),
    ("without_deadline", "无期限，无法判断  no deadline told: not measurable"),
    ("of_one_event", "只有一条事件  with one event only"),
    ("without_events", "没有事件  without any event"),
    ("ended_before_start", "结束早于开始  ended before the start"),
)
_ACCOUNTS = (
    ("test", "测试或管理账号的事件  events by test and admin accounts"),
    ("system", "系统账号的事件  events by system accounts"),
)
_TOGETHER = (
    ("cases", "两步都有  cases with both"),
    ("same_person", "同一人  both by the same person"),
    ("not_measurable", "缺人员，无法判断  nobody named: not measurable"),
)
_LISTS = (
    ("left_out", "未采用  left out"),
    ("unplaced", "无对应环节或无时间  without a counterpart or a time"),
    ("unmapped", "取缺省值  taken as the default"),
    ("noted", "按原样采用，请留意  taken as it is, worth knowing"),
)


def document(found: Audit) -> dict[str, Any]:
    """Everything, for programs: the log, its figures, each rule, and what did not fit."""
    log = found.log
    return {
        "log": {"source": log.mapping.source, "cite": log.mapping.cite, "events": log.events},
        "figures": found.figures.document(log.accounts),
        "rules": [_rule(found.rules[code], tally) for code, tally in found.tallies.items()],
        **{name: _told(getattr(log, name)) for name, _ in _LISTS},
    }


def _rule(rule: Rule, tally: Tally) -> dict[str, Any]:
    missing = dict(sorted(tally.not_measurable.items()))
    return {
        "code": rule.code,
        "name": {"zh-CN": rule.text.zh, "en": rule.text.en},
        "severity": rule.severity,
        "basis": rule.basis,
        "findings": tally.findings,
        "cases": tally.cases,
        "examples": tally.examples,
        "not_measurable": {"cases": sum(missing.values()), "missing": missing},
        "disabled": rule.disabled and {"zh-CN": rule.disabled.zh, "en": rule.disabled.en},
    }


def _told(found: Counter[Told]) -> list[dict[str, Any]]:
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"what": what, "value": value, "reason": reason, "count": n} for (what, value, reason), n in ordered]


def finding(found: Finding) -> dict[str, Any]:
    """One finding with its evidence, for programs. Times are those of the log's own clock."""
    evidence = {name: list(value) if isinstance(value, tuple) else value for name, value in found.evidence.items()}
    at = found.at.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return {
        "rule": found.rule,
        "subject": found.subject,
        "occurrence": found.occurrence,
        "at": at,
        "evidence": evidence,
    }


def show(summary: dict[str, Any], log: Log) -> None:
    """The same for people."""
    figures = summary["figures"]
    counts = f"{figures['cases']:,} 件 cases, {log.events:,} 条事件 events"
    output.out.print(
        f"{log.mapping.source}: {counts}; 截至 up to {figures['as_of'] or '—'}", markup=False, style="bold"
    )
    output.table("日志概况  What the log says", ("", "件数 count"), _figures(figures))
    asked = [rule for rule in summary["rules"] if not rule["disabled"]]
    columns = ("规则 rule", "异常\nfindings", "办件\ncases", "无法判断\nnot measurable")
    output.table("监察规则  Rules of supervision", columns, [_row(rule) for rule in asked])
    for rule in summary["rules"]:
        if rule["disabled"]:
            why = f"停用 disabled: {rule['disabled']['zh-CN']} {rule['disabled']['en']}"
            output.out.print(f"{_name(rule)}: {why}", markup=False, style="dim")
    for name, title in _LISTS:
        output.told(title, [(each["what"], each["value"], each["reason"], each["count"]) for each in summary[name]])


def _figures(figures: dict[str, Any]) -> list[tuple[str, int]]:
    rows = []
    for name, text in _FIGURES:
        value = figures[name]
        if isinstance(value, dict):
            rows += [(f"{text}, 按时刻 by time", value["by_time"]), (f"{text}, 按日 by day", value["by_day"])]
        else:
            rows.append((text, value))
    for kind, text in _ACCOUNTS:
        rows.append((text, figures["events_by_accounts"][kind]))
    for pair in figures["together"]:
        rows += [(f"{' + '.join(pair['nodes'])}: {text}", pair[name]) for name, text in _TOGETHER]
    return rows


def _name(rule: dict[str, Any]) -> str:
    return f"{rule['code']} {rule['name']['zh-CN']} {rule['name']['en']}"


def _row(rule: dict[str, Any]) -> tuple[str, int, int, str]:
    missing = rule["not_measurable"]
    lacking = f"{missing['cases']:,}: {', '.join(missing['missing'])}" if missing["cases"] else ""
    return _name(rule), rule["findings"], rule["cases"], lacking
