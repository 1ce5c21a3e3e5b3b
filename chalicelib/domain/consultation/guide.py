"""What the guide of a service item (办事指南) says, in sentences: the parts that a question is after, or all of it.

Everything is taken from the published document; nothing is made up. This module must not know how an answer was found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.domain.consultation.words import FACETS
from chalicelib.domain.item import Text

_UNITS = {
    "working_day": Text("个工作日", "working days"),
    "calendar_day": Text("日", "days"),
    "hour": Text("小时", "hours"),
}
_LEVELS = {
    "province": Text("省级公安机关", "the provincial police"),
    "city": Text("市级公安机关", "the city police"),
    "county": Text("县级公安机关", "the county police"),
    "station": Text("派出所", "the police station"),
}
_REACHES = {
    "county": Text("全县（市、区）通办", "at any office of the county"),
    "city": Text("全市通办", "at any office of the city"),
    "province": Text("全省通办", "at any office of the province"),
}

Document = Mapping[str, Any]


def told(document: Document, facets: Sequence[str]) -> Text:
    """The sentences for the parts of the guide that are asked for, in the order of FACETS; all where none is."""
    said = [_PARTS[name](document) for name in FACETS if name in facets or not facets]
    found = [each for each in said if each]
    return Text("".join(each.zh for each in found), " ".join(each.en for each in found))


def _materials(document: Document) -> Text | None:
    needed = [entry["name"] for entry in document["materials"] if entry["necessity"] == "required"]
    other = [entry["name"] for entry in document["materials"] if entry["necessity"] != "required"]
    if not needed and not other:
        return None
    zh = f"需要：{'、'.join(name['zh'] for name in needed)}。" if needed else ""
    en = f"You need: {', '.join(name['en'] for name in needed)}." if needed else ""
    if other:
        zh += f"视情况另需：{'、'.join(name['zh'] for name in other)}。"
        en += f" In some cases also: {', '.join(name['en'] for name in other)}."
    return Text(zh, en.strip())


def _limit(document: Document) -> Text | None:
    if document["form"] == "instant":
        return Text("当场办结。", "Done at once.")
    promised, statutory = document.get("promised"), document.get("statutory")
    if promised is None:
        return None
    zh, en = f"承诺{_time(promised).zh}办结", f"Promised within {_time(promised).en}"
    if statutory:
        zh, en = f"{zh}（法定{_time(statutory).zh}）", f"{en} (by law {_time(statutory).en})"
    return Text(f"{zh}。", f"{en}.")


def _time(limit: Document) -> Text:
    if limit["limit"] == 0:
        return Text("当日", "the same day")
    unit = _UNITS[limit["unit"]]
    return Text(f"{limit['limit']}{unit.zh}", f"{limit['limit']} {unit.en}")


def _fee(document: Document) -> Text | None:
    fee = document.get("fee")
    if fee is None or not fee["charged"]:
        return Text("办事指南未载明收费。", "The guide names no charge.")
    told = fee.get("told") or {"zh": fee["basis"], "en": fee["basis"]}
    return Text(f"收费：{told['zh']}。", f"A charge applies: {told['en']}.")


def _place(document: Document) -> Text:
    levels = [_LEVELS[level] for level in document["levels"]]
    reach = _REACHES[document["reach"]]
    return Text(
        f"由{'、'.join(level.zh for level in levels)}办理，{reach.zh}。",
        f"Handled by {' or '.join(level.en for level in levels)}; taken in {reach.en}.",
    )


def _online(document: Document) -> Text:
    visits = document["visits"]
    zh = "可以网上申请" if document["online"] else "须到窗口申请"
    en = "You may apply online" if document["online"] else "Apply at a window"
    return Text(f"{zh}，到现场{visits}次。", f"{en}; visits needed: {visits}.")


def _condition(document: Document) -> Text | None:
    said = document.get("acceptance_condition")
    return Text(f"条件：{said['zh']}", f"Condition: {said['en']}") if said else None


_PARTS: Mapping[str, Callable[[Document], Text | None]] = {
    "materials": _materials,
    "limit": _limit,
    "fee": _fee,
    "place": _place,
    "online": _online,
    "condition": _condition,
}
