"""One small local cloud for a test process, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from chalicelib.domain.calendar import SHANGHAI
from infra.local.cloud import LocalCloud
from tests.local import small

NINE = datetime(2026, 9, 30, 9, tzinfo=SHANGHAI)


@pytest.fixture(scope="session")
def running() -> Iterator[LocalCloud]:
    cloud = LocalCloud.start(NINE, app_factory=small.make_app, template=small.TEMPLATE, runs=False)
    yield cloud
    cloud.close()


@pytest.fixture
def cloud(running: LocalCloud) -> LocalCloud:
    running.reset(NINE)
    return running
