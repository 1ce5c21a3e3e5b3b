"""The zip: the same bytes for the same sources, bytecode for every module, nothing that no function loads."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from chalicelib import definitions
from infra.build import emit, sdk, zipping

SOURCES = {
    "app.py": "import chalicelib.one\nNAMES = {'b', 'a', 'c'}\n",
    "chalicelib/__init__.py": "",
    "chalicelib/one.py": "WORD = 'one'\n\n\ndef fails():\n    raise ValueError(WORD)\n",
    "chalicelib/table.toml": "x = 1\n",
    "native.so": "not a library\n",
    "stdnum/cn/__init__.py": "",
    "stdnum/de/__init__.py": "",
    "some-1.0.dist-info/RECORD": "",
    "some-1.0.dist-info/METADATA": "Name: some\n",
    "some-1.0.dist-info/licenses/LICENSE": "MIT\n",
    "some/types.pyi": "",
}
KEPT = {
    "app.py", "chalicelib/__init__.py", "chalicelib/one.py", "chalicelib/table.toml",
    "chalicelib/table.toml.json", "native.so",
    "stdnum/cn/__init__.py", "some-1.0.dist-info/METADATA", "some-1.0.dist-info/licenses/LICENSE",
}  # fmt: skip


def packed(directory: Path, order: int = 1) -> Path:
    """A zip of the sources, made in this directory, the files written in one order or the other."""
    directory.mkdir()
    with zipfile.ZipFile(directory / "made.zip", "w") as made:
        for name, text in list(SOURCES.items())[::order]:
            made.writestr(name, text)
    zipping.pack(directory / "made.zip", directory / "tree", directory / "functions.zip")
    return directory / "functions.zip"


def test_the_same_sources_are_the_same_bytes(tmp_path: Path) -> None:
    assert packed(tmp_path / "one").read_bytes() == packed(tmp_path / "another", -1).read_bytes()


def test_every_module_has_bytecode_and_what_nobody_loads_is_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path / "it")) as zipped:
        names = set(zipped.namelist())
    bytecode = {os.path.relpath(importlib.util.cache_from_source(name)) for name in KEPT if name.endswith(".py")}
    described = {f"{sdk.DIRECTORY}/endpoints.json", f"{sdk.DIRECTORY}/dynamodb/2012-08-10/service-2.json"}
    assert names == KEPT | bytecode | described


def test_a_table_is_read_from_what_was_made_of_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path / "it")) as zipped:
        zipped.extractall(tmp_path / "task")
    table = tmp_path / "task" / "chalicelib" / "table.toml"
    table.write_text("x = 2\n", "utf-8")
    assert definitions.read(table, dict) == {"x": 1}


def test_every_table_is_the_same_as_json() -> None:
    for table in sorted(Path(definitions.__file__).parent.rglob("*.toml")):
        found = tomllib.loads(table.read_text("utf-8"))
        assert json.loads(json.dumps(found)) == found, table.name


def test_bytecode_is_taken_as_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path / "it")) as zipped:
        zipped.extractall(tmp_path / "task")
    one = tmp_path / "task" / "chalicelib" / "one.py"
    one.write_text("WORD = 'another'\n\n\ndef fails():\n    pass\n")
    done = subprocess.run(
        [sys.executable, "-c", "import app, chalicelib.one as one; one.fails()"],
        cwd=tmp_path / "task",
        capture_output=True,
        text=True,
    )
    assert "ValueError: one" in done.stderr


def test_a_module_that_cannot_be_compiled_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "chalicelib/two.py", "def (\n")
    with pytest.raises(subprocess.CalledProcessError):
        packed(tmp_path / "it")


def test_a_dependency_that_cannot_be_packaged_ends_the_build() -> None:
    heard = emit.Heard()
    heard.write("Creating deployment package.\n")
    with pytest.raises(emit.NotPackaged, match="cryptography==50"):
        heard.write("\nCould not install dependencies:\ncryptography==50.0.2\nYou will have to build these yourself")
