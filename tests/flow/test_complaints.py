"""Complaints, and what cannot get done, through the door: dispatched, handled, reviewed, called back, answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.flow.conftest import Hub, problem
from tests.support.town import HAISHU, HAISHU_WINDOW, NINGBO, NOTE, PHONE, WU, ZHANG, Body, Identity, staff

DAY = 86_400
WATCH, OTHER_WATCH = staff("chen", HAISHU, "supervision"), staff("fang", HAISHU, "supervision")
HANDLER = staff("he", HAISHU, "review")
CITY_WATCH = staff("ningbo-9", NINGBO, "supervision")
CONTACT = {"name": "某甲乙", "phone": PHONE}
STATEMENT = "窗口人员态度生硬，未一次性告知所需材料。"
_KEYS = count()


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


def filing(hub: Hub, body: Body, who: Identity | None = ZHANG, key: str | None = None) -> Any:
    """POST /v1/orders, under a fresh key unless one is given."""
    return hub.ask("POST", "/v1/orders", who, body, key=key or f"a-random-key-{next(_KEYS):08}")


@dataclass(slots=True)
class Told:
    """What was filed, as a test follows it."""

    hub: Hub = field(repr=False)
    answer: Any

    @property
    def id(self) -> str:
        return str(self.answer["order_id"])

    def act(self, action: str, who: Identity, body: Body | None = None) -> Any:
        path = f"/v1/orders/{self.id}/actions/{action}"
        reply = self.hub.ask("POST", path, who, body or {}, version=self.answer["version"])
        if reply.status == 200:
            self.answer = {**self.answer, **reply.json()}
        return reply

    def done(self, action: str, who: Identity, body: Body | None = None) -> Told:
        reply = self.act(action, who, body)
        assert reply.status == 200, f"{action}: {reply.body.decode()}"
        return self


def told(hub: Hub, body: Body | None = None, who: Identity | None = ZHANG) -> Told:
    """What was filed: a complaint unless a body is given."""
    reply = filing(hub, body or complaint(), who)
    assert reply.status == 201, reply.body.decode()
    return Told(hub, reply.json())


def progress(hub: Hub, order: Told) -> Any:
    """What the holder of the receipt sees."""
    reply = hub.ask("POST", "/v1/orders/progress", None, {"order_id": order.id, "code": order.answer["code"].lower()})
    assert reply.status == 200, reply.body.decode()
    return reply.json()


DISPATCH = {"complexity": "simple"}
ANSWER = {"verdict": "founded", "reply": "已对窗口人员批评教育，并向您致歉。", "disclosure": "public"}


def test_a_complaint_is_dispatched_handled_reviewed_called_back_and_answered(hub: Hub) -> None:
    order = told(hub)
    assert (order.answer["state"], order.answer["holder"], order.answer["about"]) == ("filed", HAISHU, HAISHU)
    assert order.answer["deadlines"]["promised"]["day"] == "2026-03-09"
    order.done("dispatch", WATCH, DISPATCH).done("sign", HANDLER).done("report", HANDLER, {"note": NOTE})
    order.done("approve", WATCH)
    order.done("close", WATCH, {**ANSWER, "call_back": "satisfied"}).done("archive", WATCH)
    assert (order.answer["state"], order.answer["result"]) == ("archived", "answered")
    seen = progress(hub, order)
    assert [step["action"] for step in seen["steps"]][-3:] == ["approve", "close", "archive"]


def test_a_complaint_without_a_name_is_followed_by_its_code_and_not_called_back(hub: Hub) -> None:
    order = told(hub, complaint(anonymous=True, contact=...), None)
    assert progress(hub, order)["state"] == "filed"
    order.done("dispatch", WATCH, DISPATCH).done("sign", HANDLER).done("report", HANDLER, {"note": NOTE})
    assert order.act("approve", WATCH).json()["errors"][0]["code"] == "nobody_to_call"
    order.done("close", WATCH, ANSWER)
    assert order.answer["state"] == "answered"


def test_the_same_key_and_body_get_the_first_answer_and_another_body_none(hub: Hub) -> None:
    key = "a-random-key-of-its-own"
    first = filing(hub, complaint(), ZHANG, key)
    again = filing(hub, complaint(), ZHANG, key)
    assert (first.status, first.json()) == (again.status, again.json())
    problem(filing(hub, complaint(type="fees"), ZHANG, key), 422, "key_reused")
    assert hub.sizes()["OrdersTable"] == 1


def test_what_is_open_already_is_joined_and_what_was_answered_goes_to_the_level_above(hub: Hub) -> None:
    order = told(hub)
    again = filing(hub, complaint(statement="今天又遇到同样的情况。"), ZHANG).json()
    assert (again["order_id"], again["joined"], again["version"]) == (order.id, True, 2)
    order.answer["version"] = 2
    other = told(hub, who=WU)
    assert other.id != order.id
    order.done("refuse", WATCH, {"reason": "已由纪检部门办理", "remedy": "可向市局督察反映"})
    repeated = told(hub)
    assert repeated.id != order.id
    assert (repeated.answer["filed"]["earlier"], repeated.answer["holder"]) == (order.id, NINGBO)
