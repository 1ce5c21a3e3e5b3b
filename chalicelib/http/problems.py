"""Refusals as HTTP: one table from a refusal's code to status and title, and the edge every answer passes.

Answers are problem documents (RFC 9457, application/problem+json) in Chinese and English; `title` and
`detail` follow Accept-Language, zh-CN where it asks for neither. This module must not decide whether
something is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from chalice.app import Request, Response

from chalicelib import errors, observability
from chalicelib.http import words

MEDIA_TYPE = "application/problem+json"
INTERNAL = "internal"
CHALLENGE = 'Bearer realm="zhongshu"'


class Language(StrEnum):
    """The languages the platform answers in."""

    zh = "zh-CN"
    en = "en"


@dataclass(frozen=True, slots=True)
class Row:
    """`zh` and `en` are the title; `do_zh` and `do_en` say what to do when the refusal itself does not."""

    status: int
    zh: str
    en: str
    do_zh: str
    do_en: str


TABLE: Mapping[str, Row] = {
    "invalid_input": Row(
        422,
        "填写有误",
        "Invalid input",
        "请按各字段的提示修改后重新提交",
        "Correct the fields listed under errors.",
    ),
    "not_json": Row(400, "请求不是有效的JSON", "Not JSON", "请以UTF-8编码的JSON提交", "Send a JSON document in UTF-8."),
    "too_large": Row(413, "内容过大", "Too large", "请求内容不得超过1MB，请改为引用附件", "Keep the body within 1 MB."),
    "unsupported_media_type": Row(
        415,
        "内容类型不支持",
        "Unsupported media type",
        "请将Content-Type设为application/json",
        "Set Content-Type to application/json.",
    ),
    "unauthenticated": Row(
        401,
        "请先登录",
        "Sign in first",
        "请登录后携带有效令牌重试",
        "Send a valid bearer token in Authorization.",
    ),
    "forbidden": Row(
        403,
        "无权办理",
        "Not permitted",
        "您的岗位或辖区不允许此操作",
        "Your posts or area do not permit this.",
    ),
    "not_found": Row(
        404,
        "未找到",
        "Not found",
        "请核对编号，或确认属于您的辖区",
        "Check the number, and that it is yours to see.",
    ),
    "method_not_allowed": Row(
        405, "方法不允许", "Method not allowed", "请使用Allow列出的方法", "Use a method listed in Allow."
    ),
    "precondition_required": Row(
        428,
        "缺少前提条件",
        "Precondition required",
        "新建须带Idempotency-Key，变更须带If-Match",
        "Creating needs Idempotency-Key, a change needs If-Match.",
    ),
    "stale_version": Row(
        412, "版本已变化", "Version has changed", "请重新读取后再操作", "Read it again, then decide again."
    ),
    "version_conflict": Row(
        409, "同时有他人修改", "Changed at the same moment", "请重新读取后重试", "Read it again and retry."
    ),
    "action_not_allowed": Row(
        409,
        "当前状态不允许此操作",
        "Not allowed in this state",
        "可办理的操作见allowed_actions",
        "allowed_actions lists what is possible now.",
    ),
    "same_person": Row(
        403,
        "须由他人办理",
        "Another person must do this",
        "同一人不得既受理又决定，请转由他人办理",
        "Nobody both accepts and decides a case; hand it to a colleague.",
    ),
    "too_many_steps": Row(
        409,
        "办件环节已达上限",
        "Too many steps",
        "请联系运维保障岗处理",
        "Ask operations; the case can take no further step.",
    ),
    "key_reused": Row(
        422,
        "幂等键已用于其他内容",
        "Key used for another body",
        "请为新的申请换用新的Idempotency-Key",
        "Use a new Idempotency-Key for a new request.",
    ),
    "bad_link": Row(
        403,
        "评价链接无效",
        "Not a valid link",
        "请使用回执上的二维码或完整链接，或登录后评价",
        "Use the whole link or the code on the receipt, or sign in and rate.",
    ),
    "expired_link": Row(
        410,
        "评价链接已过期",
        "The link has expired",
        "请登录后评价，或请窗口重新出具二维码",
        "Sign in and rate, or ask the window for a new code.",
    ),
    "not_rateable": Row(
        409,
        "暂不能评价",
        "Cannot be rated now",
        "受理后可以评价；差评收到反馈后可以追评一次",
        "Rate from acceptance on, and once more after the reply to a bad rating.",
    ),
    "already_rated": Row(
        409,
        "请勿重复评价",
        "Rated already",
        "本次服务已存在评价，请勿重复评价",
        "This service has its rating; each is rated once.",
    ),
    "broken_history": Row(
        500,
        "办件记录异常",
        "Broken history",
        "请勿继续办理，联系运维核查",
        "Do not go on with this case; tell operations.",
    ),
    "busy": Row(
        503,
        "系统繁忙",
        "Busy",
        "请稍后以同一请求重试，不会重复办理",
        "Retry the same request shortly; it will not be done twice.",
    ),
    INTERNAL: Row(
        500,
        "系统出错",
        "Internal error",
        "请稍后重试；如仍出错，请将reference告知运维",
        "Retry later; if it persists, tell operations the reference.",
    ),
}
_SECURITY = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    }
)
_CHALICE: Mapping[int, type[errors.Refused]] = {
    400: errors.NotJson,
    405: errors.MethodNotAllowed,
    415: errors.UnsupportedMediaType,
}
RETRY_AFTER = 2  # seconds, where a 429 or 503 does not say itself


def language(accept: str | None) -> Language:
    """The language to answer in for an Accept-Language header; zh-CN where it asks for neither."""
    best, chosen = 0.0, Language.zh
    for entry in (accept or "")[:200].split(","):
        tag, _, quality = entry.partition(";q=")
        found = {"zh": Language.zh, "en": Language.en}.get(tag.strip().lower().split("-")[0])
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if found and best < weight <= 1:
            best, chosen = weight, found
    return chosen


def document(refusal: errors.Refused, to: Language) -> dict[str, Any]:
    """The problem document of `refusal`; its `status` is the HTTP status."""
    body = document_of(refusal.code, to, refusal.zh, refusal.en)
    body["errors"] = [
        {"field": error.field, "code": error.code, "text": {Language.zh: error.zh, Language.en: error.en}}
        for error in refusal.errors
    ]
    if refusal.allowed_actions is not None:
        body["allowed_actions"] = list(refusal.allowed_actions)
    return body


def problem(refusal: errors.Refused, to: Language) -> Response:
    """The HTTP answer of `refusal`, with WWW-Authenticate and Retry-After where its status calls for them."""
    body = document(refusal, to)
    headers: dict[str, str] = {}
    if body["status"] == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if body["status"] in (429, 503):
        headers["Retry-After"] = str(refusal.retry_after or RETRY_AFTER)
    return _response(body, to, headers)


def internal(reference: str, to: Language) -> Response:
    """The answer to an unexpected fault: it tells nothing but `reference`, which is also in the log."""
    return _response(document_of(INTERNAL, to) | {"errors": [], "reference": reference}, to, {})


def document_of(code: str, to: Language, zh: str = "", en: str = "") -> dict[str, Any]:
    """The problem document of a code in TABLE without what only a refusal can add; `zh` and `en` are its own words."""
    row = TABLE[code]
    text = {Language.zh: zh or row.do_zh, Language.en: en or row.do_en}
    title = row.zh if to is Language.zh else row.en
    head = {"type": f"/problems/{code}", "title": title, "status": row.status, "code": code}
    return {**head, "detail": text[to], "text": text}


def _response(body: dict[str, Any], to: Language, headers: dict[str, str]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(
        body=text,
        status_code=body["status"],
        headers={
            "Content-Type": MEDIA_TYPE,
            "Content-Language": to.value,
            "Vary": "Accept-Language",
            **headers,
        },
    )


def edge(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Give every answer its headers and its log line, and turn chalice's own refusals into

    Unexpected exceptions are not caught here: chalice logs them, under the request id that was begun, and
    answers {"Code","Message"} with 500; they never reach a middleware."""
    reference = _reference(request)
    observability.begin(request_id=reference, method=request.method, route=request.path, code="ok")
    response = get_response(request)
    if isinstance(response.body, dict) and set(response.body) == {"Code", "Message"}:
        response = _translated(response, request, reference)
    response.headers = {**_SECURITY, **response.headers, "X-Request-Id": reference}
    if response.status_code == 401:
        observability.count("TokensRefused", words.time_of(request))
    observability.line("request", status=response.status_code)
    return response


def _translated(response: Response, request: Request, reference: str) -> Response:
    to = language(request.headers.get("accept-language"))
    refusal = _CHALICE.get(response.status_code)
    if refusal is None:
        observability.note(code=INTERNAL)
        observability.count("UnexpectedErrors", words.time_of(request))
        return internal(reference, to)
    observability.note(code=refusal.code)
    translated = problem(refusal(), to)
    translated.headers.update(response.headers)
    return translated


def _reference(request: Request) -> str:
    return str(request.context.get("requestId") or request.lambda_context.aws_request_id)
