"""`./zs case`, `desk` and `deadline`: what the platform says, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from infra.cli import output
from infra.cli.hub import SYSTEM
from infra.cli.output import AsJson, Url


class Due(StrEnum):
    """Which part of a queue."""

    warning = "warning"
    overdue = "overdue"


class Unit(StrEnum):
    """Units of limits."""

    working_day = "working_day"
    calendar_day = "calendar_day"
    hour = "hour"


_UNITS = {"working_day": "工作日 wd", "calendar_day": "日 d", "hour": "小时 h"}
_CLOCKS = {"statutory": "法定 statutory", "promised": "承诺 promised", "stage": "环节 stage"}


def case(
    case_id: Annotated[str, typer.Argument(metavar="ID", help="办件编号（21位） / case number")],
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """查看办件：状态、期限、流程节点及校验 / A case: its state, its deadlines, its history verified."""
    with output.connected(url) as hub:
        found = hub.get(f"/v1/cases/{case_id}", SYSTEM)
        clocks = hub.get(f"/v1/cases/{case_id}/deadline", SYSTEM)["clocks"]
        history = hub.get(f"/v1/cases/{case_id}/history", SYSTEM)
    if as_json:
        output.print_json({"case": found, "clocks": clocks, "history": history})
        return
    _show_case(found)
    limits = [(_CLOCKS[c["clock"]], _limit(c), _due(c["deadline"]), c["light_name"]["zh"], c["basis"]) for c in clocks]
    output.table("期限  Deadlines", ("时钟 clock", "期限 limit", "到期 due", "灯 light", "依据 basis"), limits)
    rows = [
        (str(n["number"]), output.moment(n["at"]), n["action"], n["name"]["zh"], n["actor"], _said(n["evidence"]))
        for n in history["nodes"]
    ]
    output.table("流程节点  History", ("", "时间 at", "步骤 step", "", "经办 by", "内容 evidence"), rows)
    if history["verified"]:
        output.out.print("校验通过：节点未被改动  Verified: nothing was altered", style="green")
    else:
        output.out.print(f"校验未通过  NOT verified; broken at {history['broken_at']}", style="bold red")


def _show_case(found: Mapping[str, Any]) -> None:
    item, state = found["item"], found["state_name"]
    lines = [
        f"{found['case_id']}  第{found['version']}版 version {found['version']}",
        f"{item['name']['zh']}  {item['id']}@{item['version']}",
        f"状态 state: {state['zh']} {found['state']}; 单位 {found['organisation']}; 渠道 {found['channel']}",
        f"收件 received: {output.moment(found['received_at'])}; 办结 closed: {output.moment(found['closed_at'])}",
        f"可办 allowed: {', '.join(found['allowed_actions']) or '—'}",
    ]
    for line in lines:
        output.out.print(line, markup=False)


def _limit(clock: Mapping[str, Any]) -> str:
    if clock["limit"] is None:
        return "他处告知 told"
    extended = f" + {clock['extension']}" if clock["extension"] else ""
    return f"{clock['limit']}{extended} {_UNITS[clock['unit']]}"


def _due(deadline: Mapping[str, Any]) -> str:
    if deadline["due"] is None:
        return "暂停 paused"
    return output.moment(deadline["due"]) + (" (暂定 provisional)" if deadline["provisional"] else "")


def _said(evidence: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}={value}" for name, value in evidence.items())


def desk(
    org: Annotated[str, typer.Argument(help="单位编码 / organisation code")],
    state: Annotated[str | None, typer.Option(help="仅此状态 / this state only")] = None,
    due: Annotated[Due | None, typer.Option(help="将到期或已超期 / due soon or overdue")] = None,
    most: Annotated[int, typer.Option("--limit", min=1, help="最多件数 / at most so many")] = 50,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """单位待办队列，先到期者在前 / The queue of an organisation, what is due first on top."""
    query = urlencode({name: value for name, value in (("org", org), ("state", state), ("due", due)) if value})
    with output.connected(url) as hub:
        rows = hub.pages(f"/v1/desk?{query}", SYSTEM, most)
    if as_json:
        output.print_json(rows)
        return
    shown = [
        (
            r["case_id"],
            r["item"]["name"]["zh"],
            r["state"],
            r["channel"],
            output.moment(r["due"]),
            "超期" * r["overdue"],
        )
        for r in rows
    ]
    columns = ("编号 case", "事项 item", "状态 state", "渠道 channel", "到期 due", "")
    output.table(f"{org} 待办  On the desk: {len(rows)}", columns, shown)


def deadline(
    start: Annotated[str, typer.Argument(help="起算日或时间，如 2026-09-30 / the day or time it begins")],
    limit: Annotated[int, typer.Argument(min=0, help="期限 / how long")],
    unit: Annotated[Unit, typer.Option(help="单位 / unit")] = Unit.working_day,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """计算期限并逐日说明 / A deadline, explained day by day."""
    query = urlencode({"start": start, "limit": limit, "unit": unit.value})
    with output.connected(url) as hub:
        found = hub.get(f"/v1/calendar/deadline?{query}")
    if as_json:
        output.print_json(found)
        return
    rows = [
        (output.moment(d["start"]) if d["start"] else d["day"], _counted(d), d["text"]["zh"], d["text"]["en"])
        for d in found["days"]
    ]
    output.table(f"{start} + {limit} {unit}", ("日 day", "计 counts", "说明", "why"), rows)
    output.out.print(f"到期 due: {_due(found['deadline'])}", style="bold", markup=False)


def _counted(day: Mapping[str, Any]) -> str:
    return (str(day["number"]) if day["number"] is not None else "✓") if day["counted"] else "–"
