"""Schedule expressions, and what runs when the clock jumps."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.local.cloud import LocalCloud
from infra.local.schedules import parse


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "until", "due"),
    [
        ("rate(5 minutes)", "2026-09-30 01:00", "2026-09-30 01:04", False),
        ("rate(5 minutes)", "2026-09-30 01:04", "2026-09-30 01:05", True),
        ("rate(1 day)", "2026-09-30 01:00", "2026-10-01 00:00", True),
        ("cron(0 18 ? * MON-FRI *)", "2026-09-30 17:59", "2026-09-30 18:00", True),
        ("cron(0 18 ? * MON-FRI *)", "2026-09-30 18:00", "2026-09-30 23:59", False),
        ("cron(0 18 ? * MON-FRI *)", "2026-10-03 00:00", "2026-10-04 23:59", False),
        ("cron(0/15 8-10 1 JAN,JUL ? *)", "2026-07-01 10:30", "2026-07-01 10:44", False),
        ("cron(0/15 8-10 1 JAN,JUL ? *)", "2026-07-01 10:44", "2026-07-01 10:45", True),
        ("cron(0 0 1 1 ? 2028)", "2026-01-01 00:00", "2027-12-31 23:59", False),
    ],
)
def test_a_schedule_fires_when_its_expression_says(expression: str, after: str, until: str, due: bool) -> None:
    assert parse(expression)(at(after), at(until)) is due


@pytest.mark.parametrize("expression", ["rate(5)", "every(5 minutes)", "cron(0 18 * *)", "cron(61 * * * ? *)"])
def test_an_expression_that_eventbridge_would_refuse_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"neither|between"):
        parse(expression)


def test_an_unknown_schedule_is_answered_with_the_known_ones(cloud: LocalCloud) -> None:
    refused = cloud.request("POST", "/_local/schedules/none")
    assert refused.status == 404
    assert "sweep, nightly" in refused.json()["text"]["en"]
