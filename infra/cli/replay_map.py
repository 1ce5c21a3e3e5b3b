"""The mapping file of a replay: which column means what, and which activity is which action.

docs/replay.md documents the format. A log that is new needs such a file and no code. This module must not read logs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MAPS = Path(__file__).parents[1] / "replay"
INTAKE = "submit"


class BadMap(Exception):  # noqa: N818  it says what is bad
    """A mapping file that cannot be used; the message names the place."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that is the same for every case, or looked up by a column; `default` where the table has none."""

    default: str
    column: str | None = None
    table: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseColumns:
    """Columns of a case. `end` gives a last step, `end_action`."""

    id: str
    start: str | None = None
    due: str | None = None
    end: str | None = None
    end_action: str = "complete"
    responsible: str | None = None


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Columns of an event. Without `activity`, each row is its case's intake."""

    case: str
    time: str
    activity: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class LogMap:
    """How a log is read. `source` may hold {folder}, the name of the folder read, for logs whose case ids collide."""

    source: str
    zone: ZoneInfo
    item: str
    organisation: Choice
    channel: Choice
    case: CaseColumns
    event: EventColumns
    exact: Mapping[str, str]
    prefixes: Mapping[str, str]
    test_accounts: frozenset[str]
    due_by_day: bool = False
    time_format: str | None = None
    cite: str | None = None

    def action(self, activity: str) -> str | None:
        """The action that an activity is, by its exact name or else by the longest prefix; None for neither."""
        if activity in self.exact:
            return self.exact[activity]
        fitting = [prefix for prefix in self.prefixes if activity.startswith(prefix)]
        return self.prefixes[max(fitting, key=len)] if fitting else None

    def actions(self) -> frozenset[str]:
        """Every action that this mapping can send."""
        named = {*self.exact.values(), *self.prefixes.values(), INTAKE}
        return frozenset(named | ({self.case.end_action} if self.case.end else set()))


def find(log: Path) -> Path:
    """The mapping that ships for a log: named like it or like the folder it lies in. BadMap where there is none."""
    stem = log.name.split(".")[0]
    for name in (stem, log.resolve().parent.name):
        if (MAPS / f"{name}.toml").is_file():
            return MAPS / f"{name}.toml"
    known = ", ".join(sorted(path.stem for path in MAPS.glob("*.toml")))
    raise BadMap(
        f"no mapping for {stem!r} in infra/replay/ (there are: {known}); give one by --map, see docs/replay.md"
    )


def read(file: Path, log: Path) -> LogMap:
    """The mapping in `file`, for the log at `log`; BadMap names what does not hold."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        return _parsed(data, log)
    except tomllib.TOMLDecodeError as wrong:
        raise BadMap(f"{file}: {wrong}") from wrong
    except KeyError as missing:
        raise BadMap(f"{file}: {missing.args[0]!r} is missing; see docs/replay.md") from missing
    except (TypeError, ZoneInfoNotFoundError, BadMap) as wrong:
        raise BadMap(f"{file}: {wrong}; see docs/replay.md") from wrong


_KEYS = {
    "source", "timezone", "time_format", "due_by", "cite", "item",
    "organisation", "channel", "case", "event", "activity", "accounts",
}  # fmt: skip


def _parsed(data: Mapping[str, Any], log: Path) -> LogMap:
    if unknown := sorted(set(data) - _KEYS):
        raise BadMap(f"unknown key {unknown[0]!r}")
    if data.get("due_by", "time") not in ("day", "time"):
        raise BadMap("due_by is 'day' or 'time'")
    exact, prefixes = _activities(data.get("activity", []))
    folder = (log if log.is_dir() else log.parent).resolve().name.replace("_", "-").lower()
    return LogMap(
        source=data["source"].replace("{folder}", folder),
        zone=ZoneInfo(data["timezone"]),
        item=data["item"],
        organisation=Choice(**data["organisation"]),
        channel=Choice(**data["channel"]),
        case=CaseColumns(**data["case"]),
        event=EventColumns(**data["event"]),
        exact=exact,
        prefixes=prefixes,
        test_accounts=frozenset(data.get("accounts", {}).get("test", [])),
        due_by_day=data.get("due_by") == "day",
        time_format=data.get("time_format"),
        cite=data.get("cite"),
    )


def _activities(entries: list[Mapping[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    exact: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for entry in entries:
        if set(entry) not in ({"is", "action"}, {"starts", "action"}):
            raise BadMap(f"an [[activity]] has `action` and either `is` or `starts`, not {dict(entry)}")
        known, name = (exact, entry["is"]) if "is" in entry else (prefixes, entry["starts"])
        if name in known:
            raise BadMap(f"the activity {name!r} is mapped twice")
        known[name] = entry["action"]
    return exact, prefixes
