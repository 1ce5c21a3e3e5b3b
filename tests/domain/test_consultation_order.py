"""Consultations as the procedure has them: random steps by random people, and what holds of every history."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import engine, order
from chalicelib.domain.authority import Identity, Kind, Post, Standing
from chalicelib.domain.case import Case, Evidence, Law, broken_link, unfolded
from chalicelib.domain.folding import fold
from chalicelib.domain.procedure import SUBMIT
from chalicelib.domain.wish import Wish
from chalicelib.errors import Refused
from chalicelib.procedures import procedure_of
from tests.support.people import APPLICANT, COUNTY, STATION, staff
from tests.support.published import calendar
from tests.support.walks import NINE

LAW = Law(order.KINDS[f"{order.CONSULTATION}@1"], procedure_of("consultation@1"))
PLATFORM = Identity("zhongshu", Kind.system)
PEOPLE = (staff("chen", *Post), staff("fang", *Post), APPLICANT, PLATFORM)
STEPS = sorted({row.name for row in LAW.procedure.actions} - {SUBMIT})
EVIDENCE: Mapping[str, Mapping[str, Evidence]] = {
    "assign": {"to_organisation": STATION},
    "answer": {"reply": "请持身份证办理"},
    "rate": {"helpful": "no"},
    "propose": {"question": "怎么办理", "reply": "请持身份证办理"},
    "decline": {"reason": "各地规定不同"},
    "recalculate": {"reason": "2027@1"},
}
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.sampled_from(PEOPLE), st.booleans(), st.integers(0, 40)), max_size=60
)


def walk(taken: list[tuple[str, Identity, bool, int]]) -> Case:
    """The order after what could be taken of these steps; what could not changes nothing."""
    blank = Case("0" * 24, LAW.item.ref, COUNTY, "web", "", "", observed=False, received=NINE, about=COUNTY)
    first = Wish(SUBMIT, APPLICANT, NINE, b"request", b"digest", {"type": "no_sure_answer", "object": "organisation"})
    case = engine.open_case(blank, first, LAW, calendar())
    for number, (action, who, whole, hours) in enumerate(taken):
        name = hashlib.sha256(str(number).encode()).digest()[:6]
        actor = who if who.organisation is None else staff(who.subject, *Post, org=case.holder)
        at = case.nodes[-1].at + timedelta(hours=hours)
        told = EVIDENCE.get(action, {}) if whole else {}
        standing = Standing(applicant=actor is APPLICANT)
        try:
            case = engine.take(case, Wish(action, actor, at, name, name[::-1], told, standing), LAW, calendar())
        except Refused:
            continue
    return case


@given(steps)
def test_whatever_is_tried_the_history_holds(taken: list[tuple[str, Identity, bool, int]]) -> None:
    case = walk(taken)
    assert fold(unfolded(case), case.nodes, LAW) == case
    assert broken_link(case) is None
    did = [node.action for node in case.nodes]
    assert did.count("answer") <= 2
    assert all(node.evidence.get("reply") for node in case.nodes if node.action in ("answer", "propose"))
    assert "propose" not in did or "answer" in did
    for node in case.nodes:
        if node.action in ("rate", "withdraw"):
            assert node.actor == "applicant"
    require_two_persons(case)
    require_answered_or_withdrawn(case)


def require_two_persons(case: Case) -> None:
    """Who answered last, or proposed, does not release."""
    last = {node.action: node.actor for node in case.nodes}
    if "release" in last:
        assert last["release"] not in (last["answer"], last["propose"])


def require_answered_or_withdrawn(case: Case) -> None:
    """The limit of the whole stops with the first answer; nothing ends without a result."""
    ended = any(node.action in ("answer", "withdraw") for node in case.nodes)
    assert (case.closed_at is not None) == (case.clocks["promised"].stopped is not None) == ended
    assert (case.result is not None) == ended
    state = LAW.procedure.states[case.state]
    assert state.final == (not LAW.procedure.allowed(case.state))
    assert case.result or not state.final
