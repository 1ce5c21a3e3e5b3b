"""Calendars over HTTP: any deadline explained, and the published years."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib import errors
from chalicelib.domain.calendar import start_of_day
from chalicelib.domain.clocks import Clock, Limit, Unit
from chalicelib.domain.identifiers import NotValid
from chalicelib.http import explained
from chalicelib.http.explained import ClockOut
from chalicelib.http.fields import Closed
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.services import explaining, registry

door = Door(__name__, title=("日历与期限", "Calendars and deadlines"))

EARLIEST, LATEST = 1990, 2100  # years; limits far outside are slips of the pen


def start(text: str) -> str:
    """A date, or an instant with its offset."""
    try:
        day = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)
        at = start_of_day(date.fromisoformat(text)) if day else datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None or not EARLIEST <= at.year <= LATEST:
        raise NotValid(
            "start_form",
            f"应为日期（2026-09-30）或带时区的时间（2026-09-30T09:00:00+08:00），{EARLIEST}–{LATEST}年",
            f"a date (2026-09-30) or a time with its offset (2026-09-30T09:00:00+08:00), {EARLIEST}–{LATEST}",
        )
    return text


class DeadlineQuery(Closed):
    """From when, how long, in which unit."""

    start: Annotated[str, StringConstraints(max_length=40), AfterValidator(start)]
    limit: Annotated[int, Field(ge=0, le=1000)]
    unit: Unit


@door.operation(
    "GET",
    "/v1/calendar/deadline",
    summary=("期限计算及逐日说明", "A deadline, explained day by day"),
    access=Access.public,
    query=DeadlineQuery,
    out=ClockOut,
    refusals=(errors.Busy,),
)
def deadline(call: Call) -> Answer:
    """When a limit that begins at `start` ends, and why: the start day does not count, make-up days do."""
    query: DeadlineQuery = call.query
    day = re.fullmatch(r"\d{4}-\d{2}-\d{2}", query.start)
    at = start_of_day(date.fromisoformat(query.start)) if day else datetime.fromisoformat(query.start)
    clock = Clock("statutory", at, Limit(query.limit, query.unit))
    return Answer(explained.clock(explaining.explained(clock, registry.current_calendar(), call.now)))
