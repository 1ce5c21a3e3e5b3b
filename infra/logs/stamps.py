"""Stamps of a log as times: on which day, at which time, or that nobody can tell.

Every stamp is put on the clock of Asia/Shanghai, wall time for wall time: the platform's days and hours are those of
Shanghai, so what happened elsewhere on a Monday at nine counts as Monday at nine here, and not as the hour that it was
in Shanghai then. This module must not know columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.domain.calendar import SHANGHAI, end_of_day, legal_day

_EPOCHS = {"epoch": 1, "epoch_ms": 1000}
_NEVER = 2200  # the year from which on a deadline is none
_DAY_LENGTH = len("2011-03-08")
_MIDNIGHT = time()
_TIMED = re.compile(r"%-?[HIXcT]")  # in a format that has a time of day


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time on Shanghai's clock; `whole_day`: it is a day without a time."""

    at: datetime
    whole_day: bool = False

    @property
    def last(self) -> datetime:
        """Its last instant: a day ends at its end."""
        return end_of_day(legal_day(self.at)) if self.whole_day else self.at


class Unreadable(ValueError):  # noqa: N818  it says what is wrong
    """What is no stamp, or an impossible one; the message says which."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How the stamps of a log are read. `formats` of strptime, or `epoch` and `epoch_ms`, are tried before ISO 8601
    with its hyphens; `midnight`: whether 00:00:00 is a day without a time."""

    zone: ZoneInfo
    formats: tuple[str, ...]
    midnight: bool
    first: datetime
    last: datetime

    def event(self, text: str) -> Stamp:
        """When something happened; Unreadable where that is no time, or one at which nothing can have happened."""
        found, stamp = self._read(text)
        if not self.first <= found <= self.last:
            late = found > self.last
            raise Unreadable("lies after the log can have been written" if late else "lies before any log")
        return stamp

    def due(self, text: str) -> Stamp:
        """When something is due, which may lie ahead; Unreadable where that is no time."""
        found, stamp = self._read(text)
        if found < self.first:
            raise Unreadable("lies before any log")
        if found.year >= _NEVER:
            raise Unreadable("lies so far ahead that it means no deadline")
        return stamp

    def _read(self, text: str) -> tuple[datetime, Stamp]:
        """The instant, and the stamp in the log's zone. Midnight is one where the stamp was written or in that zone."""
        try:
            wall, day_only = self._parsed(text.strip())
            midnight = day_only or (self.midnight and wall.time() == _MIDNIGHT)
            found = wall if wall.tzinfo else wall.replace(tzinfo=self.zone)
            found.astimezone(UTC)
            if wall.tzinfo and not midnight:
                wall = wall.astimezone(self.zone)
                midnight = self.midnight and wall.time() == _MIDNIGHT
        except Unreadable:
            raise
        except (OverflowError, ValueError) as wrong:
            raise Unreadable("lies beyond any calendar") from wrong
        return found, Stamp(wall.replace(tzinfo=SHANGHAI), midnight)

    def _parsed(self, text: str) -> tuple[datetime, bool]:
        for form in self.formats:
            if form in _EPOCHS:
                if (at := _of_epoch(text, _EPOCHS[form])) is not None:
                    return at.astimezone(self.zone), False  # its midnights are those of the log, for it names no zone
                continue
            try:
                return datetime.strptime(text, form), not _TIMED.search(form)  # noqa: DTZ007
            except ValueError:
                continue
        if text[4:5] == "-":
            try:
                return datetime.fromisoformat(text), len(text) == _DAY_LENGTH
            except ValueError:
                pass
        raise Unreadable("is no time that can be read")


def _of_epoch(text: str, per_second: int) -> datetime | None:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(text) / per_second)
    except (ValueError, OverflowError):
        return None


def remembered(read: Callable[[str], Stamp]) -> Callable[[str], Stamp]:
    """`read`, which asks a text that it has read once no more: a log repeats its days."""
    known: dict[str, Stamp] = {}

    def reading(text: str) -> Stamp:
        stamp = known.get(text)
        if stamp is None:
            stamp = known[text] = read(text)
        return stamp

    return reading
