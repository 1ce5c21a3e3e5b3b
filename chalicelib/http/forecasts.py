"""Forecasts over HTTP: an organisation's week, and which of its open cases will be late.

This module only declares: what computes is loaded with the first of these requests, because no step of a case needs it.
"""

from __future__ import annotations

from types import ModuleType

from chalicelib import errors
from chalicelib.http.forecast_shapes import CasesOut, CasesQuery, ForecastOut
from chalicelib.http.indices import ORGANISATION
from chalicelib.http.operation import Answer, Call, Door
from chalicelib.http.shapes import CSV, XLSX

door = Door(__name__, title=("预测预警", "Forecasts"))


def _outlooks() -> ModuleType:
    from chalicelib.http import outlooks

    return outlooks


@door.operation(
    "GET",
    "/v1/forecasts/{org}",
    summary=("单位一周预测", "One organisation's week"),
    where={"org": ORGANISATION},
    out=ForecastOut,
    refusals=(errors.Forbidden,),
)
def week(call: Call) -> Answer:
    """What the seven days from the last night on bring an organisation with all below it: cases that come, fall due and
    will be late, each with an interval; and how earlier forecasts came out, beside due soonest first and as last
    week."""
    return Answer(_outlooks().week(call))


@door.operation(
    "GET",
    "/v1/forecasts/{org}/cases",
    summary=("可能超期的在办件", "Open cases that may be late"),
    where={"org": ORGANISATION},
    query=CasesQuery,
    out=CasesOut,
    files=(CSV, XLSX),
    refusals=(errors.Forbidden,),
)
def cases(call: Call) -> Answer:
    """Open cases that were in time in the last night, those with the greatest chance of being late first, each with
    what its chance rests on. csv and xlsx hold all of them."""
    return Answer(_outlooks().cases(call))
