"""What a function loads when it starts: what it does, and not what the others do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra import stage
from infra.build import sdk, zipping
from infra.build.template import ROOT

LOADED = "import app, json, sys; {then}; print(json.dumps(sorted(sys.modules)))"
DECLARED = """
import app, json
print(json.dumps([app.DOORS, {name: sorted({each.path for each in app.door(name).operations}) for name in app.DOORS}]))
"""


# How many modules a process has loaded at most when the app is loaded: what it has now, and a few.
MOST = {"app.app": 555, "app.on_case_change": 495, "app.on_fact": 455, "app.sweep_deadlines": 180}


def told(program: str, handler: str) -> Any:
    """What a process says that is started as the function with this handler."""
    environment = {**os.environ, **stage.variables("trial", "not-used"), "_HANDLER": handler}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def loaded(handler: str, then: str = "pass") -> set[str]:
    """The modules of a process that loaded the app as the function with this handler, and did this."""
    return set(told(LOADED.format(then=then), handler))


def test_a_function_of_streams_or_schedules_loads_nothing_of_http() -> None:
    found = loaded("app.on_case_change")
    assert not [name for name in found if name.startswith(("chalicelib.http", "pydantic", "cryptography", "joserfc"))]
    assert "chalicelib.reactions.watching" in found, "what a stream sets off is loaded while its function starts"


@pytest.mark.parametrize("handler", MOST)
def test_a_function_starts_with_what_it_needs(handler: str) -> None:
    assert len(loaded(handler)) <= MOST[handler]


def test_what_is_asked_loads_its_own_door_and_no_other() -> None:
    doors = {f"chalicelib.http.{name}" for name in told(DECLARED, "app.app")[0]}
    assert loaded("app.app") & doors == {"chalicelib.http.cases"}
    step = "app.app.routes['/v1/cases/{case_id}/actions/{action}']['POST']"
    assert loaded("app.app", step) == loaded("app.app")
    others = {"chalicelib.http.filing", "chalicelib.http.orders", "chalicelib.http.results"}
    assert loaded("app.app", "app.app.routes['/v1/orders']['POST']") & doors - {"chalicelib.http.cases"} == others


def test_every_door_is_found_by_its_paths_and_by_no_other() -> None:
    beginnings, paths = told(DECLARED, "app.app")
    for name, begins in beginnings.items():
        assert [path for path in paths[name] if not path.startswith(tuple(begins))] == [], name
        assert [each for each in begins if not any(path.startswith(each) for path in paths[name])] == [], name


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


USED = """
from datetime import date
import importlib, io, json, pkgutil, sys, sysconfig
import app, chalicelib, segno, xlsxwriter
from chalicelib.domain import identifiers
for each in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
    importlib.import_module(each.name)
identifiers.phone("13800138000"), identifiers.phone("+12025550123")
identifiers.resident_id("11010519491231002X", date(2026, 3, 2)), identifiers.social_credit_code("91330203MA2AF00007")
segno.make("x").save(io.BytesIO(), kind="svg")
book = xlsxwriter.Workbook(io.BytesIO(), {"in_memory": True})
book.add_worksheet().write(0, 0, 1)
book.close()
site = sysconfig.get_path("purelib") + "/"
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
print(json.dumps([file.removeprefix(site) for file in files if file.startswith(site)]))
"""


def test_nothing_that_functions_load_is_left_out_of_the_zip() -> None:
    environment = {**os.environ, **stage.variables("trial", "not-used")}
    done = subprocess.run([sys.executable, "-c", USED], cwd=ROOT, env=environment, check=True, capture_output=True)
    used = json.loads(done.stdout)
    assert "phonenumbers/phonenumberutil.py" in used
    assert [file for file in used if any(re.fullmatch(pattern, file) for pattern in zipping.LEFT_OUT)] == []
