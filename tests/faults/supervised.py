"""The subject of the stream's scenarios that matters: what supervision makes of cases, under everything that befalls a
stream. Facts, findings, deadlines and work orders must be those of the lives as they were lived, whole and no more.

Sweeps come beside it: they overlap each other and the stream, their clocks differ from its, and some are missed.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from infra.local.cloud import LocalCloud
from infra.local.dynamo_rows import FIRST_SEQUENCE_NUMBER, Key
from tests.faults.lives import DERIVED, LATEST, Life, derived, library, swept
from tests.faults.searching import Perform, replay, search
from tests.faults.stage import Actor, Pick, Stage, Violation
from tests.faults.streams import Record, Scenario, Subject
from tests.support.wire import Death, Trouble

READER = "on_case_change"
MOST_LIVES, MOST_SWEEPERS = 2, 2
BEFORE = tuple(timedelta(days=days) for days in (0, 1, 2, 150, 250, 400))  # when a sweep comes, before the end
SKEWS = tuple(timedelta(seconds=seconds) for seconds in (0, 120, -120))


def fill(cloud: LocalCloud, pick: Pick) -> Mapping[str, Mapping[Key, Any]]:
    """One or two lives, all of whose records are still in the stream; gives what was derived of them."""
    lives = library().lives
    chosen = {pick(len(lives)) for _ in range(1 + pick(MOST_LIVES))}
    for number in sorted(chosen):
        _put(cloud, lives[number])
    cloud.clock.restart(LATEST)
    return {name: {key: item for n in chosen for key, item in lives[n].derived[name].items()} for name in DERIVED}


def _put(cloud: LocalCloud, life: Life) -> None:
    """The case in its table, and its records at the end of the stream, as if they had been written just now: or they
    would be too old to be delivered."""
    stream = cloud.tables["CasesTable"].stream
    assert stream is not None
    cloud.tables["CasesTable"].replace(life.key, life.row)
    for record in life.records:
        number = str(FIRST_SEQUENCE_NUMBER + stream.end)
        written = {"SequenceNumber": number, "ApproximateCreationDateTime": int(LATEST.timestamp())}
        stream.records.append({**record, "dynamodb": {**record["dynamodb"], **written}})


def react(record: Record) -> None:
    """What the platform does with a record."""
    importlib.import_module("chalicelib.reactions.watching").watch_case(record)


def beside(stage: Stage) -> None:
    """None to two functions that sweep, while the stream is read."""
    for number in range(stage.pick(MOST_SWEEPERS + 1)):
        stage.enter(f"sweep {number + 1}", _sweep)


def _sweep(actor: Actor) -> None:
    """Three times at which a sweep is due; it may be missed, or fail, and its clock is not that of the stream."""
    busy = importlib.import_module("chalicelib.errors").Busy
    sweep = importlib.import_module("chalicelib.services.sweep").sweep
    for _ in range(3):
        if actor.choose(4) == 3:
            actor.stage.tally["sweeps missed"] += 1
            continue
        now = LATEST - BEFORE[actor.choose(len(BEFORE))] + SKEWS[actor.choose(len(SKEWS))]
        actor.storm = Trouble.calm
        with contextlib.suppress(Death, busy):
            sweep(now)
        others = sum(not each.over for each in actor.stage.actors) - 1
        actor.stage.tally["sweeps beside others" if others else "sweeps"] += 1


def wrote(cloud: LocalCloud) -> Mapping[str, Mapping[Key, Any]]:
    """What there is when the last sweep has come; each finding has one fact, at one organisation and on one day."""
    swept(LATEST)
    found = derived(cloud)
    told = sorted(name for _, name in found["FactsTable"] if name.startswith("finding#"))
    if told != sorted(f"finding#{subject}#{key}#00" for subject, key in found["FindingsTable"]):
        raise Violation(f"not one fact of each finding: {told}")
    return found


def performance() -> Perform:
    """Plays one scenario."""
    subject = Subject(READER, "CasesTable", DERIVED, fill, react, wrote, beside)
    return lambda pick, tally, told: Scenario(subject, pick, tally, told).play()


def searched(start: int, scenarios: int) -> Any:
    """A search, in the town's process."""
    with library().published():
        return search(start, scenarios, performance())


def replayed(numbers: list[int]) -> Any:
    """One scenario, in the town's process."""
    with library().published():
        return replay(numbers, performance())
