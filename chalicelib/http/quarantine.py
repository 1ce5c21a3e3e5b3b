"""The quarantine over HTTP, for operations: what is put aside, and one record handled once more."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from chalicelib import errors
from chalicelib.http import cursors, identity
from chalicelib.http.fields import PageQuery, Shown, Time
from chalicelib.http.operation import Answer, Call, Door, Verify
from chalicelib.services import quarantine
from chalicelib.services.quarantine import Reaction
from chalicelib.store.quarantine import Quarantined

_CURSOR = {"reader": str, "sequence": str, "at": int}


class QuarantinedOut(Shown):
    """A record that could not be handled. Its content is not shown."""

    reader: str = Field(description="the function that could not handle it")
    sequence: str = Field(description="its number in the stream")
    stream: str
    key: str = Field(description="of the item that was changed: a case's number; empty where it is not known")
    at: Time = Field(description="when the item was changed")
    reason: str = Field(description="a refusal's code, an error's class, or why Lambda gave it up")
    place: str = Field(description="module and line where it failed; empty where Lambda gave it up")
    records: int = Field(description="how many records this stands for: more than one only where they are lost")
    tries: int = Field(description="how often it was redriven in vain")
    kept: bool = Field(description="whether it can be redriven; otherwise only a rebuild helps")


class QuarantineOut(Shown):
    """One page, the oldest change first; `total`: how many there are, as far as one read counts."""

    items: list[QuarantinedOut]
    next: str | None
    total: int


class RedrivenOut(Shown):
    """`handled`: the record is here no longer. Otherwise `failed` is how it stands now."""

    handled: bool
    failed: QuarantinedOut | None


def door_for(reactions: Mapping[str, Reaction], verify: Verify = identity.verify) -> Door:
    """A door to the quarantine of the functions in `reactions`, each with what it does with one record."""
    door = Door(__name__, ("隔离区", "Quarantine"), verify)

    @door.operation(
        "GET",
        "/v1/quarantine",
        summary=("隔离区：未能处理的数据流记录", "What could not be handled"),
        query=PageQuery,
        out=QuarantineOut,
        refusals=(errors.Forbidden,),
    )
    def waiting(call: Call) -> Answer:
        """Stream records put aside, for operations staff of the province and systems. Figures lack them until they are
        redriven."""
        query: PageQuery = call.query
        found = quarantine.page(call.who, after=cursors.decode(query.cursor, _CURSOR), most=query.limit)
        items = [_shown(row) for row in found.rows]
        return Answer(QuarantineOut(items=items, next=cursors.encode(found.after), total=found.total))

    @door.operation(
        "POST",
        "/v1/quarantine/{reader}/{sequence}/redrive",
        summary=("重新处理一条隔离记录", "Handle a record once more"),
        where={"reader": r"[a-z_]{1,64}", "sequence": r"[0-9]{1,40}"},
        out=RedrivenOut,
        refusals=(errors.Forbidden, errors.ActionNotAllowed),
    )
    def redrive(call: Call) -> Answer:
        """Runs the same reaction on the record again. What went well before is not done twice."""
        failed = quarantine.redrive(call.path["reader"], call.path["sequence"], reactions, call.who)
        return Answer(RedrivenOut(handled=failed is None, failed=_shown(failed) if failed else None))

    return door


def _shown(row: Quarantined) -> QuarantinedOut:
    return QuarantinedOut(
        reader=row.reader,
        sequence=row.sequence,
        stream=row.stream,
        key=row.key,
        at=row.at,
        reason=row.reason,
        place=row.place,
        records=row.records,
        tries=row.tries,
        kept=row.kept,
    )
