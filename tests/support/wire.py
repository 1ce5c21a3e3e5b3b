"""The one wire between this process and DynamoDB: what went over it, what may go wrong on it, what the SDK then sees.

Every SDK client of the local cloud sends through the same entry point of moto, so whatever is counted or broken here
is counted or broken for boto3 and PynamoDB alike, below the SDK's own retries. This module must not know what the
requests mean.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import botocore.endpoint
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber

URL = "https://dynamodb.cn-north-1.amazonaws.com.cn"
TRANSACTION = "TransactWriteItems"


class Trouble(Enum):
    """What happens to one call; the first is that nothing does."""

    calm = "nothing"
    slow = "its answer comes when the SDK was about to give up"
    unanswered = "it takes effect and its answer is lost"
    dies_after = "the process dies when it has taken effect"
    dies_before = "the process dies before it is sent"
    unsent = "the line is cut before it arrives"
    late = "its answer does not come, and it takes effect some time later"
    throttled = "DynamoDB throttles it"
    limited = "the control of the request rate throttles it"
    broken = "DynamoDB fails inside, before it has taken effect"
    broken_after = "DynamoDB fails inside, after it has taken effect"
    foreign = "a machine on the way answers that the service is unavailable, in HTML"
    contended = "another transaction holds an item"
    in_progress = "the same transaction is still under way"
    mixed = "cancelled for a conflict and for throttling at once"
    masked = "where a condition fails, the other reasons say that there was a conflict too"


class Death(BaseException):
    """The process dies here; nothing of it may catch this."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to DynamoDB. `number` counts them from 0, `attempt` the SDK's attempts at the same from 1; `connect`
    and `read` are the seconds that the SDK waits for a connection and for an answer."""

    number: int
    operation: str
    arguments: dict[str, Any]
    attempt: int
    connect: float
    read: float


Answer = tuple[int, dict[str, str], str]
Send = Callable[[], Any]
Weather = Callable[[Call], Trouble | None]
_CODES = {
    Trouble.throttled: (400, "ProvisionedThroughputExceededException"),
    Trouble.limited: (400, "ThrottlingException"),
    Trouble.broken: (500, "InternalServerError"),
    Trouble.broken_after: (500, "InternalServerError"),
    Trouble.in_progress: (400, "TransactionInProgressException"),
}


def calm(_call: Call) -> Trouble | None:
    """Nothing happens."""
    return None


def at(number: int, trouble: Trouble) -> Weather:
    """One trouble at the call with this number."""
    return lambda call: trouble if call.number == number else None


def first(operation: str, trouble: Trouble, times: int = 1) -> Weather:
    """Trouble at the first `times` calls of an operation."""
    left = [times]

    def weather(call: Call) -> Trouble | None:
        if call.operation != operation or not left[0]:
            return None
        left[0] -= 1
        return trouble

    return weather


@contextmanager
def tapped(handle: Callable[[Call, Send], Any]) -> Iterator[None]:
    """While this lasts every call to DynamoDB goes to `handle`, with what lets it take effect."""
    beneath, numbers = BotocoreStubber.process_request, itertools.count()

    def send(stubber: Any, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", b"")
        target = target.decode() if isinstance(target, bytes) else target
        if not target.startswith("DynamoDB_"):
            return beneath(stubber, request)
        known, arguments = request.context, json.loads(request.body)
        waits = known["client_config"].connect_timeout, known["client_config"].read_timeout
        call = Call(next(numbers), target.partition(".")[2], arguments, known["retries"]["attempt"], *waits)
        return handle(call, lambda: beneath(stubber, request))

    BotocoreStubber.process_request = send
    try:
        yield
    finally:
        BotocoreStubber.process_request = beneath


@contextmanager
def wire(weather: Weather = calm) -> Iterator[list[Call]]:
    """The calls that are made while this lasts, under this weather; the SDK does not sleep between its attempts, and
    what is late arrives when this is over."""
    calls: list[Call] = []
    letters: list[Send] = []
    wait = botocore.endpoint.time

    def handle(call: Call, send: Send) -> Any:
        calls.append(call)
        return answered(weather(call) or Trouble.calm, call, send, letters.append)

    botocore.endpoint.time = SimpleNamespace(sleep=lambda seconds: None)
    try:
        with tapped(handle):
            yield calls
    finally:
        botocore.endpoint.time = wait
    for letter in letters:
        letter()


def counted(calls: list[Call]) -> dict[str, int]:
    """How often each operation was called."""
    return dict(Counter(call.operation for call in calls))


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
        case Trouble.foreign:
            return 503, {"Content-Type": "text/html"}, "<html>503 Service Unavailable</html>"
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


def _conflict(call: Call, *codes: str) -> Answer:
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


def _cancelled(reasons: list[dict[str, Any]]) -> Answer:
    told = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{told}]"
    return _error(400, "TransactionCanceledException", message, CancellationReasons=reasons)


def _error(status: int, code: str, message: str = "as the test says", **extra: Any) -> Answer:
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **extra}
    return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(document)


@contextmanager
def s3_wire(*, down: bool = False) -> Iterator[list[tuple[str, str]]]:
    """The calls to S3 that are made while this lasts, as method and path; `down`: it answers that it is overloaded. The
    SDK does not sleep between its attempts."""
    calls: list[tuple[str, str]] = []
    beneath, wait = BotocoreStubber.process_request, botocore.endpoint.time

    def send(stubber: Any, request: Any) -> Any:
        parts = urlsplit(request.url)
        if "s3." not in (parts.hostname or ""):
            return beneath(stubber, request)
        calls.append((request.method, parts.path))
        return _OVERLOADED if down else beneath(stubber, request)

    BotocoreStubber.process_request = send
    botocore.endpoint.time = SimpleNamespace(sleep=lambda seconds: None)
    try:
        yield calls
    finally:
        BotocoreStubber.process_request, botocore.endpoint.time = beneath, wait


_OVERLOADED = 503, {"Content-Type": "application/xml"}, "<Error><Code>SlowDown</Code><Message>as told</Message></Error>"
