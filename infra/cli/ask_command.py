"""`./zs ask`: a question put to the knowledge base, with where the answer comes from and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from infra.cli import output
from infra.cli.output import AsJson, Url


def ask(
    text: Annotated[str, typer.Argument(metavar="QUESTION", help="问题，至多500字 / the question")],
    org: Annotated[str | None, typer.Option("--org", help="由哪个单位人工答复 / whose guidance post answers")] = None,
    conversation: Annotated[str | None, typer.Option("--in", help="接着某次对话问 / go on with a conversation")] = None,
    person: Annotated[bool, typer.Option("--person", help="无把握时转人工 / hand over what is not sure")] = False,
    url: Url = output.DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """咨询：从知识库答复，注明来源；没有把握则列出最接近的三项 / A question, answered with its source or not at all."""
    body = {"text": text, "organisation": org, "conversation": conversation, "person": None if person else False}
    with output.connected(url) as hub:
        sent = {name: value for name, value in body.items() if value is not None}
        reply = hub.send("POST", "/v1/questions", sent)
    if as_json:
        output.print_json(reply)
        return
    for line in _lines(reply):
        output.out.print(line, markup=False)
    rows = [(_ref(each["source"]), each["source"]["title"], f"{each['confidence']:.2f}") for each in reply["nearest"]]
    output.table("最接近  Nearest", ("来源 source", "", "置信度 confidence"), rows)


def _lines(reply: Mapping[str, Any]) -> list[str]:
    if reply["answer"]:
        source = reply["answer"]["source"]
        return [reply["answer"]["text"], f"来源 source: {_ref(source)} {source['origin']}", _continued(reply)]
    handed = reply["handed_over"]
    receipt = f"工单 order: {handed['order_id']}; 查询码 code: {handed['code']}" if handed else ""
    return [line for line in (reply["notice"], receipt, _continued(reply)) if line]


def _ref(source: Mapping[str, Any]) -> str:
    return f"{source['kind']}/{source['id']}@{source['version']}"


def _continued(reply: Mapping[str, Any]) -> str:
    return f"接着问 go on: --in {reply['conversation']}"
