"""What the night makes of cells and queues: forecasts, and the scores of earlier ones.

A run that is missed or doubled changes nothing but that there is no forecast of a missed day. This module must not
read or write tables.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib import observability
from chalicelib.services import forecasting, scoring


def forecast_units(now: datetime) -> None:
    """Makes the forecast of the day that begins at `now`, unless it is there, and scores those that have waited."""
    made = forecasting.forecast(now)
    observability.count("OutlooksMade", now, value=made.outlooks)
    observability.count("ForecastsScored", now, value=scoring.score(now))
