"""How a rating, and what became of it, is shown; apart from the models, so that only routes about ratings load it.

What the public may not see is left out here where the service says so. This module must not read tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.calendar import legal_day
from chalicelib.domain.rating import Rating, RatingLevel, Reason, Standard, code_of
from chalicelib.http.fields import Names, deadline, names
from chalicelib.http.rating_bodies import (
    FollowUpOut,
    GivenOut,
    InsideOut,
    LevelOut,
    MyRatingOut,
    PublishedOut,
    ReasonOut,
    UnitReplyOut,
)
from chalicelib.services.rated import Told

_NAMES: dict[RatingLevel, Names] = {
    RatingLevel.very_satisfied: Names(zh="非常满意", en="very satisfied"),
    RatingLevel.satisfied: Names(zh="满意", en="satisfied"),
    RatingLevel.fairly_satisfied: Names(zh="基本满意", en="fairly satisfied"),
    RatingLevel.dissatisfied: Names(zh="不满意", en="dissatisfied"),
    RatingLevel.very_dissatisfied: Names(zh="非常不满意", en="very dissatisfied"),
}


def level_shown(level: RatingLevel) -> LevelOut:
    """A level with its codes."""
    return LevelOut(
        level=level,
        name=_NAMES[level],
        bad=level.bad,
        gb_t_39046=code_of(level, Standard.gb_t_39046),
        report=code_of(level, Standard.report),
    )


def reason_shown(reason: Reason) -> ReasonOut:
    """A reason with its name."""
    return ReasonOut(code=reason.code, service=reason.service.value, name=names(reason.text))


def _given(rating: Rating) -> dict[str, Any]:
    return {
        "rating_id": rating.id,
        "number": rating.number,
        "visit": rating.visit or None,
        "level": level_shown(rating.level),
        "reasons": list(rating.reasons),
        "text": rating.text,
        "anonymous": rating.anonymous,
        "channel": rating.channel.value,
        "at": rating.at,
    }


def given(rating: Rating, receipt: str | None) -> GivenOut:
    """A rating right after it was given."""
    return GivenOut(**_given(rating), receipt=receipt)


def mine(told: Told) -> MyRatingOut:
    """One's own rating, and what became of it."""
    return MyRatingOut(
        **_given(told.rating),
        counted=told.standing.counted,
        why=told.standing.why,
        follow_up=_follow_up(told),
        reply=_reply(told),
        second_rating_possible=told.open_to_second,
    )


def _follow_up(told: Told) -> FollowUpOut | None:
    if told.follow_up is None:
        return None
    case, law = told.follow_up.case, told.follow_up.law
    verdicts = [node.evidence["verdict"] for node in case.nodes if "verdict" in node.evidence]
    return FollowUpOut(
        state=case.state,
        state_name=names(law.procedure.states[case.state].text),
        verdict=str(verdicts[-1]) if verdicts else None,
        deadlines={name: deadline(due) for name, due in sorted(case.dues.items())},
    )


def _reply(told: Told) -> UnitReplyOut | None:
    if told.reply is None or told.replied_at is None:
        return None
    return UnitReplyOut(text=told.reply, day=legal_day(told.replied_at).isoformat())


def published(told: Told, reasons: Mapping[str, Reason], item: Names, *, inside: bool) -> PublishedOut:
    """A rating as everybody may read it; with what only staff see where `inside`."""
    rating = told.rating
    return PublishedOut(
        rating_id=rating.id,
        number=rating.number,
        organisation=rating.organisation,
        item=rating.item.rpartition("@")[0],
        item_name=item,
        on_site=bool(rating.visit),
        day=legal_day(rating.at).isoformat(),
        level=level_shown(rating.level),
        reasons=[reason_shown(reasons[code]) for code in rating.reasons],
        text=rating.text,
        reply=_reply(told),
        inside=_inside(told) if inside else None,
    )


def _inside(told: Told) -> InsideOut:
    rating = told.rating
    return InsideOut(
        case_id=None if rating.anonymous else rating.case_id,
        anonymous=rating.anonymous,
        channel=rating.channel.value,
        window=rating.window,
        entered_by_unit=rating.own,
        counted=told.standing.counted,
        why=told.standing.why,
        follow_up=told.follow_up.case.id if told.follow_up else None,
        review=told.review.case.id if told.review else None,
    )
