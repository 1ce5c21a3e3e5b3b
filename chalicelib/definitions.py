"""Definitions that are data (TOML) and lie beside the module that knows them, read once a process.

In the zip that functions run from, each table has the same as JSON beside it (infra/build/zipping.py), which is read in
a twentieth of the time. This module must not know what is defined.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from chalicelib.errors import BrokenDefinition

COMPILED = ".json"  # is added to the name of the table
T = TypeVar("T")


def read(file: Path, parse: Callable[[Mapping[str, Any]], T]) -> T:
    """What `parse` makes of the table in `file`; BrokenDefinition names the file and what does not hold there. Days and
    times are text in a table, so that JSON holds it too."""
    try:
        return parse(_table(file))
    except BrokenDefinition as error:
        raise BrokenDefinition(f"{file.name}: {error}") from error


def _table(file: Path) -> dict[str, Any]:
    compiled = file.with_name(file.name + COMPILED)
    if compiled.is_file():
        table: dict[str, Any] = json.loads(compiled.read_bytes())
        return table
    import tomllib  # which the zip has no need of

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BrokenDefinition(str(error)) from error
