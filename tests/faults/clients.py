"""The clients of a schedule: they ask, and ask again as real clients do, until they have an answer that stands.

Every answer is written into a ledger. This module must not judge what was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.local.wsgi_client import Reply
from tests.faults.stage import Actor, Script, Stage, Violation
from tests.faults.town import CHEAT, EXTEND_BODY, LACKING, Request, Town, filing, reading, step
from tests.support import town as people
from tests.support.town import LONG, NOTE, Body, Identity
from tests.support.wire import Death, Trouble

ATTEMPTS = 12  # more than there can be troubles
QIAN = people.staff("qian", people.HAISHU, "intake")
CHEN = people.staff("chen", people.HAISHU, "review", lines=("public_order",))
REASONED: Body = {"reason": NOTE, "remedy": LONG}
# What each step can be asked with.
BODIES: Mapping[str, tuple[Body, ...]] = {
    "accept": ({"note": NOTE}, {"note": LONG}),
    "correct": ({"notice": NOTE},),
    "supplement": ({"materials": people.materials(2)}, {"materials": people.materials(2), "form": {"rooms": "30"}}),
    "withdraw": ({"reason": NOTE},),
    "notify": ({"notice": LONG}, {"notice": NOTE}),
    "refuse": (REASONED,),
    "review": ({"note": NOTE, "on_site_staff": people.TWO},),
    "grant": ({"note": NOTE},),
    "deny": (REASONED,),
    "return": ({"reason": LONG},),
    "extend": (EXTEND_BODY, {**EXTEND_BODY, "days": 3}),
    "suspend": (people.SUSPEND[2],),
    "resume": ({"note": NOTE},),
    "complete": ({"result_number": "甬海公特旅字第1号"},),
    "deliver": ({"handed_to": "applicant"},),
    "archive": ({"note": NOTE},),
    "settle": ({"result_number": "甬海公登字第1号"},),
}
INTAKE = ("accept", "correct", "notify", "withdraw", "refuse", "settle")
REVIEW = ("review", "grant", "extend", "suspend", "resume", "return", "deny", "notify")
DELIVERY = ("complete", "deliver", "archive")
WORKERS: tuple[tuple[Identity, tuple[str, ...]], ...] = (
    (people.LI, INTAKE),
    (people.ZHANG, ("supplement", "withdraw")),
    (CHEAT, ("accept", "review", "grant", "extend", *DELIVERY)),
    (people.WANG, REVIEW),
    (QIAN, INTAKE),
    (CHEN, REVIEW),
    (people.ZHAO, DELIVERY),
)
FINISHED = people.lodging(channel="window", finish={"result_number": "甬海公登字第2号", "handed_to": "applicant"})
FILINGS: tuple[tuple[Identity, Body], ...] = (
    (people.ZHANG, people.hotel(note=LONG)),
    (people.WU, LACKING),
    (people.staff("fang", people.NANMEN_WINDOW, "intake"), FINISHED),
)


@dataclass(slots=True)
class Entry:
    """One request and every answer that stood: not the 503 that asks to come again."""

    request: Request
    replies: list[Reply] = field(default_factory=list)

    @property
    def acknowledged(self) -> list[Reply]:
        """The successes among the answers."""
        return [reply for reply in self.replies if reply.status in (200, 201)]


@dataclass(slots=True)
class Ledger:
    """What was asked that would change something, and every answer that anybody got to anything."""

    entries: list[Entry] = field(default_factory=list)
    answers: list[Reply] = field(default_factory=list)

    def entry(self, request: Request) -> Entry:
        """The entry of this request: the same for all who send it."""
        for entry in self.entries:
            if entry.request == request:
                return entry
        self.entries.append(Entry(request))
        return self.entries[-1]


@dataclass(slots=True)
class Client:
    """How a client of the town asks: again after a death, a lost connection and a 503, word for word the same."""

    town: Town
    ledger: Ledger
    actor: Actor

    def ask(self, request: Request) -> Reply:
        """The answer that stands."""
        skew = (0, 2, -2)[self.actor.choose(3)] if request.method != "GET" else 0
        for _ in range(ATTEMPTS):
            self.actor.storm = Trouble.calm
            self.actor.stage.tell(f"  {request}")
            try:
                reply = self.town.ask(request, skew)
            except Death:
                self._begin_again()
                continue
            self.actor.stage.tell(f"  {request}: {reply.status}")
            self.ledger.answers.append(reply)
            if reply.status != 503:
                return self._stands(request, reply)
            self.actor.stage.clock.advance(float(reply.headers["retry-after"]))
        raise Violation(f"no answer that stands after {ATTEMPTS} attempts: {request}")

    def change(self, request: Request, again: str) -> Reply:
        """The answer to a request that changes something; the network may deliver it to two at once."""
        if self.actor.choose(6) == 5:
            self.actor.stage.tally["duplicates"] += 1
            self.actor.stage.enter(again, lambda twin: _repeat(Client(self.town, self.ledger, twin), request))
        return self.ask(request)

    def _begin_again(self) -> None:
        self.actor.stage.clock.advance(1)
        if self.actor.choose(2):
            self.town.new_process()

    def _stands(self, request: Request, reply: Reply) -> Reply:
        if reply.status >= 500:
            raise Violation(f"{request}: {reply.status} {reply.body.decode()}")
        if request.method != "GET":
            self.ledger.entry(request).replies.append(reply)
        return reply


def _repeat(client: Client, request: Request) -> None:
    client.ask(request)


def applicant(town: Town, ledger: Ledger, number: int) -> Script:
    """Files something, perhaps once more something else under the same key."""

    def script(actor: Actor) -> None:
        client = Client(town, ledger, actor)
        who, body = FILINGS[actor.choose(len(FILINGS))]
        key = f"filing-{actor.choose(2) and number}"
        client.change(filing(who, body, key), f"{actor.name}'")
        if actor.choose(4) == 3:
            client.change(filing(who, {**body, "form": {"rooms": "21"}}, key), f"{actor.name}'")

    return script


def worker(town: Town, ledger: Ledger, case: str, number: int) -> Script:
    """Reads the case and takes a step or two that are theirs, or tries one that is not possible."""

    def script(actor: Actor) -> None:
        client = Client(town, ledger, actor)
        who, deeds = WORKERS[actor.choose(len(WORKERS))]
        for turn in range(1 + actor.choose(3)):
            seen = client.ask(reading(who, case)).json()
            possible = [deed for deed in deeds if deed in seen["allowed_actions"]]
            if actor.choose(8) == 7:
                possible = list(deeds)
            if not possible:
                return
            action = possible[actor.choose(len(possible))]
            body = BODIES[action][actor.choose(len(BODIES[action]))]
            key = None if actor.choose(3) == 2 else f"{number}-{turn}"
            client.change(step(who, case, action, body, seen["version"], key), f"{actor.name}'")

    return script


def cast(town: Town, ledger: Ledger, stage: Stage, case: str) -> None:
    """Two to five clients, of the schedule's choosing."""
    for number in range(2 + stage.pick(4)):
        files = stage.pick(4) == 3
        script = applicant(town, ledger, number) if files else worker(town, ledger, case, number)
        stage.enter(f"client {number}", script)
