"""`./zs replay`: from paths to a summary. This module must not know columns or bodies."""

from __future__ import annotations

import time
from heapq import merge
from pathlib import Path
from typing import Annotated

import typer

from infra.cli import output, replay_play, replay_summary
from infra.cli.hub import Hub
from infra.cli.output import AsJson, Url
from infra.cli.replay_play import Pace, Turn
from infra.logs import mapping, reading
from infra.logs.log import Log
from infra.logs.mapping import BadMap
from infra.logs.rows import BadLog


def replay(
    paths: Annotated[list[Path], typer.Argument(help="事件日志目录或文件，可给多个 / event logs: folders or files")],
    maps: Annotated[
        list[Path] | None,
        typer.Option("--map", help="映射文件，缺省按目录名 / mapping file: one for all logs, or one for each in turn"),
    ] = None,
    pace: Annotated[
        Pace, typer.Option("--clock", help="本地时钟逐日、逐月或一次拨动 / set the clock each day, each month, or once")
    ] = Pace.day,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """回放真实事件日志 / Play a real event log through the door, then read the result back (docs/event-logs.md)."""
    try:
        logs = read(paths, maps or [])
        order = merged(logs)
    except (BadMap, BadLog, OSError) as wrong:
        output.die(f"无法读取：{wrong}", str(wrong), 2)
    with output.connected(url) as platform:
        summary = run(platform, logs, order, pace)
    if as_json:
        output.print_json(summary)
        return
    replay_summary.show(summary)
    for cite in sorted({log.mapping.cite for log in logs if log.mapping.cite}):
        output.out.print(f"数据来源 data: {cite}", markup=False, style="dim")


def read(paths: list[Path], maps: list[Path]) -> list[Log]:
    """The logs at `paths`, by the one mapping or by one each; without any, by those that ship. BadMap, BadLog,
    OSError."""
    if len(maps) not in (0, 1, len(paths)):
        raise BadMap(f"{len(maps)} mappings for {len(paths)} logs; give one, or one for each")
    given: list[Path | None] = [*maps] if len(maps) == len(paths) else [*maps, None][:1] * len(paths)
    return [
        reading.read(path, mapping.read(file or mapping.find(path), path))
        for path, file in zip(paths, given, strict=True)
    ]


def merged(logs: list[Log]) -> list[Turn]:
    """Everything that can be played, in the order of time. BadMap."""
    return list(merge(*map(replay_play.turns, logs), key=lambda turn: turn.at))


def run(platform: Hub, logs: list[Log], order: list[Turn], pace: Pace = Pace.day) -> replay_summary.Summary:
    """Plays the logs, merged by time, and gives the summary."""
    began = time.monotonic()
    with output.progress("回放 replaying", len(order)) as progress:
        played = replay_play.play(platform, order, progress, pace)
    if played.clock == "stayed":
        output.say(
            "本地时钟不能倒退（已有数据），按当前时间回放；在办件是否超期按日志最后时刻判断。",
            "The clock does not go back while there are data: it stayed. Open cases are judged at the log's end.",
        )
    as_of = max((log.as_of for log in logs if log.as_of), default=platform.now())
    with output.progress("读回 reading back", len(played.numbers)) as progress:
        found = replay_summary.read_back(platform, played.numbers.values(), as_of, progress)
    seconds = round(time.monotonic() - began, 1)
    about = {"requests": platform.requests, "seconds": seconds, "now": platform.now().isoformat()}
    return replay_summary.document(logs, played, found, about)
