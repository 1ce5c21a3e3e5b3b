"""What API Gateway answers by itself, as problem documents with the words of the app; and whether it asks for keys.

infra/gateway.yaml says which code of chalicelib/http/problems.py each response type stands for. This module must not
have words of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chalicelib.http import problems
from infra.functions import Function

Template = dict[str, Any]
SECTION = "Refusals"
_REQUEST = "$context.requestId"
_HEADERS = {
    "Content-Type": problems.MEDIA_TYPE,  # the gateway would say application/json, whatever template it took
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Request-Id, Retry-After",
    "Cache-Control": "no-store",
    "Content-Language": problems.Language.zh.value,
    "X-Content-Type-Options": "nosniff",
}


def responses(_functions: Sequence[Function], so_far: Template) -> Template:
    """The part of the API's definition that holds the gateway's responses."""
    made = {kind: _response(**row) for kind, row in so_far[SECTION].items()}
    body = {"x-amazon-apigateway-gateway-responses": made}
    return {"Resources": {"RestAPI": {"Properties": {"DefinitionBody": body}}}}


def keys(_functions: Sequence[Function], so_far: Template) -> Template:
    """Each method asks for the key of a channel where the stage has them."""
    asked = {"security": {"Fn::If": ["HasApiKeys", [{"api_key": []}], {"Ref": "AWS::NoValue"}]}}
    paths = so_far["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    body = {
        "securityDefinitions": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        "paths": {path: dict.fromkeys(methods, asked) for path, methods in paths.items()},
    }
    return {"Resources": {"RestAPI": {"Properties": {"DefinitionBody": body}}}}


def _response(code: str, status: int | None = None) -> Template:
    """Where the gateway has several statuses under one type, none is told in the document."""
    headers = dict(_HEADERS)
    if status in (429, 503):
        headers["Retry-After"] = str(problems.RETRY_AFTER)
    if status == 401:
        headers["WWW-Authenticate"] = problems.CHALLENGE
    written = {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()}
    written["gatewayresponse.header.X-Request-Id"] = _REQUEST.removeprefix("$")
    here: Template = {"status": status, "errors": [], "reference": _REQUEST}
    document = problems.document_of(code, problems.Language.zh) | here
    told = {name: value for name, value in document.items() if value is not None}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    response: Template = {"responseParameters": written, "responseTemplates": {"application/json": text}}
    return response | ({"statusCode": str(status)} if status else {})
