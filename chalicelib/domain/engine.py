"""Takes one step of a case: asks the procedure, the authority, the demands and the guards, then records it.

`open_case` and `take` are pure: a case and a wish in, the next case or a refusal out. What a pooling system
records of cases handled elsewhere is taken as it was (补录). This module must not write anything anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from chalicelib.domain import authority, clocks, organisation
from chalicelib.domain.authority import Kind, Line
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.case import Case, Evidence, Law, Node, sealed
from chalicelib.domain.folding import clocks_after, deemed, edge, stepped, target
from chalicelib.domain.guards import GUARDS
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.domain.procedure import RETURN, SUBMIT, Action
from chalicelib.domain.records import RECORDS
from chalicelib.domain.wish import Wish
from chalicelib.errors import ActionNotAllowed, FieldError, Forbidden, InvalidInput, NotFound, TooManySteps

MOST_NODES = 150  # a case that needs more than this is not a case; keeps the item far below 400 kB
_IN_PLACE = (
    "to_organisation",
    "to_line",
    "corrections",
    "complexity",
    "verdict",
    "disclosure",
    "call_back",
    "satisfaction",
)
KEPT_TO_DECIDE = 30  # the last of them are for steps that lead on: notes and notices cannot lock a case open


def open_case(blank: Case, wish: Wish, law: Law, calendar: Calendar) -> Case:
    """The first version of a case; intake's own checks (item, jurisdiction, materials) come before it."""
    return _record(blank, wish, edge(blank, wish.action, law.procedure), law, calendar)


def take(case: Case, wish: Wish, law: Law, calendar: Calendar) -> Case:
    """`case` with the wished step recorded, or the refusal that says why not and what is possible."""
    if case.observed:
        _require_known(case, wish, law)
        _require_room(case, MOST_NODES)
        _require_recorder(wish)
        return _record(case, wish, edge(case, wish.action, law.procedure), law, calendar)
    row = _row(case, wish, law)
    _require_room(case, MOST_NODES if row.target else MOST_NODES - KEPT_TO_DECIDE)
    authority.require_actor(
        wish.actor,
        row.who,
        organisation=case.holder,
        line=Line(case.line) if case.line else law.item.line,
        standing=wish.standing,
    )
    _require_in_place(row, wish)
    _require_demands(row, wish)
    for name in row.guards:
        GUARDS[name](case, wish, law, calendar)
    # Two machines' clocks may differ: the order of nodes is their version, so time never runs backwards.
    if case.nodes and wish.at < case.nodes[-1].at:
        wish = replace(wish, at=case.nodes[-1].at)
    added = _recorded(case, wish, row, law)
    return _record(case, replace(wish, evidence={**wish.evidence, **added}) if added else wish, row, law, calendar)


def _recorded(case: Case, wish: Wish, row: Action, law: Law) -> Mapping[str, Evidence]:
    """What the step writes down beside what was sent: what the table asks for, to whom it passes the case, since
    when the law deemed it, and the seat of an actor who is not where the case lies."""
    added: dict[str, Evidence] = {}
    for name in row.records:
        added |= RECORDS[name](case, wish, law)
    if row.passes == "up" and law.item.two_level:
        added["to_organisation"] = organisation.above(case.holder, law.item.two_level.decide) or case.holder
    if row.passes == "assigner":
        added["to_organisation"] = assigner(case, row.name)
    since = deemed(case, wish.at, law)
    if since and since.state == target(case, row, law.procedure):
        added["deemed_since"] = int(since.since.timestamp())
    code = wish.actor.organisation
    if code and organisation.seat(code) != case.holder:
        added["seat"] = organisation.seat(code)
    return added


def _require_room(case: Case, most: int) -> None:
    if len(case.nodes) >= most:
        raise TooManySteps(
            f"本办件已有 {len(case.nodes)} 个流程节点，不能再增加此类节点",
            f"this case has {len(case.nodes)} steps and takes no more of this kind",
        )


def due_changes(
    before: Case, running: Mapping[str, clocks.Clock], calendar: Calendar, recounted: Collection[str] = ()
) -> dict[str, clocks.Due | None]:
    """The dates that the clocks `running` after a step make new or other than before; None for a clock that stands
    still now. Clocks in `recounted` are counted anew though the step did not touch them."""
    found: dict[str, clocks.Due | None] = {}
    for name, clock in running.items():
        if clock.stopped is None and (clock is not before.clocks.get(name) or name in recounted):
            due = clocks.due(clock, calendar)
            if name not in before.dues or before.dues[name] != due:
                found[name] = due
    return found


def _record(case: Case, wish: Wish, row: Action, law: Law, calendar: Calendar) -> Case:
    running = clocks_after(case, wish, row, law)
    dues = due_changes(case, running, calendar, row.clocks.get("recount", ()))
    node = Node(wish.action, wish.at, wish.subject, wish.request, wish.digest, wish.evidence, dues, wish.dossier)
    return stepped(case, sealed(node, case.chain), row, law, running)


def _require_known(case: Case, wish: Wish, law: Law) -> None:
    if not law.procedure.rows(wish.action) or wish.action == SUBMIT:
        raise NotFound(
            f"办理程序中没有 {wish.action} 这一步",
            f"the procedure has no action {wish.action!r}",
            allowed_actions=law.procedure.allowed(case.state),
        )


def _row(case: Case, wish: Wish, law: Law) -> Action:
    row = law.procedure.find(wish.action, case.state)
    if row is None:
        _require_known(case, wish, law)
        state = law.procedure.states[case.state].text
        raise ActionNotAllowed(
            f"办件处于“{state.zh}”，不能进行此操作",
            f"the case is in {case.state!r} ({state.en}); this action is not possible now",
            allowed_actions=law.procedure.allowed(case.state),
        )
    return row


def _require_recorder(wish: Wish) -> None:
    if wish.actor.kind is not Kind.system or wish.observed_by is None:
        raise Forbidden(
            "归集的外部办件只能由归集系统补录流程节点",
            "the steps of an observed case are recorded by the pooling system, with `observed`",
        )


def assigner(case: Case, action: str) -> str:
    """Who assigns a work order and reviews it, once `action` is taken: where it was filed; after a second return, the
    level above (default of ours; 原则上不再退单)."""
    returns = [*(node.action for node in case.nodes), action].count(RETURN)
    return (organisation.parent(case.organisation) if returns > 1 else None) or case.organisation


def _takes(row: Action, name: str) -> bool:
    match name:
        case "corrections":
            return "missing_materials" in row.records
        case "to_organisation" | "to_line":
            return row.passes == "named"
        case _:
            return name in row.demands


def _require_in_place(row: Action, wish: Wish) -> None:
    """Some evidence says something only of the steps that act on it; elsewhere it would be believed by its readers."""
    errors = [
        FieldError(name, "not_here", f"“{row.text.zh}”不接受此项", f"{row.name} does not take this field")
        for name in _IN_PLACE
        if wish.evidence.get(name) is not None and not _takes(row, name)
    ]
    if errors:
        raise InvalidInput(errors=errors)


def _require_demands(row: Action, wish: Wish) -> None:
    """Whatever the procedure demands of a step must be there: reason, remedy, notice, result number …"""
    missing = [name for name in row.demands if wish.evidence.get(name) in (None, "", ())]
    kind = wish.evidence.get("pause_class")
    if missing:
        raise InvalidInput(
            f"“{row.text.zh}”还需要填写：{'、'.join(missing)}",
            f"{row.name} also needs: {', '.join(missing)}",
            errors=[
                FieldError(name, "demanded", f"“{row.text.zh}”必须填写此项", f"{row.name} demands this field")
                for name in missing
            ],
        )
    if "pause_class" in row.demands and kind not in PAUSE_CLASSES:
        known = "、".join(f"{c.code} {c.zh}" for c in PAUSE_CLASSES.values())
        error = FieldError("pause_class", "unknown_pause_class", f"可选：{known}", f"one of {', '.join(PAUSE_CLASSES)}")
        raise InvalidInput("特别程序类别有误", "unknown class of special procedure", errors=[error])
