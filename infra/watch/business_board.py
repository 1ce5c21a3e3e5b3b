"""业务态势 The service: what comes in by which channel, what is completed and what is late, how it is rated and what is
asked; and, shown by functions that read tables, every county's index and what is overdue where. This module must not
lay out anything."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain import order
from chalicelib.domain.rating import RatingLevel
from chalicelib.procedures import all_procedures
from infra.watch import catalogue, series
from infra.watch.alarm import Alarm, Joint
from infra.watch.catalogue import Metric, own
from infra.watch.watched import Place, Watched
from infra.watch.widgets import Rows, Widget, alarm_lights, graph, made_by, number, text

RUNBOOK = frozenset({"no-intake", "deadlines-missed", "bad-ratings-unanswered", "indices-behind", "calendar-ends"})
_HOUR = 3_600
_HEAD = """# 业务态势 The service
供值班参考；考核以指数为准，不以本页计数为准。
For those on duty: whoever is judged is judged by indices, never by a count here."""
_CHANNELS = {"mobile": "移动端", "web": "PC端", "kiosk": "自助端", "window": "窗口端"}
_LEVELS = {
    RatingLevel.very_satisfied: "非常满意",
    RatingLevel.satisfied: "满意",
    RatingLevel.fairly_satisfied: "基本满意",
    RatingLevel.dissatisfied: "不满意",
    RatingLevel.very_dissatisfied: "非常不满意",
}
_OUTCOMES = {"answered": "已答复", "handed_over": "已转人工", "not_answered": "未答复"}


def rows(found: Watched, alarms: Sequence[Alarm | Joint], place: Place) -> Rows:
    """The widgets, row by row."""
    lights = [one.name for one in alarms if one.runbook in RUNBOOK]
    return (
        [text(_HEAD, 2)],
        *([light] for light in alarm_lights("业务告警 Alarms of the service", lights, place, 3)),
        _today(found, place),
        _flow(found, place),
        _steps(found, place),
        _asked(place),
        [
            made_by("县级指数 Indices of counties", "show_counties", place, size=(12, 16), level="county"),
            made_by("超期办件 Overdue", "show_overdue", place, size=(12, 16)),
        ],
    )


def _received(found: Watched, place: Place) -> list[Metric]:
    return [own("CasesReceived", place, channel=each) for each in catalogue.values(found)["channel"]]


def _rated(place: Place, *, bad: bool | None = None) -> list[Metric]:
    return [own("RatingsGiven", place, level=each) for each in RatingLevel if bad is None or each.bad is bad]


def _today(found: Watched, place: Place) -> list[Widget]:
    answered = [own("QuestionsAsked", place, outcome="answered")]
    asked = [own("QuestionsAsked", place, outcome=each) for each in catalogue.OUTCOMES]
    late = [own("DeadlinesMissed", place, subject="case")]
    unanswered = [own("DeadlinesMissed", place, subject="follow_up")]
    return [
        number("收件 Received", series.total("件 cases", _received(found, place)), place),
        number("办结 Completed", series.total("件 cases", [own("CasesCompleted", place)]), place),
        number("超期 Ran out", series.total("个时限 clocks", late), place),
        number("差评率 Bad ratings", series.share("%", _rated(place, bad=True), _rated(place)), place),
        number("咨询自动答复率 Answered at once", series.share("%", answered, asked), place),
        number("超期整改 Follow-ups overdue", series.total("件 orders", unanswered), place),
    ]


def _flow(found: Watched, place: Place) -> list[Widget]:
    channels = catalogue.values(found)["channel"]
    by_channel = [(own("CasesReceived", place, channel=each), f"{_CHANNELS[each]} {each}") for each in channels]
    done = [(own("CasesCompleted", place), "办结 completed")]
    both = [*series.total("收件 received", _received(found, place)), *series.each(done, "Sum")]
    subjects = {"case": "办件", **{kind: known.name.zh for kind, known in order.ALL.items()}}
    late = [(own("DeadlinesMissed", place, subject=kind), f"{zh} {kind}") for kind, zh in subjects.items()]
    return [
        graph("收件渠道 Intake by channel", series.each(by_channel, "Sum"), place, period=_HOUR, stacked=True),
        graph("收件与办结 Received and completed", both, place, period=_HOUR),
        graph("超期 Clocks that ran out", series.each(late, "Sum"), place, period=_HOUR, stacked=True),
    ]


def _steps(found: Watched, place: Place) -> list[Widget]:
    names = {
        row.name: row.text.zh for each in all_procedures().values() if each.book == "cases" for row in each.actions
    }
    steps = [
        (own("StepsTaken", place, action=each), f"{names[each]} {each}") for each in catalogue.values(found)["action"]
    ]
    rated = [(own("RatingsGiven", place, level=each), f"{zh} {each}") for each, zh in _LEVELS.items()]
    return [
        graph("流程节点 Steps", series.each(steps, "Sum"), place, size=(12, 7), period=_HOUR, stacked=True),
        graph("评价 Ratings", series.each(rated, "Sum"), place, size=(12, 7), period=_HOUR, stacked=True),
    ]


def _asked(place: Place) -> list[Widget]:
    questions = [(own("QuestionsAsked", place, outcome=each), f"{zh} {each}") for each, zh in _OUTCOMES.items()]
    warned = [
        (own("RungsReached", place), "预警和异常 warnings and findings"),
        (own("PatternsSeen", place), "跨件规律 patterns across cases"),
    ]
    invited = [
        (own("InvitationsMade", place), "评价邀请 invitations"),
        (own("CallbacksDrawn", place), "满意度回访 callbacks"),
    ]
    return [
        graph("咨询 Questions", series.each(questions, "Sum"), place, period=_HOUR, stacked=True),
        graph("监督预警 Supervision", series.each(warned, "Sum"), place, period=_HOUR),
        graph("邀评与回访 Invitations and callbacks", series.each(invited, "Sum"), place, period=_HOUR),
    ]
