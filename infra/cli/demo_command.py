"""`./zs demo`: a sample week, from the clock to the closing table. This module must not know bodies."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from chalicelib.domain.calendar import SHANGHAI
from infra.cli import demo_play, demo_story, demo_town, output
from infra.cli.demo_play import Act, Week
from infra.cli.hub import SYSTEM, Hub, RefusedByServer
from infra.cli.output import AsJson, Url
from infra.local import load_registry


def demo(
    seed: Annotated[int, typer.Option(help="随机种子，相同则结果相同 / same seed and start, same week")] = 7,
    cases: Annotated[int, typer.Option(min=1, max=20_000, help="办件数 / number of cases")] = 300,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """演示一周样例办件（全部为虚构数据） / Play an invented sample week through the ordinary door."""
    output.say(
        "以下全部为示例数据：人名、单位、号码均为虚构。", "All of it is sample data: every name and number is invented."
    )
    with output.connected(url) as hub:
        summary = run(hub, seed, cases)
    if as_json:
        output.print_json(summary)
    else:
        _show(summary, url)


def run(hub: Hub, seed: int, cases: int) -> dict[str, Any]:
    """Plays the week and gives its summary, read back from the platform."""
    began = time.monotonic()
    start = _started(hub)
    town = demo_town.surveyed(hub)
    if not town.items or not town.staff:
        output.die(
            "平台上没有样例登记数据，请先执行 ./zs registry load",
            "The sample registry is not published; first: ./zs registry load",
        )
    plan = demo_play.planned(town, seed, cases, start)
    with output.progress("演示 playing", sum(1 + len(act.story.steps) for _, act in plan)) as progress:
        week = demo_play.play(hub, town, plan, start, progress)
    for path, document in load_registry.centres():  # at the end: with them every hour is computed of a whole province
        hub.send("PUT", path, document, load_registry.PUBLISHER)
    summary = _summary(hub, week)
    return {**summary, "run": {"requests": hub.requests, "seconds": round(time.monotonic() - began, 1)}}


def _started(hub: Hub) -> datetime:
    """The Monday a week back where the clock may still go back, or the present; at an opening hour."""
    now = hub.now().astimezone(SHANGHAI)
    monday = demo_story.at_opening(now - timedelta(days=now.weekday() + 7))
    try:
        return hub.set_clock(monday).astimezone(SHANGHAI)
    except RefusedByServer as refusal:
        if refusal.status != 409:
            raise
    return demo_story.opened(now).replace(microsecond=0)


def _summary(hub: Hub, week: Week) -> dict[str, Any]:
    states, channels, results = Counter[str](), Counter[str](), Counter[str]()
    filed = [act for act in week.acts if act.number]
    with output.progress("读回 reading back", len(filed)) as progress:
        for act in filed:
            case = hub.get(f"/v1/cases/{act.number}", SYSTEM)
            states[case["state"]] += 1
            channels[case["channel"]] += 1
            results[case["result"] or "open"] += 1
            progress(1)
    desks = sorted({act.place for act in filed})
    overdue = {desk: len(hub.pages(f"/v1/desk?org={desk}&due=overdue", SYSTEM)) for desk in desks}
    warning = {desk: len(hub.pages(f"/v1/desk?org={desk}&due=warning", SYSTEM)) for desk in desks}
    return {
        "sample": True,
        "start": week.start.isoformat(),
        "end": week.end.isoformat(),
        "cases": len(filed),
        "steps": week.steps,
        "by_state": dict(states),
        "by_channel": dict(channels),
        "by_result": dict(results),
        "by_rating": dict(week.ratings),
        "overdue_by_desk": {desk: number for desk, number in overdue.items() if number},
        "due_soon_by_desk": {desk: number for desk, number in warning.items() if number},
        "refused": [{"action": a, "code": c, "detail": d, "count": n} for (a, c, d), n in week.refused.most_common()],
        "stopped": [{"outcome": o, "step": s, "count": n} for (o, s), n in week.stopped.most_common()],
        "example": _example(filed),
    }


def _example(filed: list[Act]) -> dict[str, str]:
    """The case with the longest history."""
    longest = max(filed, key=lambda act: act.version, default=None)
    return {"case": longest.number, "code": longest.code} if longest else {}


def _show(summary: dict[str, Any], url: str) -> None:
    title = f"示例数据：{summary['start'][:10]} 至 {summary['end'][:10]}  Sample data"
    output.out.print(f"{title}: {summary['cases']} 件 cases, {summary['steps']} 步 steps", markup=False)
    output.counts("按状态  Cases by state", "状态 state", summary["by_state"])
    output.counts("按渠道  By channel", "渠道 channel", summary["by_channel"])
    output.counts("评价  Ratings", "等级 level", summary["by_rating"])
    late, soon = summary["overdue_by_desk"], summary["due_soon_by_desk"]
    desks = sorted(late.keys() | soon.keys(), key=lambda desk: (-late.get(desk, 0), desk))
    rows = [(desk, str(late.get(desk, 0)), str(soon.get(desk, 0))) for desk in desks]
    output.table("各单位待办  On the desks", ("单位 organisation", "超期 overdue", "将到期 due soon"), rows)
    total = sum(entry["count"] for entry in summary["refused"])
    output.out.print(f"平台拒绝  Refused by the platform: {total}", markup=False)
    for entry in summary["refused"]:
        output.out.print(f"  {entry['count']} × {entry['action']}: {entry['code']} {entry['detail']}", markup=False)
    for entry in summary["stopped"]:
        output.out.print(f"  {entry['count']} × 无人可办 nobody can {entry['step']} ({entry['outcome']})", markup=False)
    _next(summary, url, desks)


def _next(summary: dict[str, Any], url: str, desks: list[str]) -> None:
    example, at = summary["example"], "" if url == output.DEFAULT_URL else f" --url {url}"
    if not example:
        return
    body = f'{{"case_id":"{example["case"]}","code":"{example["code"]}"}}'
    lines = [
        "接着可以试  Try next:",
        f"  ./zs desk {desks[0] if desks else example['case'][:6]} --due overdue{at}",
        f"  ./zs case {example['case']}{at}",
        f"  curl -s '{url}/v1/ratings?org={desks[0] if desks else example['case'][:6]}'",
        f"  curl -s {url}/v1/progress -H 'Content-Type: application/json' -d '{body}'",
    ]
    for line in lines:
        output.out.print(line, markup=False, soft_wrap=True)
