"""What a query of CloudWatch comes to: statistics of series, and metric math over them.

An expression is reckoned at each period of the stretch, so that FILL fills a series of which nothing was told, as it
does on AWS. This module must not know which metrics there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.series import Key, Points, Store
from infra.watch import metric_math


@dataclass(frozen=True, slots=True)
class Query:
    """A series with a statistic, or an expression over the ids of others; `period` in seconds."""

    id: str
    period: int
    key: Key | None = None
    statistic: str = ""
    expression: str = ""


def answered(queries: Sequence[Query], store: Store, start: int, end: int) -> dict[str, Points]:
    """What each query comes to, by its id, from `start` to `end`, whatever order they stand in. NotUnderstoodError for
    an expression that is none, KeyError for one that names nobody, ValueError for a statistic that there is not."""
    found: dict[str, Points] = {
        each.id: store.points(each.key, each.statistic, each.period, start, end) for each in queries if each.key
    }
    waiting = [each for each in queries if each.key is None]
    while waiting:
        ready = [each for each in waiting if metric_math.ids(each.expression) <= found.keys()]
        if not ready:
            raise KeyError(f"{waiting[0].expression} names what is not asked for")
        for each in ready:
            found[each.id] = _reckoned(each, found, start, end)
        waiting = [each for each in waiting if each not in ready]
    return found


def named(query: Query, queries: Iterable[Query]) -> frozenset[Key]:
    """The series that a query looks at, through whatever it names."""
    if query.key:
        return frozenset({query.key})
    by_id = {each.id: each for each in queries}
    return frozenset().union(*(named(by_id[id], by_id.values()) for id in metric_math.ids(query.expression)))


def _reckoned(query: Query, known: Mapping[str, Points], start: int, end: int) -> Points:
    ids, found = metric_math.ids(query.expression), {}
    for moment in range(start, end, query.period):
        values = {id: known[id].get(moment) for id in ids}
        value = metric_math.value(query.expression, datetime.fromtimestamp(moment, UTC), values)
        if value is not None:
            found[moment] = value
    return found
