"""`./zs redrive`: stream records that could not be handled, handled once more after the fault was mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from infra.cli import output
from infra.cli.hub import SYSTEM, Hub, Progress, RefusedByServer
from infra.cli.output import AsJson, Url

Row = Mapping[str, Any]


@dataclass(slots=True)
class Outcome:
    """What became of the records, as the platform tells them. `failed` are where they were; `lost` cannot be redriven,
    because nobody has them any longer."""

    handled: list[Row] = field(default_factory=list)
    failed: list[Row] = field(default_factory=list)
    lost: list[Row] = field(default_factory=list)


def redrive(
    ids: Annotated[
        list[str] | None,
        typer.Option("--id", help="一条记录：函数/序号，可多次 / one record: function/number; may be repeated"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="隔离区全部记录 / all that is there")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出，不处理 / only list them")] = False,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """重新处理隔离区记录 / Handle quarantined stream records once more; status 1 if one is still there."""
    if bool(ids) == everything:
        output.die("请用 --id 指明记录，或用 --all 处理全部", "Name records by --id, or take --all", 2)
    with output.connected(url) as hub:
        rows = chosen(hub.pages("/v1/quarantine", SYSTEM), ids or ())
        if dry_run:
            _list(rows, as_json=as_json)
            return
        with output.progress("处理 redriving", len(rows)) as progress:
            outcome = run(hub, rows, progress)
    if as_json:
        output.print_json({"handled": outcome.handled, "failed": outcome.failed, "lost": outcome.lost})
    else:
        _tell(outcome)
    if outcome.failed or outcome.lost:
        raise typer.Exit(1)


def name(row: Row) -> str:
    """By what a record is called: function/number."""
    return f"{row['reader']}/{row['sequence']}"


def chosen(rows: Sequence[Row], ids: Sequence[str]) -> list[Row]:
    """The rows that are called so; all where nothing is named. Ends the command for a name that is not there."""
    missing = set(ids) - {name(row) for row in rows}
    if missing:
        listed = ", ".join(sorted(missing))
        output.die(f"隔离区没有：{listed}", f"not in the quarantine: {listed}; --all --dry-run lists what is", 2)
    return [row for row in rows if not ids or name(row) in ids]


def run(hub: Hub, rows: Sequence[Row], progress: Progress) -> Outcome:
    """Redrives the rows, the oldest change first."""
    outcome = Outcome()
    for row in rows:
        if not row["kept"]:
            outcome.lost.append(row)
        elif failed := _redriven(hub, row):
            outcome.failed.append(failed)
        else:
            outcome.handled.append(row)
        progress(1)
    return outcome


def _redriven(hub: Hub, row: Row) -> Row | None:
    """How the row stands if it failed again."""
    try:
        failed: Row | None = hub.send("POST", f"/v1/quarantine/{name(row)}/redrive", who=SYSTEM)["failed"]
    except RefusedByServer as refusal:
        if refusal.code == "not_found":  # somebody else was first
            return None
        raise
    return failed


def _list(rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        output.print_json(rows)
    else:
        _table("隔离区  Quarantine", rows)


def _tell(outcome: Outcome) -> None:
    if outcome.failed:
        _table("仍未能处理  Failed again", outcome.failed)
    if outcome.lost:
        _table("记录已不存在，请执行 ./zs rebuild  Gone: run ./zs rebuild", outcome.lost)
    done, left = len(outcome.handled), len(outcome.failed) + len(outcome.lost)
    output.out.print(f"已处理 {done} 条，仍在 {left} 条  {done} handled, {left} still there", markup=False)


def _table(title: str, rows: Sequence[Row]) -> None:
    columns = ("记录 record", "对象 key", "变更 changed", "原因 cause", "重试 tries")
    lines = [(name(row), row["key"], output.moment(row["at"]), _cause(row), str(row["tries"])) for row in rows]
    output.table(title, columns, lines)


def _cause(row: Row) -> str:
    lost = f"{row['records']} records" if row["records"] > 1 else ""
    return " ".join(part for part in (row["reason"], row["place"].removeprefix("chalicelib."), lost) if part)
