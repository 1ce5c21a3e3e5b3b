"""Every alarm of a stack: those that repeat (`repeated`), those of the objectives (`objectives`), and here those of
integrity, of the door and of the business.

Thresholds are defaults of ours. This module must not know CloudFormation.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.functions import Trigger
from infra.watch import catalogue, objectives, repeated
from infra.watch.alarm import Alarm, Joint, Missing, Query, Urgency, one, summed
from infra.watch.catalogue import of_api, own
from infra.watch.watched import Place, Watched

_HOUR = 3_600


def alarms(found: Watched, place: Place) -> tuple[Alarm | Joint, ...]:
    """All of them, the objectives first."""
    return (
        *objectives.alarms(place),
        *_of_door(place),
        *_of_data(found, place),
        *_of_business(found, place),
        *repeated.alarms(found, place),
    )


def _of_data(found: Watched, place: Place) -> Iterator[Alarm]:
    readers = (own("RecordsQuarantined", place, reader=each.name) for each in found.by(Trigger.stream))
    yield Alarm(
        "records-quarantined",
        "records-quarantined",
        "有记录进入隔离区，汇总数据因此缺失",
        "records went into quarantine, and figures lack them",
        summed(tuple(readers)),
        0,
        Missing.fine,
        "nothing was put aside",
        periods=12,  # so that it stands for an hour
        urgency=Urgency.page,
    )
    yield Alarm(
        "histories-broken",
        "histories-broken",
        "有办件或工单的流程节点前后不符",
        "steps of a case or an order do not add up",
        one(own("HistoriesBroken", place), "Sum"),
        0,
        Missing.fine,
        "no sweep ran, which sweep_deadlines-silent says",
        urgency=Urgency.page,
    )
    yield Alarm(
        "rebuild-differences",
        "rebuild-differences",
        "重建比对发现归集数据或异常与流程节点不一致",
        "facts or findings are not what follows from the histories",
        one(own("RebuildDifferences", place), "Maximum"),
        0,
        Missing.keep,
        "nobody compared since; what was found last holds until a comparison finds nothing",
        urgency=Urgency.page,
    )
    yield Alarm(
        "indices-behind",
        "indices-behind",
        "指数落后于已归集的数据两小时以上",
        "indices lack what was pooled more than two hours ago",
        one(own("IndicesBehind", place), "Maximum"),
        2 * _HOUR,
        Missing.fine,
        "no run came to its end, which compute_indices-silent says",
        period=_HOUR,
    )
    yield Alarm(
        "calendar-ends",
        "calendar-ends",
        "已公布的工作日历不足七十天",
        "the published calendar lasts less than seventy days",
        one(own("CalendarDaysLeft", place), "Minimum"),
        70,
        Missing.keep,
        "it is told once a day; between two days the last one holds",
        period=_HOUR,
        comparison="LessThanThreshold",
    )


def _of_door(place: Place) -> Iterator[Alarm]:
    refused = (
        Query("refused", own("TokensRefused", place), "Sum"),
        Query("requests", of_api("Count", place), "Sum"),
        Query("share", expression="IF(FILL(refused, 0) > 50, 100 * refused / requests, 0)"),
    )
    yield Alarm(
        "tokens-refused",
        "tokens-refused",
        "五分之一以上的请求令牌被拒（至少五十次）",
        "more than a fifth of all requests bring a token that is refused, fifty at least",
        refused,
        20,
        Missing.fine,
        "nobody asked anything",
        periods=3,
        datapoints=2,
        urgency=Urgency.page,
    )
    yield Alarm(
        "unexpected-errors",
        "unexpected-errors",
        "接口出现未预料的错误（500）",
        "the door answered 500 to what nobody had foreseen",
        one(own("UnexpectedErrors", place), "Sum"),
        0,
        Missing.fine,
        "there was none",
    )


def _of_business(found: Watched, place: Place) -> Iterator[Alarm]:
    yield Alarm(
        "deadlines-missed",
        "deadlines-missed",
        "一小时内有二十件以上办件超期",
        "more than twenty clocks of cases ran out within an hour",
        one(own("DeadlinesMissed", place, subject="case"), "Sum"),
        20,
        Missing.fine,
        "none ran out, or no sweep ran, which sweep_deadlines-silent says",
        period=_HOUR,
    )
    yield Alarm(
        "bad-ratings-unanswered",
        "bad-ratings-unanswered",
        "有差评超过时限未整改",
        "the follow-up of a bad rating is overdue",
        one(own("DeadlinesMissed", place, subject="follow_up"), "Sum"),
        0,
        Missing.fine,
        "none is overdue, or no sweep ran, which sweep_deadlines-silent says",
        period=_HOUR,
    )
    yield Alarm(
        "no-intake",
        "no-intake",
        "工作日九时至十七时连续两小时没有收到任何办件",
        "on a working day between nine and five no case came in for two hours",
        _intake(found, place),
        1,
        Missing.fine,
        "no sweep ran either, by whose beat the hours are told; sweep_deadlines-silent says so",
        period=_HOUR,
        periods=2,
        datapoints=2,
        comparison="LessThanThreshold",
    )


def _intake(found: Watched, place: Place) -> tuple[Query, ...]:
    """Cases of all channels in office hours, and 1 outside of them. The sweep's beat is there every hour, so that an
    hour without a case has a value; metric math tells time in UTC, eight hours behind."""
    channels = catalogue.values(found)["channel"]
    metrics = tuple(Query(f"m{n}", own("CasesReceived", place, channel=each), "Sum") for n, each in enumerate(channels))
    cases = " + ".join(f"FILL({each.id}, 0)" for each in metrics)
    beat = Query("beat", own("DeadlinesSwept", place), "SampleCount")
    office = "DAY(beat) < 6 AND HOUR(beat) >= 1 AND HOUR(beat) < 9"
    return (*metrics, beat, Query("received", expression=f"IF({office}, {cases}, 1)"))
