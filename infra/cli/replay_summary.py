"""What became of a replay, read back from the platform case by case and never from the log.

Only what did not get in at all is told from the log's side. This module must not change anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from infra.cli import output
from infra.cli.hub import SYSTEM, Hub, Progress
from infra.cli.replay_play import Played
from infra.logs.log import Log, Told

Summary = dict[str, Any]


def read_back(hub: Hub, numbers: Iterable[str], as_of: datetime, progress: Progress) -> Summary:
    """Cases by state, channel and deadline, each asked for by its number. What is open is held against its deadline at
    `as_of`, the last moment of the log, wherever the local clock may be by now."""
    states, channels, outcome = Counter[str](), Counter[str](), Counter[str]()
    total = 0
    for number in numbers:
        case = hub.get(f"/v1/cases/{number}", SYSTEM)
        total += 1
        states[case["state"]] += 1
        channels[case["channel"]] += 1
        outcome.update(_standing(case, as_of))
        progress(1)
    names = ("closed", "closed_late", "closed_in_time", "open", "open_past_deadline", "open_in_time", "not_measurable")
    deadlines = {name: outcome[name] for name in names}
    return {
        "cases": total,
        "by_state": dict(states),
        "by_channel": dict(channels),
        "deadlines": deadlines,
    }


def _standing(case: Mapping[str, Any], as_of: datetime) -> list[str]:
    """Closed or open, and how that stands to the deadline that the log told."""
    light = case["lights"].get("promised")
    standing = "open" if case["closed_at"] is None else "closed"
    if light is None:
        return [standing, "not_measurable"]
    if standing == "closed":
        return [standing, "closed_late" if light == "missed" else "closed_in_time"]
    due = datetime.fromisoformat(case["deadlines"]["promised"]["due"])
    return [standing, "open_past_deadline" if due < as_of else "open_in_time"]


def document(logs: list[Log], played: Played, found: Summary, run: Summary) -> Summary:
    """Everything, for programs; `run` tells of this run only, the rest is the same at every run."""
    refused = [{"action": a, "code": c, "detail": d, "count": n} for (a, c, d), n in played.refused.most_common()]
    return {
        "logs": [{"source": each.mapping.source, "cases": len(each.cases), "events": each.events} for each in logs],
        "as_of": _last_moment(logs),
        **found,
        "left_out": _told(sum((each.left_out + each.unplaced for each in logs), Counter())),
        "unmapped": _told(sum((each.unmapped for each in logs), Counter())),
        "noted": _told(sum((each.noted for each in logs), Counter())),
        "refused": refused,
        "run": {**run, "clock": played.clock},
    }


def _last_moment(logs: list[Log]) -> str | None:
    """The last moment of the logs, as the one that tells of it has it on its own clock."""
    ends = [(log.as_of, log.mapping.timezone) for log in logs if log.as_of is not None]
    if not ends:
        return None
    at, zone = max(ends, key=lambda end: end[0])
    return at.replace(tzinfo=zone).isoformat()


def _told(found: Counter[Told]) -> list[dict[str, Any]]:
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"what": what, "value": value, "reason": reason, "count": n} for (what, value, reason), n in ordered]


_DEADLINES = (
    ("closed_late", "超期办结  closed after the deadline"),
    ("closed_in_time", "按期办结  closed in time"),
    ("open_past_deadline", "在办且已超期  open and past the deadline"),
    ("open_in_time", "在办未超期  open, not yet due"),
    ("not_measurable", "无期限，无法判断  no deadline told: not measurable"),
)
_LISTS = (
    ("left_out", "未导入  left out"),
    ("unmapped", "无法对应  could not be mapped"),
    ("noted", "已按原样导入，请留意  recorded as it is, worth knowing"),
)


def show(summary: Summary) -> None:
    """The same for people."""
    for log in summary["logs"]:
        output.out.print(f"{log['source']}: {log['cases']:,} 件 cases, {log['events']:,} 条事件 events", markup=False)
    output.counts("按状态（读自平台）  Cases by state, read from the platform", "状态 state", summary["by_state"])
    output.counts("按渠道  By channel", "渠道 channel", summary["by_channel"])
    rows = [(text, summary["deadlines"][name]) for name, text in _DEADLINES]
    found = summary["deadlines"]
    title = f"期限，截至 {summary['as_of']}  Deadlines: {found['closed']:,} closed, {found['open']:,} open at that time"
    output.table(title, ("", "件数 count"), rows)
    for name, title in _LISTS:
        output.told(title, [(e["what"], e["value"], e["reason"], e["count"]) for e in summary[name]])
    refused = [(e["action"], e["code"], e["detail"], e["count"]) for e in summary["refused"]]
    output.told("平台拒绝  Refused by the platform", refused)
    run = summary["run"]
    output.out.print(
        f"{run['requests']:,} 次请求 requests, {run['seconds']} 秒 s; 本地时钟 local clock {run['now']}", markup=False
    )
