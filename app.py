"""Every Lambda of the platform, in the order in which data meets them: a table of contents.

Handlers of streams and schedules are declared here and never in a blueprint: on Lambda a blueprint's handler is
loaded without this module, and would run without logging and metrics. Bodies are one call each. What streams and
schedules set off is loaded by the function that does it (`Later`): no request needs it. What clients ask is loaded by
the function that answers them: no stream needs that.
"""

# ruff: noqa: E402  the collector rests before anything large is imported

from __future__ import annotations

import gc
import os

gc.disable()  # what is loaded here stays; to look it over meanwhile would be an eighth of a cold start
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # there are none; looking for them reads every package

from datetime import datetime
from importlib import import_module
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Cron, DynamoDBEvent, Rate, SQSEvent

from chalicelib.observability import SERVICE

app = Chalice(app_name=SERVICE, configure_logs=False)


class Later:
    """A function of chalicelib.reactions, loaded when it is first called: `Later("coverage", "report")`."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self, *arguments: Any) -> Any:
        return getattr(import_module(f"chalicelib.reactions.{self.module}"), self.name)(*arguments)


# What each function does with one record of its stream; the quarantine can do it again.
REACTIONS = {
    "on_case_change": Later("watching", "watch_case"),
    "on_order_change": Later("watching", "watch_order"),
    "on_rating_change": Later("watching", "watch_rating"),
    "on_fact": Later("exporting", "export_one"),
}
Report = dict[str, list[dict[str, str]]]  # which records must come again


def handled(reader: str, event: DynamoDBEvent) -> Report:
    """What the function `reader` does with its records."""
    report: Report = Later("records", "handle")(reader, event.to_dict()["Records"], REACTIONS[reader])
    return report


# 1. What clients ask: the function `api_handler`, as Lambda names it, and whoever has the app as a whole.
if os.environ.get("_HANDLER", "app.app") == "app.app":
    from chalicelib.http import (
        calendars,
        cases,
        consultation,
        filing,
        findings,
        indices,
        openapi,
        orders,
        quarantine,
        ratings,
        registry,
        results,
    )
    from chalicelib.http.operation import mount

    PLATFORM = (cases, ratings, findings, orders, filing, results, consultation, indices, calendars, registry)
    DOORS = (*(each.door for each in PLATFORM), quarantine.door_for(REACTIONS))
    mount(app, *DOORS, openapi.door_for(DOORS))


# 2. What the streams set off. How they are read, and the ARNs, say infra/mappings.yaml.
@app.on_dynamodb_record(stream_arn="arn:aws-cn:dynamodb:stream/CasesTable")
def on_case_change(event: DynamoDBEvent) -> Report:
    """Facts, findings, deadlines and work orders that follow from the steps of cases."""
    return handled("on_case_change", event)


@app.on_dynamodb_record(stream_arn="arn:aws-cn:dynamodb:stream/OrdersTable")
def on_order_change(event: DynamoDBEvent) -> Report:
    """The same, of the steps of work orders."""
    return handled("on_order_change", event)


@app.on_dynamodb_record(stream_arn="arn:aws-cn:dynamodb:stream/RatingsTable")
def on_rating_change(event: DynamoDBEvent) -> Report:
    """Facts of ratings, and the follow-up of a bad one."""
    return handled("on_rating_change", event)


@app.on_dynamodb_record(stream_arn="arn:aws-cn:dynamodb:stream/FactsTable")
def on_fact(event: DynamoDBEvent) -> Report:
    """The facts of a batch into the data lake."""
    report: Report = Later("exporting", "export")("on_fact", event.to_dict()["Records"])
    return report


@app.on_sqs_message(queue_arn="arn:aws-cn:sqs:cn-north-1:000000000000:DeadLetters")
def on_dead_letter(event: SQSEvent) -> None:
    """Puts what Lambda gave up into the quarantine, while the stream still has it."""
    Later("records", "take_in")(event.to_dict()["Records"])


# 3. What the clock sets off.
@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep_deadlines(event: CloudWatchEvent) -> None:
    """Claims the rungs that open deadlines have reached: due soon, overdue, overdue still."""
    Later("falling_due", "sweep_deadlines")(datetime.fromisoformat(event.to_dict()["time"]))


@app.schedule(Rate(1, unit=Rate.HOURS))
def recount_deadlines(event: CloudWatchEvent) -> None:
    """Counts provisional dates anew once the calendar of their year is published."""
    Later("falling_due", "recount_deadlines")(datetime.fromisoformat(event.to_dict()["time"]))


@app.schedule(Rate(10, unit=Rate.MINUTES))
def invite_ratings(event: CloudWatchEvent) -> None:
    """Invites whoever has not rated, a day and three days after the case was finished."""
    Later("falling_due", "invite_ratings")(datetime.fromisoformat(event.to_dict()["time"]))


@app.schedule(Cron(30, "17-22", "*", "*", "?", "*"))
def draw_callbacks(event: CloudWatchEvent) -> None:
    """Draws whom to call of what was finished on the day before: at 01:30 in Shanghai, and for what was left each hour
    until 06:30."""
    Later("falling_due", "draw_callbacks")(datetime.fromisoformat(event.to_dict()["time"]))


@app.schedule(Cron(10, "16-19", "*", "*", "?", "*"))
def compare_units(event: CloudWatchEvent) -> None:
    """Asks the cross-case rules of the days and months that are over: ten past midnight in Shanghai, and for what was
    left at ten past one, two and three."""
    now = datetime.fromisoformat(event.to_dict()["time"])
    Later("comparing", "compare_units")(now, event.context.get_remaining_time_in_millis)


@app.schedule(Rate(1, unit=Rate.HOURS))
def compute_indices(event: CloudWatchEvent) -> None:
    """Computes cells, indices and rankings of the days to which facts came, and of today."""
    now = datetime.fromisoformat(event.to_dict()["time"])
    Later("indexing", "compute_indices")(now, event.context.get_remaining_time_in_millis)


@app.schedule(Rate(1, unit=Rate.HOURS))
def write_manifests(event: CloudWatchEvent) -> None:
    """Lists what the data lake holds of each day to which something came."""
    now = datetime.fromisoformat(event.to_dict()["time"])
    Later("exporting", "write_manifests")(now, event.context.get_remaining_time_in_millis)


@app.schedule(Rate(1, unit=Rate.DAYS))
def check_calendar(event: CloudWatchEvent) -> None:
    """Says how long the published calendar still lasts (国务院办公厅 publishes the next year's each November)."""
    Later("coverage", "report")(datetime.fromisoformat(event.to_dict()["time"]))


gc.freeze()  # nor does the collector look at it afterwards
gc.enable()
