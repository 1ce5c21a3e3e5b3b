"""The reference page: Swagger UI over /v1/openapi.json; and the page where a rating link is used. From files on this
machine only.

This module must not know the platform's routes beyond the address of their description.
"""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import Any

from infra.local.answers import Answer

_OWN = "infra.local"
_SWAGGER = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_FILES = {
    "/": (_OWN, "page/index.html", "text/html; charset=utf-8"),
    "/rate": (_OWN, "page/rate.html", "text/html; charset=utf-8"),
    "/_page/rate.js": (_OWN, "page/rate.js", "text/javascript; charset=utf-8"),
    "/_page/page.css": (_OWN, "page/page.css", "text/css; charset=utf-8"),
    "/_page/page.js": (_OWN, "page/page.js", "text/javascript; charset=utf-8"),
    "/_page/swagger-ui.min.css": (_SWAGGER, "swagger-ui.min.css", "text/css; charset=utf-8"),
    "/_page/swagger-ui-bundle.min.js": (
        _SWAGGER,
        "swagger-ui-bundle.min.js",
        "text/javascript; charset=utf-8",
    ),
}
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


def answer(method: str, path: str, environ: dict[str, Any]) -> Answer | None:
    """The page or one of its files for GET and HEAD; None for everything else."""
    if path not in _FILES or method not in ("GET", "HEAD"):
        return None
    body, tag = _content(path)
    headers = (
        ("Content-Type", _FILES[path][2]),
        ("Cache-Control", "no-cache"),
        ("ETag", tag),
        ("Content-Security-Policy", _POLICY),
        ("X-Content-Type-Options", "nosniff"),
    )
    if environ.get("HTTP_IF_NONE_MATCH") == tag:
        return Answer(304, headers, b"")
    return Answer(200, headers, body)


@functools.cache
def _content(path: str) -> tuple[bytes, str]:
    package, name, _ = _FILES[path]
    body = resources.files(package).joinpath(name).read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'
