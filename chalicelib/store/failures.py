"""What DynamoDB's failures mean, told apart in one place.

`guarded` turns throttling, time-outs and lost connections into `errors.Busy`; a failed condition becomes
`ConditionFailed`, which says nothing yet: the caller reads back and looks whether it was its own write.
Nothing else of the store catches SDK errors, and nothing above the store sees them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, ReadTimeoutError
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from chalicelib.errors import Busy

RETRY_AFTER_SECONDS = 5
_THROTTLED = frozenset({
    "ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded", "ThrottlingException",
    "ThrottlingError", "RequestLimitExceeded", "InternalServerError", "ServiceUnavailable",
    "TransactionInProgressException", "LimitExceededException",
    "SlowDown", "InternalError", "RequestTimeout",  # S3's
    "500", "502", "503", "504",  # what a machine before DynamoDB answered, in no form that DynamoDB has
})  # fmt: skip
_CONFLICT = "TransactionConflict"
_CONDITION = ("ConditionalCheckFailed", "ConditionalCheckFailedException")
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")  # S3: there is an object of this name, or just comes

T = TypeVar("T")


class ConditionFailed(Exception):  # noqa: N818  not an error yet: the caller decides
    """A condition did not hold. `failed` says which operations of a transaction (a single write: the first)."""

    def __init__(self, failed: frozenset[int]) -> None:
        super().__init__(f"condition failed at {sorted(failed)}")
        self.failed = failed


class _Conflict(Exception):  # noqa: N818
    """Another transaction held one of the items; nothing was written and the same may be tried again."""


def busy() -> Busy:
    """The refusal that promises nothing but that repeating the same request is safe: a write may have arrived."""
    return Busy(
        "系统繁忙，请稍后用同一请求重试，不会重复办理",
        "the store is busy; repeat the same request later, it will not be done twice",
        retry_after=RETRY_AFTER_SECONDS,
    )


@contextmanager
def guarded() -> Iterator[None]:
    """Runs one SDK call and speaks of its failure in the store's own words."""
    try:
        yield
    except PynamoDBException as error:
        if _unreachable(error.cause):
            raise busy() from error  # before its code is asked for, which fails on a time-out
        if isinstance(error, TransactWriteError):
            raise _transaction(error) from error
        code = error.cause_response_code or ""
        if code in _CONDITION:
            raise ConditionFailed(frozenset({0})) from error
        if code == "TransactionConflictException":
            raise _Conflict from error
        if code in _THROTTLED:
            raise busy() from error
        raise
    except ClientError as error:
        if error.response["Error"]["Code"] in _THROTTLED:
            raise busy() from error
        if error.response["Error"]["Code"] in _TAKEN:
            raise ConditionFailed(frozenset({0})) from error
        raise
    except (ConnectionError, HTTPClientError, ReadTimeoutError) as error:
        raise busy() from error


def persistently(write: Callable[[], T], attempts: int = 4) -> T:
    """`write`, tried again while other transactions hold its items (botocore does not retry that)."""
    for attempt in range(attempts):
        try:
            with guarded():
                return write()
        except _Conflict:
            time.sleep(random.uniform(0.02, 0.05) * 2**attempt)  # noqa: S311  jitter, not a secret
    raise busy()


def _unreachable(cause: BaseException | None) -> bool:
    return isinstance(cause, (ConnectionError, HTTPClientError, ReadTimeoutError))


def _transaction(error: TransactWriteError) -> Exception:
    """Mixed reasons: throttling wins, then a failed condition, then a mere conflict."""
    codes = [reason.code if reason else None for reason in error.cancellation_reasons]
    if any(code in _THROTTLED for code in codes) or error.cause_response_code in _THROTTLED:
        return busy()
    failed = frozenset(n for n, code in enumerate(codes) if code in _CONDITION)
    if failed:
        return ConditionFailed(failed)
    if _CONFLICT in codes:
        return _Conflict()
    return error
