"""The platform before a DynamoDB that takes every call and answers none, on a real line and by the real clock.

`asked` needs a process that has not loaded the app yet. This module must not judge.
"""

from __future__ import annotations

import importlib
import os
import socket
import time
from collections.abc import Mapping
from contextlib import closing

from chalice.local import LambdaContext

from infra.local import cloud, tables
from tests.faults.town import LAMBDA_SECONDS, Request, event, filing, reading, step
from tests.support import town as people
from tests.support.issuing import AUDIENCE, ISSUER, NOW, Issuer, token

ENVIRONMENT = {
    **cloud.ENVIRONMENT,
    **{tables.variable(name): name for name in tables.tables_of(tables.read_template(cloud.TEMPLATE), "local")},
    "OIDC_ISSUER": ISSUER,
    "OIDC_AUDIENCE": AUDIENCE,
    "OIDC_JWKS_URL": "https://id.example.cn/jwks",
}
NUMBER = "330203112609300000001"
REQUESTS: Mapping[str, Request] = {
    "intake": filing(people.ZHANG, people.hotel(), "once"),
    "step": step(people.LI, NUMBER, *people.ACCEPT[::2], 1, None),
    "reading": reading(people.LI, NUMBER),
}


def asked(name: str, **changed: str) -> tuple[int, str | None, float]:
    """Status, Retry-After and the seconds until the answer, with so changed an environment."""
    request = REQUESTS[name]
    with closing(Issuer()) as issuer, socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        os.environ.update(ENVIRONMENT, OIDC_JWKS_URL=issuer.url, AWS_ENDPOINT_URL_DYNAMODB=address, **changed)
        app = importlib.import_module("app").app
        sent = event(request, token(**{"org": ..., "posts": ..., "lines": ..., **request.who}), NOW)
        start = time.monotonic()
        answer = app(sent, LambdaContext("api_handler", 512, LAMBDA_SECONDS * 1000))
        return answer["statusCode"], answer["headers"].get("Retry-After"), time.monotonic() - start
