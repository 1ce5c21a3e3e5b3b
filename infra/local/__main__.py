"""`python -m infra.local`: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import sys
from datetime import datetime

from infra.local.cloud import LocalCloud
from infra.local.server import serving

_READY = """
中枢已在本机运行：{url}
  · 打开上面的地址查看接口，选择身份即可试用；数据只在内存中，退出即清空
  · 取令牌：   curl -s {url}/_local/token -d '{{"sub":"zhang","kind":"citizen"}}'
  · 拨快时钟： curl -s {url}/_local/clock -d '{{"advance":86400}}'
  · 停止：     Ctrl-C

Zhongshu is serving on {url}
  · open it for the reference page, choose an identity and try the routes; data live in memory until you stop
  · a token:       curl -s {url}/_local/token -d '{{"sub":"zhang","kind":"citizen"}}'
  · clock forward: curl -s {url}/_local/clock -d '{{"advance":86400}}'
  · stop:          Ctrl-C
"""
_TAKEN = """端口{port}已被占用。请换一个端口，例如：make run PORT={other}
Port {port} is taken. Choose another one, e.g. make run PORT={other}"""


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} 缺少时区 / has no offset, e.g. +08:00")
    return moment


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; gives the exit status: 1 if the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default 8000; 0: any)")
    parser.add_argument("--now", type=_moment, help="set the clock, e.g. 2026-09-30T09:00:00+08:00")
    given = parser.parse_args(arguments)
    port: int = given.port
    cloud = LocalCloud.start(given.now)
    try:
        with serving(cloud.wsgi, port) as server:
            print(_READY.format(url=f"http://127.0.0.1:{server.effective_port}"), flush=True)
            server.run()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(_TAKEN.format(port=port, other=port + 1), file=sys.stderr)
        return 1
    finally:
        cloud.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
