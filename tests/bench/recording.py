"""Makes what the benchmark asks and what DynamoDB holds then, by playing one town through the local cloud.

`python -m tests.bench.recording FILE` writes one JSON document: the environment, the issuer's keys, the stored items
in wire form, the requests as API Gateway hands them on, and what was counted. It is a process of its own because moto
changes botocore for good. This module must not measure time.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

from chalicelib.domain.calendar import SHANGHAI
from infra.local import load_registry, tables
from infra.local.cloud import ENVIRONMENT, LocalCloud
from tests.flow.conftest import Filed, Hub
from tests.flow.test_counts import CASES, TEN, cost, images, seed
from tests.support import sizer
from tests.support.town import ACCEPT, GRANT, HAISHU, LI, NOTE, REVIEW, WANG, Identity

NINE = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)  # a Monday inside the published calendar
PAGE = 25
BEFORE = (ACCEPT, ("check", WANG, {"note": NOTE}), REVIEW)
SIZES = (100, 10_000)  # cases in the table


def document(cloud: LocalCloud) -> dict[str, Any]:
    """Everything that the measuring processes and the canned DynamoDB need."""
    hub = Hub(cloud)
    _publish(cloud)
    counts = [_counts(hub, number) for number in SIZES]
    cloud.reset(NINE)
    case = hub.life(hub.file(), *BEFORE)
    for _ in range(PAGE + 5):
        hub.file()
    variables = [tables.variable(name) for name in cloud.tables]
    return {
        "environment": {name: os.environ[name] for name in (*ENVIRONMENT, *variables, "OIDC_ISSUER")},
        "keys": _keys(cloud),
        "tables": {
            os.environ[tables.variable(name)]: [row.item for row in rows.rows.values()]
            for name, rows in cloud.tables.items()
        },
        "case": case.id,
        "organisation": HAISHU,
        "step": _step(cloud, case),
        "page": _page(cloud),
        "counts": counts,
        "batch": _batch(hub),  # last: it leaves the streams unread
    }


def _publish(cloud: LocalCloud) -> None:
    token = cloud.token(load_registry.PUBLISHER)

    def put(path: str, entry: dict[str, Any]) -> None:
        assert cloud.request("PUT", path, json=entry, token=token).status in (200, 201)

    load_registry.load(put)
    cloud.mark()


def _counts(hub: Hub, number: int) -> dict[str, float]:
    """What ten steps of one case cost on average, with `number` cases in the table."""
    hub.cloud.reset(NINE)
    seed(hub, hub.file(), number)
    trips = [sum(found.values()) for found in cost(hub, hub.file(), *TEN)]
    pairs = list(images(hub, hub.file(), TEN))
    indexes = [sizer.index_units(*pair, index, ("id",)) for pair in pairs for index in CASES["GlobalSecondaryIndexes"]]
    return {
        "cases": number,
        "round_trips": max(trips),
        "table_units": sum(sizer.units(*pair) for pair in pairs) / len(pairs),
        "index_units": sum(indexes) / len(pairs),
        "head_bytes": sizer.size(pairs[-1][1]),
    }


def _batch(hub: Hub) -> Any:
    """What the stream of cases says of one more case, as Lambda hands it on."""
    hub.cloud.pump.held = True
    hub.life(hub.file(), *BEFORE)
    stream = hub.cloud.tables["CasesTable"].stream
    assert stream is not None
    return stream.read(stream.trimmed, 100)


def _keys(cloud: LocalCloud) -> Any:
    with urllib.request.urlopen(cloud.issuer.jwks_url) as answer:
        return json.load(answer)


def _step(cloud: LocalCloud, case: Filed) -> dict[str, Any]:
    action, who, body = GRANT
    event = _event(cloud, "POST", "/v1/cases/{case_id}/actions/{action}", who)
    event["headers"] |= {"Content-Type": "application/json", "If-Match": f'"{case.version}"'}
    event["pathParameters"] = {"case_id": case.id, "action": action}
    event["body"] = json.dumps(body, ensure_ascii=False)
    return event


def _page(cloud: LocalCloud) -> dict[str, Any]:
    event = _event(cloud, "GET", "/v1/desk", LI)
    event["multiValueQueryStringParameters"] = {"org": [HAISHU], "limit": [str(PAGE)]}
    return event


def _event(cloud: LocalCloud, method: str, route: str, who: Identity) -> dict[str, Any]:
    return {
        "resource": route,
        "httpMethod": method,
        "requestContext": {
            "httpMethod": method,
            "resourcePath": route,
            "requestTimeEpoch": int(cloud.now().timestamp() * 1000),
            "requestId": "5b0c2d3e-0000-4000-8000-000000000000",
        },
        "headers": {"Authorization": f"Bearer {cloud.token(who)}", "Accept": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
    }


def main(target: Path) -> None:
    """Write the document to `target`."""
    cloud = LocalCloud.start(NINE, runs=False)
    try:
        target.write_text(json.dumps(document(cloud), ensure_ascii=False), encoding="utf-8")
    finally:
        cloud.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
