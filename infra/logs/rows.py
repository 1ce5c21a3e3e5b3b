"""An event log as rows: cases with their attributes and events, as text, whatever file they lie in.

CSV in one file or two (events and cases), plain or gzip, and XES (`infra.logs.xes`). Only the columns that are asked
for are kept, so that a large log fits in memory. This module must not know what a column means.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern

Cells = tuple[str, ...]
Key = tuple[str, ...]
_ENDINGS = (".csv.gz", ".csv")
_DELIMITERS = ",;\t|"
csv.field_size_limit(1 << 24)  # some logs carry whole letters in a cell


class BadLog(Exception):  # noqa: N818  it says what is bad
    """A log that cannot be read; the message names file and place."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which columns are read: those that name a case in its own file and in the events', those of a case, and those of
    an event; `optional`: those that a log may lack, where every cell is then empty; `absent`: what stands for nothing,
    in a name of a case too."""

    case_key: Cells
    event_key: Cells
    case: Cells
    event: Cells
    optional: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()

    def key(self, parts: Sequence[str]) -> Key:
        """The name of a case; a part that stands for nothing is empty."""
        return tuple(["" if (text := part.strip()) in self.absent else text for part in parts])


@dataclass(slots=True)
class Rows:
    """What was read. `cases`: the wanted cells of each case, by its key; `events`: those of each event, by its case's
    key, in the order of the file; `repeated`: keys of further rows for a case; `keyless`: events and cases that name no
    case; `notes`: what is worth knowing about the file."""

    cases: dict[Key, Cells] = field(default_factory=dict)
    events: dict[Key, list[Cells]] = field(default_factory=dict)
    repeated: list[Key] = field(default_factory=list)
    keyless_events: list[Cells] = field(default_factory=list)
    keyless_cases: int = 0
    number: int = 0  # of event rows
    notes: list[tuple[str, int]] = field(default_factory=list)


class Places:
    """Finds a cell by its column; what stands for nothing is nothing."""

    def __init__(self, columns: Cells, absent: frozenset[str]) -> None:
        self._places, self._absent = {column: place for place, column in enumerate(columns)}, absent

    def of(self, column: str | None) -> Callable[[Cells], str]:
        if column is None:
            return lambda _: ""
        place, absent = self._places[column], self._absent

        def cell(cells: Cells) -> str:
            text = cells[place].strip()
            return "" if text in absent else text

        return cell


def read(path: Path, wanted: Wanted, encoding: str = "auto", delimiter: str | None = None) -> Rows:
    """The log at `path`: a folder with events and perhaps cases, or a file of events alone, whose first row for each
    case then also gives its attributes; or an XES file. BadLog for a column that is not there and a file that cannot be
    read, OSError for one that is not there."""
    from infra.logs import xes

    if path.is_file() and path.name.removesuffix(".gz").endswith(".xes"):
        return xes.read(path, wanted)
    rows = Rows()
    events, cases = (_file(path, "events"), _file(path, "cases")) if path.is_dir() else (path, None)
    if events is None:
        raise BadLog(
            f"{path}: there is no events.csv or events.csv.gz; name a .csv, .csv.gz, .xes or .xes.gz file, or a folder"
        )
    _read_events(events, cases is None, wanted, encoding, delimiter, rows)
    if cases is not None:
        _read_cases(cases, wanted, encoding, delimiter, rows)
    return rows


def _file(folder: Path, name: str) -> Path | None:
    return next(
        (folder / f"{name}{ending}" for ending in reversed(_ENDINGS) if (folder / f"{name}{ending}").is_file()), None
    )


def _read_events(file: Path, alone: bool, wanted: Wanted, encoding: str, delimiter: str | None, rows: Rows) -> None:
    lines = _Lines(file, encoding, delimiter, wanted.optional, rows)
    key = lines.places(wanted.event_key)
    event, case = lines.places(wanted.event), lines.places(wanted.case if alone else ())
    events, cases = rows.events, rows.cases
    for line in lines:
        rows.number += 1
        cells = tuple([intern(line[place]) for place in event])
        name = wanted.key([line[place] for place in key])
        if not all(name):
            rows.keyless_events.append(cells)
            continue
        known = events.get(name)
        if known is None:
            events[name] = [cells]
            if alone:
                cases[name] = tuple([line[place] for place in case])
        else:
            known.append(cells)


def _read_cases(file: Path, wanted: Wanted, encoding: str, delimiter: str | None, rows: Rows) -> None:
    lines = _Lines(file, encoding, delimiter, wanted.optional, rows)
    key, case = lines.places(wanted.case_key), lines.places(wanted.case)
    for line in lines:
        name = wanted.key([line[place] for place in key])
        if not all(name):
            rows.keyless_cases += 1
        elif name in rows.cases:
            rows.repeated.append(name)
        else:
            rows.cases[name] = tuple([line[place] for place in case])


class _Lines:
    """The lines of a CSV file below its header, each with a cell for every column of it and an empty one behind."""

    def __init__(self, file: Path, encoding: str, delimiter: str | None, optional: frozenset[str], rows: Rows) -> None:
        self._file, self._optional, self._rows = file, optional, rows
        text = _text(file, encoding, rows)
        head = text[: text.find("\n")] if "\n" in text else text
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(head))
        self.header = next(self._reader, [])

    def places(self, columns: Sequence[str]) -> list[int]:
        """Where the columns stand; one that may be lacking and is stands behind the last. BadLog names any other."""
        known = {column: place for place, column in reversed([*enumerate(self.header)])}
        for column in columns:
            if column not in known and column not in self._optional:
                has = ", ".join(self.header) or "none: the file is empty"
                raise BadLog(f"{self._file}: the log has no column {column!r}; it has {has}")
        return [known.get(column, len(self.header)) for column in columns]

    def __iter__(self) -> Iterator[list[str]]:
        width, longer = len(self.header), 0
        try:
            for line in self._reader:
                if not line:
                    continue
                if len(line) != width:
                    longer += len(line) > width
                    line = line[:width] + [""] * (width - len(line))
                line.append("")
                yield line
        except csv.Error as wrong:
            raise BadLog(f"{self._file}, line {self._reader.line_num}: {wrong}") from wrong
        if longer:
            self._rows.notes.append(("rows with more cells than the header; the further ones are not read", longer))


def _text(file: Path, encoding: str, rows: Rows) -> str:
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (gzip.BadGzipFile, zlib.error, EOFError) as wrong:
        raise BadLog(f"{file}: {wrong}") from wrong
    try:
        return data.decode("utf-8-sig" if encoding.lower() in ("auto", "utf-8", "utf8") else encoding)
    except UnicodeDecodeError as wrong:
        if encoding != "auto":
            raise BadLog(f"{file}: it is not {encoding} ({wrong.reason} at byte {wrong.start})") from wrong
    except (LookupError, ValueError) as unknown:
        raise BadLog(f"{file}: {encoding!r} is no encoding; use utf-8, cp1252, gb18030 …") from unknown
    rows.notes.append((f"{file.name} is not UTF-8; it was read as cp1252 (name another by `encoding`)", 1))
    return data.decode("cp1252", errors="replace")


def _delimiter(head: str) -> str:
    return max(_DELIMITERS, key=head.count)
