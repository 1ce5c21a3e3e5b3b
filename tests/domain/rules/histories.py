"""Strategies for cases as they grow: pooled ones with steps in any order and at any time, and logs with whatever a log
may hold."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType

from hypothesis import strategies as st

from chalicelib.domain import engine
from chalicelib.domain.case import Case, Evidence, Law
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.domain.procedure import SUBMIT
from chalicelib.domain.supervision.timeline import Event, Term, Timeline
from tests.support.people import COUNTY, POOL
from tests.support.published import calendar
from tests.support.random_cases import Walk
from tests.support.walks import HOUR, NINE, blank, law, wish

_MOST = 10
_MINUTE = timedelta(minutes=1)
_PEOPLE = ("zhang", "li", "wang", "not-recorded", "system:robot")
_LAWS = [law(item) for item in ("observed-matter", "hotel-licence", "temporary-id-card")]
NODES = ("", *(row for one in _LAWS for row in dict.fromkeys(action.name for action in one.procedure.actions)))

_optional: dict[str, st.SearchStrategy[Evidence]] = {
    "reason": st.sampled_from(["", "理由"]),
    "remedy": st.just("复议"),
    "result_number": st.just("1"),
    "approver": st.just("chief"),
    "days": st.integers(1, 30),
    "pause_class": st.sampled_from([*sorted(PAUSE_CLASSES), "other"]),
    "corrections": st.sampled_from([("m1",), ("m2",)]),
    "materials": st.integers(0, 15),
    "on_site_staff": st.sampled_from([("li",), ("li", "sun")]),
    "to_organisation": st.sampled_from(["330205", "330200"]),
}
_evidence = st.fixed_dictionaries({}, optional=_optional)
_apart = st.one_of(st.integers(-120, 120), st.integers(-60 * 24 * 20, 60 * 24 * 60))  # minutes


@st.composite
def pooled(draw: st.DrawFn, *, back: bool = True) -> Walk:
    """A pooled case (补录) and every version of it: any step after any other, with a time that may go `back`."""
    one = draw(st.sampled_from(_LAWS))
    told: dict[str, Evidence] = {"due": int((NINE + draw(st.integers(0, 900)) * HOUR).timestamp())}
    case = engine.open_case(
        blank(one, observed=True), wish(SUBMIT, POOL, NINE, told, observed_by="window"), one, calendar()
    )
    versions = [case]
    for _ in range(draw(st.integers(0, _MOST))):
        versions.append(_one_more(draw, versions[-1], one, back))
    return Walk(one, tuple(versions))


def _one_more(draw: st.DrawFn, case: Case, one: Law, back: bool) -> Case:
    actions = [row.name for row in one.procedure.actions if row.name not in (SUBMIT, "recalculate")]
    minutes = draw(_apart)
    at = case.nodes[-1].at + (minutes if back else abs(minutes)) * _MINUTE
    evidence = {**draw(_evidence), "recorded_at": int((at + draw(st.integers(0, 100)) * HOUR).timestamp())}
    actor = draw(st.sampled_from(_PEOPLE))
    taken = wish(draw(st.sampled_from(actions)), POOL, at, evidence, observed_by=actor)
    return engine.take(case, taken, one, calendar())


@st.composite
def logs(draw: st.DrawFn) -> Timeline:
    """A case of a log: unknown times and people, days without a time, steps without counterpart, limits or none."""
    events = []
    at = NINE
    for _ in range(draw(st.integers(0, _MOST))):
        at += draw(_apart) * _MINUTE
        events.append(
            Event(
                node=draw(st.sampled_from(NODES)),
                at=draw(st.sampled_from([at, at, at, None])),
                actor=draw(st.sampled_from([*_PEOPLE[:3], None])),
                evidence=MappingProxyType(draw(_evidence)),
                seat=draw(st.sampled_from([None, "330205", "分局"])),
                whole_day=draw(st.booleans()),
                automatic=draw(st.booleans()),
            )
        )
    terms = [
        Term(name, at + draw(_apart) * _MINUTE, draw(st.sampled_from([None, at]))) for name in ("promised", "stage")
    ]
    return Timeline(
        case_id="case",
        organisation=draw(st.sampled_from([COUNTY, "分局"])),
        at=max([at, *(event.at for event in events if event.at)]),
        events=tuple(events),
        terms=tuple(draw(st.lists(st.sampled_from(terms), max_size=2))),
        item=draw(st.sampled_from([None, *(one.item for one in _LAWS)])),
        ended=draw(st.sampled_from([None, at])),
        observed=True,
        told=draw(st.sampled_from([None, frozenset({"submit", "accept"}), frozenset(NODES)])),
    )
