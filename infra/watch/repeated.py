"""The alarms that there are of everything of a kind: of each function, stream, queue, schedule, table and index.

Thresholds are defaults of ours, and each says why. This module must not know what a function or table is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.functions import Function, Trigger
from infra.watch.alarm import Alarm, Missing, Query, Urgency, one, summed
from infra.watch.catalogue import (
    OPERATIONS,
    THROTTLES,
    heartbeat,
    of_account,
    of_function,
    of_queue,
    of_rule,
    of_table,
)
from infra.watch.watched import Place, Table, Watched

_HOUR = 3_600
_ACCOUNT_CONCURRENCY = 800  # of the 1,000 that an account has unless it asked for more
_SLOWEST = 0.8  # of its time-out; beyond, the next slow call ends in the middle
_BEHIND = 600  # seconds that a stream may lag beside the time in which it gathers a batch
_RATE = re.compile(r"rate\((\d+) (minute|hour)s?\)")
_DAILY = re.compile(r"cron\(\S+ \S+ [*?] \* [*?] \*\)|rate\(1 day\)")
_DAY_AND_TWO_HOURS = 26
_REST = "a function that nobody calls tells nothing"
_EVENTS = "AWS counts this only when it happens"


def alarms(found: Watched, place: Place) -> Iterator[Alarm]:
    """All of them."""
    for function in found.functions:
        yield from _of_function(function, place)
    yield _of_account()
    for reader in found.by(Trigger.stream):
        yield from _of_stream(reader, found.gathers[reader.name], place)
    for queue in found.queues:
        yield from _of_queue(queue, place)
    for schedule in found.by(Trigger.schedule):
        yield from _of_schedule(schedule, place)
    for table in found.tables:
        yield from _of_table(table, place)


def _of_function(each: Function, place: Place) -> Iterator[Alarm]:
    def metric(name: str, id: str, statistic: str = "Sum") -> Query:
        return Query(id, of_function(name, each.name, place), statistic)

    share = Query("share", expression="IF(calls > 0, 100 * errors / calls, 0)")
    yield Alarm(
        f"{each.name}-errors",
        "function-errors",
        f"{each.name} 的调用有百分之一以上出错",
        f"more than one call of {each.name} in a hundred fails",
        (metric("Errors", "errors"), metric("Invocations", "calls"), share),
        1,
        Missing.fine,
        _REST,
        periods=3,
        datapoints=2,
        urgency=Urgency.page if each.trigger is Trigger.http else Urgency.ticket,
    )
    yield Alarm(
        f"{each.name}-throttled",
        "function-throttled",
        f"{each.name} 被限流",
        f"calls of {each.name} are turned away",
        one(of_function("Throttles", each.name, place), "Sum"),
        0,
        Missing.fine,
        _REST,
        period=60,
        periods=5,
        datapoints=3,
    )
    yield Alarm(
        f"{each.name}-slow",
        "function-slow",
        f"{each.name} 接近超时（{each.timeout} 秒）",
        f"{each.name} comes near its time-out of {each.timeout} s",
        one(of_function("Duration", each.name, place), "p99"),
        _SLOWEST * each.timeout * 1000,
        Missing.fine,
        _REST,
        periods=3,
        datapoints=2,
    )


def _of_account() -> Alarm:
    return Alarm(
        "account-concurrency",
        "function-throttled",
        "账户的并发接近上限",
        "the account's concurrency nears its limit",
        one(of_account("ConcurrentExecutions"), "Maximum"),
        _ACCOUNT_CONCURRENCY,
        Missing.fine,
        "no function of the account runs",
        period=60,
        periods=5,
        datapoints=3,
        urgency=Urgency.page,
    )


def _of_stream(each: Function, gathers: int, place: Place) -> Iterator[Alarm]:
    yield Alarm(
        f"{each.name}-behind",
        "stream-behind",
        f"{each.name} 落后于数据流十分钟以上",
        f"{each.name} is more than ten minutes behind its stream",
        one(of_function("IteratorAge", each.name, place), "Maximum"),
        (gathers + _BEHIND) * 1000,
        Missing.fine,
        "nothing was written that it would read",
        period=60,
        periods=5,
        datapoints=3,
        urgency=Urgency.page,
    )
    yield Alarm(
        f"{each.name}-undelivered",
        "dead-letters",
        f"{each.name} 放弃的批次没有进入死信队列",
        f"what {each.name} gave up did not come into the queue of dead letters",
        one(of_function("DestinationDeliveryFailures", each.name, place), "Sum"),
        0,
        Missing.fine,
        _EVENTS,
        urgency=Urgency.page,
    )


def _of_queue(each: str, place: Place) -> Iterator[Alarm]:
    yield Alarm(
        f"{each}-waiting",
        "dead-letters",
        f"队列 {each} 有消息十五分钟未处理",
        f"messages wait in {each} for a quarter of an hour",
        one(of_queue("ApproximateAgeOfOldestMessage", each, place), "Maximum"),
        900,
        Missing.fine,
        "a queue that is empty for hours tells nothing",
    )
    yield Alarm(
        f"{each}-many",
        "dead-letters",
        f"队列 {each} 积压一百条以上",
        f"more than a hundred messages lie in {each}",
        one(of_queue("ApproximateNumberOfMessagesVisible", each, place), "Maximum"),
        100,
        Missing.fine,
        "a queue that is empty for hours tells nothing",
        urgency=Urgency.page,
    )


def _of_schedule(each: Function, place: Place) -> Iterator[Alarm]:
    period, periods = patience(each)
    quick = period < _HOUR
    yield Alarm(
        f"{each.name}-silent",
        "schedule-silent",
        f"{each.name} 已有 {periods} {'分钟' if quick else '小时'}没有运行到底",
        f"no run of {each.name} came to its end for {periods} {'minutes' if quick else 'hours'}",
        one(heartbeat(each.name, place), "SampleCount"),
        1,
        Missing.breaching,
        "each run tells a number, 0 too: silence means that none came to its end",
        period=period,
        periods=periods,
        datapoints=periods,
        comparison="LessThanThreshold",
        urgency=Urgency.page if quick else Urgency.ticket,
    )
    yield Alarm(
        f"{each.name}-not-started",
        "schedule-silent",
        f"定时规则没能启动 {each.name}",
        f"the rule could not start {each.name}",
        one(of_rule("FailedInvocations", each.name, place), "Sum"),
        0,
        Missing.fine,
        _EVENTS,
    )


def patience(each: Function) -> tuple[int, int]:
    """For how long a schedule may be silent, as a period in seconds and a number of them: what runs by the minute ten
    minutes or three runs, by the hour two runs, by the day a day and two hours. ValueError for one that runs less
    often, which no alarm can wait for."""
    expression = each.source or ""
    found = _RATE.fullmatch(expression)
    if found:
        number = int(found[1])
        return (60, max(10, 3 * number)) if found[2] == "minute" else (_HOUR, 2 * number)
    if not _DAILY.fullmatch(expression):
        raise ValueError(f"{each.name} runs at {expression}: its silence is judged where it runs every day at least")
    return _HOUR, _DAY_AND_TWO_HOURS


def _of_table(each: Table, place: Place) -> Iterator[Alarm]:
    for index in ("", *each.indexes):
        name = f"{each.name}/{index}" if index else each.name
        throttles = (of_table(metric, each.name, place, index=index) for metric in THROTTLES)
        yield Alarm(
            f"{name.replace('/', '.')}-throttled",
            "table-throttled",
            f"数据表 {name} 被限流",
            f"reads or writes of {name} are throttled",
            summed(tuple(throttles)),
            0,
            Missing.fine,
            _EVENTS,
            period=60,
            periods=5,
            datapoints=3,
            urgency=Urgency.page,
        )
    errors = (of_table("SystemErrors", each.name, place, operation=name) for name in OPERATIONS)
    yield Alarm(
        f"{each.name}-system-errors",
        "table-system-errors",
        f"DynamoDB 在 {each.name} 上出现自身错误",
        f"DynamoDB has errors of its own at {each.name}",
        summed(tuple(errors)),
        5,
        Missing.fine,
        _EVENTS,
        periods=3,
        datapoints=2,
    )
