"""`make package`: build/template.json and build/functions.zip, or a message that says why not.

    python -m infra.build [--architecture arm64|x86_64] [--into build] [--template]

`--template`: the template alone, in two seconds, and not linted. Status 0 when all was written, checked and linted; 1
otherwise, and then nothing is there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from chalice.app import Chalice

from infra import stage
from infra.build import checks, emit, template, zipping

ROOT = Path(__file__).parents[2]
TEMPLATE = "template.json"
REGIONS = ("cn-north-1", "cn-northwest-1")
MOST_BYTES = 12_000_000


class NotBuilt(RuntimeError):  # noqa: N818  it says what happened
    """What is wrong with what would be deployed; the message names each thing."""


def main() -> int:
    """Build; gives the exit status."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__)
    parser.add_argument("--architecture", choices=("arm64", "x86_64"))
    parser.add_argument("--into", type=Path, default=ROOT / "build")
    parser.add_argument("--template", action="store_true")
    given = parser.parse_args()
    targets = [given.into / name for name in ((TEMPLATE,) if given.template else (TEMPLATE, emit.ZIP))]
    given.into.mkdir(parents=True, exist_ok=True)
    for each in targets:
        each.unlink(missing_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=given.into) as work:
            made = _build(Path(work), given.architecture, whole=not given.template)
            for each in targets:
                shutil.move(made / each.name, each)
    except (NotBuilt, emit.NotPackaged) as problem:
        print(f"nothing was built: {problem}", file=sys.stderr)
        return 1
    for each in targets:
        content = each.read_bytes()
        print(f"{each}  {len(content):,} bytes  sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


def _build(work: Path, architecture: str | None, *, whole: bool) -> Path:
    os.environ.update(
        stage.variables("build", "not-used")
    )  # the app reads settings when it is imported; none of them ends up here
    from app import app

    made = work / "made"
    made.mkdir()
    plain = template.translated(template.composed(app, architecture))
    (made / TEMPLATE).write_text(json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    if wrong := checks.wrong_with(plain):
        raise NotBuilt("\n  ".join(["the template does not hold what it must", *wrong]))
    if whole:
        _lint(made / TEMPLATE)
        _pack(app, work, architecture)
    return made


def _pack(app: Chalice, work: Path, architecture: str | None) -> None:
    made = work / "made"
    size = zipping.pack(emit.package(app, work, architecture), work / "tree", made / emit.ZIP)
    if size > MOST_BYTES:
        raise NotBuilt(f"the zip has {size:,} bytes, more than {MOST_BYTES:,}: see LEFT_OUT in infra/build/zipping.py")


def _lint(written: Path) -> None:
    lint = [str(template.TOOLS / "cfn-lint"), "--regions", *REGIONS, "--", str(written)]
    found = subprocess.run(lint, capture_output=True, text=True, check=False)
    if found.returncode:
        raise NotBuilt(found.stdout + found.stderr)


if __name__ == "__main__":
    sys.exit(main())
