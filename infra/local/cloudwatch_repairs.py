"""What this project needs of moto 5.2.5's CloudWatch and does not get from it, repaired in one place.

moto answers for alarms, dashboards and tags. Metrics are kept in a `Store` of ours, because of what moto does:

- one object of half a kilobyte for each single value, whatever Counts says of it;
- GetMetricData goes through all of them once for every period and query: minutes, for one dashboard of a day;
- percentiles and PR(…) are null, and every expression is an empty series;
- a metric without dimensions is all of that name together.

GetMetricStatistics and ListMetrics stay moto's own and look into the store. This module must not know which metrics
there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum, cloudwatch_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from infra.local import figures
from infra.local.figures import Query
from infra.local.series import Key, Store, key, reckoned

_STORE = "repaired_series"


def install() -> None:
    """Put the repairs into moto, once per process; `moto_repairs` sees to its version."""
    CloudWatchBackend.put_metric_data = _put_metric_data
    CloudWatchBackend.get_metric_data = _get_metric_data
    CloudWatchBackend.get_all_metrics = lambda backend: list(_datums(_store(backend)))


def store_of(region: str) -> Store:
    """The series of a region."""
    return _store(cloudwatch_backends[DEFAULT_ACCOUNT_ID][region])


def _store(backend: Any) -> Store:
    found: Store = backend.__dict__.setdefault(_STORE, Store())
    return found


def _put_metric_data(backend: Any, namespace: str, metric_data: list[dict[str, Any]]) -> None:
    for number, each in enumerate(metric_data, 1):
        backend._validate_parameters_put_metric_data(each, number)
    for each in metric_data:
        if "StatisticValues" in each:
            raise NotImplementedError("the local cloud takes values, and no statistics of them")
        series = _store(backend).series(_key({"Namespace": namespace, **each}), each.get("Unit", "None"))
        minute = _seconds(each.get("Timestamp") or datetime.now(UTC)) // 60 * 60
        values = each.get("Values") or [each.get("Value", 0)]
        counts = each.get("Counts") or [1] * len(values)
        for value, count in zip(values, counts, strict=True):
            series.add(minute, float(value), float(count))


def _key(metric: dict[str, Any]) -> Key:
    dimensions = [(each["Name"], each["Value"]) for each in metric.get("Dimensions", [])]
    return key(metric["Namespace"], metric["MetricName"], dimensions)


def _seconds(moment: datetime) -> int:
    """moto's moments are UTC and do not say so."""
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _datums(store: Store) -> Iterator[Any]:
    """Each minute of each series as moto's own actions want it."""
    for (namespace, name, dimensions), series in store.all.items():
        named = [{"Name": name, "Value": value} for name, value in dimensions]
        for minute, samples in series.minutes():
            told = [reckoned(each, samples) for each in ("Minimum", "Maximum", "SampleCount", "Sum")]
            yield MetricAggregatedDatum(namespace, name, *told, named, _moment(minute), series.unit)


def _get_metric_data(
    backend: Any,
    queries: list[dict[str, Any]],
    start_time: datetime,
    end_time: datetime,
    scan_by: str = "TimestampAscending",
) -> list[dict[str, Any]]:
    start, end = _seconds(start_time), _seconds(end_time)
    periods = [int(each["MetricStat"]["Period"]) for each in queries if "MetricStat" in each]
    asked = [_query(each, min(periods, default=60)) for each in queries]
    found = figures.answered(asked, _store(backend), start, end)
    return [
        {
            "id": each["Id"],
            "label": each.get("Label") or each["Id"],
            "values": [found[each["Id"]][moment] for moment in moments],
            "timestamps": [_moment(moment) for moment in moments],
            "status_code": "Complete",
        }
        for each in queries
        if each.get("ReturnData", True)
        for moments in [sorted(found[each["Id"]], reverse=scan_by == "TimestampDescending")]
    ]


def _query(asked: dict[str, Any], period: int) -> Query:
    if "MetricStat" not in asked:
        return Query(asked["Id"], int(asked.get("Period", period)), expression=asked["Expression"])
    metric = asked["MetricStat"]
    return Query(asked["Id"], int(metric["Period"]), _key(metric["Metric"]), metric["Stat"])
