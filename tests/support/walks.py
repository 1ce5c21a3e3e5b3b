"""Cases on their way: a law, a blank, wishes with the evidence that each step demands, and walks through a table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import engine
from chalicelib.domain.authority import Identity, Standing
from chalicelib.domain.calendar import SHANGHAI
from chalicelib.domain.case import Case, Evidence, Law
from chalicelib.domain.procedure import SUBMIT
from chalicelib.domain.wish import Wish
from chalicelib.procedures import all_procedures
from tests.support.people import APPLICANT, CITY, COUNTY, EVERYBODY, POOL
from tests.support.published import calendar, published_item

NINE = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)  # a Monday
HOUR = timedelta(hours=1)
COMPLETE = 0b1111_1111  # every material of any item used here
EVIDENCE: Mapping[str, Evidence] = {
    "note": "材料齐全",
    "reason": "场所未取得消防手续",
    "remedy": "六十日内可申请行政复议",
    "notice": "书面告知并由申请人签收",
    "result_number": "甬公特旅字第1号",
    "approver": "chief",
    "pause_class": "hearing",
    "days": 5,
    "handed_to": "本人",
    "materials": COMPLETE,
    "competent_authority": "区文化和旅游局",
    "on_site_staff": ("li", "sun"),
    "present": "applicant",
}
BESIDE = {
    "330203": "330205",
    "330205": "330203",
    "330200": "330100",
    "330100": "330200",
    "330000": "330200",
}  # to whom one transfers


def law(item: str = "hotel-licence") -> Law:
    """An item of the sample registry with its procedure; hotel-licence has every duty that an item can have."""
    found = published_item(item)
    return Law(found, all_procedures()[found.procedure])


def lenient(item: str = "hotel-licence") -> Law:
    """The same, for walks by one person: any one may follow any other."""
    one = law(item)
    return replace(one, item=replace(one.item, separation=frozenset()))


def blank(one: Law, *, observed: bool = False, received: datetime = NINE) -> Case:
    """A case before its first node: of a county, or of the level that reviews the item."""
    organisation = CITY if one.item.two_level else COUNTY
    return Case("330203011260302000001", one.item.ref, organisation, "web", "blind", "", observed, received)


def wish(
    action: str,
    actor: Identity = EVERYBODY,
    at: datetime = NINE,
    evidence: Mapping[str, Evidence] = EVIDENCE,
    observed_by: str | None = None,
) -> Wish:
    """A wish whose request is made of its content; by an applicant it is about the own case."""
    request = hashlib.sha256(f"{action}{actor.subject}{at}".encode()).digest()[:8]
    own = Standing(applicant=actor is APPLICANT)
    return Wish(action, actor, at, request, request[::-1], evidence, own, observed_by, b"dossier")


def opened(one: Law, materials: int = COMPLETE) -> Case:
    """A case received on a Monday at nine, with these materials."""
    return engine.open_case(blank(one), wish(SUBMIT, APPLICANT, NINE, {"materials": materials}), one, calendar())


def step(case: Case, action: str, one: Law, actor: Identity | None = None, **evidence: Evidence) -> Case:
    """The next case, an hour later, with whatever can be demanded in evidence unless told otherwise; by somebody with
    every post where the case lies."""
    at = case.nodes[-1].at + HOUR
    taken = wish(action, actor or there(case, action), at, {**ample(case, action), **evidence})
    return engine.take(case, taken, one, calendar())


def there(case: Case, action: str) -> Identity:
    """Somebody with every post in the organisation that holds the case; for its own steps the platform."""
    if action == "recalculate":
        return POOL
    return replace(EVERYBODY, organisation=case.holder)


def ample(case: Case, action: str) -> Mapping[str, Evidence]:
    """Whatever a step may demand."""
    return {**EVIDENCE, "to_organisation": BESIDE[case.holder]} if action == "transfer" else EVIDENCE


def walked(one: Law, *actions: str) -> Case:
    """A case after these actions, an hour between any two."""
    case = opened(one)
    for action in actions:
        case = step(case, action, one)
    return case


def observed(one: Law, *actions: str, due: datetime | None = None) -> Case:
    """A pooled case (补录) after these actions, an hour between any two, with the due date it was told."""
    told: dict[str, Evidence] = {"due": int(due.timestamp())} if due else {}
    first = wish(SUBMIT, POOL, NINE, told, observed_by="window 7")
    case = engine.open_case(blank(one, observed=True), first, one, calendar())
    for number, action in enumerate(actions, start=1):
        case = recorded(case, action, one, NINE + number * HOUR)
    return case


def recorded(case: Case, action: str, one: Law, at: datetime, **evidence: Evidence) -> Case:
    """One more observed step at its own time."""
    return engine.take(case, wish(action, POOL, at, evidence, observed_by="officer 3"), one, calendar())
