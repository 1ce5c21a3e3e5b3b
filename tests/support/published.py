"""The registry data of infra/registry/, as the domain reads it: calendar, organisation codes, items, procedures.

Documents are read anew at each call where a test may change them.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.domain import item
from chalicelib.domain.calendar import Calendar, parse_year
from chalicelib.domain.item import Item

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "infra" / "registry"
PROCEDURES = ROOT / "chalicelib" / "procedures"

Table = dict[str, Any]


def read(path: Path) -> Table:
    """A TOML file as data."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def calendar() -> Calendar:
    """Every published year."""
    years = read(REGISTRY / "calendars.toml")["year"]
    return Calendar({int(year): parse_year(int(year), entry) for year, entry in years.items()})


def organisations() -> list[Table]:
    """The entries of the whole tree, samples included."""
    return [entry for name in ("organisations", "sample") for entry in read(REGISTRY / f"{name}.toml")["organisation"]]


def codes() -> list[str]:
    """The code of every organisation."""
    return [str(entry["code"]) for entry in organisations()]


def item_documents() -> list[Table]:
    """The documents of every item."""
    return [entry for file in sorted((REGISTRY / "items").glob("*.toml")) for entry in read(file)["item"]]


def item_document(id: str) -> Table:
    """The document of one item, a fresh copy."""
    return next(entry for entry in item_documents() if entry["id"] == id)


@cache
def published_item(id: str) -> Item:
    """One item as it is parsed, in version 1."""
    return item.parse(item_document(id), 1)


def procedure_table(name: str) -> Table:
    """The table of a procedure, a fresh copy to change."""
    return read(PROCEDURES / f"{name}.toml")
