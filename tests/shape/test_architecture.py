"""The house rules as tests: who may import whom, what may not be written, and that declarations agree.

Reads sources as text and syntax trees and imports next to nothing, so that it takes milliseconds.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.authority import Line, Post
from chalicelib.domain.organisation import Level
from chalicelib.procedures import all_procedures
from infra.local import tables
from infra.local.cloud import ENVIRONMENT, TEMPLATE

ROOT = Path(__file__).parents[2]
APP = ROOT / "app.py"
LIBRARY = sorted((ROOT / "chalicelib").rglob("*.py"))
INFRA = sorted((ROOT / "infra").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LEAVES = {"errors", "settings", "observability"}
# Each layer and what it may import of chalicelib; leaves are free to all but the domain, which takes errors only.
# What is data, and loaded strictly.
DATA = {"procedures", "rules", "reasons", "lexicon", "indicators", "forecasts", "construction"}
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "definitions": {"errors"},
    "settings": set(),
    "observability": set(),
    "domain": {"domain", "errors"},
    "procedures": {"domain", "definitions", "errors"},
    "rules": {"domain", "definitions", "errors"},
    "reasons": {"domain", "definitions", "errors"},
    "lexicon": {"domain", "definitions", "errors"},
    "indicators": {"domain", "definitions", "errors"},
    "forecasts": {"domain", "definitions", "errors"},
    "construction": {"domain", "definitions", "errors"},
    "store": {"store", "procedures", "domain", *LEAVES},
    "services": {"services", "store", *DATA, "domain", *LEAVES},
    "pages": {"services", "construction", "domain"},
    "reactions": {"reactions", "pages", "services", "store", *DATA, "domain", *LEAVES},
    "http": {"http", "pages", "services", "store", *DATA, "domain", *LEAVES},
    "app": {"http", "reactions", *LEAVES},
}
# Which packages only some places know.
KEPT: dict[str, tuple[str, ...]] = {
    "chalice": ("app.py", "chalicelib/http/"),
    "pydantic": ("chalicelib/http/",),
    "joserfc": ("chalicelib/http/",),
    "cryptography": ("chalicelib/http/identity.py",),
    "pynamodb": ("chalicelib/store/",),
    "botocore": ("chalicelib/store/",),
    "boto3": (),
    "moto": (),
    "infra": (),
    "tests": (),
    "stdnum": ("chalicelib/domain/identifiers.py",),
    "phonenumbers": ("chalicelib/domain/identifiers.py",),
    "jinja2": ("chalicelib/pages/",),
    "segno": ("chalicelib/http/ratings.py",),
}
LONGEST = 300
LONGER: dict[str, str] = {}  # path → why it may be longer


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """The dotted name of everything that a file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(path)}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if len(parts) > 1 else parts[0]


def offences(found: Iterator[tuple[Path, int, str]]) -> list[str]:
    return [f"{place(path)}:{line}: {what}" for path, line, what in found]


MODULES = [path for path in [*LIBRARY, APP] if path.read_text(encoding="utf-8").strip()]
each_module = pytest.mark.parametrize("path", MODULES, ids=[place(path) for path in MODULES])


@each_module
def test_imports_go_down(path: Path) -> None:
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("chalicelib.")}
    assert ours <= BELOW[layer(path)]


@each_module
def test_each_package_is_known_only_where_it_belongs(path: Path) -> None:
    for package in {name.split(".")[0] for name in imports(path)} & set(KEPT):
        assert place(path).startswith(KEPT[package] or ("nowhere",)), package


def test_clients_reach_the_store_through_services_and_know_its_values_only() -> None:
    for path in (one for one in LIBRARY if layer(one) == "http"):
        taken = [name.rpartition(".")[2] for name in imports(path) if name.startswith("chalicelib.store")]
        assert all(name[0].isupper() for name in taken), (place(path), taken)


def test_the_domain_imports_the_standard_library_only() -> None:
    for path in (one for one in LIBRARY if layer(one) in ("domain", "procedures", "errors")):
        foreign = {name.split(".")[0] for name in imports(path)} - {"chalicelib", *sys.stdlib_module_names}
        assert foreign <= ({"stdnum", "phonenumbers"} if path.name == "identifiers.py" else set()), place(path)


def calls(name: str, paths: list[Path]) -> Iterator[tuple[Path, int, str]]:
    for path in paths:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield path, node.lineno, name


def test_reactions_know_of_the_store_only_how_to_read_a_change() -> None:
    for path in (one for one in LIBRARY if layer(one) == "reactions"):
        taken = {name for name in imports(path) if name.startswith("chalicelib.store")}
        assert taken <= {"chalicelib.store.changes"}, place(path)


def test_no_table_is_scanned() -> None:
    found = [each for name in ("scan", "rate_limited_scan") for each in calls(name, [*LIBRARY, APP])]
    assert offences(iter(found)) == []


def test_the_time_of_day_is_never_asked_for() -> None:
    asked = [*calls("now", [*LIBRARY, APP]), *calls("utcnow", [*LIBRARY, APP]), *calls("today", [*LIBRARY, APP])]
    assert offences(iter(asked)) == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        place(path)
        for path in [*LIBRARY, *INFRA, *TESTS, APP]
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(tree(path))
    ]
    assert silent == []


def test_no_error_is_caught_without_its_name() -> None:
    # The pump stands for Lambda, which goes on whatever a function raises.
    allowed = {"infra/local/pump.py"}
    caught = [
        (path, node.lineno, "catches everything")
        for path in [*LIBRARY, *INFRA, APP]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and place(path) not in allowed
        if node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type))
    ]
    assert offences(iter(caught)) == []


def test_no_test_patches_our_code() -> None:
    patching = [*calls("setattr", TESTS), *calls("patch", TESTS)]
    mocked = [
        place(path) for path in TESTS if any(name.startswith(("unittest.mock", "mock")) for name in imports(path))
    ]
    assert offences(iter(patching)) == []
    assert mocked == []


def test_files_stay_short() -> None:
    long = {place(path) for path in LIBRARY if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST}
    assert long == set(LONGER)


def test_no_partition_is_written_into_an_arn() -> None:
    sources = [*LIBRARY, *INFRA, APP, *(ROOT / ".chalice").glob("*.json"), *(ROOT / "infra").glob("*.yaml")]
    assert [place(path) for path in sources if "arn:aws:" in path.read_text(encoding="utf-8")] == []


# Requirements


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_says_what_for(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    brought = next((number for number, line in enumerate(lines) if "bring along" in line), len(lines))
    for number, line in enumerate(lines):
        if not line.strip() or line.startswith(("#", "-r ")):
            continue
        pinned, _, reason = line.partition("#")
        assert re.fullmatch(r"[\w.\-]+(\[\w+\])?==[\w.]+", pinned.strip()), line
        assert reason.strip() or number > brought, line


# The stack


@cache
def template() -> dict[str, Any]:
    return tables.read_template(TEMPLATE)


def comparable(table: dict[str, Any]) -> dict[str, Any]:
    """Attributes, keys and indexes in an order of their own; attributes that only an index uses count too."""

    def keys(schema: list[dict[str, str]]) -> dict[str, str]:
        return {entry["KeyType"]: entry["AttributeName"] for entry in schema}

    return {
        "attributes": {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]},
        "keys": keys(table["KeySchema"]),
        "local": table.get("LocalSecondaryIndexes", []),
        "indexes": {
            index["IndexName"]: (
                keys(index["KeySchema"]),
                index["Projection"]["ProjectionType"],
                sorted(index["Projection"].get("NonKeyAttributes", [])),
            )
            for index in table.get("GlobalSecondaryIndexes", [])
        },
    }


def test_the_models_are_the_tables_of_the_stack() -> None:
    declared = tables.tables_of(template(), "local")
    variables = {tables.variable(name): comparable(table) for name, table in declared.items()}
    oidc = {"OIDC_ISSUER": "https://id.example.cn", "OIDC_JWKS_URL": "https://id.example.cn/jwks"}
    printed = subprocess.run(
        [sys.executable, "-m", "tests.support.models_as_json"],
        env={**os.environ, **ENVIRONMENT, **oidc, "TABLES": ",".join(variables)},
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert {name: comparable(model) for name, model in json.loads(printed).items()} == variables


def lambdas() -> dict[str, str]:
    """Every Lambda of app.py and its decorator's source; the HTTP side is one, `api_handler`."""
    handlers = {
        node.name: ast.unparse(decorator)
        for node in tree(APP).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator).startswith("app.")
    }
    return {"api_handler": "", **handlers}


def test_every_lambda_has_a_policy_and_its_settings_and_no_other_has() -> None:
    config = json.loads((ROOT / ".chalice/config.json").read_text(encoding="utf-8"))
    assert config["autogen_policy"] is False
    for stage in config["stages"].values():
        files = {name: entry["iam_policy_file"] for name, entry in stage["lambda_functions"].items()}
        assert files == {name: f"policy-{name}.json" for name in lambdas()}
    assert {path.name for path in (ROOT / ".chalice").glob("policy-*.json")} == set(files.values())


def test_every_stream_that_is_read_carries_both_images() -> None:
    read = re.findall(r"stream/(\w+)", " ".join(lambdas().values()))
    with_stream = {
        name: entry["Properties"]["StreamSpecification"]["StreamViewType"]
        for name, entry in template()["Resources"].items()
        if "StreamSpecification" in entry["Properties"]
    }
    assert with_stream == dict.fromkeys(read, "NEW_AND_OLD_IMAGES")


# Documents


def outline(name: str) -> tuple[list[int], list[str]]:
    """The levels of the headings and the code blocks, without their comments, which are in each page's language."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?^```", text, re.M | re.S)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [len(mark) for mark in re.findall(r"^(#+) ", prose, re.M)], [re.sub(r"\s*# .*", "", b) for b in blocks]


def test_both_read_mes_have_the_same_headings_and_commands() -> None:
    assert outline("README.md") == outline("README.zh-CN.md")


CODES: dict[str, set[str]] = {
    "state": {state for one in all_procedures().values() for state in one.states},
    "action": {row.name for one in all_procedures().values() for row in one.actions},
    "post": set(Post),
    "line": set(Line),
    "level": set(Level),
    "channel": {"mobile", "web", "kiosk", "window"},
}


@pytest.mark.parametrize("kind", CODES)
def test_every_word_that_is_a_code_stands_in_the_glossary(kind: str) -> None:
    words = set(re.findall(r"\w+", (ROOT / "docs/glossary.md").read_text(encoding="utf-8")))
    assert sorted(CODES[kind] - words) == []
