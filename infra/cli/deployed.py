"""A deployed stage for a command that reads and writes its tables itself, with the operator's own credentials.

This module must not know what the command does there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from pynamodb.exceptions import PynamoDBException

from chalicelib.errors import Busy
from infra import stage as stages
from infra.cli import output
from infra.local.environment import environment

Stage = Annotated[
    str | None,
    typer.Option("--stage", help="已部署的环境名，直接读表 / a deployed stage, by its tables and your credentials"),
]


@contextlib.contextmanager
def reached(stage: str) -> Iterator[None]:
    """While this lasts, the platform's own modules work on the tables and the bucket of `stage`, if they are imported
    here first. Whatever AWS refuses or does not answer ends the command with a clear message."""
    session = get_session()
    if session.get_config_variable("region") is None:
        output.die("未指明AWS区域，请设置 AWS_DEFAULT_REGION", "No AWS region: set AWS_DEFAULT_REGION", 2)
    try:
        account = session.create_client("sts").get_caller_identity()["Account"]
        with environment(stages.variables(stage, account)):
            yield
    except (PynamoDBException, ClientError, BotoCoreError, Busy) as broken:
        output.die(f"无法读写 {stage} 的数据：{broken}", f"the data of {stage} cannot be read or written: {broken}")
