"""`./zs rebuild`: facts and findings computed once more from all histories, and compared with what is kept.

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
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from pynamodb.exceptions import PynamoDBException

from chalicelib.errors import Busy
from infra import stage as stages
from infra.cli import output
from infra.cli.output import AsJson, Url
from infra.local.emf import Metrics, Outbox
from infra.local.environment import environment

_MOST_NAMED = 20
_WRONG = ("missing", "different", "unfounded")


def rebuild(
    repair: Annotated[bool, typer.Option("--repair", help="补入缺失的数据 / put what is missing")] = False,
    stage: Annotated[
        str | None,
        typer.Option("--stage", help="已部署的环境名，直接读表 / a deployed stage, by its tables and your credentials"),
    ] = None,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """重建并比对归集数据和异常 / Compute facts and findings anew and compare; status 1 where they differ."""
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
    if get_session().get_config_variable("region") is None:
        output.die("未指明AWS区域，请设置 AWS_DEFAULT_REGION", "No AWS region: set AWS_DEFAULT_REGION", 2)
    with environment(stages.variables(stage)):
        from infra import rebuild as tool  # reads the names of the tables when it is imported

        try:
            now = datetime.now(UTC)
            if repair:
                tool.repair(now)
            outbox = Outbox()
            with Metrics(outbox.add, lambda: now).caught():
                found = asdict(tool.compare(now))
            outbox.send(boto3.client("cloudwatch"))
            return found
        except (PynamoDBException, ClientError, BotoCoreError, Busy) as broken:
            output.die(
                f"无法读写 {stage} 的数据表：{broken}", f"the tables of {stage} cannot be read or written: {broken}"
            )


def _tell(found: Mapping[str, Any]) -> None:
    columns = (
        "办件和工单 subjects",
        "归集数据 facts",
        "异常 findings",
        "缺失 missing",
        "不同 different",
        "无据 unfounded",
        "后有补录 superseded",
    )
    listed = (*_WRONG, "superseded")
    row = [found["subjects"], found["facts"], found["findings"], *(found[name]["number"] for name in listed)]
    output.table("重建比对 rebuilt and compared", columns, [row])
    for name in listed:
        for each in found[name]["names"][:_MOST_NAMED]:
            typer.echo(f"{name}: {each}")
