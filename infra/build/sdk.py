"""The SDK's description of DynamoDB, cut to what the platform calls: for AWS_DATA_PATH.

botocore reads two files of 1.7 MB at every cold start to call eight operations of one service. What is left of them
here is 50 kB, which it finds first; whatever is not among it (S3, streams) it finds in Lambda's runtime as ever. Made
from the pinned botocore at each build. This module must not change what an operation is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

DIRECTORY = "sdk"  # in the zip; infra/stack.yaml names it
OPERATIONS = (
    "GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems",
)  # fmt: skip
ENDPOINTS = ("dynamodb", "streams.dynamodb", "s3")
PARTITIONS = ("aws", "aws-cn")
_VERSION = "2012-08-10"


def write(into: Path) -> None:
    """Put the files under `into`."""
    loader = Loader()
    model = loader.load_data(f"dynamodb/{_VERSION}/service-2")
    _put(into / "dynamodb" / _VERSION / "service-2.json", _cut(model))
    endpoints = loader.load_data("endpoints")
    kept = [_only(each) for each in endpoints["partitions"] if each["partition"] in PARTITIONS]
    _put(into / "endpoints.json", {**endpoints, "partitions": kept})


def _put(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True), "utf-8")


def _only(partition: Mapping[str, Any]) -> dict[str, Any]:
    services = {name: each for name, each in partition["services"].items() if name in ENDPOINTS}
    return {**partition, "services": services}


def _cut(model: Mapping[str, Any]) -> dict[str, Any]:
    """The operations, the shapes that they are made of, and no documentation."""
    operations = {name: model["operations"][name] for name in OPERATIONS}
    shapes: dict[str, Any] = {}
    waiting = list(_named(operations))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting.extend(_named(shapes[name]))
    cut: dict[str, Any] = _undocumented({**model, "operations": operations, "shapes": shapes})
    return cut


def _named(value: Any) -> Iterator[str]:
    """Every shape that is named in there."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


def _undocumented(value: Any) -> Any:
    if isinstance(value, list):
        return [_undocumented(each) for each in value]
    if isinstance(value, dict):
        return {
            name: _undocumented(each)
            for name, each in value.items()
            if not (name == "documentation" and isinstance(each, str))
        }
    return value
