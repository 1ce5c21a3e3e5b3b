"""Indices over HTTP: what is measured and how, rankings, one organisation's sheet, cells, the facts behind a number.

Everything computed says as of when, by which formula, and how many records lay in quarantine. This module only
declares: what computes is loaded with the first of these requests, because no step of a case needs it.
"""

from __future__ import annotations

from types import ModuleType

from chalicelib import errors
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.http.shapes import (
    CSV,
    HTML,
    XLSX,
    CellOut,
    FactsOut,
    FactsQuery,
    FormulaOut,
    FormulaQuery,
    RankingOut,
    RankingQuery,
    SheetOut,
    SheetQuery,
    Stamp,
)

door = Door(__name__, title=("指标指数", "Indices"))

PERIOD = r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?|-W[0-9]{2}|-Q[1-4]|-H[12])?"
ORGANISATION = r"[0-9]{6}([0-9]{2}){0,2}"
INDICATOR = r"[a-z]+(_[a-z]+)*"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _readings() -> ModuleType:
    from chalicelib.http import readings

    return readings


@door.operation(
    "GET",
    "/v1/indicators",
    summary=("指标目录", "Indicators"),
    access=Access.public,
    query=FormulaQuery,
    out=FormulaOut,
)
def indicators(call: Call) -> Answer:
    """Every indicator of a formula: what is divided by what, how it is scored and weighted, and on what basis."""
    return Answer(_readings().formula(call))


@door.operation(
    "GET",
    "/v1/indices/{period}",
    summary=("晾晒排名", "A ranking"),
    where={"period": PERIOD},
    query=RankingQuery,
    out=RankingOut,
    files=(CSV, XLSX),
    refusals=(errors.Forbidden,),
)
def ranking(call: Call) -> Answer:
    """All organisations of a level in a period, ranked. Who has no figures stands there without any."""
    return Answer(_readings().ranking(call))


@door.operation(
    "GET",
    "/v1/indices/{period}/{org}",
    summary=("单位指标", "One organisation's indicators"),
    where={"period": PERIOD, "org": ORGANISATION},
    query=SheetQuery,
    out=SheetOut,
    files=(CSV, XLSX, HTML),
    refusals=(errors.Forbidden,),
)
def sheet(call: Call) -> Answer:
    """One organisation's indicators, index and rank; what changed since the period before and the year before, to the
    point; and who below it has which part in each number."""
    return Answer(_readings().sheet(call))


@door.operation(
    "GET",
    "/v1/indices/{period}/{org}/{indicator}/facts",
    summary=("下钻到办件", "The facts behind a number"),
    where={"period": PERIOD, "org": ORGANISATION, "indicator": INDICATOR},
    query=FactsQuery,
    out=FactsOut,
    refusals=(errors.Forbidden,),
)
def facts(call: Call) -> Answer:
    """What an indicator was counted from, with what each fact counts; of a closed period as it is known now. The facts
    of the period come first, by day. Of what stands at its end (overdue, waiting to be archived) those that came to it
    or left it before the period follow, from the latest day back; all pages together add up to the number."""
    return Answer(_readings().facts(call))


@door.operation(
    "POST",
    "/v1/indices/{period}/close",
    summary=("月结", "Close a period"),
    where={"period": PERIOD},
    out=Stamp,
    refusals=(errors.Forbidden, errors.ActionNotAllowed, errors.VersionConflict),
)
def close(call: Call) -> Answer:
    """Freezes a period that is over, with its formula: it is shown as it is now for good, and what comes out otherwise
    later is listed as errata. Closing it again changes nothing."""
    return Answer(_readings().close(call))


@door.operation(
    "GET",
    "/v1/cells/{org}/{day}",
    summary=("口径单元", "A cell"),
    where={"org": ORGANISATION, "day": DAY},
    out=CellOut,
    refusals=(errors.Forbidden,),
)
def cell(call: Call) -> Answer:
    """What one organisation's own day counts, without those below it: the numbers that all others are sums of."""
    return Answer(_readings().cell(call))
