"""The alarms of the service level objectives: what `slo` says, written in metric math.

An alarm has one period, so each window has an alarm of its own that tells nobody, and a joint one speaks where both
windows burn. This module must not decide what is promised: that is for `slo`.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.watch.alarm import Alarm, Joint, Missing, Query, Urgency
from infra.watch.catalogue import of_api
from infra.watch.slo import BURNS, FEWEST, LATENCY, OBJECTIVES, Burn, Objective
from infra.watch.watched import Place

_DAY = 86_400
_SILENCE = "nobody asked anything, so nothing went wrong"


def alarms(place: Place) -> Iterator[Alarm | Joint]:
    """For each objective and burn rate its two windows and their joint alarm, and one on the budget of a week."""
    for objective in OBJECTIVES:
        for burn in BURNS:
            windows = [_window(objective, burn, seconds, place) for seconds in (burn.long, burn.short)]
            yield from windows
            yield _joint(objective, burn, tuple(each.name for each in windows))
        yield _budget(objective, place)


def queries(objective: Objective, place: Place) -> tuple[Query, ...]:
    """Requests and those that went wrong, as `requests` and `wrong`; statistics over whatever period is asked."""
    requests = Query("requests", of_api("Count", place), "Sum")
    if objective is LATENCY:
        within = Query("within", of_api("Latency", place), f"PR(:{objective.milliseconds})")
        return requests, within, Query("wrong", expression="requests * (100 - within) / 100")
    return requests, Query("wrong", of_api("5XXError", place), "Sum")


def burn_expression(objective: Objective) -> str:
    """How fast the budget burns, as `slo.burn_rate` says."""
    return f"IF(FILL(wrong, 0) >= {FEWEST}, wrong / requests / {objective.budget:.6g}, 0)"


def _window(objective: Objective, burn: Burn, seconds: int, place: Place) -> Alarm:
    return Alarm(
        f"slo-{objective.name}-{burn.rate:g}x-{seconds // 60}m",
        f"slo-{objective.name}",
        f"{objective.zh}的误差预算在 {seconds // 60} 分钟内以 {burn.rate:g} 倍消耗",
        f"the error budget of {objective.en} burns {burn.rate:g} times too fast over {seconds // 60} minutes",
        (*queries(objective, place), Query("burn", expression=burn_expression(objective))),
        burn.rate,
        Missing.fine,
        _SILENCE,
        period=seconds,
        urgency=Urgency.none,
    )


def _joint(objective: Objective, burn: Burn, parts: tuple[str, ...]) -> Joint:
    return Joint(
        f"slo-{objective.name}-{burn.rate:g}x",
        f"slo-{objective.name}",
        f"{objective.zh}的误差预算以 {burn.rate:g} 倍消耗，且仍在继续",
        f"the error budget of {objective.en} burns {burn.rate:g} times too fast, and still does",
        parts,
        Urgency.page if burn.page else Urgency.ticket,
    )


def _budget(objective: Objective, place: Place) -> Alarm:
    return Alarm(
        f"slo-{objective.name}-budget",
        f"slo-{objective.name}",
        f"{objective.zh}：七天中有三天用掉的误差预算多于应有的份额",
        f"{objective.en}: on three days of seven more of the error budget went than a day's share",
        (*queries(objective, place), Query("burn", expression=burn_expression(objective))),
        1,
        Missing.fine,
        _SILENCE,
        period=_DAY,
        periods=7,
        datapoints=3,
    )
