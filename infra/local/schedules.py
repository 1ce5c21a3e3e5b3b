"""EventBridge's schedules for the app's `@app.schedule` functions, by the local clock.

When the clock moves, every schedule that fell due in between runs once, however often it would have fired: the
platform's sweeps ask what is due by now, so a missed run changes nothing. Cron expressions are in UTC, as EventBridge
reads them. This module must not know what the functions do.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from chalice.app import Chalice, ScheduledEventConfig
from chalice.local import LambdaContext

from chalicelib.errors import NotFound

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
Matcher = frozenset[int] | None  # None: any
Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule: `fell_due(after, until)` says whether it fires in that half-open stretch of time."""

    name: str
    expression: str
    handler: Handler
    fell_due: Callable[[datetime, datetime], bool]


def schedules_of(app: Chalice, handlers: Mapping[str, Callable[[Any, Any], Any]]) -> dict[str, Schedule]:
    """The schedules that the app declares, by function name, with what is called. Raises ValueError for an expression
    that is neither rate() nor cron()."""
    found = {}
    for config in app.event_sources:
        if isinstance(config, ScheduledEventConfig):
            given = config.schedule_expression
            text = given if isinstance(given, str) else given.to_string()
            found[config.name] = Schedule(config.name, text, handlers[config.name], parse(text))
    return found


def parse(expression: str) -> Callable[[datetime, datetime], bool]:
    """What `rate(5 minutes)` or `cron(0 18 ? * MON-FRI *)` means: whether it fires after one moment and not after
    another. A rate counts from the epoch, so that it does not depend on when the cloud was started."""
    kind, _, inside = expression.strip().removesuffix(")").partition("(")
    parts = inside.split()
    if kind == "rate" and len(parts) == 2 and parts[0].isdigit() and parts[1].removesuffix("s") in _UNITS:
        every = int(parts[0]) * _UNITS[parts[1].removesuffix("s")]
        return lambda after, until: _periods(until, every) > _periods(after, every)
    if kind == "cron" and len(parts) == 6:
        fields = _cron(parts)
        return lambda after, until: any(after < moment <= until for moment in _latest(fields, after, until))
    raise ValueError(f"{expression} is neither rate(value unit) nor cron(six fields)")


def _periods(moment: datetime, every: timedelta) -> int:
    return int(moment.timestamp() // every.total_seconds())


def _cron(parts: list[str]) -> list[Matcher]:
    minute, hour, day, month, weekday, year = parts
    return [
        _field(minute, 0, 59),
        _field(hour, 0, 23),
        _field(day, 1, 31),
        _field(month, 1, 12, {name: i + 1 for i, name in enumerate(_MONTHS)}),
        _field(weekday, 1, 7, {name: i + 1 for i, name in enumerate(_DAYS)}),
        _field(year, 1970, 2199),
    ]


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> Matcher:
    if text in ("*", "?"):
        return None
    found: set[int] = set()
    for part in text.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else _numbered(first, names)
        end = _numbered(last, names) if last else (high if step or first == "*" else begin)
        if not low <= begin <= end <= high:
            raise ValueError(f"{text} is not between {low} and {high}")
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _numbered(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)


def _latest(fields: list[Matcher], after: datetime, until: datetime) -> Iterator[datetime]:
    """The firings of the last matching day not after `until`, then of the one before, down to `after`."""
    minutes, hours, days, months, weekdays, years = fields
    day = until.astimezone(UTC).date()
    while day >= after.astimezone(UTC).date():
        checks = (
            (day.day, days),
            (day.month, months),
            (day.isoweekday() % 7 + 1, weekdays),
            (day.year, years),
        )
        if all(wanted is None or value in wanted for value, wanted in checks):
            for hour in sorted(range(24) if hours is None else hours, reverse=True):
                for minute in sorted(range(60) if minutes is None else minutes, reverse=True):
                    yield datetime.combine(day, time(hour, minute), UTC)
        day -= timedelta(days=1)


class Scheduler:
    """Runs schedules by a clock; `after_each` runs when one has run (the streams are read then)."""

    def __init__(
        self,
        schedules: dict[str, Schedule],
        now: Callable[[], datetime],
        after_each: Callable[[], object],
        region: str,
    ) -> None:
        self.schedules = schedules
        self._now = now
        self._after_each = after_each
        self._region = region
        self._looked = now()

    def run_due(self) -> list[str]:
        """Run, once each, what fell due since the last look; gives the names in order."""
        after, until = self._looked, self._now()
        self._looked = until
        due = [name for name, schedule in self.schedules.items() if schedule.fell_due(after, until)]
        for name in due:
            self.run(name)
        return due

    def rewind(self) -> None:
        """Look on from the present moment, after the clock was put back on an empty cloud."""
        self._looked = self._now()

    def run(self, name: str) -> None:
        """Run one schedule now. Raises NotFound with the names that there are."""
        if name not in self.schedules:
            known = ", ".join(self.schedules) or "—"
            raise NotFound(
                f"没有名为{name}的定时任务；现有：{known}",
                f"no schedule is called {name}; there are: {known}",
            )
        context = LambdaContext(name, 256, 900_000)
        self.schedules[name].handler(self._event(name), context)
        self._after_each()

    def _event(self, name: str) -> dict[str, Any]:
        partition = "aws-cn" if self._region.startswith("cn-") else "aws"
        rule = f"arn:{partition}:events:{self._region}:123456789012:rule/zhongshu-local-{name}"
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "123456789012",
            "time": self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": [rule],
            "detail": {},
        }
