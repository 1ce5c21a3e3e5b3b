"""Whatever order the steps about a rating come in, what counts is what the last decision says, everywhere alike."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flow.conftest import NINE, Hub
from tests.flow.rating_steps import ABOVE, BAD, DAY, DESK, FINISHED, JUDGE, facts_of, rate, rated
from tests.support.town import HAISHU, NOTE, ZHANG, Body, Identity

OUTSIDE = {"uphold", "overrule", "exclude", "include", "archive", "reject"}  # what the level above does
SAYS: Body = {"note": NOTE, "reason": NOTE, "reply": NOTE, "verdict": "partly"}
COUNTS = {"uphold": (0, "appeal_upheld"), "exclude": (0, "excluded"), "include": (1, "included")}
WAIT, REVIEW, AGAIN = "wait", "review", "again"


class Walk:
    """One rating, and what its decisions should have made of it."""

    def __init__(self, hub: Hub, level: str) -> None:
        self.hub = hub
        self.case = hub.life(hub.file(), *FINISHED)
        self.id: str = rated(hub, self.case, {**BAD, "level": level})["rating_id"]
        self.should = (1, "active")
        self.numbers = [1]

    def inside(self) -> Any:
        return self.hub.get(f"/v1/ratings/{self.id}", DESK)["inside"]

    def choices(self) -> list[tuple[str, str]]:
        """What might be tried next: (order, step) for what the procedures allow, and the deeds beside them."""
        inside = self.inside()
        orders = [self.hub.get(f"/v1/orders/{id}", DESK) for id in (inside["follow_up"], inside["review"]) if id]
        steps = [(order["order_id"], action) for order in orders for action in order["allowed_actions"]]
        return [*steps, ("", WAIT), ("", REVIEW), ("", AGAIN)]

    def take(self, order: str, step: str) -> None:
        match step:
            case "wait":
                self.hub.cloud.advance(4 * DAY)
            case "review":
                path = f"/v1/ratings/{self.id}/review"
                assert self.hub.ask("PUT", path, DESK, {"reason": NOTE}).status in (200, 201, 409)
            case "again":
                body = {"case_id": self.case.id, "level": "satisfied", "number": 2}
                if rate(self.hub, body, ZHANG, f"again-{len(self.numbers)}").status == 201:
                    self.numbers.append(2)
            case _:
                self.act(order, step)

    def act(self, order: str, step: str) -> None:
        """A step by whoever may take it; it is decided, or refused by name."""
        found = self.hub.get(f"/v1/orders/{order}", ABOVE)
        who: Identity = JUDGE if step in OUTSIDE else ABOVE if found["holder"] != HAISHU else DESK
        fields = {"call_back": ("verdict", "note"), "reply": ("reply",)}.get(step, ("note", "reason"))
        body = {name: SAYS[name] for name in fields}
        reply = self.hub.ask("POST", f"/v1/orders/{order}/actions/{step}", who, body, version=found["version"])
        assert reply.status in (200, 403, 422), reply.body.decode()
        if reply.status == 200 and step in COUNTS:
            self.should = COUNTS[step]


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(
    level=st.sampled_from(["very_satisfied", "dissatisfied"]),
    twice=st.booleans(),
    picks=st.lists(st.integers(0, 11), min_size=6, max_size=14),
)
def test_what_counts_is_what_the_last_decision_says(level: str, twice: bool, picks: list[int], hub: Hub) -> None:
    hub.cloud.reset(NINE)
    times = [True, False] * 500 if twice else []
    hub.cloud.pump.again = lambda: bool(times) and times.pop()
    walk = Walk(hub, level)
    for pick in picks:
        choices = walk.choices()
        walk.take(*choices[pick % len(choices)])
        hub.cloud.drain()
    hub.cloud.pump.again = lambda: False
    latest = {fact["number"]: (fact["counted"], fact["why"]) for fact in facts_of(hub, "rating")}  # by name, so by n
    assert latest == dict(zip(walk.numbers, [walk.should, (0, "again")], strict=False))
    inside = walk.inside()
    assert (int(inside["counted"]), inside["why"]) == walk.should
    shown = [each["number"] for each in hub.get(f"/v1/ratings?org={HAISHU}")["items"]]
    assert sorted(shown) == [number for number in walk.numbers if number == 2 or walk.should[0]]
    assert hub.get(f"/v1/cases/{walk.case.id}", ZHANG)["version"] == walk.case.version
