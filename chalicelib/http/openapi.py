"""The reference of the HTTP door: an OpenAPI 3.1 document made from the declarations that are enforced.

Whatever `operation` checks is written down here and nothing else, so the document cannot promise more than
the door does. This module must not add facts of its own about a route.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, RootModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from chalicelib import errors
from chalicelib.http import identity, operation, problems
from chalicelib.http.operation import Access, Answer, Call, Door, Operation, Verify

_REF = "#/components/schemas/{model}"
_TEXT = {
    "type": "object",
    "required": ["zh-CN", "en"],
    "properties": {"zh-CN": {"type": "string"}, "en": {"type": "string"}},
}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "问题详情 (RFC 9457). `title` and `detail` follow Accept-Language; `text` has both.",
    "required": ["type", "title", "status", "code", "detail", "text", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "text": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "text"],
                "properties": {"field": {"type": "string"}, "code": {"type": "string"}, "text": _TEXT},
            },
        },
        "allowed_actions": {"type": "array", "items": {"type": "string"}},
        "reference": {"type": "string", "description": "Of an internal error: what to tell operations."},
    },
}
_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "zh-CN (default) or en: the language of `title` and `detail`.",
    "schema": {"type": "string"},
    "example": "zh-CN",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "1 to 64 visible ASCII characters, new for each request, the same at every retry of it.",
    "schema": {"type": "string", "pattern": f"^{operation.KEY_PATTERN}$"},
    "example": "7f9c2ba4-0c6e-4a0c-9d54-0b1d7c9b6f10",
}
_VERSION = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag last read: one strong tag.",
    "schema": {"type": "string", "pattern": f"^{operation.VERSION_PATTERN}$"},
    "example": '"1"',
}


_SECURITY: Mapping[Access, list[dict[str, list[str]]]] = {
    Access.token: [{"bearer": []}],
    Access.public: [],
    Access.either: [{"bearer": []}, {}],
}


def document(doors: Sequence[Door]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of all operations of `doors`. Raises ValueError for two of one name."""
    operations = [each for door in doors for each in door.operations]
    names = [each.id for each in operations]
    if len(set(names)) < len(names):
        raise ValueError(f"operation names must differ: {sorted(names)}")
    references, schemas = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "中枢 Zhongshu",
            "version": "1",
            "summary": "公安政务服务中枢 · A hub for public-security government-service centres",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": door.tag, "description": " · ".join(door.title)} for door in doors if door.operations],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


_References = Mapping[tuple[type[BaseModel], JsonSchemaMode], Mapping[str, Any]]


def _schemas(operations: Sequence[Operation]) -> tuple[_References, dict[str, Any]]:
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for each in operations:
        for model in (each.body, each.query):
            if model:
                wanted[model, "validation"] = None
        wanted[each.out, "serialization"] = None
    references, definitions = models_json_schema(list(wanted), ref_template=_REF)
    return references, definitions.get("$defs", {})  # type: ignore[return-value]  # keys are BaseModels


def _operation(each: Operation, references: _References) -> dict[str, Any]:
    zh, en = each.summary
    written: dict[str, Any] = {
        "operationId": each.id,
        "tags": [each.tag],
        "summary": f"{zh} · {en}",
        "description": each.description,
        "parameters": _parameters(each),
        "responses": _responses(each, references[each.out, "serialization"]),
        "security": _SECURITY[each.access],
    }
    if each.body:
        schema = references[each.body, "validation"]
        written["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return written


def _parameters(each: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^(?:{pattern})$"},
        }
        for name, pattern in each.where.items()
    ]
    if each.query:
        found += _query_parameters(each.query)
    if each.key:
        found.append({**_KEY, "required": each.key is True})
    if each.version:
        found.append(_VERSION)
    return [*found, _LANGUAGE]


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    if "$defs" in schema:
        schema = _inlined(schema, schema["$defs"])
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _not_null(part)}
        for name, part in schema["properties"].items()
    ]


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    """`part` with every reference replaced by what it refers to: enumerations, in queries."""
    if isinstance(part, list):
        return [_inlined(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return definitions[part["$ref"].rsplit("/", 1)[-1]]
    return {name: _inlined(value, definitions) for name, value in part.items() if name != "$defs"}


def _not_null(part: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter can be left out and cannot be null, whatever its Python type says."""
    kinds = [each for each in part.get("anyOf", ()) if each != {"type": "null"}]
    rest = {name: value for name, value in part.items() if name != "anyOf"}
    if rest.get("default", "") is None:
        del rest["default"]
    if len(kinds) == 1:
        return {**rest, **kinds[0]}
    return {**rest, "anyOf": kinds} if kinds else rest


def _responses(each: Operation, schema: Mapping[str, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"schema": {"type": "string"}}}
    if each.etag:
        headers["ETag"] = {
            "description": "The version, for If-Match.",
            "schema": {"type": "string", "pattern": f"^{operation.VERSION_PATTERN}$"},
        }
    found: dict[str, Any] = {
        str(status): {
            "description": " · ".join(each.summary),
            "headers": headers,
            "content": {
                "application/json": {"schema": schema},
                **{media: {"schema": {"type": "string"}} for media in each.files},
            },
        }
        for status in each.statuses
    }
    codes: dict[int, list[str]] = {500: [problems.INTERNAL]}
    for refusal in each.refusals:
        codes.setdefault(problems.TABLE[refusal.code].status, []).append(refusal.code)
    return found | {str(status): _refusal(codes[status]) for status in sorted(codes)}


def _refusal(codes: Sequence[str]) -> dict[str, Any]:
    rows = [problems.TABLE[code] for code in codes]
    schema = {
        "$ref": "#/components/schemas/Problem",
        "properties": {"code": {"enum": list(codes)}, "status": {"const": rows[0].status}},
    }
    return {
        "description": "; ".join(f"{row.zh} · {row.en}" for row in rows),
        "content": {problems.MEDIA_TYPE: {"schema": schema, "examples": _examples(codes)}},
    }


def _examples(codes: Sequence[str]) -> dict[str, Any]:
    kinds = {kind.code: kind for kind in errors.Refused.__subclasses__()}
    return {code: {"value": problems.document(kinds[code](), problems.Language.zh)} for code in codes if code in kinds}


class Document(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""


def door_for(doors: Callable[[], Sequence[Door]], verify: Verify = identity.verify) -> Door:
    """A door whose GET /v1/openapi.json gives the document of all `doors`, which are asked for then: it is one of
    them."""
    door = Door(__name__, ("接口文档", "Reference"), verify)

    @functools.cache
    def whole() -> Document:
        return Document(document(doors()))

    @door.operation(
        "GET",
        "/v1/openapi.json",
        summary=("接口文档", "This document"),
        out=Document,
        access=Access.public,
    )
    def read(call: Call) -> Answer:  # noqa: ARG001  every handler takes the call
        return Answer(whole())

    return door
