"""The stack as `make package` wrote it, stood up in an account: template and zip are taken as they are.

This module must not know what the platform does.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.build.__main__ import TEMPLATE
from infra.build.emit import ZIP
from infra.local.issuer import AUDIENCE
from tests.e2e.account import NUMBER, Account
from tests.support.ministack import REGION

CODE = f"zhongshu-code-{NUMBER}-{REGION}"
KEYS = {"INDEX_KEYS": f"1:{'01' * 32}", "RECEIPT_KEY": "02" * 32, "RATING_KEY": "03" * 32}
_SETTLED_WITHIN_SECONDS = 120
Resource = Mapping[str, Any]  # of a template


@dataclass(frozen=True, slots=True)
class Package:
    """What was built: the two files, the SHA-256 of the zip, and the address of the template in the account."""

    template: bytes
    code: bytes
    total: str
    url: str

    @property
    def resources(self) -> Mapping[str, Any]:
        """Those of the template by logical id."""
        found: Mapping[str, Any] = json.loads(self.template)["Resources"]
        return found


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


def template_of(stack: Stack) -> str:
    """The template that it was made from, as CloudFormation keeps it."""
    found = stack.account.client("cloudformation").get_template(StackName=stack.name)["TemplateBody"]
    return found if isinstance(found, str) else json.dumps(found)


def upload(account: Account, built: Path, can_be_made: Callable[[Resource], bool]) -> Package:
    """The zip and the template under the zip's own sum, in the bucket for packages (docs/operations.md, "Deploy"); the
    template as it is, or without what cannot be made."""
    storage = account.client("s3")
    template, code = _only(can_be_made, (built / TEMPLATE).read_bytes()), (built / ZIP).read_bytes()
    total = hashlib.sha256(code).hexdigest()
    storage.create_bucket(Bucket=CODE, CreateBucketConfiguration={"LocationConstraint": REGION})
    storage.put_object(Bucket=CODE, Key=f"{total}.zip", Body=code)
    storage.put_object(Bucket=CODE, Key=f"{total}.json", Body=template)
    return Package(template, code, total, f"{account.server.url}/{CODE}/{total}.json")


def deploy(account: Account, package: Package, stage: str, **options: str) -> Stack:
    """The stack of a new stage with keys of its own, once CloudFormation has settled, whether it stands or not.
    `options`: parameters that are not as they are by default."""
    keys = account.client("secretsmanager").create_secret(Name=_secret(stage), SecretString=json.dumps(KEYS))
    parameters = {
        "Stage": stage,
        "CodeBucket": CODE,
        "CodeKey": f"{package.total}.zip",
        "KeysSecret": _secret(stage),
        "KeysVersion": keys["VersionId"],
        "OidcIssuer": account.issuer.url,
        "OidcAudience": AUDIENCE,
        "OidcJwksUrl": account.issuer.jwks_url,
        "RatingPage": "https://rate.example.cn/",
    }
    return _changed(account, package, f"zhongshu-{stage}", "CREATE", {**parameters, **options})


def turn_key(stack: Stack, package: Package) -> Stack:
    """The stack with a second version of the key of the blind index beside the first."""
    name = _secret(stack.name.removeprefix("zhongshu-"))
    keys = KEYS | {"INDEX_KEYS": f"{KEYS['INDEX_KEYS']},2:{'04' * 32}"}
    version = stack.account.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(keys))
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack.description["Parameters"]}
    changed = {**parameters, "KeysVersion": version["VersionId"]}
    return _changed(stack.account, package, stack.name, "UPDATE", changed)


def why(stack: Stack) -> str:
    """What CloudFormation says of the resources that it could not make, for a test that fails."""
    events = stack.account.client("cloudformation").describe_stack_events(StackName=stack.description["StackId"])
    failed = [each for each in events["StackEvents"] if each["ResourceStatus"].endswith("_FAILED")]
    return "\n".join(f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in failed)


def delete(stack: Stack) -> Mapping[str, Any]:
    """Delete a stack; how CloudFormation describes it when that is over."""
    stack.account.client("cloudformation").delete_stack(StackName=stack.name)
    return _settled(stack.account, stack.description["StackId"], "DELETE")


def _only(can_be_made: Callable[[Resource], bool], template: bytes) -> bytes:
    parsed = json.loads(template)
    left = {name: each for name, each in parsed["Resources"].items() if can_be_made(each)}
    return template if left == parsed["Resources"] else json.dumps(parsed | {"Resources": left}).encode()


def _secret(stage: str) -> str:
    return f"zhongshu/{stage}/keys"


def _changed(account: Account, package: Package, name: str, kind: str, parameters: Mapping[str, str]) -> Stack:
    """By way of a change set, as `aws cloudformation deploy` does it."""
    begun, stacks = time.monotonic(), account.client("cloudformation")
    made = stacks.create_change_set(
        StackName=name,
        ChangeSetName=f"{kind.lower()}-1",
        ChangeSetType=kind,
        TemplateURL=package.url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    stacks.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})
    stacks.execute_change_set(ChangeSetName=made["Id"])
    return Stack(account, name, _settled(account, made["StackId"], kind), time.monotonic() - begun)


def _settled(account: Account, stack_id: str, kind: str) -> Mapping[str, Any]:
    end = time.monotonic() + _SETTLED_WITHIN_SECONDS
    while True:
        found: Mapping[str, Any] = account.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]
        status = found["StackStatus"]
        if status.startswith((kind, "ROLLBACK")) and not status.endswith("_IN_PROGRESS"):
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{stack_id} is still {status}")
        time.sleep(0.1)
