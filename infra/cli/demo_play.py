"""Plays a sample week: applicants and staff act in turn, each with their own token, as the local clock goes on; at its
end some applicants rate.

Given the same seed, start and registry it sends the same requests. This module must not print.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from chalicelib.domain import organisation
from infra.cli import demo_ratings, demo_story
from infra.cli.demo_people import Applicant, invented
from infra.cli.demo_story import Story
from infra.cli.demo_town import Staff, Town
from infra.cli.hub import Hub, Identity, Progress, RefusedByServer

WEEK = timedelta(days=7)


@dataclass(slots=True)
class Act:
    """A sample case as it is played. `number`, `version`, `state` and `allowed` are what the platform answered."""

    key: str
    item: Mapping[str, Any]
    place: str
    channel: str
    applicant: Applicant
    story: Story
    random: Random
    window: str | None
    event: date = date.max
    holder: str = ""
    number: str = ""
    code: str = ""
    link: str | None = None
    version: int = 0
    state: str | None = None
    allowed: list[str] = field(default_factory=list)
    done: int = 0
    people: dict[str, str] = field(default_factory=dict)

    @property
    def citizen(self) -> Identity:
        """The applicant's own identity."""
        return {"sub": self.applicant.account, "kind": "citizen"}


@dataclass(slots=True)
class Week:
    """What came of it."""

    acts: list[Act]
    start: datetime
    end: datetime
    steps: int = 0
    ratings: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    stopped: Counter[tuple[str, str]] = field(default_factory=Counter)  # outcome, the step nobody could take


def planned(town: Town, seed: int, cases: int, start: datetime) -> list[tuple[datetime, Act]]:
    """The cases of the week with the moments at which they come in."""
    random = Random(f"{seed}:{start.date()}")  # noqa: S311  a sample has to be repeatable
    found = []
    open_items = [item for item in town.items if town.places(item)]
    for number, at in enumerate(demo_story.moments(start, cases, random)):
        own = Random(f"{seed}:{start.date()}:{number}")  # noqa: S311  as above
        act = _act(town, own.choice(open_items), f"demo-{seed}-{start.date()}-{number}", number, own)
        act.event = at.date() + timedelta(days=own.randrange(30, 90))
        found.append((at, act))
    return found


def _act(town: Town, item: Mapping[str, Any], key: str, number: int, random: Random) -> Act:
    place = random.choice(town.places(item))
    channels = {c: w for c, w in demo_story.CHANNELS.items() if c not in ("mobile", "web") or item["online"]}
    channel = random.choices(list(channels), list(channels.values()))[0]
    applicant = invented(random.choice(item["subjects"]), organisation.area(place), number, random)
    story = demo_story.chosen(item, channel, random)
    windows = [w for w in town.windows[place] if organisation.seat(w) == place] or list(town.windows[place])
    window = random.choice(windows) if channel == "window" and windows else None
    return Act(key, item, place, channel, applicant, story, random, window, holder=place)


def play(hub: Hub, town: Town, plan: list[tuple[datetime, Act]], start: datetime, progress: Progress) -> Week:
    """Plays the plan for a week from `start`'s day, and opens the Monday after."""
    week = Week([act for _, act in plan], start, demo_story.at_opening(demo_story.opened(start) + WEEK))
    queue = [(at, serial) for serial, (at, _) in enumerate(plan)]
    heapq.heapify(queue)
    while queue:
        at, serial = heapq.heappop(queue)
        act = week.acts[serial]
        _clock(hub, at)
        if not _performed(hub, town, act, week):
            continue
        progress(1)
        following = demo_story.later(at, _pause(act))
        if act.done < len(act.story.steps) and following < week.end:
            heapq.heappush(queue, (following, serial))
    week.ratings = demo_ratings.said(hub, week.acts)
    _clock(hub, week.end)
    return week


def _clock(hub: Hub, at: datetime) -> None:
    try:
        hub.set_clock(at)
    except RefusedByServer as refusal:
        if refusal.status != 409:  # the moment went by while others were served
            raise


def _pause(act: Act) -> int:
    """Minutes of office hours until the next step."""
    quick = act.item["form"] == "instant"
    return act.random.randint(3, 90) if quick else act.random.randint(15, 600)


def _performed(hub: Hub, town: Town, act: Act, week: Week) -> bool:
    """The next step of a case; whether it was taken."""
    name = act.story.steps[act.done] if act.number else "submit"
    row = town.row(act.item, name, act.state)
    who = _who(town, act, name, row) if row else None
    if row is None or who is None or (act.number and name not in act.allowed):
        week.stopped[act.story.name, name] += 1
        return False
    try:
        answer = _file(hub, town, act, who) if not act.number else _step(hub, town, act, name, row, who)
    except RefusedByServer as refusal:
        week.refused[name, refusal.code, refusal.detail] += 1
        return False
    week.steps += 1
    act.done += bool(act.number)
    act.number = answer["case_id"]
    act.code = answer.get("code", act.code)
    act.link = answer.get("rating_link", act.link)
    act.holder = answer["holder"]
    act.version, act.state, act.allowed = answer["version"], answer["state"], answer["allowed_actions"]
    return True


def _who(town: Town, act: Act, name: str, row: Mapping[str, Any]) -> Identity | None:
    """Who takes the step: the applicant online, else somebody of the place whom the separation of duties allows."""
    if row["applicant"] and act.channel != "window":
        return act.citizen
    pairs = act.item["separation"]
    barred = {act.people.get(first) for first, second in pairs if second == name}
    later = [town.row(act.item, second, "reviewed") for first, second in pairs if first == name]
    fit = [
        person
        for person in town.able(act.item, act.holder, row)
        if person.id not in barred and all(_others(town, act, person, next_) for next_ in later if next_)
    ]
    if not fit:
        return None
    chosen = act.random.choice(fit)
    act.people[name] = chosen.id
    return chosen.identity(act.window if name == "submit" else None)


def _others(town: Town, act: Act, person: Staff, row: Mapping[str, Any]) -> bool:
    """Whether somebody else than `person` can take the step of `row`."""
    return any(other.id != person.id for other in town.able(act.item, act.holder, row))


def _file(hub: Hub, town: Town, act: Act, who: Identity) -> Any:
    random = act.random
    applicant = dict(act.applicant.document)
    if act.channel == "window" and random.random() < 0.5:
        applicant["account"] = act.applicant.account
    way = random.choice(act.item["delivery"])
    body = {
        "item": act.item["id"],
        "organisation": act.place,
        "channel": act.channel,
        "applicant": applicant,
        "form": demo_story.form(act.item, organisation.level(act.place).value, act.event),
        "materials": demo_story.materials(act.item, act.channel, lacking=act.story.lacking),
        "delivery": {"way": way, **({"address": "示例路1号"} if way == "mail" else {})},
        "note": "示例数据",
    }
    if act.story.finish:
        row = town.row(act.item, "settle", "received") or {"demands": [], "guards": [], "name": "settle"}
        body["finish"] = {**_said(town, act, row, who), "handed_to": "applicant"}
    return hub.send("POST", "/v1/cases", body, who, {"Idempotency-Key": act.key})


def _step(hub: Hub, town: Town, act: Act, name: str, row: Mapping[str, Any], who: Identity) -> Any:
    headers = {"If-Match": f'"{act.version}"', "Idempotency-Key": f"{act.key}-{name}-{act.done}"}
    return hub.send("POST", f"/v1/cases/{act.number}/actions/{name}", _said(town, act, row, who), who, headers)


def _said(town: Town, act: Act, row: Mapping[str, Any], who: Identity) -> dict[str, Any]:
    others = [person.id for person in town.staff[act.holder] if person.id != who["sub"]]
    pauses = sorted(town.procedures[act.item["procedure"]]["pause_classes"])
    return demo_story.evidence(row, act.item, pauses, [who["sub"], *others], act.random)
