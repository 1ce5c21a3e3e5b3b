"""A deployed stage as an operator's tool sees it: names of tables and buckets, for a process that does not run there.

Region and credentials are the operator's own, found as every AWS tool finds them. This module must not know what a tool
does with the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.local import buckets, tables

_TEMPLATE = Path(__file__).parent / "tables.yaml"
_BUCKETS = _TEMPLATE.with_name(buckets.FILE)
# What the platform demands of its environment and these tools have no use for: they verify no token, index nobody and
# take no rating.
_NOT_USED = {
    "OIDC_ISSUER": "https://not-used.invalid",
    "OIDC_AUDIENCE": "not-used",
    "OIDC_JWKS_URL": "https://not-used.invalid",
    "INDEX_KEYS": "1:" + "00" * 32,
    "RECEIPT_KEY": "00" * 32,
    "RATING_KEY": "00" * 32,
    "RATING_PAGE": "https://not-used.invalid",
}


def variables(stage: str, account: str) -> Mapping[str, str]:
    """The environment for a process that reads and writes the tables and buckets of `stage` in an AWS account."""
    names = tables.tables_of(tables.read_template(_TEMPLATE), stage)
    return {
        **_NOT_USED,
        "STAGE": stage,
        **buckets.variables(_BUCKETS, stage, account),
        **{tables.variable(logical_id): each["TableName"] for logical_id, each in names.items()},
    }
