"""The scheduler: clients are threads of which exactly one runs, and each stops before every call to DynamoDB.

At each stop `pick` chooses who goes on and what goes wrong, so that one list of numbers is one schedule and gives the
same run whenever it is played. Time is the local cloud's clock: sleeping moves it. This module must not know what
the clients want.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, SupportsIndex

from infra.local.clock import LocalClock
from tests.faults.troubles import seconds
from tests.support.wire import Call, Send, Trouble, answered, tapped

Pick = Callable[[int], int]  # a number below n; 0 is what an undisturbed run would choose
Script = Callable[["Actor"], None]
Weather = Callable[["Actor", Call], Trouble]
MOMENT = 0.01  # seconds that a call takes on the virtual clock


class Violation(AssertionError):  # noqa: N818  it says what was violated
    """Something that must hold did not; the message says what, and the schedule is told beside it."""


class _Dismissed(BaseException):
    """The play is over; nothing of a client may catch this."""


@dataclass(eq=False, slots=True)
class Actor:
    """One client, in a thread of its own. `storm` is the trouble that befalls each call of the present attempt;
    `lived` the seconds that its own calls and pauses have taken."""

    name: str
    stage: Stage
    script: Script
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    call: Call | None = None
    options: int = 0
    chosen: int = 0
    trouble: Trouble = Trouble.calm
    storm: Trouble = Trouble.calm
    lived: float = 0.0
    over: bool = False
    failure: BaseException | None = None
    thread: threading.Thread | None = None

    def choose(self, options: int) -> int:
        """A number below `options`, of the schedule's choosing."""
        if options < 2:
            return 0
        self.options = options
        self._wait()
        return self.chosen

    def send(self, call: Call, beneath: Send) -> Any:
        """Stop before `call`; then let happen to it what was chosen."""
        self.call = call
        self._wait()
        self.live(MOMENT + seconds(self.trouble, call))
        return answered(self.trouble, call, beneath, self.stage.letters.append)

    def live(self, length: float) -> None:
        """Let so many seconds pass, here and on the clock of all."""
        self.lived += length
        self.stage.clock.advance(length)

    def run(self) -> None:
        """The thread."""
        _acting.actor = self
        try:
            self._await_turn()
            self.script(self)
        except _Dismissed:
            pass
        except BaseException as failure:  # noqa: BLE001  it is told in the scheduler's thread
            self.failure = failure
        self.over = True
        self.stage.back.release()

    def _wait(self) -> None:
        self.stage.back.release()
        self._await_turn()

    def _await_turn(self) -> None:
        self.turn.acquire()
        if self.stage.closing:
            raise _Dismissed


_acting = threading.local()


@dataclass(slots=True)
class Stage:
    """One play. `weather` says what happens to a call; `told` is what happened, a line a call; `tally` counts it."""

    pick: Pick
    clock: LocalClock
    weather: Weather
    actors: list[Actor] = field(default_factory=list)
    letters: list[Send] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    back: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    closing: bool = False

    def enter(self, name: str, script: Script) -> Actor:
        """One more client, who waits for a turn."""
        actor = Actor(name, self, script)
        actor.thread = threading.Thread(target=actor.run, name=name, daemon=True)
        self.actors.append(actor)
        actor.thread.start()
        return actor

    def play(self) -> None:
        """Let the clients run until all are done and all late calls have arrived; what a client raised is raised."""
        with _wired():
            try:
                while any(not actor.over for actor in self.actors) or self.letters:
                    self._move()
            finally:
                self._dismiss()

    def tell(self, line: str) -> None:
        """Add a line to what happened."""
        self.told.append(line)

    def _move(self) -> None:
        alive = [actor for actor in self.actors if not actor.over]
        options = len(alive) + len(self.letters)
        chosen = self.pick(options) if options > 1 else 0
        if chosen >= len(alive):
            self.letters.pop(chosen - len(alive))()
            self.tally["late arrivals"] += 1
            self.tell("    a late call arrives")
        else:
            self._go_on(alive[chosen])

    def _go_on(self, actor: Actor) -> None:
        self.actors.remove(actor)  # who went last is first to go on, so that fewer switches are smaller numbers
        self.actors.insert(0, actor)
        if actor.call:
            actor.trouble = self.weather(actor, actor.call)
            self._note(actor, actor.call)
            actor.call = None
        self._resume(actor)

    def _resume(self, actor: Actor) -> None:
        actor.turn.release()
        self.back.acquire()
        while actor.options:
            options, actor.options = actor.options, 0
            actor.chosen = self.pick(options)
            actor.turn.release()
            self.back.acquire()
        if actor.failure:
            raise actor.failure

    def _note(self, actor: Actor, call: Call) -> None:
        self.tally["calls"] += 1
        troubled = "" if actor.trouble is Trouble.calm else f": {actor.trouble.value}"
        if troubled:
            self.tally[actor.trouble.name] += 1
        self.tell(f"    {actor.name}: {call.operation}{troubled}")

    def _dismiss(self) -> None:
        self.closing = True
        for actor in self.actors:
            actor.turn.release()
        for actor in self.actors:
            assert actor.thread
            actor.thread.join()


def acting() -> Actor | None:
    """The client in whose thread this is asked; None outside of all."""
    return getattr(_acting, "actor", None)


@contextmanager
def _wired() -> Iterator[None]:
    """While this lasts, clients stop before each of their calls, and their sleep moves the clock."""
    sleep = time.sleep

    def handle(call: Call, send: Send) -> Any:
        actor = acting()
        return actor.send(call, send) if actor else send()

    def rest(length: float | SupportsIndex, /) -> None:
        actor = acting()
        if actor:
            actor.live(float(length))
        else:
            sleep(length)

    time.sleep = rest
    try:
        with tapped(handle):
            yield
    finally:
        time.sleep = sleep
