"""Findings over HTTP: the rules of supervision, and what they saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chalicelib import errors
from chalicelib.domain import order
from chalicelib.domain.calendar import end_of_day, start_of_day
from chalicelib.domain.supervision.rule import Finding, Rule
from chalicelib.http import cursors
from chalicelib.http.fields import Names, OrganisationCode, PageQuery, Shown, Time, names
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.services import orders, watchers
from chalicelib.services.casework import Known
from chalicelib.services.watchers import About

door = Door(__name__, title=("监管", "Supervision"))

EARLIEST = date(1970, 1, 2)
Day = Annotated[date, Field(ge=EARLIEST, le=date(9998, 12, 31))]
RuleCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}$")]


class RuleOut(Shown):
    """A rule as it is published; `disabled` says why it is listed and not asked."""

    code: str
    name: Names
    severity: str
    basis: str
    scope: str
    parameters: dict[str, int]
    disabled: Names | None


class RulesOut(Shown):
    """Every rule, those that are switched off among them."""

    items: list[RuleOut]


class FollowingOut(Shown):
    """The order that follows from a finding, as it stands."""

    order_id: str
    kind: str
    state: str
    closed_at: Time | None


class FindingOut(Shown):
    """What a rule saw. `about`: a case, an order, or a unit's day or month, which `subject` names; `evidence` names
    steps and values; `order`: what became of it (None: a yellow light, which has none)."""

    rule: str
    name: Names
    severity: str
    about: About
    subject: str
    occurrence: str
    organisation: str
    at: Time
    evidence: dict[str, Any]
    order: FollowingOut | None


class FindingsOut(Shown):
    """One page of findings, in the order of time."""

    items: list[FindingOut]
    next: str | None


class FindingsQuery(PageQuery):
    """Whose findings, and from which days; or those of one subject."""

    org: OrganisationCode
    first: Annotated[Day | None, Field(alias="from", description="first legal day")] = None
    last: Annotated[Day | None, Field(alias="to", description="last legal day")] = None
    rule: RuleCode | None = None
    about: About | None = None


@door.operation(
    "GET",
    "/v1/rules",
    summary=("监管规则", "Rules of supervision"),
    access=Access.public,
    out=RulesOut,
)
def rules(_call: Call) -> Answer:
    """Every rule with its legal basis and parameters; one that is switched off says why."""
    return Answer(RulesOut(items=[_rule(each) for each in all_rules().values()]))


@door.operation(
    "GET",
    "/v1/findings",
    summary=("异常与预警", "Findings"),
    query=FindingsQuery,
    out=FindingsOut,
    refusals=(errors.Forbidden,),
)
def findings(call: Call) -> Answer:
    """What was found at an organisation, in the order in which it came to be; its evidence names the steps."""
    query: FindingsQuery = call.query
    first, last = stretch(query.first, query.last, call.now)
    page = watchers.findings(
        query.org,
        identity=call.who,
        first=first,
        last=last,
        rule=query.rule,
        about=query.about,
        after=cursors.decode(query.cursor, {"s": str, "k": str, "t": int}, ("t", first, last)),
        most=query.limit,
    )
    return Answer(FindingsOut(items=_findings(page.rows), next=cursors.encode(page.after)))


@door.operation(
    "GET",
    "/v1/cases/{case_id}/findings",
    summary=("本办件的异常与预警", "What was found of a case"),
    where={"case_id": r"[0-9]{21}"},
    out=FindingsOut,
    refusals=(errors.Forbidden, errors.BrokenHistory),
)
def findings_of_case(call: Call) -> Answer:
    """Everything that was found of one case; for staff who may see it."""
    found = watchers.findings_of(call.path["case_id"], call.who, call.now)
    return Answer(FindingsOut(items=_findings(found), next=None))


def stretch(first: date | None, last: date | None, now: datetime) -> tuple[datetime, datetime]:
    """The instants between which a list is asked for: from the first day on, or ever; up to the end of the last, or
    now. InvalidInput where it would end before it begins."""
    begin, end = start_of_day(first or EARLIEST), end_of_day(last) if last else now
    if begin > end:
        zh, en = (
            "from 不得晚于 to；未填写 to 时不得晚于今天",
            "`from` comes no later than `to`, or than today without one",
        )
        raise errors.InvalidInput(errors=[errors.FieldError(name, "reversed", zh, en) for name in ("from", "to")])
    return begin, end


def all_rules() -> Mapping[str, Rule]:
    """The catalogue, which brings the code of every rule along: loaded when somebody asks for it."""
    from chalicelib.rules import all_rules

    return all_rules()


def _rule(rule: Rule) -> RuleOut:
    return RuleOut(
        code=rule.code,
        name=names(rule.text),
        severity=rule.severity,
        basis=rule.basis,
        scope=rule.scope,
        parameters=dict(rule.parameters),
        disabled=names(rule.disabled) if rule.disabled else None,
    )


def _findings(found: Sequence[Finding]) -> list[FindingOut]:
    following = orders.following(found)
    return [_finding(each, following.get(order.cause(each))) for each in found]


def _following(known: Known) -> FollowingOut:
    case = known.case
    kind = known.law.item.id
    return FollowingOut(order_id=case.id, kind=kind, state=case.state, closed_at=case.closed_at)


def _finding(finding: Finding, known: Known | None) -> FindingOut:
    rule = all_rules()[finding.rule]
    return FindingOut(
        rule=rule.code,
        name=names(rule.text),
        severity=rule.severity,
        about=watchers.about_what(finding.subject),
        subject=finding.subject,
        occurrence=finding.occurrence,
        organisation=finding.organisation,
        at=finding.at,
        evidence={name: list(v) if isinstance(v, tuple) else v for name, v in sorted(finding.evidence.items())},
        order=_following(known) if known else None,
    )
