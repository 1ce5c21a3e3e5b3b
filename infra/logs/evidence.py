"""What a step of a log may carry for the rules: texts, numbers, lists and times under the names that rules read.

This module must not know columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from infra.logs.stamps import Stamp

Value = str | int | tuple[str, ...]
Evidence = Mapping[str, Value]
NOTHING: Evidence = {}
KINDS: Mapping[str, type] = {  # docs/glossary.md
    "reason": str, "remedy": str, "competent_authority": str, "result_number": str, "approver": str, "pause_class": str,
    "days": int, "on_site_staff": tuple, "seat": str, "to_organisation": str, "recorded_at": datetime,
}  # fmt: skip
_SEVERAL = re.compile(r"[,;、|]")


def value(name: str, text: str, stamp: Callable[[str], Stamp | None]) -> Value | None:
    """What `text` says under `name`; None for nothing, and for what is no such thing. `stamp` reads a time, which is
    kept in seconds."""
    kind = KINDS[name]
    if not text:
        return None
    if kind is int:
        return int(text) if text.isdecimal() else None
    if kind is tuple:
        return tuple(each.strip() for each in _SEVERAL.split(text) if each.strip())
    if kind is datetime:
        at = stamp(text)
        return int(at.last.timestamp()) if at else None
    return text
