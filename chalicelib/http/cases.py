"""Cases over HTTP: file, move, read, explain, verify; the desk, one's own cases, public progress."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from chalicelib import errors, observability
from chalicelib.domain.authority import Kind
from chalicelib.domain.calendar import legal_day
from chalicelib.domain.clocks import light
from chalicelib.http import answers, bodies, cursors, explained
from chalicelib.http.answers import (
    CaseDetail,
    CaseOut,
    DeskOut,
    DossierOut,
    FiledOut,
    HistoryOut,
    ItemOut,
    MineOut,
    ProgressOut,
    QueuedOut,
)
from chalicelib.http.bodies import CaseIn, ProgressIn, StepIn
from chalicelib.http.explained import ExplainedOut
from chalicelib.http.fields import OrganisationCode, PageQuery, PurposeQuery, Slug, names
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.services import explaining, intake, reading, registry, transitions
from chalicelib.store.books import Queued

door = Door(__name__, title=("办件", "Cases"))

ID = {"case_id": r"[0-9]{21}"}


class DeskQuery(PageQuery):
    """Which queue, and which part of it."""

    org: OrganisationCode
    item: Slug | None = None
    state: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}$")] | None = None
    due: Literal["warning", "overdue"] | None = None


@door.operation(
    "POST",
    "/v1/cases",
    summary=("提交办件（收件）", "File a case"),
    body=CaseIn,
    out=FiledOut,
    status=201,
    key=True,
    refusals=(errors.Forbidden, errors.KeyReused, errors.ActionNotAllowed, errors.BrokenHistory),
)
def file(call: Call) -> Answer:
    """One body for all four channels. Repeating it under the same Idempotency-Key gives the same answer."""
    application = bodies.application(call.body, legal_day(call.now))
    known = intake.submit(application, identity=call.who, key=call.key or "", digest=call.digest, now=call.now)
    observability.note(case_id=known.case.id)
    return Answer(answers.filed(known), version=known.case.version)


@door.operation(
    "POST",
    "/v1/cases/{case_id}/actions/{action}",
    summary=("办理：流程中的一步", "Take a step"),
    where={**ID, "action": r"[a-z_]{1,32}"},
    body=StepIn,
    out=CaseOut,
    key="optional",
    version=True,
    refusals=(
        errors.Forbidden,
        errors.ActionNotAllowed,
        errors.SamePerson,
        errors.KeyReused,
        errors.TooManySteps,
        errors.BrokenHistory,
    ),
)
def act(call: Call) -> Answer:
    """The step is taken on the version that If-Match names, or not at all. `allowed_actions` says what can follow."""
    observability.note(case_id=call.path["case_id"])
    known = transitions.act(
        call.path["case_id"],
        bodies.step(call.path["action"], call.body, call.expected_version),
        identity=call.who,
        key=call.key,
        digest=call.digest,
        now=call.now,
    )
    return Answer(answers.moved(known), version=known.case.version)


@door.operation(
    "GET",
    "/v1/cases/{case_id}",
    summary=("查看办件", "Read a case"),
    where=ID,
    out=CaseDetail,
    refusals=(errors.BrokenHistory,),
)
def read(call: Call) -> Answer:
    """The case as it stands, its check-list and lights; the applicant masked."""
    known, dossier = reading.one(call.path["case_id"], call.who, call.now)
    calendar = registry.current_calendar()
    lights = {name: light(clock, calendar, call.now) for name, clock in sorted(known.case.clocks.items())}
    return Answer(answers.detail(known, dossier, lights, call.now), version=known.case.version)


@door.operation(
    "GET",
    "/v1/cases/{case_id}/dossier",
    summary=("查看卷宗（个人信息）", "Read the dossier (personal data)"),
    where=ID,
    query=PurposeQuery,
    out=DossierOut,
    refusals=(errors.Forbidden, errors.BrokenHistory),
)
def dossier(call: Call) -> Answer:
    """Form, applicant and materials, unmasked; for the applicant and those who work on the case. Staff say for what
    `purpose`, and that they read it is on record."""
    from chalicelib.services import identities  # no transition of a case needs it

    known, found = identities.of_case(call.path["case_id"], call.who, call.query.purpose, call.now)
    document = dict(found.document) if found else {}
    return Answer(DossierOut(case_id=known.case.id, document=document), version=known.case.version)


@door.operation(
    "GET",
    "/v1/cases/{case_id}/deadline",
    summary=("期限逐日说明", "Deadlines, explained day by day"),
    where=ID,
    out=ExplainedOut,
    refusals=(errors.BrokenHistory,),
)
def deadline(call: Call) -> Answer:
    """Each clock with its limit, pauses, extension, due date and a row for every day between."""
    known, found = explaining.deadline(call.path["case_id"], call.who, call.now)
    body = ExplainedOut(
        case_id=known.case.id, version=known.case.version, clocks=[explained.clock(entry) for entry in found]
    )
    return Answer(body, version=known.case.version)


@door.operation(
    "GET",
    "/v1/cases/{case_id}/history",
    summary=("流程节点及校验", "The history, verified"),
    where=ID,
    out=HistoryOut,
)
def history(call: Call) -> Answer:
    """Every step with its evidence; the hash chain and the commitments to the dossier are checked on reading."""
    found = reading.history(call.path["case_id"], call.who, call.now)
    body = answers.history(found, to_staff=call.who.kind is not Kind.citizen)
    return Answer(body, version=found.known.case.version)


@door.operation(
    "GET",
    "/v1/cases",
    summary=("我的办件", "My cases"),
    query=PageQuery,
    out=MineOut,
    refusals=(errors.Forbidden, errors.BrokenHistory),
)
def mine(call: Call) -> Answer:
    """The applicant's own cases, newest first."""
    after = cursors.decode(call.query.cursor, {"id": str, "r": int})
    page = reading.mine(call.who, after=after, most=call.query.limit)
    return Answer(MineOut(items=[answers.moved(known) for known in page.rows], next=cursors.encode(page.after)))


@door.operation(
    "GET",
    "/v1/desk",
    summary=("单位待办队列", "An organisation's queue"),
    query=DeskQuery,
    out=DeskOut,
    refusals=(errors.Forbidden,),
)
def desk(call: Call) -> Answer:
    """What waits at an organisation, what is due first on top. A filtered page may be short and still go on."""
    query: DeskQuery = call.query
    page = reading.desk(
        query.org,
        identity=call.who,
        now=call.now,
        item=query.item,
        state=query.state,
        due=query.due,
        after=cursors.decode(query.cursor, {"id": str, "q": int}),
        most=query.limit,
    )
    now = int(call.now.timestamp())
    return Answer(DeskOut(items=[_queued(row, now) for row in page.rows], next=cursors.encode(page.after)))


@door.operation(
    "POST",
    "/v1/progress",
    summary=("公众查询办理进度", "Public progress"),
    access=Access.public,
    body=ProgressIn,
    out=ProgressOut,
    refusals=(errors.NotFound, errors.Busy, errors.BrokenHistory),
)
def progress(call: Call) -> Answer:
    """How far a case is, by the number and code on the receipt."""
    return Answer(answers.progress(reading.progress(call.body.case_id, call.body.code)))


def _queued(row: Queued, now: int) -> QueuedOut:
    item = registry.law(row.item).item
    return QueuedOut(
        case_id=row.id,
        item=ItemOut(id=item.id, version=item.version, name=names(item.name)),
        state=row.state,
        channel=row.channel,
        due=row.due,
        overdue=row.due is not None and int(row.due.timestamp()) < now,
    )
