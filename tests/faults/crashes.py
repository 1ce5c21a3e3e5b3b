"""Every point at which a request can die, one after the other and in pairs, and troubles that do not end.

Nothing is sampled here. These functions run in the town's process and give how many runs they made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.wsgi_client import Reply
from tests.faults.clients import FILINGS
from tests.faults.invariants import require
from tests.faults.stage import Actor, Stage, Violation
from tests.faults.town import Request, Town, filing, step, town
from tests.faults.troubles import DEATHS, Trouble, possible
from tests.support import town as people
from tests.support.town import LONG
from tests.support.wire import Call, Death

SALTED = {"CasesTable": ("g", "h"), "DossiersTable": ("salt",)}  # what depends on the salt of a dossier
Point = tuple[int, Trouble]


@dataclass(frozen=True, slots=True)
class Deed:
    """A request, and the case to begin from."""

    beginning: str
    request: Request


def deed(name: str) -> Deed:
    """The deeds by name: each of the ways in which the platform writes."""
    here = town()
    notice = {"notice": LONG}
    match name:
        case "intake":
            return Deed("received", filing(*FILINGS[0], "once"))
        case "intake settled at the window":
            return Deed("received", filing(*FILINGS[2], "once"))
        case "correction":
            case, body = here.beginnings["correction"].case, people.SUPPLEMENT[2]
            return Deed("correction", step(people.ZHANG, case, "supplement", body, 2, "once"))
        case "long step":
            return Deed("received", step(people.LI, here.beginnings["received"].case, "notify", notice, 1, "once"))
        case _:
            return Deed("received", step(people.LI, here.beginnings["received"].case, "notify", notice, 1, None))


DEEDS = ("intake", "intake settled at the window", "correction", "long step", "long step without a key")


def enumerate_crashes(name: str) -> int:
    """Dies before and after each call, then again at each call of the retry, in a warm and in a cold process, and comes
    again in the same process and in a new one: always the tables and the answer of the run that nothing disturbed."""
    here, one, runs = town(), deed(name), 0
    for cold in (False, True):
        here.begin(one.beginning, cold=cold)
        reply, number = _attempt(here, one.request, None)
        assert reply
        expected = _shown(reply), _unsalted(here)
        for points in _points(here, one, number, cold=cold):
            for fresh in (False, True):
                here.begin(one.beginning, cold=cold)
                found = _disturbed(here, one.request, points, fresh=fresh), _unsalted(here)
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
            _attempt(here, one.request, (first, trouble))
            here.new_process()
            _, retried = _attempt(here, one.request, None)
            for second in range(retried):
                yield from ([(first, trouble), (second, again)] for again in DEATHS)


def _disturbed(here: Town, request: Request, points: Sequence[Point], *, fresh: bool) -> tuple[Any, ...]:
    for point in points:
        reply, _ = _attempt(here, request, point)
        if reply:  # the retry in a warm process has fewer calls than that in a new one
            return _shown(reply)
        if fresh:
            here.new_process()
    reply, _ = _attempt(here, request, None)
    assert reply
    return _shown(reply)


def _attempt(here: Town, request: Request, point: Point | None) -> tuple[Reply | None, int]:
    """One attempt that dies at `point`: its answer, if it lived, and how many calls it made."""

    def weather(_actor: Actor, _call: Call) -> Trouble:
        number = stage.tally["calls"]
        return point[1] if point and number == point[0] else Trouble.calm

    still = here.cloud.clock.now()
    stage = Stage(lambda options: 0, here.cloud.clock, weather)
    answers: list[Reply] = []
    _play(here, stage, request, answers)
    here.cloud.clock.restart(still)
    return (answers[0] if answers else None), stage.tally["calls"]


def _play(here: Town, stage: Stage, request: Request, answers: list[Reply]) -> None:
    def script(actor: Actor) -> None:
        try:
            answers.append(here.ask(request))
        except Death:
            stage.tell("dead")

    stage.enter("client", script)
    with here.overheard():
        stage.play()


def _shown(reply: Reply) -> tuple[int, bytes, str]:
    return reply.status, reply.body, reply.headers["etag"]


def _unsalted(here: Town) -> dict[str, Any]:
    """The tables without what depends on a salt."""
    return {
        name: {key: _without(row.item, SALTED.get(name, ())) for key, row in rows.items()}
        for name, rows in here.tables().items()
    }


def _without(value: Any, names: Sequence[str]) -> Any:
    match value:
        case dict():
            return {name: _without(content, names) for name, content in value.items() if name not in names}
        case list():
            return [_without(content, names) for content in value]
        case _:
            return value


def never_ending(name: str, trouble: Trouble) -> tuple[float, int]:
    """`trouble` at each call from the first, the second … on: 503 with Retry-After each time, nothing half done, and
    the same request is good afterwards. Gives the longest time by the virtual clock, in seconds, and the runs."""
    here, one, longest, runs = town(), deed(name), 0.0, 0
    for cold in (False, True):
        for begins in range(99):
            took = _endless(here, one, trouble, begins, cold=cold)
            if took is None:
                break
            longest, runs = max(longest, took), runs + 1
    return longest, runs


def _endless(here: Town, one: Deed, trouble: Trouble, begins: int, *, cold: bool) -> float | None:
    """How long it took to say 503; None where there were fewer calls than would have been needed for trouble."""
    before = here.begin(one.beginning, cold=cold).tables
    happened = Counter[Trouble]()

    def weather(_actor: Actor, call: Call) -> Trouble:
        found = trouble if stage.tally["calls"] >= begins and possible(trouble, call) else Trouble.calm
        happened[found] += 1
        return found

    stage, start = Stage(lambda options: 0, here.cloud.clock, weather), here.cloud.clock.now()
    answers: list[Reply] = []
    _play(here, stage, one.request, answers)
    took = (here.cloud.clock.now() - start).total_seconds()
    if not happened[trouble]:
        return None
    (reply,) = answers
    told = f"{trouble} from call {begins} on: {reply.status} {reply.body.decode()}"
    require(reply.status == 503 and int(reply.headers["retry-after"]) > 0, told)
    if trouble is not Trouble.unanswered:
        require(_without_texts(here.tables()) == _without_texts(before), f"{told}, half done")
    again, _ = _attempt(here, one.request, None)
    require(again is not None and again.status in (200, 201), f"{told}, and afterwards {again}")
    return took


def _without_texts(tables: Mapping[str, Mapping[Any, Any]]) -> dict[str, dict[Any, Any]]:
    """A long text is put first, under its digest; alone it says nothing and is there for the retry."""
    return {
        name: {key: row for key, row in rows.items() if not str(key[-1]).startswith("text#")}
        for name, rows in tables.items()
    }
