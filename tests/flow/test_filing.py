"""Filing through the door: who may file what, what is refused and how, retries, faults, and who reads a name."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest

from tests.flow.conftest import Hub, problem
from tests.support.told import (
    CALLED,
    CITY_WATCH,
    CONTACT,
    HANDLER,
    SIMPLE,
    STATEMENT,
    WATCH,
    about,
    complaint,
    file,
    no_service,
    told,
)
from tests.support.town import (
    HAISHU,
    HAISHU_WINDOW,
    JIANGBEI,
    LI,
    NAME,
    NANMEN,
    NINGBO,
    PHONE,
    POOL,
    SUN,
    WANG,
    WU,
    ZHANG,
    Identity,
    staff,
)
from tests.support.wire import Trouble, counted, first, wire

ANONYMOUS = complaint(anonymous=True, contact=...)
NOBODYS = "330203112603020000001"
HOTLINE = {"sub": "hotline-12345", "kind": "system"}

# name → (body, who, status, code, field)
REFUSED: dict[str, tuple[Any, Identity | None, int, str, str]] = {
    "no kind": (complaint(kind=...), ZHANG, 422, "required", "kind"),
    "an unknown kind": (complaint(kind="praise"), ZHANG, 422, "not_a_choice", "kind"),
    "a kind that nobody files": (complaint(kind="card"), ZHANG, 422, "not_a_choice", "kind"),
    "an unknown type": (complaint(type="weather"), ZHANG, 422, "not_a_choice", "type"),
    "a type of another kind": (no_service(type="attitude"), ZHANG, 422, "not_a_choice", "type"),
    "an unknown object": (complaint(object=about("dog")), ZHANG, 422, "not_a_choice", "object.kind"),
    "no organisation": (complaint(object={"kind": "item"}), ZHANG, 422, "required", "object.organisation"),
    "an unknown organisation": (
        complaint(object=about("organisation", "330299")), ZHANG, 422, "unknown_organisation", "object.organisation",
    ),
    "a window by the code of its centre": (
        complaint(object=about("window")), ZHANG, 422, "wrong_level", "object.organisation",
    ),
    "a centre by the code of a window": (
        complaint(object=about("organisation", HAISHU_WINDOW)), ZHANG, 422, "wrong_level", "object.organisation",
    ),
    "an item without its name": (complaint(object=about("item")), ZHANG, 422, "demanded", "object.item"),
    "an unknown item": (
        complaint(object=about("item", item="moon-licence")), ZHANG, 422, "unknown_item", "object.item",
    ),
    "an item where none is meant": (
        complaint(object=about("organisation", item="passport")), ZHANG, 422, "not_here", "object.item",
    ),
    "a person whom nobody knows": (complaint(object=about("person")), ZHANG, 422, "demanded", "object.description"),
    "a badge where no person is meant": (
        complaint(object=about("organisation", staff="li")), ZHANG, 422, "not_here", "object.staff",
    ),
    "no statement": (complaint(statement=...), ZHANG, 422, "required", "statement"),
    "nothing said": (complaint(statement=" \n "), ZHANG, 422, "too_short", "statement"),
    "nothing but marks": (complaint(statement="，。！"), ZHANG, 422, "empty", "statement"),
    "ten thousand characters": (complaint(statement="诉" * 10_000), ZHANG, 422, "too_long", "statement"),
    "text that turns": (complaint(statement="\u202e好评"), ZHANG, 422, "invisible_characters", "statement"),
    "nobody to call back": (complaint(contact=...), ZHANG, 422, "demanded", "contact"),
    "no such phone": (complaint(contact={**CONTACT, "phone": "12"}), ZHANG, 422, "phone_form", "contact.phone"),
    "anonymous with a contact": (complaint(anonymous=True), None, 422, "names_you", "contact"),
    "anonymous with a case": ({**ANONYMOUS, "case_id": NOBODYS}, None, 422, "names_you", "case_id"),
    "anonymous, though it is to get done": (
        no_service(anonymous=True, contact=...), None, 422, "not_anonymous", "anonymous",
    ),
    "an account that is not theirs": (
        complaint(contact={**CONTACT, "account": "wu"}), ZHANG, 422, "not_your_account", "contact.account",
    ),
    "an account of nobody who signed in": (
        complaint(contact={**CONTACT, "account": "wu"}), None, 422, "not_your_account", "contact.account",
    ),
    "a case that is not there": (complaint(case_id=NOBODYS), ZHANG, 422, "unknown_case", "case_id"),
    "a field that is not there": (complaint(stars=5), ZHANG, 422, "unknown_field", "stars"),
    "a channel that is not there": (complaint(channel="fax"), ZHANG, 422, "not_a_choice", "channel"),
    "by phone, oneself": (complaint(channel="phone"), ZHANG, 403, "forbidden", ""),
    "at the window, by a reviewer": (complaint(channel="window"), WANG, 403, "forbidden", ""),
    "on the web, by staff": (complaint(), LI, 403, "forbidden", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_told_by_field_and_nothing_is_kept(name: str, hub: Hub) -> None:
    body, who, status, code, field = REFUSED[name]
    reply = file(hub, body, who)
    document = problem(reply, status, "invalid_input" if status == 422 else code)
    if status == 422:
        assert (code, field) in {(error["code"], error["field"]) for error in document["errors"]}, document
    assert not {name for name, number in hub.sizes().items() if number} & {"OrdersTable", "DossiersTable"}


def test_whatever_can_be_filed_is_listed_with_its_names_and_limits(hub: Hub) -> None:
    complaints, unserved = hub.get("/v1/orders/kinds")["items"]
    assert [each["amount"] for each in (complaints["limit"], complaints["complex"], unserved["limit"])] == [5, 15, 1]
    for kind in (complaints, unserved):
        for type in kind["types"]:
            assert type["name"]["zh"]
            body = complaint(kind=kind["code"], type=type["code"])
            assert told(hub, body).answer["filed"]["type_name"] == type["name"]


def test_everything_that_is_wrong_is_told_at_once(hub: Hub) -> None:
    wrong = complaint(object=about("item", "330299", staff="li"), contact=..., case_id=NOBODYS)
    named = {error["field"] for error in problem(file(hub, wrong), 422, "invalid_input")["errors"]}
    assert named == {"object.organisation", "object.item", "object.staff", "contact", "case_id"}


WRITTEN = {
    "markup": "<script>alert('投诉')</script><b>窗口</b>&lt;",
    "formula": '=HYPERLINK("http://example.cn","点此")\n+86\n@SUM(A1)\n-1',
    "emoji": "等了三个小时😡👨‍👩‍👧‍👦 一家人都白跑了✈️",
    "rare characters": "办事人员𫍯䶮𠮷𱍐，把我的名字“㛃”打成“□”",
    "quotes": "'); DROP TABLE orders;-- \\ \" %s {0} ${x}",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_people_write_comes_back_as_they_wrote_it(name: str, hub: Hub) -> None:
    order = told(hub, complaint(statement=WRITTEN[name], object=about("person", description=WRITTEN[name][:200])))
    (part,) = hub.get(f"/v1/orders/{order.id}/dossier", ZHANG)["items"]
    assert part["document"]["statement"] == part["document"]["description"] == WRITTEN[name]


def test_somebody_elses_case_is_not_found_like_one_that_is_not_there_until_the_receipt_is_shown(hub: Hub) -> None:
    case = hub.file()
    theirs = file(hub, complaint(case_id=case.id), WU)
    nobodys = file(hub, complaint(case_id=NOBODYS), WU)
    assert problem(theirs, 422, "invalid_input") == problem(nobodys, 422, "invalid_input")
    problem(file(hub, complaint(case_id=case.id, code="ABCDEFGH"), WU), 422, "invalid_input", "case_id")
    problem(file(hub, complaint(case_id=case.id), None), 422, "invalid_input", "case_id")
    problem(file(hub, complaint(case_id=case.id, channel="window"), {**SUN, "org": JIANGBEI}), 422, "invalid_input")
    assert told(hub, complaint(case_id=case.id, code=case.code), WU).answer["filed"]["case_id"] == case.id
    assert told(hub, complaint(case_id=case.id)).answer["filed"]["case_id"] == case.id


def test_a_token_that_comes_along_is_verified(hub: Hub) -> None:
    path, body = "/v1/orders", complaint()
    for header in ("Bearer nonsense", "Basic emhhbmc6"):
        reply = hub.ask("POST", path, None, body, key="a-random-key-0000000", headers={"Authorization": header})
        problem(reply, 401, "unauthenticated")


def test_a_complaint_is_taken_in_at_the_window_and_by_the_hotline_for_somebody(hub: Hub) -> None:
    there = told(hub, complaint(channel="window"), SUN)
    again = file(hub, complaint(channel="phone"), HOTLINE).json()
    assert (again["order_id"], again["joined"]) == (there.id, True)  # the same phone, object and type
    for other in ({"phone": "13900139000"}, {"name": "李某乙"}):  # several people may share a phone
        assert told(hub, complaint(channel="phone", contact={**CONTACT, **other}), HOTLINE).id != there.id
    by_account = told(hub, complaint(channel="window", contact={**CONTACT, "account": "zhang"}), SUN)
    assert [each["order_id"] for each in hub.get("/v1/orders/mine", ZHANG)["items"]] == [by_account.id]
    assert hub.ask("GET", f"/v1/orders/{there.id}", SUN).status == 200


def test_nobodys_word_joins_them_to_what_somebody_else_told(hub: Hub) -> None:
    order = told(hub, complaint(channel="phone"), HOTLINE)
    stranger = told(hub, complaint(), None)  # the same phone, and nobody answers for it
    assert stranger.id != order.id
    assert not stranger.answer["joined"]


def test_who_holds_a_receipt_tells_more_of_the_same_without_an_account(hub: Hub) -> None:
    order = told(hub, complaint(), None)
    held = {"order_id": order.id, "code": order.answer["code"]}
    again = file(hub, complaint(earlier=held, statement="又发生一次"), None).json()
    assert (again["order_id"], again["joined"]) == (order.id, True)
    for wrong, code in (({"code": "ABCDEFGH"}, "unknown_order"), ({}, "another_matter")):
        body = complaint(earlier={**held, **wrong}, type="fees")
        refused = problem(file(hub, body, None), 422, "invalid_input", "earlier")
        assert refused["errors"][0]["code"] == code
    order.answer["version"] = again["version"]
    order.done("refuse", WATCH, {"reason": "不属于投诉范围", "remedy": "可申请行政复议"})
    key = "a-random-key-of-somebody"
    third = file(hub, complaint(earlier=held), None, key).json()
    assert (third["joined"], third["holder"], third["filed"]["earlier"]) == (False, NINGBO, order.id)
    assert file(hub, complaint(earlier=held), None, key).json() == third


def test_an_anonymous_complaint_leaves_nothing_of_who_told_it(hub: Hub) -> None:
    key = "a-random-key-of-zhang"
    order = told(hub, ANONYMOUS, ZHANG)
    assert hub.get("/v1/orders/mine", ZHANG)["items"] == []
    problem(hub.ask("GET", f"/v1/orders/{order.id}", ZHANG), 404, "not_found")
    assert told(hub, ANONYMOUS, ZHANG).id != order.id  # nobody knows that it is the same person
    problem(file(hub, ANONYMOUS, ZHANG, "short"), 422, "invalid_input", "Idempotency-Key")
    first_answer = file(hub, ANONYMOUS, ZHANG, key).json()
    assert file(hub, ANONYMOUS, None, key).json() == first_answer
    problem(file(hub, complaint(anonymous=True, contact=..., type="fees"), None, key), 422, "key_reused")
    rows = hub.cloud.tables["OrdersTable"].rows.values()
    assert not any("a" in row.item or "w" in row.item for row in rows)


def test_a_wrong_number_and_a_wrong_code_look_alike(hub: Hub) -> None:
    order = told(hub)
    for body in (
        {"order_id": order.id, "code": "ABCDEFGH"},
        {"order_id": "0" * 24, "code": order.answer["code"]},
    ):
        problem(hub.ask("POST", "/v1/orders/progress", None, body), 404, "not_found")
    problem(hub.ask("POST", "/v1/orders/progress", None, {"order_id": "x", "code": "y"}), 422, "invalid_input")


# Retries and faults


def test_the_same_key_and_body_get_the_first_answer_and_another_body_none(hub: Hub) -> None:
    before = file(hub, complaint(), ZHANG, "once")
    told(hub, complaint(statement="又一次"))  # joins it meanwhile
    again = file(hub, complaint(), ZHANG, "once")
    assert (before.status, before.json(), before.headers["etag"]) == (again.status, again.json(), again.headers["etag"])
    problem(file(hub, complaint(type="fees"), ZHANG, "once"), 422, "key_reused")
    assert file(hub, complaint(), WU, "once").json()["order_id"] != before.json()["order_id"]
    assert hub.sizes()["OrdersTable"] == 2


TROUBLES = (Trouble.unanswered, Trouble.broken_after, Trouble.throttled, Trouble.contended, Trouble.unsent)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda each: each.name)
@pytest.mark.parametrize("joins", [False, True], ids=["files", "joins"])
def test_whatever_befalls_a_filing_it_is_kept_once(trouble: Trouble, joins: bool, hub: Hub) -> None:
    if joins:
        told(hub, complaint(statement="先前的反映"))
    with wire(first("TransactWriteItems", trouble)):
        reply = file(hub, complaint(), ZHANG, "once")
    assert reply.status == 201, reply.body.decode()
    assert file(hub, complaint(), ZHANG, "once").json() == reply.json()
    assert (hub.sizes()["OrdersTable"], reply.json()["version"]) == (1, 1 + joins)
    history = hub.get(f"/v1/orders/{reply.json()['order_id']}/history", ZHANG)
    assert (history["verified"], [node["dossier"] for node in history["nodes"]]) == (True, ["intact"] * (1 + joins))


def test_a_filing_that_stays_without_an_answer_may_be_repeated_and_is_found(hub: Hub) -> None:
    with wire(lambda call: Trouble.unanswered if call.operation == "TransactWriteItems" else None):
        problem(file(hub, complaint(), ZHANG, "once"), 503, "busy")
    assert file(hub, complaint(), ZHANG, "once").status == 201
    assert hub.sizes()["OrdersTable"] == 1


def test_filing_is_one_transaction_and_two_reads_and_joining_one_read_more(hub: Hub) -> None:
    told(hub, complaint(type="fees"))  # the registry is in the process now
    hub.cloud.pump.held = True
    with wire() as calls:
        told(hub)
    assert counted(calls) == {"GetItem": 2, "TransactWriteItems": 1}
    with wire() as calls:
        told(hub)
    assert counted(calls) == {"GetItem": 3, "TransactWriteItems": 1}
    kinds = [kind for each in calls[-1].arguments["TransactItems"] for kind in each]
    assert kinds == ["Put", "Put", "Update"]


# Who reads a name


def test_who_told_it_is_read_by_who_calls_back_for_a_purpose_and_that_is_on_record(hub: Hub, log: io.StringIO) -> None:
    order = told(hub, complaint(object=about("window", "3302030101")))
    order.done("dispatch", WATCH, {**SIMPLE, "to_organisation": NANMEN})
    path = f"/v1/orders/{order.id}/dossier"
    problem(hub.ask("GET", path, WATCH), 422, "invalid_input", "purpose")

    def seen(who: Identity) -> Any:
        return hub.get(f"{path}?purpose=call_back", who)["items"][0]["document"]

    station_watch = staff("gao", NANMEN, "supervision")
    assert [("contact" in seen(who), seen(who)["statement"] == STATEMENT) for who in (WATCH, CITY_WATCH)] == [
        (True, True)
    ] * 2
    assert ["contact" in seen(who) for who in (station_watch, staff("jin", NANMEN, "review"))] == [False, False]
    problem(hub.ask("GET", f"{path}?purpose=call_back", staff("x", HAISHU, "analysis")), 403, "forbidden")
    problem(hub.ask("GET", f"{path}?purpose=call_back", POOL), 403, "forbidden")
    problem(hub.ask("GET", f"{path}?purpose=call_back", WU), 404, "not_found")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    found = {
        (line["reader"], line["purpose"], line["order_id"]) for line in lines if line["message"] == "identity read"
    }
    assert found == {(who, "call_back", order.id) for who in ("chen", "ningbo-9", "gao", "jin")}


def test_personal_data_is_in_the_dossier_and_nowhere_else(
    hub: Hub, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    order = told(hub).handled().done("approve", WATCH).done("close", WATCH, CALLED)
    file(hub, complaint(contact={**CONTACT, "phone": "13900000"}))
    problem(order.act("archive", WATCH, {"note": f"请联系{PHONE}"}), 422, "invalid_input", "note")
    hub.cloud.drain()
    client = boto3.client("dynamodb")
    told_by_tables = [
        json.dumps(client.scan(TableName=f"zhongshu-local-{table}")["Items"], default=repr, ensure_ascii=False)
        for table in ("orders", "requests", "facts", "findings", "deadlines")
    ]
    answers = [
        json.dumps(each, ensure_ascii=False)
        for each in (
            order.answer,
            order.progress(),
            hub.get(f"/v1/orders/{order.id}/history", WATCH),
            hub.get(f"/v1/orders/{order.id}", HANDLER),
            hub.get(f"/v1/complaints?org={HAISHU}"),
        )
    ]
    for text in (*told_by_tables, *answers, log.getvalue(), "".join(capsys.readouterr())):
        assert not [secret for secret in (PHONE, NAME, STATEMENT) if secret in text], text[:500]


def test_facts_lead_to_no_person(hub: Hub) -> None:
    told(hub)
    hub.cloud.drain()
    (index,) = {row.item["a"]["S"] for row in hub.cloud.tables["OrdersTable"].rows.values()}
    data = [row.item["d"]["S"] for row in hub.cloud.tables["FactsTable"].rows.values()]
    assert data
    assert not [each for each in data if index in each or "applicant" in json.loads(each)]


def test_a_reply_that_is_to_be_public_takes_no_numbers_of_people(hub: Hub) -> None:
    order = told(hub).handled().done("approve", WATCH)
    problem(order.act("close", WATCH, {**CALLED, "reply": f"电话{PHONE}"}), 422, "invalid_input", "reply")
