"""Reports as they are kept in S3: one object an edition, under period/organisation/edition, never changed. No other
module touches the bucket.

An object is put only if there is none of its name yet, and the bucket refuses any other put (infra/storage.yaml). This
module must not know what is in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from botocore.config import Config

from chalicelib import settings
from chalicelib.store.connection import CONNECT_SECONDS, READ_SECONDS, RETRIES, connection
from chalicelib.store.failures import ConditionFailed, guarded

READER = "write_reports"  # for whom a month is marked that was closed or corrected
_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Kept:
    """An edition that is kept: of whom and when, how many bytes, and since when."""

    period: str
    organisation: str
    edition: int
    size: int
    at: datetime


def put_new(period: str, organisation: str, edition: int, content: str) -> bool:
    """Keeps an edition; False where it is kept already, and nothing is changed. Busy where S3 does not answer: it may
    have arrived, and the same again finds it."""
    key = _key(period, organisation, edition)
    try:
        with guarded():
            _client().put_object(Bucket=_bucket(), Key=key, Body=content.encode(), ContentType=_TYPE, IfNoneMatch="*")
    except ConditionFailed:
        return False
    return True


def content(kept: Kept) -> str:
    """What an edition says."""
    with guarded():
        found = _client().get_object(Bucket=_bucket(), Key=_key(kept.period, kept.organisation, kept.edition))
        text: bytes = found["Body"].read()
    return text.decode()


def of(period: str, organisation: str) -> list[Kept]:
    """The editions of one organisation's report, the first first. One request."""
    return list(_listed(f"{period}/{organisation}/"))


def below(period: str, scope: str, after: tuple[str, int] | None = None) -> Iterator[Kept]:
    """The editions of all organisations whose codes begin with `scope`, by code and edition, behind `after`; a thousand
    are read at a time, when they are come to."""
    return _listed(f"{period}/{scope}", _key(period, *after) if after else "")


def periods() -> list[str]:
    """The periods of which there are reports, in the order of their names. One request a thousand."""
    pages = _client().get_paginator("list_objects_v2").paginate(Bucket=_bucket(), Delimiter="/")
    with guarded():
        return [each["Prefix"].rstrip("/") for page in pages for each in page.get("CommonPrefixes", ())]


def _listed(prefix: str, after: str = "") -> Iterator[Kept]:
    pages = _client().get_paginator("list_objects_v2").paginate(Bucket=_bucket(), Prefix=prefix, StartAfter=after)
    with guarded():
        for page in pages:
            yield from (_kept(each) for each in page.get("Contents", ()))


def _key(period: str, organisation: str, edition: int) -> str:
    return f"{period}/{organisation}/{edition:03d}.html"


def _kept(each: dict[str, Any]) -> Kept:
    period, organisation, name = each["Key"].split("/")
    return Kept(period, organisation, int(name.removesuffix(".html")), each["Size"], each["LastModified"])


def _bucket() -> str:
    return settings.current().reports_bucket


@cache
def _client() -> Any:
    waits = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"max_attempts": RETRIES})
    return connection().session.create_client("s3", config=waits)
