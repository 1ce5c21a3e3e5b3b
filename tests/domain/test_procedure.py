"""Procedures: the tables in force parse, and each kind of broken table is refused by a message that names the place."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import procedures
from chalicelib.domain.procedure import Procedure
from chalicelib.domain.procedure_table import parse
from chalicelib.errors import BrokenDefinition
from tests.support.published import PROCEDURES, Table, procedure_table

PERMIT, INSTANT = procedure_table("permit"), procedure_table("instant")


def row(table: Table, action: str) -> Table:
    found: Table = next(entry for entry in table["actions"] if entry["name"] == action)
    return found


def refusal(change: Callable[[Table], Any]) -> str:
    """What is said of the permit table after `change`."""
    table = deepcopy(PERMIT)
    change(table)
    with pytest.raises(BrokenDefinition) as refused:
        parse(table)
    return str(refused.value)


@pytest.mark.parametrize("table", [PERMIT, INSTANT], ids=["permit", "instant"])
def test_a_table_in_force_parses_and_names_its_version(table: Table) -> None:
    procedure = parse(table)
    assert procedure.ref == f"{table['name']}@1"
    assert procedure.initial == "received"
    assert len(procedure.actions) == len(table["actions"])


def test_every_file_is_loaded_under_its_own_name() -> None:
    assert set(procedures.all_procedures()) == {f"{file.stem}@1" for file in PROCEDURES.glob("*.toml")}


def test_each_action_and_state_finds_its_own_row() -> None:
    permit = parse(PERMIT)
    granted, denied = permit.find("complete", "granted"), permit.find("complete", "denied")
    assert granted is not None
    assert denied is not None
    assert ("result_number" in granted.demands, "result_number" in denied.demands) == (True, False)
    assert permit.find("complete", "received") is None
    assert permit.find("accept", None) is None
    assert permit.find("submit", "received") is None
    assert permit.rows("complete") == (granted, denied)
    assert permit.allowed("suspended") == ("resume", "notify", "withdraw")
    assert permit.allowed("archived") == ()


def set_in(table: Table, action: str, **keys: Any) -> Any:
    return row(table, action).update(keys)


BROKEN: dict[str, tuple[Callable[[Table], Any], str, str]] = {
    # what is broken: (the change, the place that is named, what is said)
    "unknown key of the table": (lambda t: t.update(colour="red"), "procedure permit:", "unknown key 'colour'"),
    "unknown key of a state": (
        lambda t: t["states"]["granted"].update(colour="red"), "permit.states.granted:", "unknown key 'colour'"),
    "unknown key of a limit": (
        lambda t: t["states"]["received"]["limit"].update(days=1), "states.received.limit:", "unknown key 'days'"),
    "unknown key of an action": (
        lambda t: set_in(t, "accept", colour="red"), "actions.accept:", "unknown key 'colour'"),
    "unknown key of who": (
        lambda t: row(t, "accept")["who"].update(boss=True), "actions.accept.who:", "unknown key 'boss'"),
    "unknown effect": (
        lambda t: set_in(t, "accept", clocks={"wind": ["stage"]}), "actions.accept.clocks:", "unknown key 'wind'"),
    "unknown clock": (
        lambda t: set_in(t, "accept", clocks={"start": ["sundial"]}), "accept.clocks.start:", "unknown name 'sundial'"),
    "unknown state in from": (
        lambda t: set_in(t, "accept", **{"from": ["limbo"]}), "actions.accept.from:", "unknown state 'limbo'"),
    "unknown state in to": (lambda t: set_in(t, "accept", to="limbo"), "actions.accept.to:", "unknown state 'limbo'"),
    "unknown guard": (lambda t: set_in(t, "accept", guards=["luck"]), "accept.guards:", "unknown name 'luck'"),
    "a guard twice": (
        lambda t: set_in(t, "grant", guards=["separate_persons"] * 2), "grant.guards:", "the same name twice"),
    "unknown demand": (lambda t: set_in(t, "accept", demands=["tea"]), "accept.demands:", "unknown name 'tea'"),
    "unknown post of an action": (
        lambda t: row(t, "accept")["who"].update(posts=["chef"]), "actions.accept.who:", "'chef' is no post"),
    "unknown post of a state": (
        lambda t: t["states"]["granted"].update(post="chef"), "states.granted.post:", "'chef' is no post"),
    "nobody may act": (lambda t: set_in(t, "accept", who={}), "actions.accept.who:", "nobody may act"),
    "two rows for one action and state": (
        lambda t: t["actions"].append(deepcopy(row(t, "accept"))), "actions.accept:", "two rows from state 'received'"),
    "unreachable state": (
        lambda t: t["states"].update(limbo={"zh": "迷", "en": "Limbo"})
        or t["actions"].append(deepcopy(row(t, "accept")) | {"name": "leave", "from": ["limbo"]}),
        "states.limbo:", "unreachable from 'received'"),
    "no way out of a state": (
        lambda t: set_in(t, "archive", **{"from": ["delivered", "refused", "not_ours"]}),
        "states.withdrawn:", "a dead end; no action leads out of it"),
    "no way to a final state": (
        lambda t: set_in(t, "deliver", to="completed")
        or t["actions"].append(deepcopy(row(t, "archive")) | {"name": "skip", "from": ["received"], "to": "delivered"}),
        "states.granted:", "a dead end; no final state can be reached"),
    "no final state": (
        lambda t: (t["states"]["archived"].pop("final"), set_in(t, "return", **{"from": ["reviewed", "archived"]})),
        "procedure permit.states:", "no final state"),
    "a way out of a final state": (
        lambda t: set_in(t, "withdraw", **{"from": ["archived"]}), "states.archived:", "final, yet an action"),
    "a pause that nothing resumes": (
        lambda t: row(t, "resume")["clocks"].update(resume=["promised", "stage"]),
        "actions.suspend.clocks.pause:", "nothing later resumes the statutory clock"),
    "a way back that no pause remembered": (
        lambda t: row(t, "suspend").pop("clocks"), "actions.resume.to:", "no pause leads into 'suspended'"),
    "a final state without a result": (
        lambda t: t["states"]["denied"].pop("result"), "states.archived:", "can be reached without a result"),
    "no intake": (
        lambda t: t["actions"].remove(row(t, "submit")), "procedure permit.actions:", "exactly one action, submit"),
    "two intakes": (
        lambda t: set_in(t, "accept", **{"from": []}), "procedure permit.actions:", "exactly one action, submit"),
    "an intake by another name": (
        lambda t: set_in(t, "submit", name="file"), "procedure permit.actions:", "exactly one action, submit"),
    "an intake that leads nowhere": (
        lambda t: row(t, "submit").pop("to"), "procedure permit.actions:", "exactly one action, submit"),
    "an action without a name": (lambda t: row(t, "accept").pop("name"), "procedure permit.actions.?:", "a name"),
    "no zh of a state": (lambda t: t["states"]["granted"].pop("zh"), "states.granted:", "zh and en are both needed"),
    "no en of an action": (lambda t: row(t, "accept").pop("en"), "actions.accept:", "zh and en are both needed"),
    "no title": (lambda t: t.pop("title"), "procedure permit.title:", "zh and en are both needed"),
    "no version": (lambda t: t.pop("version"), "procedure permit:", "name and version are needed"),
    "no name": (lambda t: t.pop("name"), "procedure ?:", "name and version are needed"),
    "unknown since": (
        lambda t: t["states"]["completed"]["limit"].update(since=["guess"]),
        "states.completed.limit.since:", "unknown action 'guess'"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "place", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_table_is_refused_and_the_place_is_named(
    change: Callable[[Table], Any], place: str, said: str
) -> None:
    message = refusal(change)
    assert place in message
    assert said in message


@pytest.mark.parametrize("amount", [-1, 10_001, "5", 2.5, None, True])
def test_a_limit_that_is_no_number_of_units_is_refused(amount: object) -> None:
    assert "states.received.limit: an amount" in refusal(
        lambda table: table["states"]["received"]["limit"].update(amount=amount)
    )


def test_a_limit_in_an_unknown_unit_is_refused() -> None:
    assert "a unit of working_day, calendar_day, hour" in refusal(
        lambda table: table["states"]["received"]["limit"].update(unit="fortnight")
    )


def loaded_from(folder: Path, name: str, text: str) -> str:
    """What is said when `text` stands in the file `name` beside the permit procedure."""
    for kept in ("permit.toml", "__init__.py"):
        (folder / kept).write_bytes((PROCEDURES / kept).read_bytes())
    (folder / name).write_text(text, encoding="utf-8")
    loader = runpy.run_path(str(folder / "__init__.py"))
    with pytest.raises(BrokenDefinition) as refused:
        loader["all_procedures"]()
    return str(refused.value)


def test_a_key_that_stands_twice_is_refused_by_the_name_of_its_file(tmp_path: Path) -> None:
    said = loaded_from(tmp_path, "twice.toml", 'name = "twice"\nname = "again"\n')
    assert said.startswith("twice.toml: ")
    assert "line 2" in said


def test_a_broken_table_is_refused_by_the_name_of_its_file(tmp_path: Path) -> None:
    assert loaded_from(tmp_path, "odd.toml", 'name = "odd"\nversion = 1\n').startswith("odd.toml: procedure odd")


def test_a_procedure_under_the_name_of_another_is_refused(tmp_path: Path) -> None:
    text = (PROCEDURES / "permit.toml").read_text(encoding="utf-8")
    assert loaded_from(tmp_path, "same.toml", text) == "same.toml: it says permit@1"


def parsed_or_refused(table: Table) -> Procedure | None:
    """BrokenDefinition is the only way in which a table may fail."""
    try:
        return parse(table)
    except BrokenDefinition:
        return None


@pytest.mark.parametrize("table", [PERMIT, INSTANT], ids=["permit", "instant"])
def test_without_any_one_row_a_table_parses_or_is_refused_by_name(table: Table) -> None:
    for number in range(len(table["actions"])):
        parsed_or_refused(table | {"actions": table["actions"][:number] + table["actions"][number + 1 :]})


@given(st.sampled_from([PERMIT, INSTANT]), st.data())
def test_without_any_two_rows_a_table_parses_or_is_refused_by_name(table: Table, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.sampled_from(table["actions"]), max_size=2))
    parsed_or_refused(table | {"actions": [entry for entry in table["actions"] if entry not in rows]})
