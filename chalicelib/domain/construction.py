"""Construction of centres (中心建设): how far each centre is, since which day, and what had to be reached until when.

What is told of a centre is its whole history; facts follow from two versions of it, so that a correction takes back
what was told otherwise. Whether somebody is late follows from days alone. This module must not know who may tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

from chalicelib.domain import organisation as organisations
from chalicelib.domain.calendar import ONE_DAY
from chalicelib.domain.fact import Fact, Value
from chalicelib.domain.item import Text
from chalicelib.domain.organisation import Level
from chalicelib.domain.stock import UNDATED
from chalicelib.errors import BrokenDefinition

_TOLD_OF = (Level.province, Level.city, Level.county, Level.station)  # a window belongs to its centre


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of construction; `operates`: whether a centre in it counts as operating (实体化运行)."""

    code: str
    text: Text
    operates: bool


@dataclass(frozen=True, slots=True)
class Task:
    """What the guidance asks of a centre, and where."""

    code: str
    text: Text
    basis: str


@dataclass(frozen=True, slots=True)
class Target:
    """What share of the centres of some levels, in some cities (`others`: in all but these; none named: in all), must
    operate at the end of the day `by`."""

    code: str
    text: Text
    by: date
    levels: frozenset[Level]
    cities: frozenset[str]
    others: bool
    share: Fraction
    basis: str

    def covers(self, code: str) -> bool:
        """Whether a centre is one of those that are due."""
        if organisations.level(code) not in self.levels:
            return False
        return not self.cities or (organisations.above(code, Level.city) in self.cities) != self.others


@dataclass(frozen=True, slots=True)
class Plan:
    """A version of stages, tasks and targets; targets in the order of their days."""

    name: str
    version: int
    stages: Mapping[str, Stage]
    tasks: Mapping[str, Task]
    targets: Sequence[Target]

    def due(self, code: str) -> date | None:
        """The day until which a centre itself must operate: the first on which all like it must. None of one that no
        target covers, an extension point."""
        return next((one.by for one in self.targets if one.share == 1 and one.covers(code)), None)


@dataclass(frozen=True, slots=True)
class Told:
    """A stage that was reached, or a task that was met, since which day, and the document that says so."""

    code: str
    since: date
    document: str


@dataclass(frozen=True, slots=True)
class Centre:
    """A centre or extension point: its stages in the order of their days, and the tasks that it has met."""

    code: str
    steps: tuple[Told, ...]
    met: tuple[Told, ...]

    def stage(self, at: date) -> Told | None:
        """The stage in which it is at the end of a day; None before the first."""
        begun = [step for step in self.steps if step.since <= at]
        return begun[-1] if begun else None

    def begun(self, plan: Plan, at: date) -> date | None:
        """The first day on which it operated, up to a day; None where it had not begun by then."""
        return next((step.since for step in self.steps if plan.stages[step.code].operates and step.since <= at), None)

    def tasks(self, at: date) -> list[Told]:
        """The tasks that are met at the end of a day."""
        return [task for task in self.met if task.since <= at]


@dataclass(frozen=True, slots=True)
class Reached:
    """A target on a day: of `due` centres `operating` do, and `needed` must; whether its day is over (`in_force`)."""

    target: Target
    due: int
    operating: int
    in_force: bool

    @property
    def needed(self) -> int:
        """How many must operate: the share of those due, rounded up."""
        exact = self.target.share * self.due
        return -(-exact.numerator // exact.denominator)

    @property
    def gap(self) -> int:
        """How many are missing."""
        return max(self.needed - self.operating, 0)


def parse(plan: Plan, code: str, document: Mapping[str, Any], today: date) -> Centre:
    """A centre from its registry entry; BrokenDefinition names the field that does not hold and what is allowed."""
    if organisations.level(code) not in _TOLD_OF:
        raise BrokenDefinition(f"centre {code}.code: a window belongs to its centre or station; tell of that")
    steps = tuple(_told(code, "stages", "stage", entry, plan.stages, today) for entry in document.get("stages", ()))
    if not steps:
        raise BrokenDefinition(f"centre {code}.stages: at least one is needed")
    for earlier, later in pairwise(steps):
        if later.since <= earlier.since or later.code == earlier.code:
            raise BrokenDefinition(f"centre {code}.stages: each on a later day than the one before, and another one")
    met = tuple(_told(code, "tasks", "task", entry, plan.tasks, today) for entry in document.get("tasks", ()))
    if len({one.code for one in met}) != len(met):
        raise BrokenDefinition(f"centre {code}.tasks: each task once")
    return Centre(code, steps, met)


def facts_of(plan: Plan, before: Centre | None, after: Centre, version: int) -> Iterator[Fact]:
    """What a version of a centre tells otherwise than the one before: a fact for each day on which it came to another
    stage, and one that takes back what is no longer told."""
    was, now = _days(plan, before) if before else {}, _days(plan, after)
    for day in sorted(was.keys() | now.keys()):
        if was.get(day) != now.get(day):
            yield Fact(after.code, day, "centre", after.code, now.get(day, {"withdrawn": 1}), version)


def _days(plan: Plan, centre: Centre) -> dict[date, Mapping[str, Value]]:
    found: dict[date, Mapping[str, Value]] = {}
    due, standing, operates = plan.due(centre.code), "", False
    for step in centre.steps:
        data: dict[str, Value] = {"stage_was": standing} if standing else {}
        begins = plan.stages[step.code].operates and not operates
        operates = operates or begins
        late_from = UNDATED if plan.stages[step.code].operates or due is None else (due + ONE_DAY).isoformat()
        standing = f"{step.code}/{late_from}"
        data["stage_now"] = standing
        if begins and due is not None:
            data["late"] = int(step.since > due)
            data["days"] = max((step.since - due).days, 0)
        found[step.since] = data
    return found


def _told(code: str, field: str, name: str, entry: Mapping[str, Any], known: Mapping[str, object], today: date) -> Told:
    if entry.get(name) not in known:
        raise BrokenDefinition(f"centre {code}.{field}: {name} is one of {', '.join(known)}")
    try:
        since = date.fromisoformat(str(entry.get("since")))
    except ValueError as error:
        raise BrokenDefinition(f"centre {code}.{field}: since is a day such as 2022-12-01") from error
    if since > today:
        raise BrokenDefinition(f"centre {code}.{field}: {since} is not over yet; tell what has happened")
    if not str(entry.get("document", "")).strip():
        raise BrokenDefinition(f"centre {code}.{field}: document names what says so")
    return Told(str(entry[name]), since, str(entry["document"]))


def parse_plan(data: Mapping[str, Any]) -> Plan:
    """A plan from its table; BrokenDefinition names the place of what does not hold."""
    if set(data) != {"name", "version", "stages", "tasks", "targets"}:
        raise BrokenDefinition("name, version, stages, tasks and targets are needed, and nothing else")
    stages = [Stage(str(each["code"]), _text(each), each["operates"] is True) for each in data["stages"]]
    tasks = [Task(str(each["code"]), _text(each), str(each["basis"])) for each in data["tasks"]]
    targets = sorted(map(_target, data["targets"]), key=lambda one: one.by)
    for many in (stages, tasks, targets):
        if len({one.code for one in many}) != len(many):
            raise BrokenDefinition("a code stands there twice")
    if not any(stage.operates for stage in stages):
        raise BrokenDefinition("stages: one of them must say that a centre operates")
    return Plan(
        str(data["name"]),
        int(data["version"]),
        {each.code: each for each in stages},
        {each.code: each for each in tasks},
        targets,
    )


def _target(entry: Mapping[str, Any]) -> Target:
    try:
        share, by = Fraction(str(entry["share"])), date.fromisoformat(str(entry["by"]))
    except ValueError as error:
        raise BrokenDefinition(f"target {entry['code']}: share or by: {error}") from error
    if not 0 < share <= 1:
        raise BrokenDefinition(f'target {entry["code"]}: a share over "0" to "1" is needed')
    return Target(
        code=str(entry["code"]),
        text=_text(entry),
        by=by,
        levels=frozenset(Level(each) for each in entry["levels"]),
        cities=frozenset(entry["cities"]),
        others=entry["others"] is True,
        share=share,
        basis=str(entry["basis"]),
    )


def _text(entry: Mapping[str, Any]) -> Text:
    name = entry.get("name", {})
    if not (name.get("zh") and name.get("en")):
        raise BrokenDefinition(f"{entry.get('code')}.name: zh and en are both needed")
    return Text(name["zh"], name["en"])
