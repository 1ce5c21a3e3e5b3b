"""Counts and rows as they are kept: one compressed canonical text, the same of the same. This module must not know
what they count."""

from __future__ import annotations

import json
import zlib
from typing import Any

_LEVEL = 9


def pack(content: Any) -> bytes:
    """JSON with sorted keys, compressed."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return zlib.compress(text.encode(), _LEVEL)


def unpack(data: bytes) -> Any:
    """What was packed."""
    return json.loads(zlib.decompress(data))
