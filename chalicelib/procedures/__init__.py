"""The procedures (办理程序), one table a file, checked strictly when they are loaded.

A case pins a version; a table that was in force is never edited, its successor gets a file of its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalicelib.domain.procedure import Procedure
from chalicelib.domain.procedure_table import parse
from chalicelib.errors import BrokenDefinition


@cache
def all_procedures() -> Mapping[str, Procedure]:
    """Every procedure by `name@version`; BrokenDefinition names file and place of what does not hold."""
    found: dict[str, Procedure] = {}
    for file in sorted(Path(__file__).parent.glob("*.toml")):
        try:
            procedure = parse(tomllib.loads(file.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, BrokenDefinition) as error:
            raise BrokenDefinition(f"{file.name}: {error}") from error
        if procedure.ref in found:
            raise BrokenDefinition(f"{file.name}: {procedure.ref} stands in another file too")
        found[procedure.ref] = procedure
    return found
