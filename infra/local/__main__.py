"""`python -m infra.local`: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import errno
import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from chalicelib.errors import VersionConflict
from infra.local import load_registry
from infra.local.cloud import LocalCloud
from infra.local.journal import Unusable
from infra.local.server import serving

_READY = """
中枢已在本机运行：{url}    （已发布样例登记 {published} 条：单位、事项、日历、知识库、人员；{keeps_zh}）

  接口与试用      {url}/            选择身份后即可操作
  一周样例办件    ./zs demo{at}         看队列、期限和流程节点
  看板            {url}/dashboards  运维总览、数据链路、业务态势
  算一个期限      ./zs deadline 2026-09-30 7{at}
  取令牌          curl -s {url}/_local/token -d '{{"sub":"zhang","kind":"citizen"}}'
  拨快时钟一天    curl -s {url}/_local/clock -d '{{"advance":86400}}'
  日志            {log}        停止：Ctrl-C

Zhongshu is serving on {url}    (sample registry published: {published} entries; {keeps_en})

  reference page  {url}/            choose an identity and try the routes
  a sample week   ./zs demo{at}         queues, deadlines and histories, live
  dashboards      {url}/dashboards  operations, data, the service
  one deadline    ./zs deadline 2026-09-30 7{at}
  a token         curl -s {url}/_local/token -d '{{"sub":"zhang","kind":"citizen"}}'
  a day later     curl -s {url}/_local/clock -d '{{"advance":86400}}'
  log lines       {log}        stop: Ctrl-C
"""
_LOG = "build/local-{port}.log"
_USUAL_PORT = 8000
_TAKEN = """端口{port}已被占用。请换一个端口，例如：make run PORT={other}
Port {port} is taken. Choose another one, e.g. make run PORT={other}"""
_MEMORY = ("数据只在内存中，退出即清空", "data live in memory until you stop")
_KEPT = ("数据保存在 {data}", "data are kept in {data}")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} 缺少时区 / has no offset, e.g. +08:00")
    return moment


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} 不是端口号（0–65535） / is no port number (0–65535)")
    return int(text)


def _publish(cloud: LocalCloud) -> int:
    """Publish the registry's entries, unless these very entries were published into the data directory before; what
    was changed there since is left alone. Gives their number."""
    entries = list(load_registry.entries())
    edition = hashlib.sha256(json.dumps(entries, default=str).encode()).hexdigest()
    if cloud.keeper is None or cloud.keeper.notes.get("registry") != edition:
        load_registry.load(_publisher(cloud))
    if cloud.keeper:
        cloud.keeper.note("registry", edition)
    return len(entries)


def _publisher(cloud: LocalCloud) -> load_registry.Put:
    token = cloud.token(load_registry.PUBLISHER)

    def put(path: str, document: dict[str, Any]) -> None:
        reply = cloud.request("PUT", path, json=document, token=token)
        if reply.status not in (200, 201):
            raise SystemExit(f"PUT {path}: {reply.status} {reply.body.decode()}")

    return put


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; gives the exit status: 1 if the port is taken or the data directory of no use."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--port", type=_port, default=_USUAL_PORT, help="port on 127.0.0.1 (default 8000; 0: any)")
    parser.add_argument("--now", type=_moment, help="set the clock, e.g. 2026-09-30T09:00:00+08:00")
    parser.add_argument("--data", type=Path, help="directory that keeps everything (default: nothing is kept)")
    given = parser.parse_args(arguments)
    return _serve(given.port, given.now, given.data)


def _serve(port: int, now: datetime | None, data: Path | None) -> int:
    try:
        cloud = LocalCloud.start(now, data=data, address=f"http://127.0.0.1:{port or _USUAL_PORT}")
    except Unusable as unusable:
        print(unusable, file=sys.stderr)
        return 1
    except VersionConflict as back:
        print(f"{back.zh}\n{back.en}", file=sys.stderr)
        return 1
    try:
        if data:
            cloud.fill_lake()  # tables are kept, objects are not
        with serving(cloud.wsgi, port) as server, _logging(server.effective_port) as terminal:
            print(_ready(cloud, server.effective_port, data), file=terminal, flush=True)
            server.run()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(_TAKEN.format(port=port, other=port + 1), file=sys.stderr)
        return 1
    finally:
        cloud.close()
    return 0


@contextlib.contextmanager
def _logging(port: int) -> Iterator[TextIO]:
    """While this lasts, the functions' log lines go to the port's file; gives the terminal, which is for people."""
    path = Path(_LOG.format(port=port))
    path.parent.mkdir(exist_ok=True)
    terminal = sys.stdout
    with path.open("w", encoding="utf-8", buffering=1) as log, contextlib.redirect_stdout(log):
        yield terminal


def _ready(cloud: LocalCloud, port: int, data: Path | None) -> str:
    """What to tell people, once the registry is published."""
    zh, en = (text.format(data=data) for text in (_KEPT if data else _MEMORY))
    url = f"http://127.0.0.1:{port}"
    at = "" if port == _USUAL_PORT else f" --url {url}"
    log = _LOG.format(port=port)
    return _READY.format(url=url, at=at, published=_publish(cloud), log=log, keeps_zh=zh, keeps_en=en)


if __name__ == "__main__":
    sys.exit(main())
