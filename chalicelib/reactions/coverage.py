"""Whether the published calendar reaches far enough for the deadlines that are being given now.

A deadline that runs into a year without a calendar is provisional; this says so to operators before it happens. It
must not change any deadline.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib import observability
from chalicelib.domain.calendar import legal_day
from chalicelib.services import registry

ENOUGH_DAYS = 70  # 45 working days (行政许可法 art. 42) with weekends and a long holiday


def report(now: datetime) -> int:
    """Counts the days for which the calendar is still published; warns in the log when they do not suffice."""
    days = (registry.current_calendar().coverage_ends() - legal_day(now)).days
    observability.count("CalendarDaysLeft", now, value=max(days, 0))
    if days < ENOUGH_DAYS:
        observability.line("calendar ends soon; publish the next year", reason=f"{days} days left")
    return days
