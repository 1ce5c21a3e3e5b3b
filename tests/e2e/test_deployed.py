"""What CloudFormation made of the template: everything, as it says, and what holds data outlives its stack."""

from __future__ import annotations

import base64
import json
import platform
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from chalicelib.http import problems
from chalicelib.settings import Settings
from infra.cli.hub import Hub
from tests.e2e import stack as stacks
from tests.e2e.account import Account
from tests.e2e.door import StackDoor
from tests.e2e.stack import Package, Stack
from tests.e2e.walking import filed
from tests.support.town import COMPANY, FIRM, HAISHU

MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}


def of_type(package: Package, kind: str) -> dict[str, Mapping[str, Any]]:
    return {name: each for name, each in package.resources.items() if each["Type"] == f"AWS::{kind}"}


def scheduled(package: Package) -> list[str]:
    """The functions that rules of the template set off, by the names that the app declares them by."""
    targets = [
        each["Properties"]["Targets"][0]["Arn"]["Fn::GetAtt"][0] for each in of_type(package, "Events::Rule").values()
    ]
    handlers = [package.resources[name]["Properties"]["Handler"] for name in targets]
    return sorted(handler.rpartition(".")[2] for handler in handlers)


def test_every_resource_stands(stack: Stack, package: Package) -> None:
    made = {name: each["ResourceStatus"] for name, each in stack.resources().items()}
    wanted = {name for name, each in package.resources.items() if each.get("Condition") is None}
    assert made == dict.fromkeys(wanted, "CREATE_COMPLETE")


def test_functions_run_the_zip_that_was_built_with_the_settings_of_the_stack(stack: Stack, package: Package) -> None:
    known = {each.name.upper() for each in fields(Settings)}
    for name in of_type(package, "Lambda::Function"):
        found = stack.account.client("lambda").get_function_configuration(FunctionName=stack.physical(name))
        assert base64.b64decode(found["CodeSha256"]).hex() == package.total
        assert found["Architectures"] == [MACHINES[platform.machine()]]
        variables = found["Environment"]["Variables"]
        assert variables.keys() == known | {"AWS_DATA_PATH"}
        assert variables["RECEIPT_KEY"] == stacks.KEYS["RECEIPT_KEY"]
        assert [value for value in variables.values() if "{{" in value or "${" in value] == []


def test_what_the_clock_sets_off_runs_with_nothing_to_do(stack: Stack, package: Package) -> None:
    for function in scheduled(package):
        answer = stack.run_schedule(function)
        assert (function, answer.get("FunctionError"), answer["Payload"]) == (function, None, None)


def test_every_schedule_has_a_rule_that_may_invoke_its_function(stack: Stack, package: Package) -> None:
    events = stack.account.client("events")
    targets = {
        target["Arn"]
        for name in of_type(package, "Events::Rule")
        for target in events.list_targets_by_rule(Rule=stack.physical(name))["Targets"]
    }
    assert targets == {
        stack.account.client("lambda").get_function(FunctionName=f"{stack.name}-{name}")["Configuration"]["FunctionArn"]
        for name in scheduled(package)
    }


def test_logs_are_in_the_groups_of_the_stack_and_name_nobody(hub: Hub, stack: Stack, package: Package) -> None:
    filed(hub, "web", organisation=HAISHU)
    lines = [json.loads(line) for line in stack.log("api_handler") if line.startswith("{")]
    assert any((line.get("status"), line.get("service")) == (201, "zhongshu") for line in lines)
    logs = stack.account.client("logs")
    groups = {each["logGroupName"]: each for each in logs.describe_log_groups()["logGroups"]}
    for name in of_type(package, "Logs::LogGroup"):
        assert groups[stack.physical(name)]["retentionInDays"] >= 180
    for function in (*scheduled(package), "api_handler", "on_case_change", "on_fact"):
        written = "\n".join(stack.log(function))
        assert FIRM not in written
        assert COMPANY["phone"] not in written


def test_the_gateways_own_answers_are_problem_documents(stack: Stack, hub: Hub) -> None:
    """As the definition of the API has them; they are put one by one, because ministack does not read them there."""
    api, gateway = stack.outputs["RestAPIId"], stack.account.client("apigateway")
    body = json.loads(stacks.template_of(stack))["Resources"]["RestAPI"]["Properties"]["Body"]
    for kind, response in body["x-amazon-apigateway-gateway-responses"].items():
        gateway.put_gateway_response(restApiId=api, responseType=kind, **response)
    gateway.create_deployment(restApiId=api, stageName="answers")
    door = StackDoor.of(stack, "answers")
    reply = door.request("GET", "/v1/nothing")
    door.close()
    document = reply.json()
    assert (reply.status, reply.headers["content-type"]) == (404, problems.MEDIA_TYPE)
    assert (document["code"], document["reference"]) == ("not_found", reply.headers["x-request-id"])
    assert reply.headers["access-control-allow-origin"] == "*"


def test_where_a_stage_has_keys_a_request_needs_one(account: Account, package: Package) -> None:
    keyed = stacks.deploy(account, package, "keyed", ApiKeys="on")
    assert keyed.description["StackStatus"] == "CREATE_COMPLETE", stacks.why(keyed)
    gateway = account.client("apigateway")
    key = gateway.create_api_key(name="mobile", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=keyed.physical("ChannelPlan"), keyId=key["id"], keyType="API_KEY")
    door = StackDoor.of(keyed)
    sent: tuple[dict[str, str], ...] = ({}, {"x-api-key": "no-such-key"}, {"x-api-key": key["value"]})
    assert [door.request("GET", "/v1/openapi.json", headers=each).status for each in sent] == [403, 403, 200]
    door.close()
    assert stacks.delete(keyed)["StackStatus"] == "DELETE_COMPLETE"


def test_a_second_stage_stands_beside_and_what_holds_data_outlives_it(
    account: Account, package: Package, stack: Stack, hub: Hub
) -> None:
    other = stacks.deploy(account, package, "second")
    assert other.description["StackStatus"] == "CREATE_COMPLETE", stacks.why(other)
    kept = {other.physical(name) for name in of_type(package, "DynamoDB::Table") if _retained(package, name)}
    assert stacks.delete(other)["StackStatus"] == "DELETE_COMPLETE"
    left = set(account.client("dynamodb").list_tables()["TableNames"])
    assert {name for name in left if name.startswith("zhongshu-second-")} == kept
    functions = account.client("lambda").get_paginator("list_functions").paginate()
    names = {each["FunctionName"] for page in functions for each in page["Functions"]}
    assert {name.rpartition("-")[0] for name in names} == {stack.name}
    assert hub.get("/v1/openapi.json")["openapi"].startswith("3.1")


def _retained(package: Package, name: str) -> bool:
    return bool(package.resources[name].get("DeletionPolicy") == "Retain")
