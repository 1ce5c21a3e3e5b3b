"""A cell (口径单元): what one organisation's day counts, from the facts of that day.

Of one thing the latest correction counts, and each fact counts by itself, whatever order they came in and however
often; so a number leads back to the facts that make it, and the facts add up to the number. This module must not know
indicators.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from chalicelib.domain import organisation as organisations
from chalicelib.domain import track
from chalicelib.domain.calendar import ONE_DAY, Calendar
from chalicelib.domain.fact import Fact, counts
from chalicelib.domain.indices import histogram, tally
from chalicelib.domain.indices.tally import Tally
from chalicelib.domain.organisation import Level
from chalicelib.domain.stock import FINISHED, STOCKS, UNDATED, WITHDRAWN

ONLINE = frozenset({"mobile", "web"})  # 网办; a kiosk is on site
KIND = "kind/"  # how many facts of each kind there are: what is not pooled cannot be measured
_ORDERS, _CENTRES, _OUTPOSTS, _BEGUN = "orders", "centres", "outposts", "begun"
_DIMENSIONS = ("channel", "line", "item", "staff")
_BAD = frozenset({"dissatisfied", "very_dissatisfied"})
Counts = Iterator[tuple[str, int]]


def of_facts(facts: Iterable[Fact], calendar: Calendar) -> dict[str, int]:
    """The cell of the day of these facts."""
    return tally.total(of_fact(fact, calendar) for fact in latest(facts))


def latest(facts: Iterable[Fact]) -> Sequence[Fact]:
    """Of each thing the latest correction, by name."""
    found: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        name = (fact.place, fact.kind, fact.id)
        if name not in found or found[name].n < fact.n:
            found[name] = fact
    return [found[name] for name in sorted(found)]


def of_fact(fact: Fact, calendar: Calendar) -> Tally:
    """What one fact counts."""
    return tally.total({name: count} for name, count in _counts(fact, calendar))


def stands(name: str) -> bool:
    """Whether a count, as a settled tally names it, is of what stands (存量), and not of what happened."""
    family, *rest = name.split("/")
    if family in (_CENTRES, _OUTPOSTS):
        return bool(rest) and rest[0] != _BEGUN
    return not {*STOCKS}.isdisjoint(rest[1:2] if family == _ORDERS else [family])


def _counts(fact: Fact, calendar: Calendar) -> Counts:
    if not counts(fact):
        return
    yield KIND + fact.kind, 1
    match fact.kind:
        case "node" | "transferred_in":
            yield from _moved(fact, "")
            if fact.kind == "node":
                yield from _step(fact, calendar)
        case "order" | "order_transferred_in":
            yield from _order(fact)
        case "anomaly":
            yield "anomalies", _number(fact, "confirmed")
        case "rating":
            yield from _rating(fact)
        case "centre":
            yield from _centre(fact)


def _moved(fact: Fact, prefix: str) -> Counts:
    """What came to each stock and left it."""
    for stock in STOCKS:
        for moment, count in (("was", -1), ("now", 1)):
            day = fact.data.get(f"{stock}_{moment}")
            if day is not None:
                yield f"{tally.STOCK}{prefix}{stock}/{day}", count


def _step(fact: Fact, calendar: Calendar) -> Counts:
    match fact.data["node"]:
        case "submit":
            yield from _broken_down(fact, "received")
            yield from _received(fact)
        case "deliver" if "closes" not in fact.data:
            yield from _timed(fact, "delivered")
        case "archive":
            yield "archived", 1
    if "closes" in fact.data:
        yield from _closed(fact, calendar)


def _received(fact: Fact) -> Counts:
    if "observed" not in fact.data:
        yield "unified", 1  # taken in and handled here, and not pooled from elsewhere
    if "unfit" not in fact.data:
        yield "fit", 1
        if fact.data.get("channel") in ONLINE:
            yield "fit/online", 1


def _closed(fact: Fact, calendar: Calendar) -> Counts:
    outcome, notices = fact.data["closes"], _number(fact, "notices")
    yield "closed", 1
    if notices:
        yield "corrected", 1
    if notices == 1:
        yield "corrected/once", 1
    yield from track.counted(_plain(fact, "item"), str(fact.data.get("track", "")), bool(fact.data.get("late")))
    if outcome != FINISHED:
        yield str(outcome), 1
        return
    yield from _broken_down(fact, "finished")
    yield from _timed(fact, "due")
    if fact.data.get("late"):
        yield from _broken_down(fact, "late")
    seconds, days = _number(fact, "seconds"), worked(fact, calendar)
    yield f"time/{histogram.class_of(seconds)}", 1
    yield f"days/{days}", 1
    if fact.data.get("form") == "instant":
        yield "instant", 1
        if days == 0:
            yield "instant/same_day", 1
    limit, _, unit = str(fact.data.get("limit", "")).partition(" ")
    if unit == "working_day":
        yield "limit", int(limit)
        yield "limit/used", days


def worked(fact: Fact, calendar: Calendar) -> int:
    """The working days that a case took, as its clock counts them (实际办理工作日): those after it began, up to and
    including the last, without the days of pauses."""
    begun = date.fromisoformat(str(fact.data["since"]))
    days = calendar.working_days_between(begun, fact.day)
    paused: set[date] = set()
    for gap in str(fact.data.get("gaps", "")).split(","):
        first, _, last = gap.partition("/")
        if gap:
            paused |= _working(
                max(date.fromisoformat(first), begun + ONE_DAY), date.fromisoformat(last), fact.day, calendar
            )
    return days - len(paused)


def _working(first: date, last: date, until: date, calendar: Calendar) -> set[date]:
    days, until = (min(last, until) - first).days + 1, min(last, until)
    found = (until - ONE_DAY * number for number in range(max(days, 0)))
    return {day for day in found if calendar.is_working_day(day)}


def _order(fact: Fact) -> Counts:
    """Work orders: each kind's steps, those that came after their date, and how they closed, under `orders/<kind>`. One
    that its filer took back was closed neither in time nor late."""
    kind = f"{_ORDERS}/{str(fact.data['item']).partition('@')[0]}/"
    yield from _moved(fact, kind)
    if fact.kind == "order_transferred_in":
        return
    yield f"{kind}{fact.data['node']}", 1
    due = fact.data.get("due")
    if due is not None and _number(fact, "at") // 1000 > _number(fact, "due"):
        yield f"{kind}{fact.data['node']}/late", 1
    if "closes" in fact.data:
        yield f"{kind}{fact.data['closes']}", 1
        if fact.data["closes"] != WITHDRAWN:
            yield from _timed(fact, f"{kind}due")


def _rating(fact: Fact) -> Counts:
    """Active ratings that count (有效主动评价); of the rest the reason for which they do not."""
    if not fact.data.get("counted"):
        yield f"rated/not/{fact.data.get('why', '')}", 1
        return
    bad = "bad" if fact.data["level"] in _BAD else "good"
    yield "rated", 1
    yield f"rated/{bad}", 1
    for dimension in ("channel", "item", "line"):
        if dimension in fact.data:
            yield f"rated/{bad}/{dimension}/{_plain(fact, dimension)}", 1


def _centre(fact: Fact) -> Counts:
    """Centres (中心) by the stage in which they stand, extension points apart; and those that came to operate, late or
    not."""
    name = _OUTPOSTS if organisations.level(fact.organisation) is Level.station else _CENTRES
    for moment, count in (("was", -1), ("now", 1)):
        standing = fact.data.get(f"stage_{moment}")
        if standing is not None:
            yield f"{tally.STOCK}{name}/{standing}", count
    if "stage_now" in fact.data and "stage_was" not in fact.data:
        yield f"{tally.STOCK}{name}/reported/{UNDATED}", 1
    yield from _timed(fact, f"{name}/{_BEGUN}")


def _timed(fact: Fact, name: str) -> Counts:
    """One of those that are bound by a date, and whether it came after it."""
    if "late" in fact.data:
        yield name, 1
        yield f"{name}/late", _number(fact, "late")


def _broken_down(fact: Fact, name: str) -> Counts:
    yield name, 1
    for dimension in _DIMENSIONS:
        value = _plain(fact, "actor" if dimension == "staff" else dimension)
        if value:
            yield f"{name}/{dimension}/{value}", 1


def _plain(fact: Fact, name: str) -> str:
    return str(fact.data.get(name, "")).partition("@")[0] if name == "item" else str(fact.data.get(name, ""))


def _number(fact: Fact, name: str) -> int:
    value = fact.data.get(name, 0)
    return value if isinstance(value, int) else 0
