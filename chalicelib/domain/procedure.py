"""A procedure (办理程序) as data: states, actions, who may act, what is demanded, what happens to the clocks.

Tables are read by `chalicelib.domain.procedure_table`, which refuses broken ones; a procedure is interpreted for one
case by `chalicelib.domain.engine`. This module must not know about items, organisations or time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.authority import Post, Who
from chalicelib.domain.clocks import Limit
from chalicelib.domain.item import Text

BACK = "back"  # a target: the state in which the pause began
SUBMIT = "submit"  # the action that makes a case
RETURN = "return"  # 退单: the action that gives a work order back to who assigned it
SETTLE = "settle"  # 当场办结: the action that finishes an instant item at the window
CLOCKS = ("statutory", "promised", "stage")
EFFECTS = ("start", "stop", "pause", "resume", "extend", "complex", "recount")
# to the deciding level, to the organisation above, to whom the step names, back to who handles the case, to who assigns
PASSES = ("up", "parent", "named", "home", "assigner")
BOOKS = ("cases", "orders")
RECORDS = ("missing_materials", "line_concerned")
GUARDS = (
    "materials_complete",
    "separate_persons",
    "two_on_site",
    "extension_lawful",
    "has_upper_level",
    "decides_here",
    "not_deemed_granted",
    "transfer_lawful",
    "somebody_present",
    "agent_may_collect",
    "ten_days_on_record",
    "appeal_in_time",
    "nothing_to_rectify",
    "second_rating_awaited",
    "impartial",
    "assigned_within",
    "return_lawful",
    "extension_in_time",
    "extension_as_asked",
    "call_back_possible",
    "nobody_to_call",
    "heard_of_result",
    "redone_once",
    "receiver_named",
)
DEMANDS = (
    "note",
    "reason",
    "remedy",
    "notice",
    "result_number",
    "approver",
    "pause_class",
    "days",
    "handed_to",
    "materials",
    "competent_authority",
    "complexity",
    "reply",
    "verdict",
    "disclosure",
    "call_back",
    "question",
    "helpful",
    "satisfaction",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The limit of a state (None: the item's own for the lower of two levels), counted from entering the state, or
    from the latest node of an action in `since`."""

    limit: Limit | None
    since: frozenset[str]


@dataclass(frozen=True, slots=True)
class State:
    """A state of a case. `deemed`: the state that the law deems it to be in once its limit has passed; `silence`:
    the same for items whose law takes silence for a grant; `closed`: decided and out of review; `final`: nothing
    follows; `result`: what came out."""

    name: str
    text: Text
    post: Post | None
    stage: Stage | None
    deemed: str | None
    silence: str | None
    closed: bool
    final: bool
    result: str | None


@dataclass(frozen=True, slots=True)
class Action:
    """One edge set of the table: from any of `sources` to `target` (None: the state stays). `passes`: into whose
    hands the case goes by it; `records`: what the step writes down beside what was sent."""

    name: str
    text: Text
    sources: frozenset[str]
    target: str | None
    who: Who
    guards: tuple[str, ...]
    demands: tuple[str, ...]
    clocks: Mapping[str, tuple[str, ...]]
    passes: str | None
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Procedure:
    """A validated table. `actions` holds one row per (name, sources); `book` says what goes by it: cases or orders."""

    name: str
    version: int
    book: str
    text: Text
    initial: str
    states: Mapping[str, State]
    actions: tuple[Action, ...]

    @property
    def ref(self) -> str:
        """`name@version`, the form in which a case pins its procedure."""
        return f"{self.name}@{self.version}"

    def find(self, action: str, state: str | None) -> Action | None:
        """The row for `action` in `state` (None: intake), or None where the table has no such edge."""
        for row in self.actions:
            if row.name == action and (state in row.sources or (state is None and not row.sources)):
                return row
        return None

    def rows(self, action: str) -> tuple[Action, ...]:
        """Every row of an action, whatever its sources."""
        return tuple(row for row in self.actions if row.name == action)

    def allowed(self, state: str) -> tuple[str, ...]:
        """The actions that the table permits in `state`, in the table's order."""
        return tuple(row.name for row in self.actions if state in row.sources)
