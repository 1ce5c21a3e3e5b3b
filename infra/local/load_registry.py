"""Loads the registry of infra/registry/ through the ordinary door: organisations, items, calendars, answers, staff.

Every entry is a PUT with a token that may publish, so what is loaded is checked like anything published later. This
module must not write to tables.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from chalicelib.domain.calendar import Calendar, parse_year

REGISTRY = Path(__file__).parents[1] / "registry"
PUBLISHER = {"sub": "registry-loader", "kind": "system"}

Put = Callable[[str, dict[str, Any]], None]


def entries() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entry's path and document, in the order in which they can be published."""
    organisations = [*_read("organisations.toml")["organisation"], *_read("sample.toml")["organisation"]]
    for document in sorted(organisations, key=lambda o: (o["level"] == "window", len(o["code"]), _above_first(o))):
        yield f"/v1/organisations/{document.pop('code')}", document
    for year, document in _read("calendars.toml")["year"].items():
        yield f"/v1/calendars/{year}", document
    for file in sorted((REGISTRY / "items").glob("*.toml")):
        for document in tomllib.loads(file.read_text(encoding="utf-8"))["item"]:
            yield f"/v1/items/{document.pop('id')}", document
    for document in _read("knowledge.toml")["knowledge"]:
        yield f"/v1/knowledge/{document.pop('id')}", document
    for document in _read("sample.toml")["staff"]:
        yield f"/v1/staff/{document.pop('id')}", document


def centres() -> Iterator[tuple[str, dict[str, Any]]]:
    """The same of sample progress of centres: a run shows it, and what computes with it has years to go through."""
    for document in _read("centres.toml")["centre"]:
        yield f"/v1/centres/{document.pop('code')}", document


def load(put: Put) -> int:
    """Publishes every entry by `put(path, document)`; gives their number."""
    number = 0
    for path, document in entries():
        put(path, document)
        number += 1
    return number


def published_calendar() -> Calendar:
    """The years of infra/registry/calendars.toml as the platform counts by them."""
    years = _read("calendars.toml")["year"].items()
    return Calendar({int(year): parse_year(int(year), document) for year, document in years})


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((REGISTRY / name).read_text(encoding="utf-8"))


def _above_first(organisation: dict[str, Any]) -> int:
    return ["province", "city", "county", "station", "window"].index(organisation["level"])
