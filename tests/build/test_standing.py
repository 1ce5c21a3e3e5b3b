"""The template that is deployed, stood up in moto's CloudFormation: it resolves, and it makes what it says."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from infra.build.template import TOOLS

NOT_MADE = {  # by moto 5.2.5: a type that it learns, or one more that it does not know, is to be noticed
    "AWS::ApiGateway::Deployment": 1,
    "AWS::ApiGateway::Stage": 1,
    "AWS::ApiGateway::UsagePlan": 1,
    "AWS::Lambda::EventSourceMapping": 5,
    "AWS::S3::BucketPolicy": 2,
    "AWS::WAFv2::WebACL": 1,
    "AWS::WAFv2::WebACLAssociation": 1,
}


def test_it_stands(template: dict[str, Any], written: Path, tmp_path: Path) -> None:
    code = tmp_path / "functions.zip"
    with zipfile.ZipFile(code, "w") as zipped:
        zipped.writestr("app.py", "")
    command = [TOOLS / "python", Path(__file__).with_name("standing.py"), written, code]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert Counter(found["not made"].values()) == NOT_MADE
    assert found["standing"] == dict.fromkeys(template["Resources"].keys() - found["not made"], "CREATE_COMPLETE")
    assert len(found["tables"]) == _number(template, "AWS::DynamoDB::Table")
    assert all(name.startswith("zhongshu-trial-") for name in (*found["tables"], *found["functions"]))
    assert len(found["functions"]) == _number(template, "AWS::Lambda::Function")
    assert found["variables"]["CASES_TABLE"] == "zhongshu-trial-cases"
    assert found["variables"]["LAKE_BUCKET"].startswith("zhongshu-trial-lake-")
    assert found["variables"]["STAGE"] == "trial"
    assert "rate(1 minute)" in found["schedules"]


def _number(template: dict[str, Any], kind: str) -> int:
    return sum(resource["Type"] == kind for resource in template["Resources"].values())
