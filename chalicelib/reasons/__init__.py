"""What a rating may tick (评价详情), as data: one version a file, checked strictly when it is loaded.

A rating pins the version that it was given under. What follows from a tick is for nobody to say here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalicelib.definitions import read
from chalicelib.domain.rating import Reason
from chalicelib.domain.rating_reasons import reasons_of
from chalicelib.errors import BrokenDefinition


@cache
def all_reasons() -> Mapping[int, Mapping[str, Reason]]:
    """The reasons by code, by version; BrokenDefinition names file and place of what does not hold."""
    found: dict[int, Mapping[str, Reason]] = {}
    for file in sorted(Path(__file__).parent.glob("v*.toml")):
        version, reasons = read(file, reasons_of)
        if file.stem != f"v{version}":
            raise BrokenDefinition(f"{file.name}: it says that it is version {version}")
        found[version] = reasons
    return found


def current() -> tuple[int, Mapping[str, Reason]]:
    """The newest version, and its reasons by code."""
    version = max(all_reasons())
    return version, all_reasons()[version]
