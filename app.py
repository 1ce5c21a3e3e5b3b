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

from chalice.app import Chalice, CloudWatchEvent, Cron, DynamoDBEvent, Rate, SQSEvent

from chalicelib.http import calendars, cases, findings, indices, openapi, orders, quarantine, registry
from chalicelib.http.operation import mount
from chalicelib.observability import SERVICE
from chalicelib.reactions import coverage, falling_due, records, watching

app = Chalice(app_name=SERVICE, configure_logs=False)

# What each function does with one record of its stream; the quarantine can do it again.
REACTIONS = {"on_case_change": watching.watch_case, "on_order_change": watching.watch_order}

# 1. What clients ask: the function `api_handler`.
PLATFORM = (cases, findings, orders, indices, calendars, registry)
DOORS = (*(each.door for each in PLATFORM), quarantine.door_for(REACTIONS))
mount(app, *DOORS, openapi.door_for(DOORS))


# 2. What the streams of cases and orders set off. How it is read, and the ARNs, are said by infra/mappings.yaml.
@app.on_dynamodb_record(stream_arn="arn:aws-cn:dynamodb:stream/CasesTable")
def on_case_change(event: DynamoDBEvent) -> records.Report:
    """Facts, findings, deadlines and work orders that follow from the steps of cases."""
    return records.handle("on_case_change", event.to_dict()["Records"], REACTIONS["on_case_change"])


@app.on_dynamodb_record(stream_arn="arn:aws-cn:dynamodb:stream/OrdersTable")
def on_order_change(event: DynamoDBEvent) -> records.Report:
    """The same, of the steps of work orders."""
    return records.handle("on_order_change", event.to_dict()["Records"], REACTIONS["on_order_change"])


@app.on_sqs_message(queue_arn="arn:aws-cn:sqs:cn-north-1:000000000000:DeadLetters")
def on_dead_letter(event: SQSEvent) -> None:
    """Puts what Lambda gave up into the quarantine, while the stream still has it."""
    records.take_in(event.to_dict()["Records"])


# 3. What the clock sets off.
@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep_deadlines(event: CloudWatchEvent) -> None:
    """Claims the rungs that open deadlines have reached: due soon, overdue, overdue still."""
    falling_due.sweep_deadlines(datetime.fromisoformat(event.to_dict()["time"]))


@app.schedule(Rate(1, unit=Rate.HOURS))
def recount_deadlines(event: CloudWatchEvent) -> None:
    """Counts provisional dates anew once the calendar of their year is published."""
    falling_due.recount_deadlines(datetime.fromisoformat(event.to_dict()["time"]))


@app.schedule(Cron(10, "16-19", "*", "*", "?", "*"))
def compare_units(event: CloudWatchEvent) -> None:
    """Asks the cross-case rules of the days and months that are over: ten past midnight in Shanghai, and for what was
    left at ten past one, two and three."""
    from chalicelib.reactions import comparing  # no request needs it

    now = datetime.fromisoformat(event.to_dict()["time"])
    comparing.compare_units(now, event.context.get_remaining_time_in_millis)


@app.schedule(Rate(1, unit=Rate.HOURS))
def compute_indices(event: CloudWatchEvent) -> None:
    """Computes cells, indices and rankings of the days to which facts came, and of today."""
    from chalicelib.reactions import indexing  # no request needs it

    now = datetime.fromisoformat(event.to_dict()["time"])
    indexing.compute_indices(now, event.context.get_remaining_time_in_millis)


@app.schedule(Rate(1, unit=Rate.DAYS))
def check_calendar(event: CloudWatchEvent) -> None:
    """Says how long the published calendar still lasts (国务院办公厅 publishes the next year's each November)."""
    coverage.report(datetime.fromisoformat(event.to_dict()["time"]))


gc.freeze()  # nor does the collector look at it afterwards
gc.enable()
