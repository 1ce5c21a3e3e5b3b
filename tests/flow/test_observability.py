"""What operations see of the door, and the settings it starts with."""

from __future__ import annotations

import io
import json

import pytest
from chalice import Chalice

from chalicelib import observability, settings
from tests.support.issuing import (
    AUDIENCE,
    ISSUER,
    NOW,
)
from tests.support.small_app import (
    change,
)


def test_an_unexpected_fault_tells_a_reference_only_and_the_log_tells_no_personal_data(
    app: Chalice, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, body = change(app, "broken")
    assert (status, body["code"], body["reference"]) == (500, "internal", "request-1")
    fault, line = (json.loads(each) for each in log.getvalue().splitlines())
    assert fault["request_id"] == "request-1"
    assert "small_app.py" in fault["exception"]
    assert "KeyError" in fault["exception"]
    assert "张" not in log.getvalue()
    assert "330106199001011234" not in log.getvalue()
    assert (line["status"], line["code"]) == (500, "internal")
    assert '"UnexpectedErrors": 1' in capsys.readouterr().out


def test_an_answer_that_is_not_declared_is_a_fault(app: Chalice) -> None:
    assert change(app, "undeclared")[0] == 500


def test_a_request_leaves_one_line_of_listed_fields(app: Chalice, log: io.StringIO) -> None:
    change(app, name="%E5%BC%A0")
    line = json.loads(log.getvalue())
    assert line["message"] == "request"
    assert line["route"] == "/v1/things/{name}/actions"
    assert (line["status"], line["code"], line["kind"]) == (200, "ok", "staff")
    frame = {"level", "location", "message", "timestamp", "service"}
    assert set(line) - frame <= observability.FIELDS
    with pytest.raises(ValueError, match="not loggable"):
        observability.note(name="张三")


def test_only_catalogued_metrics_can_be_counted(capsys: pytest.CaptureFixture[str]) -> None:
    observability.count("StepsTaken", NOW, 2, action="accept")
    line = json.loads(capsys.readouterr().out)
    assert line["StepsTaken"] == 2
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stage", "action"]]
    assert line["_aws"]["Timestamp"] == NOW.timestamp() * 1000
    wrong: list[tuple[str, dict[str, str]]] = [
        ("Unknown", {}),
        ("StepsTaken", {}),
        ("TokensRefused", {"org": "33"}),
    ]
    for name, dimensions in wrong:
        with pytest.raises(ValueError, match="no metric"):
            observability.count(name, NOW, 1, **dimensions)
    with pytest.raises(ValueError, match="aware"):
        observability.count("TokensRefused", NOW.replace(tzinfo=None))


ENVIRONMENT = {
    "STAGE": "test",
    "CASES_TABLE": "cases",
    "DOSSIERS_TABLE": "dossiers",
    "REQUESTS_TABLE": "requests",
    "REGISTRY_TABLE": "registry",
    "ORDERS_TABLE": "orders",
    "FINDINGS_TABLE": "findings",
    "DEADLINES_TABLE": "deadlines",
    "FACTS_TABLE": "facts",
    "DIRTY_TABLE": "dirty",
    "DAYS_TABLE": "days",
    "CELLS_TABLE": "cells",
    "INDICES_TABLE": "indices",
    "FORECASTS_TABLE": "forecasts",
    "QUARANTINE_TABLE": "quarantine",
    "CONVERSATIONS_TABLE": "conversations",
    "RATINGS_TABLE": "ratings",
    "LAKE_BUCKET": "lake",
    "REPORTS_BUCKET": "reports",
    "OIDC_ISSUER": ISSUER,
    "OIDC_AUDIENCE": AUDIENCE,
    "OIDC_JWKS_URL": "https://id.example.cn/jwks",
    "INDEX_KEYS": f"1:{'0a' * 32},2:{'0b' * 32}",
    "RECEIPT_KEY": "0c" * 32,
    "RATING_KEY": "0d" * 32,
    "RATING_PAGE": "https://hub.example.cn/rate",
}


def test_settings_are_read_from_the_environment_and_keys_are_not_shown() -> None:
    found = settings.load(ENVIRONMENT)
    assert (found.stage, found.index_key_version) == ("test", 2)
    assert found.index_keys == {1: b"\x0a" * 32, 2: b"\x0b" * 32}
    assert "0c0c" not in repr(found)
    assert "\\x0c" not in repr(found)
    assert "\\x0d" not in repr(found)
    assert not found.default_rating


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_setting_is_named(name: str) -> None:
    for value in ({}, {name: "  "}):
        with pytest.raises(settings.BadSetting, match=name):
            settings.load({**{k: v for k, v in ENVIRONMENT.items() if k != name}, **value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_JWKS_URL", "http://id.example.cn/jwks"),
        ("OIDC_JWKS_URL", "file:///etc/passwd"),
        ("RECEIPT_KEY", "0c" * 31),
        ("RECEIPT_KEY", "zz" * 32),
        ("RATING_KEY", "0d" * 31),
        ("RATING_PAGE", "http://hub.example.cn/rate"),
        ("DEFAULT_RATING", "yes"),
        ("INDEX_KEYS", "0a" * 32),
        ("INDEX_KEYS", f"0:{'0a' * 32}"),
        ("INDEX_KEYS", f"1:{'0a' * 32},1:{'0b' * 32}"),
        ("INDEX_KEYS", "1:abc"),
    ],
)
def test_a_setting_that_is_not_understood_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(settings.BadSetting, match=name) as caught:
        settings.load({**ENVIRONMENT, name: value})
    assert value not in str(caught.value)
