"""The page of rights: which function may do what with which table, index, stream, bucket and queue.

For whoever asks who can have written something. This module must not know any function.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from infra.policies import Policy
from infra.reference import markdown

PATH = "rights.md"
_INTRO = """\
各函数的权限，取自 `.chalice/policy-<函数>.json`，未列出的一律不允许。
另：各函数可写自己的日志组；密钥与链路追踪由部署栈统一授予。

What each function may do with what the stack declares, from `.chalice/policy-<function>.json`; what is not listed is
not allowed. Beside this each writes its own log group; the use of keys and traces are the stack's to give, and the same
for all."""


def page(found: Mapping[str, Policy]) -> str:
    """Every grant, by resource."""
    headings = ("资源 Resource", "函数 Function", "可以 May", "限于 Only of")
    return markdown.page("权限 Rights", "README.md", _INTRO, markdown.table(headings, _rows(found)))


def _rows(found: Mapping[str, Policy]) -> list[tuple[str, str, str, str]]:
    actions = defaultdict[tuple[str, str, str], list[str]](list)
    for function, policy in found.items():
        for grant in policy.grants:
            if not grant.action.startswith("logs:"):
                only = "、".join(f"`{pattern}`" for pattern in grant.only)
                actions[grant.resource, function, only].append(f"`{grant.action}`")
    rows, above = [], ""
    for (resource, function, only), named in sorted(actions.items()):
        rows.append((f"`{resource}`" if resource != above else "", f"`{function}`", " ".join(sorted(named)), only))
        above = resource
    return rows
