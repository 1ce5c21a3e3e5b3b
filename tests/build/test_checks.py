"""What must hold of the deployed template holds, and each check notices when it does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.build import checks

Template = dict[str, Any]
GATEWAY = "x-amazon-apigateway-gateway-responses"
SOURCE = "OnCaseChangeOnCaseChangeDynamodbEventSource"


def properties(template: Template, logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][logical_id]["Properties"]
    return found


def without(logical_id: str, *path: str) -> Callable[[Template], None]:
    """Takes a property away."""

    def change(template: Template) -> None:
        place = properties(template, logical_id)
        for name in path[:-1]:
            place = place[name]
        del place[path[-1]]

    return change


def having(logical_id: str, name: str, value: Any) -> Callable[[Template], None]:
    """Sets a property."""

    def change(template: Template) -> None:
        properties(template, logical_id)[name] = value

    return change


def unretained(logical_id: str) -> Callable[[Template], None]:
    def change(template: Template) -> None:
        del template["Resources"][logical_id]["DeletionPolicy"]

    return change


def allowed(actions: Any, resource: Any) -> Callable[[Template], None]:
    """Gives a role one statement more."""

    def change(template: Template) -> None:
        document = properties(template, "ApiHandlerRole")["Policies"][0]["PolicyDocument"]
        document["Statement"].append({"Effect": "Allow", "Action": actions, "Resource": resource})

    return change


def unanswered(template: Template) -> None:
    del properties(template, "RestAPI")["Body"][GATEWAY]["THROTTLED"]


def unreadable(template: Template) -> None:
    response = properties(template, "RestAPI")["Body"][GATEWAY]["THROTTLED"]
    del response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"]


def untold(template: Template) -> None:
    response = properties(template, "RestAPI")["Body"][GATEWAY]["THROTTLED"]
    del response["responseParameters"]["gatewayresponse.header.Content-Type"]


def wordless(template: Template) -> None:
    response = properties(template, "RestAPI")["Body"][GATEWAY]["THROTTLED"]
    response["responseTemplates"] = {"application/json": '{"message":$context.error.messageString}'}  # as AWS has it


def unasked(template: Template) -> None:
    template["Resources"]["Pool"] = {"Type": "AWS::Cognito::UserPool", "Properties": {}}


def assumed(template: Template) -> None:
    template["Parameters"]["Stage"]["Default"] = "local"


def unsecured(template: Template) -> None:
    del template["Resources"]["LakeBucketPolicy"]


BROKEN: dict[str, tuple[Callable[[Template], None], str]] = {
    "a function without a name": (without("OnFact", "FunctionName"), "OnFact: FunctionName"),
    "one that logs where it likes": (without("OnFact", "LoggingConfig"), "OnFact: LoggingConfig"),
    "one without traces": (without("OnFact", "TracingConfig"), "OnFact: TracingConfig"),
    "lines for ever": (without("OnFactLogGroup", "RetentionInDays"), "OnFactLogGroup: without RetentionInDays"),
    "a setting less": (without("OnFact", "Environment", "Variables", "DAYS_TABLE"), "OnFact: variables"),
    "settings in the clear": (without("OnFact", "KmsKeyArn"), "OnFact: KmsKeyArn"),
    "a table in AWS's own key": (without("CasesTable", "SSESpecification", "KMSMasterKeyId"), "CasesTable: SSE"),
    "one that cannot be restored": (without("CasesTable", "PointInTimeRecoverySpecification"), "CasesTable: Point"),
    "one that can be deleted": (having("CasesTable", "DeletionProtectionEnabled", False), "CasesTable: DeletionProtec"),
    "one that goes with the stack": (unretained("CasesTable"), "CasesTable: DeletionPolicy"),
    "a public bucket": (without("LakeBucket", "PublicAccessBlockConfiguration", "BlockPublicAcls"), "LakeBucket: Publ"),
    "one without TLS": (unsecured, "LakeBucket: a bucket policy"),
    "one in the clear": (without("LakeBucket", "BucketEncryption"), "LakeBucket: BucketEncryption"),
    "one that forgets": (without("LakeBucket", "VersioningConfiguration"), "LakeBucket: VersioningConfiguration"),
    "one that goes with the stack, too": (unretained("LakeBucket"), "LakeBucket: DeletionPolicy"),
    "a key that is never turned": (having("DataKey", "EnableKeyRotation", False), "DataKey: EnableKeyRotation"),
    "a key that goes with the stack": (unretained("DataKey"), "DataKey: DeletionPolicy"),
    "a queue in the clear": (without("DeadLetters", "SqsManagedSseEnabled"), "DeadLetters: it must be encrypted"),
    "a whole batch again": (without(SOURCE, "FunctionResponseTypes"), f"{SOURCE}: FunctionResponseTypes"),
    "one that is not split": (without(SOURCE, "BisectBatchOnFunctionError"), f"{SOURCE}: Bisect"),
    "for ever again": (having(SOURCE, "MaximumRetryAttempts", -1), f"{SOURCE}: MaximumRetryAttempts"),
    "until the stream forgets": (without(SOURCE, "MaximumRecordAgeInSeconds"), f"{SOURCE}: MaximumRecordAge"),
    "given up without a word": (without(SOURCE, "DestinationConfig"), f"{SOURCE}: DestinationConfig"),
    "every action": (allowed("dynamodb:*", "arn:x"), "ApiHandlerRole: dynamodb:* is too much"),
    "a scan": (allowed(["dynamodb:Scan"], "arn:x"), "ApiHandlerRole: dynamodb:Scan is too much"),
    "every table": (allowed(["dynamodb:PutItem"], ["*"]), "ApiHandlerRole: dynamodb:PutItem on every resource"),
    "a refusal that is not ours": (unanswered, "RestAPI: the gateway's response THROTTLED"),
    "one that pages cannot read": (unreadable, "RestAPI: THROTTLED cannot be read"),
    "one that does not say what it is": (untold, "RestAPI: THROTTLED does not say"),
    "one without our words": (wordless, "RestAPI: THROTTLED is no problem document"),
    "an API without traces": (without("RestAPIapiStage", "TracingEnabled"), "RestAPIapiStage: TracingEnabled"),
    "one without a line": (without("RestAPIapiStage", "AccessLogSetting"), "RestAPIapiStage: AccessLogSetting"),
    "one without a limit": (without("RestAPIapiStage", "MethodSettings"), "RestAPIapiStage: MethodSettings"),
    "one at the edge": (without("RestAPI", "EndpointConfiguration"), "RestAPI: it must be REGIONAL"),
    "a stage that nobody named": (assumed, "Stage: a default"),
    "a partition": (having("OnFact", "Description", "arn:" + "aws:x"), "arn:" + "aws: names one partition"),
    "what China has not": (unasked, "Pool: AWS::Cognito::UserPool"),
}


def test_all_of_it_holds(template: Template) -> None:
    assert checks.wrong_with(template) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_hold_is_named(template: Template, name: str) -> None:
    change, told = BROKEN[name]
    changed = copy.deepcopy(template)
    change(changed)
    found = checks.wrong_with(changed)
    assert any(problem.startswith(told) for problem in found), found


def test_a_queue_needs_somewhere_to_put_what_it_cannot_handle(template: Template) -> None:
    changed = copy.deepcopy(template)
    changed["Resources"]["Other"] = {"Type": "AWS::SQS::Queue", "Properties": {"SqsManagedSseEnabled": True}}
    assert checks.wrong_with(changed) == ["Other: RedrivePolicy is missing"]


def test_what_is_archived_is_locked(template: Template) -> None:
    archive = properties(template, "ArchiveBucket")
    retention = archive["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert archive["ObjectLockEnabled"] is True
    assert retention == {"Mode": {"Ref": "ArchiveMode"}, "Years": {"Ref": "ArchiveYears"}}
    assert template["Parameters"]["ArchiveMode"]["Default"] == "COMPLIANCE"


def test_where_channels_have_keys_every_method_asks_for_one(template: Template) -> None:
    body = properties(template, "RestAPI")["Body"]
    asked = {"Fn::If": ["HasApiKeys", [{"api_key": []}], {"Ref": "AWS::NoValue"}]}
    assert {json.dumps(method["security"]) for path in body["paths"].values() for method in path.values()} == {
        json.dumps(asked)
    }
    assert template["Resources"]["ChannelPlan"]["Condition"] == "HasApiKeys"
    assert template["Parameters"]["ApiKeys"]["Default"] == template["Parameters"]["Firewall"]["Default"] == "off"


def test_exceptions_are_of_resources_that_there_are(template: Template) -> None:
    named = {*checks.SHORT_LIVED, *checks.NOT_RECOVERED, *checks.WITHOUT_DEAD_LETTERS}
    assert named <= template["Resources"].keys()
