"""An event log in XES (IEEE 1849), read as a stream: traces are cases, their events are events.

An attribute is a column under its key, and the standard ones also under the name that they have in CSV (`ALIASES`), so
that one mapping serves both forms of a log. What is nested in an attribute, extensions, globals and classifiers are
passed by. This module must not know what a column means.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from sys import intern
from xml.parsers import expat

from infra.logs.rows import BadLog, Cells, Rows, Wanted

ALIASES = {
    "case_id": "concept:name",
    "activity": "concept:name",
    "timestamp": "time:timestamp",
    "resource": "org:resource",
    "org": "org:group",
    "lifecycle": "lifecycle:transition",
}
_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})


def read(path: Path, wanted: Wanted) -> Rows:
    """The log in a .xes or .xes.gz file; BadLog for what is no such thing and for a column that no trace or event
    has."""
    reader = _Reader(wanted)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = _no_entities
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as wrong:
        raise BadLog(f"{path}: it is no XES document: {wrong}") from wrong
    except _Refused as wrong:
        raise BadLog(f"{path}: {wrong}") from wrong
    except (gzip.BadGzipFile, zlib.error, EOFError) as wrong:
        raise BadLog(f"{path}: {wrong}") from wrong
    except ValueError as wrong:  # an encoding that the parser does not have
        raise BadLog(f"{path}: it cannot be read: {wrong}; write it in UTF-8") from wrong
    reader.require_columns(path)
    return reader.rows


class _Refused(Exception):  # noqa: N818  it says what is refused
    """What is no log; the message says why."""


def _no_entities(name: str, *_: object) -> None:
    raise _Refused(f"it declares the entity {name!r}; XES needs none, and such a file is not read")


class _Reader:
    """Follows the parser: which trace it is in, how deep, and what was said of it."""

    def __init__(self, wanted: Wanted) -> None:
        self.rows = Rows()
        self._wanted = wanted
        self._root = ""
        self._trace: dict[str, str] | None = None
        self._current: dict[str, str] | None = None
        self._events: list[Cells] = []
        self._within = 0  # elements open inside the trace or event that is being read
        self._seen: tuple[set[str], set[str]] = set(), set()

    def start(self, element: str, attributes: Mapping[str, str]) -> None:
        current, element = self._current, element.rpartition(":")[2]
        if not self._root:
            self._root = element
            if element != "log":
                raise _Refused(f"it is no XES document: it begins with <{element}> and not with <log>")
        if element == "trace":
            self._trace = self._current = {}
            self._events, self._within = [], 0
        elif element == "event":
            self._current, self._within = {}, 0
        elif current is not None:
            if not self._within and element in _VALUES:
                current[attributes.get("key", "")] = attributes.get("value", "")
            self._within += 1

    def end(self, element: str) -> None:
        element = element.rpartition(":")[2]
        if element == "trace":
            self._close_trace()
        elif element == "event":
            self._close_event()
        elif self._current is not None and self._within:
            self._within -= 1

    def _close_event(self) -> None:
        found = self._current or {}
        self._seen[1].update(found)
        cells = tuple([intern(_value(found, column)) for column in self._wanted.event])
        if self._trace is None:  # of no trace, and so of no case
            self.rows.number += 1
            self.rows.keyless_events.append(cells)
        else:
            self._events.append(cells)
        self._current, self._within = self._trace, 0

    def _close_trace(self) -> None:
        rows, found = self.rows, self._trace or {}
        self._seen[0].update(found)
        rows.number += len(self._events)
        key = self._wanted.key([_value(found, column) for column in self._wanted.case_key])
        if not all(key):
            rows.keyless_cases += 1
            rows.keyless_events += self._events
        elif key in rows.cases:
            rows.repeated.append(key)
            rows.events[key] += self._events
        else:
            rows.cases[key] = tuple([_value(found, column) for column in self._wanted.case])
            rows.events[key] = self._events
        self._trace = self._current = None

    def require_columns(self, path: Path) -> None:
        """BadLog where a column that is wanted stands nowhere in the log; an empty log lacks nothing."""
        wanted: Sequence[tuple[str, Cells, set[str]]] = (
            ("trace", (*self._wanted.case_key, *self._wanted.case), self._seen[0]),
            ("event", self._wanted.event, self._seen[1]),
        )
        for what, columns, seen in wanted:
            for column in columns:
                if seen and column not in self._wanted.optional and seen.isdisjoint({column, ALIASES.get(column)}):
                    name, has = ALIASES.get(column, column), ", ".join(sorted(seen))
                    raise BadLog(f"{path}: no {what} has the attribute {name!r}; they have {has}")


def _value(found: Mapping[str, str], column: str) -> str:
    """The attribute of this very key, or else the standard one that has this name in CSV."""
    if column in found:
        return found[column]
    return found.get(ALIASES.get(column, ""), "")
