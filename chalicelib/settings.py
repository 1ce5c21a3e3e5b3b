"""What the environment tells the platform: read once, checked at once, passed on as one value.

All variables but REQUEST_SECONDS and DEFAULT_RATING are required. One that is missing or not understood stops the
function when it is loaded, with a message that names the variable and never shows its value: three of them are keys.
This module must not open connections.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

# Whoever asks has an answer within eight seconds; one of them is for all that is not DynamoDB. An attempt may take
# three, so fewer than four leave nothing for a second one. The Lambda itself lasts 25.
_REQUEST_SECONDS, _LEAST_SECONDS, _MOST_SECONDS = 7, 4, 24


class BadSetting(RuntimeError):  # noqa: N818  it says what the setting is
    """An environment variable is missing or not understood; the message names it and what it must be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`request_seconds` is what a request may spend on DynamoDB; `index_keys` maps the version of a blind-index key to
    its bytes; `receipt_key` makes query codes and rating links; `rating_key` names what was rated; `rating_page` is the
    address of the page where a rating link is used; `default_rating`: whether who did not rate in a week is put down as
    fairly satisfied (默认评价), which is never counted."""

    stage: str
    cases_table: str
    dossiers_table: str
    requests_table: str
    registry_table: str
    orders_table: str
    findings_table: str
    deadlines_table: str
    facts_table: str
    dirty_table: str
    days_table: str
    cells_table: str
    indices_table: str
    forecasts_table: str
    quarantine_table: str
    conversations_table: str
    ratings_table: str
    lake_bucket: str
    reports_bucket: str
    oidc_issuer: str
    oidc_audience: str
    oidc_jwks_url: str
    rating_page: str
    default_rating: bool
    request_seconds: int
    index_keys: Mapping[int, bytes] = field(repr=False)
    receipt_key: bytes = field(repr=False)
    rating_key: bytes = field(repr=False)

    @property
    def index_key_version(self) -> int:
        """The version under which new blind indexes are written: the highest."""
        return max(self.index_keys)


def load(environment: Mapping[str, str]) -> Settings:
    """The settings in `environment`. Raises BadSetting that names the first variable at fault."""
    return Settings(
        stage=_text(environment, "STAGE"),
        cases_table=_text(environment, "CASES_TABLE"),
        dossiers_table=_text(environment, "DOSSIERS_TABLE"),
        requests_table=_text(environment, "REQUESTS_TABLE"),
        registry_table=_text(environment, "REGISTRY_TABLE"),
        orders_table=_text(environment, "ORDERS_TABLE"),
        findings_table=_text(environment, "FINDINGS_TABLE"),
        deadlines_table=_text(environment, "DEADLINES_TABLE"),
        facts_table=_text(environment, "FACTS_TABLE"),
        dirty_table=_text(environment, "DIRTY_TABLE"),
        days_table=_text(environment, "DAYS_TABLE"),
        cells_table=_text(environment, "CELLS_TABLE"),
        indices_table=_text(environment, "INDICES_TABLE"),
        forecasts_table=_text(environment, "FORECASTS_TABLE"),
        quarantine_table=_text(environment, "QUARANTINE_TABLE"),
        conversations_table=_text(environment, "CONVERSATIONS_TABLE"),
        ratings_table=_text(environment, "RATINGS_TABLE"),
        lake_bucket=_text(environment, "LAKE_BUCKET"),
        reports_bucket=_text(environment, "REPORTS_BUCKET"),
        oidc_issuer=_text(environment, "OIDC_ISSUER"),
        oidc_audience=_text(environment, "OIDC_AUDIENCE"),
        oidc_jwks_url=_url(environment, "OIDC_JWKS_URL"),
        rating_page=_url(environment, "RATING_PAGE"),
        default_rating=_switch(environment, "DEFAULT_RATING"),
        request_seconds=_seconds(environment, "REQUEST_SECONDS"),
        index_keys=_keys(environment, "INDEX_KEYS"),
        receipt_key=_key("RECEIPT_KEY", _text(environment, "RECEIPT_KEY")),
        rating_key=_key("RATING_KEY", _text(environment, "RATING_KEY")),
    )


@functools.cache
def current() -> Settings:
    """The settings of this process, read from its environment at the first call."""
    return load(os.environ)


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise BadSetting(f"{name} is not set")
    return value


def _url(environment: Mapping[str, str], name: str) -> str:
    value = _text(environment, name)
    parts = urlsplit(value)
    loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    if not parts.hostname or not (parts.scheme == "https" or loopback):
        raise BadSetting(f"{name} must be an https:// address (http:// only on the machine itself)")
    return value


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "off").strip()
    if text not in ("on", "off"):
        raise BadSetting(f"{name} must be on or off")
    return text == "on"


def _seconds(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, str(_REQUEST_SECONDS)).strip()
    if not re.fullmatch(r"[1-9][0-9]?", text, re.ASCII) or not _LEAST_SECONDS <= int(text) <= _MOST_SECONDS:
        raise BadSetting(f"{name} must be a whole number of seconds from {_LEAST_SECONDS} to {_MOST_SECONDS}")
    return int(text)


def _key(name: str, text: str) -> bytes:
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2}){32,64}", text):
        raise BadSetting(f"{name} must be 32 to 64 bytes in hexadecimal")
    return bytes.fromhex(text)


def _keys(environment: Mapping[str, str], name: str) -> Mapping[int, bytes]:
    keys: dict[int, bytes] = {}
    for entry in _text(environment, name).split(","):
        version, colon, text = entry.strip().partition(":")
        if not colon or not re.fullmatch(r"[1-9][0-9]{0,4}", version):
            raise BadSetting(f'{name} must read "1:<hex>,2:<hex>", versions from 1')
        if int(version) in keys:
            raise BadSetting(f"{name} names version {int(version)} twice")
        keys[int(version)] = _key(name, text)
    return keys
