"""The knowledge base over HTTP: questions with their answers, read by all and published by few."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib import errors
from chalicelib.http.entries import EntriesOut, EntryOut, VersionQuery, shown
from chalicelib.http.fields import Closed, PageQuery, Slug
from chalicelib.http.operation import Access, Answer, Call, Door
from chalicelib.http.registry import PUBLISH_REFUSALS, document_of, page_of, publish
from chalicelib.services import registry

door = Door(__name__, title=("知识库", "Knowledge base"))

Similar = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class QuestionIn(Closed):
    """A question; what has no English is shown in Chinese."""

    zh: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class ReplyIn(Closed):
    """An answer; what has no English is shown in Chinese."""

    zh: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None


class KnowledgeEntry(Closed):
    """One entry of the knowledge base (知识库): a question, other ways to ask it, the answer and its source."""

    item: Slug | None = None
    question: QuestionIn
    similar: Annotated[list[Similar], Field(max_length=60)] = []
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
