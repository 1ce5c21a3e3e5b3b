"""Trouble that does not end, and trouble from which each call escapes only at its last attempt: how long a request
takes, what it is told, what it leaves, and that it is good afterwards.

These functions run in the town's process. Every call of a request is tried, warm and cold; nothing is sampled.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from chalicelib.domain.rating import Channel, Rating, RatingLevel
from chalicelib.errors import Busy
from chalicelib.store.connection import Budget
from infra.local.wsgi_client import Reply
from tests.faults.alone import Attempt, Deed, Weather, attempt, deed, shown, unsalted
from tests.faults.invariants import require
from tests.faults.stage import Actor, Stage
from tests.faults.town import LAMBDA_SECONDS, NINE, Beginning, Request, Town, town
from tests.faults.troubles import possible
from tests.support import town as people
from tests.support.wire import Call, Trouble

LAST_ATTEMPT = 3  # of the SDK's at one call
SHORT, LONG = 0, 459_424  # seeds of its pauses; under LONG the first six are over nine tenths of the longest
TAKES_EFFECT = frozenset({Trouble.unanswered, Trouble.late, Trouble.broken_after})
ASKERS = (people.LI, people.ZHANG, people.PUBLISHER)
TOLD = ("同一请求", "repeat the same request")  # what everybody is told who must not think that nothing was done


@dataclass(frozen=True, slots=True)
class Outcome:
    """Over all runs: the longest time by the virtual clock in seconds, how many runs met trouble, and in how many of
    them the answer was 503."""

    longest: float
    runs: int
    refused: int


def never_ending(name: str, trouble: Trouble, lasts: float = LAMBDA_SECONDS) -> Outcome:
    """A deed under `trouble` at each call from the first, the second … on, in a Lambda that lasts so many seconds."""
    return _over(_played(deed(name), trouble, _from, LONG, lasts))


def at_last(name: str, trouble: Trouble) -> Outcome:
    """A deed each of whose calls, from the first, the second … on, meets `trouble` until its last attempt."""
    return _over(one for jitter in (SHORT, LONG) for one in _played(deed(name), trouble, _from_until_last, jitter))


def reading(trouble: Trouble, kind: str) -> dict[str, Outcome]:
    """Every route that reads, by method and path, under either of the two; those that make no call are left out."""
    weather = {"never ending": _from, "at last": _from_until_last}[kind]
    outcomes = {name: _over(_played(one, trouble, weather, LONG)) for name, one in reads().items()}
    return {name: outcome for name, outcome in outcomes.items() if outcome.runs}


def left(lasts: float, spent: float) -> float:
    """What the budget of a request leaves, `spent` seconds after it came into a Lambda that lasts so many."""
    moments = iter([lasts, lasts - spent])
    budget = Budget(SimpleNamespace(get_remaining_time_in_millis=lambda: next(moments) * 1000))
    return budget.left()


def reads() -> dict[str, Deed]:
    """Every declared route that reads, asked by whoever may. KeyError for a place of a route without a sample here."""
    here, app = town(), importlib.import_module("app")
    doors = [app.door(name) for name in app.DOORS if name != "openapi"]
    case = here.begin("correction").case
    _compute(here)
    _publish(here)
    places = {
        "case_id": case,
        "item_id": "hotel-licence",
        "code": people.HAISHU,
        "staff_id": "zs-330203-01",
        "year": "2026",
        "order_id": _order(here.beginnings["correction"]),
        "rating_id": _rating(case),
        "knowledge_id": "id-card-lost",
        "period": "2026-03",
        "org": people.HAISHU,
        "city": people.NINGBO,
        "day": "2026-03-02",
        "indicator": "online_rate",
    }
    queries = {
        "/v1/desk": {"org": people.HAISHU},
        "/v1/findings": {"org": people.HAISHU},
        "/v1/orders": {"org": people.HAISHU},
        "/v1/cases/{case_id}/dossier": {"purpose": "handling"},
        "/v1/orders/{order_id}/dossier": {"purpose": "handling"},
        "/v1/complaints": {"org": people.HAISHU},
        "/v1/ratings": {"org": people.HAISHU},
        "/v1/calendar/deadline": {"start": "2026-03-02", "limit": "10", "unit": "working_day"},
    }
    code = importlib.import_module("chalicelib.services.subjects").query_code(case)
    found = {"POST /v1/progress": Request(people.WU, "POST", "/v1/progress", {}, {"case_id": case, "code": code})}
    for one in (one for door in doors for one in door.operations if one.method == "GET"):
        where = {name: places[name] for name in one.where}
        asked = [Request(who, "GET", one.path, where, query=queries.get(one.path)) for who in ASKERS]
        found[f"GET {one.path}"] = next((each for each in asked if _good(attempt(here, each).reply)), asked[0])
    return {name: Deed("correction", request) for name, request in found.items()}


def _compute(here: Town) -> None:
    """Indices of the present day, with one case in them, and its forecast."""
    cells = importlib.import_module("chalicelib.store.cells")
    cells.replace(cells.one(people.HAISHU, NINE.date()), {"kind/node": 1, "received": 1})
    with here.overheard():
        here.cloud.run_schedule("compute_indices")
        here.cloud.run_schedule("forecast_units")


def _publish(here: Town) -> None:
    """The progress of a centre, and a report of a month."""
    told = {"stages": [{"stage": "listed", "since": "2022-06-01", "document": "x"}]}
    token = here.cloud.token(people.PUBLISHER)
    with here.overheard():
        here.cloud.request("PUT", f"/v1/centres/{people.HAISHU}", json=told, token=token)
    importlib.import_module("chalicelib.store.reports").put_new("2026-03", people.HAISHU, 1, "<!doctype html>")


def _order(beginning: Beginning) -> str:
    """The name of a work order about a case, which is there from now on whenever it begins so."""
    opened = importlib.import_module("chalicelib.services.orders").open_order
    about, finding = beginning.case, {"finding": "W02#promised"}
    name: str = opened("verification", "a cause", about=about, organisation=people.HAISHU, at=NINE, evidence=finding)
    beginning.tables["OrdersTable"].update(town().tables()["OrdersTable"])
    return name


def _rating(case: str) -> str:
    """The name of a rating of a case, which is there from now on."""
    given = Rating(
        service="0" * 24, number=1, case_id=case, visit=0, organisation=people.HAISHU, window=people.HAISHU, staff="",
        item="hotel-licence@1", at=NINE, level=RatingLevel.satisfied, channel=Channel.web, case_channel="mobile",
        reasons_version=1, request=b"request",
    )  # fmt: skip
    importlib.import_module("chalicelib.store.ratings").put(given)
    return given.id


def outside_requests(trouble: Trouble) -> int:
    """How many calls a schedule makes under `trouble` that does not end, before it fails."""
    here = town()
    here.begin("received", cold=True)
    stage = Stage(lambda options: 0, here.cloud.clock, lambda actor, call: trouble)

    def script(_actor: Actor) -> None:
        try:
            here.registry.current_calendar()
        except Busy:
            stage.tell("busy")

    stage.enter("schedule", script)
    stage.play()
    require(stage.told[-1] == "busy", f"a schedule under {trouble}: {stage.told}")
    return stage.tally["calls"]


Kind = Callable[[Trouble, int], Weather]


def _from(trouble: Trouble, begins: int) -> Weather:
    def weather(call: Call) -> Trouble:
        return trouble if call.number >= begins and possible(trouble, call) else Trouble.calm

    return weather


def _from_until_last(trouble: Trouble, begins: int) -> Weather:
    endless = _from(trouble, begins)
    return lambda call: endless(call) if call.attempt < LAST_ATTEMPT else Trouble.calm


def _over(attempts: Iterable[Attempt]) -> Outcome:
    found = list(attempts)
    refused = sum(one.reply is not None and one.reply.status == 503 for one in found)
    return Outcome(max((one.seconds for one in found), default=0.0), len(found), refused)


def _played(one: Deed, trouble: Trouble, kind: Kind, jitter: int, lasts: float = LAMBDA_SECONDS) -> Iterator[Attempt]:
    """The attempts under trouble, each held to what it must tell and leave."""
    here = town()
    for cold in (False, True):
        here.begin(one.beginning, cold=cold)
        before = unsalted(here)
        undisturbed = attempt(here, one.request)
        require(_good(undisturbed.reply), f"{one.request}, undisturbed: {undisturbed.reply}")
        after = unsalted(here)
        for begins in range(undisturbed.calls):
            here.begin(one.beginning, cold=cold, jitter=jitter)
            troubled = attempt(here, one.request, kind(trouble, begins), lasts)
            if not troubled.troubled:
                break
            told = f"{one.request}, {'cold' if cold else 'warm'}: {trouble} from call {begins} on, {troubled}"
            allowed = [before, after] if trouble in TAKES_EFFECT or _good(troubled.reply) else [before]
            require(_without_texts(unsalted(here)) in map(_without_texts, allowed), f"{told}, half done")
            _require_told(troubled, undisturbed, told)
            _require_good_afterwards(here, one.request, undisturbed, after, told)
            yield troubled


def _require_told(troubled: Attempt, undisturbed: Attempt, told: str) -> None:
    """The answer of the undisturbed run, or 503 that says when to come again, and with the same."""
    assert troubled.reply
    assert undisturbed.reply
    if troubled.reply.status != 503:
        require(shown(troubled.reply) == shown(undisturbed.reply), told)
        return
    text = troubled.reply.json()["text"]
    require(int(troubled.reply.headers["retry-after"]) > 0, told)
    require(TOLD[0] in text["zh-CN"] and TOLD[1] in text["en"], told)


def _require_good_afterwards(
    here: Town, request: Request, undisturbed: Attempt, after: Mapping[str, Any], told: str
) -> None:
    again = attempt(here, request).reply
    assert again
    assert undisturbed.reply
    require(shown(again) == shown(undisturbed.reply), f"{told}, and afterwards {again}")
    require(unsalted(here) == after, f"{told}, and afterwards not once")


def _good(reply: Reply | None) -> bool:
    return reply is not None and reply.status in (200, 201)


def _without_texts(tables: Mapping[str, Mapping[Sequence[str], Any]]) -> dict[str, dict[Sequence[str], Any]]:
    """A long text is put first, under its digest; alone it says nothing and is there for the retry."""
    return {
        name: {key: row for key, row in rows.items() if not str(key[-1]).startswith("text#")}
        for name, rows in tables.items()
    }
