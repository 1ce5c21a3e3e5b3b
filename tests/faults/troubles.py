"""Which troubles a schedule may choose for a call, and how long each of them lasts.

What the SDK then sees is `tests.support.wire`'s. This module must not know what the calls mean.
"""

from __future__ import annotations

from tests.support.wire import TRANSACTION, Call, Trouble

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", TRANSACTION})
DEATHS = (Trouble.dies_before, Trouble.dies_after)
STORMS = (Trouble.throttled, Trouble.limited, Trouble.contended, Trouble.unsent)
_ONLY_WRITES = frozenset({Trouble.contended, Trouble.late})
_ONLY_TRANSACTIONS = frozenset({Trouble.in_progress, Trouble.mixed, Trouble.masked})


def possible(trouble: Trouble, call: Call) -> bool:
    """Whether DynamoDB could treat such a call so."""
    if trouble in _ONLY_TRANSACTIONS:
        return call.operation == TRANSACTION
    return trouble not in _ONLY_WRITES or call.operation in WRITES


def seconds(trouble: Trouble, call: Call) -> float:
    """How long the SDK waits before it takes notice of it, at the worst: where it connects, it does so at the last
    moment."""
    match trouble:
        case Trouble.slow | Trouble.unanswered | Trouble.late:
            return call.connect + call.read
        case Trouble.unsent:
            return call.connect
    return 0
