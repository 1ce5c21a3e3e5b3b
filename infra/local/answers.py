"""Answers of the local cloud's HTTP side, before they become WSGI. This module must not know routes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import InvalidInput, NotJson, Refused
from chalicelib.http import problems


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `headers` keeps its order and may hold a name twice."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def problem(refusal: Refused, accept_language: str | None, *headers: tuple[str, str]) -> Answer:
    """A refusal as the problem document that the platform itself would send."""
    response = problems.problem(refusal, problems.language(accept_language))
    given = tuple((name, str(value)) for name, value in response.headers.items())
    return Answer(response.status_code, (*given, *headers), response.body.encode())


def document(status: int, value: Any) -> Answer:
    """A JSON answer that nobody may keep."""
    headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
    return Answer(status, headers, json.dumps(value, ensure_ascii=False).encode())


def fields_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body; nothing is the empty object. Raises NotJson or InvalidInput."""
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except ValueError:
        raise NotJson() from None
    if not isinstance(value, dict):
        raise InvalidInput("请求内容应为JSON对象", "the body must be a JSON object")
    return value
