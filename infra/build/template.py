"""The template that is deployed: composed, then translated into plain CloudFormation.

This module must not know what is in it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from chalice.app import Chalice

from infra.build import compose, emit
from infra.functions import functions_of

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv-build" / "bin"


def composed(app: Chalice, architecture: str | None = None) -> dict[str, Any]:
    """The SAM template of the whole stack."""
    return compose.stack(emit.template(app, architecture), functions_of(app))


def translated(sam: dict[str, Any]) -> dict[str, Any]:
    """The same as plain CloudFormation. Raises CalledProcessError, with the translator's words, for what it does not
    understand."""
    command = [str(TOOLS / "python"), str(Path(__file__).with_name("translate.py"))]
    region = {"AWS_DEFAULT_REGION": "cn-north-1"}  # it must have one; what it writes is the same in each
    done = subprocess.run(command, input=json.dumps(sam), stdout=subprocess.PIPE, text=True, env=region, check=True)
    template: dict[str, Any] = json.loads(done.stdout)
    return template
