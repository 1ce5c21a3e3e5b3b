"""The linter of alarms: what CloudWatch would refuse only when it is deployed, or accept and never speak of. This
module must not make any."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from infra.watch.alarm import Alarm, Joint, Missing, Query, Urgency
from infra.watch.catalogue import Metric
from infra.watch.lint import STATISTIC, expression, is_period, well_named

_MOST_METRICS = 10  # in one alarm
_LONGEST_NAME = 200  # 255 with what comes before it
_DAY, _WEEK = 86_400, 604_800
_COMPARISONS = frozenset(
    {"GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"}
)


def alarms(found: Sequence[Alarm | Joint], metrics: Collection[Metric], runbook: Collection[str]) -> list[str]:
    """Everything that is wrong with alarms, each by its name. `runbook`: the sections that there are; one that no alarm
    leads to is told as well."""
    names = [one.name for one in found]
    problems = [f"{name}: two alarms are called so" for name in sorted({one for one in names if names.count(one) > 1})]
    for one in found:
        told = _joint(one, names) if isinstance(one, Joint) else _alarm(one, metrics)
        problems += [f"{one.name}: {what}" for what in (*_words(one, runbook), *told)]
    problems += _same(one for one in found if isinstance(one, Alarm))
    parts = {part for one in found if isinstance(one, Joint) for part in one.parts}
    problems += [
        f"{one.name}: nobody is told" for one in found if one.urgency is Urgency.none and one.name not in parts
    ]
    unused = sorted(set(runbook) - {one.runbook for one in found})
    return problems + [f"docs/runbook.md: no alarm leads to {section}" for section in unused]


def _words(one: Alarm | Joint, runbook: Collection[str]) -> Iterator[str]:
    if one.runbook not in runbook:
        yield f"docs/runbook.md has no section {one.runbook}"
    if not one.zh or not one.en:
        yield "it does not say what it means, in zh and en"
    if len(one.name) > _LONGEST_NAME:
        yield "its name is too long"


def _same(found: Iterable[Alarm]) -> Iterator[str]:
    """An index that lacks its dimension is its table, and a function without its name all of them."""
    seen: dict[tuple[object, ...], str] = {}
    for one in found:
        first = seen.setdefault((one.queries, one.period, one.threshold, one.comparison), one.name)
        if first != one.name:
            yield f"{one.name}: it judges the same as {first}"


def _joint(one: Joint, names: Collection[str]) -> Iterator[str]:
    for part in one.parts:
        if part not in names:
            yield f"there is no alarm {part}"


def _alarm(one: Alarm, metrics: Collection[Metric]) -> Iterator[str]:
    ids = [query.id for query in one.queries]
    yield from well_named(ids)
    for query in one.queries:
        yield from _query(query, ids, metrics)
    used = [query.metric for query in one.queries if query.metric is not None]
    if len(used) > _MOST_METRICS:
        yield f"more than {_MOST_METRICS} metrics"
    names = {tuple(name for name, _ in each.dimensions) for each in used if each.namespace.startswith("AWS/")}
    if len(names) > 1:
        yield "one of its metrics lacks a dimension that another has"
    if not is_period(one.period):
        yield f"period is {one.period}, must be a multiple of 60"
    if not 1 <= one.datapoints <= one.periods:
        yield f"{one.datapoints} of {one.periods} periods"
    if one.period * one.periods > (_DAY if one.period < 3_600 else _WEEK):
        yield "it looks further back than CloudWatch does"
    if one.comparison not in _COMPARISONS:
        yield f"there is no comparison {one.comparison}"
    if one.missing not in Missing or not one.silence:
        yield "it does not say what missing data mean"


def _query(query: Query, ids: Collection[str], metrics: Collection[Metric]) -> Iterator[str]:
    if query.metric is None:
        yield from expression(query.expression, ids)
        return
    if query.metric not in metrics:
        yield f"nothing emits {query.metric}"
    if not STATISTIC.fullmatch(query.statistic):
        yield f"{query.metric} has no statistic {query.statistic}"
