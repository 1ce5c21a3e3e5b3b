"""The functions that the app declares, and what is watched of them at a place.

They are asked for in a process of their own: to load the app is to take the settings of a stage, and those of this
process belong to the local cloud that a test of it runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

from infra import stage
from infra.functions import Function, Trigger
from infra.watch.watched import Place, watched

PLACE = Place("prod", "cn-north-1", "123456789012", "aws-cn")
_ASK = """
import json
from dataclasses import asdict
from app import app
from infra.functions import functions_of
print(json.dumps([asdict(one) for one in functions_of(app)]))
"""


@cache
def functions() -> tuple[Function, ...]:
    """As the stack has them."""
    told = subprocess.run(
        [sys.executable, "-c", _ASK],
        env={**os.environ, **stage.variables("declared", PLACE.account)},
        capture_output=True,
        check=True,
        text=True,
    )
    return tuple(Function(**{**one, "trigger": Trigger(one["trigger"])}) for one in json.loads(told.stdout))


WATCHED = watched(functions())
