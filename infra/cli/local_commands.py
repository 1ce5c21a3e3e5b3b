"""`./zs token`, `clock` and `registry`: what an operator does around the platform."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib.domain.calendar import SHANGHAI
from infra.cli import output
from infra.cli.hub import Hub
from infra.cli.output import AsJson, Url
from infra.local import load_registry

registry = typer.Typer(help="登记数据 / The registry.", no_args_is_help=True)
_SPAN = re.compile(r"(\d+)(s|m|h|d|w)")
_LEVELS = ("province", "city", "county", "station", "window")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Kind(StrEnum):
    """Kinds of identity."""

    citizen = "citizen"
    staff = "staff"
    system = "system"


def token(
    kind: Annotated[Kind, typer.Option(help="身份 / kind of identity")] = Kind.citizen,
    sub: Annotated[str | None, typer.Option(help="账号 / account, staff id or client")] = None,
    org: Annotated[str | None, typer.Option(help="单位编码 / organisation code (staff)")] = None,
    post: Annotated[list[str] | None, typer.Option(help="岗位，可多次 / post, may be repeated")] = None,
    line: Annotated[list[str] | None, typer.Option(help="警种，可多次 / service line, may be repeated")] = None,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """打印一个本地开发令牌 / Print a development token, good for twelve hours of the local clock."""
    named = sub or f"dev-{kind.value}"
    wanted: dict[str, Any] = {"sub": named, "kind": kind.value, "org": org, "posts": post, "lines": line}
    with output.connected(url) as hub:
        answer = hub.send("POST", "/_local/token", {name: value for name, value in wanted.items() if value})
    if as_json:
        output.print_json(answer)
    else:
        typer.echo(answer["access_token"])


def clock(
    set_: Annotated[str | None, typer.Option("--set", help="拨到 / set to, e.g. 2026-09-30T09:00")] = None,
    advance: Annotated[str | None, typer.Option(help="拨快 / move on by, e.g. 2d, 12h, 30m")] = None,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """查看或拨动本地时钟 / Read or move the local clock (it does not go back while there are data)."""
    if set_ and advance:
        output.die("--set 与 --advance 只能选一个", "Give either --set or --advance", 2)
    with output.connected(url) as hub:
        now = _moved(hub, set_, advance)
    text = now.astimezone(SHANGHAI).isoformat(timespec="seconds")
    if as_json:
        output.print_json({"now": text})
    else:
        typer.echo(text)


def _moved(hub: Hub, set_: str | None, advance: str | None) -> datetime:
    if set_:
        return hub.set_clock(_moment(set_))
    if advance:
        return hub.set_clock(hub.now() + _span(advance))
    return hub.now()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        output.die(f"不是时间：{text}", f"{text!r} is no time; e.g. 2026-09-30T09:00 (Shanghai's, unless it says)", 2)
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if not found:
        output.die(f"不是时长：{text}", f"{text!r} is no span; e.g. 2d, 12h, 30m, 45s, 1w", 2)
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


@registry.command("load")
def load(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="登记数据目录，缺省为 infra/registry / folder with TOML files"),
    ] = None,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """发布单位、事项、日历、知识库、人员 / Publish infra/registry/ through the admin door."""
    try:
        entries = list(_in_folder(folder)) if folder else [*load_registry.entries(), *load_registry.centres()]
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError) as wrong:
        output.die(f"无法读取登记数据：{wrong}", f"{folder} cannot be read as a registry: {wrong!r}", 2)
    with output.connected(url) as hub, output.progress("发布 publishing", len(entries)) as progress:
        versions = [_published(hub, path, document, progress) for path, document in entries]
    if as_json:
        output.print_json({"published": len(versions), "first_versions": versions.count(1)})
    else:
        output.out.print(f"已发布 {len(versions)} 条  {len(versions)} entries published", markup=False)


def _in_folder(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entries of all TOML files in `folder` and below, in the order in which they can be published."""
    files = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.rglob("*.toml"))]
    if not files:
        raise FileNotFoundError(f"no .toml file in {folder}")
    organisations = [document for file in files for document in file.get("organisation", [])]
    for document in sorted(organisations, key=lambda o: _LEVELS.index(o["level"])):
        yield f"/v1/organisations/{document.pop('code')}", document
    for year, document in (pair for file in files for pair in file.get("year", {}).items()):
        yield f"/v1/calendars/{year}", document
    for kind, place in (("item", "items"), ("staff", "staff")):
        for document in (document for file in files for document in file.get(kind, [])):
            yield f"/v1/{place}/{document.pop('id')}", document
    for document in (document for file in files for document in file.get("centre", [])):
        yield f"/v1/centres/{document.pop('code')}", document


def _published(hub: Hub, path: str, document: dict[str, Any], progress: Any) -> int:
    answer = hub.send("PUT", path, document, load_registry.PUBLISHER)
    progress(1)
    return int(answer["version"])
