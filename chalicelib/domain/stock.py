"""What a step changes in what is standing (存量): open cases by the day on which they become overdue, results that wait
to be delivered, files that wait to be archived, work orders by the stage that they are in; and how a case came out when
it closed.

Of a whole history the changes add up to what stands, wherever and whenever it is looked at: what one step adds, a later
one takes away. They follow from the history alone, so that being overdue needs neither a sweep nor a finding. This
module must not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from chalicelib.domain import clocks as clockwork
from chalicelib.domain import track
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.case import Case, Law, unfolded
from chalicelib.domain.clocks import Clock, Due
from chalicelib.domain.folding import advance
from chalicelib.domain.procedure import SUBMIT
from chalicelib.domain.track import Bound

UNDATED = "-"  # stands there without a date: no clock runs, or it stands still in time
OPEN, DELIVERY, FILE, STAGE = "open", "delivery", "file", "stage"
STOCKS = (OPEN, DELIVERY, FILE, STAGE)
CHANGES = frozenset({"closes", *(f"{stock}_{moment}" for stock in STOCKS for moment in ("was", "now"))})
RETURNED, WITHDRAWN, FINISHED = "returned", "withdrawn", "finished"
_COMES_OUT = {"refuse": RETURNED, "not_ours": RETURNED, "withdraw": WITHDRAWN}
_BINDING = {"cases": ("promised", "statutory"), "orders": ("promised", "stage")}  # which clock binds: the first running
_AFTER = timedelta(seconds=1)  # the last instant itself is in time


def standing(case: Case | None, law: Law) -> Mapping[str, str]:
    """Where a case or order stands after its last step: stock → the legal day at whose end it counts as overdue there,
    or UNDATED; of an order's stage with the state before it (`to_call/2026-03-04`)."""
    if case is None:
        return {}
    state = law.procedure.states[case.state]
    found = {}
    if law.procedure.book == "orders" and state.stage:
        found[STAGE] = f"{case.state}/{_day(_due(case, STAGE))}"
    if case.closed_at is None:
        return {OPEN: _day(_due(case, _binding(case, law))), **found}
    if state.stage and not state.final:
        found[DELIVERY] = _day(_due(case, STAGE))
    if not state.final:
        found[FILE] = UNDATED
    return found


def left(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What a fact says of the stocks that a case leaves, as `<stock>_was`."""
    return {f"{stock}_was": day for stock, day in before.items() if after.get(stock) != day}


def entered(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What a fact says of the stocks that a case enters, as `<stock>_now`."""
    return {f"{stock}_now": day for stock, day in after.items() if before.get(stock) != day}


def outcome(before: Case | None, after: Case, law: Law) -> Iterator[tuple[str, str | int]]:
    """What a fact says of a step beside its stocks. Of the first: whether the item is unfit for online handling
    (`unfit`). Of the one that closes it: how it came out (`closes`), how long it took (`seconds`, and for the counting
    of working days `since`, `gaps` and the statutory `limit`), how often corrections were asked for (`notices`). Of
    one that is bound by a date: whether it came after it (`late`), and of a case its `track`."""
    node = after.nodes[-1]
    if node.action == SUBMIT and not law.item.online:
        yield "unfit", 1
    delivers = node.action == "deliver" and before is not None and before.closed_at is not None
    if delivers:
        yield from _late(_due(before, "stage"), node.at)
    if after.closed_at is None or (before is not None and before.closed_at is not None):
        return
    yield "closes", _COMES_OUT.get(node.action, FINISHED)
    yield "seconds", max(round((after.closed_at - after.received).total_seconds()), 0)
    yield "notices", sum(each.action == "correct" for each in after.nodes)
    if before is not None:
        yield from _late(_due(before, _binding(before, law)), node.at)
        yield from _tracked(before, after, law)
    yield from _counted(after, law)


def bound(case: Case, law: Law) -> Bound | None:
    """The limit that binds an open case, and its date; None where none runs, or it stands still in time."""
    name = _binding(case, law)
    due = _due(case, name)
    return Bound(case.clocks[name].start, due.last) if due else None


def came_late(case: Case, law: Law, at: datetime) -> bool | None:
    """Whether a case came after the date that bound it; None while it is open and in time, or under no date, at
    `at`."""
    if case.closed_at is None:
        here = bound(case, law)
        return True if here and at > here.last else None
    before = here_after = unfolded(case)
    for node in case.nodes:
        before, here_after = here_after, advance(here_after, node, law)
        if here_after.closed_at is not None:
            break
    return any(late for _, late in _late(_due(before, _binding(before, law)), case.closed_at))


def _tracked(before: Case, after: Case, law: Law) -> Iterator[tuple[str, str | int]]:
    here = bound(before, law)
    if here and law.procedure.book == "cases":
        found = track.text(track.states(before, law), here, after.nodes[-1].at)
        if found:
            yield "track", found


def _counted(case: Case, law: Law) -> Iterator[tuple[str, str | int]]:
    clock = case.clocks.get("statutory") or case.clocks.get("promised")
    yield "since", legal_day(clock.start if clock else case.received).isoformat()
    if clock and clock.pauses:
        gaps = (f"{first.isoformat()}/{last.isoformat()}" for first, last in clockwork.uncounted(clock))
        yield "gaps", ",".join(gaps)
    if law.item.statutory and not case.observed:
        yield "limit", f"{law.item.statutory.amount} {law.item.statutory.unit}"


def _late(due: Due | None, at: datetime) -> Iterator[tuple[str, str | int]]:
    if due is not None:
        yield "late", int(at.replace(microsecond=0) > due.last.replace(microsecond=0))


def _binding(case: Case, law: Law) -> str:
    names = _BINDING[law.procedure.book]
    return next((name for name in names if name in case.clocks and case.clocks[name].stopped is None), "")


def _due(case: Case | None, name: str) -> Due | None:
    """The date that a running clock stands under. While it is paused there is none, but pausing late does not undo
    being late."""
    clock = case.clocks.get(name) if case else None
    if case is None or clock is None or clock.stopped is not None:
        return None
    return case.dues.get(name) or _missed(case, clock)


def _missed(case: Case, clock: Clock) -> Due | None:
    if not clockwork.paused(clock):
        return None
    told = next((due for node in reversed(case.nodes) if (due := node.dues.get(clock.name))), None)
    return told if told and told.last < clock.pauses[-1].start else None


def _day(due: Due | None) -> str:
    return legal_day(due.last + _AFTER).isoformat() if due else UNDATED
