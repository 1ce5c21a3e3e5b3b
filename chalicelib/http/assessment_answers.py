"""Assessment sheets as documents, tables and pages, from what the service gives. This module must not decide who may
see what."""

from __future__ import annotations

from fractions import Fraction

from chalicelib import pages
from chalicelib.construction import plan
from chalicelib.domain.construction import Reached
from chalicelib.domain.indices.index import HUNDREDTHS
from chalicelib.http import figures, sheets
from chalicelib.http.assessment_shapes import AssessmentOut, CentreOut, ConstructionOut, LineOut, TargetOut
from chalicelib.http.fields import names
from chalicelib.http.files import File
from chalicelib.http.operation import Call
from chalicelib.http.shapes import HTML, SheetQuery
from chalicelib.services import assessing
from chalicelib.services.assessing import Assessment, Construction, Line, Progress


def assessment(call: Call) -> AssessmentOut | File:
    """A city's assessment sheet in the form that is asked for."""
    query: SheetQuery = call.query
    found = assessing.assessment(call.path["period"], call.path["city"], identity=call.who)
    told = _document(found)
    match query.format:
        case "json":
            return told
        case "html":
            name = f"assessment-{told.stamp.period}-{told.standing.org}.html"
            return File(HTML, name, pages.assessment(found))
        case _:
            tables = [_lines_of(told), _parts_of(told), *_construction_of(told), sheets.of_stamp(told.stamp)]
            return sheets.as_file(query.format, call.accept, tables)


def _document(found: Assessment) -> AssessmentOut:
    whole = figures.sheet(found.sheet)
    points = [line.points for line in found.lines if line.points is not None]
    return AssessmentOut(
        stamp=whole.stamp,
        standing=whole.standing,
        total=sum(points) / HUNDREDTHS if points else None,
        lines=[_line(line) for line in found.lines],
        before=whole.before,
        last_year=whole.last_year,
        parts=whole.parts,
        construction=_construction(found.construction) if found.construction else None,
        errata=whole.errata,
    )


def _line(line: Line) -> LineOut:
    one, value = line.indicator, line.value
    return LineOut(
        code=one.code,
        name=names(one.name),
        family=one.family,
        direction=one.direction,
        value=None if value.why else figures.ratio(value.ratio),
        numerator=value.numerator,
        denominator=value.denominator,
        floor=float(one.floor),
        target=float(one.target),
        score=figures.points(value.score),
        band=line.band,
        weight=float(one.weight),
        share=round(float(line.share), figures.PLACES),
        points=figures.points(line.points),
        rank=line.rank,
        peers=line.peers,
        value_before=figures.ratio(line.before.ratio) if line.before and not line.before.why else None,
        change=figures.ratio(line.change),
        added=figures.points(line.added),
        why=value.why or None,
    )


def _construction(found: Construction) -> ConstructionOut:
    return ConstructionOut(
        value=None if found.rate.why else figures.ratio(found.rate.ratio),
        operating=found.rate.numerator,
        due=found.rate.denominator,
        why=found.rate.why or None,
        targets=[_target(each) for each in found.targets],
        centres=[_centre(each) for each in found.centres],
    )


def _target(each: Reached) -> TargetOut:
    one = each.target
    return TargetOut(
        code=one.code,
        name=names(one.text),
        by=one.by.isoformat(),
        share=float(one.share),
        due=each.due,
        operating=each.operating,
        needed=each.needed,
        gap=each.gap,
        met=each.gap == 0,
        in_force=each.in_force,
        basis=one.basis,
    )


def _centre(each: Progress) -> CentreOut:
    tasks, stage = plan().tasks, each.stage
    return CentreOut(
        org=each.code,
        name=figures.called(each.code),
        stage=stage.code if stage else None,
        stage_name=names(plan().stages[stage.code].text) if stage else None,
        since=stage.since.isoformat() if stage else None,
        due=each.due.isoformat() if each.due else None,
        operating_since=each.begun.isoformat() if each.begun else None,
        days_late=each.days_late,
        tasks_met=len(tasks) - len(each.lacks),
        tasks=len(tasks),
        lacks=[names(task.text) for task in each.lacks],
    )


def _lines_of(told: AssessmentOut) -> sheets.Table:
    """The lines and their total."""
    heads = (
        *("指标", "值", "分子", "分母", "零分值", "满分值", "得分", "权重"),
        *("得分贡献", "名次", "上期值", "变化", "变化贡献", "说明"),
    )
    rows = [
        (
            *(one.name.zh, one.value, one.numerator, one.denominator, one.floor, one.target, one.score, one.share),
            *(one.points, one.rank, one.value_before, one.change, one.added, sheets.why(one.why)),
        )
        for one in told.lines
    ]
    blank: tuple[sheets.Cell, ...] = (None,) * 7
    change = told.before.change if told.before else None
    return sheets.Table(
        f"{told.standing.name.zh} {told.stamp.period} 考核表",
        f"assessment-{told.stamp.period}-{told.standing.org}",
        heads,
        [*rows, ("指数（合计）", *blank, told.total, told.standing.rank, None, None, change, None)],
        label="考核表",
        shares=frozenset({1, 4, 5, 7, 10, 11}),
        total=True,
    )


def _parts_of(told: AssessmentOut) -> sheets.Table:
    """The values of those below, one beside the other, and their indices."""
    heads = ("指标", *(part.name.zh for part in told.parts))
    rows = [(line.name.zh, *(_share(part.values.get(line.code)) for part in told.parts)) for line in told.lines]
    return sheets.Table(
        f"{told.standing.name.zh} {told.stamp.period} 下级单位对照",
        f"parts-{told.stamp.period}-{told.standing.org}",
        heads,
        [*rows, ("指数", *(part.index for part in told.parts))],
        label="下级单位对照",
        shares=frozenset(range(1, len(heads))),
        total=True,
    )


def _construction_of(told: AssessmentOut) -> list[sheets.Table]:
    """Targets and centres, where there are any."""
    if told.construction is None:
        return []
    name = f"construction-{told.stamp.period}-{told.standing.org}"
    whose = f"{told.standing.name.zh} {told.stamp.period}"
    targets = [
        (one.name.zh, one.by, one.share, one.due, one.operating, one.needed, one.gap, _reached(one))
        for one in told.construction.targets
    ]
    centres = [
        (one.org, one.name.zh, one.stage_name.zh if one.stage_name else "未上报", one.since, one.operating_since,
         one.due, one.days_late, one.tasks_met, one.tasks, "、".join(each.zh for each in one.lacks))
        for one in told.construction.centres
    ]  # fmt: skip
    by = ("目标", "期限", "比例", "应建", "已实体化运行", "应达到", "差额", "是否达到")
    heads = ("单位代码", "单位", "阶段", "自", "实体化运行自", "期限", "逾期天数", "已完成任务", "任务", "未完成任务")
    return [
        sheets.Table(f"{whose} 建设目标", name, by, targets, label="建设目标", shares=frozenset({2})),
        sheets.Table(f"{whose} 建设进度", name, heads, centres, label="建设进度"),
    ]


def _reached(one: TargetOut) -> str:
    if one.met:
        return "已达到"
    return "未达到" if one.in_force else "未到期"


def _share(both: list[int] | None) -> float | None:
    return figures.ratio(Fraction(*both)) if both and both[1] else None
