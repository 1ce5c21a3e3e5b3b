"""Guards: conditions of a step that look at more than the table, each under the name the table uses.

A guard returns nothing or refuses, saying which field and why. It must not change anything.
Those of work orders: `chalicelib.domain.order_guards`.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain import clocks, folding, organisation
from chalicelib.domain.authority import Kind
from chalicelib.domain.calendar import Calendar
from chalicelib.domain.case import Case, Law, agent_may
from chalicelib.domain.materials import missing
from chalicelib.domain.order_guards import ORDER_GUARDS, Guard, invalid
from chalicelib.domain.wish import Wish
from chalicelib.errors import FieldError, InvalidInput, SamePerson


def materials_complete(case: Case, _wish: Wish, law: Law, _calendar: Calendar) -> None:
    """行政许可法 art. 32(5): complete materials are accepted; what is missing is told by name."""
    absent = missing(law.item, case.materials)
    if absent:
        zh, en = "、".join(m.name.zh for m in absent), ", ".join(m.name.en for m in absent)
        raise InvalidInput(
            f"缺少必要材料：{zh}；请先一次性告知补正",
            f"required materials are missing: {en}; ask for correction first",
            errors=[
                FieldError(f"materials.{m.code}", "material_missing", f"缺少：{m.name.zh}", f"missing: {m.name.en}")
                for m in absent
            ],
        )


def separate_persons(case: Case, wish: Wish, law: Law, _calendar: Calendar) -> None:
    """Who accepts does not decide: the item's pairs of actions that may not be one person's.

    The write's condition says the same, so that a race cannot pass it either.
    """
    for first in forbidden_actors(law, wish.action):
        if case.actors.get(first) == wish.subject:
            raise SamePerson(
                f"受理与决定不得为同一人：您已办理“{first}”",
                f"you took {first!r}; another person must take {wish.action!r}",
            )


def forbidden_actors(law: Law, action: str) -> tuple[str, ...]:
    """The earlier actions whose actor may not take `action`."""
    return tuple(sorted(first for first, second in law.item.separation if second == action))


def two_on_site(_case: Case, wish: Wish, law: Law, _calendar: Calendar) -> None:
    """行政许可法 art. 34: a check of the substance on site is made by two or more staff."""
    staff = wish.evidence.get("on_site_staff")
    if law.item.on_site_check and (not isinstance(staff, tuple) or len(set(staff)) < 2):
        raise invalid(
            "on_site_staff",
            "two_staff_needed",
            "现场核查须由两名以上工作人员进行，请填写其工号",
            "an on-site check needs two or more staff; name them by their ids",
        )


def extension_lawful(case: Case, wish: Wish, law: Law, calendar: Calendar) -> None:
    """行政许可法 art. 42: one extension, in time, of at most the item's limit, approved by somebody else."""
    longest = law.item.extension
    days = wish.evidence.get("days")
    if longest is None:
        raise invalid("action", "no_extension", "该事项依法不得延长", "this item's limit may not be extended")
    if any(node.action == wish.action for node in case.nodes):
        raise invalid("action", "extended_before", "期限只能延长一次", "a limit may be extended only once")
    if not isinstance(days, int) or not 1 <= days <= longest.amount:
        raise invalid(
            "days",
            "extension_too_long",
            f"延长不得超过 {longest.amount} 日",
            f"at most {longest.amount} ({longest.unit})",
        )
    if wish.evidence.get("approver") == wish.subject:
        raise SamePerson(
            "延长须由本行政机关负责人批准", "an extension is approved by the organ's head, not by yourself"
        )
    running = [c for c in case.clocks.values() if c.stopped is None and not clocks.paused(c)]
    if any(clocks.overdue(c, calendar, wish.at) for c in running if c.name == "statutory"):
        raise invalid(
            "action",
            "already_overdue",
            "期限已届满，不得再延长",
            "the limit has passed; it can no longer be extended",
        )


def has_upper_level(case: Case, _wish: Wish, law: Law, _calendar: Calendar) -> None:
    """行政许可法 art. 35: what a lower organ reviews and an upper one decides is passed up by the lower one."""
    two_level = law.item.two_level
    if two_level is None or organisation.level(case.holder) is not two_level.review:
        raise invalid(
            "action", "no_upper_level", "该事项由本级决定，无须报送上级", "this item is decided at this level"
        )


def decides_here(case: Case, _wish: Wish, law: Law, _calendar: Calendar) -> None:
    """行政许可法 art. 35: of two levels the upper one decides."""
    two_level = law.item.two_level
    if two_level is not None and organisation.level(case.holder) is not two_level.decide:
        zh, en = (
            "该事项由上级机关决定，请审查后报送（forward）",
            "the level above decides; review it, then forward it",
        )
        raise invalid("action", "decided_above", zh, en)


def not_deemed_granted(case: Case, wish: Wish, law: Law, _calendar: Calendar) -> None:
    """行政许可法 art. 50, 集会游行示威法 art. 9: where silence is a grant, a denial comes too late after it."""
    deemed = folding.deemed(case, wish.at, law)
    if deemed and law.procedure.states[deemed.state].result == "granted":
        zh = "逾期未作决定，依法视为准予，不得再作不予决定；请办理“准予”（grant）"
        en = "no decision in time is a grant by law and can no longer be denied; record the grant"
        raise invalid("action", "deemed_granted", zh, en)


def transfer_lawful(case: Case, wish: Wish, law: Law, _calendar: Calendar) -> None:
    """A case is transferred (移送) to somebody else, and only to a level that handles the item."""
    to, line = wish.evidence.get("to_organisation"), wish.evidence.get("to_line")
    if to in (None, case.holder) and line in (None, case.line or law.item.line):
        zh, en = "请填写接收单位或接收警种（与现承办不同）", "name another organisation or another line"
        raise invalid("to_organisation", "nobody_to_transfer_to", zh, en)
    if isinstance(to, str) and organisation.level(to) not in law.item.levels:
        levels = ", ".join(sorted(law.item.levels))
        raise invalid("to_organisation", "wrong_level", f"该事项由 {levels} 级办理", f"handled at level {levels}")


def somebody_present(_case: Case, wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """Staff act for an applicant only with the applicant or the agent before them, or on a letter (浙公办〔2023〕6号:
    窗口端); the history says which."""
    if wish.actor.kind is Kind.staff and not wish.evidence.get("present"):
        zh, en = (
            "请注明办理依据：applicant 本人到场、agent 代理人到场、letter 来函",
            "say on what ground: applicant present, agent present, or letter",
        )
        raise invalid("present", "demanded", zh, en)


def agent_may_collect(case: Case, wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """民法典 art. 165: an agent collects with an authority that is on record, or whose number is recorded now."""
    if wish.evidence.get("handed_to") != "agent" or wish.evidence.get("authority"):
        return
    if "collect" not in agent_may(case, wish.at):
        zh, en = (
            "代理人领取须有有效授权：请在 authority 填写授权委托书编号",
            "an agent collects with a valid authority: put the number of the letter in `authority`",
        )
        raise invalid("authority", "authority_needed", zh, en)


GUARDS: Mapping[str, Guard] = {
    "materials_complete": materials_complete,
    "separate_persons": separate_persons,
    "two_on_site": two_on_site,
    "extension_lawful": extension_lawful,
    "has_upper_level": has_upper_level,
    "decides_here": decides_here,
    "not_deemed_granted": not_deemed_granted,
    "transfer_lawful": transfer_lawful,
    "somebody_present": somebody_present,
    "agent_may_collect": agent_may_collect,
    **ORDER_GUARDS,
}
