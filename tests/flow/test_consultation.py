"""Consultation through the door: answered with a source, handed over with the whole conversation, released by two."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.wsgi_client import Reply
from tests.flow.conftest import Hub, problem
from tests.support.told import Told
from tests.support.town import HAISHU, LI, NINGBO, PUBLISHER, WU, ZHANG, ZHEJIANG, Identity, staff
from tests.support.wire import Call, Trouble, wire

DAY = 86_400
GUIDE, OTHER_GUIDE = staff("jin", HAISHU, "guidance"), staff("he-yi", HAISHU, "guidance")
WATCH = staff("chen", HAISHU, "supervision")
BOTH = staff("bao", HAISHU, "guidance", "supervision")
CITY_GUIDE = staff("yu", NINGBO, "guidance")
OPERATOR = staff("ops", ZHEJIANG, "operations")
UNKNOWN = "无人机航拍要找你们报备吗"  # nothing in the registry is about it
REPLY = "微型以外的无人驾驶航空器应当实名登记，飞行活动向空中交通管理机构申请；公安机关不受理航拍报备。"
KEY = "a-random-key-000001"


def put(hub: Hub, text: str, who: Identity | None = None, key: str | None = None, **more: Any) -> Reply:
    """POST /v1/questions; of Haishu unless another organisation is named."""
    return hub.ask("POST", "/v1/questions", who, {"text": text, "organisation": HAISHU, **more}, key=key)


def asked(hub: Hub, text: str, who: Identity | None = None, **more: Any) -> Any:
    """What a question that is taken is told."""
    reply = put(hub, text, who, **more)
    assert reply.status == 200, reply.body.decode()
    return reply.json()


def order_of(hub: Hub, reply: Any, who: Identity = GUIDE) -> Told:
    """The work order that a question was handed over with, as staff see it."""
    handed = reply["handed_over"]
    found = hub.get(f"/v1/orders/{handed['order_id']}", who)
    return Told(hub, {**found, "code": handed["code"]})


def progress(hub: Hub, reply: Any) -> Any:
    """What the holder of the code sees."""
    handed = reply["handed_over"]
    body = {"order_id": handed["order_id"], "code": handed["code"]}
    return hub.ask("POST", "/v1/orders/progress", None, body).json()


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        ("身份证丢了去哪补办", "knowledge/id-card-lost", "派出所"),
        ("港澳通行证过期了怎么换", "knowledge/hong-kong-macao", "出入境窗口"),
        ("身份证多少钱", "knowledge/id-card-fee", "收费：居民身份证工本费，期满换领20元，遗失、损坏补领40元"),
        ("办护照要户口本吗", "knowledge/passport-first", "需要："),
        ("孩子上户口要带什么", "knowledge/birth-registration", "出生医学证明"),
        ("護照幾天能拿到？多少錢", "knowledge/passport-first", "承诺7个工作日办结（法定15日）。收费：普通护照工本费。"),
        ("驾驶证期满换证、遗失补证", "item/driving-licence-renewal", "当场办结。"),
        ("How long does it take to get a passport?", "knowledge/passport-first", "7 working days (by law 15 days)"),
    ],
)
def test_what_is_known_is_answered_with_its_source(hub: Hub, text: str, source: str, said: str) -> None:
    told = asked(hub, text)
    named = told["answer"]["source"]
    assert f"{named['kind']}/{named['id']}" == source
    assert said in told["answer"]["text"]
    assert told["answered"]
    assert told["confidence"] == told["nearest"][0]["confidence"] >= 0.6
    assert told["handed_over"] is None
    path = "items" if named["kind"] == "item" else "knowledge"
    assert hub.get(f"/v1/{path}/{named['id']}?version={named['version']}", LI)["version"] == named["version"]
    assert hub.sizes()["OrdersTable"] == 0


def test_a_question_without_a_matter_is_about_the_one_in_hand(hub: Hub) -> None:
    first = asked(hub, "办护照要带什么")
    further = asked(hub, "那要多久，多少钱？", conversation=first["conversation"])
    assert further["turn"] == 2
    assert further["answer"]["text"] == "承诺7个工作日办结（法定15日）。收费：普通护照工本费。"
    assert asked(hub, "要带什么材料", item="seal-filing")["answer"]["source"]["id"] == "seal-filing"
    assert asked(hub, UNKNOWN, organisation=None)["handed_over"]["organisation"] == ZHEJIANG
    strange = asked(hub, "医保要带什么材料", conversation=first["conversation"], person=False)
    assert (strange["answered"], strange["handed_over"], len(strange["nearest"])) == (False, None, 3)
    assert "转人工" in strange["notice"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("谢谢", "不客气"),
        ("你好！", "请说明"),
        ("好的，谢谢", "好的"),
        ("再见", "再见"),
        ("滚", "抱歉"),
        ("😀", "用文字"),
        ("1", "用文字"),
        ("12345", "用文字"),
        ("户口", "具体一些"),
        ("车", "具体一些"),
    ],
)
def test_what_asks_for_nothing_gets_a_short_answer_and_troubles_nobody(hub: Hub, text: str, said: str) -> None:
    told = asked(hub, text)
    assert (told["answered"], told["handed_over"]) == (False, None)
    assert said in told["notice"]
    assert hub.sizes()["OrdersTable"] == 0
    wanted = asked(hub, "转人工", conversation=told["conversation"])
    assert order_of(hub, wanted).answer["filed"]["type"] == "person_wanted"


@pytest.mark.parametrize("text", ["我被强奸了", "我不想活了，身份证怎么注销", "孩子丢了", "家里着火了", "I was robbed"])
def test_an_emergency_is_told_to_call_at_once_and_handed_over_when_asked(hub: Hub, text: str) -> None:
    told = asked(hub, text)
    assert all(number in told["answer"]["text"] for number in ("110", "120"))
    assert (told["answer"]["source"]["id"], told["handed_over"]) == ("emergency", None)
    further = asked(hub, text, person=True)
    assert (further["answer"]["source"]["id"], further["handed_over"]["state"]) == ("emergency", "asked")


def test_what_is_not_known_is_answered_by_a_person_asked_again_and_released_by_another(hub: Hub) -> None:
    first = asked(hub, "办护照要带什么", ZHANG)
    told = asked(hub, UNKNOWN, ZHANG, conversation=first["conversation"])
    assert (told["answered"], told["answer"], len(told["nearest"])) == (False, None, 3)
    assert told["handed_over"]["due"] == "2026-03-03T23:59:59.000+08:00"
    order = order_of(hub, told)
    assert (order.answer["kind"], order.answer["state"], order.answer["holder"]) == ("consultation", "asked", HAISHU)
    assert order.answer["filed"]["type"] == "no_sure_answer"
    assert order.answer["filed"]["type_name"]["zh"] == "没有有把握的答案"
    assert [row["order_id"] for row in hub.get(f"/v1/orders?org={HAISHU}&kind=consultation", GUIDE)["items"]] == [
        order.id
    ]
    (statement,) = hub.get(f"/v1/orders/{order.id}/dossier?purpose=handling", GUIDE)["items"]
    assert [turn["text"] for turn in statement["document"]["conversation"]] == ["办护照要带什么", UNKNOWN]
    assert set(statement["document"]["conversation"][0]) == {"at", "text", "offers"}
    assert order.act("answer", GUIDE, {}).json()["errors"][0]["field"] == "reply"
    order.done("answer", GUIDE, {"reply": REPLY})
    assert progress(hub, told)["answer"]["reply"] == REPLY
    assert [mine["order_id"] for mine in hub.get("/v1/orders/mine", ZHANG)["items"]] == [order.id]

    again = asked(hub, "转人工，去哪里实名登记？", ZHANG, conversation=first["conversation"])
    assert (again["handed_over"]["order_id"], again["handed_over"]["state"]) == (order.id, "asked_again")
    order = order_of(hub, again)
    order.done("answer", GUIDE, {"reply": "在民用无人驾驶航空器综合管理平台（UOM）登记。"})
    order.done("rate", ZHANG, {"helpful": "yes"})

    order.done("propose", OTHER_GUIDE, {"question": "无人机航拍要向公安报备吗？", "reply": REPLY})
    assert order.act("release", GUIDE).status == 403
    order.done("release", WATCH)
    hub.cloud.drain()
    fresh = asked(hub, UNKNOWN, WU)
    assert fresh["answer"]["text"] == REPLY
    assert fresh["answer"]["source"]["id"] == f"reply-{order.id}"
    published = hub.get(f"/v1/knowledge/reply-{order.id}", None)["document"]
    assert published["source"] == f"{HAISHU} 咨询引导岗2026年03月02日人工答复，经审核入库"
    history = hub.get(f"/v1/orders/{order.id}/history", WATCH)
    assert (history["verified"], history["nodes"][-1]["action"]) == (True, "release")
    rebuilt = hub.cloud.rebuild(repair=False)
    assert [rebuilt[name]["number"] for name in ("missing", "different", "unfounded")] == [0, 0, 0]


def test_who_answered_or_proposed_does_not_release(hub: Hub) -> None:
    for answers, proposes in ((BOTH, GUIDE), (GUIDE, BOTH)):
        order = order_of(hub, asked(hub, UNKNOWN))
        order.done("answer", answers, {"reply": REPLY})
        order.done("propose", proposes, {"question": UNKNOWN, "reply": REPLY})
        problem(order.act("release", BOTH), 403, "same_person")
        order.done("decline", WATCH, {"reason": "各地规定不同"})
        assert (order.answer["state"], order.answer["result"]) == ("archived", "answered")


def test_a_second_answer_ends_the_order_and_what_is_asked_further_opens_another(hub: Hub) -> None:
    told = asked(hub, UNKNOWN)
    conversation = told["conversation"]
    joined = asked(hub, "还有，热气球呢", conversation=conversation)
    assert joined["handed_over"]["order_id"] == told["handed_over"]["order_id"]
    order = order_of(hub, joined).done("answer", GUIDE, {"reply": REPLY})
    order = order_of(hub, asked(hub, "热气球呢", conversation=conversation)).done("answer", GUIDE, {"reply": REPLY})
    assert order.answer["state"] == "answered_again"
    other = asked(hub, "滑翔伞呢", conversation=conversation)["handed_over"]["order_id"]
    assert other != order.id
    assert hub.get(f"/v1/orders/{other}", GUIDE)["filed"]["earlier"] == order.id


def test_a_consultation_is_assigned_and_seen_when_it_is_late(hub: Hub) -> None:
    order = order_of(hub, asked(hub, UNKNOWN, organisation=NINGBO), CITY_GUIDE)
    problem(order.act("assign", CITY_GUIDE), 422, "invalid_input", "to_organisation")
    order.done("assign", CITY_GUIDE, {"to_organisation": HAISHU})
    problem(order.act("answer", CITY_GUIDE, {"reply": REPLY}), 403, "forbidden")
    hub.cloud.advance(2 * DAY)
    waiting = hub.get(f"/v1/orders?org={HAISHU}&due=overdue", GUIDE)["items"]
    assert (waiting[0]["order_id"], waiting[0]["overdue"]) == (order.id, True)
    found = hub.get(f"/v1/findings?org={HAISHU}&from=2026-03-02&to=2026-03-05", WATCH)["items"]
    assert ("W02", order.id) in {(each["rule"], each["subject"]) for each in found}


def test_the_same_request_gets_the_same_answer_and_is_handed_over_once(hub: Hub) -> None:
    first = put(hub, UNKNOWN, None, KEY)
    again = put(hub, UNKNOWN, None, KEY)
    assert (first.status, first.json()) == (again.status, again.json())
    problem(put(hub, "另一个问题", None, KEY), 422, "key_reused")
    assert (hub.sizes()["OrdersTable"], hub.sizes()["ConversationsTable"]) == (1, 1)
    hub.cloud.advance(31 * DAY)  # the conversation is over, and its row may still be there
    assert put(hub, "护照怎么办", None, KEY).json()["turn"] == 1


@pytest.mark.parametrize("trouble", [Trouble.unanswered, Trouble.broken_after, Trouble.throttled, Trouble.unsent])
@pytest.mark.parametrize("table", ["conversations", "requests"])
def test_an_answer_that_was_lost_on_the_way_doubles_nothing(hub: Hub, table: str, trouble: Trouble) -> None:
    known = asked(hub, "办护照要带什么")["conversation"]
    with once(table, lambda: trouble):
        told = asked(hub, UNKNOWN, conversation=known)
    assert told["turn"] == 2
    assert asked(hub, "那要多久", conversation=known)["turn"] == 3
    order = order_of(hub, told)
    assert (order.answer["version"], hub.sizes()["OrdersTable"], hub.sizes()["ConversationsTable"]) == (1, 1, 1)


def test_two_questions_of_one_conversation_at_once_are_both_kept(hub: Hub) -> None:
    known = asked(hub, "办护照要带什么")["conversation"]

    def another() -> None:
        assert asked(hub, "那要多久", conversation=known)["turn"] == 2

    with once("conversations", another):
        told = asked(hub, UNKNOWN, conversation=known)
    assert told["turn"] == 3
    assert (hub.sizes()["OrdersTable"], hub.sizes()["ConversationsTable"]) == (1, 1)


@pytest.mark.parametrize("trouble", [Trouble.unanswered, Trouble.broken_after, Trouble.throttled, Trouble.unsent])
def test_a_release_that_met_trouble_is_published_once(hub: Hub, trouble: Trouble) -> None:
    order = order_of(hub, asked(hub, UNKNOWN)).done("answer", GUIDE, {"reply": REPLY})
    order.done("propose", GUIDE, {"question": UNKNOWN, "reply": REPLY * 5})
    hub.cloud.drain()
    with once("registry", lambda: trouble):
        order.done("release", WATCH)
        hub.cloud.drain()
    entry = hub.get(f"/v1/knowledge/reply-{order.id}")
    assert (entry["version"], entry["document"]["answer"]["zh"]) == (1, REPLY * 5)
    assert hub.get("/v1/quarantine", OPERATOR)["items"] == []


@contextmanager
def once(table: str, happens: Callable[[], Trouble | None]) -> Iterator[None]:
    """While this lasts, something happens at the first write that touches a table."""
    met: list[bool] = []

    def weather(call: Call) -> Trouble | None:
        if met or call.operation not in ("PutItem", "TransactWriteItems") or f"-{table}" not in str(call.arguments):
            return None
        met.append(True)
        return happens()

    with wire(weather):
        yield
    assert met


STRANGE = [
    "身份证丢了👨‍👩‍👧‍👦怎么补办🙏",
    "<script>alert(1)</script>身份证丢了怎么补办",
    "身份证丢了怎么补办'; DROP TABLE items;--",
    '身份证 NEAR "丢了" OR * 怎么补办',
    "=HYPERLINK(0) 身份证丢了怎么补办",
    "我叫𠮷㐂，身份证丢了怎么补办",
]


@pytest.mark.parametrize("text", STRANGE)
def test_strange_characters_change_no_answer_and_survive(hub: Hub, text: str) -> None:
    told = asked(hub, text, person=True)
    assert told["answer"]["source"]["id"] == "id-card-lost"
    (statement,) = hub.get(f"/v1/orders/{told['handed_over']['order_id']}/dossier?purpose=handling", GUIDE)["items"]
    assert statement["document"]["statement"] == text


def test_who_is_named_in_a_question_stands_where_personal_data_stand(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(hub, "我叫张某甲，13800138000，身份证丢了怎么补办", person=True)
    hub.cloud.drain()
    assert "13800138000" not in capsys.readouterr().out
    kept = {name for name, rows in hub.cloud.tables.items() for row in rows.rows.values() if _holds(row.item)}
    assert kept == {"ConversationsTable", "DossiersTable"}


def _holds(item: Any) -> bool:
    return any("13800138000" in part.get("S", "") or b"13800138000" in bytes_of(part) for part in item.values())


def bytes_of(part: Any) -> bytes:
    """A binary attribute as it was stored."""
    return base64.b64decode(part["B"]) if isinstance(part.get("B"), str) else part.get("B", b"")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": "问" * 501}, "text"),
        ({"text": "问" * 10_000}, "text"),
        ({"text": "   "}, "text"),
        ({"text": "？？？"}, "text"),
        ({"person": "yes"}, "person"),
        ({"text": "护照\u202e"}, "text"),
        ({"organisation": "339999"}, "organisation"),
        ({"item": "no-such-item"}, "item"),
        ({"conversation": "short"}, "conversation"),
        ({"language": "fr"}, "language"),
    ],
)
def test_what_does_not_fit_is_refused_by_field_and_nothing_is_kept(hub: Hub, changes: Any, field: str) -> None:
    problem(put(hub, **{"text": "护照怎么办", **changes}), 422, "invalid_input", field)
    assert hub.sizes()["ConversationsTable"] == 0


def test_a_conversation_belongs_to_whoever_began_it_and_ends(hub: Hub) -> None:
    own = asked(hub, "办护照要带什么", ZHANG)["conversation"]
    problem(put(hub, "那要多久", WU, conversation=own), 404, "not_found")
    problem(put(hub, "那要多久", None, conversation=own), 404, "not_found")
    problem(put(hub, "那要多久", None, conversation="0" * 24), 404, "not_found")
    problem(put(hub, "护照", None, "short"), 422, "invalid_input", "Idempotency-Key")
    hub.cloud.advance(DAY)
    problem(put(hub, "那要多久", ZHANG, conversation=own), 404, "not_found")
    handed = asked(hub, UNKNOWN, ZHANG)["conversation"]
    hub.cloud.advance(20 * DAY)
    for _ in range(19):
        asked(hub, "护照怎么办", ZHANG, conversation=handed)
    problem(put(hub, "护照怎么办", ZHANG, conversation=handed), 422, "invalid_input", "conversation")


def test_a_new_version_of_the_knowledge_base_answers_the_next_question(hub: Hub) -> None:
    path = "/v1/knowledge/drones"
    entry = {"question": {"zh": UNKNOWN}, "answer": {"zh": REPLY}, "source": "示例"}
    problem(hub.ask("PUT", path, LI, entry), 403, "forbidden")
    problem(hub.ask("PUT", path, PUBLISHER, {**entry, "item": "no-such-item"}), 422, "invalid_input", "item")
    problem(hub.ask("PUT", path, PUBLISHER, {**entry, "similar": ["a", "a"]}), 422, "invalid_input", "similar")
    assert hub.ask("PUT", path, PUBLISHER, entry).status == 201
    assert asked(hub, UNKNOWN)["answer"]["text"] == REPLY
    assert hub.ask("PUT", path, PUBLISHER, {**entry, "status": "retired"}).json()["version"] == 2
    assert asked(hub, UNKNOWN)["answered"] is False
    listed = hub.get("/v1/knowledge?item=passport", None)["items"]
    assert [entry["id"] for entry in listed] == ["passport-first", "passport-renewal"]


def test_a_burst_of_questions_loses_none(hub: Hub) -> None:
    texts = ["身份证丢了去哪补办", UNKNOWN, "问" * 501, "护照怎么办"] * 10
    statuses = [put(hub, text).status for text in texts]
    assert statuses == [200, 200, 422, 200] * 10
    assert (hub.sizes()["ConversationsTable"], hub.sizes()["OrdersTable"]) == (30, 10)
