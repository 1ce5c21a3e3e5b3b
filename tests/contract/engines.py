"""The two engines that the contract is held against, each reached through boto3 only.

`ours` is what stands beneath the local run and every other test: moto with the repairs, in process. `ministack` is a
second, independent implementation, a server process of its own. Nothing here may depend on which of them it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import moto
from botocore.config import Config

from infra.local import moto_repairs
from tests.support import ministack as server
from tests.support.ministack import REGION

MINISTACK_PYTHON = "CONTRACT_MINISTACK"  # the variable that names the interpreter of ministack's environment


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine: its name in `gaps.KNOWN`, its version, and boto3 clients for tables and for streams."""

    name: str
    version: str
    ddb: Any
    streams: Any


def chosen() -> str:
    """Which engine this test run is about: ministack where its interpreter is named, ours otherwise."""
    return "ministack" if MINISTACK_PYTHON in os.environ else "ours"


@contextmanager
def ours() -> Iterator[Engine]:
    """moto with the repairs, in this process."""
    moto_repairs.install()
    with moto.mock_aws(config={"core": {"mock_credentials": False}}):
        yield Engine("ours", moto.__version__, _client("dynamodb", None), _client("dynamodbstreams", None))


@contextmanager
def ministack(python: str, log: Path) -> Iterator[Engine]:
    """ministack, ended on leaving; it writes to `log`."""
    with server.running(python, log) as found:
        yield Engine("ministack", found.version, _client("dynamodb", found.url), _client("dynamodbstreams", found.url))


def _client(service: str, url: str | None) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="contract",
        aws_secret_access_key="contract",
        config=Config(
            ignore_configured_endpoint_urls=True,
            max_pool_connections=16,
            proxies={},
            read_timeout=30,
            retries={"total_max_attempts": 1},
        ),
    )
