"""Service items (事项): what can be applied for, who handles it, by when and with which materials.

An item is versioned data; a case pins the version it was filed under. `parse` is strict, so that a broken
catalogue is refused when it is published and never met by an applicant. This module must not read tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.authority import Line
from chalicelib.domain.clocks import MOST, Limit, Unit
from chalicelib.domain.organisation import Level
from chalicelib.errors import BrokenDefinition

FORMS = ("instant", "promised")  # 即办件, 承诺件
TYPES = ("licence", "confirmation", "other", "public_service")  # GB/T 39046 A.1: 01, 07, 10, 20
SILENCES = ("overdue", "deemed_grant")  # what the law makes of no decision in time
NECESSITIES = ("required", "conditional", "optional")
MOST_VISITS = 9
REACHES = ("county", "city", "province")  # 通办范围: how far away it may be taken in
_REVIEW_LIMIT = Limit(20, Unit.working_day, "行政许可法 art. 43: the lower organ reviews within twenty working days")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Text:
    """A name or sentence in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Material:
    """One line of the material check-list (材料清单)."""

    code: str
    name: Text
    necessity: str


@dataclass(frozen=True, slots=True)
class Graded:
    """An item whose level follows from a number in the form (分级管理): the first step whose bound exceeds the
    number; the last step has none."""

    by: str
    steps: tuple[tuple[int | None, Level], ...]

    def level(self, number: int) -> Level:
        """The level that handles a matter of this size."""
        return next(level for below, level in self.steps if below is None or number < below)


@dataclass(frozen=True, slots=True)
class TwoLevel:
    """An item that one level reviews, within a limit of its own, and another decides (行政许可法 art. 35, 43)."""

    review: Level
    decide: Level
    limit: Limit


@dataclass(frozen=True, slots=True)
class Event:
    """A day that limits are measured to: a gathering, the end of a licence. `field` is where the form names it;
    `decide`: how many days before it the decision is due at the latest (None: the law names none)."""

    field: str
    name: Text
    decide: Limit | None


@dataclass(frozen=True, slots=True)
class Item:
    """What the rules need of an item; the published document holds the rest (guide, fee, result). `visits`: how often
    the applicant must come (到办事现场次数); `pooled`: it stands for matters of other systems and is none of the
    catalogue's own."""

    id: str
    version: int
    name: Text
    line: Line | None  # None: of all lines; only orders
    levels: frozenset[Level]
    graded: Graded | None
    two_level: TwoLevel | None
    event: Event
    silence: str
    form: str
    procedure: str
    statutory: Limit | None
    promised: Limit | None
    extension: Limit | None
    lead_time: Limit | None
    materials: tuple[Material, ...]
    separation: frozenset[tuple[str, str]]
    on_site_check: bool
    online: bool
    reach: str
    subjects: frozenset[str]
    delivery: frozenset[str]
    active: bool
    visits: int = 0
    pooled: bool = False
    hand_over: Line | None = None  # 审管衔接: the line that supervises what is granted
    complex: Limit | None = None  # takes the place of the promised limit of what is found to be complex; only orders

    @property
    def ref(self) -> str:
        """`id@version`, the form in which a case pins its item."""
        return f"{self.id}@{self.version}"

    def required(self) -> tuple[Material, ...]:
        """The materials without which the item cannot be accepted."""
        return tuple(m for m in self.materials if m.necessity == "required")


def parse(data: Mapping[str, Any], version: int) -> Item:
    """An item from its registry entry; BrokenDefinition names the place that does not fit."""
    where = f"item {data.get('id', '?')}"
    if not _ID.fullmatch(str(data.get("id", ""))):
        raise BrokenDefinition(f"{where}.id: lower-case words joined by hyphens")
    statutory, promised = _limit(data, "statutory", where), _limit(data, "promised", where)
    _promise_within_law(statutory, promised, where)
    return Item(
        id=data["id"],
        version=version,
        name=_text(data.get("name"), f"{where}.name"),
        line=Line(_one_of(data, "line", tuple(Line), where)),
        levels=frozenset(Level(v) for v in _all_of(data, "levels", tuple(Level)[:4], where)),
        graded=_graded(data.get("graded"), where),
        two_level=_two_level(data.get("two_level"), where),
        event=_event(data, where),
        silence=_one_of({"silence": "overdue", **data}, "silence", SILENCES, where),
        form=_one_of(data, "form", FORMS, where),
        procedure=str(data.get("procedure", "")),
        statutory=statutory,
        promised=promised,
        extension=_limit(data, "extension", where),
        lead_time=_limit(data, "lead_time", where),
        materials=_materials(data.get("materials", []), where),
        separation=_pairs(data.get("separation", []), where),
        on_site_check=bool(data.get("on_site_check", False)),
        online=bool(data.get("online", True)),
        reach=_one_of(data, "reach", REACHES, where),
        subjects=frozenset(_all_of(data, "subjects", ("person", "organisation"), where)),
        delivery=frozenset(_all_of(data, "delivery", ("collect", "mail", "electronic"), where)),
        active=data.get("status", "active") == "active",
        visits=_visits(data, where),
        pooled=bool(data.get("pooled", False)),
        hand_over=Line(_one_of(data, "hand_over", tuple(Line), where)) if data.get("hand_over") else None,
    )


def _text(value: object, where: str) -> Text:
    if not isinstance(value, Mapping) or not value.get("zh") or not value.get("en"):
        raise BrokenDefinition(f"{where}: zh and en are both needed")
    return Text(value["zh"], value["en"])


def _one_of(data: Mapping[str, Any], field: str, allowed: Sequence[str], where: str) -> str:
    value = data.get(field)
    if value not in allowed:
        raise BrokenDefinition(f"{where}.{field}: {value!r} is not one of {', '.join(allowed)}")
    return str(value)


def _all_of(data: Mapping[str, Any], field: str, allowed: Sequence[str], where: str) -> list[str]:
    values = data.get(field, [])
    if not values:
        raise BrokenDefinition(f"{where}.{field}: at least one of {', '.join(allowed)}")
    return [_one_of({field: value}, field, allowed, where) for value in values]


def _limit(data: Mapping[str, Any], field: str, where: str) -> Limit | None:
    entry = data.get(field)
    if entry is None:
        return None
    amount, unit = entry.get("limit"), entry.get("unit")
    if type(amount) is not int or not 0 <= amount <= MOST or unit not in tuple(Unit):
        raise BrokenDefinition(f"{where}.{field}: a limit of 0 to {MOST} and a unit of {', '.join(Unit)} are needed")
    return Limit(amount, Unit(unit), entry.get("basis", ""))


def _visits(data: Mapping[str, Any], where: str) -> int:
    """Said and never assumed: an item that does not say how often one must come is not one for which nobody must."""
    visits = data.get("visits")
    if type(visits) is not int or not 0 <= visits <= MOST_VISITS:
        raise BrokenDefinition(f"{where}.visits: how often the applicant must come, 0 to {MOST_VISITS}")
    return visits


def _graded(entry: Mapping[str, Any] | None, where: str) -> Graded | None:
    if entry is None:
        return None
    steps = entry.get("steps") or [{}]
    bounds = [step.get("below") for step in steps]
    rising = [bound for bound in bounds[:-1] if isinstance(bound, int)]
    if bounds[-1] is not None or len(rising) < len(bounds) - 1 or rising != sorted(set(rising)):
        raise BrokenDefinition(f"{where}.graded.steps: rising bounds are needed, and a last step without one")
    levels = [Level(_one_of(step, "level", tuple(Level)[:4], f"{where}.graded")) for step in steps]
    return Graded(str(entry.get("by", "")), tuple(zip(bounds, levels, strict=True)))


def _two_level(entry: Mapping[str, Any] | None, where: str) -> TwoLevel | None:
    if entry is None:
        return None
    place, order = f"{where}.two_level", tuple(Level)
    review, decide = (Level(_one_of(entry, end, order[:4], place)) for end in ("review", "decide"))
    if order.index(decide) >= order.index(review):
        raise BrokenDefinition(f"{place}.decide: a level above {review} is needed")
    return TwoLevel(review, decide, _limit(entry, "limit", place) or _REVIEW_LIMIT)


def _event(data: Mapping[str, Any], where: str) -> Event:
    entry = data.get("event", {"field": "event_date", "name": {"zh": "活动日期", "en": "the day of the event"}})
    found = Event(
        str(entry.get("field", "")), _text(entry.get("name"), f"{where}.event.name"), _limit(entry, "decide", where)
    )
    if not found.field:
        raise BrokenDefinition(f"{where}.event.field: which field of the form names the day")
    if found.decide and found.decide.unit is not Unit.calendar_day:
        raise BrokenDefinition(f"{where}.event.decide: counted in calendar days before the day")
    if data.get("silence") == "deemed_grant" and not found.decide:
        raise BrokenDefinition(f"{where}.silence: a deemed grant needs event.decide, the day by which silence speaks")
    return found


def _promise_within_law(statutory: Limit | None, promised: Limit | None, where: str) -> None:
    """限时办结制: the promised limit is never longer than the statutory one (same unit compared)."""
    if statutory and promised and statutory.unit == promised.unit and promised.amount > statutory.amount:
        raise BrokenDefinition(f"{where}.promised: longer than the statutory limit of {statutory.amount}")


def _materials(entries: Sequence[Mapping[str, Any]], where: str) -> tuple[Material, ...]:
    found: dict[str, Material] = {}
    for entry in entries:
        code = str(entry.get("code", ""))
        place = f"{where}.materials.{code or '?'}"
        if not code or code in found:
            raise BrokenDefinition(f"{place}: a code of its own is needed")
        necessity = _one_of(entry, "necessity", NECESSITIES, place)
        found[code] = Material(code, _text(entry.get("name"), f"{place}.name"), necessity)
    return tuple(found.values())


def _pairs(entries: Sequence[Sequence[str]], where: str) -> frozenset[tuple[str, str]]:
    if any(len(pair) != 2 or pair[0] == pair[1] for pair in entries):
        raise BrokenDefinition(f"{where}.separation: pairs of two different actions are needed")
    return frozenset((first, second) for first, second in entries)
