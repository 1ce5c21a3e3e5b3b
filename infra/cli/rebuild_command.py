"""`./zs rebuild`: facts and findings computed once more from all histories, and compared with what is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli import output
from infra.cli.output import AsJson, Url

_MOST_NAMED = 20


def rebuild(
    repair: Annotated[bool, typer.Option("--repair", help="补入缺失的数据 / put what is missing")] = False,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """重建并比对归集数据和异常 / Compute facts and findings anew and compare; status 1 where they differ."""
    with output.connected(url) as hub:
        found = hub.send("POST", "/_local/rebuild", {"repair": repair})
    wrong = {name: found[name] for name in ("missing", "different", "unfounded")}
    if as_json:
        output.print_json(found)
    else:
        columns = (
            "办件和工单 subjects",
            "归集数据 facts",
            "异常 findings",
            "缺失 missing",
            "不同 different",
            "无据 unfounded",
        )
        row = [found["subjects"], found["facts"], found["findings"], *map(len, wrong.values())]
        output.table("重建比对 rebuilt and compared", columns, [row])
        for name, names in wrong.items():
            for each in names[:_MOST_NAMED]:
                typer.echo(f"{name}: {each}")
    if any(wrong.values()):
        raise typer.Exit(1)
