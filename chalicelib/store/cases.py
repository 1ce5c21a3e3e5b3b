"""Cases as they are kept: one item each, head and nodes together, changed by one conditional write.

Functions take and return domain values, never rows; attribute names are short because each byte of the item
is paid for at every step. What a step may be is decided above. A failed condition is `ConditionFailed`, and
the caller reads back. No other module touches the cases table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import Attribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import LIST, MAP
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.case import Case, Node
from chalicelib.store import nodes as codec
from chalicelib.store.connection import connection, share
from chalicelib.store.failures import guarded, persistently

NO_DUE = 253402271999  # a paused case stands behind every dated one: 9999-12-31 in Shanghai
LONGEST_BATCH = 100  # keys of one BatchGetItem


class _Nodes(Attribute[Sequence[Node]]):
    """The history, in the codec's form."""

    attr_type = LIST

    def serialize(self, value: Sequence[Node]) -> list[dict[str, Any]]:
        return [codec.pack(node) for node in value]

    def deserialize(self, value: Sequence[Mapping[str, Any]]) -> tuple[Node, ...]:
        return tuple(codec.unpack(entry) for entry in value)


class _Actors(Attribute[Mapping[str, str]]):
    """Who took the steps that another person may not follow: action → subject."""

    attr_type = MAP

    def serialize(self, value: Mapping[str, str]) -> dict[str, Any]:
        return {action: {"S": subject} for action, subject in value.items()}

    def deserialize(self, value: Mapping[str, Any]) -> dict[str, str]:
        return {action: entry["S"] for action, entry in value.items()}


class _Desk(GlobalSecondaryIndex["CaseRow"]):
    class Meta:
        index_name = "desk"
        projection = IncludeProjection(["s", "i", "c"])

    holder = UnicodeAttribute(hash_key=True, attr_name="h")
    due = NumberAttribute(range_key=True, attr_name="q")


class _Mine(GlobalSecondaryIndex["CaseRow"]):
    class Meta:
        index_name = "mine"
        projection = KeysOnlyProjection()

    applicant = UnicodeAttribute(hash_key=True, attr_name="a")
    received = NumberAttribute(range_key=True, attr_name="r")


class CaseRow(Model):
    """The item. Declared equal to CasesTable in infra/tables.yaml; a test holds them together."""

    class Meta:
        table_name = settings.current().cases_table
        billing_mode = "PAY_PER_REQUEST"

    id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute(attr_name="v")
    item = UnicodeAttribute(attr_name="i")
    organisation = UnicodeAttribute(attr_name="o")
    channel = UnicodeAttribute(attr_name="c")
    taken_at = UnicodeAttribute(attr_name="w", null=True)
    observed = BooleanAttribute(attr_name="x", null=True)
    applicant = UnicodeAttribute(attr_name="a", null=True)
    agent = UnicodeAttribute(attr_name="g", null=True)
    received = NumberAttribute(attr_name="r")
    state = UnicodeAttribute(attr_name="s")
    holder = UnicodeAttribute(attr_name="h", null=True)
    due = NumberAttribute(attr_name="q", null=True)
    actors = _Actors(attr_name="u", null=True)
    nodes = _Nodes(attr_name="n")

    desk = _Desk()
    mine = _Mine()


share(CaseRow)
_TABLE = CaseRow.Meta.table_name


@dataclass(frozen=True, slots=True)
class Stored:
    """What the item holds: the case's constants, its nodes still to be folded, and the version it says it has."""

    blank: Case
    nodes: tuple[Node, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Queued:
    """One row of an organisation's queue."""

    id: str
    item: str
    state: str
    channel: str
    due: datetime | None


def load(case_id: str) -> Stored | None:
    """The case as of now (a consistent read), or None."""
    try:
        with guarded():
            return _stored(CaseRow.get(case_id, consistent_read=True))
    except CaseRow.DoesNotExist:
        return None


def load_many(case_ids: Sequence[str]) -> dict[str, Stored]:
    """Cases by number, in one round trip a hundred; numbers that do not exist are left out."""
    found: dict[str, Stored] = {}
    for start in range(0, len(case_ids), LONGEST_BATCH):
        with guarded():
            for row in CaseRow.batch_get(list(case_ids[start : start + LONGEST_BATCH])):
                found[row.id] = _stored(row)
    return found


def append(before: Case, after: Case, *, queued: bool, apart: Sequence[str], kept: Sequence[str]) -> None:
    """Adds the nodes that `after` has over `before`, if nobody else moved the case meanwhile.

    `queued`: whether it stays in its organisation's queue; `apart`: earlier actions whose actor may not be the
    one of the new step (the four eyes in the write's own condition); `kept`: actions whose actor must be
    remembered for that. ConditionFailed when the version moved or the four eyes are one pair.
    """
    actions, condition = _update(before, after, queued=queued, apart=apart, kept=kept)
    # Not by the model, whose update asks for the whole new item back and parses it.
    persistently(lambda: connection().update_item(_TABLE, before.id, actions=actions, condition=condition))


def update_of(
    before: Case, after: Case, *, queued: bool, apart: Sequence[str], kept: Sequence[str]
) -> tuple[CaseRow, list[Action], Condition]:
    """The same write as `append`, as a part of a transaction."""
    return CaseRow(before.id), *_update(before, after, queued=queued, apart=apart, kept=kept)


def row_of(case: Case, *, queued: bool, kept: Sequence[str]) -> CaseRow:
    """The item of a case that is new."""
    due = _due(case)
    return CaseRow(
        case.id,
        version=case.version,
        item=case.item,
        organisation=case.organisation,
        channel=case.channel,
        taken_at=case.taken_at or None,
        observed=True if case.observed else None,
        applicant=case.applicant or None,
        agent=case.agent or None,
        received=round(case.received.timestamp() * 1000),
        state=case.state,
        holder=case.holder if queued else None,
        due=due if queued else None,
        actors={action: case.actors[action] for action in kept if action in case.actors} or None,
        nodes=case.nodes,
    )


def desk(
    organisation: str, *, first: int, last: int, after: Mapping[str, Any] | None, most: int
) -> tuple[list[Queued], Mapping[str, Any] | None]:
    """At most `most` rows of the queue with a due between `first` and `last` (epoch seconds), what is due first
    on top, and where to go on; one read."""
    # Not by the model, which makes a whole case of every row.
    with guarded():
        page = connection().query(
            _TABLE,
            organisation,
            _Desk.due.between(first, last),
            exclusive_start_key=_desk_key(organisation, after) if after else None,
            index_name=_Desk.Meta.index_name,
            limit=most,
        )
    onward = page.get("LastEvaluatedKey")
    return [_queued(item) for item in page["Items"]], {
        "id": onward["id"]["S"],
        "q": int(onward["q"]["N"]),
    } if onward else None


def position(row: Queued) -> Mapping[str, Any]:
    """Where a queue goes on behind `row`."""
    return {"id": row.id, "q": int(row.due.timestamp()) if row.due else NO_DUE}


def _queued(item: Mapping[str, Any]) -> Queued:
    return Queued(item["id"]["S"], item["i"]["S"], item["s"]["S"], item["c"]["S"], _instant(int(item["q"]["N"])))


def _desk_key(organisation: str, after: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": {"S": after["id"]}, "h": {"S": organisation}, "q": {"N": str(after["q"])}}


def mine(applicant: str, *, after: Mapping[str, Any] | None, most: int) -> tuple[list[str], Mapping[str, Any] | None]:
    """The numbers of an applicant's cases, newest first, and where to go on; one read."""
    with guarded():
        page = CaseRow.mine.query(
            applicant,
            scan_index_forward=False,
            limit=most,
            page_size=most,
            last_evaluated_key=_mine_key(applicant, after) if after else None,
        )
        ids = [row.id for row in page]
    onward = page.last_evaluated_key
    return ids, {"id": onward["id"]["S"], "r": int(onward["r"]["N"])} if onward else None


def _mine_key(applicant: str, after: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": {"S": after["id"]}, "a": {"S": applicant}, "r": {"N": str(after["r"])}}


def _update(
    before: Case, after: Case, *, queued: bool, apart: Sequence[str], kept: Sequence[str]
) -> tuple[list[Action], Condition]:
    fresh = list(after.nodes[before.version :])
    actions: list[Action] = [
        CaseRow.version.set(after.version),
        CaseRow.state.set(after.state),
        CaseRow.nodes.set(CaseRow.nodes.append(fresh)),
    ]
    if queued:
        actions += [CaseRow.holder.set(after.holder), CaseRow.due.set(_due(after))]
    else:
        actions += [CaseRow.holder.remove(), CaseRow.due.remove()]
    remembered = {action: after.actors[action] for action in kept if action in after.actors}
    if remembered:
        actions.append(CaseRow.actors.set(remembered))
    condition: Condition = CaseRow.version == before.version
    for action in apart:
        condition &= Path([CaseRow.actors.attr_name, action]) != fresh[-1].actor
    return actions, condition


def _due(case: Case) -> int:
    due = case.due()
    return int(due.last.timestamp()) if due else NO_DUE


def _instant(seconds: float) -> datetime | None:
    return None if seconds == NO_DUE else datetime.fromtimestamp(seconds, tz=UTC)


def _stored(row: CaseRow) -> Stored:
    blank = Case(
        id=row.id,
        item=row.item,
        organisation=row.organisation,
        channel=row.channel,
        applicant=row.applicant or "",
        taken_at=row.taken_at or "",
        observed=bool(row.observed),
        received=datetime.fromtimestamp(row.received / 1000, tz=UTC),
        agent=row.agent or "",
    )
    return Stored(blank, tuple(row.nodes), int(row.version))
