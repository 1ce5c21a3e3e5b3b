"""Forecasts as they are kept: what was forecast on a day, how it came out, and of which days there is either. No other
module touches the table.

A forecast is written whole before its day is noted, and nobody reads a day that is not. It expires when it has long
been scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.calendar import start_of_day
from chalicelib.domain.forecast.chance import Chance, Grounds, Group, Open
from chalicelib.domain.forecast.outlook import Outlook, Week
from chalicelib.domain.forecast.week import Coming, Expected
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.track import Bound
from chalicelib.store.connection import share
from chalicelib.store.failures import guarded
from chalicelib.store.packing import pack, unpack

_DAYS, _MADE, _SCORED = "days", "made", "scored"
KEPT = timedelta(days=120)  # longer than a forecast waits for its score, twice over
_LONGEST_BATCH = 100


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which there is a forecast: made when, by which method, and when it was scored (None: not yet)."""

    day: date
    made: datetime
    method: str
    scored: datetime | None = None


class ForecastRow(Model):
    """The row; `content` is compressed JSON."""

    class Meta:
        table_name = settings.current().forecasts_table
        billing_mode = "PAY_PER_REQUEST"

    page = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    content = BinaryAttribute(legacy_encoding=False, attr_name="d")
    expires = NumberAttribute()


share(ForecastRow)


def days(first: date, last: date) -> list[Day]:
    """The days from `first` to `last` on which there is a forecast, in their order: one read."""
    between = ForecastRow.part.between(first.isoformat(), last.isoformat())
    with guarded():
        return [_day(row) for row in ForecastRow.query(_DAYS, between, consistent_read=True)]


def note(one: Day) -> None:
    """Says that the forecast of a day is there, or that it was scored."""
    told = {"made": one.made.timestamp(), "method": one.method, "scored": one.scored and one.scored.timestamp()}
    with guarded():
        ForecastRow(_DAYS, one.day.isoformat(), content=pack(told), expires=_expires(one.day)).save()


def put(day: date, outlooks: Iterable[Outlook]) -> None:
    """Keeps the outlooks of a day, twenty-five a round trip; the same again changes nothing."""
    with guarded(), ForecastRow.batch_write() as batch:
        for one in outlooks:
            batch.save(
                ForecastRow(_page(_MADE, day), one.organisation, content=pack(_packed(one)), expires=_expires(day))
            )


def one(day: date, organisation: str) -> Outlook | None:
    """What was forecast for an organisation on a day; None where nothing was."""
    try:
        with guarded():
            return _outlook(ForecastRow.get(_page(_MADE, day), organisation))
    except ForecastRow.DoesNotExist:
        return None


def below(day: date, scope: str = "") -> Iterator[Outlook]:
    """What was forecast on a day for those whose codes begin with `scope`, by code: one read a megabyte."""
    condition = ForecastRow.part.startswith(scope) if scope else None
    with guarded():
        for row in ForecastRow.query(_page(_MADE, day), condition):
            yield _outlook(row)


def put_scores(day: date, scores: Iterable[tuple[str, Tally]]) -> None:
    """Keeps how the forecast of a day came out, for each organisation; the same again changes nothing."""
    with guarded(), ForecastRow.batch_write() as batch:
        for organisation, counts in scores:
            row = ForecastRow(_page(_SCORED, day), organisation, content=pack(dict(counts)), expires=_expires(day))
            batch.save(row)


def scores(found: Sequence[date], organisation: str) -> list[Tally]:
    """How the forecasts of these days came out for an organisation, where there was any: one read a hundred."""
    scored = list[Tally]()
    for start in range(0, len(found), _LONGEST_BATCH):
        keys = [(_page(_SCORED, day), organisation) for day in found[start : start + _LONGEST_BATCH]]
        with guarded():
            scored += [unpack(row.content) for row in ForecastRow.batch_get(keys)]
    return scored


def _page(kind: str, day: date) -> str:
    return f"{kind}#{day.isoformat()}"


def _expires(day: date) -> int:
    return int((start_of_day(day) + KEPT).timestamp())


def _day(row: ForecastRow) -> Day:
    told = unpack(row.content)
    scored = None if told["scored"] is None else datetime.fromtimestamp(told["scored"], tz=UTC)
    return Day(date.fromisoformat(row.part), datetime.fromtimestamp(told["made"], tz=UTC), told["method"], scored)


def _packed(one: Outlook) -> dict[str, Any]:
    return {
        "w": {**asdict(one.week), "first": one.week.first.isoformat()},
        "c": [
            [
                each.case.id,
                each.case.item,
                each.case.state,
                each.case.bound.since.timestamp(),
                each.case.bound.last.timestamp(),
                each.part,
                each.value,
            ]
            for each in one.cases
        ],
        "g": {place: asdict(each) for place, each in one.grounds.items()},
        "l": one.left_out,
    }


def _outlook(row: ForecastRow) -> Outlook:
    told = unpack(row.content)
    return Outlook(
        row.part,
        _week(told["w"]),
        tuple(_chance(row.part, *each) for each in told["c"]),
        {place: _grounds(each) for place, each in told["g"].items()},
        told["l"],
    )


def _week(told: dict[str, Any]) -> Week:
    coming = told["coming"] and Coming(
        Expected(**told["coming"]["expected"]), tuple(told["coming"]["by_day"]), told["coming"]["weeks"]
    )
    kept = {
        "first": date.fromisoformat(told["first"]),
        "due": tuple(told["due"]),
        "late": Expected(**told["late"]),
        "coming": coming,
    }
    return Week(**{**told, **kept})


def _chance(
    organisation: str, id: str, item: str, state: str, since: float, last: float, part: int, value: float | None
) -> Chance:
    bound = Bound(datetime.fromtimestamp(since, tz=UTC), datetime.fromtimestamp(last, tz=UTC))
    return Chance(Open(id, organisation, item, state, bound), part, value)


def _grounds(told: dict[str, Any]) -> Grounds:
    return Grounds(tuple(Group(**each) for each in told["groups"]), told["named"], told["half"])
