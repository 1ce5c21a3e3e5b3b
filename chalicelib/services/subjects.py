"""Names that stand for people and requests without saying who or what: blind indexes, request ids, query codes.

All of them are keyed or truncated hashes. This module must not read or write anything.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from chalicelib import settings
from chalicelib.domain.authority import Identity, Kind, Mandate, Standing
from chalicelib.domain.case import Case, agent_may
from chalicelib.domain.rating import Way
from chalicelib.store.nodes import REQUEST_BYTES

_INDEX_BYTES = 16
_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0 O 1 I, which people mistake on paper
CODE_LENGTH = 8
LINK_DAYS = 180  # how long a rating link holds, calendar days
_LINK_BYTES, _SIGNATURE_BYTES = 15, 12


@dataclass(frozen=True, slots=True)
class RequestId:
    """A request as a node carries it: `request` names it, `digest` its content."""

    request: bytes
    digest: bytes


def blind(value: str, version: int | None = None) -> str:
    """The blind index of an account or document: an HMAC under the index key of `version` (the newest)."""
    keys = settings.current()
    version = keys.index_key_version if version is None else version
    mac = hmac.new(keys.index_keys[version], value.encode(), hashlib.sha256).digest()[:_INDEX_BYTES]
    return f"{version}:{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def account(subject: str) -> str:
    """What is indexed for somebody who has an account."""
    return f"account:{subject}"


def is_applicant(identity: Identity, index: str) -> bool:
    """Whether a case's blind index, under whatever key version, is that of this citizen's account; staff and systems
    of the same name are somebody else."""
    if identity.kind is not Kind.citizen:
        return False
    version, _, _ = index.partition(":")
    if not version.isdigit() or int(version) not in settings.current().index_keys:
        return False
    return hmac.compare_digest(blind(account(identity.subject), int(version)), index)


def standing(identity: Identity, case: Case, mandates: frozenset[Mandate], at: datetime) -> Standing:
    """What connects this identity with a case at `at`."""
    return Standing(
        applicant=is_applicant(identity, case.applicant),
        agent=agent_may(case, at) if is_applicant(identity, case.agent) else frozenset(),
        mandates=mandates,
    )


def intake_key(identity: Identity, key: str) -> str:
    """The row under which an intake's Idempotency-Key is kept: one person's keys never meet another's."""
    return hashlib.sha256(f"{identity.kind}\n{identity.subject}\n{key}".encode()).hexdigest()[:40]


def request_id(identity: Identity, action: str, key: str, digest: bytes) -> RequestId:
    """A request of `identity` under `key` (its Idempotency-Key, or its If-Match where it sent none)."""
    name = hashlib.sha256(f"{identity.kind}\n{identity.subject}\n{key}".encode()).digest()
    content = hashlib.sha256(action.encode() + b"\n" + digest).digest()
    return RequestId(name[:REQUEST_BYTES], content[:REQUEST_BYTES])


def service(case_id: str, visit: int, way: Way = Way.own) -> str:
    """The name under which the ratings of a service are kept that came in one way: keyed, so that who knows every case
    number of a unit can tell none by it, nor by what they entered what somebody else gave; 24 letters."""
    return _named(f"{'service' if way is Way.own else way}:{case_id}:{visit}")


def for_a_day(kind: str, value: str, organisation: str, day: date) -> str:
    """A device, address or person as a rating carries it: the same within one organisation's day and no longer, so that
    it shows what gathers there and joins nothing else; "" for nothing."""
    return _named(f"{kind}:{organisation}:{day.isoformat()}:{value}") if value else ""


def _named(text: str) -> str:
    return hmac.new(settings.current().rating_key, text.encode(), hashlib.sha256).hexdigest()[:24]


class Holder(StrEnum):
    """Who was given a rating link, and so what it opens."""

    applicant = "rating link"  # rates, also a second time, and sees what became of it
    anybody = "printed rating link"  # handed on by staff: rates once, and shows nothing
    rater = "rating receipt"  # whoever rated with such a one: a second time, and what became of it


def rating_link(case_id: str, visit: int, since: datetime, holder: Holder) -> tuple[str, datetime]:
    """A token for one service that holds for LINK_DAYS, and until when: what it is for, signed; 36 letters, so that its
    code is easily read from paper."""
    expires = int((since + timedelta(days=LINK_DAYS)).timestamp())
    content = int(case_id).to_bytes(9, "big") + visit.to_bytes(1, "big") + expires.to_bytes(5, "big")
    token = base64.urlsafe_b64encode(content + _signature(content, holder)).decode()
    return token, datetime.fromtimestamp(expires, tz=UTC)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a rating link is for, who was given it, and until when it holds (epoch seconds)."""

    case_id: str
    visit: int
    expires: int
    holder: Holder


def linked(token: str) -> Linked | None:
    """What a rating link is for; None for one that was not made here, or not like this."""
    try:
        content = base64.b64decode(token, altchars="-_", validate=True)
    except ValueError:
        return None
    signed, signature = content[:_LINK_BYTES], content[_LINK_BYTES:]
    if len(content) != _LINK_BYTES + _SIGNATURE_BYTES:
        return None
    holder = next((each for each in Holder if hmac.compare_digest(_signature(signed, each), signature)), None)
    if holder is None:
        return None
    case_id = str(int.from_bytes(signed[:9], "big")).zfill(21)
    return Linked(case_id, signed[9], int.from_bytes(signed[10:], "big"), holder)


def _signature(content: bytes, holder: Holder) -> bytes:
    mac = hmac.new(settings.current().receipt_key, holder.value.encode() + content, hashlib.sha256)
    return mac.digest()[:_SIGNATURE_BYTES]


def holds_receipt(case_id: str, code: str) -> bool:
    """Whether `code` is the query code of a case or order, in whatever case it was typed."""
    return hmac.compare_digest(query_code(case_id), code.upper())


def query_code(case_id: str) -> str:
    """The code on the receipt, with which anybody who holds it can ask for progress: 8 letters, 40 bits."""
    mac = hmac.new(settings.current().receipt_key, case_id.encode(), hashlib.sha256).digest()
    number = int.from_bytes(mac[:8], "big")
    letters = []
    for _ in range(CODE_LENGTH):
        number, rest = divmod(number, len(_CODE_LETTERS))
        letters.append(_CODE_LETTERS[rest])
    return "".join(letters)
