"""The stack as `make package` wrote it, stood up in an account: template and zip are taken as they are.

This module must not know what the platform does.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.build.__main__ import TEMPLATE
from infra.build.emit import ZIP
from infra.local.issuer import AUDIENCE
from tests.e2e.account import NUMBER, Account
from tests.support.ministack import REGION

CODE_BUCKET, KEYS_SECRET = "zhongshu-code", "zhongshu/keys"
KEYS = {"INDEX_KEYS": f"1:{'01' * 32}", "RECEIPT_KEY": "02" * 32, "RATING_KEY": "03" * 32}
_SETTLED_WITHIN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Package:
    """What was built: the two files' contents, and where they and the keys lie in the account."""

    template: bytes
    code: bytes
    parameters: Mapping[str, str]
    url: str

    @property
    def resources(self) -> Mapping[str, Any]:
        """Those of the template by logical id."""
        found: Mapping[str, Any] = json.loads(self.template)["Resources"]
        return found

    @property
    def sha256(self) -> bytes:
        """Of the zip."""
        return hashlib.sha256(self.code).digest()


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that stands: its name, which is zhongshu-<stage>, and how CloudFormation described it."""

    account: Account
    name: str
    description: Mapping[str, Any]
    seconds: float

    @property
    def outputs(self) -> Mapping[str, str]:
        """What it gave out, by key."""
        return {each["OutputKey"]: each["OutputValue"] for each in self.description.get("Outputs", ())}

    def path(self, api_stage: str) -> str:
        """The path under which its API gateway answers at the account's server."""
        return f"/_aws/execute-api/{self.outputs['RestAPIId']}/{api_stage}"

    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """What CloudFormation says of each resource, by logical id."""
        found = self.account.client("cloudformation").describe_stack_resources(StackName=self.name)
        return {each["LogicalResourceId"]: each for each in found["StackResources"]}

    def of_type(self, kind: str) -> list[str]:
        """The logical ids of its resources of a type such as "DynamoDB::Table"."""
        return [name for name, each in self.resources().items() if each["ResourceType"] == f"AWS::{kind}"]

    def physical(self, logical_id: str) -> str:
        """What a resource was named."""
        name: str = self.resources()[logical_id]["PhysicalResourceId"]
        return name

    def run_schedule(self, function: str) -> Mapping[str, Any]:
        """Lambda's answer to the event that EventBridge sends to a function of this name now."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rule = f"arn:aws:events:{REGION}:{NUMBER}:rule/{function}"
        event = {"version": "0", "id": function, "detail-type": "Scheduled Event", "source": "aws.events",
                 "account": NUMBER, "time": now, "region": REGION, "resources": [rule], "detail": {}}  # fmt: skip
        answer = self.account.client("lambda").invoke(
            FunctionName=f"{self.name}-{function}", Payload=json.dumps(event).encode()
        )
        return {**answer, "Payload": json.loads(answer["Payload"].read())}

    def log(self, function: str) -> list[str]:
        """The lines that a function wrote, and Lambda of it."""
        group = f"/aws/lambda/{self.name}-{function}"
        pages = self.account.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [line for page in pages for event in page["events"] for line in event["message"].splitlines()]


def upload(account: Account, built: Path) -> Package:
    """What is done once an account before the first stack (docs/operations.md): code, template and keys lie there."""
    storage = account.client("s3")
    template, code = (built / TEMPLATE).read_bytes(), (built / ZIP).read_bytes()
    key = f"functions-{hashlib.sha256(code).hexdigest()}.zip"
    storage.create_bucket(Bucket=CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    storage.put_object(Bucket=CODE_BUCKET, Key=key, Body=code)
    storage.put_object(Bucket=CODE_BUCKET, Key=TEMPLATE, Body=template)
    secret = account.client("secretsmanager").create_secret(Name=KEYS_SECRET, SecretString=json.dumps(KEYS))
    parameters = {
        "CodeBucket": CODE_BUCKET,
        "CodeKey": key,
        "KeysSecret": KEYS_SECRET,
        "KeysVersion": secret["VersionId"],
        "OidcIssuer": account.issuer.url,
        "OidcAudience": AUDIENCE,
        "OidcJwksUrl": account.issuer.jwks_url,
        "RatingPage": "https://rate.example.cn/",
    }
    return Package(template, code, parameters, f"{account.server.url}/{CODE_BUCKET}/{TEMPLATE}")


def deploy(account: Account, package: Package, stage: str, **options: str) -> Stack:
    """The stack of a stage, once CloudFormation has settled, whether it stands or not. `options`: parameters that are
    not as they are by default."""
    begun, name = time.monotonic(), f"zhongshu-{stage}"
    parameters = {**package.parameters, **options, "Stage": stage}
    made = account.client("cloudformation").create_stack(
        StackName=name,
        TemplateURL=package.url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    found = _settled(account, made["StackId"])
    return Stack(account, name, found, time.monotonic() - begun)


def template_of(stack: Stack) -> str:
    """The template that it was made from, as CloudFormation keeps it."""
    found = stack.account.client("cloudformation").get_template(StackName=stack.name)["TemplateBody"]
    return found if isinstance(found, str) else json.dumps(found)


def why(stack: Stack) -> str:
    """What CloudFormation says of the resources that it could not make, for a test that fails."""
    events = stack.account.client("cloudformation").describe_stack_events(StackName=stack.description["StackId"])
    failed = [each for each in events["StackEvents"] if each["ResourceStatus"].endswith("_FAILED")]
    return "\n".join(f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in failed)


def delete(stack: Stack) -> Mapping[str, Any]:
    """Delete a stack; how CloudFormation describes it when that is over."""
    stack.account.client("cloudformation").delete_stack(StackName=stack.name)
    return _settled(stack.account, stack.description["StackId"])


def _settled(account: Account, stack_id: str) -> Mapping[str, Any]:
    end = time.monotonic() + _SETTLED_WITHIN_SECONDS
    while True:
        found: Mapping[str, Any] = account.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{stack_id} is still {found['StackStatus']}")
        time.sleep(0.1)
