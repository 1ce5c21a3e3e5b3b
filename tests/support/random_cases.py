"""A strategy for cases as they may come to be: random lawful walks by many people at uneven times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from chalicelib.domain import engine
from chalicelib.domain.case import Case, Law
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.errors import InvalidInput
from tests.support.published import calendar
from tests.support.walks import ample, lenient, opened, there, wish

MOST_STEPS = 14
LAWS = [
    lenient(item)
    for item in (
        "hotel-licence",
        "passport",
        "lawyer-meeting",
        "temporary-id-card",
        "security-company-licence",
    )
]
BY_GUARD = ("extend", "forward", "grant", "deny")  # refused by time, or by the level, and not by the table


@dataclass(frozen=True, slots=True)
class Walk:
    """A case, and every version of it on the way."""

    law: Law
    versions: tuple[Case, ...]

    @property
    def case(self) -> Case:
        """The case as it is in the end."""
        return self.versions[-1]


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    """A lawful walk. Gaps are of up to thirty days, and an hour back where two machines' clocks differ."""
    law = draw(st.sampled_from(LAWS))
    versions = [opened(law)]
    for _ in range(draw(st.integers(0, MOST_STEPS))):
        case = versions[-1]
        allowed = law.procedure.allowed(case.state)
        if not allowed:
            break
        at = case.nodes[-1].at + timedelta(hours=draw(st.integers(-1, 720)))
        action = draw(st.sampled_from(allowed))
        evidence = {**ample(case, action), "pause_class": draw(st.sampled_from(sorted(PAUSE_CLASSES)))}
        try:
            versions.append(engine.take(case, wish(action, there(case, action), at, evidence), law, calendar()))
        except InvalidInput:
            assert action in BY_GUARD
    return Walk(law, tuple(versions))
