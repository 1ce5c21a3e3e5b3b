"""Stands a template up in moto's CloudFormation: `.venv-build/bin/python tests/build/standing.py template.json zip`.

Prints JSON: what moto cannot make, by type; what stands, by logical id; and what a function was given. It runs in the
environment of the build, where moto has what its CloudFormation needs; it must import nothing of the platform.
"""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws
from moto.cloudformation.parsing import get_model_map

REGION = "cn-north-1"
# What moto has under these names is something else: it would run the functions, and reads no routes from a definition.
NOT_MEANT = {"AWS::Lambda::EventSourceMapping", "AWS::ApiGateway::Deployment"}
KEYS = "zhongshu/trial/keys"
PARAMETERS = {
    "Stage": "trial",
    "CodeBucket": "code",
    "CodeKey": "functions.zip",
    "KeysSecret": KEYS,
    "KeysVersion": "00000000-0000-4000-8000-000000000000",
    "OidcIssuer": "https://issuer.invalid",
    "OidcAudience": "zhongshu",
    "OidcJwksUrl": "https://issuer.invalid/jwks.json",
    "RatingPage": "https://pages.invalid/rate",
    "Firewall": "on",
    "ApiKeys": "on",
}


def client(service: str) -> Any:
    """A client of moto's cloud."""
    return boto3.client(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")


def main(template: dict[str, Any], code: bytes) -> dict[str, Any]:
    """Stand it up; gives what the tests look at."""
    can = set(get_model_map()) - NOT_MEANT
    left = {name: each["Type"] for name, each in template["Resources"].items() if each["Type"] not in can}
    kept = {name: each for name, each in template["Resources"].items() if name not in left}
    with mock_aws():
        client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
        client("s3").put_object(Bucket="code", Key="functions.zip", Body=code)
        client("cloudformation").create_stack(
            StackName="zhongshu-trial",
            TemplateBody=json.dumps(template | {"Resources": kept}),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        made = client("cloudformation").describe_stack_resources(StackName="zhongshu-trial")["StackResources"]
        tables = client("dynamodb").list_tables()["TableNames"]
        functions = [each["FunctionName"] for each in client("lambda").list_functions()["Functions"]]
        given = client("lambda").get_function_configuration(FunctionName="zhongshu-trial-api_handler")
        rules = {rule["ScheduleExpression"] for rule in client("events").list_rules()["Rules"]}
    return {
        "not made": left,
        "standing": {each["LogicalResourceId"]: each["ResourceStatus"] for each in made},
        "tables": sorted(tables),
        "functions": sorted(functions),
        "variables": given["Environment"]["Variables"],
        "schedules": sorted(rules),
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]).read_bytes())))
