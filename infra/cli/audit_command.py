"""`./zs audit`: the rules of supervision over an event log, without any cloud. This module must not know columns."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from chalicelib.domain.supervision.rule import Finding
from chalicelib.rules import all_rules
from infra.audit import auditing, report
from infra.cli import output
from infra.logs import mapping, reading
from infra.logs.log import Log
from infra.logs.mapping import BadMap
from infra.logs.rows import BadLog


def audit(
    log: Annotated[
        Path, typer.Argument(help="事件日志：目录、CSV或XES / the log: a folder, CSV or XES, plain or gzip")
    ],
    map_file: Annotated[Path | None, typer.Option("--map", help="映射文件，缺省按名称查找 / mapping file")] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="结果写入该文件（-为标准输出） / write the result here")
    ] = None,
    findings: Annotated[
        Path | None, typer.Option("--findings", help="逐条写入异常及证据 / write each finding here, a JSON line each")
    ] = None,
) -> None:
    """对事件日志做监察 / Judge every case of an event log by the rules of supervision (docs/event-logs.md)."""
    gc.disable()  # millions of rows and no cycles: looking for them would take a third of the time
    try:
        read = reading.read(log, mapping.read(map_file or mapping.find(log), log))
        summary = _judged(read, findings)
        if as_json and str(as_json) != "-":
            as_json.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except (BadMap, BadLog, OSError) as wrong:
        output.die(f"无法读取或写入：{wrong}", str(wrong), 2)
    if as_json and str(as_json) == "-":
        output.print_json(summary)
        return
    report.show(summary, read)
    if read.mapping.cite:
        output.out.print(f"数据来源 data: {read.mapping.cite}", markup=False, style="dim")


def _judged(log: Log, findings: Path | None) -> dict[str, Any]:
    rules = all_rules().values()
    if findings is None:
        return report.document(auditing.audit(log, rules))
    with findings.open("w", encoding="utf-8") as file:
        return report.document(auditing.audit(log, rules, lambda found: _write(file, found)))


def _write(file: TextIO, found: Finding) -> None:
    file.write(json.dumps(report.finding(found), ensure_ascii=False) + "\n")
