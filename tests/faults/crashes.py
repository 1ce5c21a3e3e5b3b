"""Every point at which a request can die, one after the other and in pairs.

Nothing is sampled here. These functions run in the town's process and give how many runs they made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.faults.alone import Deed, Weather, attempt, deed, shown, unsalted
from tests.faults.stage import Violation
from tests.faults.town import Request, Town, town
from tests.faults.troubles import DEATHS
from tests.support.wire import Trouble

Point = tuple[int, Trouble]


def enumerate_crashes(name: str) -> int:
    """Dies before and after each call, then again at each call of the retry, in a warm and in a cold process, and comes
    again in the same process and in a new one: always the tables and the answer of the run that nothing disturbed."""
    here, one, runs = town(), deed(name), 0
    for cold in (False, True):
        here.begin(one.beginning, cold=cold)
        undisturbed = attempt(here, one.request)
        assert undisturbed.reply
        expected = shown(undisturbed.reply), unsalted(here)
        for points in _points(here, one, undisturbed.calls, cold=cold):
            for fresh in (False, True):
                here.begin(one.beginning, cold=cold)
                found = _disturbed(here, one.request, points, fresh=fresh), unsalted(here)
                if found != expected:
                    temperature = "cold" if cold else "warm"
                    raise Violation(f"{name}, {temperature}, dead at {points}: {found}, undisturbed {expected}")
                runs += 1
    return runs


def _points(here: Town, one: Deed, number: int, *, cold: bool) -> Iterator[Sequence[Point]]:
    """One death at each call, and two: at each call and then at each call of the retry."""
    for first in range(number):
        for trouble in DEATHS:
            yield [(first, trouble)]
            here.begin(one.beginning, cold=cold)
            attempt(here, one.request, _at((first, trouble)))
            here.new_process()
            retried = attempt(here, one.request).calls
            for second in range(retried):
                yield from ([(first, trouble), (second, again)] for again in DEATHS)


def _disturbed(here: Town, request: Request, points: Sequence[Point], *, fresh: bool) -> tuple[Any, ...]:
    for point in points:
        reply = attempt(here, request, _at(point)).reply
        if reply:  # the retry in a warm process has fewer calls than that in a new one
            return shown(reply)
        if fresh:
            here.new_process()
    reply = attempt(here, request).reply
    assert reply
    return shown(reply)


def _at(point: Point) -> Weather:
    number, trouble = point
    return lambda call: trouble if call.number == number else Trouble.calm
