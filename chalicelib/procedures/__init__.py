"""The procedures (办理程序), one table a file, checked strictly when they are loaded.

A case pins a version; a table that was in force is never edited, its successor gets a file of its own:
`permit.toml` is permit@1, `permit_2.toml` permit@2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalicelib.definitions import read
from chalicelib.domain.procedure import Procedure
from chalicelib.domain.procedure_table import parse
from chalicelib.errors import BrokenDefinition

_HERE = Path(__file__).parent
_REF = re.compile(r"[a-z_]+@[1-9][0-9]?")


@cache
def procedure_of(ref: str) -> Procedure:
    """One procedure by `name@version`, and no other is read; KeyError where there is none. BrokenDefinition names
    file and place of what does not hold."""
    name, _, version = ref.rpartition("@")
    file = _HERE / (f"{name}.toml" if version == "1" else f"{name}_{version}.toml")
    if not _REF.fullmatch(ref) or not file.is_file():
        raise KeyError(ref)
    found = read(file, parse)
    if found.ref != ref:
        raise BrokenDefinition(f"{file.name}: it says {found.ref}")
    return found


@cache
def all_procedures() -> Mapping[str, Procedure]:
    """Every procedure by `name@version`; BrokenDefinition as `procedure_of` says."""
    return {ref: procedure_of(ref) for ref in (_ref(file) for file in sorted(_HERE.glob("*.toml")))}


def _ref(file: Path) -> str:
    name, _, version = file.stem.rpartition("_")
    return f"{name}@{version}" if version.isdigit() else f"{file.stem}@1"
