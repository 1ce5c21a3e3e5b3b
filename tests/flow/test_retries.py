"""Retries, lost answers, deaths, throttling and races: one effect, and the answer that the first one had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.local.dynamo_rows import Row
from infra.local.wsgi_client import Reply
from tests.flow.conftest import Filed, Hub, problem
from tests.support.town import (
    ACCEPT,
    CORRECT,
    GRANT,
    HAISHU,
    LI,
    LONG,
    NOTE,
    REVIEW,
    SUPPLEMENT,
    WANG,
    WHOLE,
    WU,
    ZHANG,
    hotel,
    materials,
    staff,
)
from tests.support.wire import Death, Trouble, Weather, at, calm, counted, first, wire

LACKING = hotel(materials=materials(5, m2="lacking"))
Deed = Callable[[], Reply]


def deeds(hub: Hub, name: str) -> tuple[Deed, int]:
    """A request that can be repeated word for word, and how many cases there are when it is done."""
    if name == "intake":
        body = hotel(note=LONG)
        return lambda: hub.submit(body, key="once"), 1
    case = hub.file(LACKING)
    if name == "correction":
        hub.life(case, CORRECT)
        action, who, step = SUPPLEMENT
    else:
        action, who, step = "notify", LI, {"notice": LONG if name == "long step" else NOTE}
    path = f"/v1/cases/{case.id}/actions/{action}"
    key = None if name == "step without a key" else "once"
    return lambda: hub.ask("POST", path, who, step, key=key, version=case.version), 1


DEEDS = ["intake", "step", "step without a key", "long step", "correction"]


def settled(hub: Hub, answer: dict[str, Any], expected_cases: int) -> None:
    """There is one case more and its history is whole, with the deed in it once."""
    assert hub.sizes()["CasesTable"] == hub.sizes()["RequestsTable"] == expected_cases
    history = hub.get(f"/v1/cases/{answer['case_id']}/history", LI)
    assert history["verified"]
    assert history["version"] == answer["version"] == len(history["nodes"])
    assert [node["dossier"] for node in history["nodes"] if node["dossier"]] == [
        "intact" for node in history["nodes"] if node["action"] in ("submit", "supplement")
    ]


@pytest.mark.parametrize("name", DEEDS)
def test_a_repeated_request_has_its_first_answer_and_no_second_effect(name: str, hub: Hub) -> None:
    deed, cases = deeds(hub, name)
    before = deed()
    assert before.status in (200, 201)
    hub.cloud.advance(7200)
    again = deed()
    assert (again.status, again.json()) == (before.status, before.json())
    assert again.headers["etag"] == before.headers["etag"]
    settled(hub, before.json(), cases)


def test_a_repeated_request_has_its_first_answer_after_later_steps_too(hub: Hub) -> None:
    filed = hub.submit(hotel(), key="first")
    case = Filed(filed.json()["case_id"], filed.json()["code"], 1, filed.json())
    accepted = hub.act(case, "accept", LI, ACCEPT[2], key="second")
    case.version = 2
    hub.life(case, *WHOLE[1:])
    assert hub.submit(hotel(), key="first").json() == filed.json()
    path = f"/v1/cases/{case.id}/actions/accept"
    for key in ("second",):
        again = hub.ask("POST", path, LI, ACCEPT[2], key=key, version=1)
        assert (again.status, again.json(), again.headers["etag"]) == (200, accepted.json(), '"2"')
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == 7


def test_the_same_step_on_the_same_version_needs_no_key_to_be_recognised(hub: Hub) -> None:
    case = hub.file()
    path = f"/v1/cases/{case.id}/actions/accept"
    answer = hub.ask("POST", path, LI, ACCEPT[2], version=1)
    case.version = 2
    hub.life(case, REVIEW, GRANT)
    assert hub.ask("POST", path, LI, ACCEPT[2], version=1).json() == answer.json()
    problem(hub.ask("POST", path, LI, {"note": "另一意见"}, version=1), 412, "stale_version")
    problem(hub.ask("POST", path, staff("qian", HAISHU, "intake"), ACCEPT[2], version=1), 412, "stale_version")


def test_a_key_that_was_used_for_another_body_is_refused(hub: Hub) -> None:
    case = hub.file(key="once")
    problem(hub.submit(hotel(form={"rooms": "21"}), key="once"), 422, "key_reused")
    hub.act(case, "accept", LI, ACCEPT[2], key="step")
    path = f"/v1/cases/{case.id}/actions"
    problem(hub.ask("POST", f"{path}/accept", LI, {"note": "另"}, key="step", version=1), 422, "key_reused")
    problem(hub.ask("POST", f"{path}/notify", LI, ACCEPT[2], key="step", version=2), 422, "key_reused")
    assert hub.sizes()["CasesTable"] == 1
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == 2


def test_the_spelling_of_a_body_makes_no_other_request_of_it(hub: Hub) -> None:
    body = hotel()
    first_answer = hub.submit(body, key="once").json()
    turned = dict(reversed(body.items()))
    assert hub.submit(turned, key="once").json() == first_answer


def test_one_persons_keys_never_meet_anothers(hub: Hub) -> None:
    mine, yours = hub.file(key="once"), hub.file(who=WU, key="once")
    assert mine.id != yours.id
    assert hub.file(hotel(channel="window"), staff("zhang", HAISHU, "intake"), key="once").id not in (mine.id, yours.id)


@pytest.mark.parametrize("name", DEEDS)
def test_an_answer_lost_once_is_not_noticed(name: str, hub: Hub) -> None:
    deed, cases = deeds(hub, name)
    operation = "UpdateItem" if "step" in name else "TransactWriteItems"
    with wire(first(operation, Trouble.unanswered)) as calls:
        reply = deed()
    assert counted(calls)[operation] == 2  # the SDK repeated it
    assert reply.status in (200, 201), reply.body.decode()
    assert deed().json() == reply.json()
    settled(hub, reply.json(), cases)


def fresh(hub: Hub, name: str) -> tuple[Deed, int]:
    """The same deed on an emptied town."""
    hub.cloud.reset(hub.cloud.now())
    return deeds(hub, name)


@pytest.mark.parametrize("name", DEEDS)
def test_an_answer_lost_for_good_is_busy_and_the_retry_finds_its_own_effect(name: str, hub: Hub) -> None:
    deed, cases = deeds(hub, name)

    def weather(call: Any) -> Trouble | None:
        return Trouble.unanswered if call.operation in ("TransactWriteItems", "UpdateItem") else None

    with wire(weather):
        lost = deed()
    problem(lost, 503, "busy")
    assert int(lost.headers["retry-after"]) > 0
    reply = deed()
    assert reply.status in (200, 201), reply.body.decode()
    settled(hub, reply.json(), cases)


@pytest.mark.parametrize("trouble", [Trouble.dies_before, Trouble.dies_after, Trouble.unsent])
@pytest.mark.parametrize("name", DEEDS)
def test_whatever_call_it_dies_at_a_retry_converges(name: str, trouble: Trouble, hub: Hub) -> None:
    deed, cases = deeds(hub, name)
    with wire() as calls:
        expected = deed().json()
    for number in range(len(calls)):
        deed, _ = fresh(hub, name)
        with wire(at(number, trouble)):
            try:
                deed()
            except Death:
                assert trouble is not Trouble.unsent
        reply = deed()
        assert reply.status in (200, 201), (calls[number], reply.body.decode())
        assert reply.json()["state"] == expected["state"]
        settled(hub, reply.json(), cases)


@pytest.mark.parametrize("name", DEEDS)
def test_throttled_once_is_invisible(name: str, hub: Hub) -> None:
    deed, cases = deeds(hub, name)
    with wire() as calls:
        deed()
    for number in range(len(calls)):
        deed, _ = fresh(hub, name)
        with wire(at(number, Trouble.throttled)):
            reply = deed()
        assert reply.status in (200, 201), (calls[number], reply.body.decode())
        settled(hub, reply.json(), cases)


@pytest.mark.parametrize("trouble", [Trouble.throttled, Trouble.unsent])
@pytest.mark.parametrize("name", DEEDS)
def test_throttled_for_ever_is_503_with_retry_after_and_nothing_is_written(
    name: str, trouble: Trouble, hub: Hub
) -> None:
    deed, _ = deeds(hub, name)
    before = {table: rows.copy() for table, rows in hub.cloud.tables.items()}
    with wire(lambda call: trouble) as calls:
        reply = deed()
    problem(reply, 503, "busy")
    assert int(reply.headers["retry-after"]) > 0
    assert {table: rows.copy() for table, rows in hub.cloud.tables.items()} == before
    assert len(calls) == 3  # the SDK's own attempts
    assert deed().status in (200, 201)


@pytest.mark.parametrize("name", DEEDS)
def test_a_conflict_with_another_transaction_is_absorbed(name: str, hub: Hub) -> None:
    for operation in ("TransactWriteItems", "UpdateItem"):
        deed, cases = fresh(hub, name)
        with wire(first(operation, Trouble.contended, times=2)):
            reply = deed()
        assert reply.status in (200, 201), reply.body.decode()
        settled(hub, reply.json(), cases)


def test_a_conflict_that_does_not_end_is_busy(hub: Hub) -> None:
    case = hub.file()
    with wire(first("UpdateItem", Trouble.contended, times=99)) as calls:
        problem(hub.act(case, "accept", LI, ACCEPT[2]), 503, "busy")
    assert counted(calls)["UpdateItem"] == 4
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == 1


def interrupted(hub: Hub, before: Callable[[], object], operation: str = "UpdateItem") -> Weather:
    """Weather in which somebody else acts just before the first write of this request."""
    done: list[bool] = []

    def weather(call: Any) -> Trouble | None:
        if call.operation == operation and not done:
            done.append(True)
            before()
        return None

    return weather


def test_of_two_officers_who_read_the_same_version_one_wins(hub: Hub) -> None:
    case = hub.file()
    qian = staff("qian", HAISHU, "intake")
    path = f"/v1/cases/{case.id}/actions"

    def overtaken() -> None:
        assert hub.ask("POST", f"{path}/notify", qian, {"notice": NOTE}, version=1).status == 200

    with wire(interrupted(hub, overtaken)):
        refused = problem(hub.act(case, "accept", LI, ACCEPT[2]), 412, "stale_version")
    assert "version 2" in refused["text"]["en"]
    nodes = hub.get(f"/v1/cases/{case.id}/history", LI)["nodes"]
    assert [node["actor"] for node in nodes] == ["applicant", "qian"]


def test_one_request_sent_twice_at_once_has_one_effect_and_one_answer(hub: Hub) -> None:
    case = hub.file()
    path = f"/v1/cases/{case.id}/actions/accept"
    twin: list[Reply] = []

    def twice() -> None:
        twin.append(hub.ask("POST", path, LI, ACCEPT[2], key="once", version=1))

    with wire(interrupted(hub, twice)):
        reply = hub.ask("POST", path, LI, ACCEPT[2], key="once", version=1)
    assert (reply.status, reply.json()) == (twin[0].status, twin[0].json())
    assert hub.get(f"/v1/cases/{case.id}", LI)["version"] == 2


def test_one_intake_sent_twice_at_once_is_one_case(hub: Hub) -> None:
    twin: list[Reply] = []
    with wire(interrupted(hub, lambda: twin.append(hub.submit(hotel(), key="once")), "TransactWriteItems")):
        reply = hub.submit(hotel(), key="once")
    assert (reply.status, reply.json()) == (201, twin[0].json())
    settled(hub, reply.json(), 1)


def test_a_number_that_is_taken_is_drawn_again(hub: Hub) -> None:
    number = hub.file(key="once").id
    hub.cloud.reset(hub.cloud.now())
    theirs = hub.file(who=WU)
    rows = hub.cloud.tables["CasesTable"]
    row = rows.rows[(theirs.id,)]
    rows.replace((number,), Row({**row.item, "id": {"S": number}}, row.sizes))
    with wire() as calls:
        case = hub.file(key="once")
    assert case.id[:14] == number[:14]
    assert case.id != number
    assert counted(calls)["TransactWriteItems"] == 2


def test_a_key_that_was_forgotten_still_finds_the_case_that_it_became(hub: Hub) -> None:
    case = hub.file(key="once")
    hub.cloud.tables["RequestsTable"].restore({})
    assert hub.file(key="once").answer == case.answer
    assert hub.sizes()["CasesTable"] == 1


def test_the_key_of_an_intake_is_kept_for_thirty_days(hub: Hub) -> None:
    hub.file(key="once")
    (row,) = hub.cloud.tables["RequestsTable"].rows.values()
    assert int(row.item["expires"]["N"]) == int(hub.cloud.now().timestamp()) + 30 * 86_400


def test_a_race_for_the_decision_does_not_pass_the_four_eyes(hub: Hub) -> None:
    """Somebody reviews a case that was returned and accepted anew between reading and writing: the version moved."""
    case = hub.life(hub.file(), ACCEPT, REVIEW)
    path = f"/v1/cases/{case.id}/actions"

    def meanwhile() -> None:
        assert hub.ask("POST", f"{path}/notify", LI, {"notice": NOTE}, version=3).status == 200

    with wire(interrupted(hub, meanwhile)):
        problem(hub.act(case, "grant", WANG, {"note": NOTE}), 412, "stale_version")
    with wire(calm) as calls:
        problem(hub.ask("POST", f"{path}/grant", staff("li", HAISHU, "review"), {}, version=4), 403, "same_person")
    assert counted(calls) == {"GetItem": 1}
    assert hub.ask("GET", f"/v1/cases/{case.id}", ZHANG).json()["state"] == "reviewed"
