"""After a case is finished (办结): its applicant is invited to rate it, and some are drawn to be called.

Both wait as rows of `deadlines` in lanes of their own, so that a run reads what is due and nothing else; a run that is
missed, doubled or late gives the same. This module must not send anything.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib import settings
from chalicelib.domain import order, organisation, rating
from chalicelib.domain.calendar import ONE_DAY, legal_day, start_of_day
from chalicelib.domain.case import Case
from chalicelib.domain.fact import Fact, Value
from chalicelib.domain.organisation import Level
from chalicelib.domain.rating import DEFAULT, FINISHES, MATTER, Channel, Rating, Way
from chalicelib.reasons import current as current_reasons
from chalicelib.services import casework, orders, subjects
from chalicelib.services.supervision import CASES
from chalicelib.store import deadlines, facts
from chalicelib.store import ratings as store
from chalicelib.store.books import Stored
from chalicelib.store.deadlines import SHARDS, Deadline

INVITED_AFTER = (timedelta(hours=24), timedelta(days=3))  # 泰顺、温州 2020: 24小时短信邀评, 3日语音邀评
DEFAULT_AFTER = timedelta(days=7)  # 广东 2019: 7日内未评价, 默认基本满意; only where the setting is on
ONE_IN = 20  # of a unit's finished cases of a day and channel are called; one at least (default of ours)
MOST_A_SHARD = 250  # rows of one shard in one run of invitations; the rest in the next
MOST_DRAWN_FROM = 2_500  # the same of drawing, which wants to see a whole day; ten thousand cases in a run
_INVITE, _CALL = "invite", "call"  # clocks, and lanes


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one run of drawing saw: finished cases, and how many of them are to be called."""

    finished: int
    called: int


def plan(stored: Stored, before: int) -> None:
    """Puts what follows the end of a case that was among its steps after the first `before`. A case that is handled
    elsewhere is rated and called there."""
    if stored.blank.observed:
        return
    case = casework.judged(stored).case
    for number, node in enumerate(stored.nodes[before:], start=before + 1):
        if node.action in FINISHES:
            day = start_of_day(legal_day(node.at) + ONE_DAY)
            note = f"{case.handler} {case.channel}"
            deadlines.put(Deadline(case.id, CASES, _INVITE, number, node.at + INVITED_AFTER[0], lane=_INVITE))
            deadlines.put(Deadline(case.id, CASES, _CALL, number, day, lane=_CALL, note=note))


def invite(now: datetime) -> int:
    """Makes the invitations that are due at `now`, and where the setting is on what stands for a rating that nobody
    gave; gives the number of invitations."""
    made = 0
    for shard in range(SHARDS):
        for row in deadlines.due(shard, now, MOST_A_SHARD, _INVITE):
            known = casework.find(row.subject)
            following = None
            if known is not None:
                reached, following = _reached(known.case, _first_rating(known.case), row.next or now, now)
                made += _ask(known.case, reached)
            deadlines.advance(replace(row, next=following), row)
    return made


def _ask(case: Case, reached: list[tuple[int, datetime]]) -> int:
    """Makes invitations, and the default rating behind the last of them; gives how many invitations."""
    asked = [_invitation(case, number, at) for number, at in reached if number <= len(INVITED_AFTER)]
    facts.put(asked)
    for _, at in reached[len(asked) :]:
        store.put(_default(case, at))
    return len(asked)


def invitations(case: Case, rated: datetime | None, now: datetime) -> list[Fact]:
    """Every invitation that this case's applicant got by `now`; `rated`: when somebody first rated it."""
    reached, _ = _reached(case, rated, case.received, now)
    return [_invitation(case, number, at) for number, at in reached if number <= len(INVITED_AFTER)]


def _reached(
    case: Case, rated: datetime | None, rung: datetime, now: datetime
) -> tuple[list[tuple[int, datetime]], datetime | None]:
    """The turns from `rung` up to `now`, by number and time, and when the next is due. Whoever rated before a turn has
    none of it."""
    finished = rating.finished_at(case)
    if finished is None or case.observed:
        return [], None
    reached: list[tuple[int, datetime]] = []
    turns = (*INVITED_AFTER, DEFAULT_AFTER) if settings.current().default_rating else INVITED_AFTER
    for number, after in enumerate(turns, start=1):
        at = (finished + after).replace(microsecond=0)  # rows keep seconds
        if at < rung:
            continue
        if rated is not None and rated <= at:
            return reached, None
        if at > now:
            return reached, at
        reached.append((number, at))
    return reached, None


def _first_rating(case: Case) -> datetime | None:
    """When somebody first rated a service of this case; what staff entered is nobody's own rating."""
    visits, ways = (MATTER, *rating.visits(case)), (Way.own, Way.here)
    services = [subjects.service(case.id, visit, way) for visit in visits for way in ways]
    return min((each.at for each in store.of_services(services)), default=None)


def _invitation(case: Case, number: int, at: datetime) -> Fact:
    """It does not name the case: who was not invited has rated, and may have done so without a name. In the case's
    place stands what its first step commits to, which nobody is shown."""
    data: dict[str, Value] = {"item": case.item, "case_channel": case.channel, "number": number}
    name = (case.nodes[0].dossier or b"").hex()
    return Fact(case.handler, legal_day(at), "rating_invitation", f"{name}#{number}", data)


def _default(case: Case, at: datetime) -> Rating:
    """默认评价: marked as such, never counted, and never in the way of a rating that somebody gives later."""
    visit = 1 if rating.came_on_site(case) else MATTER
    window = rating.served_at(case, visit)
    return Rating(
        service=subjects.service(case.id, visit, Way.default),
        number=DEFAULT,
        case_id=case.id,
        visit=visit,
        organisation=organisation.seat(window),
        window=window,
        staff="",
        item=case.item,
        at=at,
        level=rating.RatingLevel.fairly_satisfied,
        channel=Channel.default,
        way=Way.default,
        case_channel=case.channel,
        reasons_version=current_reasons()[0],
        adverse=rating.adverse(case, at),
    )


def draw(now: datetime) -> Drawn:
    """Draws, for each day that is over, one in ONE_IN of what each organisation finished on each channel, and opens an
    order for each at the supervision post. What is drawn follows from day and case numbers alone."""
    strata = defaultdict[tuple[datetime, str], list[Deadline]](list)
    for shard in range(SHARDS):
        for row in deadlines.due(shard, now, MOST_DRAWN_FROM, _CALL):
            strata[row.next or now, row.note].append(row)
    finished = called = 0
    for (since, note), rows in sorted(strata.items()):
        chosen = drawn(legal_day(since) - ONE_DAY, [row.subject for row in rows])
        for row in rows:
            if row.subject in chosen:
                _to_be_called(row.subject, note, since)
            deadlines.advance(replace(row, next=None), row)
        finished += len(rows)
        called += len(chosen)
    return Drawn(finished, called)


def drawn(day: date, case_ids: list[str]) -> frozenset[str]:
    """The cases of one stratum that are called: the lowest by a hash of day and number, one in ONE_IN, rounded up."""
    ranked = sorted(case_ids, key=lambda id: hashlib.sha256(f"{day.isoformat()} {id}".encode()).digest())
    return frozenset(ranked[: -(-len(ranked) // ONE_IN)])


def _to_be_called(case_id: str, note: str, at: datetime) -> None:
    """A station has no supervision post (监督管理岗) of its own: its county calls."""
    unit, channel = note.split()
    caller = organisation.above(unit, Level.county) if organisation.level(unit) is Level.station else unit
    orders.open_order(
        order.SATISFACTION_CALL,
        case_id,
        about=case_id,
        organisation=unit,
        at=at,
        evidence={"to_organisation": caller or unit},
        channel=channel,
    )
