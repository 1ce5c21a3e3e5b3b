"""Every Lambda of the platform, in the order in which data meets them: a table of contents.

Handlers of streams and schedules are declared here and never in a blueprint: on Lambda a blueprint's handler is
loaded without this module, and would run without logging and metrics. Bodies are one call each. What streams and
schedules set off is loaded by the function that does it (`Later`): no request needs it. What clients ask is loaded by
the function that answers them, door by door as they are asked for: no stream needs that.
"""

# ruff: noqa: E402  the collector rests before anything large is imported

from __future__ import annotations

import gc
import os

gc.disable()  # what is loaded here stays; to look it over meanwhile would be an eighth of a cold start
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # there are none; looking for them reads every package

from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Cron, DynamoDBEvent, Rate, SQSEvent

from chalicelib.observability import SERVICE

app = Chalice(app_name=SERVICE, configure_logs=False)


class Later:
    """A function of chalicelib.reactions, loaded when it is first called: `Later("coverage", "report")`."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def load(self) -> Any:
        """The function, loaded now."""
        return getattr(import_module(f"chalicelib.reactions.{self.module}"), self.name)

    def __call__(self, *arguments: Any) -> Any:
        return self.load()(*arguments)


# What each function does with one record of its stream; the quarantine can do it again.
REACTIONS = {
    "on_case_change": Later("watching", "watch_case"),
    "on_order_change": Later("watching", "watch_order"),
    "on_rating_change": Later("watching", "watch_rating"),
    "on_centre_change": Later("watching", "watch_centre"),
    "on_fact": Later("exporting", "export_one"),
}
RECORDS = Later("records", "handle")  # how each of them goes through a batch
Report = dict[str, list[dict[str, str]]]  # which records must come again


def handled(reader: str, event: DynamoDBEvent) -> Report:
    """What the function `reader` does with its records."""
    report: Report = RECORDS(reader, event.to_dict()["Records"], REACTIONS[reader])
    return report


# 1. What clients ask: the function `api_handler`, as Lambda names it, and whoever has the app as a whole.
# Each door of chalicelib.http and what its paths begin with: it is loaded when the first of them is asked for.
DOORS = {
    "cases": ("/v1/cases", "/v1/desk", "/v1/progress"),
    "ratings": ("/v1/rating", "/v1/cases/{case_id}/rating"),
    "findings": ("/v1/rules", "/v1/findings", "/v1/cases/{case_id}/findings"),
    "orders": ("/v1/orders", "/v1/cases/{case_id}/orders"),
    "filing": ("/v1/orders",),
    "results": ("/v1/orders", "/v1/complaints"),
    "consultation": ("/v1/questions", "/v1/knowledge"),
    "indices": ("/v1/indicators", "/v1/indices", "/v1/cells"),
    "assessments": ("/v1/assessments",),
    "reports": ("/v1/reports",),
    "forecasts": ("/v1/forecasts",),
    "calendars": ("/v1/calendar/",),
    "registry": ("/v1/items", "/v1/organisations", "/v1/staff", "/v1/delegations", "/v1/devices", "/v1/calendars",
                 "/v1/procedures"),
    "centres": ("/v1/centres",),
    "quarantine": ("/v1/quarantine",),
    "openapi": ("/v1/openapi.json",),
}  # fmt: skip


@cache
def door(name: str) -> Any:
    """The door of this name, loaded now."""
    module = import_module(f"chalicelib.http.{name}")
    match name:
        case "quarantine":
            return module.door_for(REACTIONS)
        case "openapi":
            return module.door_for(lambda: [door(each) for each in DOORS])
    return module.door


if os.environ.get("_HANDLER", "app.app") == "app.app":
    from chalicelib.http.mounting import mount

    mount(app, DOORS, door)
    door("cases")  # what most are asked first, while Lambda gives a whole core: to answer it gives a share of one


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


@app.on_dynamodb_record(stream_arn="arn:aws-cn:dynamodb:stream/RegistryTable")
def on_centre_change(event: DynamoDBEvent) -> Report:
    """Facts of how far the construction of centres is."""
    return handled("on_centre_change", event)


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


@app.schedule(Cron(40, "18-20", "*", "*", "?", "*"))
def forecast_units(event: CloudWatchEvent) -> None:
    """Forecasts each organisation's week and which of its open cases will be late, and scores what was forecast six
    weeks ago: at 02:40 in Shanghai, and, where that run failed, at 03:40 and 04:40."""
    Later("forecasting", "forecast_units")(datetime.fromisoformat(event.to_dict()["time"]))


@app.schedule(Rate(1, unit=Rate.HOURS))
def write_reports(event: CloudWatchEvent) -> None:
    """Writes the reports of months that were closed, and a further edition of those that were corrected."""
    now = datetime.fromisoformat(event.to_dict()["time"])
    Later("reporting", "write_reports")(now, event.context.get_remaining_time_in_millis)


@app.schedule(Rate(1, unit=Rate.HOURS))
def write_manifests(event: CloudWatchEvent) -> None:
    """Lists what the data lake holds of each day to which something came."""
    now = datetime.fromisoformat(event.to_dict()["time"])
    Later("exporting", "write_manifests")(now, event.context.get_remaining_time_in_millis)


@app.schedule(Rate(1, unit=Rate.DAYS))
def check_calendar(event: CloudWatchEvent) -> None:
    """Says how long the published calendar still lasts (国务院办公厅 publishes the next year's each November)."""
    Later("coverage", "report")(datetime.fromisoformat(event.to_dict()["time"]))


# 4. What dashboards show: functions behind custom widgets, which answer HTML.
@app.lambda_function()
def show_counties(event: dict[str, Any], _context: object) -> str:
    """How the organisations of a level stand."""
    html: str = Later("showing", "show_counties")(event)
    return html


@app.lambda_function()
def show_overdue(event: dict[str, Any], _context: object) -> str:
    """Where cases are overdue."""
    html: str = Later("showing", "show_overdue")(event)
    return html


# What the function of a stream does is loaded while it starts, as the first door is.
if reaction := REACTIONS.get(os.environ.get("_HANDLER", "").removeprefix("app.")):
    RECORDS.load(), reaction.load()

gc.freeze()  # nor does the collector look at it afterwards
gc.enable()
