"""运维总览 Operations: alarms on top, then the four golden signals (traffic, errors, latency, saturation) of the door,
of functions, streams and queues, and of tables. This module must not lay out anything."""

from __future__ import annotations

from collections.abc import Sequence

from infra.functions import Trigger
from infra.watch import objectives, series
from infra.watch.alarm import Alarm, Joint, Query, Urgency
from infra.watch.catalogue import (
    OPERATIONS,
    THROTTLES,
    Metric,
    of_account,
    of_api,
    of_function,
    of_queue,
    of_table,
    own,
)
from infra.watch.slo import BURNS, OBJECTIVES, Objective
from infra.watch.watched import Place, Watched
from infra.watch.widgets import Rows, Widget, alarm_lights, graph, number, text

_HEAD = """# 运维总览 Operations
是否正常工作。由代码生成，请勿手工修改；告警的处置见 docs/runbook.md。
Does it work? Generated, never edited by hand; what to do at an alarm says docs/runbook.md."""
_HALF = (12, 7)
_THIRD = (8, 6)


def rows(found: Watched, alarms: Sequence[Alarm | Joint], place: Place) -> Rows:
    """The widgets, row by row."""
    by_urgency = {
        urgency: [one.name for one in alarms if one.urgency is urgency] for urgency in (Urgency.page, Urgency.ticket)
    }
    return (
        [text(_HEAD, 2)],
        *([light] for light in alarm_lights("须立即处置 at once", by_urgency[Urgency.page], place, 5)),
        [text("## 接口 The door")],
        _door(place),
        _promised(place),
        [text("## 函数 Functions")],
        *_functions(found, place),
        [text("## 数据流与队列 Streams and queues")],
        _streams(found, place),
        [text("## 数据表 Tables")],
        *_tables(found, place),
        *([light] for light in alarm_lights("工作时间处置 by day", by_urgency[Urgency.ticket], place, 8)),
    )


def _door(place: Place) -> list[Widget]:
    asked = [
        (of_api("Count", place), "请求 requests"),
        (of_api("4XXError", place), "客户端错误 4xx"),
        (of_api("5XXError", place), "服务端错误 5xx"),
    ]
    times = [Query(f"p{at}", of_api("Latency", place), f"p{at}", label=f"p{at} 全程 in all") for at in (50, 90, 99)]
    inside = Query("inside", of_api("IntegrationLatency", place), "p99", label="p99 函数 in the function")
    own_errors = [
        (own("UnexpectedErrors", place), "未预料的错误 unexpected errors"),
        (own("TokensRefused", place), "令牌被拒 tokens refused"),
    ]
    return [
        graph("请求量与错误 Traffic and errors", series.each(asked, "Sum"), place, size=_THIRD, period=60),
        graph(
            "响应时间 Latency",
            [*times, inside],
            place,
            size=_THIRD,
            period=60,
            unit="ms",
            mark=("目标 objective", 3000),
        ),
        graph("接口自计 As the door counts", series.each(own_errors, "Sum"), place, size=_THIRD, period=60),
    ]


def _promised(place: Place) -> list[Widget]:
    return [widget for objective in OBJECTIVES for widget in (_left(objective, place), _burn(objective, place))]


def _left(objective: Objective, place: Place) -> Widget:
    left = Query(
        "left", expression=f"100 - 100 * FILL(wrong, 0) / requests / {objective.budget:.6g}", label="剩余 % left"
    )
    title = f"{objective.zh}误差预算 Error budget: {objective.en}"
    return number(title, [*objectives.queries(objective, place), left], place, size=(4, 6))


def _burn(objective: Objective, place: Place) -> Widget:
    burn = Query("burn", expression=objectives.burn_expression(objective), label="消耗倍率 burn rate")
    title = f"{objective.zh}消耗倍率 Burn rate: {objective.en} {100 * objective.target:g} %"
    mark = (f"{BURNS[0].rate:g}x", BURNS[0].rate)
    return graph(title, [*objectives.queries(objective, place), burn], place, size=_THIRD, mark=mark)


def _functions(found: Watched, place: Place) -> list[list[Widget]]:
    def lines(name: str) -> list[tuple[Metric, str]]:
        return [(of_function(name, one.name, place), one.name) for one in found.functions]

    account = Query("account", of_account("ConcurrentExecutions"), "Maximum", label="账户 account")
    running = [*series.each(lines("ConcurrentExecutions"), "Maximum"), account]
    return [
        [
            graph("调用 Invocations", series.each(lines("Invocations"), "Sum"), place, size=_HALF),
            graph("出错 Errors", series.each(lines("Errors"), "Sum"), place, size=_HALF),
        ],
        [
            graph("时长 p99 Duration", series.each(lines("Duration"), "p99"), place, size=_THIRD, unit="ms"),
            graph("限流 Throttles", series.each(lines("Throttles"), "Sum"), place, size=_THIRD),
            graph("并发 Concurrency", running, place, size=_THIRD),
        ],
    ]


def _streams(found: Watched, place: Place) -> list[Widget]:
    ages = [(of_function("IteratorAge", one.name, place), one.name) for one in found.by(Trigger.stream)]
    waiting = [(of_queue("ApproximateNumberOfMessagesVisible", one, place), one) for one in found.queues]
    oldest = [(of_queue("ApproximateAgeOfOldestMessage", one, place), one) for one in found.queues]
    return [
        graph("数据流落后 Iterator age", series.each(ages, "Maximum"), place, size=_THIRD, period=60, unit="ms"),
        graph("队列消息 Messages", series.each(waiting, "Maximum"), place, size=_THIRD),
        graph("最老消息 Oldest message", series.each(oldest, "Maximum"), place, size=_THIRD, unit="s"),
    ]


def _tables(found: Watched, place: Place) -> list[list[Widget]]:
    def lines(name: str) -> list[tuple[Metric, str]]:
        return [(of_table(name, one.name, place), one.name) for one in found.tables]

    throttles = {
        label: [of_table(name, table, place, index=index) for name in THROTTLES]
        for label, table, index in _tables_and_indexes(found)
    }
    errors = {
        one.name: [of_table("SystemErrors", one.name, place, operation=each) for each in OPERATIONS]
        for one in found.tables
    }
    times = [
        (of_table("SuccessfulRequestLatency", "cases", place, operation=each), each)
        for each in ("GetItem", "UpdateItem", "TransactWriteItems", "Query")
    ]
    failed, conflicts = lines("ConditionalCheckFailedRequests"), lines("TransactionConflict")
    return [
        [
            graph("读取容量 Reads", series.each(lines("ConsumedReadCapacityUnits"), "Sum"), place, size=_THIRD),
            graph("写入容量 Writes", series.each(lines("ConsumedWriteCapacityUnits"), "Sum"), place, size=_THIRD),
            graph("办件表时延 Latency of cases", series.each(times, "p99"), place, size=_THIRD, unit="ms"),
        ],
        [
            graph("限流 Throttles", series.totals(throttles), place, size=_HALF),
            graph("DynamoDB 自身错误 System errors", series.totals(errors), place, size=_HALF),
        ],
        [
            graph("条件未满足 Conditions that did not hold", series.each(failed, "Sum"), place, size=_HALF),
            graph("事务冲突 Transaction conflicts", series.each(conflicts, "Sum"), place, size=_HALF),
        ],
    ]


def _tables_and_indexes(found: Watched) -> list[tuple[str, str, str]]:
    """Label, table and index ("" of the table itself)."""
    return [
        (f"{table.name}/{index}" if index else table.name, table.name, index)
        for table in found.tables
        for index in ("", *table.indexes)
    ]
