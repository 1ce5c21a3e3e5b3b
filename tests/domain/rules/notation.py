"""Labelled examples of rules, in the notation of tests/domain/rules/examples/*.toml.

An example is a case, or an organisation's stretch of days, in lines that are read at a glance, and what its rule says
of it. Days are of 2026 and hours of Shanghai.

- events, one a line: `03-02 09:00 accept zhang @330205 reason=… materials=3 corrections=m1,m2`. A day alone is a stamp
  without a time, `?` no known time; an actor `?` is unknown, `*robot` an automatic account; `+settle` was taken in one
  request with the line above.
- terms: `promised due 03-10 since 03-03 09:00 ended 03-12 10:00 provisional`; a day alone is a day without a time.
- facts: `20x 03-02 22:00 +60s complete zhang channel=window`: twenty cases c1 … c20 (`from=r`: r1 …
  r20), a minute between two; `own`, `peers` and `earlier` are counts of cases: `received 100 refused 21`.
- ratings: `5x 03-02 10:00 +60s level=5 device=d1 after=9 own=1`; `after`: seconds since its case was finished; also
  `address`, `person`, `window`, `adverse=1`.
- finds: an occurrence (`-` for the only one), and, if wanted, since when; or `not_measurable`: what is missing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.domain.calendar import SHANGHAI, end_of_day, legal_day
from chalicelib.domain.case import Evidence
from chalicelib.domain.supervision.judging import judge, judge_span
from chalicelib.domain.supervision.rule import Rule
from chalicelib.domain.supervision.span import MEASURES, CaseFact, RatingFact, Span, tally
from chalicelib.domain.supervision.timeline import Event, Term, Timeline
from tests.support.people import COUNTY
from tests.support.published import calendar, published_item

EXAMPLES = Path(__file__).parent / "examples"
KINDS = ("positive", "negative", "boundary")
_YEAR = 2026
_WHEN = r"(?:\?|\d\d-\d\d(?: \d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)"
_EVENT = re.compile(rf"(?P<at>{_WHEN}) (?P<joined>\+?)(?P<node>\w*) (?P<actor>\S+)(?: @(?P<seat>\d+))?(?P<rest>.*)")
_TERM = re.compile(
    rf"(?P<clock>\w+) due (?P<due>{_WHEN})(?: since (?P<since>{_WHEN}))?(?: ended (?P<ended>{_WHEN}))?"
    r"(?P<soft> provisional)?"
)
_ROW = re.compile(rf"(?:(?P<times>\d+)x )?(?P<at>{_WHEN})(?: \+(?P<step>\d+)(?P<unit>[smhd]))?(?P<rest>.*)")
_STEPS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_KEYS = frozenset(
    {
        "kind", "zh", "en", "finds", "not_measurable",
        "item", "form", "observed", "told", "retired", "until", "events", "terms",
        "last", "facts", "own", "peers", "earlier", "ratings",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled example of a rule, as it stands in the file."""

    rule: str
    number: int
    data: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.data["kind"])

    @property
    def name(self) -> str:
        return f"{self.rule} {self.number} {self.kind}: {self.data['en']}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says: its findings, occurrence → since when, or what is missing."""

    finds: Mapping[str, datetime]
    missing: str | None


@cache
def examples(code: str) -> tuple[Example, ...]:
    """Every example of a rule."""
    data = tomllib.loads((EXAMPLES / f"{code}.toml").read_text(encoding="utf-8"))
    return tuple(Example(code, number, entry) for number, entry in enumerate(data["example"], start=1))


def files() -> list[str]:
    """The codes that have a file of examples."""
    return sorted(path.stem for path in EXAMPLES.glob("*.toml"))


def said(example: Example, rule: Rule) -> Said:
    """What `rule` says of the case or stretch in the example."""
    data = example.data
    assert set(data) <= _KEYS, f"{example.name}: {sorted(set(data) - _KEYS)}"
    if rule.scope == "cross":
        judgement = judge_span(span(data, rule.period), calendar(), [rule])
    else:
        judgement = judge(timeline(data), calendar(), [rule])
    assert {finding.rule for finding in judgement.findings} <= {rule.code}
    return Said({each.occurrence: each.at for each in judgement.findings}, judgement.not_measurable.get(rule.code))


def expected(example: Example) -> tuple[Mapping[str, datetime | None], str | None]:
    """What the label says: occurrence → since when (None: not said), and what is missing."""
    finds = {}
    for line in example.data.get("finds", []):
        occurrence, _, since = line.partition(" ")
        finds["" if occurrence == "-" else occurrence] = _instant(since) if since else None
    return finds, example.data.get("not_measurable")


def timeline(data: Mapping[str, Any]) -> Timeline:
    """The case of an example. Without an item it comes from a log."""
    item = published_item(data["item"]) if "item" in data else None
    if item and data.get("retired"):
        item = replace(item, active=False)
    events = tuple(_events(data["events"]))
    until = _instant(data["until"]) if "until" in data else max(event.at for event in events if event.at)
    assert until is not None
    closed = (event.at for event in events if event.node in ("complete", "settle", "refuse", "not_ours", "withdraw"))
    return Timeline(
        case_id="case",
        organisation=COUNTY,
        at=until,
        events=events,
        terms=tuple(_term(line) for line in data.get("terms", [])),
        item=item,
        form=data.get("form", item.form if item else None),
        ended=next(closed, None),
        observed=bool(data.get("observed")),
        told=frozenset(data["told"]) if "told" in data else None,
    )


def _events(text: str) -> Iterator[Event]:
    for line in text.strip().splitlines():
        found = _EVENT.fullmatch(line.strip())
        assert found, f"no event: {line!r}"
        actor = found["actor"]
        yield Event(
            node=found["node"],
            at=_instant(found["at"]),
            actor=None if actor == "?" else actor.removeprefix("*"),
            evidence=_evidence(found["rest"]),
            seat=found["seat"],
            whole_day=len(found["at"]) == len("03-02"),
            automatic=actor.startswith("*"),
            joined=bool(found["joined"]),
        )


def _evidence(text: str) -> Mapping[str, Evidence]:
    return {name: _value(value) for name, _, value in (part.partition("=") for part in text.split())}


def _value(value: str) -> Evidence:
    if re.fullmatch(r"\d+", value):
        return int(value)
    if re.fullmatch(_WHEN.replace(" ", "T"), value):
        at = _instant(value.replace("T", " "))
        assert at
        return int(at.timestamp())
    return tuple(filter(None, value.split(","))) if "," in value else value.removeprefix("@")


def _instant(text: str) -> datetime | None:
    """An aware time; of a day alone its start."""
    if text == "?":
        return None
    day, _, hour = text.partition(" ")
    return datetime.fromisoformat(f"{_YEAR}-{day}T{hour or '00:00'}").replace(tzinfo=SHANGHAI)


def _term(line: str) -> Term:
    found = _TERM.fullmatch(line)
    assert found, f"no term: {line!r}"
    due = _instant(found["due"])
    if due and len(found["due"]) == len("03-02"):
        due = end_of_day(legal_day(due))
    ended = _instant(found["ended"]) if found["ended"] else None
    since = _instant(found["since"]) if found["since"] else None
    days = found["ended"] is not None and len(found["ended"]) == len("03-02")
    return Term(found["clock"], due, ended, days, found["soft"] is not None, since)


def span(data: Mapping[str, Any], period: str) -> Span:
    """The stretch of an example, of a county; a month is the whole one."""
    last = _day(data["last"])
    first = last.replace(day=1) if period == "month" else last - timedelta(days=30 if period == "days" else 0)
    return Span(
        organisation=COUNTY,
        period=period,
        first=first,
        last=last,
        facts=(*_facts(data.get("facts", "")), *_counted(data.get("own", ""), last)),
        ratings=tuple(_ratings(data["ratings"])) if "ratings" in data else None,
        earlier=tuple(tally(_counted(counts, first)) for counts in data.get("earlier", [])),
        peers=tuple(tally(_counted(counts, last)) for counts in data.get("peers", [])),
    )


def _day(text: str) -> date:
    return date.fromisoformat(f"{_YEAR}-{text}")


def _rows(text: str) -> Iterator[tuple[int, datetime | None, str, list[str]]]:
    """For each row: its number within its line, when, what was written there, and the words after."""
    for line in text.strip().splitlines():
        found = _ROW.fullmatch(line.strip())
        assert found, f"no row: {line!r}"
        at = _instant(found["at"])
        step = timedelta(**{_STEPS[found["unit"] or "s"]: int(found["step"] or 0)})
        for number in range(int(found["times"] or 1)):
            yield number + 1, at + number * step if at else None, found["at"], found["rest"].split()


def _facts(text: str) -> Iterator[CaseFact]:
    for number, at, written, (node, actor, *rest) in _rows(text):
        assert at, "a fact has a day"
        named = dict(part.split("=") for part in rest)
        yield CaseFact(
            case_id=named.pop("case", f"{named.pop('from', 'c')}{number}"),
            organisation=COUNTY,
            day=legal_day(at),
            node=node,
            at=at if len(written) > len("03-02") else None,
            actor=None if actor == "?" else actor.removeprefix("*"),
            automatic=actor.startswith("*"),
            **named,
        )


def _counted(counts: str, day: date) -> tuple[CaseFact, ...]:
    """Facts that come to these counts: "received 100 refused 21"."""
    words = counts.split()
    return tuple(
        CaseFact(f"c{number}", COUNTY, day, min(MEASURES[measure] - {"W02"} or {"W02"}))
        for measure, count in zip(words[::2], words[1::2], strict=True)
        for number in range(int(count))
    )


def _ratings(text: str) -> Iterator[RatingFact]:
    for number, at, _, rest in _rows(text):
        assert at, "a rating has a time"
        named = dict(part.split("=") for part in rest)
        finished = at - timedelta(seconds=float(named["after"])) if "after" in named else None
        yield RatingFact(
            case_id=f"c{number}",
            at=at,
            level=int(named["level"]),
            device=named.get("device"),
            own="own" in named,
            finished=finished,
            address=named.get("address"),
            person=named.get("person"),
            window=named.get("window"),
            adverse="adverse" in named,
        )
