"""`./zs lake`: the data lake of a local run, copied to a folder for duckdb, or filled once more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chalicelib.domain import lake as lines
from infra.cli import output
from infra.cli.output import AsJson, Url

lake = typer.Typer(help="数据湖（本地） / The data lake of a local run.", no_args_is_help=True)


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
def fill(url: Url = output.DEFAULT_URL, as_json: AsJson = False) -> None:
    """重新写入全部归集数据 / Put every fact into it once more."""
    with output.connected(url) as hub:
        number = hub.send("POST", "/_local/lake")["objects"]
    if as_json:
        output.print_json({"objects": number})
        return
    output.say(f"写入 {number} 个对象", f"{number} objects were put")


def _checked(key: str, content: bytes) -> int:
    try:
        return sum(1 for _ in lines.rows_of(key, content))
    except (ValueError, KeyError):
        output.die(f"{key} 内容与名称不符，未写入", f"{key} does not hold what its name says; it was not written")
