"""The page of routes, read from the OpenAPI document, which the doors' own declarations make.

What every route of a kind refuses is told once; a row tells what is its own. This module must not know any route.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.reference import markdown, refusals
from infra.reference.markdown import BREAK

PATH = "routes.md"
TITLE = "接口 Routes"
OPENAPI = "../openapi.json"
_INTRO = f"""\
请求和答复的每个字段见 [openapi.json]({OPENAPI})。“令牌”：持有效令牌即可；“岗位”：还要看岗位、辖区，或是否本人办件，
不符即 403。

Every field of requests and answers: [openapi.json]({OPENAPI}). “令牌 token”: any valid one will do; “岗位 post”: posts,
area and whose case it is decide as well, and may answer 403."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the OpenAPI document."""

    method: str
    path: str
    declared: Mapping[str, Any]

    def parameters(self, place: str) -> list[Mapping[str, Any]]:
        """Its parameters in path, query or header."""
        return [each for each in self.declared["parameters"] if each["in"] == place]

    def header(self, name: str) -> Mapping[str, Any] | None:
        """Its header of this name, if it looks at it."""
        return next((each for each in self.parameters("header") if each["name"] == name), None)

    @property
    def public(self) -> bool:
        """Whether it takes requests without a token."""
        return not self.declared["security"]

    @property
    def body(self) -> str:
        """The name of its body's schema, or ""."""
        content = self.declared.get("requestBody", {}).get("content", {})
        return next((_name(each["schema"]) for each in content.values()), "")

    def refused(self) -> list[str]:
        """The codes it can refuse with, by status."""
        return [
            code
            for status, answer in self.declared["responses"].items()
            if status >= "400"
            for content in answer["content"].values()
            for code in content["schema"]["properties"]["code"]["enum"]
        ]


_KINDS: Mapping[str, Callable[[Route], object]] = {
    "任何接口 every route": lambda _: True,
    "须令牌 with a token": lambda route: not route.public,
    "路径含参数 with a path parameter": lambda route: route.parameters("path"),
    "有请求体 with a body": lambda route: route.body,
    "须 If-Match": lambda route: route.header("If-Match"),
}


def page(document: Mapping[str, Any]) -> str:
    """The page of every route in an OpenAPI document."""
    routes = [
        Route(method.upper(), path, declared)
        for path, methods in document["paths"].items()
        for method, declared in methods.items()
    ]
    common = _common(routes)
    told = [(kind, _links(sorted(codes))) for kind, codes in common.items() if codes]
    return markdown.page(
        TITLE,
        "README.md",
        _INTRO,
        markdown.section("共同的拒绝 What whole kinds refuse", markdown.table(("接口 Routes", "错误码 Codes"), told)),
        *(
            markdown.section(
                tag["description"].replace(" · ", " "),
                _table([route for route in routes if tag["name"] in route.declared["tags"]], common),
            )
            for tag in document["tags"]
        ),
    )


def _common(routes: list[Route]) -> dict[str, set[str]]:
    """The codes that every route of a kind refuses with, and no wider kind was said to."""
    common: dict[str, set[str]] = {}
    for kind, is_of in _KINDS.items():
        refused = [set(route.refused()) for route in routes if is_of(route)]
        common[kind] = set.intersection(*refused).difference(*common.values()) if len(refused) > 1 else set()
    return common


def _table(routes: list[Route], common: Mapping[str, set[str]]) -> str:
    rows = [
        (
            f"`{route.method} {route.path}`",
            _purpose(route),
            _who(route),
            BREAK.join(filter(None, _needs(route))),
            BREAK.join(_answers(route)),
            _links(_own(route, common)),
        )
        for route in routes
    ]
    return markdown.table(
        ("接口 Route", "用途 Purpose", "由谁 Who", "须带 Takes", "答复 Answers", "另可拒绝 Also"), rows
    )


def _purpose(route: Route) -> str:
    zh, _, en = route.declared["summary"].partition(" · ")
    return BREAK.join(filter(None, (f"**{zh}**", en, markdown.prose(route.declared["description"]))))


def _who(route: Route) -> str:
    if route.public:
        return "公开 public"
    return "岗位 post" if "403" in route.declared["responses"] else "令牌 token"


def _needs(route: Route) -> Iterator[str]:
    """What a request brings along, line by line; in brackets what it may leave out."""
    for name in ("Idempotency-Key", "If-Match"):
        if header := route.header(name):
            yield _optional(header)
    if route.body:
        yield route.body
    yield " ".join(_optional(parameter, "?") for parameter in route.parameters("query"))


def _optional(parameter: Mapping[str, Any], mark: str = "") -> str:
    name = f"`{mark}{parameter['name']}`"
    return name if parameter["required"] else f"[{name}]"


def _answers(route: Route) -> Iterator[str]:
    for status, answer in route.declared["responses"].items():
        if status < "400":
            schema = _name(answer["content"]["application/json"]["schema"])
            yield f"{status} {schema}{'，ETag' if 'ETag' in answer['headers'] else ''}"


def _own(route: Route, common: Mapping[str, set[str]]) -> list[str]:
    said = set[str]().union(*(common[kind] for kind, is_of in _KINDS.items() if is_of(route)))
    return [code for code in route.refused() if code not in said]


def _links(codes: Iterable[str]) -> str:
    return "、".join(f"[{code}]({refusals.PATH}#{code})" for code in codes)


def _name(schema: Mapping[str, Any]) -> str:
    return f"`{schema['$ref'].rpartition('/')[2]}`" if "$ref" in schema else "JSON"
