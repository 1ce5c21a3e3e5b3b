"""Ratings (好差评): the five levels, the codes that standards give them, what may be rated, and which ratings count.

A rating never changes. Whether it counts can, by decision; each decision is a fact of its own with a higher number.
This module must not know tables, links or who is asking.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.case import Case, Law
from chalicelib.domain.folding import deemed
from chalicelib.domain.item import Text
from chalicelib.domain.wish import AGENT, APPLICANT

LONGEST_TEXT = 1_000  # characters
DEFAULT, FIRST, AGAIN = 0, 1, 2  # 默认评价, 首次评价, 追评: the numbers of one service's ratings (assessNumber)
RECORDED = 3  # 代录评价: what staff enter for somebody
FINISHES = ("complete", "settle")  # 办结
_PRESENT = ("supplement", "withdraw")  # steps that staff take only with somebody before them, or on a letter
_PERSONS = ("applicant", "agent")
MATTER = 0  # in the place of a visit: the matter as a whole (一事一评)
_MOST_HASTE = 600  # seconds after which a rating is no longer quick, whatever a rule asks


class RatingLevel(StrEnum):
    """The five levels, best first; the two last are bad ratings (差评: 国办发〔2019〕51号, 浙政办函〔2019〕65号)."""

    very_satisfied = "very_satisfied"  # 非常满意
    satisfied = "satisfied"  # 满意
    fairly_satisfied = "fairly_satisfied"  # 基本满意
    dissatisfied = "dissatisfied"  # 不满意
    very_dissatisfied = "very_dissatisfied"  # 非常不满意

    @property
    def bad(self) -> bool:
        """Whether it is a bad rating (差评)."""
        return self in (RatingLevel.dissatisfied, RatingLevel.very_dissatisfied)


class Standard(StrEnum):
    """Whose codes: the two run in opposite directions, so a bare number is never a level."""

    gb_t_39046 = "gb_t_39046"  # GB/T 39046-2020 A.8: 1 非常满意 … 5 非常不满意
    report = "report"  # the national interface of 好差评 reports: 1 非常不满意 … 5 非常满意


def code_of(level: RatingLevel, standard: Standard) -> int:
    """The code that a standard gives a level, 1 to 5."""
    place = list(RatingLevel).index(level)
    return place + 1 if standard is Standard.gb_t_39046 else 5 - place


def level_of(code: int, standard: Standard) -> RatingLevel:
    """The level that a standard's code means; ValueError for a code that it has not."""
    for level in RatingLevel:
        if code_of(level, standard) == code:
            return level
    raise ValueError(f"{standard} has no code {code}")


class Channel(StrEnum):
    """How a rating came in (评价渠道)."""

    web = "web"  # PC端
    mobile = "mobile"  # 移动端
    qr = "qr"  # 二维码
    tablet = "tablet"  # 大厅平板
    terminal = "terminal"  # 大厅其他终端, self-service kiosks among them
    sms = "sms"  # 短信
    phone = "phone"  # 电话
    default = "default"  # 系统默认评价


# GB/T 39046 names telephone as a channel; the interface of reports has no code for it.
_CHANNEL_CODES: Mapping[Channel, int | None] = {
    Channel.web: 1,
    Channel.mobile: 2,
    Channel.qr: 3,
    Channel.tablet: 4,
    Channel.terminal: 5,
    Channel.sms: 6,
    Channel.phone: None,
    Channel.default: 7,
}


def channel_code(channel: Channel) -> int | None:
    """The code of a channel in the interface of reports; None where it has none."""
    return _CHANNEL_CODES[channel]


def channel_of(code: int) -> Channel:
    """The channel that a code of the interface of reports means; ValueError for a code that it has not."""
    for channel, known in _CHANNEL_CODES.items():
        if known == code:
            return channel
    raise ValueError(f"no channel has the code {code}")


class Way(StrEnum):
    """By whose hand a rating came. A service has a name of its own for each, so that no rating leads to another that
    came otherwise."""

    own = "own"  # the applicant, by account or by a link that nobody else was given
    here = "here"  # whoever was there: by a printed code, or at a device of the hall
    recorded = "recorded"  # 代录, staff for somebody
    default = "default"  # nobody


class Service(StrEnum):
    """What is rated: a matter online, once (一事一评), or one service on site (一次一评)."""

    online = "online"
    on_site = "on_site"


@dataclass(frozen=True, slots=True)
class Reason:
    """Something a rating may tick, for one kind of service."""

    code: str
    service: Service
    text: Text


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating of one service, as it was given.

    `service` names what was rated without saying which case it was; `number`: DEFAULT, FIRST or AGAIN; `visit`: the
    step with which a service on site began, or MATTER; `organisation`: who served; `window`: where, `staff`: by
    whom ("" for a matter); `after`: seconds since the case was finished (None: it was not); `adverse`: the case
    went badly for the applicant; `own`: entered by staff of the unit itself; `way`: by whose hand; `device`,
    `address`, `person`: keyed hashes good for one day, "" where unknown; `request`: the request that brought it."""

    service: str
    number: int
    case_id: str
    visit: int
    organisation: str
    window: str
    staff: str
    item: str
    at: datetime
    level: RatingLevel
    channel: Channel
    case_channel: str
    reasons_version: int
    reasons: tuple[str, ...] = ()
    text: str = ""
    anonymous: bool = False
    after: int | None = None
    adverse: bool = False
    own: bool = False
    way: Way = Way.own
    device: str = ""
    address: str = ""
    person: str = ""
    request: bytes = b""

    @property
    def id(self) -> str:
        """service-number: its name, which leads nobody to the case."""
        return f"{self.service}-{self.number}"

    @property
    def told_at(self) -> datetime:
        """When it was given, as those who were rated may learn it: of an anonymous one the hour, so that no list of who
        was served when leads to whom it was."""
        return self.at.replace(minute=0, second=0, microsecond=0) if self.anonymous else self.at

    @property
    def asks_for_follow_up(self) -> bool:
        """Whether a bad rating starts its loop: the first one does, what comes after rectification ends it."""
        return self.level.bad and self.number in (FIRST, RECORDED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a rating counts among the active ones (有效主动评价), and why: active, default, again (a second rating
    is told beside the first and not counted twice), recorded (what staff entered is not the rater's own act),
    superseded (the applicant's own stands in its place), appeal_upheld, excluded, included."""

    counted: bool
    why: str


def standing(number: int) -> Standing:
    """What a rating is worth before anybody decided anything."""
    match number:
        case 0:
            return Standing(counted=False, why="default")
        case 1:
            return Standing(counted=True, why="active")
        case 3:
            return Standing(counted=False, why="recorded")
        case _:
            return Standing(counted=False, why="again")


# What came by a printed code or at a device of the hall, once the applicant's own rating is there.
SUPERSEDED = Standing(counted=False, why="superseded")

# What a step of a follow-up order or of a review decides about the rating that it is about.
DECIDES: Mapping[str, Standing] = {
    "uphold": Standing(counted=False, why="appeal_upheld"),
    "exclude": Standing(counted=False, why="excluded"),
    "include": Standing(counted=True, why="included"),
}


def says_something(text: str) -> bool:
    """Whether a text has a letter, a digit or a picture: not marks and spaces alone."""
    return any(unicodedata.category(letter)[0] in "LN" or unicodedata.category(letter) == "So" for letter in text)


def came_on_site(case: Case) -> bool:
    """Whether a case was taken in at a window or kiosk."""
    return case.channel in ("window", "kiosk")


def visits(case: Case) -> tuple[int, ...]:
    """The services on site of a case, each by the number of the step with which it began: taken in at a window or
    kiosk; a correction or withdrawal for which somebody came; a result handed over. Steps of one request are one."""
    found: list[int] = []
    requests: set[bytes] = set()
    for number, node in enumerate(case.nodes, start=1):
        present = node.action in _PRESENT and node.evidence.get("present") in _PERSONS
        handed = node.action == "deliver" and node.evidence.get("handed_to") in _PERSONS
        came = number == 1 and came_on_site(case)
        if (present or handed or came) and node.request not in requests:
            found.append(number)
            requests.add(node.request)
    return tuple(found)


def served_at(case: Case, visit: int) -> str:
    """Where a service on site was given, a window where that is known; for the matter, who handles it."""
    if visit == MATTER:
        return case.handler
    seat = case.nodes[visit - 1].evidence.get("seat")
    if isinstance(seat, str):
        return seat
    return case.taken_at if visit == 1 and case.taken_at else case.handler


def served_by(case: Case, visit: int) -> str:
    """Which member of staff served on site; "" where it was nobody."""
    actor = case.nodes[visit - 1].actor if visit else APPLICANT
    return "" if actor in (APPLICANT, AGENT) else actor


def open_to_rating(case: Case, law: Law, at: datetime) -> bool:
    """Whether a case can be rated: from acceptance on (受理), also one that the law deems accepted, and whatever became
    of it. A case that is handled elsewhere was accepted there."""
    state = law.procedure.states[case.state]
    accepted = any(node.action in ("accept", *FINISHES) for node in case.nodes)
    return case.observed or accepted or state.closed or deemed(case, at, law) is not None


def finished_at(case: Case) -> datetime | None:
    """When the case was finished (办结); None while it is not."""
    return next((node.at for node in case.nodes if node.action in FINISHES), None)


def seconds_after(case: Case, at: datetime) -> int | None:
    """How long after the end of its case a rating came; beyond ten minutes ten minutes, so that it leads to no case."""
    finished = finished_at(case)
    if finished is None or at < finished:
        return None
    return min(int((at - finished) / timedelta(seconds=1)), _MOST_HASTE)


def adverse(case: Case, at: datetime) -> bool:
    """Whether the case went badly for its applicant: refused, denied, referred elsewhere, or over its time."""
    if case.result in ("refused", "denied", "not_ours"):
        return True
    until = case.closed_at or at
    return any(due is not None and until > due.last for due in case.dues.values())
