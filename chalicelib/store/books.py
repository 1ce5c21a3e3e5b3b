"""A book: a table whose items are cases or orders, head and nodes together, changed by one conditional write.

Functions take and return domain values, never rows; attribute names are short because each byte of the item
is paid for at every step. What a step may be is decided above. A failed condition is `ConditionFailed`, and
the caller reads back. Which tables are books: `chalicelib.store.cases`, `chalicelib.store.orders`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import Attribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import LIST, MAP
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.domain.case import Case, Node
from chalicelib.store import nodes as codec
from chalicelib.store.connection import connection
from chalicelib.store.failures import guarded, persistently

NO_DUE = 253402271999  # a paused case stands behind every dated one: 9999-12-31 in Shanghai
LONGEST_BATCH = 100  # keys of one BatchGetItem
DESK = "desk"  # the index of an organisation's queue, in every book
MINE = "mine"  # the index of what somebody filed, in every book
_QUEUED = frozenset({"id", "i", "s", "c", "q"})  # a head that lacks one of them was put aside, and is in quarantine


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


class Row(Model):
    """The item of a book; each book's own model adds its table and indexes."""

    id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute(attr_name="v")
    item = UnicodeAttribute(attr_name="i")
    organisation = UnicodeAttribute(attr_name="o")
    channel = UnicodeAttribute(attr_name="c")
    taken_at = UnicodeAttribute(attr_name="w", null=True)
    observed = BooleanAttribute(attr_name="x", null=True)
    applicant = UnicodeAttribute(attr_name="a", null=True)
    agent = UnicodeAttribute(attr_name="g", null=True)
    about = UnicodeAttribute(attr_name="b", null=True)
    received = NumberAttribute(attr_name="r")
    state = UnicodeAttribute(attr_name="s")
    holder = UnicodeAttribute(attr_name="h", null=True)
    due = NumberAttribute(attr_name="q", null=True)
    actors = _Actors(attr_name="u", null=True)
    nodes = _Nodes(attr_name="n")


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


def _no_marks(_after: Case) -> list[Action]:
    return []


@dataclass(frozen=True, slots=True)
class Book:
    """One table of such items, by its model; `marks`: what a step sets in the item beside head and nodes."""

    model: type[Row]
    marks: Callable[[Case], list[Action]] = _no_marks

    @property
    def table(self) -> str:
        """The name of the table."""
        return str(self.model.Meta.table_name)

    def load(self, case_id: str) -> Stored | None:
        """The case as of now (a consistent read), or None."""
        try:
            with guarded():
                return stored(self.model.get(case_id, consistent_read=True))
        except self.model.DoesNotExist:
            return None

    def load_many(self, case_ids: Sequence[str], *, consistent: bool = False) -> dict[str, Stored]:
        """Cases by number, in one round trip a hundred; numbers that do not exist are left out. `consistent`: as of
        now, at twice the price."""
        found: dict[str, Stored] = {}
        for start in range(0, len(case_ids), LONGEST_BATCH):
            with guarded():
                keys = list(case_ids[start : start + LONGEST_BATCH])
                for row in self.model.batch_get(keys, consistent_read=consistent):
                    found[row.id] = stored(row)
        return found

    def add(self, case: Case, *, queued: bool, kept: Sequence[str]) -> None:
        """Puts a new one. ConditionFailed where its name is taken."""
        row = self.row_of(case, queued=queued, kept=kept)
        persistently(lambda: row.save(condition=self.model.id.does_not_exist()))

    def append(self, before: Case, after: Case, *, queued: bool, apart: Sequence[str], kept: Sequence[str]) -> None:
        """Adds the nodes that `after` has over `before`, if nobody else moved the case meanwhile.

        `queued`: whether it stays in its organisation's queue; `apart`: earlier actions whose actor may not be the
        one of the new step (the four eyes in the write's own condition); `kept`: actions whose actor must be
        remembered for that. ConditionFailed when the version moved or the four eyes are one pair.
        """
        actions, condition = self._update(before, after, queued=queued, apart=apart, kept=kept)
        # Not by the model, whose update asks for the whole new item back and parses it.
        persistently(lambda: connection().update_item(self.table, before.id, actions=actions, condition=condition))

    def update_of(
        self, before: Case, after: Case, *, queued: bool, apart: Sequence[str], kept: Sequence[str]
    ) -> tuple[Row, list[Action], Condition]:
        """The same write as `append`, as a part of a transaction."""
        return self.model(before.id), *self._update(before, after, queued=queued, apart=apart, kept=kept)

    def row_of(self, case: Case, *, queued: bool, kept: Sequence[str]) -> Row:
        """The item of a case that is new."""
        due = _due(case)
        return self.model(
            case.id,
            version=case.version,
            item=case.item,
            organisation=case.organisation,
            channel=case.channel,
            taken_at=case.taken_at or None,
            observed=True if case.observed else None,
            applicant=case.applicant or None,
            agent=case.agent or None,
            about=case.about or None,
            received=round(case.received.timestamp() * 1000),
            state=case.state,
            holder=case.holder if queued else None,
            due=due if queued else None,
            actors={action: case.actors[action] for action in kept if action in case.actors} or None,
            nodes=case.nodes,
        )

    def desk(
        self, organisation: str, *, first: int, last: int, after: Mapping[str, Any] | None, most: int
    ) -> tuple[list[Queued], Mapping[str, Any] | None]:
        """At most `most` rows of the queue with a due between `first` and `last` (epoch seconds), what is due first
        on top, and where to go on; one read."""
        # Not by the model, which makes a whole case of every row.
        with guarded():
            page = connection().query(
                self.table,
                organisation,
                self.model.due.between(first, last),
                exclusive_start_key=_desk_key(organisation, after) if after else None,
                index_name=DESK,
                limit=most,
            )
        onward = page.get("LastEvaluatedKey")
        return [_queued(item) for item in page["Items"] if item.keys() >= _QUEUED], {
            "id": onward["id"]["S"],
            "q": int(onward["q"]["N"]),
        } if onward else None

    def mine(
        self, applicant: str, *, after: Mapping[str, Any] | None, most: int
    ) -> tuple[list[str], Mapping[str, Any] | None]:
        """The names of what somebody filed, newest first, and where to go on; one read."""
        with guarded():
            page = connection().query(
                self.table,
                applicant,
                exclusive_start_key=_mine_key(applicant, after) if after else None,
                index_name=MINE,
                limit=most,
                scan_index_forward=False,
            )
        onward = page.get("LastEvaluatedKey")
        ids = [item["id"]["S"] for item in page["Items"]]
        return ids, {"id": onward["id"]["S"], "r": int(onward["r"]["N"])} if onward else None

    def _update(
        self, before: Case, after: Case, *, queued: bool, apart: Sequence[str], kept: Sequence[str]
    ) -> tuple[list[Action], Condition]:
        fresh = list(after.nodes[before.version :])
        actions: list[Action] = [
            self.model.version.set(after.version),
            self.model.state.set(after.state),
            self.model.nodes.set(self.model.nodes.append(fresh)),
        ]
        if queued:
            actions += [self.model.holder.set(after.holder), self.model.due.set(_due(after))]
        else:
            actions += [self.model.holder.remove(), self.model.due.remove()]
        remembered = {action: after.actors[action] for action in kept if action in after.actors}
        if remembered:
            actions.append(self.model.actors.set(remembered))
        actions += self.marks(after)
        condition: Condition = self.model.version == before.version
        for action in apart:
            condition &= Path([self.model.actors.attr_name, action]) != fresh[-1].actor
        return actions, condition


def position(row: Queued) -> Mapping[str, Any]:
    """Where a queue goes on behind `row`."""
    return {"id": row.id, "q": int(row.due.timestamp()) if row.due else NO_DUE}


def _queued(item: Mapping[str, Any]) -> Queued:
    return Queued(item["id"]["S"], item["i"]["S"], item["s"]["S"], item["c"]["S"], _instant(int(item["q"]["N"])))


def _desk_key(organisation: str, after: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": {"S": after["id"]}, "h": {"S": organisation}, "q": {"N": str(after["q"])}}


def _mine_key(applicant: str, after: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": {"S": after["id"]}, "a": {"S": applicant}, "r": {"N": str(after["r"])}}


def _due(case: Case) -> int:
    due = case.due()
    return int(due.last.timestamp()) if due else NO_DUE


def _instant(seconds: float) -> datetime | None:
    return None if seconds == NO_DUE else datetime.fromtimestamp(seconds, tz=UTC)


def stored(row: Row) -> Stored:
    """The case or order in a row."""
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
        about=row.about or "",
    )
    return Stored(blank, tuple(row.nodes), int(row.version))
