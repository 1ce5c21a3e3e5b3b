"""The table of what a rating may tick, read strictly. This module must not know where the tables are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.item import Text
from chalicelib.domain.rating import Reason, Service
from chalicelib.errors import BrokenDefinition


def reasons_of(data: Mapping[str, Any]) -> tuple[int, Mapping[str, Reason]]:
    """Version and reasons from their table; BrokenDefinition names the place of whatever does not hold."""
    version, entries = data.get("version"), data.get("reasons")
    if set(data) != {"version", "reasons"} or type(version) is not int or not isinstance(entries, list):
        raise BrokenDefinition("reasons: a version and a list of tables [[reasons]] are needed, and nothing else")
    found: dict[str, Reason] = {}
    for number, entry in enumerate(entries, start=1):
        place = f"reasons[{number}]"
        if set(entry) != {"code", "service", "zh", "en"} or not all(entry.values()):
            raise BrokenDefinition(f"{place}: code, service, zh and en are needed, and nothing else")
        if not re.fullmatch(r"[a-z_]{1,40}", entry["code"]) or entry["code"] in found:
            raise BrokenDefinition(f"{place}.code: a name of its own is needed")
        if entry["service"] not in tuple(Service):
            raise BrokenDefinition(f"{place}.service: {entry['service']!r} is not one of {', '.join(Service)}")
        found[entry["code"]] = Reason(entry["code"], Service(entry["service"]), Text(entry["zh"], entry["en"]))
    return version, found
