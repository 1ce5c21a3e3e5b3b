"""Several devices file the same at once while somebody closes it, in every order and under every trouble: each filing
is kept once, in one order, and of one complainant no two are open.

This module must not know how a filing is kept, only what was answered and what the histories say.
"""

from __future__ import annotations

import importlib
from collections import Counter
from typing import Any

from tests.faults.clients import Client, Ledger
from tests.faults.invariants import POOL, require
from tests.faults.schedules import MOST_TROUBLES, chosen
from tests.faults.searching import Perform, search
from tests.faults.stage import Actor, Pick, Script, Stage
from tests.faults.town import Request, Town, town
from tests.support.told import WATCH, complaint
from tests.support.town import HAISHU, NOTE, WU, ZHANG

REFUSAL = {"reason": NOTE, "remedy": NOTE}


def device(here: Town, ledger: Ledger, number: int) -> Script:
    """Files what others file too, perhaps under the key of another device."""

    def script(actor: Actor) -> None:
        who = (ZHANG, ZHANG, WU)[actor.choose(3)]
        key = f"device-{actor.choose(2) and number}"
        request = Request(who, "POST", "/v1/orders", {}, complaint(statement=f"第{key}次反映"), key)
        Client(here, ledger, actor).change(request, f"{actor.name}'")

    return script


def desk(here: Town, ledger: Ledger) -> Script:
    """Looks at what waits, and closes one of it or two."""

    def script(actor: Actor) -> None:
        client = Client(here, ledger, actor)
        for _ in range(1 + actor.choose(2)):
            queue = Request(WATCH, "GET", "/v1/orders", {}, query={"org": HAISHU})
            waiting = client.ask(queue).json()["items"]
            if not waiting:
                continue
            id = waiting[actor.choose(len(waiting))]["order_id"]
            seen = client.ask(Request(WATCH, "GET", "/v1/orders/{order_id}", {"order_id": id})).json()
            if "refuse" not in seen["allowed_actions"]:
                continue
            places = {"order_id": id, "action": "refuse"}
            route = "/v1/orders/{order_id}/actions/{action}"
            client.change(Request(WATCH, "POST", route, places, REFUSAL, None, seen["version"]), f"{actor.name}'")

    return script


def perform(pick: Pick, tally: Counter[str], told: list[str]) -> None:
    """Play one schedule and look at what it left. Violation when something does not hold."""
    here = town()
    here.begin("received")
    stage = Stage(pick, here.cloud.clock, chosen(pick, pick(MOST_TROUBLES + 1)), told=told, tally=tally)
    ledger = Ledger()
    with here.overheard():
        for number in range(2 + pick(3)):
            stage.enter(f"device {number}", device(here, ledger, number))
        stage.enter("desk", desk(here, ledger))
        stage.play()
        hold(here, ledger, tally)


def hold(here: Town, ledger: Ledger, tally: Counter[str]) -> None:
    """What was acknowledged is there once, and nothing beside it."""
    filed: Counter[tuple[str, int]] = Counter()
    for entry in ledger.entries:
        given = {(reply.status, reply.body) for reply in entry.replies}
        require(len(given) == 1, f"{entry.request} was answered in {len(given)} ways: {given}")
        if entry.request.version is None and entry.acknowledged:
            answer = entry.replies[0].json()
            filed[answer["order_id"], answer["version"]] += 1
            tally["joined" if answer["joined"] else "filed"] += 1
            tally["repeated"] += bool(answer["filed"]["earlier"])
    require(all(number == 1 for number in filed.values()), f"two filings became one step: {filed}")
    kept = Counter({place: 1 for id in _orders(here) for place in _told(here, id, tally)})
    require(kept == filed, f"kept is {sorted(kept)} and acknowledged {sorted(filed)}")
    requests = [row.item["case_id"]["S"] for row in here.cloud.tables["RequestsTable"].rows.values()]
    require(sum(id in _orders(here) for id in requests) == len(filed), f"request rows: {requests}")


def _orders(here: Town) -> list[str]:
    return [id for (id,) in here.cloud.tables["OrdersTable"].rows]


def _told(here: Town, id: str, tally: Counter[str]) -> list[tuple[str, int]]:
    """The steps of an order that are filings; the order is whole, and only the last of its cause is open."""
    services = importlib.import_module("chalicelib.services.orders")
    found: Any = services.history(id, POOL, here.cloud.clock.now())
    require(found.verified, f"order {id} does not verify: broken at {found.broken_at}, {found.dossiers}")
    nodes = found.known.case.nodes
    committed = [number for number, node in enumerate(nodes, start=1) if node.dossier]
    require(sorted(found.dossiers) == committed, f"order {id} has the parts {sorted(found.dossiers)}")
    closed = [node.action for node in nodes].count("refuse")
    earlier = nodes[0].evidence.get("earlier")
    if earlier:
        before: Any = services.history(earlier, POOL, here.cloud.clock.now())
        require(before.known.case.nodes[-1].action == "refuse", f"order {id} was filed while {earlier} was open")
    tally["closed"] += closed
    return [(id, number) for number, node in enumerate(nodes, start=1) if node.action in ("submit", "join")]


def searched(start: int, schedules: int) -> Any:
    """A search, in the town's process."""
    performing: Perform = perform
    return search(start, schedules, performing)
