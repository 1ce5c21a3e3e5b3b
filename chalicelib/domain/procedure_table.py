"""Reads a procedure from its table, strictly: a broken one is refused with a message that names the place.

Nothing that passed can strand a case: every state can be reached and left, every pause ends, every end has a result.
This module must not know about items, organisations or time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.domain.authority import AGENT_MAY, Post, Who
from chalicelib.domain.clocks import MOST, Limit, Unit
from chalicelib.domain.item import Text
from chalicelib.domain.procedure import (
    BACK,
    BOOKS,
    CLOCKS,
    DEMANDS,
    EFFECTS,
    GUARDS,
    PASSES,
    RECORDS,
    SUBMIT,
    Action,
    Procedure,
    Stage,
    State,
)
from chalicelib.errors import BrokenDefinition


def parse(data: Mapping[str, Any]) -> Procedure:
    """A procedure from its table; BrokenDefinition names the place of whatever does not hold."""
    where = f"procedure {data.get('name', '?')}"
    _known(data, ("name", "version", "book", "title", "states", "actions"), where)
    if not data.get("name") or not isinstance(data.get("version"), int):
        raise BrokenDefinition(f"{where}: name and version are needed")
    book = data.get("book", "cases")
    if book not in BOOKS:
        raise BrokenDefinition(f"{where}.book: {book!r} is not one of {', '.join(BOOKS)}")
    states = {name: _state(name, entry, where) for name, entry in data.get("states", {}).items()}
    actions = tuple(_action(entry, states, where) for entry in data.get("actions", []))
    intake = [row for row in actions if not row.sources]
    initial = (intake[0].target or "") if len(intake) == 1 and intake[0].name == SUBMIT else ""
    again = [row for row in actions if row.name == SUBMIT and row.sources]
    if initial not in states or again:
        raise BrokenDefinition(f"{where}.actions: exactly one action, submit, has `from = []` and a target state")
    procedure = Procedure(
        data["name"],
        data["version"],
        book,
        _text(data.get("title"), f"{where}.title"),
        initial,
        states,
        actions,
    )
    _check_edges(procedure, where)
    _check_reach(procedure, where)
    _check_pauses(procedure, where)
    _check_results(procedure, where)
    return procedure


def _known(entry: object, names: Iterable[str], where: str) -> None:
    if not isinstance(entry, Mapping):
        raise BrokenDefinition(f"{where}: a table is needed, with {', '.join(names)}")
    unknown = sorted(set(entry) - set(names))
    if unknown:
        raise BrokenDefinition(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(names)}")


def _text(value: object, where: str) -> Text:
    if not isinstance(value, Mapping) or not value.get("zh") or not value.get("en"):
        raise BrokenDefinition(f"{where}: zh and en are both needed")
    return Text(value["zh"], value["en"])


def _post(name: str, where: str) -> Post:
    if name not in tuple(Post):
        raise BrokenDefinition(f"{where}: {name!r} is no post; posts are {', '.join(Post)}")
    return Post(name)


def _state(name: str, entry: Mapping[str, Any], where: str) -> State:
    place = f"{where}.states.{name}"
    _known(entry, ("zh", "en", "post", "limit", "deemed", "silence", "closed", "final", "result"), place)
    if "deemed" in entry and "limit" not in entry:
        raise BrokenDefinition(f"{place}.deemed: only a limit that passes makes the law deem something; give a limit")
    return State(
        name=name,
        text=_text(entry, place),
        post=_post(entry["post"], f"{place}.post") if "post" in entry else None,
        stage=_stage(entry["limit"], f"{place}.limit") if "limit" in entry else None,
        deemed=entry.get("deemed"),
        silence=entry.get("silence"),
        closed=bool(entry.get("closed", False)),
        final=bool(entry.get("final", False)),
        result=entry.get("result"),
    )


def _stage(entry: Mapping[str, Any], place: str) -> Stage:
    since = frozenset(entry.get("since", []))
    if "item" in entry:
        _known(entry, ("item", "since"), place)
        if entry["item"] != "two_level":
            raise BrokenDefinition(f"{place}.item: only an item's two_level carries a limit of a stage")
        return Stage(None, since)
    _known(entry, ("amount", "unit", "basis", "since"), place)
    amount, unit = entry.get("amount"), entry.get("unit")
    if type(amount) is not int or not 0 <= amount <= MOST or unit not in tuple(Unit):
        raise BrokenDefinition(f"{place}: an amount of 0 to {MOST} and a unit of {', '.join(Unit)} are needed")
    return Stage(Limit(amount, Unit(unit), entry.get("basis", "")), since)


def _action(entry: Mapping[str, Any], states: Mapping[str, State], where: str) -> Action:
    place = f"{where}.actions.{entry.get('name', '?')}"
    known = ("name", "zh", "en", "from", "to", "who", "guards", "demands", "clocks", "passes", "records")
    _known(entry, known, place)
    if not entry.get("name"):
        raise BrokenDefinition(f"{place}: a name is needed")
    sources = entry.get("from", [])
    if not isinstance(sources, list):
        raise BrokenDefinition(f"{place}.from: a list is needed")
    for state in sources:
        if state not in states:
            raise BrokenDefinition(f"{place}.from: unknown state {state!r}")
    target = entry.get("to")
    if target is not None and target != BACK and target not in states:
        raise BrokenDefinition(f"{place}.to: unknown state {target!r}")
    passes = entry.get("passes")
    if passes not in (None, *PASSES):
        raise BrokenDefinition(f"{place}.passes: {passes!r} is not one of {', '.join(PASSES)}")
    return Action(
        name=str(entry["name"]),
        text=_text(entry, place),
        sources=frozenset(sources),
        target=target,
        who=_who(entry.get("who", {}), f"{place}.who"),
        guards=_names(entry.get("guards", []), GUARDS, f"{place}.guards"),
        demands=_names(entry.get("demands", []), DEMANDS, f"{place}.demands"),
        clocks=_effects(entry.get("clocks", {}), f"{place}.clocks"),
        passes=passes,
        records=_names(entry.get("records", []), RECORDS, f"{place}.records"),
    )


def _who(entry: Mapping[str, Any], place: str) -> Who:
    _known(entry, ("applicant", "agent", "system", "posts", "outposts", "lines"), place)
    agent = entry.get("agent")
    if agent not in (None, *AGENT_MAY):
        raise BrokenDefinition(f"{place}.agent: {agent!r} is not one of {', '.join(AGENT_MAY)}")
    posts = frozenset(_post(name, place) for name in entry.get("posts", []))
    if not posts and not entry.get("applicant") and not entry.get("system"):
        raise BrokenDefinition(f"{place}: nobody may act; name posts, the applicant or the system")
    flags = {name: bool(entry.get(name)) for name in ("applicant", "system", "outposts", "lines")}
    return Who(agent=agent, posts=posts, **flags)


def _names(values: object, known: tuple[str, ...], place: str) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise BrokenDefinition(f"{place}: a list is needed")
    for value in values:
        if value not in known:
            raise BrokenDefinition(f"{place}: unknown name {value!r}; known are {', '.join(known)}")
    if len(set(values)) != len(values):
        raise BrokenDefinition(f"{place}: the same name twice")
    return tuple(values)


def _effects(entry: Mapping[str, Any], place: str) -> Mapping[str, tuple[str, ...]]:
    _known(entry, EFFECTS, place)
    # The stage clock comes and goes with its state; only a pause may hold it, and a calendar move it.
    known = {effect: CLOCKS if effect in ("pause", "resume", "recount") else CLOCKS[:2] for effect in EFFECTS}
    return {effect: _names(clocks, known[effect], f"{place}.{effect}") for effect, clocks in entry.items()}


def _check_edges(procedure: Procedure, where: str) -> None:
    """Each (action, state) has one row; final states have no way out, others have one."""
    seen: set[tuple[str, str]] = set()
    for row in procedure.actions:
        for source in row.sources:
            if (row.name, source) in seen:
                raise BrokenDefinition(f"{where}.actions.{row.name}: two rows from state {source!r}")
            seen.add((row.name, source))
    leaving = {source for row in procedure.actions if row.target for source in row.sources}
    actions = {row.name for row in procedure.actions}
    for name, state in procedure.states.items():
        place = f"{where}.states.{name}"
        if state.final and name in leaving:
            raise BrokenDefinition(f"{place}: final, yet an action leads out of it")
        if not state.final and name not in leaving:
            raise BrokenDefinition(f"{place}: a dead end; no action leads out of it")
        for field, other in (("deemed", state.deemed), ("silence", state.silence)):
            if other and other not in procedure.states:
                raise BrokenDefinition(f"{place}.{field}: unknown state {other!r}")
        unknown = (state.stage.since if state.stage else frozenset()) - actions
        if unknown:
            raise BrokenDefinition(f"{place}.limit.since: unknown action {min(unknown)!r}")


def _onward(procedure: Procedure, state: str, blocked: frozenset[str] = frozenset()) -> set[str]:
    """Every state that can be reached from `state` without entering `blocked`; `back` returns to the
    sources of the actions that lead into the state it leaves."""
    reached, todo = {state}, [state]
    while todo:
        here = todo.pop()
        for row in procedure.actions:
            if here in row.sources and row.target:
                targets = _backs(procedure, here) if row.target == BACK else {row.target}
                fresh = targets - reached - blocked
                reached |= fresh
                todo += fresh
    return reached


def _backs(procedure: Procedure, state: str) -> set[str]:
    return {source for row in procedure.actions if row.target == state for source in row.sources}


def _check_reach(procedure: Procedure, where: str) -> None:
    reached = _onward(procedure, procedure.initial)
    for state in procedure.states:
        if state not in reached:
            raise BrokenDefinition(f"{where}.states.{state}: unreachable from {procedure.initial!r}")
    finals = {name for name, state in procedure.states.items() if state.final}
    if not finals:
        raise BrokenDefinition(f"{where}.states: no final state")
    for state in procedure.states:
        if not finals & _onward(procedure, state):
            raise BrokenDefinition(f"{where}.states.{state}: a dead end; no final state can be reached")


def _check_pauses(procedure: Procedure, where: str) -> None:
    """Whatever an action pauses, some action that can follow resumes; `back` has a pause to go back from."""
    for row in procedure.actions:
        for clock in row.clocks.get("pause", ()):
            later = _onward(procedure, row.target) if row.target and row.target != BACK else set()
            resumed = (other.sources & later and clock in other.clocks.get("resume", ()) for other in procedure.actions)
            if not any(resumed):
                raise BrokenDefinition(
                    f"{where}.actions.{row.name}.clocks.pause: nothing later resumes the {clock} clock"
                )
        for source in row.sources if row.target == BACK else ():
            if not all(other.clocks.get("pause") for other in procedure.actions if other.target == source):
                raise BrokenDefinition(f"{where}.actions.{row.name}.to: no pause leads into {source!r}")


def _check_results(procedure: Procedure, where: str) -> None:
    """No case can end without a result: every way to a final state leads through a state that has one."""
    with_result = frozenset(name for name, state in procedure.states.items() if state.result)
    if procedure.initial in with_result:
        return
    for name in sorted(_onward(procedure, procedure.initial, with_result)):
        if procedure.states[name].final and name not in with_result:
            raise BrokenDefinition(f"{where}.states.{name}: final, and can be reached without a result")
