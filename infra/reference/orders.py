"""The page of the kinds of work orders (工单种类): who opens them, by which procedure, within which limits.

This module must not judge a kind; what the domain declares is shown as it is.
"""

from __future__ import annotations

from chalicelib.domain import order
from chalicelib.domain.clocks import Limit
from chalicelib.domain.order import Kind
from chalicelib.procedures import procedure_of
from infra.reference import markdown, procedures
from infra.reference.glossary import Glossary
from infra.reference.markdown import BREAK

PATH = "orders.md"
TITLE = "工单种类 Kinds of work orders"
_INTRO = """\
时限自登记起算；认定为复杂事项的，以复杂事项时限代之；延期须在到期前申请，只能一次。各环节的时限见其程序。

Limits count from filing; what is found to be complex has the other one; an extension is asked for before the limit
passes, once. The limits of the states stand with the procedure."""


def page(words: Glossary) -> str:
    """The page of every kind, and of what people may choose from."""
    headings = (
        "种类 Kind",
        "程序 Procedure",
        "时限 Limit",
        "复杂事项 Complex",
        "延期 Extension",
        "不得同一人 Apart",
        "匿名 Anonymous",
    )
    rows = [_row(code, kind, words) for code, kind in order.ALL.items()]
    types = [_types(code, kind) for code, kind in order.ALL.items()]
    return markdown.page(TITLE, "README.md", _INTRO, markdown.table(headings, rows), *types)


def _row(code: str, kind: Kind, words: Glossary) -> tuple[str, ...]:
    found = procedure_of(kind.procedure)
    filed = "由群众提交 filed by people" if code in order.FILED else "由平台立单 opened by the platform"
    return (
        f"**{kind.name.zh}**{BREAK}{kind.name.en}{BREAK}`{code}`{BREAK}{filed}",
        f"[{found.text.zh}]({procedures.path(found)})",
        *(_limit(limit, words) for limit in (kind.limit, kind.complex, kind.extension)),
        BREAK.join(f"`{first}` ≠ `{second}`" for first, second in kind.apart),
        "可 yes" if kind.anonymous else "",
    )


def _limit(limit: Limit | None, words: Glossary) -> str:
    return f"{words.amount(limit.amount, limit.unit)}{BREAK}{limit.basis}" if limit else ""


def _types(code: str, kind: Kind) -> str:
    rows = [(f"`{type}`", text.zh, text.en) for type, text in kind.types.items()]
    title = f"{kind.name.zh} `{code}`"
    return markdown.section(title, markdown.table(("代码 Code", "类型", "Type"), rows)) if rows else ""
