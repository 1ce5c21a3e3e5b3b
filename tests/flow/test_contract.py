"""The published contract is what the door does: schemathesis against /v1/openapi.json, in process.

Every operation, with generated requests that fit the contract and such that do not, without a token and as several
identities: no 5xx, and no status, media type, header or body outside the contract.
"""

from __future__ import annotations

import zlib
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.flow.conftest import Filed, Hub
from tests.support.town import ACCEPT, HAISHU, LI, NINGBO, POOL, ZHANG, Identity

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    "GET /v1/assessments/{period}/{city}",
    "GET /v1/calendar/deadline",
    "GET /v1/calendars/{year}",
    "GET /v1/cases",
    "GET /v1/cases/{case_id}",
    "GET /v1/cases/{case_id}/deadline",
    "GET /v1/cases/{case_id}/dossier",
    "GET /v1/cases/{case_id}/findings",
    "GET /v1/cases/{case_id}/history",
    "GET /v1/cases/{case_id}/orders",
    "GET /v1/cases/{case_id}/rating-link",
    "GET /v1/cases/{case_id}/ratings",
    "GET /v1/cells/{org}/{day}",
    "GET /v1/centres",
    "GET /v1/centres/{code}",
    "GET /v1/complaints",
    "GET /v1/delegations",
    "GET /v1/desk",
    "GET /v1/findings",
    "GET /v1/forecasts/{org}",
    "GET /v1/forecasts/{org}/cases",
    "GET /v1/indicators",
    "GET /v1/indices/{period}",
    "GET /v1/indices/{period}/{org}",
    "GET /v1/indices/{period}/{org}/{indicator}/facts",
    "GET /v1/items",
    "GET /v1/items/{item_id}",
    "GET /v1/knowledge",
    "GET /v1/knowledge/{knowledge_id}",
    "GET /v1/openapi.json",
    "GET /v1/orders",
    "GET /v1/orders/kinds",
    "GET /v1/orders/mine",
    "GET /v1/orders/{order_id}",
    "GET /v1/orders/{order_id}/dossier",
    "GET /v1/orders/{order_id}/history",
    "GET /v1/organisations",
    "GET /v1/organisations/{code}",
    "GET /v1/procedures",
    "GET /v1/quarantine",
    "GET /v1/rating-form",
    "GET /v1/ratings",
    "GET /v1/ratings/{rating_id}",
    "GET /v1/reports",
    "GET /v1/reports/{period}",
    "GET /v1/reports/{period}/{org}",
    "GET /v1/rules",
    "GET /v1/staff/{staff_id}",
    "POST /v1/cases",
    "POST /v1/cases/{case_id}/actions/{action}",
    "POST /v1/indices/{period}/close",
    "POST /v1/orders",
    "POST /v1/orders/progress",
    "POST /v1/orders/{order_id}/actions/{action}",
    "POST /v1/progress",
    "POST /v1/quarantine/{reader}/{sequence}/redrive",
    "POST /v1/questions",
    "POST /v1/rating-progress",
    "POST /v1/ratings",
    "PUT /v1/calendars/{year}",
    "PUT /v1/centres/{code}",
    "PUT /v1/delegations/{delegation_id}",
    "PUT /v1/devices/{device_id}",
    "PUT /v1/items/{item_id}",
    "PUT /v1/knowledge/{knowledge_id}",
    "PUT /v1/organisations/{code}",
    "PUT /v1/ratings/{rating_id}/review",
    "PUT /v1/staff/{staff_id}",
]
PEOPLE: list[Identity | None] = [None, ZHANG, LI, POOL]
MOST = 8  # requests for each operation, kind and person


@pytest.fixture
def schema(hub: Hub) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        # werkzeug's client keeps the query out of REQUEST_URI, where servers have it
        return hub.cloud.wsgi({k: v for k, v in environ.items() if k != "REQUEST_URI"}, start_response)

    return schemathesis.openapi.from_wsgi("/v1/openapi.json", application)


def test_every_operation_is_in_the_list_that_is_tried(hub: Hub) -> None:
    paths = hub.get("/v1/openapi.json")["paths"]
    assert sorted(f"{method.upper()} {path}" for path, methods in paths.items() for method in methods) == OPERATIONS


def existing(case: Filed) -> dict[str, str]:
    return {
        "case_id": case.id,
        "action": "notify",
        "item_id": "hotel-licence",
        "knowledge_id": "passport-first",
        "delegation_id": "some-delegation",
        "order_id": "0" * 24,
        "rating_id": f"{'0' * 24}-1",
        "device_id": "tablet-1",
        "code": HAISHU,
        "staff_id": "li",
        "year": "2026",
        "reader": "on_case_change",
        "sequence": "1",
        "period": "2026-03",
        "org": HAISHU,
        "city": NINGBO,
        "day": "2026-03-02",
        "indicator": "online_rate",
    }


def judged(case: Any) -> list[Any]:
    """The checks for a request: one whose query or body does not fit must be refused as well, if that was sent: of an
    empty list nothing stands in an address."""
    broken = {str(location.value) for location, info in case.meta.components.items() if info.mode.is_negative}
    if any(value == [] for value in (case.query or {}).values()):
        broken -= {"query"}
    return [*CHECKS, negative_data_rejection] if broken & {"query", "body"} else CHECKS


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("label", OPERATIONS)
def test_no_answer_is_outside_the_contract(label: str, mode: GenerationMode, schema: Any, hub: Hub) -> None:
    method, path = label.split()
    operation = schema[path][method]
    public = operation.definition.raw["security"] == []
    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body or operation.path_parameters):
        pytest.skip("there is nothing that could be wrong")
    names = existing(hub.life(hub.file(), ACCEPT))
    hub.cloud.run_schedule("compute_indices")
    hub.cloud.run_schedule("forecast_units")

    @seed(zlib.crc32(label.encode()))
    @settings(
        max_examples=MOST,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        for who in [None] if public else PEOPLE:
            if who or public:  # names that are there, so that not every request ends at 404
                case.path_parameters = {name: names[name] for name in case.path_parameters}
            token = {"Authorization": f"Bearer {hub.cloud.token(who)}"} if who else {}
            case.headers = {name: text for name, text in case.headers.items() if name != "Authorization"}
            case.validate_response(case.call(headers=token), checks=judged(case))

    ask()
