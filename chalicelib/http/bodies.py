"""Bodies of cases: what a client may send to file one and to move it.

Shapes and lengths only; what an item, an organisation or the procedure asks for is decided further in. This module
must not know what becomes of a body.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from chalicelib.domain.authority import Line
from chalicelib.domain.case import Evidence
from chalicelib.domain.pause_classes import PAUSE_CLASSES
from chalicelib.domain.rating import RatingLevel
from chalicelib.errors import FieldError, InvalidInput
from chalicelib.http.fields import (
    Closed,
    FormKey,
    Given,
    OrganisationCode,
    Short,
    Slug,
    StaffId,
    Text,
    visible,
    without_personal_data,
)
from chalicelib.http.parties import Account, AgentIn, Authority, OrganisationIn, PersonIn, identified, normal
from chalicelib.services.application import Agent, Application, Material, Observed
from chalicelib.services.transitions import Observation, Step

Channel = Literal["mobile", "web", "kiosk", "window"]
MaterialCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]
FormValue = Annotated[str, StringConstraints(max_length=500), AfterValidator(visible)]


class MaterialIn(Closed):
    """One material. `shared`: fetched by data sharing (共享); `pledged`: promised to follow (容缺);
    `lacking`: not at hand, to be asked for once (待补正)."""

    code: MaterialCode
    medium: Literal["electronic", "paper", "shared", "pledged", "lacking"]
    reference: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None


class DeliveryIn(Closed):
    """How the result is to be delivered (出件送达方式)."""

    way: Literal["collect", "mail", "electronic"]
    address: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(visible)] | None = None


class FinishIn(Closed):
    """Settles an instant item at the window in the same request (即办件窗口直接出件)."""

    result_number: Short
    handed_to: Literal["applicant", "agent", "mail"] | None = None
    authority: Authority | None = None
    on_site_staff: Annotated[list[StaffId], Field(max_length=10)] | None = None
    note: Text | None = None


class ObservedIn(Closed):
    """补录: a case that another system handles; pooling systems only. `due`: its own deadline, null if none."""

    at: Given
    due: Given | None = None
    source: Slug
    source_id: Annotated[str, StringConstraints(pattern=r"^[ -~]{1,60}$")]
    actor: Account


_APPLICATION: dict[str, Any] = {
    "item": "passport",
    "organisation": "330203",
    "channel": "kiosk",
    "applicant": {
        "kind": "person",
        "name": "张某甲",
        "id_type": "resident_id",
        "id_number": "330203199003070010",
        "phone": "13800138000",
    },
    "form": {"reason": "旅游"},
    "materials": [
        {"code": "m1", "medium": "shared"},
        {"code": "m2", "medium": "electronic", "reference": "photo-1"},
        {"code": "m3", "medium": "electronic", "reference": "prints-1"},
    ],
    "delivery": {"way": "mail", "address": "宁波市海曙区示例路1号"},
}


class CaseIn(Closed):
    """An application, the same on all four channels (无差别受理)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_APPLICATION]})

    item: Slug
    organisation: OrganisationCode
    channel: Channel
    locality: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None
    applicant: Annotated[PersonIn | OrganisationIn, Field(discriminator="kind")] | None = None
    agent: AgentIn | None = None
    form: Annotated[dict[FormKey, FormValue], Field(max_length=100)] = {}
    materials: Annotated[list[MaterialIn], Field(max_length=60)] = []
    delivery: DeliveryIn | None = None
    note: Text | None = None
    finish: FinishIn | None = None
    observed: ObservedIn | None = None


class StepObservedIn(Closed):
    """补录: when and by whom a step was taken elsewhere."""

    at: Given
    actor: Account


class StepIn(Closed):
    """A step. Each action takes what its row of the procedure demands; see /v1/procedures."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "材料齐全，符合法定形式"}]})

    note: Text | None = None
    reason: Text | None = None
    remedy: Annotated[Text, Field(description="救济途径：复议、诉讼的机关和期限")] | None = None
    notice: Annotated[Text, Field(description="告知申请人的内容")] | None = None
    result_number: Short | None = None
    approver: StaffId | None = None
    pause_class: Annotated[str, Field(json_schema_extra={"enum": sorted(PAUSE_CLASSES)}, max_length=40)] | None = None
    days: Annotated[int, Field(ge=1, le=365)] | None = None
    on_site_staff: Annotated[list[StaffId], Field(max_length=10)] | None = None
    handed_to: Literal["applicant", "agent", "mail"] | None = None
    authority: Authority | None = None
    present: Annotated[
        Literal["applicant", "agent", "letter"] | None,
        Field(description="工作人员代为办理的依据：本人到场、代理人到场、来函"),
    ] = None
    corrections: Annotated[
        list[MaterialCode] | None, Field(max_length=60, description="须补正的材料；缺少的必要材料自动列入")
    ] = None
    to_organisation: OrganisationCode | None = None
    to_line: Line | None = None
    complexity: Annotated[Literal["simple", "complex"] | None, Field(description="派单：简单或复杂事项")] = None
    verdict: Annotated[
        Literal["founded", "partly", "unfounded"] | None, Field(description="认定：属实、部分属实、不属实")
    ] = None
    reply: Annotated[Text | None, Field(description="给反映人的答复；公开的，所有人可见")] = None
    disclosure: Annotated[Literal["public", "private"] | None, Field(description="结果是否公开")] = None
    call_back: Annotated[Literal["satisfied", "dissatisfied", "unreachable"] | None, Field(description="回访结果")] = (
        None
    )
    question: Annotated[Text | None, Field(max_length=100, description="入库的标准问法")] = None
    helpful: Annotated[Literal["yes", "no"] | None, Field(description="答复是否有帮助")] = None
    satisfaction: Annotated[RatingLevel | None, Field(description="满意度回访：办事人的评价")] = None
    receipt: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")] | None = None
    competent_authority: Annotated[Short, AfterValidator(without_personal_data)] | None = None
    activity: Annotated[Short, Field(description="补录：该步骤在来源系统中的名称")] | None = None
    materials: Annotated[list[MaterialIn], Field(max_length=60)] | None = None
    form: Annotated[dict[FormKey, FormValue], Field(max_length=100)] | None = None
    observed: StepObservedIn | None = None


class ProgressIn(Closed):
    """What stands on the receipt."""

    case_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{21}$")]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{8}$")]


def application(body: CaseIn, today: date) -> Application:
    """What intake takes, with every number brought to its normal form; InvalidInput names each that is wrong."""
    _require_applicant(body)
    subject, document = identified(body.applicant, today)
    dossier: dict[str, Any] = {
        "applicant": subject,
        "form": dict(body.form),
        "materials": [m.model_dump(exclude_none=True) for m in sorted(body.materials, key=lambda m: m.code)],
    }
    if body.agent:
        dossier["agent"] = normal(body.agent, "agent", today)
    if body.delivery:
        dossier["delivery"] = body.delivery.model_dump(exclude_none=True)
    return Application(
        item=body.item,
        organisation=body.organisation,
        channel=body.channel,
        subject=body.applicant.kind if body.applicant else "",
        dossier=dossier,
        document=document,
        account=body.applicant.account if body.applicant else None,
        agent=Agent(body.agent.account, body.agent.may, body.agent.until) if body.agent else None,
        locality=body.locality,
        delivery=body.delivery.way if body.delivery else None,
        materials=[Material(m.code, m.medium, m.reference) for m in body.materials],
        evidence={"note": body.note} if body.note else {},
        finish=_evidence(body.finish) if body.finish else None,
        observed=Observed(**dict(body.observed)) if body.observed else None,
    )


def step(action: str, body: StepIn, version: int) -> Step:
    """What a transition takes."""
    observed = Observation(body.observed.at, body.observed.actor) if body.observed else None
    return Step(
        action=action,
        version=version,
        evidence=_evidence(body),
        materials=[Material(m.code, m.medium, m.reference) for m in body.materials or ()],
        form=body.form or {},
        observed=observed,
    )


def _evidence(body: FinishIn | StepIn) -> dict[str, Evidence]:
    found = body.model_dump(exclude_none=True, exclude={"materials", "form", "observed"})
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def _require_applicant(body: CaseIn) -> None:
    errors = []
    if body.applicant is None and body.observed is None:
        errors.append(FieldError("applicant", "missing", "必须填写申请人", "an applicant is needed"))
    codes = [m.code for m in body.materials]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            zh, en = f"材料 {code} 重复", f"material {code} is named twice"
            errors.append(FieldError(f"materials.{number}.code", "repeated", zh, en))
    if errors:
        raise InvalidInput(errors=errors)
