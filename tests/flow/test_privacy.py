"""Personal data is in the dossier and nowhere else: not in the cases table, in a log line, a metric or a problem."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest

from tests.flow.conftest import Hub, problem
from tests.support.town import (
    ARCHIVE,
    CONTACT,
    CORRECT,
    HAISHU,
    ID_NUMBER,
    LI,
    LONG,
    NAME,
    NOTE,
    PERSON,
    PHONE,
    POOL,
    SUPPLEMENT,
    USCC,
    WU,
    ZHANG,
    ZHAO,
    hotel,
    materials,
    permit,
    staff,
)

ADDRESS = "海曙区某路一百零一号"
PERSONAL = (ID_NUMBER, PHONE, NAME, CONTACT, ADDRESS, "zhang-account", "某表单内容")
BODIES = {
    "person": permit(
        applicant={**PERSON, "account": "zhang-account"},
        materials=materials(2, m2="lacking"),
        form={"address": "某表单内容"},
        delivery={"way": "mail", "address": ADDRESS},
    ),
    "organisation": hotel(form={"address": "某表单内容"}, materials=materials(5, m2="lacking")),
}
APPLICANT = {"sub": "zhang-account", "kind": "citizen"}


def played(hub: Hub, kind: str) -> dict[str, list[str]]:
    """What is answered, by route, while a case is filed badly and well, moved, refused and read by many people."""
    seen: dict[str, list[str]] = {"problem": [], "case": [], "dossier": []}

    def keep(reply: Any, where: str = "case") -> Any:
        seen["problem" if reply.status >= 400 else where].append(reply.body.decode())
        return reply

    body = BODIES[kind]
    number = "id_number" if kind == "person" else "uscc"
    for wrong in (number, "phone", "name"):
        changed = {**body["applicant"], wrong: f"{PHONE} {NAME}" if wrong == number else "1" * 101}
        assert keep(hub.submit({**body, "applicant": changed}, APPLICANT)).status == 422
    keep(hub.submit({**body, "note": f"请联系{PHONE}"}, APPLICANT))
    keep(hub.submit({**body, "form": {"address": "某表单内容" * 200}}, APPLICANT))
    case = hub.file(body, APPLICANT, key="once")
    keep(hub.submit({**body, "channel": "web"}, APPLICANT, key="once"))
    hub.life(case, CORRECT, ("supplement", APPLICANT, SUPPLEMENT[2]), ("refuse", LI, {"reason": LONG, "remedy": NOTE}))
    hub.life(case, ARCHIVE)
    for who in (APPLICANT, LI, ZHAO, POOL, staff("x", "330200", "supervision"), WU, ZHANG):
        for route in ("", "/history", "/deadline"):
            keep(hub.ask("GET", f"/v1/cases/{case.id}{route}", who))
        keep(hub.ask("GET", f"/v1/cases/{case.id}/dossier?purpose=handling", who), "dossier")
        keep(hub.ask("GET", f"/v1/desk?org={HAISHU}", who))
        keep(hub.ask("GET", "/v1/cases", who))
    keep(hub.ask("POST", "/v1/progress", None, {"case_id": case.id, "code": case.code}))
    keep(hub.ask("POST", "/v1/progress", None, {"case_id": case.id, "code": "ABCDEFGH"}))
    return seen


def leaks(text: str) -> list[str]:
    return [secret for secret in PERSONAL if secret in text]


@pytest.mark.parametrize("kind", BODIES)
def test_no_answer_but_the_dossier_tells_personal_data(kind: str, hub: Hub) -> None:
    seen = played(hub, kind)
    assert len(seen["problem"]) > 15
    assert len(seen["case"]) > 15
    for answer in seen["problem"] + seen["case"]:
        assert leaks(answer) == [], answer
    assert len(seen["dossier"]) == 4  # the applicant, intake, delivery, the supervisor above
    secrets = {PHONE, NAME, ID_NUMBER, ADDRESS} if kind == "person" else {PHONE, CONTACT}
    assert all(secrets <= {found for found in secrets if found in answer} for answer in seen["dossier"])


@pytest.mark.parametrize("kind", BODIES)
def test_no_log_line_tells_personal_data(
    kind: str, hub: Hub, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    played(hub, kind)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert len(lines) > 40
    assert {line.get("status") for line in lines} >= {200, 201, 403, 404, 422}
    assert leaks(log.getvalue()) == []
    assert leaks("".join(capsys.readouterr())) == []


def test_every_read_of_an_identity_by_staff_is_on_record_with_its_purpose(hub: Hub, log: io.StringIO) -> None:
    case = hub.file(BODIES["person"], APPLICANT)
    path = f"/v1/cases/{case.id}/dossier"
    problem(hub.ask("GET", path, LI), 422, "invalid_input", "purpose")
    problem(hub.ask("GET", f"{path}?purpose=curiosity", LI), 422, "invalid_input", "purpose")
    hub.get(path, APPLICANT)
    hub.get(f"{path}?purpose=verification", LI)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    found = [line for line in lines if line["message"] == "identity read"]
    assert [(line["reader"], line["purpose"], line["case_id"]) for line in found] == [("li", "verification", case.id)]


@pytest.mark.parametrize("kind", BODIES)
def test_no_metric_tells_personal_data_or_whose_case_it_is(kind: str, hub: Hub) -> None:
    played(hub, kind)
    hub.cloud.drain()
    metrics = boto3.client("cloudwatch").list_metrics(Namespace="Zhongshu")["Metrics"]
    assert {metric["MetricName"] for metric in metrics} >= {"CasesReceived", "StepsTaken"}
    assert leaks(json.dumps(metrics, ensure_ascii=False)) == []
    values = {each["Value"] for metric in metrics for each in metric["Dimensions"]}
    assert not any(value.isdigit() for value in values)


@pytest.mark.parametrize("kind", BODIES)
def test_cases_and_requests_hold_no_personal_data(kind: str, hub: Hub) -> None:
    played(hub, kind)
    client = boto3.client("dynamodb")
    for table in ("cases", "requests"):
        items = client.scan(TableName=f"zhongshu-local-{table}")["Items"]
        assert items
        text = json.dumps(items, default=lambda value: value.decode("latin-1"), ensure_ascii=False)
        assert leaks(text) == [], table
        assert USCC not in text


def test_what_is_shown_of_the_applicant_is_masked(hub: Hub) -> None:
    person, firm = hub.file(BODIES["person"], APPLICANT), hub.file(BODIES["organisation"])
    shown = hub.get(f"/v1/cases/{person.id}", LI)["applicant"]
    assert shown["name"] == "某**"
    assert shown["phone"] == "138****8000"
    assert shown["id_number"].startswith(ID_NUMBER[:1])
    assert shown["id_number"].count("*") >= 10
    assert "account" not in shown
    shown = hub.get(f"/v1/cases/{firm.id}", LI)["applicant"]
    assert (shown["contact_name"], shown["uscc"]) == ("某**", USCC)  # a firm's name and code are public


def test_the_blind_index_is_not_the_account_and_differs_by_applicant(hub: Hub) -> None:
    hub.file()
    hub.file(who=WU)
    indexes = {row.item["a"]["S"] for row in hub.cloud.tables["CasesTable"].rows.values()}
    assert len(indexes) == 2
    assert not any("zhang" in index or "wu" in index for index in indexes)
