"""The page of refusals: every code that a client can meet, its status, and what to do next.

Status and words are those of `chalicelib.http.problems`, the situation is the docstring in `chalicelib.errors`. This
module must not add to them.
"""

from __future__ import annotations

import inspect

from chalicelib import errors
from chalicelib.http import problems
from infra.reference import markdown

PATH = "errors.md"
TITLE = "错误码 Refusals"
_INTRO = f"""\
拒绝时答复问题文档（RFC 9457，`{problems.MEDIA_TYPE}`）：程序看 `code`；`title` 和 `detail` 随 Accept-Language，
`text` 兼有中英文；`errors` 逐项指出字段（`field`）、原因（`code`）和改法（`text`）；能办的步骤在 `allowed_actions` 中。

A refusal is a problem document. Programs read `code`; `title` and `detail` follow Accept-Language, `text` has both
languages; `errors` names each field with its own `code` and what to do; `allowed_actions` lists the steps that can
follow."""


def page() -> str:
    """The page of every code, by status."""
    situations = {kind.code: inspect.getdoc(kind) or "" for kind in errors.Refused.__subclasses__()}
    ordered = sorted(problems.TABLE.items(), key=lambda entry: (entry[1].status, entry[0]))
    rows = [
        (
            f"{markdown.anchor(code)}`{code}`",
            str(row.status),
            markdown.bilingual(f"**{row.zh}**", row.en),
            markdown.bilingual(row.do_zh, row.do_en),
            markdown.prose(situations.get(code, "")),
        )
        for code, row in ordered
    ]
    headings = ("代码 Code", "HTTP", "含义 Meaning", "怎么办 What to do", "情形 When")
    return markdown.page(TITLE, "README.md", _INTRO, markdown.table(headings, rows))
