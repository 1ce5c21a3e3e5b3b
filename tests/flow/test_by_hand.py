"""A small town whose month one can count by hand: what the indicators of complaints, questions, bad ratings and the
course of cases divide is what one counts."""

from __future__ import annotations

from datetime import timedelta

from tests.flow.conftest import NINE, Hub
from tests.flow.rating_steps import BAD, DESK, JUDGE, done, follow_up, rated
from tests.flow.test_consultation import GUIDE, UNKNOWN, asked, order_of
from tests.support.told import CALLED, OTHER_HANDLER, SIMPLE, WATCH, complaint, told
from tests.support.town import (
    ACCEPT,
    ARCHIVE,
    COMPLETE,
    CORRECT,
    DELIVER,
    GRANT,
    HAISHU,
    LI,
    NANMEN,
    NINGBO,
    NOTE,
    REVIEW,
    SUPPLEMENT,
    ZHANG,
    ZHEJIANG,
    Body,
    staff,
)

HEAD = staff("head", ZHEJIANG, "analysis")
FINISHED = (ACCEPT, REVIEW, GRANT, COMPLETE)
TO_NANMEN = {**SIMPLE, "to_organisation": NANMEN}
REPLY: Body = {"reply": "已整改，感谢您的监督。"}


def day(hub: Hub, number: int) -> None:
    """Nine in the morning of a day of March 2026; the first is a Sunday."""
    hub.cloud.set_clock(NINE + timedelta(days=number - 2))


def divided(hub: Hub, org: str, *codes: str) -> list[tuple[int, int]]:
    """Numerator and denominator of indicators in March."""
    hub.cloud.drain()
    hub.cloud.run_schedule("compute_indices")
    found = {each["code"]: each for each in hub.get(f"/v1/indices/2026-03/{org}", HEAD)["indicators"]}
    return [(found[code]["numerator"], found[code]["denominator"]) for code in codes]


def test_complaints_in_time_late_open_and_taken_back(hub: Hub) -> None:
    """Five working days from Monday the 2nd: due on the 9th. One is closed in time here, one late at the station, one
    waits there past its date; what was taken back, and what is not due, is neither."""
    prompt, late, waiting, back = (
        told(hub, complaint(type=type)) for type in ("attitude", "efficiency", "fees", "discipline")
    )
    prompt.handled().done("approve", WATCH).done("close", WATCH, CALLED)
    back.done("withdraw", ZHANG)
    for each in (late, waiting):
        each.done("dispatch", WATCH, TO_NANMEN).done("sign", OTHER_HANDLER)
    day(hub, 9)
    assert divided(hub, HAISHU, "complaints_in_time_rate") == [(1, 1)]
    day(hub, 10)
    assert divided(hub, HAISHU, "complaints_in_time_rate") == [(1, 3)]
    late.done("report", OTHER_HANDLER, {"note": NOTE}).done("approve", WATCH).done("close", WATCH, CALLED)
    told(hub, complaint(type="refusal"))
    assert divided(hub, HAISHU, "complaints_in_time_rate") == [(1, 3)]
    assert divided(hub, NINGBO, "complaints_in_time_rate") == [(1, 3)]
    assert divided(hub, NANMEN, "complaints_in_time_rate") == [(0, 2)]
    counts = hub.get(f"/v1/indices/2026-03/{HAISHU}", HEAD)["counts"]
    assert (counts["orders/complaint/open"], counts["orders/complaint/open/overdue"]) == (2, 1)


def test_questions_answered_in_time_late_and_not_at_all(hub: Hub) -> None:
    """One working day from Monday: due on Tuesday."""
    prompt, late, _waiting = (order_of(hub, asked(hub, UNKNOWN)) for _ in range(3))
    prompt.done("answer", GUIDE, REPLY)
    day(hub, 4)
    late.done("answer", GUIDE, REPLY)
    asked(hub, UNKNOWN)
    assert divided(hub, HAISHU, "answered_in_time_rate") == [(1, 3)]


def test_bad_ratings_called_back_and_rectified(hub: Hub) -> None:
    """Called back within a working day, by Tuesday the 3rd; replied to within fifteen days, by the 17th."""
    cases = [hub.life(hub.file(), *FINISHED) for _ in range(5)]
    ratings = [rated(hub, case, BAD, f"rate-{number}") for number, case in enumerate(cases)]
    prompt, late, waiting, upheld, _uncalled = (follow_up(hub, each["rating_id"])["order_id"] for each in ratings)
    for order in (prompt, waiting, upheld):
        done(hub, order, "call_back", DESK, {"verdict": "founded", "note": NOTE})
    done(hub, upheld, "appeal", DESK, {"reason": NOTE})
    assert divided(hub, HAISHU, "called_back_rate", "rectified_rate") == [(3, 3), (0, 0)]
    day(hub, 4)
    done(hub, late, "call_back", DESK, {"verdict": "founded", "note": NOTE})
    done(hub, upheld, "uphold", JUDGE, {"reason": NOTE})
    done(hub, prompt, "rectify", DESK, {"note": NOTE})
    done(hub, prompt, "reply", DESK, REPLY)
    assert divided(hub, HAISHU, "called_back_rate", "rectified_rate") == [(3, 5), (1, 1)]
    day(hub, 18)
    done(hub, late, "rectify", DESK, {"note": NOTE})
    done(hub, late, "reply", DESK, REPLY)
    assert divided(hub, HAISHU, "called_back_rate", "rectified_rate") == [(3, 5), (1, 3)]
    assert divided(hub, NINGBO, "called_back_rate", "rectified_rate") == [(3, 5), (1, 3)]
    day(hub, 20)
    done(hub, prompt, "end", DESK, {"note": NOTE})
    assert divided(hub, HAISHU, "called_back_rate", "rectified_rate") == [(3, 5), (1, 3)]


def test_corrections_refusals_deliveries_and_archives(hub: Hub) -> None:
    """Decided on Monday the 2nd, a result is delivered within ten working days, by the 16th."""
    refuse = ("refuse", LI, {"reason": NOTE, "remedy": NOTE})
    hub.life(hub.file(), CORRECT, SUPPLEMENT, *FINISHED, DELIVER, ARCHIVE)
    hub.life(hub.file(), CORRECT, SUPPLEMENT, CORRECT, SUPPLEMENT, refuse)
    late, _undelivered = (hub.life(hub.file(), *FINISHED) for _ in range(2))
    hub.life(hub.file(), CORRECT)  # still open: no case that was told once is known before it is closed
    day(hub, 17)
    hub.life(late, DELIVER)
    codes = ("told_once_rate", "corrected_rate", "returned_rate", "delivered_in_time_rate", "archived_rate")
    assert divided(hub, HAISHU, *codes) == [(1, 2), (2, 4), (1, 4), (1, 3), (1, 4)]


def test_what_a_county_passed_to_its_station_waits_there_and_leads_there(hub: Hub) -> None:
    told(hub, complaint()).done("dispatch", WATCH, TO_NANMEN)
    day(hub, 10)
    for org in (NANMEN, HAISHU, NINGBO):
        assert divided(hub, org, "complaints_in_time_rate") == [(0, 1)]
        behind = hub.get(f"/v1/indices/2026-03/{org}/complaints_in_time_rate/facts", HEAD)["items"]
        # At the county it came and went on one day, which counts nothing.
        assert [(each["org"], each["kind"]) for each in behind] == [(NANMEN, "order_transferred_in")]
