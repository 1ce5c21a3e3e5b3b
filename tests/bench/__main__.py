"""`make bench`: JSON lines, then a table; fails when a bound is passed. See docs/performance.md.

`python -m tests.bench [row …]` measures the named rows only.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.bench import consultation
from tests.bench.timing import Compared

ROOT = Path(__file__).parents[2]
UNWRITTEN = "PYTHONDONTWRITEBYTECODE is set: every fresh process compiles this platform anew, and the libraries not"


@dataclass(frozen=True, slots=True)
class Line:
    """One result: what, in which unit, and the most that it may be."""

    row: str
    against: str
    unit: str
    found: float
    most: float

    @property
    def holds(self) -> bool:
        return self.found <= self.most


def main(chosen: list[str]) -> int:
    """Measure, print, and give the number of rows over their bound."""
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "recorded.json"
        _run("tests.bench.recording", source)
        recorded = json.loads(source.read_text(encoding="utf-8"))
        with _canned(source) as address:
            recorded["environment"] |= {"AWS_ENDPOINT_URL": address, "OIDC_JWKS_URL": f"{address}/jwks.json"}
            source.write_text(json.dumps(recorded), encoding="utf-8")
            os.environ.update(recorded["environment"])
            for line in _lines(recorded, source, chosen):
                print(json.dumps({**asdict(line), "holds": line.holds}), flush=True)
                lines.append(line)
    print(_table(lines))
    return sum(not line.holds for line in lines)


def _lines(recorded: dict[str, Any], source: Path, chosen: list[str]) -> Iterator[Line]:
    from tests.bench import packaged, rows  # the platform reads its settings when it is imported

    wanted = chosen or [
        "transition", "first", "packaged", "engine", "page", "reaction", "counts", "cost", "consultation",
    ]  # fmt: skip
    if "transition" in wanted:
        yield _ratio("transition", "PynamoDB get + update", rows.transition(recorded), 1.5)
    if "first" in wanted:
        if sys.dont_write_bytecode:
            print(json.dumps({"note": UNWRITTEN}))
        found, modules = rows.first_transition(source)
        yield _ratio("first transition of a process", "a botocore client", found, 1.9)
        yield Line("first transition of a process", "counted", "modules", modules, 570)
    if "packaged" in wanted:
        yield from _packaged(packaged, source)
    if "engine" in wanted:
        yield _ratio("engine step", "JSON + SHA-256 of the node", rows.engine_step(recorded), 5.0)
    if "page" in wanted:
        yield _ratio("queue page of 25", "PynamoDB query", rows.queue_page(recorded), 1.3)
    if "reaction" in wanted:
        judged, followed = rows.reaction()
        yield _ratio("every rule, 100 records", "json.loads of them", judged, 3.0)
        yield _ratio("whole reaction to 100 records", "json.loads of them", followed, 5.5)
    if "counts" in wanted:
        yield from _counted(recorded["counts"])
    if "cost" in wanted:
        yield from _billed()
    if "consultation" in wanted:
        yield from (Line(*row) for row in consultation.rows())


def _packaged(packaged: ModuleType, source: Path) -> Iterator[Line]:
    """The zip that is deployed, in a process as Lambda starts it."""
    with tempfile.TemporaryDirectory() as directory:
        task = packaged.unpacked(Path(directory))
        runtime = packaged.runtime_in(Path(directory) / "runtime")
        for what, row, cpu, memory, modules in (
            ("ours", "packaged: first transition", 1.7, 1.35, 560),
            ("reaction", "packaged: first batch of cases", 1.4, 1.35, 490),
        ):
            found = packaged.started(source, what, task, runtime)
            yield _ratio(row, "a botocore client", found.cpu, cpu)
            yield Line(row, "its peak memory", "x", round(found.memory.ratio, 2), memory)
            yield Line(row, "counted", "modules", found.modules, modules)


def _ratio(row: str, against: str, found: Compared, most: float) -> Line:
    print(json.dumps({"row": row, "ours_us": round(found.ours * 1e6), "floor_us": round(found.floor * 1e6)}))
    return Line(row, against, "x", round(found.ratio, 2), most)


def _counted(counts: list[dict[str, float]]) -> Iterator[Line]:
    bounds = {"round_trips": 2, "table_units": 2.4, "index_units": 2, "head_bytes": 2500}
    for name, most in bounds.items():
        for each in counts:
            yield Line(f"{name} at {each['cases']:,} cases", "counted", name.partition("_")[2], each[name], most)
        grown = max(each[name] for each in counts) - min(each[name] for each in counts)
        yield Line(f"{name}: more at many cases", "counted", name.partition("_")[2], grown, 0)


def _billed() -> Iterator[Line]:
    """What a thousand cases cost, and the breakdown, from a process of its own."""
    command = [sys.executable, "-m", "tests.bench.cost", "--json"]
    here = {name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"}  # it has its own cloud
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=here)
    found = json.loads(done.stdout)
    cases = found["a thousand cases"]
    for unit, most in (("invocations", 45_000), ("write_units", 230_000), ("read_units", 45_000)):
        number = sum(here.get(unit, 0) for here in cases["units"].values())
        yield Line(f"{unit}, a thousand cases", "counted", unit, number, most)
    money = found["prices"]["currency"]
    yield Line("a thousand cases", f"prices of {found['prices']['dated']}", money, round(cases["total"], 4), 0.27)


def _table(lines: list[Line]) -> str:
    heads = ("what", "against", "found", "at most", "")
    cells = [
        (line.row, line.against, f"{line.found:g} {line.unit}", f"{line.most:g}", "" if line.holds else "MISSED")
        for line in lines
    ]
    widths = [max(len(row[n]) for row in [heads, *cells]) for n in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [heads, *cells]
    )


def _run(module: str, source: Path) -> None:
    command = [sys.executable, "-m", module, str(source)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def _canned(source: Path) -> Iterator[str]:
    """The address of a canned DynamoDB, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.canned", str(source)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
