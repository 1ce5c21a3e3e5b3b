"""What citizens file, as a test follows it: bodies of complaints, and orders that are moved through the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from tests.support.town import HAISHU, HAISHU_WINDOW, NANMEN, NINGBO, PHONE, ZHANG, Body, Identity, staff

WATCH, OTHER_WATCH = staff("chen", HAISHU, "supervision"), staff("fang", HAISHU, "supervision")
HANDLER, OTHER_HANDLER = staff("he", HAISHU, "review"), staff("jin", NANMEN, "review")
CITY_WATCH = staff("ningbo-9", NINGBO, "supervision")
CONTACT = {"name": "某甲乙", "phone": PHONE}
STATEMENT = "窗口人员态度生硬，未一次性告知所需材料。"
SIMPLE = {"complexity": "simple"}
ANSWER = {"verdict": "founded", "reply": "已对窗口人员批评教育，并向您致歉。", "disclosure": "public"}
CALLED = {**ANSWER, "call_back": "satisfied"}
_KEYS = count()


class Door(Protocol):
    """Whatever asks the door as somebody."""

    def ask(
        self,
        method: str,
        path: str,
        who: Identity | None = None,
        body: Any = None,
        *,
        key: str | None = None,
        version: int | None = None,
    ) -> Any:
        """One request."""


def complaint(**changes: Any) -> Body:
    """A complaint about a window of Haishu; `...` leaves a field out."""
    body = {
        "kind": "complaint",
        "type": "attitude",
        "object": {"kind": "window", "organisation": HAISHU_WINDOW},
        "channel": "web",
        "statement": STATEMENT,
        "contact": CONTACT,
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def no_service(**changes: Any) -> Body:
    """Something at a station of Haishu that cannot get done."""
    about = {"kind": "organisation", "organisation": NANMEN}
    return complaint(**{"kind": "no_service", "type": "sent_round", "object": about, **changes})


def about(kind: str, organisation: str = HAISHU, **more: str) -> Mapping[str, str]:
    """Whom or what it is about."""
    return {"kind": kind, "organisation": organisation, **more}


def file(hub: Door, body: Body, who: Identity | None = ZHANG, key: str | None = None) -> Any:
    """POST /v1/orders, under a fresh key unless one is given."""
    return hub.ask("POST", "/v1/orders", who, body, key=key or f"a-random-key-{next(_KEYS):08}")


@dataclass(slots=True)
class Told:
    """An order as its latest answer tells it."""

    hub: Door = field(repr=False)
    answer: dict[str, Any]

    @property
    def id(self) -> str:
        """Its number."""
        return str(self.answer["order_id"])

    @property
    def place(self) -> tuple[str, str]:
        """Its state, and in whose hands it is."""
        return self.answer["state"], self.answer["holder"]

    def act(self, action: str, who: Identity, body: Body | None = None) -> Any:
        """One step on the version last told; the order follows when it succeeds."""
        path = f"/v1/orders/{self.id}/actions/{action}"
        reply = self.hub.ask("POST", path, who, body or {}, version=self.answer["version"])
        if reply.status == 200:
            self.answer |= reply.json()
        return reply

    def done(self, action: str, who: Identity, body: Body | None = None) -> Told:
        """The order after a step that succeeds."""
        reply = self.act(action, who, body)
        assert reply.status == 200, f"{action}: {reply.body.decode()}"
        return self

    def refused(self, action: str, who: Identity, body: Body | None = None) -> str:
        """The code of what is said to be wrong with a step: of its one field, or of the refusal."""
        reply = self.act(action, who, body)
        assert 400 <= reply.status < 500, f"{action}: {reply.body.decode()}"
        document = reply.json()
        return str(document["errors"][0]["code"] if document["errors"] else document["code"])

    def handled(self) -> Told:
        """Dispatched within its organisation, signed for and reported."""
        return self.done("dispatch", WATCH, SIMPLE).done("sign", HANDLER).done("report", HANDLER, {"note": "已核实"})

    def progress(self) -> Any:
        """What the holder of its receipt sees."""
        body = {"order_id": self.id, "code": self.answer["code"].lower()}
        reply = self.hub.ask("POST", "/v1/orders/progress", None, body)
        assert reply.status == 200, reply.body.decode()
        return reply.json()


def told(hub: Door, body: Body | None = None, who: Identity | None = ZHANG) -> Told:
    """What was filed: a complaint unless a body is given."""
    reply = file(hub, body or complaint(), who)
    assert reply.status == 201, reply.body.decode()
    return Told(hub, reply.json())
