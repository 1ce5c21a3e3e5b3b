"""Cursors: where a list goes on, in a form that clients pass back and do not read.

A cursor holds a position only, never the scope: organisation and person come with each request, so a forged cursor
can do no more than start elsewhere in what one may see anyway. This module must not read tables.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from chalicelib.http.words import invalid

_BEYOND = 10**30  # a table holds 38 digits


def encode(position: Mapping[str, Any] | None) -> str | None:
    """The cursor for a position; None where the list ends."""
    if position is None:
        return None
    text = json.dumps(position, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(
    cursor: str | None,
    fields: Mapping[str, type],
    within: tuple[str, datetime, datetime] | None = None,
    blank: Collection[str] = (),
) -> dict[str, Any] | None:
    """The position in a cursor, if it has exactly `fields` of these types, no text empty but those of `blank` and no
    number beyond what a table holds; `within` names a field of epoch milliseconds and the two instants between which it
    must lie, as the list that it goes on does. InvalidInput otherwise."""
    if cursor is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _refused() from error
    sound = isinstance(position, dict) and {k: type(v) for k, v in position.items()} == dict(fields)
    if not sound or not all(_holds(v) or (v == "" and k in blank) for k, v in position.items()):
        raise _refused()
    if within and not _ms(within[1]) <= position[within[0]] <= _ms(within[2]):
        raise _refused()
    return dict(position)


def _holds(value: Any) -> bool:
    return 0 <= value < _BEYOND if isinstance(value, int) else bool(value)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _refused() -> Exception:
    return invalid(
        "cursor",
        "unknown_cursor",
        "游标无效，请使用上一页返回的 next",
        "pass back the `next` of the page before, unchanged",
    )
