"""Assessment sheets over HTTP (考核表): one city of a period, with all that it is judged by."""

from __future__ import annotations

from types import ModuleType

from chalicelib import errors
from chalicelib.http.assessment_shapes import AssessmentOut
from chalicelib.http.indices import ORGANISATION, PERIOD
from chalicelib.http.operation import Answer, Call, Door
from chalicelib.http.shapes import CSV, HTML, XLSX, SheetQuery

door = Door(__name__, title=("考核", "Assessments"))


def _answers() -> ModuleType:
    from chalicelib.http import assessment_answers  # no step of a case needs it

    return assessment_answers


@door.operation(
    "GET",
    "/v1/assessments/{period}/{city}",
    summary=("考核表", "An assessment sheet"),
    where={"period": PERIOD, "city": ORGANISATION},
    query=SheetQuery,
    out=AssessmentOut,
    files=(CSV, XLSX, HTML),
    refusals=(errors.Forbidden,),
)
def assessment(call: Call) -> Answer:
    """What a city is assessed by in a period, for the city and the province: each indicator with target, score, points,
    rank among the cities and change, its counties beside it, and the construction of its centres. Points sum to the
    index. The province's own code gives the same of the province over its cities."""
    return Answer(_answers().assessment(call))
