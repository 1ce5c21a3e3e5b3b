"""`make soak`: three thousand schedules of clients, three thousand scenarios of the stream, and a search for each
planted bug; prints what it did.

    python -m tests.faults.soak                                    all of it
    python -m tests.faults.soak schedules                          parts of it: schedules, scenarios, bugs
    python -m tests.faults.soak search schedules SEED NUMBER       one search in this tree, its outcome as JSON
    python -m tests.faults.soak play scenarios 0 1 3 …             one play, told line by line

Every search is a process of its own; two run at a time. Status 1 if a play broke something or a bug was missed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.planted import BUGS, ROOT, Bug, plant

KINDS = ("schedules", "scenarios")  # of clients and of the stream
BUGS_TOO = "bugs"
SEEDS = range(101, 111)
PLAYS = 300
BUG_SEEDS = range(1, 11)  # a planted bug must be found from one of them, each within PLAYS
AT_ONCE = 2


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    match arguments:
        case ["search", kind, seed, number] if kind in KINDS:
            return _search(kind, int(seed), int(number))
        case ["play", kind, *numbers] if kind in KINDS:
            return _play(kind, [int(number) for number in numbers])
        case [*parts] if set(parts) <= {*KINDS, BUGS_TOO}:
            return _soak(parts or (*KINDS, BUGS_TOO))
    sys.stderr.write(f"{__doc__}\n")
    return 2


def _search(kind: str, seed: int, number: int) -> int:
    from tests.faults import schedules, supervised  # they open the town's process-wide state

    outcome = schedules.search(seed, number) if kind == "schedules" else supervised.searched(seed, number)
    found = asdict(outcome.found) if outcome.found else None
    print(json.dumps({"seed": seed, "played": outcome.played, "tally": outcome.tally, "found": found}))
    return 0


def _play(kind: str, numbers: list[int]) -> int:
    from tests.faults import schedules, supervised

    if kind == "schedules":
        found = schedules.replay(numbers)
        told = [] if found else schedules.told_by(numbers)
    else:
        found, told = supervised.replayed(numbers)
    print(found or "\n".join(told))
    return 1 if found else 0


def _soak(parts: Sequence[str]) -> int:
    held = True
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for part in parts:
            start = time.monotonic()
            if part == BUGS_TOO:
                found = list(pool.map(_hunted, BUGS))
                held &= not _tell_bugs(found, time.monotonic() - start)
            else:
                outcomes = list(pool.map(lambda seed, kind=part: _searched(ROOT, kind, seed), SEEDS))
                held &= _tell_plays(part, outcomes, time.monotonic() - start)
    return 0 if held else 1


def _searched(tree: Path, kind: str, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults.soak", "search", kind, str(seed), str(PLAYS)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{kind}, seed {seed} in {tree}:\n{done.stdout}{done.stderr}")
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def _hunted(bug: Bug) -> dict[str, Any]:
    held = 0
    with tempfile.TemporaryDirectory() as where:
        plant(bug, Path(where))
        for seed in BUG_SEEDS:
            outcome = _searched(Path(where), bug.kind, seed)
            held += outcome["played"]
            if outcome["found"]:
                break
    return {**outcome, "played": held}


def _tell_plays(kind: str, outcomes: Sequence[dict[str, Any]], took: float) -> bool:
    tally = Counter[str]()
    for outcome in outcomes:
        tally.update(outcome["tally"])
        print(f"seed {outcome['seed']}: {outcome['played']} {kind} hold")
        if outcome["found"]:
            print(_told(outcome["found"]))
    print(f"{sum(outcome['played'] for outcome in outcomes)} {kind} in {took:.0f} s: {dict(tally.most_common())}")
    return not any(outcome["found"] for outcome in outcomes)


def _tell_bugs(outcomes: Sequence[dict[str, Any]], took: float) -> list[str]:
    missed = []
    for bug, outcome in zip(BUGS, outcomes, strict=True):
        print(f"\nplanted: {bug.name} ({bug.mistake})")
        if outcome["found"]:
            print(f"found by seed {outcome['seed']} after {outcome['played']} {bug.kind} that held, shrunk to:")
            print(_told(outcome["found"]))
        else:
            print(f"NOT FOUND within {outcome['played']} {bug.kind}")
            missed.append(bug.name)
    print(f"\n{len(outcomes) - len(missed)} of {len(outcomes)} planted bugs found in {took:.0f} s")
    return missed


def _told(found: dict[str, Any]) -> str:
    violation = found["violation"] if len(found["violation"]) < 400 else f"{found['violation'][:400]} …"
    return "\n".join([violation, f"numbers {' '.join(map(str, found['numbers']))}", *found["told"]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
