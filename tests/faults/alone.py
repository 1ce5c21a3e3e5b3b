"""One request alone in the town, under a weather: its answer, the calls it made, how long it took, what it left.

This module must not judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.wsgi_client import Reply
from tests.faults.clients import FILINGS
from tests.faults.stage import Actor, Stage
from tests.faults.town import LAMBDA_SECONDS, Request, Town, filing, step, telling, town
from tests.support import town as people
from tests.support.told import complaint
from tests.support.town import LONG
from tests.support.wire import Call, Death, Trouble

SALTED = {
    "CasesTable": ("g", "h"),
    "OrdersTable": ("g", "h"),
    "DossiersTable": ("salt",),
}  # what depends on the salt of a dossier
Weather = Callable[[Call], Trouble]


@dataclass(frozen=True, slots=True)
class Deed:
    """A request, and the case to begin from."""

    beginning: str
    request: Request


DEEDS = (
    "intake",
    "intake settled at the window",
    "correction",
    "long step",
    "long step without a key",
    "filing",
    "joining",
)


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
        case "filing" | "joining":
            beginning = "received" if name == "filing" else "told"
            return Deed(beginning, telling(people.ZHANG, complaint(), "once"))
        case "long step":
            return Deed("received", step(people.LI, here.beginnings["received"].case, "notify", notice, 1, "once"))
        case _:
            return Deed("received", step(people.LI, here.beginnings["received"].case, "notify", notice, 1, None))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a request: no reply where the process died; `troubled` says how many of the calls were."""

    reply: Reply | None
    calls: int
    troubled: int
    seconds: float


def calm(_call: Call) -> Trouble:
    """Nothing happens."""
    return Trouble.calm


def attempt(here: Town, request: Request, weather: Weather = calm, lasts: float = LAMBDA_SECONDS) -> Attempt:
    """One attempt, in a Lambda that lasts so many seconds; afterwards the clock is back where it was. What is late
    has arrived then."""
    still = here.cloud.clock.now()
    stage = Stage(lambda options: 0, here.cloud.clock, lambda actor, call: weather(call))
    answers: list[tuple[Reply, float]] = []

    def script(actor: Actor) -> None:
        try:
            reply = here.ask(request, lasts=lasts)
        except Death:
            stage.tell("dead")
        else:
            answers.append((reply, (here.cloud.clock.now() - still).total_seconds()))

    stage.enter("client", script)
    with here.overheard():
        stage.play()
    here.cloud.clock.restart(still)
    reply, took = answers[0] if answers else (None, 0.0)
    calls = stage.tally["calls"]
    return Attempt(reply, calls, sum(stage.tally[trouble.name] for trouble in Trouble), took)


def shown(reply: Reply) -> tuple[int, bytes, str | None]:
    """What of an answer must be the same when it is given again."""
    return reply.status, reply.body, reply.headers.get("etag")


def unsalted(here: Town) -> dict[str, Any]:
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
