"""What a schedule makes of closed months: pages to print, kept for whoever asks. This module must not read or write
anything itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib import observability, pages
from chalicelib.services import reports


def write_reports(now: datetime, remaining: Callable[[], int]) -> None:
    """Writes the reports that are missing, while its Lambda has time (`remaining`, milliseconds)."""
    written = reports.write(pages.report, lambda: remaining() / 1000)
    observability.count("ReportsWritten", now, value=written.editions)
    if not written.finished:
        observability.line("more reports are missing than one run writes; the next one goes on")
