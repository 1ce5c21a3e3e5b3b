"""The dashboards of a stack, looked at before there is one: the bodies that `infra.watch` puts into it, with what the
local run measured, and the states of its alarms.

Of a metric that no local run can know this says so, and gives no zero. This module must not draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from chalice.app import Chalice

from chalicelib.errors import FieldError, InvalidInput, NotFound
from infra.functions import functions_of
from infra.local import figures, measuring
from infra.local.figures import Query
from infra.local.series import Points, Store, key
from infra.watch import judging, lint, metric_math
from infra.watch.alarm import Alarm, Joint, Missing
from infra.watch.alarms import alarms
from infra.watch.catalogue import Metric
from infra.watch.dashboards import dashboards
from infra.watch.judging import Judgement
from infra.watch.watched import Place, Watched, watched

Document = dict[str, Any]
_MOST_POINTS = 10_080  # a week of minutes
_HOUR, _WEEK = 3_600, 604_800


@dataclass(frozen=True, slots=True)
class _Line:
    """A query of a widget with what it is called, and whether it is shown."""

    query: Query
    label: str
    shown: bool


class Boards:
    """Looks at `store` as CloudWatch would look at its own at `place`."""

    def __init__(self, app: Chalice, place: Place, store: Store) -> None:
        self._app = app
        self._place = place
        self._store = store

    @cached_property
    def _watched(self) -> Watched:
        return watched(functions_of(self._app))

    @cached_property
    def _bodies(self) -> Mapping[str, Document]:
        return dashboards(self._watched, self._place)

    @cached_property
    def _alarms(self) -> Mapping[str, Alarm | Joint]:
        return {one.name: one for one in alarms(self._watched, self._place)}

    def names(self) -> list[Document]:
        """The dashboards: name and title."""
        return [
            {"name": name, "title": body["widgets"][0]["properties"]["markdown"].partition("\n")[0].lstrip("# ")}
            for name, body in self._bodies.items()
        ]

    def body(self, name: str) -> Document:
        """The body of a dashboard as it stands in the stack. NotFound with the names that there are."""
        if name not in self._bodies:
            there = ", ".join(self._bodies)
            raise NotFound(f"没有名为{name}的看板；现有：{there}", f"no dashboard is called {name}; there are: {there}")
        return self._bodies[name]

    def figures(self, rows: Sequence[Sequence[Any]], period: int, start: int, end: int) -> list[Document]:
        """What the shown lines of a widget come to: `metrics` as a dashboard writes them, in seconds of UTC. A line is
        `measured` unless no local run can know it. InvalidInput for what is no such widget."""
        if (end - start) / period > _MOST_POINTS:
            raise _wrong("period", "至多10080个点，请放大周期", f"{_MOST_POINTS} points at most; take a longer one")
        if period < end - start:  # graphs begin at a whole period; a number is of the stretch itself
            start -= start % min(period, _HOUR)
        lines = [_line(row, period) for row in rows]
        queries = [each.query for each in lines]
        try:
            measured = [each for each in queries if _measured(each, queries)]
            found = figures.answered(measured, self._store, start, end)
        except (metric_math.NotUnderstoodError, KeyError, ValueError) as error:
            raise _wrong("metrics", f"无法计算：{error}", f"cannot be reckoned: {error}") from None
        return [
            {
                "id": each.query.id,
                "label": each.label,
                "measured": each.query in measured,
                "points": [[moment, value] for moment, value in sorted(found.get(each.query.id, {}).items())],
            }
            for each in lines
            if each.shown
        ]

    def alarms(self, now: datetime) -> list[Document]:
        """Every alarm with its state at `now` and why."""
        single = {one.name: self._judged(one, now) for one in self._alarms.values() if isinstance(one, Alarm)}
        return [self._told(one, single) for one in self._alarms.values()]

    def _judged(self, alarm: Alarm, now: datetime) -> Judgement | None:
        """None where no local run can know."""
        queries = [_of(each.id, alarm.period, each.metric, each.statistic, each.expression) for each in alarm.queries]
        if not _measured(queries[-1], queries):
            return None
        end = int(now.timestamp()) // 60 * 60 + 60
        back = max(alarm.periods, _WEEK // alarm.period if alarm.missing is Missing.keep else 1)
        start = end - back * alarm.period
        found: Points = figures.answered(queries, self._store, start, end)[queries[-1].id]
        return judging.judged(alarm, [found.get(moment) for moment in range(start, end, alarm.period)])

    def _told(self, one: Alarm | Joint, single: Mapping[str, Judgement | None]) -> Document:
        told = {
            "name": one.name,
            "arn": self._place.arn("cloudwatch", f"alarm:{self._place.named(one.name)}"),
            "text": {"zh-CN": one.zh, "en": one.en},
            "runbook": one.runbook,
            "urgency": str(one.urgency),
        }
        if isinstance(one, Joint):
            parts = [found.state for part in one.parts if (found := single[part])]
            state = judging.joint(parts) if len(parts) == len(one.parts) else None
            return told | {"state": state, "reason": _of_parts(one, single)}
        judgement = single[one.name]
        return told | {"state": judgement and judgement.state, "reason": _reason(one, judgement)}


def _reason(one: Alarm, found: Judgement | None) -> Mapping[str, str]:
    if found is None:
        return {"zh-CN": "本地无此数据", "en": "not measured locally"}
    latest = "—" if found.latest is None else f"{found.latest:g}"
    zh = f"最近{one.periods}个周期（各{one.period}秒）：{found.breaching}个越限，{found.missing}个无数据；"
    en = f"of the last {one.periods} periods of {one.period} s {found.breaching} breach, {found.missing} have no data; "
    return {
        "zh-CN": f"{zh}最新值{latest}，阈值{one.threshold:g}",
        "en": f"{en}latest {latest}, threshold {one.threshold:g}",
    }


def _of_parts(one: Joint, single: Mapping[str, Judgement | None]) -> Mapping[str, str]:
    states = {part: found.state if (found := single[part]) else "?" for part in one.parts}
    told = ", ".join(f"{part} {state}" for part, state in states.items())
    return {"zh-CN": f"须同时告警：{told}", "en": f"all must speak: {told}"}


def _line(row: Any, period: int) -> _Line:
    if not isinstance(row, list) or not row or not all(isinstance(each, str) for each in row[:-1]):
        raise _wrong("metrics", "应为看板部件的metrics数组", "must be the metrics of a widget")
    metric, options = lint.read(row)
    if not isinstance(options.get("id"), str):
        raise _wrong("metrics", "每一行应有id", "each row must have an id")
    if metric and not lint.STATISTIC.fullmatch(str(options.get("stat"))):
        raise _wrong("metrics", f"{metric}的统计方法stat不可用", f"{metric} has no statistic {options.get('stat')}")
    query = _of(options["id"], period, metric, str(options.get("stat", "")), str(options.get("expression", "")))
    return _Line(query, str(options.get("label", "")), options.get("visible", True))


def _of(id: str, period: int, metric: Metric | None, statistic: str, expression: str) -> Query:
    series = key(metric.namespace, metric.name, metric.dimensions) if metric else None
    return Query(id, period, series, statistic, expression)


def _measured(query: Query, queries: Sequence[Query]) -> bool:
    return all(measuring.known(namespace, name) for namespace, name, _ in figures.named(query, queries))


def _wrong(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(errors=[FieldError(field, "invalid", zh, en)])
