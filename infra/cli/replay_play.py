"""Plays the cases of logs through the door as observed cases (补录), the local clock jumping from day to day, or from
month to month, or once to the end.

Every request has a key made of source, case and number, so that playing a log again changes nothing. This module must
not read logs.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any
from urllib.parse import quote

from chalicelib.domain import clocks
from chalicelib.domain.clocks import Clock, Limit
from infra.cli.hub import SYSTEM, Hub, Progress, RefusedByServer
from infra.logs import calendars
from infra.logs.log import Deed, Log, LoggedCase
from infra.logs.mapping import INTAKE, BadMap, LogMap
from infra.logs.stamps import Stamp

NOBODY = "not-recorded"  # stands for an actor whom the log does not name
ACCOUNT = "system:"  # begins the name of an account that is nobody's
CHANNELS = frozenset({"mobile", "web", "kiosk", "window"})
_ACTOR = re.compile(r"[A-Za-z0-9._:@-]{1,57}")  # with ACCOUNT before it what the door takes
CaseKey = tuple[str, str]  # source, id there


class Pace(StrEnum):
    """How often the local clock is set: for each day, for each month on which something happened, or once."""

    day = "day"
    month = "month"
    once = "once"


@dataclass(frozen=True, slots=True)
class Turn:
    """A deed of a case in the play: `at` is when its turn comes, its own time or that of what stands before it."""

    case: LoggedCase
    deed: Deed
    mapping: LogMap
    at: datetime


def turns(log: Log) -> list[Turn]:
    """What can be played of a log, in order: whatever has a node and a time, of cases that began at some time. BadMap
    where the platform needs what the mapping does not say."""
    _require_platform(log)
    found = [
        Turn(case, deed, log.mapping, place)
        for case in log.cases
        for deed, place in zip(case.deeds, case.places, strict=False)  # a case without any time has no places
        if deed.node and deed.at is not None
    ]
    return sorted(found, key=lambda turn: turn.at)  # stable: within a moment as the log has it


def _require_platform(log: Log) -> None:
    for what, named in (("organisation", {case.organisation for case in log.cases}), ("channel", _channels(log))):
        if None in named:
            raise BadMap(f"a replay needs [{what}] with its `default`; an audit alone does without")
    if strange := sorted(str(name) for name in _channels(log) - CHANNELS):
        raise BadMap(f"channel: {strange[0]!r} is none of {', '.join(sorted(CHANNELS))}; give a `table`")


def _channels(log: Log) -> set[str | None]:
    return {case.channel for case in log.cases}


@dataclass(slots=True)
class Played:
    """What came of it: the platform's number of each case, refusals by reason, and how the clock went."""

    numbers: dict[CaseKey, str] = field(default_factory=dict)
    refused: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # action, code, detail
    clock: str = "moved"  # or: stayed
    began: datetime | None = None  # the local clock before


def play(hub: Hub, order: Iterable[Turn], progress: Progress, pace: Pace = Pace.day) -> Played:
    """Plays turns in their order; gives what came of them."""
    played, versions = Played(), dict[CaseKey, int]()
    for together in _stretches(order, pace):
        _go_to(hub, max(turn.at for turn in together), played)
        for turn in together:
            _send(hub, turn, played, versions)
            progress(1)
    return played


def _stretches(order: Iterable[Turn], pace: Pace) -> Iterator[list[Turn]]:
    """What is played between one setting of the clock and the next."""
    form = {Pace.day: "%Y-%m-%d", Pace.month: "%Y-%m", Pace.once: ""}[pace]
    for _, group in groupby(order, key=lambda turn: turn.at.strftime(form)):
        yield list(group)


def _go_to(hub: Hub, moment: datetime, played: Played) -> None:
    """To the last deed before it is set again; one second more, since requests carry whole milliseconds."""
    target = moment + timedelta(seconds=1)
    now = played.began = played.began or hub.now()
    if played.clock == "stayed":
        if target <= now:
            return
        played.clock = "moved"
    try:
        hub.set_clock(target)
    except RefusedByServer as refusal:
        if refusal.status not in (404, 409):
            raise
        played.clock = "stayed"


def _send(hub: Hub, turn: Turn, played: Played, versions: dict[CaseKey, int]) -> None:
    case, deed, source = turn.case, turn.deed, turn.mapping.source
    key = source, case.id
    headers = {"Idempotency-Key": request_key(source, case.id, deed.number)}
    try:
        if deed.node == INTAKE:
            answer = hub.send("POST", "/v1/cases", _intake(turn), SYSTEM, headers)
            played.numbers[key] = answer["case_id"]
        elif key not in played.numbers:
            played.refused[deed.node, "no_case", "the intake of its case was refused"] += 1
            return
        else:
            headers["If-Match"] = f'"{versions[key]}"'
            path = f"/v1/cases/{played.numbers[key]}/actions/{deed.node}"
            answer = hub.send("POST", path, _step(deed), SYSTEM, headers)
        versions[key] = answer["version"]
    except RefusedByServer as refusal:
        played.refused[deed.node, refusal.code, refusal.detail] += 1


def request_key(source: str, case: str, number: int) -> str:
    """The Idempotency-Key of a deed: at most 64 visible characters."""
    text = f"{source}:{quote(case)}:{'end' if number < 0 else number}"
    return text if len(text) <= 64 else hashlib.sha256(text.encode()).hexdigest()


def _intake(turn: Turn) -> Mapping[str, Any]:
    case, deed, due = turn.case, turn.deed, _due(turn)
    return {
        "item": turn.mapping.item,
        "organisation": case.organisation,
        "channel": case.channel,
        "observed": {
            "at": _text(turn.case.start),
            "due": due.isoformat(timespec="milliseconds") if due else None,
            "source": turn.mapping.source,
            "source_id": case.id,
            "actor": actor(deed),
        },
    }


def _due(turn: Turn) -> datetime | None:
    """The due date that the case tells, or else that the mapping's limit gives, counted from its start."""
    case, row = turn.case, turn.mapping.promise
    if case.due:
        return case.due.last
    if row is None or row.amount is None or case.start is None:
        return None
    due = clocks.due(Clock(row.name, case.start.at, Limit(row.amount, row.unit)), calendars.of(turn.mapping))
    return due.last if due else None


def _step(deed: Deed) -> Mapping[str, Any]:
    body: dict[str, Any] = {"observed": {"at": _text(deed.at), "actor": actor(deed)}}
    if deed.label:
        body["activity"] = deed.label
    told = {name: value for name, value in deed.evidence.items() if name not in ("seat", "recorded_at")}
    return body | {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


def _text(stamp: Stamp | None) -> str | None:
    return stamp.at.isoformat(timespec="milliseconds") if stamp else None


def actor(deed: Deed) -> str:
    """Who took a step, in the form that the door takes: names in other letters become a pseudonym, always the same, and
    accounts that are nobody's begin with ACCOUNT."""
    if not deed.actor:
        return NOBODY
    plain = deed.actor.replace(" ", "_")
    if not _ACTOR.fullmatch(plain):
        plain = "p-" + hashlib.sha256(deed.actor.encode()).hexdigest()[:16]
    return ACCOUNT + plain if deed.account else plain
