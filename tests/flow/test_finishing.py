"""After a case is finished: invitations to rate while nobody has, and the draw of whom to call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import settings
from infra.local.environment import environment
from tests.flow.conftest import Hub, problem
from tests.flow.rating_steps import DAY, DESK, FINISHED, facts_of, rate
from tests.support.town import HAISHU, LI, NANMEN, NANMEN_WINDOW, NOTE, ZHANG, Body, Identity, lodging, staff

HOUR = 3_600
STATION = staff("qian", NANMEN, "supervision")


def invitations(hub: Hub) -> list[int]:
    """Which invitations were made: first ones and second ones, of whichever case."""
    return sorted(fact["number"] for fact in facts_of(hub, "rating_invitation"))


def test_who_has_not_rated_is_invited_after_a_day_and_after_three(hub: Hub) -> None:
    silent, rated_soon, rated_later = (hub.life(hub.file(), *FINISHED) for _ in range(3))
    assert rate(hub, {"case_id": rated_soon.id, "level": "satisfied"}, ZHANG).status == 201
    hub.cloud.advance(23 * HOUR)
    assert invitations(hub) == []
    hub.cloud.advance(HOUR)
    assert invitations(hub) == [1, 1]
    assert rate(hub, {"case_id": rated_later.id, "level": "satisfied"}, ZHANG, "later").status == 201
    hub.cloud.advance(9 * DAY)
    hub.cloud.run_schedule("invite_ratings")
    assert invitations(hub) == [1, 1, 2]
    assert silent.id not in json.dumps(facts_of(hub, "rating_invitation"))  # who is not among the invited has rated
    assert hub.get(f"/v1/cases/{silent.id}/ratings", ZHANG)["items"] == []  # nobody is put down as satisfied


def test_runs_that_were_missed_come_to_the_same_invitations(hub: Hub) -> None:
    hub.life(hub.file(), *FINISHED)
    hub.cloud.advance(30 * DAY)
    assert invitations(hub) == [1, 2]


@pytest.fixture
def by_default() -> Iterator[None]:
    """The setting is on while this lasts."""
    with environment({"DEFAULT_RATING": "on"}):
        settings.current.cache_clear()
        yield
    settings.current.cache_clear()


@pytest.mark.usefixtures("by_default")
def test_a_default_rating_is_marked_and_never_counted_and_in_nobodys_way(hub: Hub) -> None:
    case = hub.life(hub.file(), *FINISHED)
    hub.cloud.advance(8 * DAY)
    assert [(fact["level"], fact["channel"], fact["counted"], fact["why"]) for fact in facts_of(hub, "rating")] == [
        ("fairly_satisfied", "default", 0, "default")
    ]
    assert hub.get(f"/v1/ratings?org={HAISHU}")["items"] == []
    assert rate(hub, {"case_id": case.id, "level": "satisfied"}, ZHANG).status == 201
    assert [each["why"] for each in hub.get(f"/v1/cases/{case.id}/ratings", ZHANG)["items"]] == ["default", "active"]


def called(hub: Hub, org: str, who: Identity) -> list[Any]:
    """The orders to call somebody that wait at an organisation."""
    return list(hub.get(f"/v1/orders?org={org}&kind=satisfaction_call&limit=100", who)["items"])


def test_a_sample_of_what_was_finished_is_called_and_the_answers_are_facts(hub: Hub) -> None:
    finish: Body = {"result_number": "甬居第1号", "handed_to": "applicant"}
    window = staff("sun", NANMEN_WINDOW, "intake")
    for _ in range(21):  # two of twenty-one at the station's window, one of one at the county online
        hub.file(lodging(channel="window", finish=finish), window)
    online = hub.life(hub.file(), *FINISHED)
    assert called(hub, HAISHU, DESK) == []
    hub.cloud.advance(DAY)
    orders = called(hub, HAISHU, DESK)  # a station has no supervision post: its county calls
    assert (len(orders), called(hub, NANMEN, STATION)) == (3, [])
    hub.cloud.run_schedule("draw_callbacks")
    hub.cloud.advance(3 * DAY)
    assert called(hub, HAISHU, DESK) == orders  # nobody is drawn twice

    by_case = {hub.get(f"/v1/orders/{row['order_id']}", DESK)["about"]: row["order_id"] for row in orders}
    mine = by_case.pop(online.id)
    act = f"/v1/orders/{mine}/actions/"
    problem(hub.ask("POST", act + "answer", LI, {"satisfaction": "satisfied"}, version=1), 403, "forbidden")
    problem(hub.ask("POST", act + "answer", DESK, {"note": NOTE}, version=1), 422, "invalid_input", "satisfaction")
    assert hub.ask("POST", act + "try_again", DESK, {"note": "无人接听"}, version=1).status == 200
    assert hub.ask("POST", act + "answer", DESK, {"satisfaction": "dissatisfied"}, version=2).status == 200
    other = f"/v1/orders/{min(by_case.values())}/actions/give_up"
    assert hub.ask("POST", other, DESK, {"note": "空号"}, version=1).status == 200
    hub.cloud.drain()
    facts = facts_of(hub, "callback")
    assert sorted((fact["reached"], fact.get("level"), fact["case_channel"]) for fact in facts) == [
        (0, None, "window"),
        (1, "dissatisfied", "mobile"),
    ]
