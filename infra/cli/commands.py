"""The commands of `./zs`, by name."""

from __future__ import annotations

import typer

from infra.cli.ask_command import ask
from infra.cli.audit_command import audit
from infra.cli.case_commands import case, deadline, desk
from infra.cli.demo_command import demo
from infra.cli.forecast_command import forecast
from infra.cli.lake_command import lake
from infra.cli.local_commands import clock, registry, token
from infra.cli.rebuild_command import rebuild
from infra.cli.redrive_command import redrive
from infra.cli.replay_command import replay

app = typer.Typer(
    help="中枢运维命令 / The operator's command of the hub. 地址 address: --url, ZS_URL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for command in (demo, replay, audit, case, desk, ask, deadline, token, clock, redrive, rebuild):
    app.command()(command)
app.add_typer(registry, name="registry")
app.add_typer(lake, name="lake")
app.add_typer(forecast, name="forecast")
