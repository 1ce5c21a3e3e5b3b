"""`./zs rebuild`: facts, findings, cells and indices computed once more from all histories, and compared with what is
kept.

Against a local run it goes through its server; against a deployed stage it reads the tables itself, with the operator's
own credentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import boto3
import typer

from infra.cli import deployed, output
from infra.cli.output import AsJson, Url
from infra.local.emf import Metrics, Outbox

_MOST_NAMED = 20
_COUNTED = ("subjects", "facts", "findings", "cells", "periods", "pending")
_WRONG = ("missing", "different", "unfounded")


def rebuild(
    repair: Annotated[bool, typer.Option("--repair", help="补入缺失的数据 / put what is missing")] = False,
    stage: deployed.Stage = None,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """重建并比对归集数据、异常和指数 / Compute facts, findings, indices anew; status 1 where they differ."""
    found = _of_stage(stage, repair=repair) if stage else _of_server(url, repair=repair)
    if as_json:
        output.print_json(found)
    else:
        _tell(found)
    if any(found[name]["number"] for name in _WRONG):
        raise typer.Exit(1)


def _of_server(url: str, *, repair: bool) -> Mapping[str, Any]:
    with output.connected(url) as hub:
        found: Mapping[str, Any] = hub.send("POST", "/_local/rebuild", {"repair": repair})
    return found


def _of_stage(stage: str, *, repair: bool) -> Mapping[str, Any]:
    with deployed.reached(stage):
        from infra import rebuild as tool  # reads the names of the tables when it is imported

        now = datetime.now(UTC)
        if repair:
            tool.repair(now)
        outbox = Outbox()
        with Metrics(outbox.add, lambda: now).caught():
            found = asdict(tool.compare(now))
        outbox.send(boto3.client("cloudwatch"))
        return found


def _tell(found: Mapping[str, Any]) -> None:
    columns = (
        "办件和工单 subjects",
        "归集数据 facts",
        "异常 findings",
        "口径单元 cells",
        "周期 periods",
        "待计算 pending",
        "缺失 missing",
        "不同 different",
        "无据 unfounded",
        "后有补录 superseded",
    )
    listed = (*_WRONG, "superseded")
    row = [*(found[name] for name in _COUNTED), *(found[name]["number"] for name in listed)]
    output.table("重建比对 rebuilt and compared", columns, [row])
    for name in listed:
        for each in found[name]["names"][:_MOST_NAMED]:
            typer.echo(f"{name}: {each}")
