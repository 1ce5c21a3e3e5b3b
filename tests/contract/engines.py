"""The two engines that the contract is held against, each reached through boto3 only.

`ours` is what stands beneath the local run and every other test: moto with the repairs, in process. `ministack` is a
second, independent implementation, a server process of its own. Nothing here may depend on which of them it is.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import moto
from botocore.config import Config

from infra.local import moto_repairs

REGION = "cn-north-1"
MINISTACK_PYTHON = "CONTRACT_MINISTACK"  # the variable that names the interpreter of ministack's environment
_STARTS_WITHIN_SECONDS = 60


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
    """ministack on a port of loopback that the kernel chooses, ended on leaving; it writes to `log`."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(log.parent),
        "TMPDIR": str(log.parent),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "LOG_LEVEL": "WARNING",
    }
    with log.open("wb") as output:
        server = subprocess.Popen(
            [Path(python).absolute(), "-m", "ministack"], env=environment, cwd=log.parent, stdout=output, stderr=output
        )
        try:
            version = _awaited(server, url, log)
            yield Engine("ministack", version, _client("dynamodb", url), _client("dynamodbstreams", url))
        finally:
            server.terminate()
            server.wait(30)


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _awaited(server: subprocess.Popen[bytes], url: str, log: Path) -> str:
    """ministack's version, once it answers."""
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + _STARTS_WITHIN_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            with ask.open(f"{url}/_ministack/health", timeout=5) as answer:
                version: str = json.load(answer)["version"]
            return version
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError(f"ministack did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
