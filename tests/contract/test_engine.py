"""The engine of this run is the one that its list of gaps was written for, and the list names nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.engines import Engine
from tests.contract.gaps import KNOWN, VERSIONS

ROOT = Path(__file__).parents[2]


def test_the_gaps_were_written_for_this_version(engine: Engine) -> None:
    assert engine.version == VERSIONS[engine.name]
    pins = (ROOT / "requirements-contract.txt").read_text(encoding="utf-8")
    assert f"ministack=={VERSIONS['ministack']}" in pins


def test_every_known_gap_names_a_check(request: pytest.FixtureRequest) -> None:
    checks = {item.name for item in request.session.items}
    assert [gap for engine in KNOWN.values() for gap in engine if gap not in checks] == []


def test_both_engines_are_asked_through_the_same_sdk() -> None:
    for name in ("boto3", "botocore"):
        (pin,) = {
            line.split()[0]
            for file in ("requirements-dev.txt", "requirements-contract.txt")
            for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
            if line.startswith(f"{name}==")
        }
        assert pin.partition("==")[2]
