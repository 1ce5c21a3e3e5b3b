"""The real server, killed twenty times while clients file and move cases: what it acknowledged is there again."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.town import LI, WANG, WHOLE, ZHANG, ZHAO, hotel

ROOT = Path(__file__).parents[2]
KILLS, CLIENTS, SEED = 20, 3, 2026
_URL = re.compile(r"http://127\.0\.0\.1:([0-9]+)")
_PID = re.compile(r"pid ([0-9]+)")
_GONE = (OSError, http.client.HTTPException)


# Importing takes most of a start, so it is done once: each server is a process of its own that goes on from there.
_LAUNCHER = """
import json, os, sys
from infra.local.__main__ import main
for line in sys.stdin:
    if (child := os.fork()) == 0:
        os._exit(main(json.loads(line)))
    print(f"pid {child}", flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


class Server:
    """`python -m infra.local --data DIR` on a port that the system chooses, one process after another."""

    def __init__(self, place: Path) -> None:
        self._arguments = ["--port", "0", "--data", str(place / "kept")]
        self._launcher = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER],
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._pid = self.port = 0

    def start(self, *more: str) -> None:
        assert self._launcher.stdin
        print(json.dumps([*self._arguments, *more]), file=self._launcher.stdin, flush=True)
        self._pid, self.port = 0, 0
        while not (self._pid and self.port):
            line = self._said()
            if told := _PID.match(line):
                self._pid = int(told[1])
            elif address := _URL.search(line):
                self.port = int(address[1])

    def _said(self) -> str:
        assert self._launcher.stdout
        line = self._launcher.stdout.readline()
        assert line not in ("", "gone\n"), "the server did not start"
        return line

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        assert self._launcher.stdout
        assert any(line == "gone\n" for line in self._launcher.stdout)
        self._pid = 0

    def close(self) -> None:
        if self._pid:
            self.kill()
        self._launcher.communicate()


@dataclass
class Asking:
    """One connection to the server, with tokens that were given before the first kill."""

    port: int
    tokens: dict[str, str]
    _connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def __call__(self, method: str, path: str, who: str = "", body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            sent["Authorization"] = f"Bearer {self.tokens[who]}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        self._connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def get(self, path: str, who: str = "") -> Any:
        status, body = self("GET", path, who)
        assert status == 200, body
        return body

    def close(self) -> None:
        self._connection.close()


@dataclass
class Case:
    """A case as its client knows it: what was acknowledged."""

    key: str
    id: str = ""
    version: int = 0
    state: str = ""
    asked: bool = False  # for the next step, without an answer


@dataclass
class Client:
    """Files a case, takes it to its end, files the next; asks again, under the same key, what was not answered."""

    name: str
    cases: list[Case] = field(default_factory=list)
    wrong: list[Any] = field(default_factory=list)
    answers: int = 0

    def work(self, port: int, tokens: dict[str, str]) -> None:
        """Go on until the server is gone."""
        with contextlib.suppress(*_GONE), asking(port, tokens) as ask:
            while not self.wrong:
                self.step(ask)

    def step(self, ask: Asking) -> None:
        if not self.cases or self.cases[-1].version == len(WHOLE) + 1:
            self.cases.append(Case(f"{self.name}-{len(self.cases)}"))
        case = self.cases[-1]
        case.asked = True
        if not case.version:
            status, body = ask("POST", "/v1/cases", "zhang", hotel(), Idempotency_Key=case.key)
        else:
            action, who, told = WHOLE[case.version - 1]
            path, key = f"/v1/cases/{case.id}/actions/{action}", f"{case.key}-{action}"
            version = f'"{case.version}"'
            status, body = ask("POST", path, who["sub"], told, If_Match=version, Idempotency_Key=key)
        if status not in (200, 201) or body["version"] != case.version + 1:
            self.wrong.append((case, status, body))
            return
        case.id, case.version, case.state, case.asked = body["case_id"], body["version"], body["state"], False
        self.answers += 1


def check(ask: Asking, case: Case) -> str:
    """The state of a case that must be as its client knows it, or one step on if its last request got no answer."""
    known = ask.get(f"/v1/cases/{case.id}", "wang")
    history = ask.get(f"/v1/cases/{case.id}/history", "wang")
    assert history["verified"], history
    assert known["version"] in (case.version, case.version + case.asked)
    assert known["version"] == history["version"] == len(history["nodes"])
    steps = ["submit", *(action for action, _, _ in WHOLE)]
    assert [node["action"] for node in history["nodes"]] == steps[: known["version"]]
    assert known["version"] > case.version or known["state"] == case.state
    state: str = known["state"]
    return state


def desk(ask: Asking) -> dict[str, str]:
    """What is in the county's queue: number -> state."""
    found: dict[str, str] = {}
    page = {"next": ""}
    while page["next"] is not None:
        cursor = f"&cursor={page['next']}" if page["next"] else ""
        page = ask.get(f"/v1/desk?org=330203&limit=100{cursor}", "wang")
        found |= {each["case_id"]: each["state"] for each in page["items"]}
    return found


@contextlib.contextmanager
def asking(port: int, tokens: dict[str, str]) -> Iterator[Asking]:
    ask = Asking(port, tokens)
    try:
        yield ask
    finally:
        ask.close()


def tokens_of(port: int) -> dict[str, str]:
    with asking(port, {}) as ask:
        answers = {str(who["sub"]): ask("POST", "/_local/token", body=dict(who)) for who in (ZHANG, LI, WANG, ZHAO)}
    return {name: body["access_token"] for name, (_, body) in answers.items()}


def load_until_killed(server: Server, clients: list[Client], tokens: dict[str, str], chance: random.Random) -> None:
    """Let the clients work, and kill the server within some milliseconds of some number of answers."""
    threads = [threading.Thread(target=each.work, args=(server.port, tokens)) for each in clients]
    until = sum(each.answers for each in clients) + chance.randrange(5, 30)
    for thread in threads:
        thread.start()
    while sum(each.answers for each in clients) < until and all(thread.is_alive() for thread in threads):
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.01))
    server.kill()
    for thread in threads:
        thread.join()
    assert [each.wrong for each in clients] == [[]] * len(clients)


def compared(ask: Asking, clients: list[Client], *, latest: int = 0) -> None:
    """Each client's `latest` cases (0: all) are as they were acknowledged, and the queue says the same."""
    queue = desk(ask)
    cases = [case for client in clients for case in client.cases[-latest:] if case.version]
    for case in cases:
        state = check(ask, case)
        assert queue.get(case.id) == (None if state == "archived" else state)
    known = {case.id for client in clients for case in client.cases}
    unanswered = [case for client in clients for case in client.cases if case.asked and not case.version]
    assert len(queue.keys() - known) <= len(unanswered)


def test_twenty_kills_under_load_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance, clients = random.Random(SEED), [Client(f"client-{number}") for number in range(CLIENTS)]
    server = Server(tmp_path)
    with contextlib.closing(server):
        server.start("--now", "2026-03-02T09:00:00+08:00")
        tokens = tokens_of(server.port)
        for _ in range(KILLS):
            with asking(server.port, tokens) as ask:
                _, clock = ask("POST", "/_local/clock", body={"advance": 600})
            load_until_killed(server, clients, tokens, chance)
            server.start()
            with asking(server.port, tokens) as ask:
                passed = _moment(ask.get("/_local/clock")) - _moment(clock)
                assert timedelta() <= passed < timedelta(seconds=300)
                compared(ask, clients, latest=3)
        with asking(server.port, tokens) as ask:
            for client in clients:
                client.step(ask)
            compared(ask, clients)
            assert ask.get("/v1/items/hotel-licence", "li")["version"] == 1
        assert stat.S_IMODE((tmp_path / "kept/issuer.pem").stat().st_mode) == 0o600
    assert sum(client.answers for client in clients) >= 5 * KILLS


def _moment(clock: dict[str, str]) -> datetime:
    return datetime.fromisoformat(clock["now"])
