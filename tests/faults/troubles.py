"""What can go wrong with one call between the SDK and DynamoDB, and what the SDK then sees.

Everything here happens below the SDK's own retries. This module must not know what the calls mean.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum
from typing import Any

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tests.support.wire import URL, Call, Death

CONNECT_SECONDS, READ_SECONDS = 1, 3  # what the platform's connection waits before it gives up
TRANSACTION = "TransactWriteItems"
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", TRANSACTION})
WireAnswer = tuple[int, dict[str, str], str]
Send = Callable[[], Any]


class Trouble(Enum):
    """What happens to one call; the first is that nothing does."""

    calm = "nothing"
    unanswered = "it takes effect and its answer is lost"
    dies_after = "the process dies when it has taken effect"
    dies_before = "the process dies before it is sent"
    unsent = "the line is cut before it arrives"
    late = "its answer does not come, and it takes effect some time later"
    throttled = "DynamoDB throttles it"
    limited = "the control of the request rate throttles it"
    broken = "DynamoDB fails inside, before it has taken effect"
    broken_after = "DynamoDB fails inside, after it has taken effect"
    contended = "another transaction holds an item"
    in_progress = "the same transaction is still under way"
    mixed = "cancelled for a conflict and for throttling at once"
    masked = "where a condition fails, the other reasons say that there was a conflict too"


DEATHS = (Trouble.dies_before, Trouble.dies_after)
STORMS = (Trouble.throttled, Trouble.limited, Trouble.contended, Trouble.unsent)
_ONLY_WRITES = frozenset({Trouble.contended, Trouble.late})
_ONLY_TRANSACTIONS = frozenset({Trouble.in_progress, Trouble.mixed, Trouble.masked})
_CODES = {
    Trouble.throttled: (400, "ProvisionedThroughputExceededException"),
    Trouble.limited: (400, "ThrottlingException"),
    Trouble.broken: (500, "InternalServerError"),
    Trouble.broken_after: (500, "InternalServerError"),
    Trouble.in_progress: (400, "TransactionInProgressException"),
}


def possible(trouble: Trouble, call: Call) -> bool:
    """Whether DynamoDB could treat such a call so."""
    if trouble in _ONLY_TRANSACTIONS:
        return call.operation == TRANSACTION
    return trouble not in _ONLY_WRITES or call.operation in WRITES


def seconds(trouble: Trouble) -> int:
    """How long the SDK waits before it takes notice of it."""
    lost = (Trouble.unanswered, Trouble.late)
    return READ_SECONDS if trouble in lost else CONNECT_SECONDS if trouble is Trouble.unsent else 0


def answered(trouble: Trouble, call: Call, send: Send, post: Callable[[Send], None]) -> Any:
    """What the SDK sees of `call` under `trouble`; `send` lets it take effect, `post` keeps it for later."""
    match trouble:
        case Trouble.dies_before:
            raise Death
        case Trouble.unsent:
            raise ConnectTimeoutError(endpoint_url=URL)
        case Trouble.late:
            post(send)
            raise ReadTimeoutError(endpoint_url=URL)
        case Trouble.contended:
            return _conflict(call, "TransactionConflict")
        case Trouble.mixed:
            return _conflict(call, "TransactionConflict", "ThrottlingError")
        case Trouble.throttled | Trouble.limited | Trouble.broken | Trouble.in_progress:
            return _error(*_CODES[trouble])
    return _after(trouble, send())


def _after(trouble: Trouble, answer: Any) -> Any:
    match trouble:
        case Trouble.dies_after:
            raise Death
        case Trouble.unanswered:
            raise ReadTimeoutError(endpoint_url=URL)
        case Trouble.broken_after:
            return _error(*_CODES[trouble])
        case Trouble.masked:
            return _masked(answer)
    return answer


def _conflict(call: Call, *codes: str) -> WireAnswer:
    if call.operation != TRANSACTION:
        return _error(400, "TransactionConflictException")
    healthy = len(call.arguments["TransactItems"]) - len(codes)
    return _cancelled([{"Code": code, "Message": code} for code in codes] + [{"Code": "None"}] * healthy)


def _masked(answer: Any) -> Any:
    status, _, body = answer
    reasons = json.loads(body).get("CancellationReasons", []) if status == 400 else []
    if not any(reason["Code"] == "ConditionalCheckFailed" for reason in reasons):
        return answer
    conflict = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return _cancelled([conflict if reason["Code"] == "None" else reason for reason in reasons])


def _cancelled(reasons: list[dict[str, Any]]) -> WireAnswer:
    told = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{told}]"
    return _error(400, "TransactionCanceledException", message, CancellationReasons=reasons)


def _error(status: int, code: str, message: str = "as the schedule says", **extra: Any) -> WireAnswer:
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **extra}
    return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(document)
