"""waitress before the local cloud's WSGI application, on loopback. This module must not know routes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

from chalicelib.errors import TooLarge
from infra.local.answers import problem
from infra.local.gateway import BODY_LIMIT


class _ProblemTask(ErrorTask):  # type: ignore[misc]
    """Answers a body that waitress stopped reading with the platform's own problem document."""

    def execute(self) -> None:
        if self.request.error.code != 413:
            super().execute()
            return
        answer = problem(TooLarge(), self.request.headers.get("ACCEPT_LANGUAGE"))
        self.status = "413 Content Too Large"
        self.response_headers.extend([*answer.headers, ("Connection", "close")])
        self.content_length = len(answer.body)
        self.response_headers.append(("Content-Length", str(len(answer.body))))
        self.close_on_finish = True
        self.write(answer.body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    error_task_class = _ProblemTask


@contextlib.contextmanager
def serving(application: Callable[..., Iterable[bytes]], port: int) -> Iterator[Any]:
    """A waitress server, bound and not yet running; closed at the end. Raises OSError if the port is taken."""
    server = create_server(
        application,
        host="127.0.0.1",
        port=port,
        threads=4,
        max_request_body_size=BODY_LIMIT + 1,
        ident=None,
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = _Channel
    try:
        yield server
    finally:
        server.close()
