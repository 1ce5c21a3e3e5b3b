"""Reads an event log into deeds: what happened to which case, when, and by whom.

Whatever cannot become a deed is left out and told with its reason; whatever is odd and still a deed is noted. This
module must not send requests.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path

from infra.cli.replay_map import INTAKE, BadMap, LogMap

Row = Mapping[str, str]
Told = tuple[str, str, str]  # what, its value, the reason
UNKNOWN = "not-recorded"  # stands for an actor whom the log does not name
CHANNELS = frozenset({"mobile", "web", "kiosk", "window"})
_ACTOR = re.compile(r"[A-Za-z0-9._:@-]{1,64}")


@dataclass(frozen=True, slots=True)
class LoggedCase:
    """A case of a log as it will be filed."""

    source: str
    id: str
    item: str
    organisation: str
    channel: str
    start: datetime
    due: datetime | None
    responsible: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that happened. `number` tells it apart within its case: 0 is the intake."""

    case: LoggedCase
    number: int
    action: str
    at: datetime
    actor: str
    activity: str

    @property
    def played(self) -> datetime:
        """When it is played: nothing before the intake."""
        return max(self.at, self.case.start)


@dataclass(slots=True)
class Log:
    """What was read: deeds in the order in which they are played, counts of rows, and what did not fit."""

    source: str
    path: Path
    cite: str | None
    cases: int = 0
    events: int = 0
    deeds: list[Deed] = field(default_factory=list)
    left_out: Counter[Told] = field(default_factory=Counter)  # not played
    unmapped: Counter[Told] = field(default_factory=Counter)  # played with the default
    noted: Counter[Told] = field(default_factory=Counter)  # played, and worth knowing


def read(path: Path, mapping: LogMap) -> Log:
    """The log at `path`: a folder with events.csv[.gz] and perhaps cases.csv[.gz], or a file of events alone.
    BadMap for columns that are not there, OSError for files that are not."""
    events = list(_rows(_file(path, "events") if path.is_dir() else path))
    case_file = path / "cases" if path.is_dir() else None
    attributes = list(_rows(_file(path, "cases"))) if case_file and _exists(case_file) else None
    _require_columns(mapping, events, attributes)
    log = Log(mapping.source, path, mapping.cite, events=len(events))
    return _Reader(mapping, log).read(events, attributes)


def _exists(base: Path) -> bool:
    return any(base.with_name(base.name + ending).is_file() for ending in (".csv", ".csv.gz"))


def _file(folder: Path, name: str) -> Path:
    zipped = folder / f"{name}.csv.gz"
    return zipped if zipped.is_file() else folder / f"{name}.csv"


def _rows(file: Path) -> Iterator[Row]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def _require_columns(mapping: LogMap, events: list[Row], attributes: list[Row] | None) -> None:
    case, event = mapping.case, mapping.event
    of_cases = {case.id, case.start, case.due, case.end, case.responsible}
    of_cases |= {mapping.channel.column, mapping.organisation.column}
    of_events = {event.case, event.time, event.activity, event.resource}
    for wanted, rows in ((of_events, events), (of_cases, events if attributes is None else attributes)):
        if rows and (absent := sorted({w for w in wanted if w} - rows[0].keys())):
            raise BadMap(f"the log has no column {absent[0]!r}; it has {', '.join(rows[0])}")


@dataclass(slots=True)
class _Reader:
    mapping: LogMap
    log: Log

    def read(self, events: list[Row], attributes: list[Row] | None) -> Log:
        by_case = self._by_case(events)
        rows = self._case_rows(by_case if attributes is None else None, attributes or [])
        for id in sorted(by_case.keys() - rows.keys()):
            self.log.left_out["event", id, "its case is not among the cases"] += len(by_case[id])
        self.log.cases = len(rows)
        for id, row in rows.items():
            self._case(id, row, by_case.get(id, []))
        self.log.deeds.sort(key=lambda deed: deed.played)  # stable: within a moment as the log has it
        return self.log

    def _by_case(self, events: list[Row]) -> dict[str, list[tuple[int, Row]]]:
        found: dict[str, list[tuple[int, Row]]] = {}
        for row in events:
            id = row[self.mapping.event.case]
            if not id:
                self.log.left_out["event", row.get(self.mapping.event.activity or "", ""), "names no case"] += 1
                continue
            found.setdefault(id, []).append((len(found.get(id, [])) + 1, row))
        return found

    def _case_rows(self, by_case: Mapping[str, list[tuple[int, Row]]] | None, attributes: list[Row]) -> dict[str, Row]:
        if by_case is not None:
            return {id: rows[0][1] for id, rows in by_case.items()}
        found: dict[str, Row] = {}
        for row in attributes:
            id = row[self.mapping.case.id]
            if not id or id in found:
                self.log.left_out["case", id, "the case id is repeated" if id else "the case has no id"] += 1
            else:
                found[id] = row
        return found

    def _case(self, id: str, row: Row, events: list[tuple[int, Row]]) -> None:
        timed = [(number, event, at) for number, event in events if (at := self._event_time(event))]
        start = self._time(row, self.mapping.case.start)
        if start is None and timed:
            start = min(at for _, _, at in timed)
            if self.mapping.case.start:
                self.log.noted["case", "", "has no start; its first event is taken for it"] += 1
        if start is None:
            self.log.left_out["case", id, "neither the case nor any event of it has a time"] += 1
            return
        case = LoggedCase(
            source=self.mapping.source,
            id=id,
            item=self.mapping.item,
            organisation=self._organisation(row),
            channel=self._channel(row),
            start=start,
            due=self._due(row),
            responsible=self._actor(row.get(self.mapping.case.responsible or "", ""), "case"),
        )
        deeds = [deed for number, event, at in timed if (deed := self._deed(case, number, event, at))]
        self._add(case, deeds, row)

    def _add(self, case: LoggedCase, deeds: list[Deed], row: Row) -> None:
        """The intake first: who confirmed it, or who is responsible; then the steps; then the end."""
        filed = next((deed for deed in deeds if deed.action == INTAKE), None)
        actor = filed.actor if filed and filed.actor != UNKNOWN else case.responsible
        self.log.deeds.append(Deed(case, 0, INTAKE, case.start, actor, filed.activity if filed else ""))
        repeated = sum(deed.action == INTAKE for deed in deeds) - 1
        if repeated > 0:
            self.log.noted["event", INTAKE, "a further confirmation of receipt; intake happens once"] += repeated
        self.log.deeds += [deed for deed in deeds if deed.action != INTAKE]
        end = self._time(row, self.mapping.case.end)
        if end is not None:
            column = self.mapping.case.end or ""
            if end < case.start:
                self.log.noted["case", "", "ends before it starts; recorded as it is"] += 1
            self.log.deeds.append(Deed(case, -1, self.mapping.case.end_action, end, case.responsible, column))

    def _deed(self, case: LoggedCase, number: int, event: Row, at: datetime) -> Deed | None:
        name = event.get(self.mapping.event.activity or "", "")
        action = self.mapping.action(name) if self.mapping.event.activity else INTAKE
        resource = event.get(self.mapping.event.resource or "", "")
        if action is None:
            self.log.left_out["event", name, "no action is mapped to this activity"] += 1
            return None
        if at < case.start:
            self.log.noted["event", name, "lies before its case's start; recorded as it is"] += 1
        if resource in self.mapping.test_accounts:
            self.log.noted["event", resource, "by a test or admin account; recorded as it is"] += 1
        return Deed(case, number, action, at, self._actor(resource, "event"), name)

    def _event_time(self, event: Row) -> datetime | None:
        at = self._time(event, self.mapping.event.time)
        if at is None and not event[self.mapping.event.time]:
            name = event.get(self.mapping.event.activity or "", "")
            self.log.left_out["event", name, "has no time"] += 1
        return at

    def _actor(self, name: str, what: str) -> str:
        """A name in the form that the door takes; names in other letters become a pseudonym, always the same."""
        column = self.mapping.event.resource if what == "event" else self.mapping.case.responsible
        if not name:
            if column:
                self.log.noted[what, "", f"names nobody in {column}; recorded as {UNKNOWN}"] += 1
            return UNKNOWN
        plain = name.replace(" ", "_")
        return plain if _ACTOR.fullmatch(plain) else "p-" + hashlib.sha256(name.encode()).hexdigest()[:16]

    def _channel(self, row: Row) -> str:
        choice = self.mapping.channel
        value = row.get(choice.column, "") if choice.column else ""
        found = choice.table.get(value)
        if choice.column and found is None:
            reason = f"no counterpart among the four channels; filed as {choice.default}"
            self.log.unmapped["channel", value, reason] += 1
        return found or choice.default

    def _organisation(self, row: Row) -> str:
        choice = self.mapping.organisation
        value = row.get(choice.column, "") if choice.column else ""
        found = choice.table.get(value)
        if choice.column and found is None:
            self.log.unmapped["organisation", value, f"not in the table; filed at {choice.default}"] += 1
        return found or choice.default

    def _due(self, row: Row) -> datetime | None:
        """A stamp without a time is a day, and a day is due at its end."""
        due = self._time(row, self.mapping.case.due)
        if due is None or not (self.mapping.due_by_day or due.timetz().replace(tzinfo=None) == time()):
            return due
        day = due.astimezone(self.mapping.zone).date()
        return datetime.combine(day, time(23, 59, 59), self.mapping.zone)

    def _time(self, row: Row, column: str | None) -> datetime | None:
        """A stamp, aware; one without an offset is the log's own time. What is no stamp is left out, and told."""
        text = row.get(column, "") if column else ""
        if not text:
            return None
        try:
            form = self.mapping.time_format
            at = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007  see below
        except ValueError:
            self.log.left_out["time", text, f"{column} is no time that can be read"] += 1
            return None
        return at if at.tzinfo else at.replace(tzinfo=self.mapping.zone)
