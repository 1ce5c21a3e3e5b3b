"""Stream records that could not be handled: put aside, looked at, and handled once more.

A record is poison where reading or judging it fails; that is its own fault or the code's, and trying again without a
change of either is of no use. It is put aside whole, so that nothing else waits for it and it can be handled when the
fault is mended. Records that Lambda gave up come here as well. This module must not know what the reactions do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chalicelib import observability
from chalicelib.domain import authority
from chalicelib.domain.authority import Identity
from chalicelib.errors import ActionNotAllowed, BrokenDefinition, BrokenHistory, Forbidden, NotFound, Refused
from chalicelib.store import quarantine as store
from chalicelib.store import streams
from chalicelib.store.quarantine import Quarantined, Record

Reaction = Callable[[Record], None]

# How reading and judging fail: a part that is missing, of another type or beyond its range, a history that does not
# add up, an item, procedure or case that nobody knows. Anything else is an error in the code and goes to Lambda.
POISON = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    BrokenHistory,
    BrokenDefinition,
    NotFound,
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the quarantine, where it goes on, and how many records are in it in all."""

    rows: tuple[Quarantined, ...]
    after: Mapping[str, Any] | None
    total: int


def put(reader: str, record: Record, error: BaseException) -> None:
    """Puts aside a record that the function `reader` could not handle; the same again changes nothing."""
    change = record["dynamodb"]
    found = Quarantined(
        reader,
        change["SequenceNumber"],
        record["eventSourceARN"],
        key_of(record),
        datetime.fromtimestamp(change["ApproximateCreationDateTime"], tz=UTC),
        _reason(error),
        _place(error),
    )
    _keep(found, record)


def take_in(letter: Mapping[str, Any]) -> None:
    """Puts aside what a dead letter of Lambda points to. Where the stream has it no longer, one row says what is lost,
    and only a rebuild helps."""
    batch, context = letter["DDBStreamBatchInfo"], letter["requestContext"]
    reader = context["functionArn"].split(":")[6].rpartition("-")[2]
    first, last, stream = batch["startSequenceNumber"], batch["endSequenceNumber"], batch["streamArn"]
    records = streams.read(stream, batch["shardId"], first, last)
    if records is None:
        at = datetime.fromisoformat(batch["approximateArrivalOfFirstRecord"])
        _keep(Quarantined(reader, first, stream, "", at, context["condition"], "", batch["batchSize"]), None)
        return
    for record in records:
        change = record["dynamodb"]
        at = datetime.fromtimestamp(change["ApproximateCreationDateTime"], tz=UTC)
        sequence = change["SequenceNumber"]
        _keep(Quarantined(reader, sequence, stream, key_of(record), at, context["condition"], ""), record)


def page(identity: Identity, *, after: Mapping[str, Any] | None, most: int) -> Page:
    """The records put aside, oldest first; two reads. Forbidden for others than operations staff of the province and
    systems."""
    _require_operations(identity)
    rows, onward = store.page(after=after, most=most)
    return Page(tuple(rows), onward, count())


def count() -> int:
    """How many records are put aside: what a total that is computed from reactions lacks."""
    return store.count()


def redrive(reader: str, sequence: str, reactions: Mapping[str, Reaction], identity: Identity) -> Quarantined | None:
    """Runs the reaction of the function `reader` on a record once more. None: it was handled and is here no longer;
    else the row as it now stands.

    Forbidden as `page`; NotFound where there is none; ActionNotAllowed where the record itself was not kept; Busy as
    the reaction.
    """
    _require_operations(identity)
    found = store.load(reader, sequence)
    if found is None or reader not in reactions:
        raise NotFound("隔离区没有此记录，可能已处理", "no such record in the quarantine; it may have been handled")
    row, record = found
    if record is None:
        raise ActionNotAllowed(
            "记录本身已不存在，请用 ./zs rebuild 按办件重建",
            "the record itself is gone; rebuild from the cases: ./zs rebuild",
        )
    try:
        reactions[reader](record)
    except POISON as error:
        store.failed_again(reader, sequence, _reason(error), _place(error))
        return replace(row, tries=row.tries + 1, reason=_reason(error), place=_place(error))
    store.remove(reader, sequence)
    return None


def key_of(record: Record) -> str:
    """The key of the item that a record is about, as one text."""
    keys: Mapping[str, Mapping[str, str]] = record["dynamodb"]["Keys"]
    return "/".join(value for _, typed in sorted(keys.items()) for value in typed.values())


def _keep(found: Quarantined, record: Record | None) -> None:
    if store.put(found, record):
        observability.count("RecordsQuarantined", found.at, found.records, reader=found.reader)
        reason = f"{found.sequence} {found.reason} {found.place}"
        observability.line("record quarantined", operation=found.reader, stream=found.stream, reason=reason)


def _require_operations(identity: Identity) -> None:
    if not authority.publishes(identity):
        raise Forbidden("隔离区由省厅运维保障岗处理", "the quarantine is for operations staff of the province")


def _reason(error: BaseException) -> str:
    """A code, and never the text of the error, which may quote what the record says."""
    return error.code if isinstance(error, Refused) else type(error).__name__


def _place(error: BaseException) -> str:
    """Module and line of the innermost function of ours that it passed."""
    place, trace = "", error.__traceback__
    while trace:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.startswith("chalicelib."):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
