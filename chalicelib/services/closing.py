"""月结: a period that is over is closed, and shown from then on as it was; what comes out otherwise is an erratum.

This module must not compute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from chalicelib.domain import authority
from chalicelib.domain.authority import Identity
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices.period import Period, Span
from chalicelib.errors import ActionNotAllowed, Forbidden, NotFound, VersionConflict
from chalicelib.services import boards
from chalicelib.store import indices, marks, reports
from chalicelib.store.indices import Closing, Edition

DAYS_OPEN = (
    5  # a period is closed on the sixth day after it, so that what is pooled late still counts: a default of ours
)
PLATFORM = "zhongshu"
_LENGTHS = (Span.month, Span.quarter, Span.half, Span.year)
_BACK = 3  # how many periods back are closed where runs were missed


def close(name: str, *, identity: Identity, now: datetime) -> Edition:
    """Closes a month or longer period as it is now; one that is closed stays as it is.

    Forbidden for others than the province's analysts; ActionNotAllowed while it lasts, or where it was not computed
    since it ended.
    """
    if not authority.closes_periods(identity):
        raise Forbidden("月结由省厅综合研判岗办理", "periods are closed by analysts of the province")
    period = boards.parse_period(name)
    if period.span not in _LENGTHS:
        raise NotFound(
            "日、周不月结；可月结的是月、季、半年、年", "days and weeks are not closed; months and longer periods are"
        )
    edition = indices.editions([period]).get(period.name)
    if edition is None or not _is_over(period, edition):
        raise ActionNotAllowed(
            f"{name} 尚未结束，或结束后尚未计算；请在 {period.last} 之后、下一次计算之后办理",
            f"{name} is not over, or was not computed since; close it after {period.last}, when it was computed again",
            allowed_actions=(),
        )
    closed = edition if edition.closed else _closed(edition, now, identity.subject)
    if closed is None:
        raise VersionConflict("此周期刚刚重新计算，请再试一次", "this period was just computed anew; try again")
    _mark([period])
    return closed


def close_due(today: date, now: datetime) -> None:
    """Closes what ended more than DAYS_OPEN days ago and was computed since; and marks it for who writes its reports,
    every day anew, so that a run that died in between is made good."""
    due = [one for one in _ended(today) if today - one.last > timedelta(days=DAYS_OPEN)]
    found = indices.editions(due)
    for one in due:
        edition = found.get(one.name)
        if edition and edition.closed is None and _is_over(one, edition):
            _closed(edition, now, PLATFORM)  # where it is being computed at this moment, on another day
    _mark(due)


def _mark(ended: Iterable[Period]) -> None:
    marks.put((reports.READER, one.name) for one in ended if one.span is Span.month)


def _ended(today: date) -> Iterator[Period]:
    for span in _LENGTHS:
        one = periods.of(today, span)
        for _ in range(_BACK):
            one = periods.before(one)
            yield one


def _is_over(period: Period, edition: Edition) -> bool:
    return legal_day(edition.as_of) > period.last


def _closed(edition: Edition, now: datetime, by: str) -> Edition | None:
    closed = replace(edition, closed=Closing(edition.id, now, by, edition.as_of, edition.quarantined))
    period = periods.parse(edition.period)
    return closed if indices.make_count(period.key, closed, edition) else None
