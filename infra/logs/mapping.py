"""The mapping file of an event log: which column means what, and which activity is which node.

One format for `./zs replay` and `./zs audit`; docs/event-logs.md documents it. A log that is new needs such a file and
no code. This module must not read logs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from chalicelib.domain.clocks import MOST, Unit
from chalicelib.procedures import all_procedures
from infra.logs import evidence as told
from infra.logs.stamps import Clock

MAPS = Path(__file__).parent / "maps"
INTAKE = "submit"
FOLDER = "{folder}"  # stands for the name of the folder in which a log lies
CLOSES = ("complete", "refuse", "not_ours", "withdraw", "deliver", "archive", "settle")
_OWN_CLOCKS = {"statutory", "promised", "stage"}
ABSENT = ("NULL", "null", "None", "NaN", "nan", "N/A", "n/a")
HELP = "see docs/event-logs.md"


class BadMap(Exception):  # noqa: N818  it says what is bad
    """A mapping file that cannot be used; the message names the place."""


def nodes() -> frozenset[str]:
    """Every action that a procedure has: what an activity can be mapped to."""
    return frozenset(row.name for procedure in all_procedures().values() for row in procedure.actions)


def _node(name: str) -> str:
    if name not in nodes():
        raise ValueError(f"{name!r} is no node of a procedure; there are: {', '.join(sorted(nodes()))}")
    return name


def _closing(name: str) -> str:
    if name not in CLOSES:
        raise ValueError(f"{name!r} closes no case; of these one does: {', '.join(CLOSES)}")
    return name


def _format(text: str) -> str:
    """A format of strptime, or epoch, epoch_ms."""
    try:
        datetime.strptime("", text)  # noqa: DTZ007  only the format is tried
    except (ValueError, re.error) as wrong:
        if "directive" in str(wrong) or "stray %" in str(wrong) or isinstance(wrong, re.error):
            raise ValueError(f"{text!r} is no format of strptime: {wrong}") from wrong
    return text


def _zone(name: Any) -> Any:
    try:
        return ZoneInfo(name) if isinstance(name, str) else name
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:  # a name such as "../x", or a directory's
        raise ValueError(f"{name!r} is no time zone of the IANA list, such as Asia/Shanghai") from unknown


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Node = Annotated[str, AfterValidator(_node)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]  # one may be given without brackets
SomeNames = Annotated[Names, Field(min_length=1)]
SomeNodes = Annotated[tuple[Node, ...], BeforeValidator(_listed), Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Choice(_Table):
    """A value that is the same for every case, or looked up by a column; `default` where the table has none. Without a
    table what stands in the column is the value."""

    default: str | None = None
    column: str | None = None
    table: Mapping[str, str] | None = None

    def of(self, value: str) -> str | None:
        """The counterpart of what stands in the column; None where there is none."""
        if self.table is None:
            return value or None
        return self.table.get(value)


class CaseColumns(_Table):
    """Columns of a case. `id`: one, or several that together name it; `end` gives a last step, `end_action`."""

    id: SomeNames
    start: str | None = None
    due: str | None = None
    end: str | None = None
    end_action: Annotated[Node, AfterValidator(_closing)] = "complete"
    responsible: str | None = None
    applicant: str | None = None
    evidence: Mapping[str, str] = {}  # of the last step


class EventColumns(_Table):
    """Columns of an event. Without `activity` and `code`, each row is its case's intake. `lifecycle`: only the named
    transitions are steps."""

    case: Names = ()
    time: str
    activity: str | None = None
    code: str | None = None
    resource: str | None = None
    lifecycle: str | None = None
    transitions: SomeNames = ("complete",)
    evidence: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _evidence_is_known(self) -> Self:
        _require_evidence(self.evidence)
        return self


def _require_evidence(evidence: Mapping[str, str]) -> None:
    for name in evidence:
        if name not in told.KINDS:
            raise ValueError(f"evidence {name!r} is read by no rule; there are: {', '.join(sorted(told.KINDS))}")


class Activity(_Table):
    """Which node an activity is: by its exact name or a prefix of it, or by its code in the same two ways."""

    name: Annotated[str | None, Field(alias="is")] = None
    starts: str | None = None
    code: str | None = None
    code_starts: str | None = None
    action: Node

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(each is not None for each in (self.name, self.starts, self.code, self.code_starts)) != 1:
            raise ValueError("an [[activity]] has `action` and one of `is`, `starts`, `code`, `code_starts`")
        return self


class Accounts(_Table):
    """Resources that are nobody: `*` and `?` stand for any letters, or any one."""

    system: Names = ()
    test: Names = ()

    def kind(self, name: str) -> str | None:
        """test or system; None for a person."""
        for kind, patterns in (("test", self.test), ("system", self.system)):
            if name in patterns or any(fnmatchcase(name, pattern) for pattern in patterns):
                return kind
        return None


class LimitRow(_Table):
    """A limit from one node to the first of others after it, of `amount` units, or of as many as a case's column says;
    or up to the day or instant in a column. It stands still from a step of `stands_still` to the next step. `due`: in
    a replay a case that tells no due date is due by it, counted from its start as if nothing ever stood still."""

    name: str
    since: Annotated[Node | None, Field(alias="from")] = None
    to: SomeNodes
    amount: Annotated[int | None, Field(ge=0, le=MOST)] = None
    amount_column: str | None = None
    due_column: str | None = None
    unit: Unit = Unit.working_day
    stands_still: Annotated[tuple[Node, ...], BeforeValidator(_listed)] = ()
    due: bool = False

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if sum(each is not None for each in (self.amount, self.amount_column, self.due_column)) != 1:
            raise ValueError("a [[limit]] has one of `amount`, `amount_column`, `due_column`")
        if self.due and (self.amount is None or self.since not in (None, INTAKE)):
            raise ValueError("a [[limit]] that is `due` has an `amount` and counts from submit")
        return self


class Exclusion(_Table):
    """Rows that are left out: of cases or of events, by what stands in a column."""

    what: Literal["case", "event"]
    column: str
    values: SomeNames


class DaysOff(_Table):
    """A calendar of the log's own: Monday to Friday without `off`, and `work` besides."""

    off: tuple[date, ...] = ()
    work: tuple[date, ...] = ()


class LogMap(_Table):
    """How a log is read."""

    source: Annotated[str, Field(pattern=r"^[a-z0-9{}-]{1,40}$")]
    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)]
    cite: str | None = None
    encoding: str = "auto"
    delimiter: Annotated[str | None, Field(min_length=1, max_length=1)] = None
    time_format: Annotated[tuple[Annotated[str, AfterValidator(_format)], ...], BeforeValidator(_listed)] = ()
    midnight: Literal["day", "time"] = "day"
    earliest: date = date(1980, 1, 1)
    latest: date | None = None
    as_of: datetime | None = None
    absent: tuple[str, ...] = ABSENT
    optional: Names = ()
    due_by: Literal["time", "day"] = "time"
    calendar: Literal["published", "weekdays"] | DaysOff = "published"
    duplicates: Literal["keep", "drop"] = "keep"
    item: str = "observed-matter"
    form: Literal["promised", "instant"] | None = None
    organisation: Choice = Choice()
    channel: Choice = Choice()
    case: CaseColumns
    event: EventColumns
    accounts: Accounts = Accounts()
    activity: tuple[Activity, ...] = ()
    limit: tuple[LimitRow, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    together: tuple[tuple[Node, Node], ...] = ()

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        _require_evidence(self.case.evidence)
        for what, names in (
            ("activity", [(a.name, a.starts, a.code, a.code_starts) for a in self.activity]),
            ("limit", [each.name for each in self.limit]),
        ):
            for name in names:
                if names.count(name) > 1:  # type: ignore[arg-type]
                    said = next(each for each in name if each) if isinstance(name, tuple) else name
                    raise ValueError(f"the {what} {said!r} is mapped twice")
        if own := sorted({each.name for each in self.limit} & _OWN_CLOCKS):
            raise ValueError(f"the limit {own[0]!r} has the name of a clock of the platform; give it another")
        if sum(each.due for each in self.limit) > 1:
            raise ValueError("one [[limit]] at most is `due`")
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise ValueError("as_of needs its offset")
        return self

    @property
    def promise(self) -> LimitRow | None:
        """The limit by which a case is due that tells no date itself."""
        return next((each for each in self.limit if each.due), None)

    @cached_property
    def _by_name(self) -> Mapping[str, str]:
        return {each.name: each.action for each in self.activity if each.name is not None}

    @cached_property
    def _by_code(self) -> Mapping[str, str]:
        return {each.code: each.action for each in self.activity if each.code is not None}

    def action(self, activity: str, code: str = "") -> str | None:
        """The node that an activity is: by its code, its name, or else the longest prefix of one of them."""
        exact = self._by_code.get(code) or self._by_name.get(activity)
        if exact is not None:
            return exact
        fitting = [
            (prefix, each.action)
            for each in self.activity
            for prefix, text in ((each.code_starts, code), (each.starts, activity))
            if prefix is not None and text.startswith(prefix)
        ]
        return max(fitting, key=lambda pair: len(pair[0]))[1] if fitting else None

    def told(self) -> frozenset[str]:
        """Every node that a log can tell of under this mapping."""
        ended = {self.case.end_action} if self.case.end else set()
        return frozenset({INTAKE, *ended, *(each.action for each in self.activity)})

    def clock(self, now: datetime) -> Clock:
        """How its stamps are read; nothing can have happened after `now`, nor after `latest`."""
        last = now if self.latest is None else datetime.combine(self.latest, time.max, self.timezone)
        first = datetime.combine(self.earliest, time.min, self.timezone)
        return Clock(self.timezone, self.time_format, self.midnight == "day", first, last)


def find(log: Path) -> Path:
    """The mapping that ships for a log: named like it, or like the nearest folder it lies in. BadMap where there is
    none."""
    stem = log.name.split(".")[0]
    for name in (stem, *(folder.name for folder in log.resolve().parents)):
        if name and (MAPS / f"{name}.toml").is_file():
            return MAPS / f"{name}.toml"
    known = ", ".join(sorted(path.stem for path in MAPS.glob("*.toml")))
    raise BadMap(f"no mapping for {stem!r} in infra/logs/maps/ (there are: {known}); give one by --map, {HELP}")


def read(file: Path, log: Path) -> LogMap:
    """The mapping in `file`, for the log at `log`; BadMap names what does not hold."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise BadMap(f"{file}: {wrong}") from wrong
    try:
        found = LogMap.model_validate(data)
    except ValidationError as wrong:
        raise BadMap(f"{file}: {'; '.join(_said(wrong))}; {HELP}") from wrong
    folder = (log if log.is_dir() else log.parent).resolve().name.replace("_", "-").lower()
    return found.model_copy(update={"source": found.source.replace(FOLDER, folder)})


def _said(wrong: ValidationError) -> Iterable[str]:
    for error in wrong.errors(include_url=False, include_context=False):
        place = ".".join(str(each) for each in error["loc"]) or "the mapping"
        match error["type"]:
            case "missing":
                yield f"{place} is missing"
            case "extra_forbidden":
                yield f"unknown key {place!r}"
            case _:
                yield f"{place}: {error['msg'].removeprefix('Value error, ')}"
