"""The track of a case (时限轨迹): in which state it was each time a further part of its limit was gone.

A limit is cut into PARTS equal parts of the time from its begin to its date, so that limits of any length are alike.
What became of cases that were in one state at one part is all that a forecast rests on. Whether a case is late is
known at its date at the latest, so no case that is open for long is left out for want of an end. This module must not
forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.case import Case, Law, unfolded
from chalicelib.domain.folding import advance

PARTS = 20  # five in a hundred of the limit each
TRACK = "track/"
Moment = tuple[datetime, str]  # when a state was entered


@dataclass(frozen=True, slots=True)
class Bound:
    """The limit that binds a case: since when it runs, and its last instant in time."""

    since: datetime
    last: datetime

    def part(self, at: datetime) -> int:
        """How many whole parts of the limit are gone at `at`: 0 to PARTS, which is all of it."""
        if at >= self.last or self.last <= self.since:
            return PARTS
        return max(int(PARTS * ((at - self.since) / (self.last - self.since))), 0)


def text(states: Sequence[Moment], bound: Bound, until: datetime) -> str:
    """The track up to `until` in runs: `accepted/4,reviewed/3` was accepted at the first four parts and reviewed at
    three more. "" where the limit gives no time. `states` are in the order in which they were entered."""
    if bound.last <= bound.since:
        return ""
    step, runs = (bound.last - bound.since) / PARTS, list[list[str | int]]()
    for number in range(PARTS):
        at = bound.since + step * number
        if at >= until and number:
            break
        state = _at(states, at)
        if runs and runs[-1][0] == state:
            runs[-1][1] = int(runs[-1][1]) + 1
        else:
            runs.append([state, 1])
    return ",".join(f"{state}/{parts}" for state, parts in runs)


def counted(item: str, track: str, late: bool) -> Iterator[tuple[str, int]]:
    """What a track counts: `track/<item>/<state>/<part>` for each part, and the same with `/late` of one that came
    after its date."""
    number = 0
    for run in track.split(","):
        state, _, parts = run.partition("/")
        for _ in range(int(parts or 0)):
            name = f"{TRACK}{item}/{state}/{number}"
            yield name, 1
            if late:
                yield f"{name}/late", 1
            number += 1


def states(case: Case, law: Law) -> list[Moment]:
    """When a case entered which state, by its history."""
    here, found = unfolded(case), list[Moment]()
    for node in case.nodes:
        here = advance(here, node, law)
        found.append((node.at, here.state))
    return found


def _at(moments: Iterable[Moment], at: datetime) -> str:
    found = ""
    for entered, state in moments:
        if entered > at and found:
            break
        found = state
    return found
