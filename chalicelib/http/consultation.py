"""Consultation over HTTP: ask, be answered with a source or handed over to a person; the knowledge base behind it.

What answers is imported when it is asked for: a process that moves cases needs none of it. This module must not decide
what is sure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StringConstraints

from chalicelib import errors, observability
from chalicelib.http.entries import EntriesOut, EntryOut, VersionQuery, shown
from chalicelib.http.fields import Closed, Names, OrganisationCode, PageQuery, Shown, Slug, Time, names
from chalicelib.http.filing import legible
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.http.registry import PUBLISH_REFUSALS, document_of, page_of, publish
from chalicelib.services import registry

if TYPE_CHECKING:
    from chalicelib.domain.item import Text
    from chalicelib.services.casework import Known
    from chalicelib.services.consultation import Offered, Reply

door = Door(__name__, title=("咨询", "Consultation"))

LONGEST = 500  # characters of a question


def question(text: str) -> str:
    """A question stays as it was written; one without a letter, a number or a sign that says something is refused."""
    return legible(text, "请写明要咨询的问题", "say what you want to know")


Asked = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST), AfterValidator(question)
]
Language = Literal["zh-CN", "en"]
_EXAMPLE: dict[str, Any] = {"text": "身份证丢了去哪补办", "organisation": "330203"}


class QuestionIn(Closed):
    """A question. `person`: true, a person is to answer; false, nobody is to be troubled; left out, a person answers
    what the knowledge base cannot. `conversation`: the one to go on with."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    text: Asked
    channel: Literal["mobile", "web", "kiosk", "window", "phone"] = "web"
    organisation: Annotated[OrganisationCode, Field(description="由哪个单位的咨询引导岗人工答复")] | None = None
    item: Slug | None = None
    conversation: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")] | None = None
    person: StrictBool | None = None
    language: Annotated[Language, Field(description="答复语言；不填则与问题一致")] | None = None


class SourceOut(Shown):
    """An entry of the registry in its version: `item`, a service item with its guide, or `knowledge`, an answer;
    see /v1/items/{id} and /v1/knowledge/{id}. `origin`: what the entry rests on."""

    kind: Literal["item", "knowledge"]
    id: str
    version: int
    title: str
    item: str | None
    origin: str


class SourcedOut(Shown):
    """The answer, never without its source."""

    text: str
    source: SourceOut


class NearestOut(Shown):
    """One of the nearest entries. `confidence`: how likely it is, 0 to 1, that it answers the question."""

    source: SourceOut
    confidence: float


class HandedOverOut(Shown):
    """What a person will answer: number and code together ask for it at /v1/orders/progress."""

    order_id: str
    code: str
    state: str
    state_name: Names
    organisation: str
    due: Time | None


class QuestionOut(Shown):
    """`answered`: the knowledge base was sure; else `answer` is null, and `nearest` is what comes nearest."""

    conversation: str
    turn: int
    answered: bool
    confidence: float
    answer: SourcedOut | None
    nearest: list[NearestOut]
    notice: str | None = Field(description="what happens next, where it is not answered")
    handed_over: HandedOverOut | None


@door.operation(
    "POST",
    "/v1/questions",
    summary=("咨询", "Ask a question"),
    access=Access.either,
    body=QuestionIn,
    out=QuestionOut,
    key="optional",
    refusals=(errors.NotFound, errors.KeyReused, errors.TooManySteps, errors.BrokenHistory),
)
def ask(call: Call) -> Answer:
    """Answered from the knowledge base with its source if that is sure; if not, or if a person is wanted, handed over
    to the guidance post with the whole conversation. At most 500 characters; a conversation has at most 20 questions
    and can be continued for a day, for thirty after it was handed over. With an account it is linked to it. Without
    one, a key is random and has at least 16 characters."""
    from chalicelib.domain.consultation.words import in_english  # no transition of a case needs it
    from chalicelib.services import consultation

    body: QuestionIn = call.body
    question = consultation.Question(
        text=body.text,
        channel=body.channel,
        organisation=body.organisation,
        item=body.item,
        conversation=body.conversation,
        person=body.person,
    )
    reply = consultation.ask(question, identity=call.identity, key=call.key, digest=call.digest, now=call.now)
    if reply.order:
        observability.note(order_id=reply.order.case.id)
    outcome = "handed_over" if reply.order else "answered" if reply.answer else "not_answered"
    observability.count("QuestionsAsked", call.now, outcome=outcome)
    return Answer(_shown(reply, body.language or ("en" if in_english(body.text) else "zh-CN")))


def _shown(reply: Reply, language: Language) -> QuestionOut:
    nearest = [_near(each, language) for each in reply.nearest]
    return QuestionOut(
        conversation=reply.conversation,
        turn=reply.turn,
        answered=reply.answer is not None,
        confidence=nearest[0].confidence if nearest else 0.0,
        answer=SourcedOut(text=_in(reply.answer, language), source=nearest[0].source) if reply.answer else None,
        nearest=nearest,
        notice=_notice(reply, language),
        handed_over=_handed_over(reply.order) if reply.order else None,
    )


def _near(offered: Offered, language: Language) -> NearestOut:
    source = offered.source
    shown: dict[str, Any] = {"kind": source.kind, "id": source.id, "version": source.version, "item": source.item}
    return NearestOut(
        source=SourceOut(**shown, title=_in(source.title, language), origin=source.origin),
        confidence=offered.confidence,
    )


def _in(text: Text, language: Language) -> str:
    return text.en if language == "en" else text.zh


def _notice(reply: Reply, language: Language) -> str | None:
    if reply.order:
        zh = "已转咨询引导岗人工答复，请凭编号和查询码查看；在本对话中继续提问将一并转交。"
        en = "A person will answer; look it up by number and code. What you ask further here is passed on as well."
    elif reply.said:
        return _in(reply.said, language)
    elif reply.answer is None:
        zh = "没有找到有把握的答案，以上为最接近的内容；需要人工答复请回复“转人工”。"
        en = "No answer is sure; these come nearest. Reply “human agent” to be answered by a person."
    else:
        return None
    return en if language == "en" else zh


def _handed_over(known: Known) -> HandedOverOut:
    case = known.case
    due = case.due()
    return HandedOverOut(
        order_id=case.id,
        code=known.code,
        state=case.state,
        state_name=names(known.law.procedure.states[case.state].text),
        organisation=case.holder,
        due=due.last.replace(microsecond=0) if due else None,
    )


Signal = Annotated[str, StringConstraints(min_length=2, max_length=40)]
Similar = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class StandardQuestionIn(Closed):
    """A question; what has no English is shown in Chinese."""

    zh: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class ReplyIn(Closed):
    """An answer; what has no English is shown in Chinese."""

    zh: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None


class KnowledgeEntry(Closed):
    """One entry of the knowledge base (知识库): a question, other ways to ask it, the answer and its source. Whoever
    says one of `signals` (紧急用语: 救命, 被抢了) is told the answer first, whatever else is asked."""

    item: Slug | None = None
    question: StandardQuestionIn
    similar: Annotated[list[Similar], Field(max_length=60)] = []
    signals: Annotated[list[Signal], Field(max_length=300)] = []
    answer: ReplyIn
    source: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    status: Literal["active", "retired"] = "active"
    sample: bool = False


class KnowledgeQuery(PageQuery):
    """Which entries: those about one item, or all."""

    item: Slug | None = None


@door.operation(
    "GET",
    "/v1/knowledge",
    summary=("知识库条目", "Entries of the knowledge base"),
    access=Access.public,
    query=KnowledgeQuery,
    out=EntriesOut,
    refusals=(errors.Busy,),
)
def entries(call: Call) -> Answer:
    """The questions and answers as published now; replies that staff released are among them."""
    query: KnowledgeQuery = call.query
    found = [e for e in registry.entries("knowledge") if query.item in (None, e.document().get("item"))]
    return page_of(found, query)


@door.operation(
    "GET",
    "/v1/knowledge/{knowledge_id}",
    summary=("知识库条目详情", "An entry of the knowledge base"),
    access=Access.public,
    where={"knowledge_id": r"[a-z0-9-]{1,60}"},
    query=VersionQuery,
    out=EntryOut,
    refusals=(errors.Busy,),
)
def entry(call: Call) -> Answer:
    """One entry, current or in a given version: every answer names the version that it was taken from."""
    found = registry.entry("knowledge", call.path["knowledge_id"], call.query.version)
    return Answer(shown(found), version=found.version)


@door.operation(
    "PUT",
    "/v1/knowledge/{knowledge_id}",
    summary=("发布知识库条目", "Publish an entry of the knowledge base"),
    where={"knowledge_id": r"[a-z0-9]+(-[a-z0-9]+)*"},
    body=KnowledgeEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=PUBLISH_REFUSALS,
)
def publish_entry(call: Call) -> Answer:
    """Adds a version; answers are taken from it within thirty seconds. `status` retired takes it out of use."""
    return publish("knowledge", call.path["knowledge_id"], document_of(call), call)
