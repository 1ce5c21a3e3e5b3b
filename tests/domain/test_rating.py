"""Ratings: codes of both standards both ways, what was served where, from when on it can be rated, what counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import fact, rating
from chalicelib.domain.case import Case
from chalicelib.domain.rating import Channel, Rating, RatingLevel, Standard, code_of, level_of
from chalicelib.domain.rating_reasons import reasons_of
from chalicelib.errors import BrokenDefinition
from chalicelib.reasons import all_reasons, current
from tests.support.people import CENTRE_WINDOW, COUNTY
from tests.support.walks import HOUR, NINE, law, observed, opened, walked

PERMIT = law()


def given_rating(**changes: Any) -> Rating:
    """A bad rating of a matter."""
    bare = Rating(
        service="f" * 24, number=1, case_id="330203011260302000001", visit=0, organisation=COUNTY, window=COUNTY,
        staff="", item="hotel-licence@1", at=NINE + timedelta(minutes=7), level=RatingLevel.dissatisfied,
        channel=Channel.qr,
        case_channel="web", reasons_version=1, reasons=("efficiency",), after=600,
    )  # fmt: skip
    return replace(bare, **changes)


# Codes


def test_the_two_standards_count_in_opposite_directions() -> None:
    """GB/T 39046-2020 A.8: 1 非常满意 … 5 非常不满意; the interface of 好差评 reports: 1 非常不满意 … 5 非常满意."""
    assert [code_of(level, Standard.gb_t_39046) for level in RatingLevel] == [1, 2, 3, 4, 5]
    assert [code_of(level, Standard.report) for level in RatingLevel] == [5, 4, 3, 2, 1]
    assert level_of(1, Standard.gb_t_39046) is RatingLevel.very_satisfied
    assert level_of(1, Standard.report) is RatingLevel.very_dissatisfied
    assert {level for level in RatingLevel if level.bad} == {RatingLevel.dissatisfied, RatingLevel.very_dissatisfied}
    assert [code_of(level, Standard.report) < 3 for level in RatingLevel] == [level.bad for level in RatingLevel]


@given(level=st.sampled_from(RatingLevel), standard=st.sampled_from(Standard))
def test_a_code_leads_back_to_its_level(level: RatingLevel, standard: Standard) -> None:
    assert level_of(code_of(level, standard), standard) is level


@pytest.mark.parametrize("code", [0, 6, -1, 100])
def test_a_code_that_no_standard_has_is_refused(code: int) -> None:
    for standard in Standard:
        with pytest.raises(ValueError, match="has no code"):
            level_of(code, standard)


def test_channels_have_the_codes_of_the_interface_and_the_telephone_has_none() -> None:
    codes = {channel: rating.channel_code(channel) for channel in Channel}
    assert codes == {
        "web": 1, "mobile": 2, "qr": 3, "tablet": 4, "terminal": 5, "sms": 6, "phone": None, "default": 7,
    }  # fmt: skip
    for channel, code in codes.items():
        if code is not None:
            assert rating.channel_of(code) is channel
    with pytest.raises(ValueError, match="no channel"):
        rating.channel_of(8)


# What can be rated


def test_a_case_is_open_to_rating_from_acceptance_on_and_whatever_became_of_it() -> None:
    received = opened(PERMIT)
    assert not rating.open_to_rating(received, PERMIT, NINE)
    assert not rating.open_to_rating(walked(PERMIT, "correct"), PERMIT, NINE)
    for steps in (("accept",), ("accept", "suspend"), ("refuse",), ("not_ours",), ("withdraw",)):
        assert rating.open_to_rating(walked(PERMIT, *steps), PERMIT, NINE), steps
    deemed = NINE + timedelta(days=30)  # nobody said anything: it counts as accepted (行政许可法 art. 32(4))
    assert rating.open_to_rating(received, PERMIT, deemed)
    assert rating.open_to_rating(observed(PERMIT), PERMIT, NINE)


def on_site(case: Case, *changed: tuple[int, dict[str, Any]]) -> Case:
    """The case with no other evidence than this, by number of the step."""
    nodes = [replace(node, evidence={}) for node in case.nodes]
    for number, evidence in changed:
        nodes[number - 1] = replace(nodes[number - 1], evidence=evidence)
    return replace(case, nodes=tuple(nodes))


def test_services_on_site_are_the_steps_for_which_somebody_was_there() -> None:
    online = walked(PERMIT, "correct", "supplement", "accept")
    assert rating.visits(on_site(online)) == ()
    came = on_site(online, (3, {"present": "applicant", "seat": "330205"}))
    assert rating.visits(came) == (3,)
    assert rating.served_at(came, 3) == "330205"
    assert rating.visits(on_site(online, (3, {"present": "letter"}))) == ()
    window = replace(came, channel="window", taken_at=CENTRE_WINDOW)
    assert rating.visits(window) == (1, 3)
    assert (rating.served_at(window, 1), rating.served_at(window, 0)) == (CENTRE_WINDOW, COUNTY)
    assert rating.visits(on_site(online, (4, {"present": "applicant", "handed_to": "agent"}))) == ()  # no such step
    over = walked(PERMIT, "accept", "review", "suspend", "resume", "withdraw")
    handed = on_site(over, (6, {"present": "agent"}))
    assert rating.visits(handed) == (6,)
    assert rating.served_by(handed, 6) == "zhao"
    assert (rating.served_by(handed, 1), rating.served_by(handed, 0)) == ("", "")


def test_steps_of_one_request_are_one_service() -> None:
    one = law("residence-registration")
    case = on_site(walked(one, "settle", "deliver"), (3, {"handed_to": "applicant"}))
    assert rating.visits(replace(case, channel="window")) == (1, 3)
    nodes = tuple(replace(node, request=case.nodes[0].request) for node in case.nodes)
    assert rating.visits(replace(case, nodes=nodes, channel="window")) == (1,)


def test_how_long_after_the_end_is_told_up_to_ten_minutes() -> None:
    open_case, case = walked(PERMIT, "accept"), walked(law("residence-registration"), "settle")
    end = case.nodes[-1].at
    assert rating.seconds_after(open_case, end) is None
    assert [rating.seconds_after(case, end + timedelta(seconds=s)) for s in (0, 9.9, 600, 86_400)] == [0, 9, 600, 600]
    assert rating.seconds_after(case, end - HOUR) is None


def test_a_case_went_badly_when_it_was_refused_or_is_late() -> None:
    assert rating.adverse(walked(PERMIT, "refuse"), NINE)
    in_time = walked(PERMIT, "accept")
    assert not rating.adverse(in_time, NINE)
    assert rating.adverse(in_time, NINE + timedelta(days=60))


# Facts


def test_an_anonymous_rating_tells_neither_case_nor_minute() -> None:
    named, anonymous = (given_rating(anonymous=value) for value in (False, True))
    told, silent = (fact.of_rating(each, PERMIT, rating.standing(1)) for each in (named, anonymous))
    assert told.data["case"] == named.case_id
    assert named.case_id not in silent.text + silent.name + silent.place
    assert silent.data["at"] == round(NINE.timestamp() * 1000)
    assert told.data["at"] == round(named.at.timestamp() * 1000)


@pytest.mark.parametrize(("number", "counted", "why"), [(0, 0, "default"), (1, 1, "active"), (2, 0, "again")])
def test_only_the_first_active_rating_counts_by_itself(number: int, counted: int, why: str) -> None:
    found = fact.of_rating(given_rating(number=number), PERMIT, rating.standing(number))
    assert (found.data["counted"], found.data["why"]) == (counted, why)


# Reasons


def test_the_reasons_in_force_differ_online_and_on_site() -> None:
    version, known = current()
    assert version == max(all_reasons())
    assert {reason.service for reason in known.values()} == {"online", "on_site"}
    assert len(known) == 7


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": "1"}, "reasons: a version"),
        ({"more": 1}, "reasons: a version"),
        ({"reasons": [{"code": "a"}]}, "reasons[1]: code, service"),
        ({"reasons": [{"code": "A b", "service": "online", "zh": "一", "en": "one"}]}, "reasons[1].code"),
        ({"reasons": [{"code": "a", "service": "air", "zh": "一", "en": "one"}]}, "reasons[1].service: 'air'"),
        ({"reasons": [{"code": "a", "service": "online", "zh": "一", "en": "one"}] * 2}, "reasons[2].code"),
    ],
)
def test_a_broken_table_of_reasons_is_refused_by_place(change: dict[str, Any], told: str) -> None:
    with pytest.raises(BrokenDefinition) as refused:
        reasons_of({"version": 1, "reasons": [], **change})
    assert told in str(refused.value)
