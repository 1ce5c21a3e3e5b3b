"""Complaints as the procedure has them: random steps by random people, and what holds of every history."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import engine, order, organisation
from chalicelib.domain.authority import Identity, Kind, Post, Standing
from chalicelib.domain.case import Case, Evidence, Law, broken_link, unfolded
from chalicelib.domain.folding import fold
from chalicelib.domain.order import Object
from chalicelib.domain.order_guards import MOST_DISPATCHES
from chalicelib.domain.organisation import Level, level, parent, within
from chalicelib.domain.procedure import SUBMIT
from chalicelib.domain.wish import Wish
from chalicelib.errors import Refused
from chalicelib.procedures import procedure_of
from tests.support.people import APPLICANT, CITY, COUNTY, STATION, staff
from tests.support.published import calendar, codes
from tests.support.walks import NINE

PLATFORM = Identity("zhongshu", Kind.system)
CHEN, FANG, LIN = (staff(name, *Post) for name in ("chen", "fang", "lin"))  # LIN is whom it is about
PEOPLE = (CHEN, FANG, CHEN, FANG, APPLICANT, PLATFORM, LIN)
ASIDE = ("refuse", "withdraw", "remind", "join", "recalculate")
KINDS = (order.COMPLAINT, order.NO_SERVICE)
LAWS = {kind: Law(order.KINDS[f"{kind}@1"], procedure_of("complaint@1")) for kind in KINDS}
STEPS = sorted({row.name for row in LAWS[order.COMPLAINT].procedure.actions} - {SUBMIT})
PLACES = (None, CITY, COUNTY, STATION)
AMPLE: Mapping[str, Mapping[str, Evidence]] = {
    "ask_extension": {"days": 3, "reason": "需调取监控"},
    "approve_extension": {"days": 2},
    "refuse": {"reason": "不属受理范围", "remedy": "可向上级反映"},
    "report": {"note": "已核实"},
    "close": {"verdict": "founded", "reply": "已整改", "disclosure": "public"},
    **{name: {"reason": "理由"} for name in ("recalculate", "return", "reject", "reject_extension", "redo")},
}
CALLS = ("satisfied", "dissatisfied", "unreachable")

Taken = tuple[int, Identity, str | None, str, str, int]
steps = st.lists(
    st.tuples(
        st.integers(0, 4 * len(STEPS) - 1),
        st.sampled_from(PEOPLE),
        st.sampled_from(PLACES),
        st.sampled_from(("simple", "complex")),
        st.sampled_from(CALLS),
        st.integers(0, 40),  # hours since the step before
    ),
    min_size=15,
    max_size=60,
)


def filed(law: Law, *, anonymous: bool) -> Case:
    told: dict[str, Evidence] = {"type": "attitude", "object": "person", "against": (LIN.subject,)}
    blank = Case("0" * 24, law.item.ref, COUNTY, "web", "", "", observed=False, received=NINE, about=COUNTY)
    wish = Wish(SUBMIT, APPLICANT, NINE, b"request", b"digest", told | ({"anonymous": 1} if anonymous else {}))
    return engine.open_case(blank, wish, law, calendar())


def chosen(drawn: int, case: Case, law: Law) -> str:
    """One of the steps that lead on from here; one time in four any."""
    permitted = [name for name in law.procedure.allowed(case.state) if name not in ASIDE]
    return STEPS[drawn % len(STEPS)] if drawn % 4 == 3 or not permitted else permitted[drawn % len(permitted)]


def evidence(case: Case, action: str, to: str | None, complexity: str, call: str) -> dict[str, Evidence]:
    if action == "dispatch":
        return {"complexity": complexity, **({"to_organisation": to} if to else {})}
    called: dict[str, Evidence] = {"call_back": call} if action == "close" and case.state == "to_call_back" else {}
    return {**AMPLE.get(action, {}), **called, **({"note": "三次"} if call == "unreachable" and called else {})}


def walk(law: Law, taken: list[Taken], *, anonymous: bool) -> Case:
    """The case after what could be taken of these steps; what could not changes nothing."""
    case = filed(law, anonymous=anonymous)
    for number, (drawn, who, to, complexity, call, hours) in enumerate(taken):
        action = chosen(drawn, case, law)
        actor = who if who.organisation is None else replace(who, organisation=case.holder)
        name = hashlib.sha256(str(number).encode()).digest()[:6]
        wish = Wish(
            action,
            actor,
            case.nodes[-1].at + timedelta(hours=hours),
            name,
            name[::-1],
            evidence(case, action, to, complexity, call),
            Standing(applicant=actor is APPLICANT),
        )
        try:
            after = engine.take(case, wish, law, calendar())
        except Refused:
            continue
        assert (after.state == case.state) or action not in ("remind", "join")
        case = after
    return case


@pytest.mark.parametrize("kind", KINDS)
@given(taken=steps, anonymous=st.booleans())
def test_whatever_is_tried_the_history_holds(kind: str, taken: list[Taken], anonymous: bool) -> None:
    law = LAWS[kind]
    case = walk(law, taken, anonymous=anonymous)
    assert fold(unfolded(case), case.nodes, law) == case
    assert broken_link(case) is None
    did = [node.action for node in case.nodes]
    assert did.count("dispatch") <= MOST_DISPATCHES
    assert did.count("return") < MOST_DISPATCHES
    assert did.count("approve_extension") <= 1
    assert did.count("redo") <= 1
    assert LIN.subject not in {node.actor for node in case.nodes}
    assert not {"sign", "report"} & set(did) or "dispatch" in did
    require_four_eyes(case)
    require_call_back(case, anonymous)
    require_hands(case)
    require_dates(case)


def require_four_eyes(case: Case) -> None:
    """Who reported did not review, and who asked did not grant."""
    last: dict[str, str] = {}
    for node in case.nodes:
        for first, second in case_pairs():
            assert node.action != second or last.get(first) != node.actor
        last[node.action] = node.actor


def case_pairs() -> frozenset[tuple[str, str]]:
    return LAWS[order.COMPLAINT].item.separation


def require_call_back(case: Case, anonymous: bool) -> None:
    """A named complaint is called back before it is closed, an anonymous one never."""
    did = [node.action for node in case.nodes]
    closing = next((node for node in case.nodes if node.action == "close"), None)
    if anonymous:
        assert "approve" not in did
    elif closing:
        assert closing.evidence["call_back"] in CALLS
        assert did.index("approve") < did.index("close")
        assert closing.evidence["call_back"] != "dissatisfied" or "redo" in did


def require_hands(case: Case) -> None:
    """It is in the hands of where it was filed, of the level above, or of whom it was assigned to."""
    assigned = {node.evidence["to_organisation"] for node in case.nodes if "to_organisation" in node.evidence}
    near = {COUNTY, CITY} | {parent(str(code)) for code in assigned}
    assert case.holder in assigned | near


def require_dates(case: Case) -> None:
    """The limit of the whole moves where it is found to be complex and where an extension is granted; it stops once."""
    moving = [node.action for node in case.nodes if node.dues.get("promised")]
    assert set(moving) <= {"submit", "dispatch", "approve_extension"}, moving
    assert moving.count("dispatch") <= 1
    clock = case.clocks["promised"]
    assert (clock.stopped is not None) == (case.closed_at is not None)


@pytest.mark.parametrize("object", list(Object))
def test_a_complaint_lies_at_or_above_whom_it_is_about_and_never_at_the_desk_that_it_is_about(object: Object) -> None:
    for code in codes():
        seat, (desk, above) = organisation.seat(code), order.desks(object, code)
        assert within(code, desk)
        assert within(desk, above)
        assert level(desk) in (Level.county, Level.city, Level.province)
        assert desk != seat or object is not Object.organisation or level(seat) is Level.province
        assert (above == desk) == (level(desk) is Level.province)


@given(taken=steps)
def test_every_state_that_is_reached_can_be_left_or_is_an_end(
    taken: list[Taken],
) -> None:
    law = LAWS[order.COMPLAINT]
    case = walk(law, taken, anonymous=False)
    state = law.procedure.states[case.state]
    assert state.final == (not law.procedure.allowed(case.state))
    assert (case.result is not None) == (case.closed_at is not None)
