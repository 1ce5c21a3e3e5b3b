"""The template of the stack, composed and translated once for a test process.

It is made in a process of its own: the app keeps the names that its environment had when it was imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.build.template import ROOT, TOOLS


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """build/template.json, without the zip and not linted. Skipped where the translator's environment is not there."""
    if not (TOOLS / "python").exists():
        pytest.skip("the translator is not there: make package prepares .venv-build")
    into = tmp_path_factory.mktemp("build")
    subprocess.run([sys.executable, "-m", "infra.build", "--template", "--into", str(into)], cwd=ROOT, check=True)
    return into / "template.json"


@pytest.fixture(scope="session")
def template(written: Path) -> dict[str, Any]:
    """The same as data, shared: whoever changes it copies it first."""
    parsed: dict[str, Any] = json.loads(written.read_text("utf-8"))
    return parsed
