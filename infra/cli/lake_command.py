"""`./zs lake`: the data lake, copied to a folder for duckdb, filled once more, or counted by any formula."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from chalicelib.domain import lake as lines
from chalicelib.domain.indices import indicator as indicators
from chalicelib.domain.indices import period as periods
from chalicelib.domain.indices.board import Row
from chalicelib.domain.indices.index import HUNDREDTHS
from chalicelib.domain.indices.indicator import Formula
from chalicelib.domain.indices.period import Period
from chalicelib.domain.organisation import level
from chalicelib.errors import BrokenDefinition
from chalicelib.indicators import all_formulas, in_force
from infra import history
from infra.cli import deployed, output
from infra.cli.output import AsJson, Url
from infra.local import load_registry

Ranked = Literal["province", "city", "county", "station"]  # windows carry no indicators

lake = typer.Typer(help="数据湖 / The data lake.", no_args_is_help=True)


@lake.command()
def export(
    directory: Annotated[Path, typer.Argument(help="目标文件夹 / the folder to copy to")],
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """复制到文件夹并逐个校验 / Copy it to a folder, and check every object against its name."""
    with output.connected(url) as hub:
        keys = hub.get("/_local/lake")["keys"]
        number = 0
        for key in keys:
            content = hub.get(f"/_local/lake/{key}")["content"].encode()
            if key.startswith(lines.FACTS):
                number += _checked(key, content)
            path = directory / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    if as_json:
        output.print_json({"objects": len(keys), "lines": number})
        return
    output.say(f"{len(keys)} 个对象，{number} 行 → {directory}", f"{len(keys)} objects, {number} lines → {directory}")


@lake.command()
def fill(stage: deployed.Stage = None, url: Url = output.DEFAULT_URL, as_json: AsJson = False) -> None:
    """重新写入全部归集数据 / Put every fact into it once more."""
    number = _filled(stage) if stage else _filled_here(url)
    if as_json:
        output.print_json({"objects": number})
        return
    output.say(f"写入 {number} 个对象", f"{number} objects were put")


def _checked(key: str, content: bytes) -> int:
    try:
        return sum(1 for _ in lines.rows_of(key, content))
    except (ValueError, KeyError):
        output.die(f"{key} 内容与名称不符，未写入", f"{key} does not hold what its name says; it was not written")


def _filled_here(url: str) -> int:
    with output.connected(url) as hub:
        number: int = hub.send("POST", "/_local/lake")["objects"]
    return number


def _filled(stage: str) -> int:
    with deployed.reached(stage):
        from infra import lake as tool  # reads the names of the tables when it is imported

        return tool.fill(datetime.now(UTC))


@lake.command(name="indices")
def indices_of(
    directory: Annotated[Path, typer.Argument(help="数据湖的副本 / a copy of the lake (./zs lake export)")],
    name: Annotated[str, typer.Argument(metavar="PERIOD", help=f"周期 / the period: {periods.FORMS}")],
    formula: Annotated[
        str | None,
        typer.Option("--formula", help="公式版本，或草案文件（TOML） / name@version, or a draft of your own (TOML)"),
    ] = None,
    of: Annotated[Ranked, typer.Option("--level", help="层级 / the level")] = "county",
    indicator: Annotated[str | None, typer.Option("--indicator", help="只列该指标 / this indicator alone")] = None,
    as_json: AsJson = False,
) -> None:
    """按任一版公式重算历史指标 / Indicators of any formula over all of history, from the lake (docs/data-lake.md)."""
    period, chosen = _period(name), _formula(formula)
    if indicator is not None and indicator not in chosen.indicators:
        known = ", ".join(chosen.indicators)
        output.die(f"公式中没有 {indicator}；现有：{known}", f"the formula has no {indicator}; it has {known}", 2)
    try:
        rows = history.rows(directory, period, chosen, load_registry.published_calendar())
    except FileNotFoundError as nothing:
        output.die(f"不是数据湖的副本，缺 {nothing}", f"this is no copy of the lake, there is no {nothing}", 2)
    except (ValueError, KeyError) as wrong:
        output.die(f"数据湖中有对象已损坏：{wrong}", f"an object of the lake is damaged: {wrong}", 2)
    found = {code: row for code, row in rows.items() if level(code) == of}
    if as_json:
        output.print_json({"formula": chosen.ref, "period": name, "rows": [_told(*each) for each in found.items()]})
    else:
        _show(found, chosen, period, indicator)


def _period(name: str) -> Period:
    try:
        return periods.parse(name)
    except ValueError:
        output.die(f"没有周期 {name}；写法如：{periods.FORMS}", f"{name} is no period; one reads {periods.FORMS}", 2)


def _formula(name: str | None) -> Formula:
    """A published version by its name, or the draft in a file; the newest if none is named."""
    if name is None:
        return in_force(date.max)
    if name in all_formulas():
        return all_formulas()[name]
    try:
        return indicators.parse(tomllib.loads(Path(name).read_text(encoding="utf-8")))
    except OSError:
        known = ", ".join(all_formulas())
        output.die(
            f"{name} 既不是版本也不是文件；现有版本：{known}",
            f"{name} is no version and no file; there are: {known}",
            2,
        )
    except (tomllib.TOMLDecodeError, BrokenDefinition) as broken:
        output.die(f"公式草案 {name} 有误：{broken}", f"the draft {name} does not hold: {broken}", 2)


def _told(code: str, row: Row) -> Mapping[str, Any]:
    here = row.standing
    return {
        "org": code,
        "index": None if here.index is None else here.index / HUNDREDTHS,
        "rank": here.rank,
        "indicators": {name: [value.numerator, value.denominator] for name, value in here.values.items()},
    }


def _show(found: Mapping[str, Row], formula: Formula, period: Period, indicator: str | None) -> None:
    table = []
    for code, row in sorted(found.items(), key=lambda each: (each[1].standing.rank or len(found) + 1, each[0])):
        here = row.standing
        if indicator is None:
            table.append([code, "—" if here.index is None else here.index / HUNDREDTHS, here.rank or "—", here.volume])
        else:
            value = here.values[indicator]
            share = "—" if value.ratio is None else f"{float(value.ratio):.2%}"
            table.append([code, share, value.numerator, value.denominator])
    columns = (
        ("单位 organisation", "指数 index", "位次 rank", "办件量 volume")
        if indicator is None
        else ("单位 organisation", "值 value", "分子 numerator", "分母 denominator")
    )
    output.table(f"{period.name} {formula.ref} {indicator or ''}".rstrip(), columns, table)
