"""Admission: everything that an application must be before it becomes a case, told at once and by field.

Item, organisation, jurisdiction, channel, materials. This module must not write.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain import materials, organisation
from chalicelib.domain.authority import Identity, Kind, Post
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.clocks import Limit, Unit
from chalicelib.domain.item import Item
from chalicelib.errors import FieldError, Forbidden, InvalidInput
from chalicelib.services import registry

if TYPE_CHECKING:  # a stream takes steps and admits nobody
    from chalicelib.services.application import Application, Observed

SELF_SERVICE = ("mobile", "web", "kiosk")


def require_fit(application: Application, item: Item, identity: Identity, now: datetime) -> int:
    """Everything that can be wrong with an application is told at once; returns the material bitmap."""
    if application.observed:
        _require_pooling(identity, application.observed, now)
        if registry.find_organisation(application.organisation) is None:
            raise InvalidInput(errors=[unknown_organisation()])
        return materials.bitmap(item, [m.code for m in application.materials])
    _require_channel(application, identity)
    errors = [
        *_wrong_organisation(application, item, identity),
        *_wrong_size(application, item),
        *_too_late(application, item, now),
        *_wrong_agent(application, identity, now),
        *_wrong_item_use(application, item),
        *_unnamed_materials(application, item),
    ]
    if errors:
        raise InvalidInput(errors=errors)
    return materials.bitmap(item, [m.code for m in application.materials if m.medium != "lacking"])


def _require_pooling(identity: Identity, observed: Observed, now: datetime) -> None:
    if identity.kind is not Kind.system:
        raise Forbidden("补录仅限归集系统", "only a pooling system may file observed cases")
    if observed.at > now:
        raise future("observed.at")


def future(field_name: str) -> InvalidInput:
    """What is said of an observed time that has not come yet."""
    zh, en = "补录时间不能晚于当前时间", "an observed time cannot lie in the future"
    return InvalidInput(zh, en, errors=[FieldError(field_name, "in_the_future", zh, en)])


def _require_channel(application: Application, identity: Identity) -> None:
    """Applicants file on mobile, web and kiosk; the window is for intake staff, with the applicant present."""
    if identity.kind is Kind.citizen and application.channel in SELF_SERVICE:
        own = (None,) if application.agent else (None, identity.subject)
        if application.account not in own:
            zh, en = (
                "只能以本人账号申请；代理申请不填被代理人账号，请填写 agent",
                "file with your own account; an agent leaves it out and fills in `agent`",
            )
            raise InvalidInput(zh, en, errors=[FieldError("applicant.account", "not_your_account", zh, en)])
        return
    if identity.kind is Kind.staff and application.channel == "window" and Post.intake in identity.posts:
        return
    raise Forbidden(
        "移动端、PC端、自助端由申请人本人提交；窗口端由收件受理岗提交；系统账号仅可补录",
        "applicants file on mobile, web or kiosk; intake staff at the window; systems file observed cases only",
    )


def _wrong_agent(application: Application, identity: Identity, now: datetime) -> list[FieldError]:
    """民法典 art. 165: an agent's authority says for what and for how long."""
    agent = application.agent
    if agent is None:
        return []
    errors = []
    if identity.kind is Kind.citizen and agent.account not in (None, identity.subject):
        zh, en = "代理人账号须为本人账号", "the agent's account must be your own"
        errors.append(FieldError("agent.account", "not_your_account", zh, en))
    if identity.kind is Kind.citizen and "file" not in agent.may:
        zh, en = "代理权限须包括代为申请（file）", "the authority must cover filing: file"
        errors.append(FieldError("agent.may", "authority_needed", zh, en))
    if agent.until and agent.until < legal_day(now):
        zh, en = "代理期限已届满", "the authority has ended"
        errors.append(FieldError("agent.until", "authority_ended", zh, en))
    return errors


def _wrong_organisation(application: Application, item: Item, identity: Identity) -> list[FieldError]:
    code = application.organisation
    found = registry.find_organisation(code)
    if found is None or not found.active:
        return [unknown_organisation()]
    if found.level not in item.levels:
        levels = ", ".join(sorted(item.levels))
        return [FieldError("organisation", "wrong_level", f"该事项由 {levels} 级办理", f"handled at level {levels}")]
    errors = []
    if application.locality and not _reaches(application.locality, code, item.reach):
        zh, en = "该地不在此单位管辖范围内", "this organisation has no jurisdiction there"
        errors.append(FieldError("locality", "wrong_jurisdiction", zh, en))
    if identity.organisation and not _reaches(identity.organisation, code, item.reach):
        zh = "该事项不能在您的窗口代收（通办范围：" + item.reach + "）"
        en = f"your window may not take this in for {code} (reach: {item.reach})"
        errors.append(FieldError("organisation", "wrong_jurisdiction", zh, en))
    return errors


def unknown_organisation(field_name: str = "organisation") -> FieldError:
    """What is said of an organisation that is not there, or is retired."""
    return FieldError(field_name, "unknown_organisation", "没有此单位或已停用", "no such active organisation")


def _wrong_size(application: Application, item: Item) -> list[FieldError]:
    """Where size decides the level: 大型群众性活动安全管理条例 art. 12, the county under 5,000 people."""
    if item.graded is None:
        return []
    place, text = f"form.{item.graded.by}", str(application.dossier["form"].get(item.graded.by, ""))
    if not re.fullmatch(r"[0-9]{1,9}", text):
        return [
            FieldError(
                place, "size_needed", "请填写规模（整数），以确定办理层级", "a whole number: it decides the level"
            )
        ]
    level = item.graded.level(int(text))
    if organisation.level(application.organisation) is level:
        return []
    return [
        FieldError("organisation", "wrong_level", f"此规模由 {level} 级办理", f"this size is handled at level {level}")
    ]


def event_day(application: Application, item: Item) -> date | None:
    """The day that the item's limits are measured to, as the form names it; None where it names none."""
    try:
        return date.fromisoformat(str(application.dossier["form"].get(item.event.field, "")))
    except ValueError:
        return None


def _too_late(application: Application, item: Item, now: datetime) -> list[FieldError]:
    """Where the law sets how long before a day one applies (大型群众性活动安全管理条例 art. 13: 20 days; 行政许可法
    art. 50: 30 days before a licence ends), or by when before it the decision is due."""
    if item.lead_time is None and item.event.decide is None:
        return []
    place, day = f"form.{item.event.field}", event_day(application, item)
    if day is None:
        zh, en = f"请填写{item.event.name.zh}（如2026-10-01）", f"{item.event.name.en}, e.g. 2026-10-01"
        return [FieldError(place, "event_date_needed", zh, en)]
    limit = item.lead_time or item.event.decide
    if limit is None or day >= _earliest(legal_day(now), limit):
        return []
    zh, en = f"应在{item.event.name.zh}前 {limit.amount} 日申请", f"apply at least {limit.amount} days before the day"
    return [FieldError(place, "too_late", zh, en)]


def _earliest(today: date, lead: Limit) -> date:
    if lead.unit is Unit.working_day:
        return registry.current_calendar().working_day_after(today, lead.amount)
    return today + timedelta(days=lead.amount)


def _reaches(place: str, handler: str, reach: str) -> bool:
    """Whether something at `place` may go to `handler`: one below the other, or within the item's 通办范围."""
    if organisation.within(place, handler) or organisation.within(handler, place):
        return True
    width = {"county": 6, "city": 4, "province": 2}[reach]
    return place[:width] == handler[:width]


def _wrong_item_use(application: Application, item: Item) -> list[FieldError]:
    errors = []
    if application.subject not in item.subjects:
        zh, en = "该事项不对此类申请人办理", f"this item is for {', '.join(sorted(item.subjects))}"
        errors.append(FieldError("applicant.kind", "wrong_subject", zh, en))
    if application.channel in ("mobile", "web") and not item.online:
        zh, en = (
            "该事项须到现场办理（自助端或窗口端）",
            "this item is not available online; use kiosk or window",
        )
        errors.append(FieldError("channel", "not_online", zh, en))
    if application.delivery and application.delivery not in item.delivery:
        zh, en = f"可选：{'、'.join(sorted(item.delivery))}", f"one of {', '.join(sorted(item.delivery))}"
        errors.append(FieldError("delivery.way", "unknown_delivery", zh, en))
    if application.finish is not None and not (item.form == "instant" and application.channel == "window"):
        zh, en = "只有窗口端的即办件可以当场办结", "only instant items at the window finish in one request"
        errors.append(FieldError("finish", "not_instant", zh, en))
    return errors


def _unnamed_materials(application: Application, item: Item) -> list[FieldError]:
    """Every required material is named; what is not at hand is named as lacking, and asked for once (art. 32(4))."""
    named = {m.code for m in application.materials}
    return [
        FieldError(
            "materials",
            "material_missing",
            f"缺少 {m.code}（{m.name.zh}）；若暂缺，请以 medium=lacking 注明，由窗口一次性告知补正",
            f"{m.code} ({m.name.en}) is missing; name it with medium=lacking if it is to follow",
        )
        for m in item.required()
        if m.code not in named
    ]
