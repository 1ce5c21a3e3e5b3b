"""Reads an event log into cases, each with what happened to it, when, and by whom.

Whatever cannot be read is told with its reason, and whatever is odd and still read is noted. The times are on
Shanghai's clock (`infra.logs.stamps`). This module must not judge and must not send requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from urllib.parse import quote

from chalicelib.domain.calendar import SHANGHAI
from infra.logs import evidence, rows
from infra.logs.evidence import NOTHING, Evidence
from infra.logs.log import END, Deed, Log, LoggedCase
from infra.logs.mapping import FOLDER, INTAKE, BadMap, Choice, LogMap
from infra.logs.rows import Cells, Key, Places, Rows, Wanted
from infra.logs.stamps import Stamp, Unreadable, remembered


def read(path: Path, mapping: LogMap, now: datetime | None = None) -> Log:
    """The log at `path` as `mapping` says; nothing in it can have happened after `now`. BadLog, OSError."""
    wanted = _wanted(mapping)
    found = rows.read(path, wanted, mapping.encoding, mapping.delimiter)
    log = Log(mapping, path, events=found.number)
    for note, count in found.notes:
        log.noted["file", "", note] += count
    _Reader(mapping, log, wanted, now or datetime.now(UTC)).read(found)
    return log


def _wanted(mapping: LogMap) -> Wanted:
    case, event = mapping.case, mapping.event
    of_limits = [each for row in mapping.limit for each in (row.amount_column, row.due_column)]
    excluded = {what: [each.column for each in mapping.exclude if each.what == what] for what in ("case", "event")}
    of_cases = [case.start, case.due, case.end, case.responsible, case.applicant, *case.evidence.values()]
    chosen = [each.column for each in (mapping.channel, mapping.organisation) if each.column != FOLDER]
    of_cases += [*chosen, *of_limits, *excluded["case"]]
    of_events = [event.time, event.activity, event.code, event.resource, event.lifecycle]
    of_events += [*event.evidence.values(), *excluded["event"]]
    optional, absent = frozenset(mapping.optional), frozenset(mapping.absent)
    return Wanted(case.id, event.case or case.id, _once(of_cases), _once(of_events), optional, absent)


def _once(columns: list[str | None]) -> Cells:
    return tuple(dict.fromkeys(column for column in columns if column))


def _first(deeds: Iterable[Deed]) -> Stamp | None:
    return min((deed.at for deed in deeds if deed.at), key=lambda stamp: stamp.at, default=None)


def _id(key: Key) -> str:
    return key[0] if len(key) == 1 else "/".join(quote(part, safe="") for part in key)


class _Reader:
    """Goes through the rows of one log."""

    def __init__(self, mapping: LogMap, log: Log, wanted: Wanted, now: datetime) -> None:
        self.mapping, self.log = mapping, log
        clock = mapping.clock(now)
        self.event_time, self.due_time = remembered(clock.event), remembered(clock.due)
        case, event = Places(wanted.case, wanted.absent), Places(wanted.event, wanted.absent)
        columns = mapping.case
        self.case_cell = case.of
        self.start, self.due, self.end = case.of(columns.start), case.of(columns.due), case.of(columns.end)
        self.responsible, self.applicant = case.of(columns.responsible), case.of(columns.applicant)
        self.time, self.activity = event.of(mapping.event.time), event.of(mapping.event.activity)
        self.code, self.resource = event.of(mapping.event.code), event.of(mapping.event.resource)
        self.lifecycle = event.of(mapping.event.lifecycle)
        self.told = {
            "case": [(name, column, case.of(column)) for name, column in columns.evidence.items()],
            "event": [(name, column, event.of(column)) for name, column in mapping.event.evidence.items()],
        }
        self.excluded = {
            what: [(row, cells.of(row.column)) for row in mapping.exclude if row.what == what]
            for what, cells in (("case", case), ("event", event))
        }
        self.intake_only = mapping.event.activity is None and mapping.event.code is None
        self.known: dict[tuple[str, str], str | None] = {}  # nodes by activity and code

    def read(self, found: Rows) -> None:
        """Every case of `found`."""
        log = self.log
        for key in sorted(found.events.keys() - found.cases.keys()):
            log.left_out["event", _id(key), "its case is not among the cases"] += len(found.events[key])
        for cells in found.keyless_events:
            log.left_out["event", self.activity(cells), "names no case"] += 1
        for key in found.repeated:
            log.left_out["case", _id(key), "the case id is repeated"] += 1
        if found.keyless_cases:
            log.left_out["case", "", "the case has no id"] += found.keyless_cases
        for key, cells in found.cases.items():
            events = found.events.pop(key, [])
            if not self._is_excluded("case", cells):
                log.cases.append(self._case(_id(key), cells, events))
        log.as_of = self._as_of()

    def _as_of(self) -> datetime | None:
        times = (deed.at.at for case in self.log.cases for deed in case.deeds if deed.at is not None)
        last = max(times, default=None)
        if self.mapping.as_of is None:
            return last
        as_of = self.mapping.as_of.astimezone(self.mapping.timezone).replace(tzinfo=SHANGHAI)
        if last and as_of < last:
            raise BadMap(
                f"as_of lies before the last event of the log, {last.replace(tzinfo=None)}; it may lie after it"
            )
        return as_of

    def _is_excluded(self, what: str, cells: Cells) -> bool:
        for row, cell in self.excluded[what]:
            if (value := cell(cells)) in row.values:
                self.log.left_out[what, value, f"excluded by the mapping: {row.column}"] += 1
                return True
        return False

    def _case(self, id: str, cells: Cells, events: list[Cells]) -> LoggedCase:
        mapping, log = self.mapping, self.log
        responsible = self.responsible(cells)
        if mapping.case.responsible and not responsible:
            log.noted["case", "", f"names nobody in {mapping.case.responsible}; recorded as unknown"] += 1
        start = self._stamp(self.start(cells), mapping.case.start, self.event_time)
        steps = [deed for number, each in enumerate(self._steps(events), 1) if (deed := self._deed(number, each))]
        if start is None:
            start = _first(deed for deed in steps if deed.node == INTAKE) or _first(steps)
            if start is None:
                log.unplaced["case", id, "neither the case nor any event of it has a time"] += 1
            elif mapping.case.start:
                log.noted["case", "", "has no start; its receipt or first event is taken for it"] += 1
        end = self._stamp(self.end(cells), mapping.case.end, self.event_time)
        ended = bool(self.end(cells))
        if end and start and end.last < start.at:
            log.noted["case", "", "ends before it starts; recorded as it is"] += 1
        return LoggedCase(
            id,
            self._choice(mapping.organisation, "organisation", cells),
            self._choice(mapping.channel, "channel", cells),
            start,
            self._due(cells),
            end,
            responsible,
            self.applicant(cells),
            len(steps),
            *self._in_order(steps, start, responsible, self._end(end, responsible, cells) if ended else None),
            {column: self.case_cell(column)(cells) for column in self._figures()},
        )

    def _figures(self) -> Cells:
        return _once([each for row in self.mapping.limit for each in (row.amount_column, row.due_column)])

    def _due(self, cells: Cells) -> Stamp | None:
        due = self._stamp(self.due(cells), self.mapping.case.due, self.due_time)
        return Stamp(due.at, True) if due and self.mapping.due_by == "day" else due

    def _choice(self, choice: Choice, what: str, cells: Cells) -> str | None:
        if choice.column is None:
            return choice.default
        value = self.log.folder if choice.column == FOLDER else self.case_cell(choice.column)(cells)
        found = choice.of(value)
        if found is None:
            reason = f"no counterpart; filed as {choice.default}" if choice.default else "no counterpart"
            self.log.unmapped[what, value, reason] += 1
        return found or choice.default

    def _steps(self, events: list[Cells]) -> list[Cells]:
        """The events that are steps of their case."""
        log, kept, seen = self.log, list[Cells](), set[Cells]()
        transitions = frozenset(self.mapping.event.transitions)
        for cells in events:
            if cells in seen:
                label, keeps = self.activity(cells), self.mapping.duplicates == "keep"
                if not keeps:
                    log.left_out["event", label, "the same event stands twice"] += 1
                    continue
                log.noted["event", label, "the same event stands twice; both are taken"] += 1
            seen.add(cells)
            transition = self.lifecycle(cells)
            if transition and transition not in transitions:
                log.left_out["event", transition, "its lifecycle transition is no step"] += 1
            elif not self._is_excluded("event", cells):
                kept.append(cells)
        return kept

    def _deed(self, number: int, cells: Cells) -> Deed:
        log, label, code, actor = self.log, self.activity(cells), self.code(cells), self.resource(cells)
        node = INTAKE if self.intake_only else self._node(label, code)
        if node is None:
            log.unplaced["event", label or code, "no action is mapped to this activity"] += 1
        at = self._stamp(self.time(cells), self.mapping.event.time, self.event_time)
        if at is None and not self.time(cells):
            log.unplaced["event", label or code, "has no time"] += 1
        if self.mapping.event.resource and not actor:
            log.noted["event", "", f"names nobody in {self.mapping.event.resource}; recorded as unknown"] += 1
        account = self.mapping.accounts.kind(actor) if actor else None
        if account:
            log.accounts[account] += 1
            log.noted["event", actor, f"by a {'test or admin' if account == 'test' else account} account"] += 1
        return Deed(number, node or "", at, actor, label or code, account, self._evidence("event", cells))

    def _node(self, label: str, code: str) -> str | None:
        if (label, code) not in self.known:
            self.known[label, code] = self.mapping.action(label, code)
        return self.known[label, code]

    def _evidence(self, what: str, cells: Cells) -> Evidence:
        if not self.told[what]:
            return NOTHING
        found = {}
        for name, column, cell in self.told[what]:
            read = partial(self._stamp, column=column, read=self.event_time)
            if (value := evidence.value(name, cell(cells), read)) is not None:
                found[name] = value
        return found

    def _stamp(self, text: str, column: str | None, read: Callable[[str], Stamp]) -> Stamp | None:
        """A stamp; what is none, or an impossible one, is told."""
        if not text:
            return None
        try:
            return read(text)
        except Unreadable as wrong:
            self.log.unplaced["time", text, f"{column} {wrong}"] += 1
            return None

    def _in_order(
        self, steps: list[Deed], start: Stamp | None, responsible: str, end: Deed | None
    ) -> tuple[tuple[Deed, ...], tuple[datetime, ...]]:
        """The intake first, then the steps and the end where its time is; and their places."""
        if start is None:
            return (*steps, end) if end else tuple(steps), ()
        first, found = self._intake(steps, start, responsible), list[tuple[datetime, Deed]]()
        reached, days = start.at, {start.at.date(): start.at}  # the latest place so far, of all and of each day
        for deed in steps:
            if deed.node != INTAKE:
                reached = self._place(deed, start, reached, days)
                days[reached.date()] = max(reached, days.get(reached.date(), reached))
                found.append((reached, deed))
        if end is not None:
            found.append((max(end.at.last, start.at) if end.at else reached, end))
        found.sort(key=itemgetter(0))  # stable: within a moment as the log has it
        return (first, *[deed for _, deed in found]), (start.at, *[place for place, _ in found])

    def _intake(self, steps: list[Deed], start: Stamp, responsible: str) -> Deed:
        """By who confirmed it, or who is responsible; at the start of the case."""
        filed = [deed for deed in steps if deed.node == INTAKE]
        if len(filed) > 1:
            reason = "a further confirmation of receipt; intake happens once"
            self.log.noted["event", INTAKE, reason] += len(filed) - 1
        label, told = (filed[0].label, filed[0].evidence) if filed else ("", NOTHING)
        if filed and filed[0].actor:
            return Deed(0, INTAKE, start, filed[0].actor, label, filed[0].account, told)
        return Deed(0, INTAKE, start, responsible, label, self.mapping.accounts.kind(responsible), told)

    def _end(self, end: Stamp | None, responsible: str, cells: Cells) -> Deed:
        columns, account = self.mapping.case, self.mapping.accounts.kind(responsible)
        return Deed(
            END, columns.end_action, end, responsible, columns.end or "", account, self._evidence("case", cells)
        )

    def _place(self, deed: Deed, start: Stamp, reached: datetime, days: Mapping[date, datetime]) -> datetime:
        """By which time a step has its place: its own; of one day without a time, the log's own order is the best that
        is known, and of no time at all as well."""
        if deed.at is None:
            return reached
        if deed.at.last < start.at:
            self.log.noted["event", deed.label, "lies before its case's start; recorded as it is"] += 1
        at = max(deed.at.at, start.at)
        return max(at, days.get(at.date(), at)) if deed.at.whole_day else at
