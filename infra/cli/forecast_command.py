"""`./zs forecast backtest`: the forecasts of the platform tried on an event log, without any cloud. This module must
not know columns and must not forecast."""

from __future__ import annotations

import gc
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib.forecasts import in_force
from infra.backtest import cuts, trying
from infra.cli import output
from infra.cli.output import AsJson
from infra.logs import mapping, reading
from infra.logs.mapping import BadMap
from infra.logs.rows import BadLog

forecast = typer.Typer(help="预测预警 / Forecasts.", no_args_is_help=True)


@forecast.callback()
def _group() -> None:
    """A command of its own behind `forecast`, although it is the only one."""


@forecast.command()
def backtest(
    log: Annotated[
        Path, typer.Argument(help="事件日志：目录、CSV或XES / the log: a folder, CSV or XES, plain or gzip")
    ],
    map_file: Annotated[Path | None, typer.Option("--map", help="映射文件，缺省按名称查找 / mapping file")] = None,
    limit: Annotated[
        str | None, typer.Option("--limit", help="以哪个时限为准，缺省取最多办件所有的 / which limit of the log")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """用事件日志回测预测方法，并与“先到期先办”“同上周”比较 / Try forecasts on the past, beside what needs none."""
    gc.disable()  # millions of rows and no cycles: looking for them would take a third of the time
    try:
        read = reading.read(log, mapping.read(map_file or mapping.find(log), log))
        lives = cuts.lives(read, limit)
    except (BadMap, BadLog, OSError, ValueError) as wrong:
        output.die(f"无法回测：{wrong}", str(wrong), 2)
    document = trying.document(trying.tried(lives, in_force(date.max)))
    if as_json:
        output.print_json(document)
        return
    _show(document)


def _show(found: dict[str, Any]) -> None:
    log, weeks = found["log"], found["weeks"]
    told = f"{log['source']}: 时限 limit {log['limit']}, 方法 method {found['method']}"
    output.out.print(f"{told}, {found['cut_offs']} 个时点 cut-offs", markup=False, style="bold")
    output.table(
        "在办未超期办件  Open cases, in time on the day",
        ("", "值 value"),
        [
            ("办件（每个时点各计一次）  cases, once for each cut-off", found["cases"]),
            ("结果未知，未计  not decided when the log ends, left out", found["undecided"]),
            ("后来超期  late in the end", found["late"]),
            ("占比  share", _percent(found["late_share"])),
            ("预测的平均可能性  mean chance", _percent(found["mean_chance"])),
        ],
    )
    columns = ("", "预测 forecast", "先到期先办 due soonest")
    output.table("排序  In which order", columns, _orders(found))
    brier = found["brier"]
    told = f"Brier: {brier['forecast']}; 一律按既往超期率 everybody at the share so far: {brier['share_so_far']}"
    output.out.print(told, markup=False)
    output.table(
        "可能性与实际  Chances and what came of them",
        ("可能性 chance", "件数 cases", "实际超期 late"),
        [(f"{s['from']:.0%}–{s['to']:.0%}", s["cases"], _percent(s["late_share"])) for s in found["chances"]],
    )
    missed = weeks["missed"]
    rows = [
        ("周数  weeks", weeks["weeks"]),
        ("收件  cases that came", weeks["came"]),
        ("平均误差，预测  mean error, forecast", missed["forecast"]),
        ("平均误差，同上周  mean error, as last week", missed["last_week"]),
        ("落在区间内  weeks within the interval", _percent(weeks["within"])),
    ]
    output.table("来件  What came in a week", ("", "值 value"), rows)
    if log["cite"]:
        output.out.print(f"数据来源 data: {log['cite']}", markup=False, style="dim")


def _orders(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = (
        ("前四分之一中超期的  of the first quarter, late", "top_quarter"),
        ("前四分之一捕获的超期  of the late, in the first quarter", "top_quarter_caught"),
        (f"标红 {found['flagged']} 件中超期的  of those flagged, late", "flagged_right"),
        ("标红捕获的超期  of the late, flagged", "flagged_caught"),
        ("一件超期与一件未超期排对的  pairs in the right order", "pairs_right"),
    )
    return [(text, _percent(found[name]["forecast"]), _percent(found[name]["soonest"])) for text, name in rows]


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"
