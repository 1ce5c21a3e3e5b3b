"""Dossiers (卷宗): form, applicant, materials and long texts of a case; the only place of personal data.

Everything personal passes through `seal` and `unseal`, where field encryption will be put. A dossier is never
overwritten: each correction adds a part, so that every commitment in the history can be checked. No other module
touches the dossiers table.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.store.connection import share
from chalicelib.store.failures import ConditionFailed, guarded, persistently

COMMITMENT_BYTES = 16
LONGEST_BATCH = 100  # keys of one BatchGetItem
SALT_BYTES = 16
_FORM = "form#"
_TEXT = "text#"


class DossierRow(Model):
    """One part of a dossier: `form#<version>` or `text#<digest>`."""

    class Meta:
        table_name = settings.current().dossiers_table
        billing_mode = "PAY_PER_REQUEST"

    id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    body = BinaryAttribute(legacy_encoding=False)
    salt = BinaryAttribute(legacy_encoding=False, null=True)


share(DossierRow)


@dataclass(frozen=True, slots=True)
class Dossier:
    """What was filed, as one document, with the salt of its commitment."""

    document: Mapping[str, Any]
    salt: bytes

    @property
    def commitment(self) -> bytes:
        """What a node says of it: an HMAC under the dossier's own salt, so that once the dossier is shredded
        nothing is left to guess from."""
        text = json.dumps(self.document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hmac.new(self.salt, text.encode(), hashlib.sha256).digest()[:COMMITMENT_BYTES]


def new(document: Mapping[str, Any]) -> Dossier:
    """A dossier with a fresh salt."""
    return Dossier(document, secrets.token_bytes(SALT_BYTES))


def seal(document: Mapping[str, Any]) -> bytes:
    """The stored form of personal data."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def unseal(body: bytes) -> dict[str, Any]:
    """Personal data from its stored form."""
    document: dict[str, Any] = json.loads(body)
    return document


def row_of(case_id: str, version: int, dossier: Dossier) -> DossierRow:
    """The part that the node with this version commits to."""
    return DossierRow(case_id, _form_part(version), body=seal(dossier.document), salt=dossier.salt)


def load(case_id: str, version: int) -> Dossier | None:
    """The dossier that the node with this version committed to; None when it was shredded."""
    try:
        with guarded():
            row = DossierRow.get(case_id, _form_part(version), consistent_read=True)
    except DossierRow.DoesNotExist:
        return None
    return Dossier(unseal(row.body), row.salt or b"")


def put_texts(case_id: str, texts: Mapping[bytes, str]) -> None:
    """Keeps long texts under their digests; one that is there already stays."""
    for digest, text in texts.items():
        row = DossierRow(case_id, _TEXT + digest.hex(), body=text.encode())
        with suppress(ConditionFailed):
            persistently(partial(row.save, condition=DossierRow.part.does_not_exist()))


def load_all(case_id: str) -> tuple[dict[int, Dossier], dict[bytes, str]]:
    """Every part of a dossier, forms by version and texts by digest; one query."""
    forms: dict[int, Dossier] = {}
    texts: dict[bytes, str] = {}
    with guarded():
        for row in DossierRow.query(case_id, consistent_read=True):
            if row.part.startswith(_FORM):
                forms[int(row.part.removeprefix(_FORM))] = Dossier(unseal(row.body), row.salt or b"")
            else:
                texts[bytes.fromhex(row.part.removeprefix(_TEXT))] = row.body.decode()
    return forms, texts


def texts(wanted: Mapping[str, bytes]) -> dict[str, str]:
    """One long text each of several cases or orders, by their names; one read a hundred. Shredded ones are left out."""
    keys = [(id, _TEXT + digest.hex()) for id, digest in wanted.items()]
    found: dict[str, str] = {}
    for start in range(0, len(keys), LONGEST_BATCH):
        with guarded():
            for row in DossierRow.batch_get(keys[start : start + LONGEST_BATCH]):
                found[row.id] = row.body.decode()
    return found


def _form_part(version: int) -> str:
    return f"{_FORM}{version:03d}"
