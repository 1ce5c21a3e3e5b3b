"""The built zip as Lambda would run it: unpacked, with what Lambda's runtime brings and nothing else of this machine.

Each sample is a fresh process without site-packages; its modules come from the zip, then from the SDK of the runtime
(requirements.txt says what that is), then from Python. The floor has the same but the zip. This module must not decide
what is too much.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.build import sdk
from infra.build.emit import ZIP
from tests.bench.timing import Compared, compared

ROOT = Path(__file__).parents[2]
STARTS = 9  # fresh processes of each kind
RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "jmespath", "six.py")  # what Lambda has installed
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Started:
    """Fresh processes of ours against the floor: CPU, peak memory, and the modules that ours had loaded in the end."""

    cpu: Compared
    memory: Compared
    modules: int


def unpacked(into: Path) -> Path:
    """Builds the zip for this machine's processor and unpacks it; gives the directory that stands for /var/task."""
    architecture = ARCHITECTURES[platform.machine()]
    command = [sys.executable, "-m", "infra.build", "--architecture", architecture, "--into", str(into)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(into / ZIP) as zipped:
        zipped.extractall(into / "task")
    return into / "task"


def runtime_in(into: Path) -> Path:
    """A directory with the SDK as Lambda's runtime brings it: from this environment, by link."""
    import boto3

    installed = Path(boto3.__file__).parents[1]
    into.mkdir()
    for name in RUNTIME:
        (into / name).symlink_to(installed / name)
    return into


def started(source: Path, what: str, task: Path, runtime: Path) -> Started:
    """`what` of tests/bench/first.py in the zip, against a botocore client, by turns."""
    ours = [str(task), str(runtime)]
    pairs = [(_sample(source, what, ours), _sample(source, "floor", [str(runtime)])) for _ in range(STARTS + 1)][1:]
    cpu, memory = ([(one[name], other[name]) for one, other in pairs] for name in ("cpu", "memory"))
    return Started(compared(cpu), compared(memory), pairs[0][0]["modules"])


def _sample(source: Path, what: str, paths: list[str]) -> Any:
    script = str(ROOT / "tests" / "bench" / "first.py")
    alone = ["-I", "-S", "-B"]  # no site-packages; and nobody can write to /var/task
    command = [sys.executable, *alone, script, str(source), what, *paths]
    environment = {**os.environ, **({"AWS_DATA_PATH": f"{paths[0]}/{sdk.DIRECTORY}"} if what != "floor" else {})}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])
