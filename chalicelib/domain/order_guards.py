"""Guards of work orders: who may act on a complaint, how often it is returned, extended, called back;
how long a bad rating may be appealed and rated again.

As in `chalicelib.domain.guards`, which joins both lists: a guard returns nothing or refuses, saying which field and
why. It must not change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.domain import clocks, organisation
from chalicelib.domain.calendar import Calendar, legal_day
from chalicelib.domain.case import Case, Law
from chalicelib.domain.wish import Wish
from chalicelib.errors import FieldError, Forbidden, InvalidInput

DELISTED_AFTER = 10  # working days
APPEALED_WITHIN = 3  # working days
SECOND_RATING_WITHIN = 7  # calendar days
MOST_DISPATCHES = 3  # what was assigned so often is not returned again

Guard = Callable[[Case, Wish, Law, Calendar], None]


def invalid(field: str, code: str, zh: str, en: str) -> InvalidInput:
    """What is refused for one field."""
    return InvalidInput(zh, en, errors=[FieldError(field, code, zh, en)])


def ten_days_on_record(case: Case, wish: Wish, _law: Law, calendar: Calendar) -> None:
    """A card stands on record for ten working days before it can be delisted (default of ours)."""
    since = next(node.at for node in reversed(case.nodes) if node.action in ("acknowledge", "overrule", "submit"))
    if legal_day(wish.at) < calendar.working_day_after(legal_day(since), DELISTED_AFTER):
        raise invalid(
            "action",
            "too_early",
            f"记录在案满 {DELISTED_AFTER} 个工作日方可申请销牌",
            f"a card stands on record for {DELISTED_AFTER} working days first",
        )


def _taken(case: Case, action: str) -> int:
    return sum(node.action == action for node in case.nodes)


def impartial(case: Case, wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """GB/T 36113-2018: who is complained about does not act on the complaint (回避)."""
    if concerns(case, wish.subject):
        raise Forbidden("您是被反映人，应当回避", "this is about you; another person must act on it")


def concerns(case: Case, subject: str) -> bool:
    """Whether an order is about this member of staff, however whoever filed it wrote the id."""
    return subject.casefold() in {party.casefold() for party in parties_to(case)}


def parties_to(case: Case) -> tuple[str, ...]:
    """The staff ids whom an order is about."""
    against = case.nodes[0].evidence.get("against") if case.nodes else None
    return against if isinstance(against, tuple) else ()


def assigned_within(case: Case, wish: Wish, _law: Law, calendar: Calendar) -> None:
    """An order is assigned to the own organisation or one below it; what was returned, to somebody named. It is found
    to be complex while its ordinary limit runs, not to excuse that it passed."""
    to = wish.evidence.get("to_organisation")
    if isinstance(to, str) and (not organisation.within(to, case.holder) or organisation.seat(to) != to):
        zh, en = f"只能派给 {case.holder} 及其下属单位（不含窗口）", f"assign it within {case.holder}, not to a window"
        raise invalid("to_organisation", "beyond_scope", zh, en)
    if to is None and wish.evidence.get("to_line") is None and _taken(case, "dispatch"):
        zh, en = "退回的工单须指明承办单位或警种", "what was returned is assigned to a named organisation or line"
        raise invalid("to_organisation", "demanded", zh, en)
    if wish.evidence.get("complexity") == "complex" and _late(case, wish, calendar):
        zh, en = "期限已届满，不得再认定为复杂事项", "its limit has passed; it can no longer be found to be complex"
        raise invalid("complexity", "already_overdue", zh, en)


def _late(case: Case, wish: Wish, calendar: Calendar) -> bool:
    clock = case.clocks.get("promised")
    return clock is not None and clock.stopped is None and clocks.overdue(clock, calendar, wish.at)


def receiver_named(_case: Case, wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """To assign is to name to whom."""
    if wish.evidence.get("to_organisation") is None:
        zh, en = "请填写转派给哪个单位", "name the organisation that it is assigned to"
        raise invalid("to_organisation", "demanded", zh, en)


def return_lawful(case: Case, _wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """原则上不得退单: the third assignment stands (default of ours)."""
    if _taken(case, "dispatch") >= MOST_DISPATCHES:
        zh, en = (
            f"已派单 {MOST_DISPATCHES} 次，不得再退单",
            f"assigned {MOST_DISPATCHES} times; it is not returned again",
        )
        raise invalid("action", "assigned_for_good", zh, en)


def extension_in_time(case: Case, wish: Wish, law: Law, calendar: Calendar) -> None:
    """An extension is asked for before the limit passes, once, and for no more than the kind of order allows."""
    longest, days = law.item.extension, wish.evidence.get("days")
    if longest is None:
        raise invalid("action", "no_extension", "此类工单不得延期", "this kind of order is not extended")
    if _taken(case, "approve_extension"):
        raise invalid("action", "extended_before", "期限只能延长一次", "a limit may be extended only once")
    if not isinstance(days, int) or not 1 <= days <= longest.amount:
        zh, en = f"延长不得超过 {longest.amount} 个工作日", f"at most {longest.amount} ({longest.unit})"
        raise invalid("days", "extension_too_long", zh, en)
    if _late(case, wish, calendar):
        zh, en = "期限已届满，不得再申请延期", "the limit has passed; an extension is asked for before"
        raise invalid("action", "already_overdue", zh, en)


def extension_as_asked(case: Case, wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """What is granted is no more than what was asked for."""
    asked = next(node.evidence.get("days") for node in reversed(case.nodes) if node.action == "ask_extension")
    days, most = wish.evidence.get("days"), asked if isinstance(asked, int) else 0
    if not isinstance(days, int) or not 1 <= days <= most:
        raise invalid("days", "extension_too_long", f"不得超过申请的 {most} 日", f"at most the {most} asked for")


def anonymous(case: Case) -> bool:
    """Whether an order was filed by somebody who did not say who they are."""
    return bool(case.nodes and case.nodes[0].evidence.get("anonymous"))


def call_back_possible(case: Case, _wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """实名投诉须回访; an anonymous complainant cannot be called."""
    if anonymous(case):
        zh, en = "匿名反映不回访，请直接办结（close）", "nobody can be called back; close it"
        raise invalid("action", "nobody_to_call", zh, en)


def nobody_to_call(case: Case, _wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """Only what was filed anonymously is closed without a call."""
    if not anonymous(case):
        zh, en = "实名反映办结前须回访，请先审核通过（approve）", "approve it first: who gave a name is called back"
        raise invalid("action", "call_back_first", zh, en)


def heard_of_result(case: Case, wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """Who is not content has it handled again once before it is closed (重办); who was not reached, a note says how
    it was tried."""
    if wish.evidence.get("call_back") == "dissatisfied" and not _taken(case, "redo"):
        zh, en = "反映人不满意，请先重办（redo）", "the complainant is not content; have it handled again"
        raise invalid("call_back", "redo_first", zh, en)
    if wish.evidence.get("call_back") == "unreachable" and not wish.evidence.get("note"):
        zh, en = "请在 note 说明回访的时间和次数", "say in `note` when and how often it was tried"
        raise invalid("note", "demanded", zh, en)


def redone_once(case: Case, _wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """Handling again has an end: once (default of ours)."""
    if _taken(case, "redo"):
        raise invalid("action", "redone_before", "只能重办一次", "it is handled again only once")


def appeal_in_time(case: Case, wish: Wish, _law: Law, calendar: Calendar) -> None:
    """A bad rating is appealed within three working days of the call-back (default of ours)."""
    called = next(node.at for node in reversed(case.nodes) if node.action == "call_back")
    last = calendar.working_day_after(legal_day(called), APPEALED_WITHIN)
    if legal_day(wish.at) > last:
        raise invalid(
            "action",
            "too_late",
            f"申诉应在回访后 {APPEALED_WITHIN} 个工作日内提出，已于 {last.isoformat()} 截止；请整改并反馈",
            f"an appeal comes within {APPEALED_WITHIN} working days of the call-back, here by {last.isoformat()}; "
            "rectify and reply",
        )


def nothing_to_rectify(case: Case, _wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """国办发〔2019〕51号: what is founded is rectified before it is replied to; what is not is explained. The level
    above has the last word: what it sent back is founded, whatever the unit found itself."""
    last = next(node for node in reversed(case.nodes) if node.action in ("call_back", "overrule", "reject"))
    if last.action != "call_back":
        raise invalid(
            "action",
            "rectify_first",
            "上级已驳回申诉或退回再整改，请先整改（rectify）再反馈",
            "the level above sent it back to be rectified: rectify first, then reply",
        )
    if last.evidence.get("verdict") != "unfounded":
        raise invalid(
            "action",
            "rectify_first",
            "回访核实为属实或部分属实，请先整改（rectify）再反馈",
            "the call-back found it founded, or partly so: rectify first, then reply",
        )


def second_rating_awaited(case: Case, wish: Wish, _law: Law, _calendar: Calendar) -> None:
    """Whoever rated badly has seven days after the reply for a second rating (default of ours); who used it has."""
    if any(node.action in ("rate_again", "dispute") for node in case.nodes):
        return
    replied = next(node.at for node in reversed(case.nodes) if node.action == "reply")
    if (legal_day(wish.at) - legal_day(replied)).days <= SECOND_RATING_WITHIN:
        raise invalid(
            "action",
            "too_early",
            f"反馈后 {SECOND_RATING_WITHIN} 日内办事人可以追评，期满方可办结",
            f"for {SECOND_RATING_WITHIN} days after the reply a second rating may come; close it then",
        )


ORDER_GUARDS: Mapping[str, Guard] = {
    "ten_days_on_record": ten_days_on_record,
    "appeal_in_time": appeal_in_time,
    "nothing_to_rectify": nothing_to_rectify,
    "second_rating_awaited": second_rating_awaited,
    "impartial": impartial,
    "assigned_within": assigned_within,
    "return_lawful": return_lawful,
    "extension_in_time": extension_in_time,
    "extension_as_asked": extension_as_asked,
    "call_back_possible": call_back_possible,
    "nobody_to_call": nobody_to_call,
    "heard_of_result": heard_of_result,
    "redone_once": redone_once,
    "receiver_named": receiver_named,
}
