"""What is filed, as values: an application, its materials, and what is known of a case handled elsewhere.

This module must not decide anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from chalicelib.domain.case import Evidence


@dataclass(frozen=True, slots=True)
class Material:
    """One material as filed; `lacking` is an honest "to follow", so that intake is never refused for it."""

    code: str
    medium: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """Who files for somebody else (委托代理人): their own account if they have one, what the authority covers (some
    of authority.AGENT_MAY), and the last day on which it holds. Their particulars are in the dossier."""

    account: str | None
    may: Sequence[str]
    until: date | None


@dataclass(frozen=True, slots=True)
class Observed:
    """What a pooling system knows of a case handled elsewhere (补录)."""

    at: datetime
    due: datetime | None
    source: str
    source_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class Application:
    """What is filed. `dossier` is the document of form, applicant and materials; `account` the applicant's own
    (None: known by document number only, then `document` is indexed); `finish` settles an instant item at once."""

    item: str
    organisation: str
    channel: str
    subject: str  # person | organisation
    dossier: Mapping[str, Any]
    document: str | None
    account: str | None = None
    agent: Agent | None = None
    locality: str | None = None
    delivery: str | None = None
    materials: Sequence[Material] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    finish: Mapping[str, Evidence] | None = None
    observed: Observed | None = None
