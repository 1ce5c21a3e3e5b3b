"""The objects of the data lake in S3. No other module touches the bucket.

Objects are never changed: an object's key says what it holds, so to put it again is to put the same. This module must
not know what is in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.config import Config

from chalicelib import settings
from chalicelib.domain.lake import Stored
from chalicelib.store.connection import CONNECT_SECONDS, RETRIES, connection
from chalicelib.store.failures import guarded

READ_SECONDS = 20  # an object is up to six megabytes, and nobody waits for it


def put(key: str, content: bytes, content_type: str) -> None:
    """Keeps an object; Busy where S3 does not answer. One request."""
    with guarded():
        _client().put_object(Bucket=_bucket(), Key=key, Body=content, ContentType=content_type)


def listed(prefix: str) -> Iterator[Stored]:
    """The objects whose keys begin with `prefix`, by key; whatever was put before is among them. One request a
    thousand."""
    pages = _client().get_paginator("list_objects_v2").paginate(Bucket=_bucket(), Prefix=prefix)
    with guarded():
        for page in pages:
            yield from (Stored(each["Key"], each["Size"]) for each in page.get("Contents", ()))


def _bucket() -> str:
    return settings.current().lake_bucket


@cache
def _client() -> Any:
    waits = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"max_attempts": RETRIES})
    return connection().session.create_client("s3", config=waits)
