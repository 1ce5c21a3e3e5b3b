"""What may be read of forecasts: an organisation's week with the record of being right, and its open cases.

As with details of indices, an organisation's forecast is for those in whose scope it lies. A page of cases is one read
a megabyte of what was forecast below the organisation. This module must not write and must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chalicelib.domain import organisation as organisations
from chalicelib.domain.authority import Identity
from chalicelib.domain.calendar import Calendar, legal_day
from chalicelib.domain.forecast import chance
from chalicelib.domain.forecast.chance import Chance, Grounds
from chalicelib.domain.forecast.method import Method
from chalicelib.domain.forecast.outlook import Week
from chalicelib.domain.indices import tally
from chalicelib.domain.indices.tally import Tally
from chalicelib.errors import FieldError, InvalidInput, NotFound
from chalicelib.forecasts import all_methods
from chalicelib.services import boards, registry
from chalicelib.store import forecasts
from chalicelib.store.forecasts import Day


@dataclass(frozen=True, slots=True)
class Record:
    """How scored forecasts came out (`domain.forecast.score`), and of which days they were."""

    days: Sequence[date]
    counts: Tally


@dataclass(frozen=True, slots=True)
class Forecast:
    """An organisation's week as it was forecast, when and by which method, and the record; `calendar`: which of its
    days are working days."""

    organisation: str
    made: Day
    method: Method
    week: Week
    record: Record
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Cases:
    """One page of the open cases of an organisation and all below it, those with the greatest chance first, each with
    its grounds; how many there are, how many more were not kept, and where it goes on."""

    organisation: str
    made: Day
    method: Method
    rows: Sequence[tuple[Chance, Grounds]]
    total: int
    left_out: int
    after: Mapping[str, Any] | None


def week(code: str, *, identity: Identity, now: datetime) -> Forecast:
    """The latest forecast of an organisation; two reads, and one more for the record."""
    boards.require_scope(identity, code)
    known = _days(now)
    made = known[-1]
    found = forecasts.one(made.day, code)
    if found is None:
        raise NotFound(f"{code} 没有预测：既无在办办件，近期也无收件", f"nothing to forecast of {code}: no cases")
    method = all_methods()[made.method]
    scored = [one.day for one in known if one.scored][-method.record :]
    record = Record(scored, tally.total(forecasts.scores(scored, code)))
    return Forecast(code, made, method, found.week, record, registry.current_calendar())


def cases(code: str, *, identity: Identity, now: datetime, after: Mapping[str, Any] | None, most: int | None) -> Cases:
    """A page of the open cases of the latest forecast, or of the one that its first page was of; all where `most` is
    None."""
    boards.require_scope(identity, code)
    made = _made(_days(now), after)
    rows, left_out = list[tuple[Chance, Grounds]](), 0
    for each in forecasts.below(made.day, organisations.scope(code)):
        rows += [(one, each.grounds[one.place]) for one in each.cases]
        left_out += each.left_out
    rows.sort(key=lambda row: chance.order(row[0]))
    first = int(after["n"]) if after else 0
    last = len(rows) if most is None else first + most
    onward = {"d": made.day.isoformat(), "n": last} if last < len(rows) else None
    return Cases(code, made, all_methods()[made.method], rows[first:last], len(rows), left_out, onward)


def _days(now: datetime) -> list[Day]:
    today = legal_day(now)
    found = forecasts.days(today - forecasts.KEPT, today)
    if not found:
        raise NotFound("尚未作出预测，每日凌晨生成", "nothing was forecast yet; it is done every night")
    return found


def _made(known: Sequence[Day], after: Mapping[str, Any] | None) -> Day:
    if after is None:
        return known[-1]
    found = next((one for one in known if one.day.isoformat() == after["d"]), None)
    if found is None:
        told = FieldError(
            "cursor", "unknown_cursor", "游标无效，请使用上一页返回的 next", "pass back the `next` of the page before"
        )
        raise InvalidInput(errors=[told])
    return found
