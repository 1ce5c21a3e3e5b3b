"""The reference page: Swagger UI over /v1/openapi.json; the page where a rating link is used; the dashboards of a
stack, and the runbook to which their alarms lead. From files on this machine only.

This module must not know the platform's routes beyond the address of their description.
"""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

from infra.local.answers import Answer

_OWN = "infra.local"
_SWAGGER = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_RUNBOOK = Path(__file__).parents[2] / "docs/runbook.md"
_BOARD = "/dashboards"
_HTML, _SCRIPT, _STYLE = (f"text/{kind}; charset=utf-8" for kind in ("html", "javascript", "css"))
_FILES = {
    "/": (_OWN, "page/index.html", _HTML),
    "/rate": (_OWN, "page/rate.html", _HTML),
    "/_page/rate.js": (_OWN, "page/rate.js", _SCRIPT),
    _BOARD: (_OWN, "page/dashboards.html", _HTML),
    "/_page/dashboards.css": (_OWN, "page/dashboards.css", _STYLE),
    **{
        f"/_page/{name}.js": (_OWN, f"page/{name}.js", _SCRIPT)
        for name in ("dashboards", "chart", "markdown", "theme", "runbook")
    },
    "/runbook": (_OWN, "page/runbook.html", _HTML),
    "/_page/runbook.md": ("", "runbook.md", "text/plain; charset=utf-8"),
    "/_page/page.css": (_OWN, "page/page.css", _STYLE),
    "/_page/page.js": (_OWN, "page/page.js", _SCRIPT),
    "/_page/swagger-ui.min.css": (_SWAGGER, "swagger-ui.min.css", _STYLE),
    "/_page/swagger-ui-bundle.min.js": (_SWAGGER, "swagger-ui-bundle.min.js", _SCRIPT),
}
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


def answer(method: str, path: str, environ: dict[str, Any]) -> Answer | None:
    """The page or one of its files for GET and HEAD; None for everything else."""
    path = _BOARD if path.startswith(f"{_BOARD}/") else path  # which of them its script asks for
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
    body = resources.files(package).joinpath(name).read_bytes() if package else _RUNBOOK.read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'
