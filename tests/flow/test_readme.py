"""The README says what is true: its session runs as it stands, and both languages show the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README, README_ZH = ROOT / "README.md", ROOT / "README.zh-CN.md"
_URL = re.compile(r"http://127\.0\.0\.1:[0-9]+")
_HOME = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Served:
    """A running `python -m infra.local`: where it serves, and what it said at start."""

    url: str
    said: str


def blocks(text: str, kind: str = "") -> list[str]:
    """The fenced blocks whose info string is `kind`, or all of them with their info strings."""
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [body for info, body in found if info == kind] if kind else [f"{info}\n{body}" for info, body in found]


def headings(text: str) -> list[int]:
    """The level of each heading outside the fenced blocks, in order."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]


def _said(process: subprocess.Popen[str]) -> str:
    """What the server prints for people, up to its last line."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "stop: Ctrl-C" in line:
            break
    return "".join(lines)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    command = [sys.executable, "-m", "infra.local", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    place = tmp_path_factory.mktemp("server")
    with subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = _said(process)
            address = _URL.search(said)
            assert address, f"the server did not start: {said}"
            yield Served(address[0], said)
        finally:
            process.terminate()
            process.wait()


def test_the_session_takes_a_case_from_intake_to_archive(served: Served) -> None:
    session, result = blocks(README.read_text(), "bash session"), blocks(README.read_text(), "text result")
    ran = subprocess.run(
        ["bash", "-c", "\n".join(session)],
        env={**os.environ, "ZS_URL": served.url},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout == "".join(result), ran.stderr
    assert ran.stdout.endswith("archived\n")


def test_what_make_run_prints_is_what_the_readme_shows(served: Served) -> None:
    (shown,) = blocks(README.read_text(), "text output")
    said = _URL.sub(_HOME, served.said).replace(f" --url {_HOME}", "")  # said at another port than the usual
    assert re.sub(r"local-\d+\.log", "local-8000.log", said).strip() == shown.strip()


def test_both_languages_have_the_same_headings_and_blocks() -> None:
    english, chinese = README.read_text(), README_ZH.read_text()
    assert headings(english) == headings(chinese)
    assert blocks(english) == blocks(chinese)


@pytest.mark.parametrize("readme", [README, README_ZH], ids=lambda file: str(file.name))
def test_every_file_that_the_readme_links_to_is_there(readme: Path) -> None:
    links = re.findall(r"\]\(([^):#]+)\)", readme.read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
