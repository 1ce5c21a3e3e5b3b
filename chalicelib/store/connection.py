"""The one connection to DynamoDB of this process, and how long it may take.

A second botocore client costs as much as the first (about 100 ms of a cold start), so every model and every
transaction shares this one. The library's own limits (15 s, 30 s, three retries) do not fit the 29 seconds of API
Gateway: here an attempt takes three seconds at most, a call three attempts, and all calls of a request together what
its `Budget` leaves them. This module must not know what is asked.
"""

from __future__ import annotations

import math
from contextvars import ContextVar, Token
from functools import cache, cached_property
from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.store.failures import busy

CONNECT_SECONDS = 1
READ_SECONDS = 2
ATTEMPT_SECONDS = CONNECT_SECONDS + READ_SECONDS
RETRIES = 2
ANSWER_SECONDS = 0.5  # of the Lambda's time, kept for saying that it did not suffice
USER_AGENT = "zhongshu"
SERVICES = ("dynamodb", "dynamodbstreams", "s3")  # whose clients the session makes


class Budget:
    """What one request may spend on DynamoDB and S3: `request_seconds` of the settings from when this is made, and
    never more than its Lambda has left. Every call that is made while it is entered draws on it.

    `context` is the Lambda's, whose remaining time is the clock: it comes with the event, as all time does. Without
    one (the app called by hand) the SDK's own limits are all there is.
    """

    def __init__(self, context: Any) -> None:
        self._context = context
        self._begun = self._remaining()

    def __enter__(self) -> None:
        self._outer: Token[Budget | None] = _budget.set(self if self._context else None)

    def __exit__(self, *_: object) -> None:
        _budget.reset(self._outer)

    def left(self) -> float:
        """Seconds; what may take longer must not begin."""
        remaining = self._remaining()
        spent = self._begun - remaining
        return min(settings.current().request_seconds - spent, remaining - ANSWER_SECONDS)

    def _remaining(self) -> float:
        return self._context.get_remaining_time_in_millis() / 1000 if self._context else math.inf


class _Loader(Loader):  # type: ignore[misc]  # botocore has no stubs
    """The SDK's, which would look into the folders of four hundred services to find that there is the one."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  each service has all that is asked
        return list(SERVICES)


class _Connection(Connection):
    """PynamoDB's, with one session for all threads: whichever of them makes the client, it keeps to the budget."""

    @cached_property
    def session(self) -> Session:
        made = super().session
        # botocore composes its own name anew for every request, out of a dozen parts
        made.set_default_client_config(Config(user_agent=USER_AGENT))
        described = made.get_config_variable("data_path")  # what is packaged of the SDK: infra/build/sdk.py
        made.register_component("data_loader", _Loader([described] if described else None))
        for service in ("dynamodb", "s3"):
            made.register(f"before-send.{service}", _begin)
            made.register(f"needs-retry.{service}", _begin_again)  # comes before the SDK's own; the first word counts
        return made


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@cache
def connection() -> Connection:
    """The connection, made when it is first needed."""
    return _Connection(
        connect_timeout_seconds=CONNECT_SECONDS, read_timeout_seconds=READ_SECONDS, max_retry_attempts=RETRIES
    )


def share(model: type[Model]) -> None:
    """Lets `model` use the one connection instead of a client of its own."""
    table = model._get_connection()
    meta = table.connection.get_meta_table(model.Meta.table_name)
    connection().add_meta_table(meta)
    table.connection = connection()


def _suffices() -> bool:
    """Whether what the present request has left suffices for one more attempt."""
    budget = _budget.get()
    return budget is None or budget.left() >= ATTEMPT_SECONDS


def _begin(**_: Any) -> None:
    if not _suffices():
        raise busy()


def _begin_again(**_: Any) -> bool | None:
    """False: no retry, and no pause before it; the failure of this attempt is told. None leaves it to the SDK."""
    return None if _suffices() else False
