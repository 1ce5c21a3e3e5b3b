"""The generated reference: nothing is left out, links lead somewhere, and what is stale is found.

The command runs on a copy of the sources, so that a test can change them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, make_dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.authority import Line, Who
from chalicelib.domain.procedure import Action, Procedure, Stage, State
from chalicelib.http import problems
from chalicelib.procedures import all_procedures
from infra.reference import files, glossary, items, pages, procedures, refusals, tables
from infra.reference.diagram import diagram
from tests.support import published

ROOT = published.ROOT
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
SOURCES = ("app.py", ".chalice", "chalicelib", "infra", "docs/glossary.md", "tests/domain/rules/examples")


def words() -> glossary.Glossary:
    return glossary.parse(GLOSSARY)


@pytest.mark.parametrize("file", sorted(published.PROCEDURES.glob("*.toml")), ids=lambda file: file.stem)
def test_the_page_of_a_procedure_draws_it_and_names_every_state_and_every_step(file: Path) -> None:
    table = published.read(file)
    procedure = all_procedures()[f"{table['name']}@{table['version']}"]
    page = procedures.page(procedure, words())
    assert diagram(procedure) in page
    for code, entry in [*table["states"].items(), *((row["name"], row) for row in table["actions"])]:
        assert f"**{entry['zh']}**<br>{entry['en']}<br>`{code}`" in page


Put = Callable[[Any], Procedure]


def changed(kind: type, field: str) -> Iterator[tuple[Procedure, Procedure]]:
    """Procedures, each with one that differs in a field of one of its states or actions, or of what they hold."""
    found = [(one, part, put) for one in all_procedures().values() for part, put in parts(one, kind)]
    values = [getattr(part, field) for _, part, _ in found]
    for procedure, part, put in found:
        others = [value for value in values if value != getattr(part, field)] or ["something_else"]
        yield from ((procedure, put(replace(part, **{field: value}))) for value in others)


def parts(procedure: Procedure, kind: type) -> Iterator[tuple[Any, Put]]:
    """Every value of a kind in a procedure, with a function that gives the procedure with another in its place."""
    for name, state in procedure.states.items():
        if kind is State:
            yield state, partial(with_state, procedure, name)
        elif kind is Stage and state.stage:
            yield state.stage, partial(with_stage, procedure, name)
    for number, row in enumerate(procedure.actions):
        if kind is Action:
            yield row, partial(with_action, procedure, number)
        elif kind is Who:
            yield row.who, partial(with_who, procedure, number)


def with_state(procedure: Procedure, name: str, state: State) -> Procedure:
    return replace(procedure, states={**procedure.states, name: state})


def with_stage(procedure: Procedure, name: str, stage: Stage) -> Procedure:
    return with_state(procedure, name, replace(procedure.states[name], stage=stage))


def with_action(procedure: Procedure, number: int, row: Action) -> Procedure:
    return replace(procedure, actions=(*procedure.actions[:number], row, *procedure.actions[number + 1 :]))


def with_who(procedure: Procedure, number: int, who: Who) -> Procedure:
    return with_action(procedure, number, replace(procedure.actions[number], who=who))


def rows(procedure: Procedure, known: glossary.Glossary) -> list[str]:
    """The lines of the two tables of a page, whatever is drawn above and explained below."""
    page = procedures.page(procedure, known)
    return re.findall(r"^\|.*$", page[page.index("## 状态 States") : page.index("用词 Words")], re.M)


KINDS = (State, Stage, Action, Who)
FIELDS = [(kind, field.name) for kind in KINDS for field in fields(kind)]


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=[f"{kind.__name__}.{field}" for kind, field in FIELDS])
def test_the_tables_of_a_page_tell_every_field_of_states_and_steps(kind: type, field: str) -> None:
    assert any(rows(one, words()) != rows(other, words()) for one, other in changed(kind, field))


def tomorrow(kind: type, escort: object = "two_officers") -> Procedure:
    """A procedure whose values of a kind have one field more than the pages know."""
    name = f"{kind.__name__}OfTomorrow"
    longer = make_dataclass(name, [("escort", object, escort)], bases=(kind,), frozen=True, slots=True)
    procedure = all_procedures()["permit@1"]
    for number in range(len([*parts(procedure, kind)])):
        part, put = [*parts(procedure, kind)][number]
        procedure = put(longer(**{field.name: getattr(part, field.name) for field in fields(part)}))
    return procedure


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_that_is_added_appears_by_itself_under_its_word_in_the_glossary(kind: type) -> None:
    known = glossary.parse(GLOSSARY + "\n## Tomorrow\n| `escort` | 护送 | x |\n| `two_officers` | 两名民警 | x |\n")
    said = "\n".join(rows(tomorrow(kind), known))
    assert "护送" in said
    assert said.count("两名民警 `two_officers`") == len([*parts(all_procedures()["permit@1"], kind)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_that_the_glossary_does_not_have_is_missed(kind: type) -> None:
    known = words()
    rows(tomorrow(kind), known)
    assert "`escort`" in known.missing


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_that_cannot_be_shown_is_refused(kind: type) -> None:
    with pytest.raises(TypeError, match="how to show"):
        rows(tomorrow(kind, escort=1.5), words())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""), (False, ""), ((), ""), (True, "是"), (3, "3"), ("行政许可法 art. 34", "行政许可法 art. 34"),
        ("intake", "收件受理 `intake`"), ("no_such_word", "`no_such_word`"),
        (("note", "reason"), "办理意见 `note`、理由 `reason`"), (frozenset({"note"}), "办理意见 `note`"),
        ({"note": ("reason",)}, "办理意见：理由 `reason`"), (Stage(None, frozenset({"accept"})), "起算：受理 `accept`"),
    ],
)  # fmt: skip
def test_any_value_has_a_cell(value: object, shown: str) -> None:
    known = glossary.parse(GLOSSARY + "\n## Here\n| `since` | 起算 | x |\n| `limit` | 时限 | x |\n")
    assert tables.value(value, known) == shown


# Items, refusals


@cache
def catalogue() -> list[items.Item]:
    return items.read(published.REGISTRY)


def test_every_item_stands_in_the_overview_and_on_the_page_of_its_line() -> None:
    whole = items.overview(catalogue(), words())
    for item in catalogue():
        line = Line(item["line"])
        assert f"({items.path(line)}#{item['id']})" in whole
        assert f'<a id="{item["id"]}">' in items.page(line, catalogue(), words())


@pytest.mark.parametrize("key", sorted({key for item in catalogue() for key in item} - {"line"}))
def test_a_page_of_items_tells_every_attribute(key: str) -> None:
    one, *others = (item for item in catalogue() if key in item)
    other = next(({**one, key: item[key]} for item in others if item[key] != one[key]), None)
    without = {name: value for name, value in one.items() if name != key}
    line = Line(one["line"])
    assert items.page(line, [one], words()) != items.page(line, [other or without], words())


def test_an_attribute_that_is_added_to_items_appears_by_itself() -> None:
    one = {**catalogue()[1], "novelty": ["note"]}
    one["result"] = {**one["result"], "colour": "reason"}
    known = words()
    page = items.page(Line(one["line"]), [one], known)
    assert "| novelty `novelty` | 办理意见 `note` |" in page
    assert "colour：理由 `reason`" in page
    assert {"`novelty`", "`colour`"} <= known.missing


def test_every_refusal_has_its_row() -> None:
    page = refusals.page()
    for code, row in problems.TABLE.items():
        assert f'| <a id="{code}"></a>`{code}` | {row.status} | **{row.zh}**<br>{row.en} |' in page


# Files


def test_a_page_that_was_edited_lost_or_left_over_is_found_and_put_right(tmp_path: Path) -> None:
    wanted = {"openapi.json": "{}\n", "reference/errors.md": "errors\n", "reference/items/cyber.md": "items\n"}
    files.write(tmp_path, wanted)
    (tmp_path / "glossary.md").write_text("by hand", encoding="utf-8")
    assert files.different(tmp_path, wanted) == []
    (tmp_path / "openapi.json").unlink()
    (tmp_path / "reference/errors.md").write_text("edited", encoding="utf-8")
    (tmp_path / "reference/items/old.md").write_text("left over", encoding="utf-8")
    spoiled = ["openapi.json", "reference/errors.md", "reference/items/old.md"]
    assert files.different(tmp_path, wanted) == spoiled
    files.write(tmp_path, wanted)
    assert files.different(tmp_path, wanted) == []
    assert not (tmp_path / "reference/items/old.md").exists()
    assert (tmp_path / "glossary.md").read_text(encoding="utf-8") == "by hand"


def test_a_word_that_the_glossary_does_not_have_stops_the_writing_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    lacking = GLOSSARY.replace("| `materials_complete` |", "| `something_else` |")
    (tmp_path / "docs/glossary.md").write_text(lacking, encoding="utf-8")
    shutil.copytree(published.REGISTRY, tmp_path / "infra/registry")
    with pytest.raises(pages.MissingWords) as missing:
        pages.pages(tmp_path, {"paths": {}, "tags": []})
    assert "`materials_complete` (Demands, evidence, guards)" in missing.value.words


# The command


@dataclass(frozen=True, slots=True)
class Tree:
    """A copy of the sources with their documents written."""

    root: Path

    def run(self, what: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "infra.reference", what]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)

    def file(self, name: str) -> Path:
        return self.root / "docs" / name

    def pages(self) -> list[Path]:
        return sorted(self.file("reference").rglob("*.md"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("tree"))
    (tree.root / "docs").mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree.root / name)
    done = tree.run("write")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return tree


def test_what_was_written_is_what_the_sources_say_until_a_table_changes(written: Tree, tmp_path: Path) -> None:
    tree = Tree(Path(shutil.copytree(written.root, tmp_path / "tree")))
    found = tree.run("check")
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    table = tree.root / "chalicelib/procedures/permit.toml"
    table.write_text(table.read_text(encoding="utf-8").replace('zh = "核验"', 'zh = "复核"'), encoding="utf-8")
    found = tree.run("check")
    assert found.returncode == 1
    assert "run `make docs`" in found.stderr
    assert "docs/reference/procedures/permit-1.md" in found.stderr
    assert "instant-1.md" not in found.stderr


def test_every_link_of_the_reference_leads_to_something(written: Tree) -> None:
    for page in written.pages():
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve()
            assert target.is_file(), f"{page.name}: {link}"
            assert not anchor or f'<a id="{anchor}">' in target.read_text(encoding="utf-8"), f"{page.name}: {link}"


def test_the_index_leads_to_every_page(written: Tree) -> None:
    index = written.file("reference/README.md")
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)]+)\)", index.read_text("utf-8"))}
    assert linked == {*written.pages(), written.file("openapi.json")} - {index}


def test_every_row_of_a_table_has_as_many_cells_as_its_heading(written: Tree) -> None:
    for page in written.pages():
        for table in re.findall(r"(?:^\|.*\n?)+", page.read_text(encoding="utf-8"), re.M):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, page.name


def test_the_page_of_routes_names_every_operation_of_the_document(written: Tree) -> None:
    text = written.file("openapi.json").read_text(encoding="utf-8")
    page = written.file("reference/routes.md").read_text(encoding="utf-8")
    document = json.loads(text)
    assert text.endswith("}\n")
    for path, methods in document["paths"].items():
        for method, declared in methods.items():
            (row,) = (line for line in page.splitlines() if line.startswith(f"| `{method.upper()} {path}` |"))
            assert all(f"{status} " in row for status in declared["responses"] if status < "400")
            assert all(f"`{each['name']}`" in row or f"`?{each['name']}`" in row for each in declared["parameters"]
                       if each["in"] == "query" or each["name"] in ("Idempotency-Key", "If-Match"))  # fmt: skip
            assert declared["summary"].partition(" · ")[0] in row
