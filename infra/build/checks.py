"""What must hold of the template that is deployed, whatever functions, tables and queues it has.

Each check gives what is wrong as texts that name the resource; `wrong_with` asks all of them. An exception from a rule
stands here with its reason. This module must not change the template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from chalicelib.http import problems
from chalicelib.settings import Settings

Template = Mapping[str, Any]
Check = Callable[[Template], Iterator[str]]
SHORT_LIVED: Final = {
    "RequestsTable": "rows leave by themselves after thirty days; without one a retry is a new application",
    "QuarantineTable": "rows leave by themselves after sixty days, and are in the stream or the case as well",
    "ConversationsTable": "rows leave by themselves after a day, thirty after a hand-over",
}
NOT_RECOVERED: Final = {"ConversationsTable": "what people asked is not to be kept longer than they were told"}
WITHOUT_DEAD_LETTERS: Final = {"DeadLetters": "it is where they are; on_dead_letter is alarmed for what it cannot take"}
ANY_RESOURCE: Final = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}  # AWS knows nothing narrower
# Services of the China partition that the stack may stand on.
SERVICES: Final = {
    "ApiGateway", "CloudWatch", "DynamoDB", "Events", "IAM", "KMS", "Lambda", "Logs", "S3", "SNS", "SQS", "WAFv2",
}  # fmt: skip
OF_THE_SDK: Final = {"AWS_DATA_PATH"}  # variables that others than chalicelib.settings read
_CLOSED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_ANSWERED = ("DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "REQUEST_TOO_LARGE")


def wrong_with(template: Template) -> list[str]:
    """Everything that does not hold; empty if all of it does."""
    return [problem for check in CHECKS for problem in check(template)]


def of_type(template: Template, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Logical id and resource of each resource of a type such as "DynamoDB::Table"."""
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == f"AWS::{kind}":
            yield logical_id, resource


def functions_are_seen(template: Template) -> Iterator[str]:
    """Each function: a name, a log group that ends, traces."""
    groups = dict(of_type(template, "Logs::LogGroup"))
    for logical_id, resource in of_type(template, "Lambda::Function"):
        properties = resource["Properties"]
        if not str(properties.get("FunctionName", {}).get("Fn::Sub", "")).startswith("zhongshu-${Stage}-"):
            yield f"{logical_id}: FunctionName must begin with zhongshu-${{Stage}}-"
        if properties.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref") not in groups:
            yield f"{logical_id}: LoggingConfig must name a log group of the stack"
        if properties.get("TracingConfig") != {"Mode": "Active"}:
            yield f"{logical_id}: TracingConfig must be Active"
    for logical_id, resource in groups.items():
        if "RetentionInDays" not in resource["Properties"]:
            yield f"{logical_id}: without RetentionInDays lines are kept for ever"


def functions_have_their_settings(template: Template) -> Iterator[str]:
    """Each function: exactly the variables that chalicelib.settings reads, under the stack's key."""
    wanted = {each.name.upper() for each in fields(Settings)} | OF_THE_SDK
    for logical_id, resource in of_type(template, "Lambda::Function"):
        given = set(resource["Properties"].get("Environment", {}).get("Variables", {}))
        if given != wanted:
            yield f"{logical_id}: variables that settings do not have, or the reverse: {sorted(given ^ wanted)}"
        if "KmsKeyArn" not in resource["Properties"]:
            yield f"{logical_id}: KmsKeyArn is missing, and the environment holds keys"


def tables_are_kept(template: Template) -> Iterator[str]:
    """Each table: encrypted under the stack's key, recoverable, protected against deletion."""
    for logical_id, resource in of_type(template, "DynamoDB::Table"):
        properties = resource["Properties"]
        if "KMSMasterKeyId" not in properties.get("SSESpecification", {}):
            yield f"{logical_id}: SSESpecification must name the stack's key"
        recovered = properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        if recovered is not True and logical_id not in NOT_RECOVERED:
            yield f"{logical_id}: PointInTimeRecoveryEnabled must be true"
        if logical_id in SHORT_LIVED:
            continue
        if properties.get("DeletionProtectionEnabled") is not True:
            yield f"{logical_id}: DeletionProtectionEnabled must be true"
        yield from _retained(logical_id, resource)


def _retained(logical_id: str, resource: Mapping[str, Any]) -> Iterator[str]:
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if resource.get(policy) != "Retain":
            yield f"{logical_id}: {policy} must be Retain"


def buckets_are_closed(template: Template) -> Iterator[str]:
    """Each bucket: nothing public, nothing but TLS, encrypted, versioned, retained."""
    secured = {
        policy["Properties"]["Bucket"]["Ref"]
        for _, policy in of_type(template, "S3::BucketPolicy")
        if "aws:SecureTransport" in json.dumps(policy)
    }
    for logical_id, resource in of_type(template, "S3::Bucket"):
        properties = resource["Properties"]
        if properties.get("PublicAccessBlockConfiguration") != dict.fromkeys(_CLOSED, True):
            yield f"{logical_id}: PublicAccessBlockConfiguration must block all four"
        if logical_id not in secured:
            yield f"{logical_id}: a bucket policy must refuse what comes without TLS"
        if "KMSMasterKeyID" not in json.dumps(properties.get("BucketEncryption", {})):
            yield f"{logical_id}: BucketEncryption must name the stack's key"
        if properties.get("VersioningConfiguration") != {"Status": "Enabled"}:
            yield f"{logical_id}: VersioningConfiguration must be enabled"
        yield from _retained(logical_id, resource)


def key_is_kept(template: Template) -> Iterator[str]:
    """Each key: turned every year, retained."""
    for logical_id, resource in of_type(template, "KMS::Key"):
        if resource["Properties"].get("EnableKeyRotation") is not True:
            yield f"{logical_id}: EnableKeyRotation must be true"
        yield from _retained(logical_id, resource)


def nothing_is_lost(template: Template) -> Iterator[str]:
    """Each queue and each reader of a stream: where goes what cannot be handled."""
    for logical_id, resource in of_type(template, "SQS::Queue"):
        properties = resource["Properties"]
        if "RedrivePolicy" not in properties and logical_id not in WITHOUT_DEAD_LETTERS:
            yield f"{logical_id}: RedrivePolicy is missing"
        if not (properties.get("SqsManagedSseEnabled") or properties.get("KmsMasterKeyId")):
            yield f"{logical_id}: it must be encrypted"
    for logical_id, resource in of_type(template, "Lambda::EventSourceMapping"):
        properties = resource["Properties"]
        if "StreamArn" not in json.dumps(properties["EventSourceArn"]):
            continue
        wanted = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "BisectBatchOnFunctionError": True}
        for name, value in wanted.items():
            if properties.get(name) != value:
                yield f"{logical_id}: {name} must be {value}"
        for name in ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "DestinationConfig"):
            if properties.get(name, -1) == -1:
                yield f"{logical_id}: {name} must be set, or one record holds the others up until it is lost"


def rights_are_narrow(template: Template) -> Iterator[str]:
    """Each role and policy: named actions on named resources, and no Scan."""
    for logical_id, statement in _statements(template):
        if statement["Effect"] != "Allow":
            continue
        actions = _listed(statement["Action"])
        for action in actions:
            if "*" in action or action == "dynamodb:Scan":
                yield f"{logical_id}: {action} is too much"
        if "*" in _listed(statement["Resource"]) and not set(actions) <= ANY_RESOURCE:
            yield f"{logical_id}: {', '.join(actions)} on every resource"


def _statements(template: Template) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, role in of_type(template, "IAM::Role"):
        for policy in role["Properties"].get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield logical_id, statement
    for logical_id, policy in of_type(template, "IAM::ManagedPolicy"):
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            yield logical_id, statement


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def gateway_speaks_as_we_do(template: Template) -> Iterator[str]:
    """What the gateway answers by itself: problem documents that pages of other origins can read."""
    for logical_id, resource in of_type(template, "ApiGateway::RestApi"):
        given = resource["Properties"]["Body"].get("x-amazon-apigateway-gateway-responses", {})
        for kind in _ANSWERED:
            if kind not in given:
                yield f"{logical_id}: the gateway's response {kind} is its own"
        for kind, response in given.items():
            if "gatewayresponse.header.Access-Control-Allow-Origin" not in response.get("responseParameters", {}):
                yield f"{logical_id}: {kind} cannot be read by pages of other origins"
            kind_of_it = response.get("responseParameters", {}).get("gatewayresponse.header.Content-Type")
            if kind_of_it != f"'{problems.MEDIA_TYPE}'":
                yield f"{logical_id}: {kind} does not say that it is a problem document"
            if not all(map(_is_problem, response.get("responseTemplates", {"": ""}).values())):
                yield f"{logical_id}: {kind} is no problem document"


def _is_problem(text: str) -> bool:
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return document.get("code") in problems.TABLE


def gateway_is_watched(template: Template) -> Iterator[str]:
    """Each stage of an API: traces, a log line a request, a limit; reachable in its own region."""
    for logical_id, resource in of_type(template, "ApiGateway::Stage"):
        properties = resource["Properties"]
        if properties.get("TracingEnabled") is not True:
            yield f"{logical_id}: TracingEnabled must be true"
        if "DestinationArn" not in properties.get("AccessLogSetting", {}):
            yield f"{logical_id}: AccessLogSetting is missing"
        if not any("ThrottlingRateLimit" in each for each in properties.get("MethodSettings", ())):
            yield f"{logical_id}: MethodSettings must have a limit"
    for logical_id, resource in of_type(template, "ApiGateway::RestApi"):
        if resource["Properties"].get("EndpointConfiguration", {}).get("Types") != ["REGIONAL"]:
            yield f"{logical_id}: it must be REGIONAL; China has no other"


def stage_is_named(template: Template) -> Iterator[str]:
    """The stage: whoever deploys says which."""
    if "Default" in template["Parameters"]["Stage"]:
        yield "Stage: a default would deploy a stage that nobody named"


def runs_in_china(template: Template) -> Iterator[str]:
    """No other partition's names, no service that is not there."""
    for partition in sorted(set(re.findall(r"arn:aws[a-z-]*:", json.dumps(template)))):
        yield f"{partition} names one partition; write arn:${{AWS::Partition}}:"
    for logical_id, resource in template["Resources"].items():
        if resource["Type"].split("::")[1] not in SERVICES:
            yield f"{logical_id}: {resource['Type']} is not among the services the stack may stand on"


CHECKS: Final[tuple[Check, ...]] = (
    functions_are_seen,
    functions_have_their_settings,
    tables_are_kept,
    buckets_are_closed,
    key_is_kept,
    nothing_is_lost,
    rights_are_narrow,
    gateway_speaks_as_we_do,
    gateway_is_watched,
    stage_is_named,
    runs_in_china,
)
