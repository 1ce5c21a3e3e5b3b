"""A small chalice app and template on which the tests of the local cloud stand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import boto3
from chalice.app import Chalice, Cron, Rate, Response

TEMPLATE = Path(__file__).with_name("small.yaml")


def make_app() -> Chalice:
    """A new app: notes are put and read over HTTP, a stream function copies them, schedules leave marks."""
    app = Chalice(app_name="small", configure_logs=False)
    _routes(app)
    _functions(app)
    return app


def _table() -> Any:
    return boto3.resource("dynamodb").Table(os.environ["NOTES_TABLE"])


def _copies() -> Any:
    return boto3.resource("dynamodb").Table(os.environ["COPIES_TABLE"])


def _routes(app: Chalice) -> None:
    def put(name: str) -> dict[str, Any]:
        _table().put_item(Item={"id": name, "text": app.current_request.raw_body.decode()})
        return {"name": name}

    app.route("/v1/notes/{name}", methods=["PUT"])(put)

    def get(name: str) -> Response:
        found = _table().get_item(Key={"id": name}).get("Item")
        return Response(json.dumps(found), status_code=200 if found else 404)

    app.route("/v1/notes/{name}", methods=["GET"])(get)

    def echo() -> dict[str, Any]:
        context = app.current_request.context
        query = app.current_request.query_params
        return {
            "at": context["requestTimeEpoch"],
            "id": context["requestId"],
            "ip": context["identity"]["sourceIp"],
            "query": dict(query) if query else {},
        }

    app.route("/v1/echo", methods=["GET", "POST"])(echo)

    def special() -> dict[str, str]:
        return {"name": "the special one"}

    app.route("/v1/notes/special", methods=["GET"])(special)


def _functions(app: Chalice) -> None:
    def on_notes(event: Any) -> None:
        for record in event.to_dict()["Records"]:
            image = record["dynamodb"].get("NewImage")
            if image and image["text"]["S"] == "poison":
                raise ValueError("poison")
            if image:
                at = record["dynamodb"]["ApproximateCreationDateTime"]
                _copies().put_item(Item={"id": image["id"]["S"], "text": image["text"]["S"], "at": at})

    app.on_dynamodb_record(stream_arn="stream/NotesTable", batch_size=3)(on_notes)

    def sweep(event: Any) -> None:
        _copies().update_item(
            Key={"id": "sweeps"},
            UpdateExpression="ADD runs :one SET #last = :time",
            ExpressionAttributeNames={"#last": "last"},
            ExpressionAttributeValues={":one": 1, ":time": event.to_dict()["time"]},
        )

    app.schedule(Rate(5, unit=Rate.MINUTES))(sweep)

    def nightly(event: Any) -> None:
        print(json.dumps(_emf("Nights", 1)))
        _copies().put_item(Item={"id": "nightly", "at": event.to_dict()["time"]})

    app.schedule(Cron(0, 18, "?", "*", "MON-FRI", "*"))(nightly)


def _emf(name: str, value: float) -> dict[str, Any]:
    directive = {"Namespace": "Small", "Dimensions": [["stage"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    return {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [directive]}, "stage": "local", name: value}
