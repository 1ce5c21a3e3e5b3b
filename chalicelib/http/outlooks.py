"""What the routes of forecasts do: ask the service, and answer with a document or a table, each chance explained.

It is loaded with the first of these requests, because no step of a case needs it. This module must not decide who may
see what.
"""

from __future__ import annotations

from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.forecast import score
from chalicelib.domain.forecast import week as weeks
from chalicelib.domain.forecast.chance import ANY, Chance, Grounds, Group
from chalicelib.domain.forecast.method import Method
from chalicelib.domain.forecast.week import Expected
from chalicelib.domain.item import Text
from chalicelib.domain.track import PARTS
from chalicelib.http import cursors, sheets
from chalicelib.http.fields import Names, names
from chalicelib.http.files import File
from chalicelib.http.forecast_shapes import (
    CaseRecordOut,
    CasesOut,
    CasesQuery,
    ChanceOut,
    DayOut,
    ExpectedOut,
    ForecastOut,
    GroupOut,
    RecordOut,
    WeekOut,
    WeekRecordOut,
)
from chalicelib.http.operation import Call
from chalicelib.procedures import procedure_of
from chalicelib.services import forecasts, registry
from chalicelib.services.forecasts import Forecast, Record

_PLACES = 4  # decimals of a chance
_HUNDRED = 100


def week(call: Call) -> ForecastOut:
    """One organisation's week."""
    found = forecasts.week(call.path["org"], identity=call.who, now=call.now)
    return ForecastOut(
        org=found.organisation,
        name=_organisation(found.organisation),
        day=found.made.day.isoformat(),
        made_at=found.made.made,
        method=found.made.method,
        week=_week(found),
        record=_record(found.record),
    )


def cases(call: Call) -> CasesOut | File:
    """A page of open cases, or all of them as a file."""
    query: CasesQuery = call.query
    after = cursors.decode(query.cursor, {"d": str, "n": int})
    most = query.limit if query.format == "json" else None
    found = forecasts.cases(call.path["org"], identity=call.who, now=call.now, after=after, most=most)
    told = CasesOut(
        org=found.organisation,
        day=found.made.day.isoformat(),
        made_at=found.made.made,
        method=found.made.method,
        items=[_chance(one, grounds, found.method) for one, grounds in found.rows],
        total=found.total,
        left_out=found.left_out,
        next=cursors.encode(found.after),
    )
    return told if query.format == "json" else sheets.as_file(query.format, call.accept, [_table(told)])


def _week(found: Forecast) -> WeekOut:
    here = found.week
    days, coming = weeks.days_of(here.first), here.coming
    return WeekOut(
        from_day=days[0].isoformat(),
        to_day=days[-1].isoformat(),
        open=here.open,
        overdue=here.overdue,
        undated=here.undated,
        due=sum(here.due),
        late=_expected(here.late),
        unknown=here.unknown,
        coming=_expected(coming.expected) if coming else None,
        weeks=coming.weeks if coming else 0,
        last_week=here.last_week,
        days=[
            DayOut(
                day=day.isoformat(),
                working=found.calendar.is_working_day(day),
                due=here.due[number],
                coming=round(coming.by_day[number], 2) if coming else None,
            )
            for number, day in enumerate(days)
        ],
    )


def _expected(found: Expected) -> ExpectedOut:
    return ExpectedOut(value=round(found.value, 2), low=found.low, high=found.high)


def _record(found: Record) -> RecordOut:
    counts = found.counts

    def share(part: str, whole: str) -> float | None:
        value = score.share(counts, part, whole)
        return None if value is None else round(value, _PLACES)

    brier = score.brier(counts)
    return RecordOut(
        forecasts=len(found.days),
        from_day=found.days[0].isoformat() if found.days else None,
        to_day=found.days[-1].isoformat() if found.days else None,
        cases=CaseRecordOut(
            cases=counts.get(score.CASES, 0),
            undecided=counts.get(score.UNDECIDED, 0),
            late=counts.get(score.LATE, 0),
            flagged=counts.get(score.FLAGGED, 0),
            flagged_late=counts.get(score.FLAGGED_LATE, 0),
            soonest_late=counts.get(score.SOONEST_LATE, 0),
            right=share(score.FLAGGED_LATE, score.FLAGGED),
            right_soonest=share(score.SOONEST_LATE, score.FLAGGED),
            caught=share(score.FLAGGED_LATE, score.LATE),
            caught_soonest=share(score.SOONEST_LATE, score.LATE),
            brier=None if brier is None else round(brier, _PLACES),
        ),
        weeks=WeekRecordOut(
            weeks=counts.get(score.WEEKS, 0),
            came=counts.get(score.CAME, 0),
            mean_error=share(score.MISSED, score.WEEKS),
            mean_error_last_week=share(score.MISSED_PLAIN, score.WEEKS),
            within=share(score.WITHIN, score.WEEKS),
        ),
    )


def _chance(one: Chance, grounds: Grounds, method: Method) -> ChanceOut:
    return ChanceOut(
        case_id=one.case.id,
        org=one.case.organisation,
        item=one.case.item,
        name=names(_item(one.case.item)),
        state=one.case.state,
        state_name=names(_state(one.case.item, one.case.state)),
        due=one.case.bound.last.replace(microsecond=0),
        gone=_hundredths(one.part),
        chance=None if one.value is None else round(one.value, _PLACES),
        flagged=one.value is not None and one.value >= method.flagged,
        text=_explained(one, grounds, method),
        groups=[_group(each) for each in grounds.groups],
    )


def _group(one: Group) -> GroupOut:
    item, state = (None if name == ANY else name for name in (one.item, one.state))
    return GroupOut(org=one.organisation, item=item, state=state, cases=one.cases, late=one.late)


def _explained(one: Chance, grounds: Grounds, method: Method) -> Names:
    """The group that the chance rests on, in words: 环境相同者 how many, how many late, how long they took."""
    gone = _hundredths(one.part)
    if grounds.named is None:
        return Names(
            zh=f"曾处于同一进度的办件不足{method.minimum}件，不作预测",
            en=f"fewer than {method.minimum} cases were ever this far; no forecast is made",
        )
    group = grounds.groups[grounds.named]
    where, item, still = _organisation(group.organisation), _item(group.item), _still(one.case.item, group.state)
    zh = (
        f"{where.zh}{item.zh}，时限用去{gone}%时{still.zh}的{group.cases}件中，"
        f"{group.late}件超期（{group.late / group.cases:.0%}）"
    )
    en = (
        f"of {group.cases} cases ({item.en}) at {where.en} that were {still.en} with {gone}% of their limit gone, "
        f"{group.late} were late ({group.late / group.cases:.0%})"
    )
    half = grounds.half
    if half is None:
        return Names(zh=f"{zh}；半数以上超期", en=f"{en}; more than half of all were late")
    return Names(
        zh=f"{zh}；该类办件半数在时限用去{_hundredths(half)}%前办结",
        en=f"{en}; half of all were closed before {_hundredths(half)}% of it was gone",
    )


def _item(id: str) -> Text:
    if id == ANY:
        return Text("各事项", "any item")
    known = registry.current_item(id)
    return known.name if known else Text(id, id)


def _still(id: str, state: str) -> Text:
    if state == ANY:
        return Text("尚未办结", "still open")
    found = _state(id, state)
    return Text(f"仍处于“{found.zh}”", f"still {found.en!r}")


def _state(id: str, state: str) -> Text:
    """What a state is called by the procedure of an item."""
    known = registry.current_item(id)
    found = procedure_of(known.procedure).states.get(state) if known else None
    return found.text if found else Text(state, state)


def _organisation(code: str) -> Names:
    known = registry.find_organisation(code)
    return Names(zh=known.zh if known else code, en=known.en if known else code)


def _hundredths(part: int) -> int:
    return part * _HUNDRED // PARTS


def _table(found: CasesOut) -> sheets.Table:
    heads = ("办件编号", "单位代码", "事项", "环节", "期限", "时限已用%", "超期可能性", "标红", "依据")
    rows = [
        (
            one.case_id,
            one.org,
            one.name.zh,
            one.state_name.zh,
            f"{one.due.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            one.gone,
            one.chance,
            "是" if one.flagged else "",
            one.text.zh,
        )
        for one in found.items
    ]
    return sheets.Table(f"{found.day} 超期预测", f"forecast-{found.day}-{found.org}", heads, rows)
