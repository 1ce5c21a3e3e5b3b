"""Every Lambda of the platform, in the order in which data meets them: a table of contents.

Handlers of streams and schedules are declared here and never in a blueprint: on Lambda a blueprint's handler is
loaded without this module, and would run without logging and metrics. Bodies are one call each.
"""

# ruff: noqa: E402  the collector rests before anything large is imported

from __future__ import annotations

import gc
import os

gc.disable()  # what is loaded here stays; to look it over meanwhile would be an eighth of a cold start
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # there are none; looking for them reads every package

from datetime import datetime

from chalice.app import Chalice, CloudWatchEvent, DynamoDBEvent, Rate

from chalicelib.http import calendars, cases, openapi, registry
from chalicelib.http.operation import mount
from chalicelib.observability import SERVICE
from chalicelib.reactions import counting, coverage

app = Chalice(app_name=SERVICE, configure_logs=False)

# 1. What clients ask: the function `api_handler`.
DOORS = (cases.door, calendars.door, registry.door)
mount(app, *DOORS, openapi.door_for(DOORS))


# 2. What the stream of cases sets off. The stack replaces the ARN by the table's own.
@app.on_dynamodb_record(stream_arn="arn:aws-cn:dynamodb:stream/CasesTable", batch_size=100)
def on_case_change(event: DynamoDBEvent) -> None:
    """Counts what happened, for the operators' dashboards."""
    counting.count_steps(event.to_dict()["Records"])


# 3. What the clock sets off.
@app.schedule(Rate(1, unit=Rate.DAYS))
def check_calendar(event: CloudWatchEvent) -> None:
    """Says how long the published calendar still lasts (国务院办公厅 publishes the next year's each November)."""
    coverage.report(datetime.fromisoformat(event.to_dict()["time"]))


gc.freeze()  # nor does the collector look at it afterwards
gc.enable()
