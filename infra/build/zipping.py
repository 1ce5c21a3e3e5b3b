"""The zip that functions run from: only what they need, compiled, and the same bytes for the same sources.

Lambda's disk cannot be written to, so that without bytecode every cold start would compile every module: more than
twice the CPU. Bytecode is not compared with its source there (`unchecked-hash`): the zip is never changed. This module
must not know what any of the files does.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

from chalicelib import definitions
from infra.build import sdk

TASK_ROOT = "/var/task"  # where Lambda unpacks it: no path of this machine gets into bytecode
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can tell
_FILE, _PROGRAM = 0o100644, 0o100755
# What no function loads, by the paths in the zip. tests/bench `packaged` runs the functions without it.
LEFT_OUT: Final = {
    r".*\.pyi": "for type checkers",
    r".*/py\.typed": "for type checkers",
    r"[^/]+\.dist-info/(?!METADATA|licenses/|LICEN).*": "for installers; who wrote it and on what terms stays",
    r"[^/]+\.data/.*": "commands and manuals",
    r"(cffi|pycparser)/.*": "cryptography loads only their compiled part, which lies beside",
    r"stdnum/(?!(__init__|exceptions|util|luhn|verhoeff)\.py|iso7064/|cn/).*": "identifiers of other countries",
    r"aws_lambda_powertools/event_handler/.*": "routing, and a page of documentation with it",
    r"aws_lambda_powertools/utilities/(?!__init__\.py|jmespath_utils/).*": "log lines and metrics are all that is used",
    r"pydantic/(v1/.*|mypy\.py)": "the first version beside the second, and a plugin for type checkers",
    r"phonenumbers/shortdata/region_.*": "short numbers, which nobody gives as their telephone",
    r"cryptography/x509/.*": "certificates",
}
_LEFT_OUT = re.compile("|".join(f"(?:{each})" for each in LEFT_OUT))


class NotLean(RuntimeError):  # noqa: N818  it says what the zip is
    """The zip is not what Lambda should run; the message says what and where."""


def pack(made: Path, into: Path, target: Path) -> int:
    """Write `target` from the zip that chalice made, by way of the directory `into`; gives its bytes."""
    with zipfile.ZipFile(made) as source:
        source.extractall(into, [name for name in source.namelist() if not _LEFT_OUT.fullmatch(name)])
    sdk.write(into / sdk.DIRECTORY)
    _compile_tables(into)
    _compile(into)
    names = sorted(path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file())
    _require_bytecode(names)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for name in names:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the rights below count
            entry.external_attr = (_PROGRAM if name.endswith(".so") else _FILE) << 16
            zipped.writestr(entry, (into / name).read_bytes())
    return target.stat().st_size


def _compile(root: Path) -> None:
    """Bytecode of every module, one after the other under one hash seed, so that it is the same in each build. It names
    lines and no columns, which would be a twentieth of the zip."""
    python = [sys.executable, "-X", "no_debug_ranges", "-m", "compileall"]
    options = ["-q", "-f", "-j", "1", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", TASK_ROOT]
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"}
    subprocess.run([*python, *options, str(root)], check=True, env=environment)


def _compile_tables(root: Path) -> None:
    """Each table of data as JSON beside it, for chalicelib.definitions."""
    for file in sorted(root.glob("chalicelib/**/*.toml")):
        table = tomllib.loads(file.read_text("utf-8"))
        compiled = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
        file.with_name(file.name + definitions.COMPILED).write_text(compiled, "utf-8")


def _require_bytecode(names: list[str]) -> None:
    given = set(names)
    tag = sys.implementation.cache_tag
    for name in names:
        folder, _, file = name.rpartition("/")
        if name.endswith(".py") and f"{folder}/__pycache__/{file[:-3]}.{tag}.pyc".lstrip("/") not in given:
            raise NotLean(f"{name} has no bytecode")
