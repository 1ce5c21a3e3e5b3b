"""What a person or a program is shown: results on stdout, progress and messages on stderr.

This module must not send requests.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from infra.cli import hub
from infra.cli.hub import HttpDoor, Hub

DEFAULT_URL = "http://127.0.0.1:8000"
_WHOLE = 21  # numbers, times and codes up to this length are never broken
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Url = Annotated[str, typer.Option("--url", envvar="ZS_URL", help="服务地址 / where the platform serves")]
AsJson = Annotated[bool, typer.Option("--json", help="输出JSON / print JSON for programs")]


def die(zh: str, en: str, status: int = 1) -> NoReturn:
    """Says what is wrong in both languages and ends."""
    err.print(zh, style="bold red", markup=False, soft_wrap=True)
    err.print(en, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(status)


def say(zh: str, en: str) -> None:
    """A message beside the result."""
    err.print(f"{zh}\n{en}", style="dim", markup=False)


@contextlib.contextmanager
def connected(url: str) -> Iterator[Hub]:
    """The platform at `url`; whatever it refuses or does not answer ends the command with a clear message."""
    try:
        door = HttpDoor.at(url)
    except ValueError as wrong:
        die(f"地址有误：{wrong}", str(wrong), 2)
    try:
        with contextlib.closing(door.pool):
            yield Hub(door, os.environ.get("ZS_TOKEN"))
    except hub.NoAnswer:
        die(
            f"{url} 没有应答。请在另一个终端执行 make run，或用 --url / ZS_URL 指明地址",
            f"No server answers at {url}. Run `make run` in another terminal, or name one by --url / ZS_URL",
        )
    except hub.RefusedByServer as refusal:
        die(f"平台拒绝：{refusal.text or refusal.code}", str(refusal))


def print_json(document: Any) -> None:
    """A document for programs."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table on stdout; numbers to the right."""
    shown = Table(header_style="bold")
    lines = [[_cell(value) for value in row] for row in rows]
    for number, column in enumerate(columns):
        cells = [line[number] for line in lines]
        numeric = bool(cells) and all(len(cell) < 10 and cell.replace(",", "").isdigit() for cell in cells)
        whole = all(cell.isascii() and len(cell) <= _WHOLE and "; " not in cell for cell in cells)
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=whole)
    for line in lines:
        shown.add_row(*map(escape, line))
    out.print(title, style="bold", markup=False)
    out.print(shown)


def counts(title: str, first: str, found: Mapping[str, int]) -> None:
    """A table of counts, the most first."""
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    table(title, (first, "件数 count"), ordered)


def told(title: str, rows: list[tuple[str, str, str, int]], most: int = 15) -> None:
    """What did not fit: what, its value, the reason, how often; the first `most` rows."""
    total = sum(row[-1] for row in rows)
    if not rows:
        out.print(f"{title}: 0", markup=False)
        return
    rest = sum(row[-1] for row in rows[most:])
    more = [("…", "", f"另有 {len(rows) - most} 行，见 --json / {len(rows) - most} more, see --json", rest)]
    shown = rows[:most] + (more if rest else [])
    table(f"{title}: {total:,}", ("对象 what", "值 value", "原因 reason", "件数 count"), shown)


def moment(text: str | None) -> str:
    """A time of the platform, to the minute."""
    return text[:16].replace("T", " ") if text else "—"


def _cell(value: object) -> str:
    if value is None:
        return "—"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@contextlib.contextmanager
def progress(label: str, total: int) -> Iterator[hub.Progress]:
    """A progress bar on stderr; the function given takes how many steps were made."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=err, transient=not err.is_terminal) as bar:
        task = bar.add_task(label, total=total)
        yield lambda steps: bar.advance(task, steps)
