"""The one connection to DynamoDB of this process, and how long it may take.

A second botocore client costs as much as the first (about 100 ms of a cold start), so every model and every
transaction shares this one. The time-outs fit the 29 seconds of API Gateway with room for an answer; the
library's own (15 s, 30 s, three retries) do not.
"""

from __future__ import annotations

from functools import cache

from botocore.config import Config
from pynamodb.connection import Connection
from pynamodb.models import Model

CONNECT_SECONDS = 1
READ_SECONDS = 3
RETRIES = 2
USER_AGENT = "zhongshu"


@cache
def connection() -> Connection:
    """The connection, made when it is first needed."""
    made = Connection(
        connect_timeout_seconds=CONNECT_SECONDS, read_timeout_seconds=READ_SECONDS, max_retry_attempts=RETRIES
    )
    # botocore composes its own name anew for every request, out of a dozen parts
    made.session.set_default_client_config(Config(user_agent=USER_AGENT))
    return made


def share(model: type[Model]) -> None:
    """Lets `model` use the one connection instead of a client of its own."""
    table = model._get_connection()
    meta = table.connection.get_meta_table(model.Meta.table_name)
    connection().add_meta_table(meta)
    table.connection = connection()
