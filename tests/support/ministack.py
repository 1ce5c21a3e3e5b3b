"""ministack, an independent implementation of AWS's services, as a process of its own.

It runs in an environment of its own (`requirements-contract.txt`), because it pins botocore for itself. This module
must not know what it is asked.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REGION = "cn-north-1"
_STARTS_WITHIN_SECONDS, _ENDS_WITHIN_SECONDS = 60, 10


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens, and its version."""

    url: str
    version: str


@contextmanager
def running(
    python: str, log: Path, settings: Mapping[str, str] | None = None, trusted: Path | None = None
) -> Iterator[Server]:
    """ministack by the interpreter `python`, on a port of loopback that the kernel chooses, ended on leaving. It writes
    to `log` and keeps its files beside it. `trusted`: the certificate by which it serves, where settings say so."""
    port = _free_port()
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
        **(settings or {}),
    }
    url = f"{'https' if trusted else 'http'}://127.0.0.1:{port}"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [Path(python).absolute(), "-m", "ministack"], env=environment, cwd=log.parent, stdout=output, stderr=output
        )
        try:
            yield Server(url, _awaited(server, url, log, trusted))
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Nothing of it is kept. Over TLS it may wait half a minute for the connections of its own workers."""
    server.terminate()
    try:
        server.wait(_ENDS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _awaited(server: subprocess.Popen[bytes], url: str, log: Path, trusted: Path | None) -> str:
    """Its version, once it answers."""
    by = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trusted))
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}), by)
    end = time.monotonic() + _STARTS_WITHIN_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            with ask.open(f"{url}/_ministack/health", timeout=5) as answer:
                version: str = json.load(answer)["version"]
            return version
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError(f"ministack did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
