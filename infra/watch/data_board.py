"""数据链路 Data: whether the numbers are true. What streams lag, what lies in quarantine or among dead letters, how
fresh the indices are, whether what is derived is what follows, and whether every schedule came to its end. This module
must not lay out anything."""

from __future__ import annotations

from collections.abc import Sequence

from infra.functions import Trigger
from infra.watch import series
from infra.watch.alarm import Alarm, Joint
from infra.watch.catalogue import Metric, heartbeat, of_function, of_queue, of_rule, own
from infra.watch.watched import Place, Watched
from infra.watch.widgets import Rows, Widget, alarm_lights, graph, log_lines, number, text

RUNBOOK = frozenset(
    {
        "stream-behind",
        "dead-letters",
        "records-quarantined",
        "histories-broken",
        "rebuild-differences",
        "indices-behind",
        "schedule-silent",
        "calendar-ends",
    }
)
_HOUR = 3_600
_HEAD = """# 数据链路 Data
数字是否可信：汇总数据是否完整、及时，派生数据是否与流程节点一致。
Are the numbers true: whole, fresh, and what follows from histories?"""


def rows(found: Watched, alarms: Sequence[Alarm | Joint], place: Place) -> Rows:
    """The widgets, row by row."""
    lights = [one.name for one in alarms if one.runbook in RUNBOOK]
    return (
        [text(_HEAD, 2)],
        *([light] for light in alarm_lights("数据告警 Alarms of data", lights, place, 5)),
        _now(found, place),
        [text("## 数据流 Streams")],
        _streams(found, place),
        [_reasons(found, place)],
        [text("## 定时任务 Schedules")],
        _schedules(found, place),
        [text("## 派生数据 What is derived")],
        _derived(place),
    )


def _now(found: Watched, place: Place) -> list[Widget]:
    quarantined = [own("RecordsQuarantined", place, reader=one.name) for one in found.by(Trigger.stream)]
    letters = [of_queue("ApproximateNumberOfMessagesVisible", one, place) for one in found.queues]
    return [
        _latest("指数落后（秒） Indices behind, s", own("IndicesBehind", place), "Maximum", place),
        _latest("重建差异 Rebuild differences", own("RebuildDifferences", place), "Maximum", place),
        _latest("节点前后不符 Broken histories", own("HistoriesBroken", place), "Maximum", place),
        number("进入隔离区 Quarantined", series.total("条 records", quarantined), place),
        number("死信 Dead letters", series.total("条 messages", letters, "Maximum"), place),
        _latest("日历剩余（天） Calendar left, days", own("CalendarDaysLeft", place), "Minimum", place),
    ]


def _latest(title: str, metric: Metric, statistic: str, place: Place) -> Widget:
    return number(title, series.each([(metric, " ")], statistic), place)


def _streams(found: Watched, place: Place) -> list[Widget]:
    readers = found.by(Trigger.stream)
    ages = [(of_function("IteratorAge", one.name, place), one.name) for one in readers]
    quarantined = [(own("RecordsQuarantined", place, reader=one.name), one.name) for one in readers]
    lost = [
        (of_function("DestinationDeliveryFailures", one.name, place), f"{one.name} 未送达 undelivered")
        for one in readers
    ]
    sent = [(of_queue("NumberOfMessagesSent", one, place), one) for one in found.queues]
    return [
        graph(
            "落后 Iterator age",
            series.each(ages, "Maximum"),
            place,
            period=60,
            unit="ms",
            mark=("十分钟 ten minutes", 600_000),
        ),
        graph("隔离区 Quarantined", series.each(quarantined, "Sum"), place, stacked=True),
        graph("死信 Dead letters", series.each([*sent, *lost], "Sum"), place),
    ]


def _reasons(found: Watched, place: Place) -> Widget:
    readers = found.by(Trigger.stream)
    query = "filter message = 'record quarantined' | stats count(*) as records by operation, reason | sort records desc"
    return log_lines("隔离原因（办件数据流） Why records of cases were put aside", readers[0].name, query, place)


def _schedules(found: Watched, place: Place) -> list[Widget]:
    schedules = found.by(Trigger.schedule)
    beats = [(heartbeat(one.name, place), one.name) for one in schedules]
    failed = [(of_rule("FailedInvocations", one.name, place), one.name) for one in schedules]
    return [
        graph(
            "运行到底的次数 Runs that came to their end",
            series.each(beats, "SampleCount"),
            place,
            size=(12, 7),
            period=_HOUR,
        ),
        graph("未能启动 Not started", series.each(failed, "Sum"), place, size=(12, 7), period=_HOUR),
    ]


def _derived(place: Place) -> list[Widget]:
    counted = [
        (own("CellsComputed", place), "口径单元 cells"),
        (own("PeriodsPublished", place), "发布周期 periods"),
        (own("ManifestsWritten", place), "数据湖清单 manifests"),
        (own("SpansCompared", place), "比对区间 spans compared"),
    ]
    seen = [
        (own("DeadlinesSwept", place), "到期时限 deadlines due"),
        (own("RungsReached", place), "预警和异常 rungs reached"),
        (own("PatternsSeen", place), "跨件规律 patterns"),
        (own("DeadlinesRecounted", place), "重算期限 recounted"),
    ]
    behind = [(own("IndicesBehind", place), "指数落后 indices behind")]
    return [
        graph("指数与清单 Indices and lists", series.each(counted, "Sum"), place, period=_HOUR),
        graph("监督 Supervision", series.each(seen, "Sum"), place, period=_HOUR),
        graph(
            "时效 Freshness",
            series.each(behind, "Maximum"),
            place,
            period=_HOUR,
            unit="s",
            mark=("两小时 two hours", 7_200),
        ),
    ]
