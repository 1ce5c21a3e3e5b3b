"""What is written once for each function, table or bucket, generated so that a new one has all of it.

This module must not name any function, table or bucket of the platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from chalicelib.settings import Settings
from infra.functions import HTTP_FUNCTION, Function
from infra.local.tables import variable

Template = dict[str, Any]
_CODE = {"Bucket": {"Ref": "CodeBucket"}, "Key": {"Ref": "CodeKey"}}
_KEY = {"Fn::GetAtt": "DataKey.Arn"}
_RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def log_group(function: Function) -> str:
    """The logical id of a function's log group."""
    return f"{function.logical_id}LogGroup"


def functions(all_of_them: Sequence[Function], _so_far: Template) -> Template:
    """Of each function its name, its code, its log group with retention, and what every role may."""
    resources: Template = {}
    for each in all_of_them:
        name = each.physical_name("${Stage}")
        resources[each.logical_id] = {
            "Properties": {
                "FunctionName": {"Fn::Sub": name},
                "CodeUri": _CODE,
                "Tags": {"aws-chalice": {"Fn::Sub": "app=zhongshu:stage=${Stage}"}},  # chalice knows no stage of ours
                "LoggingConfig": {"LogGroup": {"Ref": log_group(each)}},  # so it is there before the first line
            }
        }
        days = "AuditDays" if each.name == HTTP_FUNCTION else "LogDays"
        resources[log_group(each)] = {
            "Type": "AWS::Logs::LogGroup",
            **_RETAINED,
            "Properties": {"LogGroupName": {"Fn::Sub": f"/aws/lambda/{name}"}, "RetentionInDays": {"Ref": days}},
        }
        resources[each.role] = {"Properties": {"ManagedPolicyArns": [{"Ref": "EveryFunction"}]}}
    return {"Resources": resources}


def settings(_functions: Sequence[Function], so_far: Template) -> Template:
    """The names of tables and buckets that functions read, in the environment of each: CasesTable → CASES_TABLE."""
    read = {each.name.upper() for each in fields(Settings)}
    named = {variable(name): {"Ref": name} for name in so_far["Resources"] if variable(name) in read}
    return {"Globals": {"Function": {"Environment": {"Variables": named}}}}


def encryption(_functions: Sequence[Function], so_far: Template) -> Template:
    """Every table and every bucket under the one key of the data."""
    tables = {"SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _KEY}}
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _KEY}
    rules = [{"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
    buckets = {"BucketEncryption": {"ServerSideEncryptionConfiguration": rules}}
    under = {"AWS::DynamoDB::Table": tables, "AWS::S3::Bucket": buckets}
    return {
        "Resources": {
            logical_id: {"Properties": under[resource["Type"]]}
            for logical_id, resource in so_far["Resources"].items()
            if resource.get("Type") in under
        }
    }
