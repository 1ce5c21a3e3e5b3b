"""Objectives: how fast an error budget burns, on recorded series; and the alarms in the stack say the same of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.watch import metric_math, objectives
from infra.watch.alarm import Alarm, Joint
from infra.watch.slo import AVAILABILITY, BURNS, LATENCY, OBJECTIVES, Minute, Objective, burn_rate, burning, left
from infra.watch.watched import Place

PLACE = Place("prod", "cn-north-1", "123456789012", "aws-cn")
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
ALARMS = {one.name: one for one in objectives.alarms(PLACE)}
Series = list[Minute]


def day(wrong: dict[int, float], requests: float = 100) -> Series:
    """A day of minutes up to noon in Shanghai; `wrong`: how many failed, by the minutes before noon."""
    return [Minute(NOON - timedelta(minutes=ago), requests, wrong.get(ago, 0)) for ago in range(1, 1_441)]


def failing(since: int, until: int, share: float) -> dict[int, float]:
    return dict.fromkeys(range(until + 1, since + 1), 100 * share)


RECORDED = {
    "a quiet day": (day({}), []),
    "all at once fails, for five minutes and still": (day(failing(5, 0, 1)), [14.4, 6, 3]),
    "half fails for an hour and still": (day(failing(60, 0, 0.5)), [14.4, 6, 3]),
    "one in fifty for an hour and still": (day(failing(60, 0, 0.02)), [14.4]),
    "half failed for an hour, three hours ago": (day(failing(240, 180, 0.5)), []),
    "half failed for an hour, ten minutes ago": (day(failing(70, 10, 0.5)), [6, 3]),
    "seven in a thousand for six hours and still": (day(failing(360, 0, 0.007)), [6]),
    "four in a thousand all day": (day(failing(1_440, 0, 0.004)), [3]),
    "one in a thousand all day, as promised": (day(failing(1_440, 0, 0.001)), []),
    "two requests of a night's twenty": (day({1: 2}, requests=1 / 72), []),
}


@pytest.mark.parametrize(("series", "rates"), RECORDED.values(), ids=RECORDED)
def test_whoever_is_woken_is_woken_by_what_burns_long_and_still(series: Series, rates: list[float]) -> None:
    assert [burn.rate for burn in burning(series, AVAILABILITY, NOON)] == rates


@pytest.mark.parametrize(("series", "rates"), RECORDED.values(), ids=RECORDED)
def test_the_joint_alarms_of_the_stack_speak_of_just_the_same(series: Series, rates: list[float]) -> None:
    joint = [one for one in ALARMS.values() if isinstance(one, Joint) and "availability" in one.name]
    assert [burn.rate for burn, one in zip(BURNS, joint, strict=True) if speaks(one, series)] == rates


def speaks(one: Joint, series: Series) -> bool:
    parts = [ALARMS[part] for part in one.parts]
    return all(isinstance(part, Alarm) and judged(part, window(series, part.period)) > part.threshold for part in parts)


def window(series: Series, seconds: int) -> Series:
    return [minute for minute in series if minute.at >= NOON - timedelta(seconds=seconds)]


def judged(alarm: Alarm, series: Series) -> float:
    """What the last query of an alarm comes to over a window, as CloudWatch would reckon it."""
    requests, wrong = (sum(getattr(minute, name) for minute in series) for name in ("requests", "wrong"))
    known: dict[str, float | None] = {"requests": requests or None}
    for query in alarm.queries:
        if query.expression:
            known[query.id] = metric_math.value(query.expression, NOON, known)
        elif query.id == "within":
            known["within"] = 100 * (requests - wrong) / requests if requests else None
        elif query.id == "wrong":
            known["wrong"] = wrong or None
    return known[alarm.queries[-1].id] or 0.0


minutes = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 500), st.floats(0, 1)).map(
        lambda drawn: Minute(NOON - timedelta(minutes=drawn[0] + 1), drawn[1], round(drawn[1] * drawn[2]))
    ),
    max_size=30,
)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda one: one.name)
@given(series=minutes)
def test_the_expression_in_an_alarm_is_the_burn_rate(objective: Objective, series: Series) -> None:
    alarm = ALARMS[f"slo-{objective.name}-14.4x-60m"]
    assert isinstance(alarm, Alarm)
    expected = burn_rate(series, objective, NOON, 3_600)
    found = judged(alarm, window(series, 3_600))
    if objective is LATENCY and 2.999 < sum(minute.wrong for minute in window(series, 3_600)) < 3.001:
        return  # a per cent of requests and back again: three may be a hair less
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_budget_is_what_may_go_wrong_and_can_be_overdrawn() -> None:
    assert left([], AVAILABILITY) == 1
    assert left([Minute(NOON, 10_000, 5)], AVAILABILITY) == pytest.approx(0.5)
    assert left([Minute(NOON, 10_000, 20)], AVAILABILITY) == pytest.approx(-1)


def test_each_window_has_the_period_of_its_alarm_and_pages_before_it_tickets() -> None:
    for objective in OBJECTIVES:
        for burn in BURNS:
            for seconds in (burn.long, burn.short):
                part = ALARMS[f"slo-{objective.name}-{burn.rate:g}x-{seconds // 60}m"]
                assert isinstance(part, Alarm)
                assert (part.period, part.threshold) == (seconds, burn.rate)
    assert [burn.page for burn in BURNS] == sorted((burn.page for burn in BURNS), reverse=True)


# Metric math


def value(expression: str, at: datetime = NOON, **known: float | None) -> float | None:
    return metric_math.value(expression, at, known)


def test_metric_math_is_reckoned_as_cloudwatch_does() -> None:
    assert value("IF(a > 0, 100 * b / a, 0)", a=4, b=1) == 25
    assert value("IF(a > 0, 100 * b / a, 0)", a=0, b=1) == 0
    assert value("b / a", a=0, b=1) is None
    assert value("a + b", a=None, b=1) is None
    assert value("FILL(a, 0) + b", a=None, b=1) == 1
    assert value("IF(HOUR(a) >= 4 AND DAY(a) < 6, 1, 0)", a=1) == 1
    assert value("IF(HOUR(a) >= 5 OR DAY(a) == 7, 1, 0)", a=1) == 0
    assert value("HOUR(a)", a=None) is None


@pytest.mark.parametrize("expression", ["m0 +", "RATE(m0)", "m0 if m0 else 1", "m0.real", "IF(m0, 1)", "'m0'"])
def test_what_is_no_expression_of_ours_is_refused(expression: str) -> None:
    with pytest.raises(metric_math.NotUnderstoodError):
        value(expression, m0=1)
