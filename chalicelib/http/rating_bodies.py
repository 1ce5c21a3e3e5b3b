"""Ratings as bodies and answers: what may be sent, and what is shown of a rating and of what became of it.

Shapes and lengths only; who may rate what is decided further in. This module must not read tables.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag

from chalicelib.domain.identifiers import NotValid
from chalicelib.domain.rating import LONGEST_TEXT, RatingLevel, Standard, level_of
from chalicelib.http.fields import (
    Closed,
    Deadline,
    Flag,
    Names,
    OrganisationCode,
    PageQuery,
    Shown,
    Slug,
    Text,
    Time,
    holds_personal_data,
)
from chalicelib.http.findings import Day

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def as_it_came(text: str) -> str:
    """What somebody wrote is kept letter by letter, emoji and rare characters (生僻字) too; only what no screen shows,
    what turns the direction of writing, and numbers that would be published with it are refused."""
    if any((unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t") or c in _TURNS for c in text):
        raise NotValid(
            "invisible_characters",
            "含有控制字符，请删除后重新填写",
            "holds control characters; remove them",
        )
    if holds_personal_data(text):
        raise NotValid(
            "personal_data_in_text",
            "评价将公开，请勿填写身份证号码或手机号码",
            "ratings are published: leave out identity and mobile numbers",
        )
    return text if any(unicodedata.category(c)[0] not in "ZC" for c in text) else ""


Words = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(as_it_came)]
Link = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class LevelCode(Closed):
    """A level as another system codes it: GB/T 39046 counts from the best, the interface of 好差评 reports from the
    worst."""

    standard: Standard
    code: Annotated[int, Field(ge=1, le=5)]


Level = Annotated[  # told apart before it is read, so that a wrong one is one error and not two
    Annotated[RatingLevel, Tag("name")] | Annotated[LevelCode, Tag("code")],
    Discriminator(lambda given: "code" if isinstance(given, dict | LevelCode) else "name"),
]


class RatingIn(Closed):
    """A rating. By account `case_id`, without one `link`; `visit` is the number of the step with which a service on
    site began, left out: the matter, or the only such service. `number` 2: the second rating, after rectification, by
    account or with the `receipt` of the first as `link`; it is anonymous if the first was."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"link": "…", "level": "dissatisfied", "reasons": ["service_attitude"], "text": "等了两小时"}]
        }
    )

    case_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{21}$")] | None = None
    link: Link | None = None
    visit: Annotated[int, Field(ge=1, le=150)] | None = None
    number: Literal[1, 2] = 1
    level: Level
    reasons: Annotated[list[Annotated[str, StringConstraints(max_length=40)]], Field(max_length=10)] = []
    text: Words = ""
    anonymous: Flag = False
    channel: Literal["web", "mobile", "qr", "tablet", "terminal", "sms", "phone"] | None = None
    device: Annotated[str, StringConstraints(pattern=r"^[ -~]{1,64}$")] | None = None


class LinkIn(Closed):
    """The applicant's own link, or the `receipt` that a rating was answered with; a printed one shows nothing."""

    link: Link


class ReviewIn(Closed):
    """Why a rating should, or should not, count."""

    reason: Text


class LevelOut(Shown):
    """A level, with the codes of both standards."""

    level: RatingLevel
    name: Names
    bad: bool
    gb_t_39046: int = Field(description="GB/T 39046-2020 A.8: 1 非常满意 … 5 非常不满意")
    report: int = Field(description="好差评 interface: 1 非常不满意 … 5 非常满意")


class RatingOut(Shown):
    """A rating as it was given: a function of what is kept, so a retry gets the same."""

    rating_id: str
    number: int
    visit: int | None
    level: LevelOut
    reasons: list[str]
    text: str
    anonymous: bool
    channel: str
    at: Time


class GivenOut(RatingOut):
    """A rating right after it was given."""

    receipt: str | None = Field(
        description="评价回执: a link for whoever rated, to see what became of it and to rate once more; "
        "null for what staff entered"
    )


class UnitReplyOut(Shown):
    """What the unit replied."""

    text: str
    day: str


class FollowUpOut(Shown):
    """How far the follow-up of a bad rating is, as the applicant sees it: without who did what."""

    state: str
    state_name: Names
    verdict: str | None
    deadlines: dict[str, Deadline]


class MyRatingOut(RatingOut):
    """One's own rating, and what became of it."""

    counted: bool
    why: str
    follow_up: FollowUpOut | None
    reply: UnitReplyOut | None
    second_rating_possible: bool


class MyRatingsOut(Shown):
    """The ratings of a case or service, by service and number."""

    items: list[MyRatingOut]


class ReasonOut(Shown):
    """Something a rating may tick."""

    code: str
    service: str
    name: Names


class FormOut(Shown):
    """What a rating may say: the levels, and the reasons for services online and on site."""

    version: int
    levels: list[LevelOut]
    reasons: list[ReasonOut]


class InsideOut(Shown):
    """What only staff see of a published rating; `case_id` null: it is anonymous; `entered_by_unit`: 代录, by staff of
    the unit that it is about."""

    case_id: str | None
    anonymous: bool
    channel: str
    window: str
    entered_by_unit: bool
    counted: bool
    why: str
    follow_up: str | None = Field(description="order_id")
    review: str | None = Field(description="order_id")


class PublishedOut(Shown):
    """A rating as everybody may read it; `inside` for staff in whose scope it is."""

    rating_id: str
    number: int
    organisation: str
    item: str
    item_name: Names
    on_site: bool
    day: str
    level: LevelOut
    reasons: list[ReasonOut]
    text: str
    reply: UnitReplyOut | None
    inside: InsideOut | None


class PublishedListOut(Shown):
    """One page of ratings, newest first."""

    items: list[PublishedOut]
    next: str | None


class LinkOut(Shown):
    """A link to rate one service once; `qr_svg` is its code as an SVG image."""

    case_id: str
    visit: int | None
    link: str
    url: str
    qr_svg: str
    expires_at: Time


class ReviewOut(Shown):
    """The order in which it is decided whether a rating counts."""

    order_id: str
    state: str


class LinkQuery(Closed):
    """Which service on site; left out: the matter, or the only such service."""

    visit: Annotated[int, Field(ge=1, le=150)] | None = None


class RatingsQuery(PageQuery):
    """Of which organisation, item, or both, and from which days."""

    org: OrganisationCode | None = None
    item: Slug | None = None
    first: Annotated[Day | None, Field(alias="from", description="first legal day")] = None
    last: Annotated[Day | None, Field(alias="to", description="last legal day")] = None


def level_given(level: RatingLevel | LevelCode) -> RatingLevel:
    """The level that was sent, by its name or by a standard's code."""
    return level_of(level.code, level.standard) if isinstance(level, LevelCode) else level
