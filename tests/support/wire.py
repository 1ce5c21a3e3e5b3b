"""The one wire between this process and DynamoDB: what went over it, and what may go wrong on it.

Every SDK client of the local cloud sends through the same entry point of moto, so whatever is counted or broken here
is counted or broken for boto3 and PynamoDB alike, with the SDK's own retries. This module must not know what the
requests mean.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber

URL = "https://dynamodb.cn-north-1.amazonaws.com.cn"


class Trouble(Enum):
    """What can happen to one call."""

    unsent = "the line is cut before the call arrives"
    unanswered = "the call takes effect and its answer is lost"
    throttled = "DynamoDB throttles the call"
    contended = "another transaction holds an item"
    dies_before = "the process dies before the call is sent"
    dies_after = "the process dies when the call has taken effect"


class Death(BaseException):
    """The process dies here; nothing of it may catch this."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to DynamoDB; `number` counts from 0, the SDK's own retries included."""

    number: int
    operation: str
    arguments: dict[str, Any]


Weather = Callable[[Call], Trouble | None]


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
def wire(weather: Weather = calm) -> Iterator[list[Call]]:
    """The calls that are made while this lasts, under this weather; the SDK does not sleep between its attempts."""
    calls: list[Call] = []
    beneath = BotocoreStubber.process_request
    wait = botocore.endpoint.time

    def send(stubber: Any, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", b"")
        target = target.decode() if isinstance(target, bytes) else target
        if not target.startswith("DynamoDB_"):
            return beneath(stubber, request)
        call = Call(len(calls), target.partition(".")[2], json.loads(request.body))
        calls.append(call)
        return _sent(call, weather(call), lambda: beneath(stubber, request))

    BotocoreStubber.process_request = send
    botocore.endpoint.time = SimpleNamespace(sleep=lambda seconds: None)
    try:
        yield calls
    finally:
        BotocoreStubber.process_request = beneath
        botocore.endpoint.time = wait


def counted(calls: list[Call]) -> dict[str, int]:
    """How often each operation was called."""
    return dict(Counter(call.operation for call in calls))


def _sent(call: Call, trouble: Trouble | None, send: Callable[[], Any]) -> Any:
    match trouble:
        case Trouble.unsent:
            raise ConnectTimeoutError(endpoint_url=URL)
        case Trouble.dies_before:
            raise Death
        case Trouble.throttled:
            return _error("ProvisionedThroughputExceededException", "slow down")
        case Trouble.contended:
            return _contended(call)
    answer = send()
    if trouble is Trouble.dies_after:
        raise Death
    if trouble is Trouble.unanswered:
        raise ReadTimeoutError(endpoint_url=URL)
    return answer


def _contended(call: Call) -> Any:
    if call.operation != "TransactWriteItems":
        return _error("TransactionConflictException", "Transaction is ongoing for the item")
    reasons = [{"Code": "None"} for _ in call.arguments["TransactItems"]]
    reasons[0] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    told = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{told}]"
    return _error("TransactionCanceledException", message, CancellationReasons=reasons)


def _error(code: str, message: str, **extra: Any) -> tuple[int, dict[str, str], str]:
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **extra}
    return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(document)
