"""The construction plan of centres (中心建设方案) as data: stages, tasks and dated targets.

A version that reports were published under is never edited: facts were made with it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chalicelib.definitions import read
from chalicelib.domain.construction import Plan, parse_plan
from chalicelib.errors import BrokenDefinition


@cache
def plan() -> Plan:
    """The newest version; BrokenDefinition names the file and place of what does not hold."""
    by_version = {int(file.stem.rpartition("-")[2]): file for file in Path(__file__).parent.glob("*.toml")}
    file = by_version[max(by_version)]
    found = read(file, parse_plan)
    if file.stem != f"{found.name}-{found.version}":
        raise BrokenDefinition(f"{file.name}: it calls itself {found.name}-{found.version}")
    return found
