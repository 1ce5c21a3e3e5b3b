"""无差别受理: one body, four channels, one answer."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.flow.conftest import Hub
from tests.support.town import COMPANY, LI, PERSON, ZHANG, Body, hotel, materials

OWN = {"case_id", "code", "rating_link", "channel", "received_at", "at"}  # what may differ: number, channel and time
MEDIA = st.sampled_from(["electronic", "paper", "shared", "pledged", "lacking"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,9}", fullmatch=True)


@st.composite
def bodies(draw: DrawFn) -> Body:
    """Applications that may be in order or not: what matters is that all channels think alike of them."""
    item, number = draw(st.sampled_from([("hotel-licence", 6), ("residence-permit", 5), ("no-such-item", 2)]))
    chosen = [{**m, "medium": draw(MEDIA)} for m in materials(number)]
    return hotel(
        item=item,
        organisation=draw(st.sampled_from(["330203", "330200", "33020301", "330299"])),
        locality=draw(st.sampled_from([..., "330203", "330205", "330106"])),
        applicant={**draw(st.sampled_from([PERSON, COMPANY])), "account": "zhang"},
        form=draw(st.dictionaries(KEYS, TEXTS, max_size=3)),
        materials=draw(st.sampled_from([chosen, chosen[:-2], chosen[::-1]])),
        delivery={"way": draw(st.sampled_from(["collect", "mail", "electronic"]))},
        note=draw(st.sampled_from([..., "请尽快办理"])),
    )


def answers(hub: Hub, body: Body) -> dict[str, tuple[int, Any]]:
    """Status and answer by channel, without what is each channel's own."""
    found = {}
    for channel in ("mobile", "web", "kiosk", "window"):
        hub.cloud.advance(1)
        reply = hub.submit({**body, "channel": channel}, LI if channel == "window" else ZHANG)
        content = reply.json()
        found[channel] = reply.status, {name: value for name, value in content.items() if name not in OWN}
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies())
def test_the_same_application_gets_the_same_answer_on_all_four_channels(body: Body, hub: Hub) -> None:
    found = answers(hub, body)
    assert found["mobile"] == found["web"] == found["kiosk"] == found["window"]


def test_cases_of_four_channels_are_the_same_to_whoever_works_on_them(hub: Hub) -> None:
    applicant = {**PERSON, "account": "zhang"}
    body = hotel(item="residence-permit", applicant=applicant, materials=materials(2))
    seen = []
    for channel in ("mobile", "web", "kiosk", "window"):
        case = hub.file({**body, "channel": channel}, LI if channel == "window" else ZHANG)
        hub.life(case, ("accept", LI, {"note": "同意"}))
        detail = hub.get(f"/v1/cases/{case.id}", LI)
        seen.append({name: value for name, value in detail.items() if name not in OWN})
    assert seen[1:] == seen[:1] * 3
    assert seen[0]["state"] == "accepted"


def test_the_property_meets_applications_that_are_taken_and_such_that_are_refused(hub: Hub) -> None:
    taken = answers(hub, hotel(applicant={**COMPANY, "account": "zhang"}))
    refused = answers(hub, hotel(applicant={**COMPANY, "account": "zhang"}, organisation="330200"))
    assert {status for status, _ in taken.values()} == {201}
    assert {status for status, _ in refused.values()} == {422}
