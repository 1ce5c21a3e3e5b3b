"""A wish: what somebody wants to do to a case, before anything was asked about whether they may.

Also what becomes of its texts: short ones stay in the node, long ones are kept apart under their digest.
This module must not decide anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.authority import NO_STANDING, Identity, Kind, Standing
from chalicelib.domain.case import Evidence

APPLICANT = "applicant"
AGENT = "agent"
LONGEST_INLINE = 200  # bytes of UTF-8 that a node carries itself


@dataclass(frozen=True, slots=True)
class Wish:
    """`actor` wants `action` done at `at` with `evidence`, in the request `request` whose body has `digest`.

    `standing` says what connects them with the case; `observed_by` names who did it elsewhere (补录 only);
    `dossier` commits to the personal data then on file.
    """

    action: str
    actor: Identity
    at: datetime
    request: bytes
    digest: bytes
    evidence: Mapping[str, Evidence]
    standing: Standing = NO_STANDING
    observed_by: str | None = None
    dossier: bytes | None = None

    @property
    def subject(self) -> str:
        """Who the node names. Applicants and agents are not: a history holds no personal data, and only their own
        accounts can act as one."""
        if self.actor.kind is Kind.citizen:
            return AGENT if self.standing.agent and not self.standing.applicant else APPLICANT
        return self.observed_by or self.actor.subject


def text_digest(text: str) -> bytes:
    """The name under which a long text is kept: SHA-256, 16 bytes."""
    return hashlib.sha256(text.encode()).digest()[:16]


def set_apart(evidence: Mapping[str, Evidence]) -> tuple[dict[str, Evidence], dict[bytes, str]]:
    """`evidence` with its long texts replaced by their digests, and those texts by digest."""
    kept: dict[str, Evidence] = {}
    texts: dict[bytes, str] = {}
    for name, value in evidence.items():
        if isinstance(value, str) and len(value.encode()) > LONGEST_INLINE:
            digest = text_digest(value)
            texts[digest] = value
            kept[name] = digest
        else:
            kept[name] = value
    return kept, texts
