"""Who may do what: identities, posts (岗位), service lines (警种) and the scope of an organisation.

One place decides; a door that wants to know asks here. Decisions rest on the claims of a verified token
and on the case at hand. This module must not verify tokens, read tables or know routes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain import organisation as organisations
from chalicelib.errors import Forbidden


class Kind(StrEnum):
    """The three kinds of identity a token can carry."""

    citizen = "citizen"
    staff = "staff"
    system = "system"


class Post(StrEnum):
    """The seven posts of 浙公办〔2023〕6号, section 2(3)."""

    guidance = "guidance"  # 咨询引导
    intake = "intake"  # 收件受理
    review = "review"  # 审核审批
    delivery = "delivery"  # 办结出件
    operations = "operations"  # 运维保障
    supervision = "supervision"  # 监督管理
    analysis = "analysis"  # 综合研判


class Line(StrEnum):
    """Service lines (警种) that own service items."""

    public_order = "public_order"  # 治安
    household = "household"  # 户政
    exit_entry = "exit_entry"  # 出入境
    traffic = "traffic"  # 交管
    narcotics = "narcotics"  # 禁毒
    cyber = "cyber"  # 网安
    detention = "detention"  # 监管


class Purpose(StrEnum):
    """What staff read somebody's identity for (查阅目的); 个人信息保护法 art. 6: for a definite purpose."""

    handling = "handling"  # 办理
    call_back = "call_back"  # 回访
    verification = "verification"  # 核查
    supervision = "supervision"  # 监督检查
    archiving = "archiving"  # 归档


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: `subject` names the person or client, `organisation` is a code (staff only)."""

    subject: str
    kind: Kind
    organisation: str | None = None
    posts: frozenset[Post] = frozenset()
    lines: frozenset[Line] = frozenset()


AGENT_MAY = ("file", "withdraw", "collect")  # what an agent's authority (授权委托) may cover
_RECEPTION = frozenset({Post.guidance, Post.intake, Post.delivery})


class Mandate(StrEnum):
    """By what right somebody acts on a case that another organisation holds."""

    delegated = "delegated"  # 委托: 行政许可法 art. 24
    joint = "joint"  # 市县联合办公: 浙公办〔2023〕6号 section 2


@dataclass(frozen=True, slots=True)
class Who:
    """Who may take an action: the applicant, an agent whose authority covers `agent`, the platform itself (`system`),
    holders of one of `posts`;
    `outposts` admits the windows and stations below the organisation that holds the case (延伸网点), `lines` asks
    for the item's service line."""

    applicant: bool
    agent: str | None
    system: bool
    posts: frozenset[Post]
    outposts: bool
    lines: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What connects somebody with a case: being its applicant; being an agent whose authority covers some of
    AGENT_MAY; a mandate to act for the organisation that holds it."""

    applicant: bool = False
    agent: frozenset[str] = frozenset()
    mandates: frozenset[Mandate] = frozenset()


NO_STANDING = Standing()


def require_actor(identity: Identity, who: Who, *, organisation: str, line: Line | None, standing: Standing) -> None:
    """Forbidden unless `identity` may act as `who` says on a case that `organisation` holds.

    An empty `lines` claim means all lines: the comprehensive staff (全科) of 无差别受理 windows. Joint centres share
    reception and delivery; what an organ reviews and decides stays with it.
    """
    if identity.kind is Kind.citizen:
        if not (who.applicant and standing.applicant) and who.agent not in standing.agent:
            raise Forbidden(
                "此操作由办件单位工作人员办理，或不在代理权限内",
                "this action is taken by the staff of the organisation, or is beyond the agent's authority",
            )
        return
    if identity.kind is Kind.system and who.system:
        return
    if identity.kind is Kind.system or identity.organisation is None:
        raise Forbidden("系统账号仅可补录外部办件", "a system client may only record steps that happened elsewhere")
    if not who.posts & identity.posts:
        allowed = "、".join(sorted(who.posts))
        raise Forbidden(f"需要岗位：{allowed}", f"one of these posts is needed: {allowed}")
    seat = organisations.seat(identity.organisation)
    below = who.outposts and organisations.within(identity.organisation, organisation)
    shared = Mandate.joint in standing.mandates and bool(who.posts & identity.posts & _RECEPTION)
    if seat != organisation and not below and not shared and Mandate.delegated not in standing.mandates:
        raise Forbidden(
            f"本办件由 {organisation} 办理",
            f"this case is handled by {organisation}; act in its name or not at all",
        )
    if who.lines and line and identity.lines and line not in identity.lines:
        raise Forbidden(f"需要警种：{line}", f"the service line {line} is needed")


def sees_organisation(identity: Identity, organisation: str) -> bool:
    """Whether staff may read what belongs to `organisation`: their own seat and everything below it."""
    if identity.kind is Kind.system:
        return True
    if identity.kind is Kind.citizen or identity.organisation is None:
        return False
    return organisations.within(organisation, organisations.seat(identity.organisation))


def publishes(identity: Identity) -> bool:
    """Whether this identity may publish registry entries: systems, and operations staff of the province."""
    if identity.kind is Kind.system:
        return True
    province = identity.organisation is not None and organisations.parent(identity.organisation) is None
    return identity.kind is Kind.staff and province and Post.operations in identity.posts


def reports_centre(identity: Identity, code: str) -> bool:
    """Whether this identity may publish how far a centre is: systems, and operations staff of an organisation above it
    (浙公办〔2023〕6号 2(1): each level builds up the centres below); of the province's own, its own."""
    if identity.kind is not Kind.staff or identity.organisation is None:
        return identity.kind is Kind.system
    above = organisations.parent(code) or code
    return Post.operations in identity.posts and organisations.within(above, organisations.seat(identity.organisation))


def closes_periods(identity: Identity) -> bool:
    """Whether this identity may close a period: analysts of the province."""
    province = identity.organisation is not None and organisations.parent(identity.organisation) is None
    return identity.kind is Kind.staff and province and Post.analysis in identity.posts
