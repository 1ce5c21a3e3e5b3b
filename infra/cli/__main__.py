"""`./zs`: the operator's command, put together from its parts."""

from __future__ import annotations

from infra.cli.commands import app

if __name__ == "__main__":
    app(prog_name="./zs")
