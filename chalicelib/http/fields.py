"""Field types that several bodies and answers share: texts without personal data, times, names in two languages.

This module must not know any route.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from chalicelib.domain.authority import Purpose
from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.clocks import Due
from chalicelib.domain.identifiers import NotValid
from chalicelib.domain.item import Text as DomainText

_PERSONAL = re.compile(r"(?<![0-9A-Za-z])([1-9][0-9]{16}[0-9Xx]|1[3-9][0-9]{9})(?![0-9A-Za-z])")


class Closed(BaseModel):
    """A body: what it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Shown(BaseModel):
    """A part of an answer: every field is always there, so that clients need not guess."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True, defer_build=True)


def holds_personal_data(text: str) -> bool:
    """Whether there is something like an identity or mobile number in a text."""
    return _PERSONAL.search(text) is not None


def without_personal_data(text: str) -> str:
    """Texts stand in the history for ever; identity numbers and mobile numbers belong into the dossier."""
    if holds_personal_data(text):
        raise NotValid(
            "personal_data_in_text",
            "意见文字中不得填写身份证号码或手机号码，请改用办件编号",
            "no identity or mobile numbers in free text; name the case number instead",
        )
    return text


def visible(text: str) -> str:
    """Text that reads as it is stored: no control characters but line breaks and tabs, and nothing that turns the
    direction of writing."""
    hidden = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") and c not in "\n\t"]
    if hidden:
        raise NotValid(
            "invisible_characters",
            "含有不可见的控制字符，请删除后重新填写",
            "holds control or invisible characters; remove them",
        )
    return text


Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(visible)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(visible),
    AfterValidator(without_personal_data),
]
StaffId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:@-]{1,64}$")]
OrganisationCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{2}){0,2}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
FormKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,39}$")]
Given = AwareDatetime
Flag = Annotated[bool, Strict()]  # true or false, not a word that may mean one


def shanghai(at: datetime) -> str:
    """RFC 3339 in Shanghai's time, to the millisecond."""
    return at.astimezone(SHANGHAI).isoformat(timespec="milliseconds")


Time = Annotated[
    datetime,
    PlainSerializer(shanghai, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


class Names(Shown):
    """A name in both languages."""

    zh: str
    en: str


def names(text: DomainText) -> Names:
    """A domain text as an answer shows it."""
    return Names(zh=text.zh, en=text.en)


class Deadline(Shown):
    """When a clock runs out. `due` and `day` are null while the clock stands still; `provisional` where a year is
    counted in whose calendar is not published yet."""

    due: Time | None
    day: str | None
    provisional: bool


def deadline(due: Due | None) -> Deadline:
    """A due date as an answer shows it."""
    if due is None:
        return Deadline(due=None, day=None, provisional=False)
    return Deadline(due=due.last.replace(microsecond=0), day=due.day.isoformat(), provisional=due.provisional)


class PurposeQuery(Closed):
    """查阅目的: what staff read somebody's identity for; people read their own without one."""

    purpose: Purpose | None = None


class PageQuery(Closed):
    """Paging: `limit` rows at most, after the row that `cursor` (from the page before) names."""

    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25
