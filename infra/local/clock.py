"""The clock of the local cloud: real time, moved by whoever operates it.

Everything that the platform sees as time (requests, stream records, schedules, tokens, metrics) comes from here;
only the signing of requests follows the real clock. This module must not know who reads it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chalicelib.errors import FieldError, InvalidInput, VersionConflict


class LocalClock:
    """Real time plus an offset; with `runs=False` it stands still until it is set, which tests want.

    `used` says whether anything was kept under this clock; from then on it refuses to go back, because histories,
    deadlines and streams would run against time. `moved` is called when it has been set.
    """

    def __init__(
        self, start: datetime | None = None, *, runs: bool = True, used: Callable[[], bool] = lambda: False
    ) -> None:
        self._lock = threading.Lock()
        self._runs = runs
        self.used = used
        self.moved: Callable[[], None] = lambda: None
        self._place(_aware(start) if start else datetime.now(UTC))

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        passed = time.monotonic() - self._since if self._runs else 0.0
        return self._base + timedelta(seconds=passed)

    def set(self, moment: datetime) -> datetime:
        """Go to `moment` and give it in UTC. Raises InvalidInput for a naive one, VersionConflict for one that lies
        back while data exist."""
        moment = _aware(moment)
        with self._lock:
            if moment < self.now() and self.used():
                raise VersionConflict(
                    f"已有数据，时钟不能倒退；当前为{self.now().isoformat()}，如需从头开始请重新启动，有数据目录的请换一个",
                    f"there are data already, so the clock does not go back; it is {self.now().isoformat()}. "
                    "Restart the local cloud to begin anew, with another data directory if there is one.",
                )
            self._place(moment)
        self.moved()
        return moment

    def advance(self, seconds: float) -> datetime:
        """Go on by `seconds` and give the new moment. A negative number is refused."""
        if seconds < 0:
            wrong = FieldError("advance", "negative", "应为不小于0的秒数", "must be 0 or more seconds")
            raise InvalidInput(errors=[wrong])
        try:
            moment = self.now() + timedelta(seconds=seconds)
        except OverflowError:
            wrong = FieldError("advance", "too_far", "超出可表示的时间", "further than a date can tell")
            raise InvalidInput(errors=[wrong]) from None
        return self.set(moment)

    def restart(self, moment: datetime) -> None:
        """Go to `moment` whatever it is now; for whoever has just emptied everything."""
        with self._lock:
            self._place(_aware(moment))

    @property
    def offset(self) -> timedelta:
        """How far the clock is ahead of real time."""
        return self.now() - datetime.now(UTC)

    def resume(self, offset: timedelta, last: datetime) -> None:
        """Go on from an earlier run that had this offset and last wrote at `last`: real time with the offset, if the
        clock runs, and never before `last`."""
        self.restart(max(datetime.now(UTC) + offset, last) if self._runs else last)

    def _place(self, moment: datetime) -> None:
        self._base = moment
        self._since = time.monotonic()


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        wrong = FieldError(
            "now",
            "naive",
            "须带时区，例如2026-09-30T09:00:00+08:00",
            "needs an offset, e.g. 2026-09-30T09:00:00+08:00",
        )
        raise InvalidInput(errors=[wrong])
    return moment.astimezone(UTC)
