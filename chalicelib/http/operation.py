"""The one declaration per route that both enforces and documents.

`Door.operation(...)` says what a route takes and gives; the same declaration checks every request, refuses in problem
documents, and is what `http.openapi` writes down. In order: who asks, then headers, query, body; what the identity may
do is for the service. Time is the gateway's (`requestTimeEpoch`). This module must not know cases, items or tables.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import unquote

from chalice.app import Blueprint, Request, Response
from pydantic import BaseModel

from chalicelib import errors, observability
from chalicelib.domain.authority import Identity
from chalicelib.http import identity, problems, words
from chalicelib.http.files import File
from chalicelib.store.connection import Budget

KEY_PATTERN = r"[!-~]{1,64}"
VERSION_PATTERN = r'"[1-9][0-9]{0,8}"'
Verify = Callable[[str, datetime], Identity]
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Access(StrEnum):
    """Who may come to a route at all: `token` any verified identity, `public` everybody (a token that comes
    along is not looked at), `either` everybody, and a token that comes along is verified."""

    token = "token"  # noqa: S105  a kind of access, not a secret
    public = "public"
    either = "either"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as declared. `now` is aware UTC; `path` is unquoted; `query` and `body` are instances of
    the declared models; `version` is If-Match; `digest` is SHA-256 of the body in canonical form (what the
    client set, keys sorted), the same for every spelling of the same body; `address` is where it came from."""

    now: datetime
    identity: Identity | None
    path: Mapping[str, str]
    query: Any
    body: Any
    key: str | None
    version: int | None
    digest: bytes
    language: problems.Language
    accept: str
    address: str = ""

    @property
    def who(self) -> Identity:
        """The identity on a route with Access.token, where there always is one."""
        assert self.identity is not None
        return self.identity

    @property
    def expected_version(self) -> int:
        """The version in If-Match on a route declared with version=True, where there always is one."""
        assert self.version is not None
        return self.version


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler gives: `body` of the declared model, or a file of a declared type; `version` becomes the ETag;
    `status` one of the declared, where it is not the first."""

    body: BaseModel | File
    status: int | None = None
    version: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Operation:
    """A declared route. `statuses` are those of success, the usual one first; `refusals` are all that it can
    answer, the automatic ones included; `where` maps each path parameter to its pattern; `files` are the media types
    of what it gives besides `out`."""

    id: str
    method: str
    path: str
    tag: str
    summary: tuple[str, str]
    description: str
    access: Access
    where: Mapping[str, str]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    out: type[BaseModel]
    statuses: tuple[int, ...]
    key: bool | Literal["optional"]
    version: bool
    etag: bool
    refusals: tuple[type[errors.Refused], ...]
    files: tuple[str, ...] = ()


class Door(Blueprint):  # type: ignore[misc]  # chalice has no stubs
    """A blueprint whose every route is an Operation, kept in `operations` in the order of declaration."""

    def __init__(self, module: str, title: tuple[str, str], verify: Verify = identity.verify) -> None:
        super().__init__(module)
        self.tag = module.rsplit(".", 1)[-1]
        self.title = title
        self.operations: list[Operation] = []
        self._verify = verify

    def operation(
        self,
        method: str,
        path: str,
        *,
        summary: tuple[str, str],
        out: type[BaseModel],
        access: Access = Access.token,
        where: Mapping[str, str] = _NOTHING,
        query: type[BaseModel] | None = None,
        body: type[BaseModel] | None = None,
        status: int | tuple[int, ...] = 200,
        key: bool | Literal["optional"] = False,
        version: bool = False,
        etag: bool = False,
        refusals: Sequence[type[errors.Refused]] = (),
        files: tuple[str, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare the handler below as the route `method` `path`. `summary` is (zh, en); `where` gives every
        path parameter's pattern (another value is not found). Raises ValueError for a contradiction."""

        def declare(handler: Handler) -> Handler:
            declared = Operation(
                id=f"{self.tag}_{handler.__name__}",
                method=method,
                path=path,
                tag=self.tag,
                summary=summary,
                description=inspect.getdoc(handler) or "",
                access=access,
                where=where,
                query=query,
                body=body,
                out=out,
                statuses=(status,) if isinstance(status, int) else status,
                key=key,
                version=version,
                etag=etag or version,
                refusals=tuple(refusals),
                files=files,
            )
            self._open(_completed(declared), handler)
            return handler

        return declare

    def _open(self, declared: Operation, handler: Handler) -> None:
        self.operations.append(declared)

        def view(**path: str) -> Response:
            return _serve(declared, handler, self.current_request, path, self._verify)

        # No content types: chalice would ask for one of a GET too, and before it is known who asks.
        register = self.route(declared.path, methods=[declared.method], name=declared.id, content_types=[])
        register(view)


def _completed(declared: Operation) -> Operation:
    """`declared` with the refusals that follow from its parts. Raises ValueError for a contradiction."""
    if set(re.findall(r"\{(\w+)\}", declared.path)) != set(declared.where):
        raise ValueError(f"{declared.id}: `where` must give the pattern of every path parameter")
    if declared.body and declared.method not in {"POST", "PUT", "PATCH"}:
        raise ValueError(f"{declared.id}: {declared.method} takes no body")
    follows: list[type[errors.Refused]] = [errors.InvalidInput]
    if declared.access is not Access.public:
        follows += [errors.Unauthenticated, errors.Busy]
    if declared.where:
        follows.append(errors.NotFound)
    if declared.body:
        follows += [errors.NotJson, errors.TooLarge, errors.UnsupportedMediaType]
    if declared.key is True or declared.version:
        follows.append(errors.PreconditionRequired)
    if declared.version:
        follows.append(errors.StaleVersion)
    return replace(declared, refusals=tuple(dict.fromkeys([*follows, *declared.refusals])))


def _serve(
    declared: Operation, handler: Handler, request: Request, path: Mapping[str, str], verify: Verify
) -> Response:
    language = problems.language(request.headers.get("accept-language"))
    observability.note(operation=declared.id)
    try:
        with Budget(request.lambda_context):
            return _response(declared, handler(_call(declared, request, path, verify, language)))
    except errors.Refused as refusal:
        observability.note(code=refusal.code)
        return problems.problem(refusal, language)


def _call(
    declared: Operation,
    request: Request,
    path: Mapping[str, str],
    verify: Verify,
    language: problems.Language,
) -> Call:
    now = words.time_of(request)
    who = None
    bearer = request.headers.get("authorization")
    if declared.access is Access.token or (declared.access is Access.either and bearer is not None):
        who = verify(_bearer(bearer), now)
        observability.note(kind=who.kind.value)
    places = _places(declared.where, path)
    key = _key(declared, request.headers.get("idempotency-key"))
    version = _version(request.headers.get("if-match")) if declared.version else None
    query = words.query(request.query_params, declared.query)
    body = words.body(request, declared.body) if declared.body else None
    accept, address = request.headers.get("accept", ""), str(request.context.get("identity", {}).get("sourceIp", ""))
    return Call(now, who, places, query, body, key, version, words.digest_of(body), language, accept, address)


def _bearer(header: str | None) -> str:
    if not header:
        raise identity.refused("missing", "请先登录", "the request has no Authorization header")
    found = re.fullmatch(r"(?i:bearer) +([A-Za-z0-9._=-]+)", header)
    if not found:
        raise identity.refused("scheme", "应为Bearer令牌", "Authorization must read: Bearer <token>")
    return found[1]


def _places(patterns: Mapping[str, str], raw: Mapping[str, str]) -> Mapping[str, str]:
    # API Gateway hands path parameters on percent-encoded.
    places = {name: unquote(value) for name, value in raw.items()}
    for name, value in places.items():
        if not re.fullmatch(patterns[name], value):
            form = patterns[name]
            raise errors.NotFound(f"地址中的{name}应符合 {form}", f"{name} in the path must match {form}")
    return places


def _key(declared: Operation, header: str | None) -> str | None:
    if declared.key is True and not header:
        raise errors.PreconditionRequired(
            "请求须带Idempotency-Key，重试时保持不变",
            "The request needs an Idempotency-Key, the same at every retry.",
        )
    if not declared.key or header is None:
        return None
    if not re.fullmatch(KEY_PATTERN, header):
        zh, en = "应为1至64个可见ASCII字符", "must be 1 to 64 visible ASCII characters"
        raise words.invalid("Idempotency-Key", "wrong_form", zh, en)
    return header


def _version(header: str | None) -> int:
    if not header:
        raise errors.PreconditionRequired(
            "请求须带If-Match，取自最近一次读取的ETag", "The request needs If-Match: the ETag last read."
        )
    if not re.fullmatch(VERSION_PATTERN, header.strip()):
        zh = '应为一个强ETag，如 "3"；不接受 * 、弱标记或多个值'
        en = 'must be one strong ETag such as "3"; not *, no weak tag, no list'
        raise words.invalid("If-Match", "wrong_form", zh, en)
    return int(header.strip().strip('"'))


def _response(declared: Operation, answer: Answer) -> Response:
    status, body = answer.status or declared.statuses[0], answer.body
    wanted = body.media_type in declared.files if isinstance(body, File) else isinstance(body, declared.out)
    if status not in declared.statuses or not wanted:
        raise TypeError(f"{declared.id} answered {status} {type(body).__name__}, which it does not declare")
    headers = {"Content-Type": "application/json", **answer.headers}
    if answer.version is not None:
        headers["ETag"] = f'"{answer.version}"'
    if isinstance(body, File):
        return Response(body=body.content, status_code=status, headers={**headers, **body.headers()})
    return Response(body=body.model_dump_json(by_alias=True), status_code=status, headers=headers)
