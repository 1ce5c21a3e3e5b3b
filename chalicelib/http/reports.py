"""Reports over HTTP (月报): what was written of closed months, each edition as it was written."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from chalicelib import errors
from chalicelib.http import cursors
from chalicelib.http.fields import Closed, PageQuery, Shown, Time
from chalicelib.http.files import File
from chalicelib.http.indices import ORGANISATION
from chalicelib.http.operation import Answer, Call, Door
from chalicelib.http.shapes import HTML

if TYPE_CHECKING:
    from chalicelib.store.reports import Kept

door = Door(__name__, title=("报告", "Reports"))

PERIOD = r"[0-9]{4}-[0-9]{2}"


class EditionOut(Shown):
    """An edition of a report: 1 as the month was closed, each further one with what was corrected since."""

    period: str
    org: str
    edition: int
    bytes: int
    written_at: Time


class PeriodsOut(Shown):
    """The periods of which there are reports, the latest first."""

    periods: list[str]


class ReportsOut(Shown):
    """One page of editions, by organisation."""

    items: list[EditionOut]
    next: str | None


class ReportQuery(Closed):
    """Which edition, the newest if none is named; `json` lists the editions that there are."""

    edition: Annotated[int, Field(ge=1, le=999)] | None = None
    format: Literal["html", "json"] = "html"


def _reports() -> ModuleType:
    from chalicelib.services import reports  # no step of a case needs it

    return reports


@door.operation(
    "GET",
    "/v1/reports",
    summary=("报告周期", "Periods with reports"),
    out=PeriodsOut,
    refusals=(errors.Forbidden,),
)
def periods(call: Call) -> Answer:
    """Of which closed months reports were written."""
    return Answer(PeriodsOut(periods=_reports().kept_periods(identity=call.who)))


@door.operation(
    "GET",
    "/v1/reports/{period}",
    summary=("报告列表", "Reports of a period"),
    where={"period": PERIOD},
    query=PageQuery,
    out=ReportsOut,
    refusals=(errors.Forbidden,),
)
def reports(call: Call) -> Answer:
    """The reports of a month in the scope of who asks, every edition."""
    query: PageQuery = call.query
    found = cursors.decode(query.cursor, {"o": str, "e": int})
    after = (found["o"], found["e"]) if found else None
    page = _reports().page(call.path["period"], identity=call.who, after=after, most=query.limit)
    onward = {"o": page.rows[-1].organisation, "e": page.rows[-1].edition} if page.more else None
    return Answer(ReportsOut(items=[_told(one) for one in page.rows], next=cursors.encode(onward)))


@door.operation(
    "GET",
    "/v1/reports/{period}/{org}",
    summary=("月报", "A report"),
    where={"period": PERIOD, "org": ORGANISATION},
    query=ReportQuery,
    out=ReportsOut,
    files=(HTML,),
    refusals=(errors.Forbidden,),
)
def report(call: Call) -> Answer:
    """One organisation's report of a closed month, a page to print, as it was written. An edition never changes; what
    was corrected after the month was closed is told by a further one."""
    query: ReportQuery = call.query
    period, org = call.path["period"], call.path["org"]
    if query.format == "json":
        found = _reports().editions(period, org, identity=call.who)
        return Answer(ReportsOut(items=[_told(one) for one in found], next=None))
    kept, content = _reports().edition(period, org, query.edition, identity=call.who)
    return Answer(File(HTML, f"report-{period}-{org}-{kept.edition}.html", content))


def _told(one: Kept) -> EditionOut:
    return EditionOut(period=one.period, org=one.organisation, edition=one.edition, bytes=one.size, written_at=one.at)
