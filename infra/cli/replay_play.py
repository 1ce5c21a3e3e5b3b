"""Plays deeds through the door as observed cases (补录), the local clock jumping from day to day of the log.

Every request has a key made of source, case and number, so that playing a log again changes nothing. This module must
not read logs.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import quote

from infra.cli.hub import SYSTEM, Hub, Progress, RefusedByServer
from infra.cli.replay_log import Deed
from infra.cli.replay_map import INTAKE

CaseKey = tuple[str, str]  # source, id there


@dataclass(slots=True)
class Played:
    """What came of it: the platform's number of each case, refusals by reason, and how the clock went."""

    numbers: dict[CaseKey, str] = field(default_factory=dict)
    refused: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # action, code, detail
    clock: str = "moved"  # or: stayed
    began: datetime | None = None  # the local clock before


def play(hub: Hub, deeds: Iterable[Deed], progress: Progress) -> Played:
    """Plays `deeds`, which are in order; gives what came of them."""
    played, versions = Played(), dict[CaseKey, int]()
    for _, group in groupby(deeds, key=_day):
        today = list(group)
        _go_to(hub, max(deed.played for deed in today), played)
        for deed in today:
            _send(hub, deed, played, versions)
            progress(1)
    return played


def _day(deed: Deed) -> date:
    return deed.played.date()


def _go_to(hub: Hub, moment: datetime, played: Played) -> None:
    """To the day's last deed; one second more, since requests carry whole milliseconds."""
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


def _send(hub: Hub, deed: Deed, played: Played, versions: dict[CaseKey, int]) -> None:
    case = deed.case
    key = case.source, case.id
    headers = {"Idempotency-Key": request_key(case.source, case.id, deed.number)}
    try:
        if deed.action == INTAKE:
            answer = hub.send("POST", "/v1/cases", _intake(deed), SYSTEM, headers)
            played.numbers[key] = answer["case_id"]
        elif key not in played.numbers:
            played.refused[deed.action, "no_case", "the intake of its case was refused"] += 1
            return
        else:
            headers["If-Match"] = f'"{versions[key]}"'
            path = f"/v1/cases/{played.numbers[key]}/actions/{deed.action}"
            answer = hub.send("POST", path, _step(deed), SYSTEM, headers)
        versions[key] = answer["version"]
    except RefusedByServer as refusal:
        played.refused[deed.action, refusal.code, refusal.detail] += 1


def request_key(source: str, case: str, number: int) -> str:
    """The Idempotency-Key of a deed: at most 64 visible characters."""
    text = f"{source}:{quote(case)}:{'end' if number < 0 else number}"
    return text if len(text) <= 64 else hashlib.sha256(text.encode()).hexdigest()


def _intake(deed: Deed) -> Mapping[str, Any]:
    case = deed.case
    return {
        "item": case.item,
        "organisation": case.organisation,
        "channel": case.channel,
        "observed": {
            "at": case.start.isoformat(),
            "due": case.due.isoformat() if case.due else None,
            "source": case.source,
            "source_id": case.id,
            "actor": deed.actor,
        },
    }


def _step(deed: Deed) -> Mapping[str, Any]:
    observed = {"observed": {"at": deed.at.isoformat(), "actor": deed.actor}}
    return {**observed, "activity": deed.activity} if deed.activity else observed
