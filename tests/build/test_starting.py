"""What a function loads when it starts: what it does, and not what the others do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from infra import stage
from infra.build import sdk
from infra.build.template import ROOT

LOADED = "import app, json, sys; print(json.dumps(sorted(sys.modules)))"


def loaded(handler: str) -> set[str]:
    """The modules of a process that loaded the app as the function with this handler."""
    environment = {**os.environ, **stage.variables("trial"), "_HANDLER": handler}
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def test_a_function_of_streams_or_schedules_loads_nothing_of_http() -> None:
    found = loaded("app.on_case_change")
    assert not [name for name in found if name.startswith(("chalicelib.http", "pydantic", "cryptography", "joserfc"))]
    assert "chalicelib.http.cases" in loaded("app.app")


def test_the_sdk_finds_what_it_needs_in_what_is_packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk.write(tmp_path)
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    session = boto3.Session("x", "x", region_name="cn-north-1")
    client = session.client("dynamodb")
    assert sorted(client.meta.service_model.operation_names) == sorted(sdk.OPERATIONS)
    assert client.meta.endpoint_url == "https://dynamodb.cn-north-1.amazonaws.com.cn"
    assert session.client("s3").meta.endpoint_url == "https://s3.cn-north-1.amazonaws.com.cn"
    assert session.client("dynamodbstreams").meta.endpoint_url == "https://streams.dynamodb.cn-north-1.amazonaws.com.cn"
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.json")) < 60_000


def test_what_is_packaged_of_the_sdk_suffices_for_every_policy() -> None:
    allowed = set()
    for policy in (ROOT / ".chalice").glob("policy-*.json"):
        for statement in json.loads(policy.read_text("utf-8"))["Statement"]:
            allowed |= {action.partition(":")[2] for action in statement["Action"] if action.startswith("dynamodb:")}
    of_streams = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
    assert allowed - of_streams <= set(sdk.OPERATIONS)
