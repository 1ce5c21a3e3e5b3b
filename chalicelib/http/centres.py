"""Progress of centres over HTTP (中心建设进度): published by the level above, read by all staff.

Shapes only; which stages and tasks there are, and whether a history holds, is for the services.
"""

from __future__ import annotations

from datetime import date
from types import ModuleType
from typing import Annotated

from pydantic import Field

from chalicelib import errors
from chalicelib.http.entries import EntriesOut, EntryOut, Long, VersionQuery, shown
from chalicelib.http.fields import Closed, OrganisationCode, PageQuery, Slug
from chalicelib.http.operation import Answer, Call, Door
from chalicelib.http.registry import PUBLISH_REFUSALS, document_of, page_of, publish

door = Door(__name__, title=("中心建设", "Centres"))

CODE = r"[0-9]{6}([0-9]{2})?"


class StageEntry(Closed):
    """A stage that the centre reached: since which day, and the document that says so."""

    stage: Slug
    since: date
    document: Long


class TaskEntry(Closed):
    """A task of the guidance that the centre has met: since which day, and the document that says so."""

    task: Slug
    since: date
    document: Long


class CentreEntry(Closed):
    """How far a centre or an extension point is: every stage that it reached, in the order of their days, and the tasks
    that it has met. A correction is the whole history told anew."""

    stages: Annotated[list[StageEntry], Field(min_length=1, max_length=20)]
    tasks: Annotated[list[TaskEntry], Field(max_length=30)] = []
    sample: bool = False


class CentresQuery(PageQuery):
    """Which centres: those at and below `org`, or all."""

    org: OrganisationCode | None = None


def _centres() -> ModuleType:
    from chalicelib.services import centres  # no step of a case needs it

    return centres


@door.operation(
    "GET",
    "/v1/centres",
    summary=("中心建设进度", "Progress of centres"),
    query=CentresQuery,
    out=EntriesOut,
    refusals=(errors.Forbidden,),
)
def centres(call: Call) -> Answer:
    """What is published of centres and extension points, by code."""
    return page_of(_centres().entries(call.query.org, identity=call.who), call.query)


@door.operation(
    "GET",
    "/v1/centres/{code}",
    summary=("一个中心的建设进度", "The progress of a centre"),
    where={"code": CODE},
    query=VersionQuery,
    out=EntryOut,
    refusals=(errors.Forbidden,),
)
def centre(call: Call) -> Answer:
    """How far one centre is, as published now or in a given version."""
    entry = _centres().entry(call.path["code"], call.query.version, identity=call.who)
    return Answer(shown(entry), version=entry.version)


@door.operation(
    "PUT",
    "/v1/centres/{code}",
    summary=("发布中心建设进度", "Publish the progress of a centre"),
    where={"code": CODE},
    body=CentreEntry,
    out=EntryOut,
    status=(201, 200),
    refusals=PUBLISH_REFUSALS,
)
def publish_centre(call: Call) -> Answer:
    """Adds a version, by operations staff of an organisation above; a stage counts from its own day on, whenever it is
    told."""
    return publish("centre", call.path["code"], document_of(call), call)
