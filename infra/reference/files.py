"""The generated files on disk: which differ from what is wanted, and putting them right.

Everything in the folder of the reference is generated; what is not wanted there is left over. This module must not know
what the files say.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.reference.pages import FOLDER


def different(docs: Path, wanted: Mapping[str, str]) -> list[str]:
    """The paths under `docs` of the files that differ from what is wanted, are missing, or are left over."""
    present = {path.relative_to(docs).as_posix() for path in (docs / FOLDER).rglob("*") if path.is_file()}
    return sorted(path for path in present | set(wanted) if _text(docs / path) != wanted.get(path))


def write(docs: Path, wanted: Mapping[str, str]) -> None:
    """Make the files what is wanted."""
    for path in different(docs, wanted):
        file = docs / path
        if path not in wanted:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wanted[path], encoding="utf-8")


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.is_file() else None
